//! What a rollback of a template does not bring back.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::types::PodTemplate;

/// What lies outside of the template and stays as it is, in words.
///
/// ConfigMaps and Secrets that both versions name alike were not versioned with the template: the good
/// version meets today's content. One that is named by its content (a hash in its name) differs between
/// the versions and comes back with the template. Data and schemas can only be named in general.
pub fn cannot_restore(bad: Option<&PodTemplate>, good: &PodTemplate) -> Vec<String> {
    let named = references(good);
    let shared = match bad {
        Some(bad) => named.intersection(&references(bad)).cloned().collect(),
        None => named,
    };
    let configuration = shared
        .iter()
        .map(|name| format!("{name}: its name is the same in both versions, so its content is not restored"));
    let data = "database schemas and other data that the left version may have changed".to_owned();
    configuration.chain([data]).collect()
}

/// `ConfigMap NAME` and `Secret NAME`, wherever a template names them.
fn references(template: &PodTemplate) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(&serde_json::to_value(template).unwrap_or_default(), &mut found);
    found
}

fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(fields) => {
            for (key, inner) in fields {
                let (kind, field) = match key.as_str() {
                    "configMapRef" | "configMapKeyRef" | "configMap" => ("ConfigMap", "name"),
                    "secretRef" | "secretKeyRef" => ("Secret", "name"),
                    // A volume says `secretName`, a projected one `name`.
                    "secret" if inner.get("secretName").is_some() => ("Secret", "secretName"),
                    "secret" => ("Secret", "name"),
                    _ => ("", ""),
                };
                if let Some(name) = inner.get(field).and_then(Value::as_str).filter(|_| !kind.is_empty()) {
                    found.insert(format!("{kind} {name}"));
                }
                collect(inner, found);
            }
        }
        _ => {}
    }
}
