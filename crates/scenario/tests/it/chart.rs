//! charts/blue-green-app: its rendering against the plain manifests, and against `helm` where there is one.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::files::{find, objects, root, text, title, yaml};
use crate::manifests::DEPLOY;

const CHART: &str = "charts/blue-green-app";

/// Each committed rendering and the values files that it is made with, besides values.yaml.
const RENDERINGS: [(&str, &[&str]); 2] = [("default", &[]), ("preview-full", &["values-preview-full.yaml"])];

fn rendering(name: &str) -> Vec<Value> {
    objects(&[&format!("{CHART}/rendered/{name}.yaml")])
}

#[test]
fn the_rendering_is_the_plain_manifests_plus_the_labels_of_helm() {
    let mut rendered = rendering("default");
    for object in &mut rendered {
        let labels = object["metadata"]["labels"].as_object_mut().unwrap();
        assert_eq!(labels.remove("app.kubernetes.io/managed-by").unwrap(), "Helm");
        assert!(labels.remove("helm.sh/chart").unwrap().as_str().unwrap().starts_with("blue-green-app-"));
    }
    let plain = objects(&DEPLOY);
    let titles = |objects: &[Value]| objects.iter().map(title).collect::<BTreeSet<_>>();
    assert_eq!(titles(&rendered), titles(&plain));
    for object in &plain {
        assert_eq!(find(&rendered, &title(object)), object);
    }
}

#[test]
fn the_full_preview_differs_in_previewreplicacount_alone() {
    let mut default = rendering("default");
    for object in &mut default {
        if object["kind"] == "Rollout" {
            let strategy = object["spec"]["strategy"]["blueGreen"].as_object_mut().unwrap();
            assert_eq!(strategy.remove("previewReplicaCount").unwrap(), 1);
        }
    }
    assert_eq!(rendering("preview-full"), default);
}

#[test]
fn helm_renders_what_is_committed() {
    let Some(helm) = helm() else {
        eprintln!("helm is not on PATH: only the committed rendering is compared with the manifests");
        return;
    };
    for (name, values) in RENDERINGS {
        #[expect(clippy::disallowed_methods, reason = "a test that asks the real tool, where there is one")]
        let mut command = Command::new(&helm);
        command.current_dir(root()).args(["template", "blue-green", CHART, "--namespace", "blue-green"]);
        for file in values {
            command.args(["--values", &format!("{CHART}/{file}")]);
        }
        let output = command.output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{err}");
        // Objects and not bytes: versions of Helm differ in blank lines.
        let rendered: Vec<Value> = out.split("\n---\n").map(yaml).collect();
        assert_eq!(rendered, rendering(name), "render the chart again into {CHART}/rendered/{name}.yaml");
    }
}

/// Helm's file: the one that the variable `HELM` names, which must then be there, or one on `PATH`.
fn helm() -> Option<std::path::PathBuf> {
    if let Some(named) = std::env::var_os("HELM") {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join("helm")).find(|file| file.is_file())
}

#[test]
fn every_value_is_in_the_schema_and_every_field_of_the_schema_has_a_default() {
    let values = yaml(&text(&format!("{CHART}/values.yaml")));
    let schema: Value = serde_json::from_str(&text(&format!("{CHART}/values.schema.json"))).unwrap();
    compare(&schema, &schema, &values, "");
}

fn compare(root: &Value, schema: &Value, values: &Value, path: &str) {
    let schema = match schema["$ref"].as_str() {
        Some(reference) => root.pointer(reference.strip_prefix('#').unwrap()).unwrap(),
        None => schema,
    };
    let (Some(properties), Some(values)) = (schema["properties"].as_object(), values.as_object()) else {
        return;
    };
    // The keys of free objects, such as the two analyses, have no defaults.
    if values.is_empty() {
        return;
    }
    assert_eq!(schema["additionalProperties"], false, "{path} lets a misspelt key pass");
    let names = |map: &serde_json::Map<String, Value>| -> BTreeSet<String> {
        map.keys().filter(|key| *key != "global").cloned().collect()
    };
    assert_eq!(names(properties), names(values), "below {path:?}");
    for (key, value) in values {
        compare(root, &properties[key], value, &format!("{path}/{key}"));
    }
}
