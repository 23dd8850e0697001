//! OpenAPI v3 documents of the served group-versions: enough for `kubectl apply` to know that fields are validated
//! here and how lists merge. There are no descriptions, so `kubectl explain` has little to say.

use std::collections::BTreeSet;

use crate::json::{Map, Value, json};
use http::Response;

use super::discovery::groups;
use super::json_response;
use crate::resource::{Info, Resource};
use crate::schema::DOCUMENTS;

const SCHEMAS: &str = "#/components/schemas/";

/// Answers a path below `/openapi/v3`.
pub(super) fn answer(rest: &str) -> Option<Response<Vec<u8>>> {
    let parts: Vec<&str> = rest.split('/').filter(|p| !p.is_empty()).collect();
    let value = match parts.as_slice() {
        [] => index(),
        ["api", "v1"] => document("", "v1"),
        ["apis", group, version] if groups().contains(&(group, version)) => document(group, version),
        _ => return None,
    };
    Some(json_response(200, &value, &[]))
}

fn index() -> Value {
    let mut paths = Map::new();
    for (group, version) in groups() {
        let path =
            if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") };
        let url = format!("/openapi/v3/{path}");
        paths.insert(path, json!({"serverRelativeURL": url}));
    }
    json!({"paths": paths})
}

fn document(group: &str, version: &str) -> Value {
    let source = published();
    let mut paths = Map::new();
    let mut kinds = Map::new();
    let mut open = BTreeSet::new();
    for resource in Resource::ALL {
        let info = resource.info();
        if info.group != group || info.version != version {
            continue;
        }
        let id = format!("{}/{}", resource.api_version(), info.kind);
        let Some(root) = source["kinds"].get(&id) else { continue };
        let name = component(info);
        let target = root["$ref"].as_str().unwrap_or_default();
        let mut schema = if target.is_empty() { root.clone() } else { source["definitions"][target].clone() };
        schema["x-kubernetes-group-version-kind"] = json!([gvk(info)]);
        collect(&schema, &mut open);
        kinds.insert(name.clone(), pointing(&schema));
        let collection = collection_path(info);
        paths.insert(format!("{collection}/{{name}}"), operations(info, &name));
        paths.insert(collection, json!({"post": operation(info, "post")}));
    }
    let mut done = BTreeSet::new();
    while let Some(name) = open.pop_first() {
        if done.insert(name.clone()) {
            let schema = &source["definitions"][&name];
            collect(schema, &mut open);
            kinds.insert(name, pointing(schema));
        }
    }
    json!({
        "openapi": "3.0.0", "info": {"title": "Kubernetes", "version": super::VERSION},
        "paths": paths, "components": {"schemas": kinds},
    })
}

/// The published texts as one: no name stands in two of them.
fn published() -> Value {
    let mut all = json!({"kinds": {}, "definitions": {}});
    for text in DOCUMENTS {
        let mut document: Value = serde_json::from_str(text).unwrap_or_default();
        for part in ["kinds", "definitions"] {
            if let (Value::Object(more), Some(all)) = (document[part].take(), all[part].as_object_mut()) {
                all.extend(more);
            }
        }
    }
    all
}

fn gvk(info: &Info) -> Value {
    json!({"group": info.group, "version": info.version, "kind": info.kind})
}

fn component(info: &Info) -> String {
    format!("{}.{}.{}", if info.group.is_empty() { "core" } else { info.group }, info.version, info.kind)
}

fn collection_path(info: &Info) -> String {
    let root = if info.group.is_empty() { "/api".to_owned() } else { format!("/apis/{}", info.group) };
    let scope = if info.namespaced { "/namespaces/{namespace}" } else { "" };
    format!("{root}/{}{scope}/{}", info.version, info.plural)
}

fn operation(info: &Info, action: &str) -> Value {
    let parameter = |name: &str, kind: &str| json!({"name": name, "in": "query", "schema": {"type": kind}});
    json!({
        "x-kubernetes-action": action, "x-kubernetes-group-version-kind": gvk(info),
        "parameters": [parameter("dryRun", "string"), parameter("fieldManager", "string"), parameter("fieldValidation", "string")],
        "responses": {"200": {"description": "OK"}},
    })
}

fn operations(info: &Info, component: &str) -> Value {
    let mut media =
        vec!["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"];
    if !info.custom {
        media.push("application/strategic-merge-patch+json");
    }
    let content: Map =
        media.into_iter().map(|m| (m.to_owned(), json!({"schema": {"type": "object"}}))).collect();
    let mut patch = operation(info, "patch");
    patch["requestBody"] = json!({"content": content, "required": true});
    let mut get = operation(info, "get");
    let schema = json!({"$ref": format!("{SCHEMAS}{component}")});
    get["responses"] =
        json!({"200": {"description": "OK", "content": {"application/json": {"schema": schema}}}});
    json!({"get": get, "put": operation(info, "put"), "patch": patch, "delete": operation(info, "delete")})
}

fn collect(schema: &Value, into: &mut BTreeSet<String>) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::String(name)) = map.get("$ref") {
                into.insert(name.to_string());
            }
            map.values().for_each(|v| collect(v, into));
        }
        Value::Array(list) => list.iter().for_each(|v| collect(v, into)),
        _ => {}
    }
}

/// The schema with its references as pointers into this document. A reference beside other keys is wrapped, as
/// OpenAPI 3.0 wants it.
fn pointing(schema: &Value) -> Value {
    match schema {
        Value::Object(map) => {
            let each = map.iter().map(|(key, v)| match (key.as_str(), v) {
                ("$ref", Value::String(name)) => (key.clone(), json!(format!("{SCHEMAS}{name}"))),
                _ => (key.clone(), pointing(v)),
            });
            Value::Object(each.collect())
        }
        Value::Array(list) => Value::Array(list.iter().map(pointing).collect()),
        other => other.clone(),
    }
}
