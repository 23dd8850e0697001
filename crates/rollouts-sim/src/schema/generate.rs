//! Compact schemas from published ones: CRDs, and Kubernetes' OpenAPI v3 documents.
//!
//! Descriptions go, repeated parts become named definitions, and what the simulator could not honour (an unknown
//! pattern or rule) is an error rather than dropped. Run by `cargo run -p rollouts-sim --example schemas`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::resource::Resource;

/// Why a published schema could not be made compact.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The input is not YAML or JSON.
    #[error("read the published schema")]
    Syntax(#[from] serde_yaml::Error),
    /// A part that should be there is not.
    #[error("the published schema has no {0}")]
    Missing(String),
    /// The schema uses something that the simulator does not honour.
    #[error("the simulator does not honour {0}")]
    Unsupported(String),
}

const KEPT: &[&str] = &[
    "type",
    "required",
    "enum",
    "format",
    "default",
    "nullable",
    "minimum",
    "maximum",
    "maxLength",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-map-type",
    "x-kubernetes-patch-merge-key",
    "x-kubernetes-patch-strategy",
];
/// A subtree shorter than this is cheaper in place than as a reference.
const WORTH_SHARING: usize = 120;

/// Compact schemas of CustomResourceDefinitions, given as YAML texts: kinds `apiVersion/Kind`, and definitions whose
/// names begin with `prefix`, since all documents share one space of names. Fields named in `open` are left open:
/// those of which nothing is carried out, so that whoever sets them is refused by name.
///
/// # Errors
/// When a text is no CRD, or uses what the simulator does not honour.
pub fn from_crds(
    source: &str,
    prefix: &str,
    open: &[&str],
    texts: &[String],
) -> Result<Value, GenerateError> {
    let mut roots = BTreeMap::new();
    for text in texts {
        let crd: Value = serde_yaml::from_str(text)?;
        let spec = &crd["spec"];
        let version = spec["versions"].get(0).ok_or_else(|| GenerateError::Missing("version".into()))?;
        let (Some(group), Some(name), Some(kind)) =
            (spec["group"].as_str(), version["name"].as_str(), spec["names"]["kind"].as_str())
        else {
            return Err(GenerateError::Missing("group, version or kind".into()));
        };
        roots.insert(
            format!("{group}/{name}/{kind}"),
            compact(&version["schema"]["openAPIV3Schema"], Form::Crd, open)?,
        );
    }
    let mut counts = BTreeMap::new();
    roots.values().for_each(|root| count(root, &mut counts));
    let mut defs = Map::new();
    let mut names = BTreeMap::new();
    let mut kinds = Map::new();
    for (id, root) in roots {
        kinds.insert(id, share(root, (prefix, &counts), &mut names, &mut defs));
    }
    Ok(json!({"source": source, "kinds": kinds, "definitions": defs}))
}

/// Compact schemas of the built-in kinds named `apiVersion/Kind` in `wanted`, out of OpenAPI v3 documents as texts.
///
/// # Errors
/// When a document is no OpenAPI, a kind is in none of them, or something in it is not honoured.
pub fn from_openapi(source: &str, texts: &[String], wanted: &[String]) -> Result<Value, GenerateError> {
    let mut published = Map::new();
    for text in texts {
        let document: Value = serde_yaml::from_str(text)?;
        let schemas = document["components"]["schemas"].as_object().cloned();
        published.extend(schemas.ok_or_else(|| GenerateError::Missing("components".into()))?);
    }
    let mut kinds = Map::new();
    for (name, schema) in &published {
        for gvk in schema["x-kubernetes-group-version-kind"].as_array().into_iter().flatten() {
            let id = kind_id(gvk);
            if wanted.contains(&id) {
                kinds.insert(id, json!({"$ref": name}));
            }
        }
    }
    if let Some(absent) = wanted.iter().find(|w| !kinds.contains_key(*w)) {
        return Err(GenerateError::Missing(format!("kind {absent}")));
    }
    let mut defs = Map::new();
    let mut open: BTreeSet<String> =
        kinds.values().filter_map(|k| k["$ref"].as_str().map(Into::into)).collect();
    while let Some(name) = open.pop_first() {
        let schema = published.get(&name).ok_or_else(|| GenerateError::Missing(name.clone()))?;
        let schema = compact(schema, Form::OpenApi, &[])?;
        references(&schema, &mut open);
        defs.insert(name, schema);
        open.retain(|name| !defs.contains_key(name));
    }
    defs.sort_keys();
    kinds.sort_keys();
    Ok(json!({"source": source, "kinds": kinds, "definitions": defs}))
}

