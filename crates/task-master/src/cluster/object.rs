//! Any object of the API: from a manifest, from its reference, and how two of them differ.

use std::path::Path;

use kube::api::{ApiResource, DynamicObject};
use kube::core::GroupVersionKind;
use kube::{Api, Client};
use serde::Deserialize as _;
use serde_json::Value;

use crate::fault::Fault;
use crate::runbook::ObjectRef;

/// The objects of one manifest, which may hold several documents; empty ones are skipped.
pub(crate) fn of_manifest(path: &Path, text: &str) -> Result<Vec<Value>, Fault> {
    let broken = |error: serde_yaml::Error| Fault::permanent(format!("{}: {error}", path.display()));
    let mut objects = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        let value = Value::deserialize(document).map_err(broken)?;
        if !value.is_null() {
            reference(&value).ok_or_else(|| {
                Fault::permanent(format!("{}: a document has no apiVersion, kind or name", path.display()))
            })?;
            objects.push(value);
        }
    }
    if objects.is_empty() {
        return Err(Fault::permanent(format!("{}: no objects in it", path.display())));
    }
    Ok(objects)
}

/// What an object is called.
pub(crate) fn reference(object: &Value) -> Option<ObjectRef> {
    let text = |pointer: &str| object.pointer(pointer)?.as_str().map(str::to_owned);
    Some(ObjectRef {
        api_version: text("/apiVersion")?,
        kind: text("/kind")?,
        namespace: text("/metadata/namespace"),
        name: text("/metadata/name")?,
    })
}

/// As a person names it: `rollout blue-green/blue-green`.
pub(crate) fn words(object: &ObjectRef) -> String {
    let kind = object.kind.to_lowercase();
    match &object.namespace {
        Some(namespace) => format!("{kind} {namespace}/{}", object.name),
        None => format!("{kind} {}", object.name),
    }
}

/// The API of an object's kind. An object without a namespace is taken as cluster-wide.
pub(crate) fn api(client: &Client, object: &ObjectRef) -> Api<DynamicObject> {
    let (group, version) = object.api_version.split_once('/').unwrap_or(("", &object.api_version));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, &object.kind));
    match &object.namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    }
}

/// Puts `to` in place of every text in `value` that is `from` as a whole; says how many there were.
pub(crate) fn replace(value: &mut Value, from: &str, to: &str) -> usize {
    match value {
        Value::String(text) if text == from => {
            to.clone_into(text);
            1
        }
        Value::Array(list) => list.iter_mut().map(|value| replace(value, from, to)).sum(),
        Value::Object(map) => map.values_mut().map(|value| replace(value, from, to)).sum(),
        _ => 0,
    }
}

/// The first field in which `is` does not contain `wanted`, as a path with both values.
///
/// Objects may have more fields than wanted. Lists of named things are matched by name, others item by item.
pub(crate) fn missing(wanted: &Value, is: &Value) -> Option<String> {
    missing_at("", wanted, is)
}

fn missing_at(path: &str, wanted: &Value, is: &Value) -> Option<String> {
    match (wanted, is) {
        (Value::Object(wanted), Value::Object(is)) => wanted.iter().find_map(|(key, wanted)| {
            let path = format!("{path}.{key}");
            missing_at(&path, wanted, is.get(key).unwrap_or(&Value::Null))
        }),
        (Value::Array(wanted), Value::Array(is)) => wanted.iter().enumerate().find_map(|(place, wanted)| {
            let named = wanted.get("name").and_then(Value::as_str);
            let (path, found) = match named {
                Some(name) => (format!("{path}[{name}]"), is.iter().find(|is| is["name"] == name)),
                None => (format!("{path}[{place}]"), is.get(place)),
            };
            missing_at(&path, wanted, found.unwrap_or(&Value::Null))
        }),
        _ if wanted == is => None,
        _ => Some(format!("{} is {}, not {}", path.trim_start_matches('.'), short(is), short(wanted))),
    }
}

/// The first field in which two states of one object differ, apart from the status, which no file asks for, and
/// from what every write changes.
pub(crate) fn difference(live: &Value, after: &Value) -> Option<String> {
    let (live, after) = (without_bookkeeping(live), without_bookkeeping(after));
    missing(&after, &live)
        .or_else(|| missing(&live, &after).map(|lost| format!("applying would remove a field: {lost}")))
}

fn without_bookkeeping(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(object) = object.as_object_mut() {
        object.remove("status");
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        for field in ["managedFields", "resourceVersion", "generation"] {
            metadata.remove(field);
        }
    }
    object
}

fn short(value: &Value) -> String {
    const MOST: usize = 80;
    let text = match value {
        Value::Null => return "absent".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_missing_is_named_by_its_path() {
        let is = json!({"a": {"b": 1, "c": [{"name": "x", "v": 1}, {"name": "y", "v": 2}]}, "d": [1, 2]});
        let cases = [
            (json!({}), None),
            (json!({"a": {"b": 1}}), None),
            (json!({"a": {"c": [{"name": "y", "v": 2}]}}), None),
            (json!({"a": {"c": [{"name": "y", "v": 3}]}}), Some("a.c[y].v is 2, not 3")),
            (
                json!({"a": {"c": [{"name": "z", "v": 3}]}}),
                Some("a.c[z] is absent, not {\"name\":\"z\",\"v\":3}"),
            ),
            (json!({"d": [1, 3]}), Some("d[1] is 2, not 3")),
            (json!({"e": "x"}), Some("e is absent, not x")),
        ];
        for (wanted, said) in cases {
            assert_eq!(missing(&wanted, &is).as_deref(), said, "{wanted}");
        }
    }

    #[test]
    fn bookkeeping_is_no_difference_and_a_removed_field_is_one() {
        let live = json!({"metadata": {"name": "x", "resourceVersion": "1", "generation": 1}, "spec": {"a": 1, "b": 2}});
        let same = json!({"metadata": {"name": "x", "resourceVersion": "9", "managedFields": []}, "spec": {"a": 1, "b": 2}});
        assert_eq!(difference(&live, &same), None);
        let removed = json!({"metadata": {"name": "x"}, "spec": {"a": 1}});
        assert!(difference(&live, &removed).is_some());
    }

    #[test]
    fn a_manifest_may_hold_several_objects_and_must_hold_one() {
        let path = Path::new("x.yaml");
        let two = "kind: A\napiVersion: v1\nmetadata: {name: a}\n---\n---\nkind: B\napiVersion: v1\nmetadata: {name: b}\n";
        assert_eq!(of_manifest(path, two).unwrap().len(), 2);
        for bad in ["", "kind: A\n", "a: [\n", "# only a comment\n"] {
            assert!(of_manifest(path, bad).is_err(), "{bad:?}");
        }
    }
}
