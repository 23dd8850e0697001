//! JSON schemas of every kind that is shipped, made from what the modules publish: Kubernetes' own OpenAPI document, and
//! the CustomResourceDefinitions of Argo Rollouts, Argo CD, Traefik and the Gateway API.
//!
//! A field that no schema declares is refused, which neither publishes: for an API server it is a warning at most.

use std::path::Path;

use serde_json::{Value, json};

use crate::cluster;
use crate::gomodule::{self, Program};
use crate::run::{self, Error};

/// The kinds of the Gateway API; a module without a program of use here.
const GATEWAY_API: Program =
    Program { name: "gateway-api", module: "sigs.k8s.io/gateway-api", version: "1.5.1", ..Program::PLAIN };

/// Each module with the file or folder that holds its definitions.
const DEFINITIONS: &[(&Program, &str)] = &[
    (&cluster::ROLLOUTS, "manifests/crds"),
    (&cluster::ARGO_CD, "manifests/crds"),
    (&GATEWAY_API, "config/crd/standard"),
    (&cluster::TRAEFIK, "docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml"),
];

/// Writes `GROUP/VERSION/kind.json` for each kind; the core group is called `v1`, as kubeconform calls it.
///
/// # Errors
/// A module that cannot be had, and what cannot be read or written.
pub(super) fn write(folder: &Path) -> Result<(), Error> {
    let document = gomodule::published(&gomodule::KUBECTL, "api/openapi-spec/swagger.json")?;
    let document = run::json("Kubernetes' OpenAPI document", run::read_file(&document)?.as_bytes())?;
    let all = folder.join("definitions.json");
    let definitions = own(&document["definitions"]);
    run::write_file(&all, &json!({ "definitions": definitions }).to_string())?;
    for (name, definition) in definitions.as_object().into_iter().flatten() {
        for kind in definition["x-kubernetes-group-version-kind"].as_array().into_iter().flatten() {
            let reference = format!("file://{}#/definitions/{name}", all.display());
            let place = [&kind["group"], &kind["version"], &kind["kind"]]
                .map(|part| part.as_str().unwrap_or_default());
            put(folder, place, &json!({ "$ref": reference }))?;
        }
    }
    for (program, path) in DEFINITIONS {
        let path = gomodule::published(program, path)?;
        for file in files(&path)? {
            let objects = cluster::objects(&run::read_file(&file)?, &file.display().to_string())?;
            for (place, schema) in objects.iter().flat_map(custom) {
                put(folder, place.each_ref().map(String::as_str), &schema)?;
            }
        }
    }
    Ok(())
}

fn put(folder: &Path, [group, version, kind]: [&str; 3], schema: &Value) -> Result<(), Error> {
    let group = if group.is_empty() { "v1" } else { group };
    let folder = folder.join(group).join(version);
    run::create_folder(&folder)?;
    run::write_file(&folder.join(format!("{}.json", kind.to_lowercase())), &schema.to_string())
}

/// The YAML files of a folder, or the one file.
fn files(path: &Path) -> Result<Vec<std::path::PathBuf>, Error> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = run::entries(path)?;
    files.retain(|file| file.extension().is_some_and(|end| end == "yaml"));
    Ok(files)
}

/// Kubernetes' definitions. A quantity is called a string there, and may be a number as well; the schema of schemas
/// refers to itself by names that are none.
fn own(definitions: &Value) -> Value {
    let mut all = closed(definitions);
    for (name, definition) in all.as_object_mut().into_iter().flatten() {
        if name.ends_with("resource.Quantity") {
            *definition = json!({ "type": ["string", "number"] });
        } else if name.ends_with("JSONSchemaProps") {
            *definition = json!({});
        }
    }
    all
}

/// The schemas of a CustomResourceDefinition, each with its group, version and kind; none of any other object.
fn custom(definition: &Value) -> Vec<([String; 3], Value)> {
    if definition["kind"] != "CustomResourceDefinition" {
        return Vec::new();
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let spec = &definition["spec"];
    let versions = spec["versions"].as_array().into_iter().flatten();
    let schema = |version: &Value| {
        let mut schema = closed(&version["schema"]["openAPIV3Schema"]);
        for (field, of) in [("apiVersion", "string"), ("kind", "string"), ("metadata", "object")] {
            schema["properties"][field] = json!({ "type": of });
        }
        ([text(&spec["group"]), text(&version["name"]), text(&spec["names"]["kind"])], schema)
    };
    versions.map(schema).collect()
}

/// A schema that lets no undeclared field pass, and knows numbers that may be text.
fn closed(schema: &Value) -> Value {
    let mut fields = match schema {
        Value::Array(items) => return Value::Array(items.iter().map(closed).collect()),
        Value::Object(fields) => fields.clone(),
        other => return other.clone(),
    };
    for (name, field) in &mut fields {
        // Data, and not schemas.
        if !["enum", "default", "required", "description"].contains(&name.as_str()) {
            *field = closed(field);
        }
    }
    let is = |name: &str| fields.get(name) == Some(&Value::Bool(true));
    if is("x-kubernetes-int-or-string")
        || fields.get("format").is_some_and(|format| format == "int-or-string")
    {
        return json!({ "type": ["string", "integer"] });
    }
    let open = is("x-kubernetes-preserve-unknown-fields") || fields.contains_key("additionalProperties");
    if fields.get("properties").is_some_and(Value::is_object) && !open {
        fields.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
    Value::Object(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_closed_unless_it_says_that_it_is_open() {
        for (schema, expected) in [
            (
                json!({"properties": {"a": {}}}),
                json!({"properties": {"a": {}}, "additionalProperties": false}),
            ),
            (
                json!({"properties": {"a": {}}, "x-kubernetes-preserve-unknown-fields": true}),
                json!({"properties": {"a": {}}, "x-kubernetes-preserve-unknown-fields": true}),
            ),
            (
                json!({"additionalProperties": {"type": "string"}}),
                json!({"additionalProperties": {"type": "string"}}),
            ),
            (
                json!({"items": {"format": "int-or-string", "type": "string"}}),
                json!({"items": {"type": ["string", "integer"]}}),
            ),
            (json!({"default": {"properties": {"a": 1}}}), json!({"default": {"properties": {"a": 1}}})),
        ] {
            assert_eq!(closed(&schema), expected, "{schema}");
        }
        // A field that is itself called "properties" or "default" is one, and its schema is closed like any other.
        let named = closed(&json!({"properties": {"format": {"properties": {}}}}));
        assert_eq!(named["properties"]["format"]["additionalProperties"], false);
    }

    #[test]
    fn each_version_of_a_definition_is_a_schema_and_other_objects_are_none() {
        let schema = json!({"openAPIV3Schema": {"properties": {"spec": {"type": "object"}}}});
        let definition = json!({"kind": "CustomResourceDefinition", "spec": {
            "group": "a.b", "names": {"kind": "C"},
            "versions": [{"name": "v1", "schema": schema}, {"name": "v2", "schema": schema}],
        }});
        let found = custom(&definition);
        let places: Vec<[&str; 3]> =
            found.iter().map(|(place, _)| place.each_ref().map(String::as_str)).collect();
        assert_eq!(places, [["a.b", "v1", "C"], ["a.b", "v2", "C"]]);
        assert_eq!(found[0].1["properties"]["metadata"]["type"], "object");
        assert_eq!(custom(&json!({"kind": "Service"})).len(), 0);
    }
}