/// The built-in kinds that are served, as `apiVersion/Kind`.
#[must_use]
pub fn built_in_kinds() -> Vec<String> {
    let built_in = Resource::ALL.into_iter().filter(|r| !r.info().custom);
    // CustomResourceDefinitions are listed only; their own schema would be the largest of all.
    let built_in = built_in.filter(|r| *r != Resource::CustomResourceDefinition);
    built_in.map(|r| format!("{}/{}", r.api_version(), r.info().kind)).collect()
}

fn kind_id(gvk: &Value) -> String {
    let part = |key: &str| gvk[key].as_str().unwrap_or_default().to_owned();
    let group = part("group");
    let slash = if group.is_empty() { "" } else { "/" };
    format!("{group}{slash}{}/{}", part("version"), part("kind"))
}

fn references(schema: &Value, into: &mut BTreeSet<String>) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::String(name)) = map.get("$ref") {
                into.insert(name.clone());
            }
            map.values().for_each(|v| references(v, into));
        }
        Value::Array(list) => list.iter().for_each(|v| references(v, into)),
        _ => {}
    }
}

/// Where a schema comes from: the two forms differ in what an empty object and a zero default mean.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Crd,
    OpenApi,
}

fn compact(schema: &Value, form: Form, open: &[&str]) -> Result<Value, GenerateError> {
    if let Some(name) = schema["$ref"].as_str().or_else(|| schema["allOf"][0]["$ref"].as_str()) {
        return Ok(json!({"$ref": name.rsplit('/').next()}));
    }
    if form == Form::OpenApi
        && let Some(known) = well_known(schema)
    {
        return Ok(known);
    }
    let mut out = Map::new();
    let schema = schema.as_object().ok_or_else(|| GenerateError::Missing("object schema".into()))?;
    for (key, value) in schema {
        match key.as_str() {
            "properties" => {
                let each = value.as_object().into_iter().flatten();
                let each = each.map(|(name, s)| {
                    let left_open = open.contains(&name.as_str()) && s["type"] == "object";
                    let schema = if left_open { anything() } else { compact(s, form, open)? };
                    Ok((name.clone(), schema))
                });
                out.insert(key.clone(), Value::Object(each.collect::<Result<_, GenerateError>>()?));
            }
            "items" | "additionalProperties" if value.is_object() => {
                out.insert(key.clone(), compact(value, form, open)?);
            }
            // In OpenAPI documents zero values stand as defaults of Go types; they say nothing.
            "default" if form == Form::OpenApi && is_zero(value) => {}
            "x-kubernetes-validations" => {
                if value.as_array().is_none_or(|rules| rules.iter().any(|r| r["rule"] != "self == oldSelf")) {
                    return Err(GenerateError::Unsupported(format!("rule {value}")));
                }
                out.insert(key.clone(), value.clone());
            }
            "pattern" if value.as_str().is_some_and(|p| p.starts_with(r"^(\+|-)?(([0-9]+(")) => {
                out.insert("format".into(), json!("quantity"));
            }
            "pattern" | "minLength" | "minItems" | "maxItems" | "not" | "oneOf" => {
                return Err(GenerateError::Unsupported(format!("{key} {value}")));
            }
            key if KEPT.contains(&key) => {
                out.insert(key.to_owned(), value.clone());
            }
            _ => {}
        }
    }
    Ok(Value::Object(out))
}

