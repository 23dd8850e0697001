//! The workspace's files, from wherever the test runs.

use std::path::{Path, PathBuf};

use serde_json::Value;

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_path_buf()
}

pub(crate) fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("read {path}: {error}"))
}

pub(crate) fn yaml(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap_or_else(|error| panic!("parse {text}: {error}"))
}

/// All objects of some files, in order.
pub(crate) fn objects(paths: &[&str]) -> Vec<Value> {
    paths.iter().flat_map(|path| scenario::manifest::objects(&root(), path).unwrap()).collect()
}

/// `Kind/name`.
pub(crate) fn title(object: &Value) -> String {
    format!("{}/{}", object["kind"].as_str().unwrap(), object["metadata"]["name"].as_str().unwrap())
}

pub(crate) fn find<'a>(objects: &'a [Value], wanted: &str) -> &'a Value {
    objects.iter().find(|object| title(object) == wanted).unwrap_or_else(|| panic!("no {wanted}"))
}
