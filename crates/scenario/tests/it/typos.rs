//! Every object of the two values.schema.json refuses a key that it does not know.

use serde_json::{Map, Value, json};

use crate::files::text;

/// Objects whose keys are the user's own: annotations, and values that a parent chart shares.
const FREE: [&str; 3] = ["global", "podAnnotations", "annotations"];

/// What an object may be given from outside, and whose keys Kubernetes or Argo check.
const PASSED_ON: [&str; 1] = ["valueFrom"];

/// The places of a schema whose objects take any key.
fn open(schema: &Value, at: &str, found: &mut Vec<String>) {
    let Some(map) = schema.as_object() else { return };
    let last = at.rsplit('/').next().unwrap_or_default();
    if map.get("type") == Some(&json!("object"))
        && map.get("additionalProperties") != Some(&json!(false))
        && !FREE.contains(&last)
        && !(PASSED_ON.contains(&last) && at.contains("/args/"))
    {
        found.push(at.to_owned());
    }
    for (key, below) in map.get("properties").and_then(Value::as_object).into_iter().flatten() {
        open(below, &format!("{at}/{key}"), found);
    }
    for (key, below) in map.get("definitions").and_then(Value::as_object).into_iter().flatten() {
        open(below, &format!("{at}/definitions/{key}"), found);
    }
    if let Some(items) = map.get("items") {
        open(items, &format!("{at}/items"), found);
    }
}

fn schemas() -> [(&'static str, Value); 2] {
    ["blue-green-app", "canary-app"].map(|chart| {
        (chart, serde_json::from_str(&text(&format!("charts/{chart}/values.schema.json"))).unwrap())
    })
}

#[test]
fn no_object_takes_a_key_that_it_does_not_know() {
    for (chart, schema) in schemas() {
        let mut found = Vec::new();
        open(&schema, "", &mut found);
        assert_eq!(found, Vec::<String>::new(), "{chart}");
    }
}

#[test]
fn an_object_that_takes_any_key_is_found() {
    for (chart, mut schema) in schemas() {
        let image: &mut Map<String, Value> = schema["properties"]["image"].as_object_mut().unwrap();
        image.remove("additionalProperties");
        let items = &mut schema["properties"]["env"]["items"];
        items["additionalProperties"] = json!(true);
        let mut found = Vec::new();
        open(&schema, "", &mut found);
        found.sort_unstable();
        assert_eq!(found, ["/env/items", "/image"], "{chart}");
    }
}

/// Annotations are free in their keys and not in their values, which Kubernetes wants as text.
#[test]
fn free_objects_hold_text() {
    for (chart, schema) in schemas() {
        for pointer in ["/properties/podAnnotations", "/properties/ingress/properties/annotations"] {
            let free = schema.pointer(pointer).unwrap();
            assert_eq!(free["additionalProperties"], json!({ "type": "string" }), "{chart}{pointer}");
        }
    }
}
