//! Who wrote what, from `managedFields`.

use serde_json::Value;

use super::Writer;
use crate::types::ObjectMeta;

/// What the controller calls itself.
const CONTROLLER: &str = "rollouts-controller";

/// The writers of an object but for the controller, the latest first.
pub(super) fn of(metadata: &ObjectMeta) -> Vec<Writer> {
    let entries = metadata.managed_fields.iter().flatten();
    let mut writers: Vec<Writer> = entries
        .filter(|entry| entry.manager.as_deref() != Some(CONTROLLER))
        .map(|entry| Writer {
            manager: entry.manager.clone().unwrap_or_else(|| "unnamed".to_owned()),
            at: entry.time.as_ref().map(|time| time.0),
            fields: entry.fields_v1.as_ref().map(|fields| paths(&fields.0)).unwrap_or_default(),
        })
        .collect();
    writers.sort_by_key(|writer| std::cmp::Reverse(writer.at));
    writers
}

/// The fields, two levels deep.
fn paths(fields: &Value) -> Vec<String> {
    let named = |value: &Value| -> Vec<(String, Value)> {
        let fields = value.as_object().into_iter().flatten();
        let named =
            fields.filter_map(|(key, below)| Some((key.strip_prefix("f:")?.to_owned(), below.clone())));
        named.collect()
    };
    let mut paths = Vec::new();
    for (first, below) in named(fields) {
        let below = named(&below);
        if below.is_empty() {
            paths.push(first);
        } else {
            paths.extend(below.into_iter().map(|(second, _)| format!("{first}.{second}")));
        }
    }
    paths
}
