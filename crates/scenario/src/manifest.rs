//! The shipped files as objects, with a script's overlays.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::script::Overlay;

/// Why the objects of a file cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The file cannot be read.
    #[error("read {path}")]
    Read {
        /// Its path.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is not YAML.
    #[error("parse {path}")]
    Parse {
        /// Its path.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_yaml::Error,
    },
    /// A document lacks what every object has.
    #[error("document {document} of {path} has no {field}")]
    NoObject {
        /// The file's path.
        path: PathBuf,
        /// From 1.
        document: usize,
        /// What it lacks.
        field: &'static str,
    },
    /// An overlay names an object that no file has.
    #[error("line {line} changes {kind}/{name}, which none of the applied files has")]
    NoTarget {
        /// The overlay's line.
        line: usize,
        /// Its kind.
        kind: String,
        /// Its name.
        name: String,
    },
    /// An overlay cannot be applied.
    #[error("line {line} cannot change {kind}/{name}")]
    Overlay {
        /// The overlay's line.
        line: usize,
        /// Its kind.
        kind: String,
        /// Its name.
        name: String,
        /// Why.
        #[source]
        source: json_patch::PatchError,
    },
}

/// The objects of a file, in its order.
///
/// # Errors
/// When it cannot be read, is not YAML, or holds something that is no object of Kubernetes.
pub fn objects(root: &Path, file: &str) -> Result<Vec<Value>, ManifestError> {
    let path = root.join(file);
    let text = std::fs::read_to_string(&path)
        .map_err(|source| ManifestError::Read { path: path.clone(), source })?;
    let mut objects = Vec::new();
    for (index, document) in serde_yaml::Deserializer::from_str(&text).enumerate() {
        let object = Value::deserialize(document)
            .map_err(|source| ManifestError::Parse { path: path.clone(), source })?;
        if object.is_null() {
            continue;
        }
        for (field, pointer) in [("apiVersion", "/apiVersion"), ("kind", "/kind"), ("name", "/metadata/name")]
        {
            if object.pointer(pointer).and_then(Value::as_str).is_none() {
                return Err(ManifestError::NoObject { path, document: index + 1, field });
            }
        }
        objects.push(object);
    }
    Ok(objects)
}

/// The objects of several files, after the overlays.
///
/// # Errors
/// As [`objects`], and when an overlay finds no object or cannot be applied.
pub fn overlaid(root: &Path, files: &[String], overlays: &[Overlay]) -> Result<Vec<Value>, ManifestError> {
    let mut all = Vec::new();
    for file in files {
        all.extend(objects(root, file)?);
    }
    for overlay in overlays {
        let Overlay { line, kind, name, operation } = overlay;
        let target = all.iter_mut().find(|object| {
            object["kind"].as_str() == Some(kind) && object["metadata"]["name"].as_str() == Some(name)
        });
        let (kind, name) = (kind.clone(), name.clone());
        let Some(target) = target else {
            return Err(ManifestError::NoTarget { line: *line, kind, name });
        };
        json_patch::patch(target, std::slice::from_ref(operation))
            .map_err(|source| ManifestError::Overlay { line: *line, kind, name, source })?;
    }
    Ok(all)
}

/// Moves an object into another namespace, with every name in it that is the whole cluster's and follows from the
/// namespace: a Namespace itself, the hosts of an Ingress, which get the namespace in front, and the backend that an
/// AnalysisTemplate measures, by the name that the ingress gives it. What belongs to no namespace stays as it is.
pub fn adopt(object: &mut Value, namespace: &str) {
    let place = if object["kind"] == "Namespace" { "/metadata/name" } else { "/metadata/namespace" };
    let Some(place) = object.pointer_mut(place).filter(|place| **place != namespace) else { return };
    let Value::String(home) = std::mem::replace(place, json!(namespace)) else { return };
    match object["kind"].as_str() {
        Some("Ingress") => each(object, "/spec/rules", |rule| {
            if let Some(host) = rule["host"].as_str() {
                rule["host"] = json!(host_in(namespace, host));
            }
        }),
        Some("AnalysisTemplate") => each(object, "/spec/args", |arg| {
            let backend = arg["value"].as_str().filter(|_| arg["name"] == "backend");
            if let Some(rest) = backend.and_then(|backend| backend.strip_prefix(&format!("{home}-"))) {
                arg["value"] = json!(format!("{namespace}-{rest}"));
            }
        }),
        _ => {}
    }
}

/// The host of a shipped Ingress after [`adopt`] into a namespace.
pub fn host_in(namespace: &str, host: &str) -> String {
    format!("{namespace}.{host}")
}

fn each(object: &mut Value, list: &str, change: impl Fn(&mut Value)) {
    object.pointer_mut(list).and_then(Value::as_array_mut).into_iter().flatten().for_each(change);
}

/// The SHA-256 of a file, in hexadecimal.
///
/// # Errors
/// When it cannot be read.
pub fn sum(root: &Path, file: &str) -> Result<String, ManifestError> {
    let path = root.join(file);
    let bytes = std::fs::read(&path).map_err(|source| ManifestError::Read { path, source })?;
    Ok(Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect())
}
