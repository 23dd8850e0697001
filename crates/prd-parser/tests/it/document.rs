//! The wire form and its published schema say the same.

use std::collections::BTreeSet;

use prd_parser::doc::{PlanDoc, SCHEMA_VERSION};
use serde_json::Value;

use crate::support::{PRD, checked};

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../../docs/reference/plan.schema.json"))
        .expect("the schema is JSON")
}

/// A document in which no list is empty and no scalar is null, and one in which everything is absent.
fn documents() -> [Value; 3] {
    let full = "---\ntitle: t\nversion: 1\ndate: d\nowner: o\n---\n## Phase 1: A (Priority: High)\n- [ ] T001 a\n  - detail\n\
                \n## Phase 2: B\n- [ ] b (depends on T001)\n  - [ ] c\n- [] d\n\n## Requirements\n- [ ] r\n\n## Criteria\n- [ ] c\n\n\
                ## Timeline\n- W1: x\n\n## Stakeholders\n- A: b\n\n## References\n- [a](b)\n";
    [full, "", PRD].map(|source| serde_json::to_value(PlanDoc::new(&checked(source))).expect("a document"))
}

#[test]
fn every_key_of_the_document_is_in_the_schema_and_the_other_way_round() {
    let schema = schema();
    let [full, empty, prd] = documents();
    let mut used = BTreeSet::new();
    for document in [&full, &empty, &prd] {
        compare("", document, &schema, &schema, &mut used);
    }
    let mut declared = BTreeSet::new();
    paths("", &schema, &schema, &mut declared);
    assert_eq!(declared, used, "the schema declares what no document has");
}

/// Checks one value against its schema: the keys both ways, and the type.
fn compare(path: &str, value: &Value, schema: &Value, root: &Value, used: &mut BTreeSet<String>) {
    let schema = resolved(schema, root);
    let kinds: Vec<_> = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        kind => kind.as_str().into_iter().collect(),
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    assert!(kinds.contains(&kind), "{path}: {kind} is not one of {kinds:?}");
    if let Some(allowed) = schema["enum"].as_array() {
        assert!(allowed.contains(value), "{path}: {value} is not one of {allowed:?}");
    }
    if let Some(fixed) = schema.get("const") {
        assert_eq!(fixed, value, "{path}");
    }
    for item in value.as_array().into_iter().flatten() {
        compare(&format!("{path}[]"), item, &schema["items"], root, used);
    }
    let Some(object) = value.as_object() else { return };
    let keys: BTreeSet<_> = object.keys().map(String::as_str).collect();
    let properties = schema["properties"].as_object().expect("properties");
    assert_eq!(keys, properties.keys().map(String::as_str).collect(), "{path}");
    let required: BTreeSet<_> =
        schema["required"].as_array().expect("required").iter().filter_map(Value::as_str).collect();
    assert_eq!(keys, required, "{path}: every key is required");
    assert_eq!(schema["additionalProperties"], Value::Null, "{path}: new keys may come within a version");
    for (key, value) in object {
        used.insert(format!("{path}.{key}"));
        compare(&format!("{path}.{key}"), value, &properties[key], root, used);
    }
}

/// All paths of keys that a schema declares.
fn paths(path: &str, schema: &Value, root: &Value, found: &mut BTreeSet<String>) {
    let schema = resolved(schema, root);
    if schema.get("items").is_some() {
        paths(&format!("{path}[]"), &schema["items"], root, found);
    }
    for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
        found.insert(format!("{path}.{key}"));
        paths(&format!("{path}.{key}"), inner, root, found);
    }
}

fn resolved<'v>(schema: &'v Value, root: &'v Value) -> &'v Value {
    let Some(name) = schema["$ref"].as_str() else { return schema };
    let name = name.strip_prefix("#/$defs/").expect("a local reference");
    root["$defs"].get(name).unwrap_or_else(|| panic!("no definition {name}"))
}

#[test]
fn the_version_in_the_schema_is_the_one_in_the_code() {
    assert_eq!(schema()["properties"]["schemaVersion"]["const"], SCHEMA_VERSION);
}

#[test]
fn codes_in_the_schema_are_those_in_the_code() {
    let codes = schema()["$defs"]["diagnostic"]["properties"]["code"]["enum"].clone();
    assert_eq!(codes, serde_json::to_value(prd_parser::diagnostic::codes::ALL).expect("codes"));
}

#[test]
fn yaml_says_the_same_as_json() {
    let document = PlanDoc::new(&checked(PRD));
    let yaml: Value = serde_yaml::from_str(&serde_yaml::to_string(&document).expect("YAML")).expect("YAML");
    assert_eq!(yaml, serde_json::to_value(&document).expect("JSON"));
}