/// Types whose JSON form is not what their schema says in words that the simulator reads.
fn well_known(schema: &Value) -> Option<Value> {
    let types: Vec<&str> =
        schema["oneOf"].as_array().into_iter().flatten().filter_map(|s| s["type"].as_str()).collect();
    match types.as_slice() {
        ["integer", "string"] => Some(json!({"x-kubernetes-int-or-string": true})),
        ["string", "number"] => Some(json!({"x-kubernetes-int-or-string": true, "format": "quantity"})),
        _ if schema["type"] == "object"
            && ["properties", "additionalProperties"].iter().all(|k| schema[k].is_null()) =>
        {
            Some(anything())
        }
        _ => None,
    }
}

fn anything() -> Value {
    json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Number(n) => n.as_f64() == Some(0.0),
        other => matches!(other, Value::Null | Value::Bool(false)),
    }
}

/// Calls `f` with each schema directly inside `schema`.
fn children(schema: &Value, mut f: impl FnMut(&Value)) {
    schema["properties"].as_object().into_iter().flatten().for_each(|(_, s)| f(s));
    ["items", "additionalProperties"].iter().filter_map(|k| schema.get(*k)).for_each(f);
}

fn count(schema: &Value, counts: &mut BTreeMap<String, usize>) {
    let text = schema.to_string();
    if text.len() >= WORTH_SHARING {
        let seen = counts.entry(text).or_insert(0);
        *seen += 1;
        if *seen > 1 {
            return;
        }
    }
    children(schema, |child| count(child, counts));
}

fn share(
    schema: Value,
    (prefix, counts): (&str, &BTreeMap<String, usize>),
    names: &mut BTreeMap<String, String>,
    defs: &mut Map<String, Value>,
) -> Value {
    let text = schema.to_string();
    if let Some(name) = names.get(&text) {
        return json!({"$ref": name});
    }
    let mut schema = schema;
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for child in properties.values_mut() {
            *child = share(child.take(), (prefix, counts), names, defs);
        }
    }
    for key in ["items", "additionalProperties"] {
        if let Some(child) = schema.get_mut(key) {
            *child = share(child.take(), (prefix, counts), names, defs);
        }
    }
    if counts.get(&text).is_none_or(|n| *n < 2) {
        return schema;
    }
    let name = format!("{prefix}{}", names.len());
    names.insert(text, name.clone());
    defs.insert(name.clone(), schema);
    json!({"$ref": name})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_parts_are_shared_and_unknown_rules_refused() {
        let part = format!(
            "{{type: object, description: long, properties: {{a: {{type: string, enum: [{}]}}}}}}",
            "x".repeat(120)
        );
        let crd = format!(
            "{{spec: {{group: g, names: {{kind: K}}, versions: [{{name: v1, schema: {{openAPIV3Schema: \
             {{type: object, properties: {{p: {part}, q: {part}}}}}}}}}]}}}}"
        );
        let made = from_crds("here", "argo", &[], std::slice::from_ref(&crd)).unwrap();
        assert_eq!(made["kinds"]["g/v1/K"]["properties"]["p"], json!({"$ref": "argo0"}));
        assert_eq!(made["kinds"]["g/v1/K"]["properties"]["q"], json!({"$ref": "argo0"}));
        assert!(!made.to_string().contains("long"));
        let other = crd.replace("type: string", "type: string, pattern: '^x$'");
        let other = std::slice::from_ref(&other);
        let refused = from_crds("here", "argo", &[], other);
        assert!(matches!(refused, Err(GenerateError::Unsupported(_))));
        let open = from_crds("here", "argo", &["p", "q"], other).unwrap();
        assert_eq!(open["kinds"]["g/v1/K"]["properties"]["p"], anything());
    }
}
