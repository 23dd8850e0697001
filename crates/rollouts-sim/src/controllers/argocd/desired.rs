//! The objects that Git states: read from its files, and made the Application's.

use std::collections::BTreeMap;

use crate::json::{Value, json};
use rollouts_client::names::{ARGOCD_HOOK, ARGOCD_TRACKING_ID, HELM_HOOK};
use serde::Deserialize as _;

use super::tracking_id;
use crate::object::{self, text};
use crate::repository::File;
use crate::resource::Resource;

/// Kind, namespace and name.
pub(super) type Key = (Resource, String, String);

/// What Git states of an Application.
pub(super) struct Desired {
    pub(super) objects: BTreeMap<Key, Value>,
    /// What is stated more than once: the last counts.
    pub(super) repeated: Vec<String>,
}

/// The objects in the files of a commit.
///
/// # Errors
/// The first document that is none.
pub(super) fn parse(files: &[File]) -> Result<Vec<Value>, String> {
    let mut objects = Vec::new();
    for file in files {
        let bad = |why: String| format!("Failed to unmarshal {:?}: {why}", file.path);
        let documents = serde_yaml::Deserializer::from_str(&file.text).map(Value::deserialize);
        let documents = documents.collect::<Result<Vec<_>, _>>().map_err(|error| bad(error.to_string()))?;
        for document in documents.iter().filter(|document| !document.is_null()) {
            let list = text(document, "/kind") == "List";
            let one = (!list).then_some(document);
            for object in object::items(document, "/items").filter(|_| list).chain(one) {
                judge(object).map_err(bad)?;
                objects.push(object.clone());
            }
        }
    }
    Ok(objects)
}

/// Whether a document is an object at all.
fn judge(object: &Value) -> Result<(), String> {
    let needed = ["/apiVersion", "/kind", "/metadata/name"];
    if let Some(missing) = needed.iter().find(|at| text(object, at).is_empty()) {
        return Err(format!("an object has no {}", missing.trim_start_matches('/').replace('/', ".")));
    }
    match object::at(object, "/metadata/annotations") {
        None | Some(Value::Null | Value::Object(_)) => Ok(()),
        Some(_) => Err(format!("the annotations of {} are no map", object::name(object))),
    }
}

/// The objects as this Application wants them: in its namespace, with its mark, without a status.
///
/// # Errors
/// The first that cannot be made so.
pub(super) fn of(app: &Value, stated: &[Value]) -> Result<Desired, String> {
    let mut desired = Desired { objects: BTreeMap::new(), repeated: Vec::new() };
    for object in stated {
        let (version, kind) = (text(object, "/apiVersion"), text(object, "/kind"));
        let resource = Resource::of_kind(version, kind).ok_or_else(|| {
            format!(
                "The Kubernetes API could not find {version}/{kind} for requested resource {}",
                object::name(object)
            )
        })?;
        refuse(object).map_err(|why| format!("{kind} {}: {why}", object::name(object)))?;
        let mut object = without_nulls(object);
        let namespace = if resource.info().namespaced {
            Some(object::namespace(&object))
                .filter(|ns| !ns.is_empty())
                .unwrap_or(text(app, "/spec/destination/namespace"))
        } else {
            ""
        };
        let key = (resource, namespace.to_owned(), object::name(&object).to_owned());
        if let Some(fields) = object.as_object_mut() {
            fields.shift_remove("status");
        }
        if key.1.is_empty() {
            object["metadata"].as_object_mut().map(|metadata| metadata.shift_remove("namespace"));
        } else {
            object["metadata"]["namespace"] = json!(key.1);
        }
        object["metadata"]["annotations"][ARGOCD_TRACKING_ID] = json!(tracking_id(app, resource, &object));
        let named = format!("{}/{kind}/{}/{}", resource.info().group, key.1, key.2);
        if desired.objects.insert(key, object).is_some() {
            desired.repeated.push(named);
        }
    }
    Ok(desired)
}

/// What an annotation asks of Argo CD and nothing here carries out.
fn refuse(object: &Value) -> Result<(), String> {
    const UNKNOWN: &[&str] = &[
        "argocd.argoproj.io/sync-options",
        "argocd.argoproj.io/compare-options",
        "argocd.argoproj.io/ignore-resource-updates",
        ARGOCD_HOOK,
        HELM_HOOK,
    ];
    for name in UNKNOWN {
        if object::annotation(object, name).is_some() {
            return Err(format!("the simulator does not carry out the annotation {name}"));
        }
    }
    match object::annotation(object, WAVE).map(str::parse::<i64>) {
        Some(Err(_)) => Err(format!("the annotation {WAVE} is no number")),
        _ => Ok(()),
    }
}

const WAVE: &str = "argocd.argoproj.io/sync-wave";

/// In which order it is made so.
pub(super) fn wave(object: &Value) -> i64 {
    object::annotation(object, WAVE).and_then(|wave| wave.parse().ok()).unwrap_or(0)
}

/// A field that is stated as null is not stated.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(key, value)| (key.clone(), without_nulls(value))).collect())
        }
        Value::Array(list) => Value::Array(list.iter().map(without_nulls).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app() -> Value {
        json!({"metadata": {"name": "web"}, "spec": {"destination": {"namespace": "team"}}})
    }

    #[test]
    fn files_are_read_and_objects_marked() {
        let file = |text: &str| File { path: "a.yaml".into(), text: text.into() };
        let two = "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n  x: null\n---\n---\n{apiVersion: v1, kind: List, \
                   items: [{apiVersion: v1, kind: Namespace, metadata: {name: n, namespace: odd}}]}\n";
        let stated = parse(&[file(two)]).unwrap();
        let desired = of(&app(), &stated).unwrap();
        let service = &desired.objects[&(Resource::Service, "team".to_owned(), "a".to_owned())];
        assert_eq!(object::annotation(service, ARGOCD_TRACKING_ID), Some("web:/Service:team/a"));
        assert!(service["metadata"].get("x").is_none());
        assert!(desired.objects.contains_key(&(Resource::Namespace, String::new(), "n".to_owned())));
        let again = of(&app(), &[stated[0].clone(), stated[0].clone()]).unwrap();
        assert_eq!(again.repeated, ["/Service/team/a"]);
        let odd = "{apiVersion: v1, kind: Pod, metadata: {name: a, annotations: odd}}";
        for text in ["a: [", "kind: Service\n", "- 1\n", odd] {
            assert!(parse(&[file(text)]).unwrap_err().contains("a.yaml"), "{text}");
        }
    }

    #[test]
    fn what_is_not_carried_out_is_refused() {
        for (object, said) in [
            (
                json!({"apiVersion": "v9", "kind": "Thing", "metadata": {"name": "a"}}),
                "could not find v9/Thing",
            ),
            (marked("argocd.argoproj.io/hook", "PreSync"), "annotation argocd.argoproj.io/hook"),
            (marked("argocd.argoproj.io/sync-options", "Prune=false"), "sync-options"),
            (marked(WAVE, "first"), "is no number"),
        ] {
            let Err(refused) = of(&app(), &[object]) else { panic!("{said}") };
            assert!(refused.contains(said), "{refused}");
        }
    }

    fn marked(name: &str, value: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "annotations": {name: value}}})
    }
}
