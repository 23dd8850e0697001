//! What the published schemas say of an object, without a world: for a linter.

use crate::json::Value;

use super::{Schema, walk};
use crate::resource::Resource;

/// A field that the schema of its kind does not declare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undeclared {
    /// Where, as a JSON pointer (RFC 6901).
    pub at: String,
    /// The fields that are declared there.
    pub declared: Vec<&'static str>,
}

/// Every field of an object that its schema does not declare. Nothing for a kind without a schema.
#[must_use]
pub fn undeclared(object: &serde_json::Value) -> Vec<Undeclared> {
    let object = &Value::from(object);
    let mut found = Vec::new();
    if let Some(resource) = resource(object) {
        visit(super::of(resource), object, "", &mut found);
    }
    found
}

/// Every value of an object of Argo Rollouts that its schema refuses: where, as a JSON pointer, and why, in the words
/// of the API server.
#[must_use]
pub fn refused(object: &serde_json::Value) -> Vec<(String, String)> {
    let mut object = Value::from(object);
    let Some(resource) = resource(&object).filter(|resource| resource.info().custom) else {
        return Vec::new();
    };
    let schema = super::of(resource);
    walk::fill_defaults(schema, &mut object, "");
    let faults = walk::faults(schema, &object, None, walk::At::Root(""));
    faults.into_iter().map(|(path, why)| (pointer(&path), why)).collect()
}

fn resource(object: &Value) -> Option<Resource> {
    Resource::of_kind(object["apiVersion"].as_str()?, object["kind"].as_str()?)
}

fn visit(schema: &'static Schema, value: &Value, at: &str, found: &mut Vec<Undeclared>) {
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                let below = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                match walk::child(schema, at.is_empty(), name) {
                    Some(schema) => visit(schema, inner, &below, found),
                    None => {
                        let declared = schema.properties.keys().collect();
                        found.push(Undeclared { at: below, declared });
                    }
                }
            }
        }
        Value::Array(list) => {
            for (index, inner) in list.iter().enumerate() {
                visit(schema.item(), inner, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// `spec.steps[0].setWeight` as a pointer.
fn pointer(path: &str) -> String {
    path.split('.').map(|part| format!("/{}", part.replace('[', "/").replace(']', ""))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_declared_and_what_is_refused() {
        let rollout = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "a"},
            "spec": {"strategy": {"canary": {
                "analysis": {"interval": "60s", "templates": []}, "steps": [{"setWeight": "ten"}],
            }}},
        });
        let found = undeclared(&rollout);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].at, "/spec/strategy/canary/analysis/interval");
        assert!(found[0].declared.contains(&"startingStep"), "{found:?}");
        let refused = refused(&rollout);
        assert_eq!(refused.len(), 1, "{refused:?}");
        assert_eq!(refused[0].0, "/spec/strategy/canary/steps/0/setWeight");
        assert!(refused[0].1.contains("must be of type integer"), "{refused:?}");
        assert_eq!(undeclared(&json!({"apiVersion": "v9", "kind": "Thing", "x": 1})), []);
    }
}
