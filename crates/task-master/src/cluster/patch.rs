//! Some fields of one object: a merge patch, and whether it would change anything.
//!
//! For what no file of ours states as a whole: an annotation on an object that somebody else owns.

use kube::api::PatchParams;
use serde_json::Value;

use super::{Cluster, Look, api_fault, object};
use crate::executor::kubectl::FIELD_MANAGER;
use crate::fault::Fault;
use crate::runbook::Patch;

/// Whether the fields are so; a field that is to go must be absent.
pub(crate) async fn look(cluster: &Cluster, patch: &Patch) -> Result<Look, Fault> {
    let name = object::words(&patch.object);
    let live = object::api(&cluster.client, &patch.object).get_opt(&patch.object.name).await;
    let Some(live) = live.map_err(|error| api_fault(&format!("get {name}"), &error))? else {
        return Ok(match patch.optional {
            true => Look::So(format!("{name} is not there, so nothing is to be changed")),
            false => Look::NotSo(format!("{name} is not there")),
        });
    };
    let live = serde_json::to_value(&live).unwrap_or(Value::Null);
    Ok(match difference("", &patch.merge, &live) {
        None => Look::So(format!("{name} is as asked")),
        Some(field) => Look::NotSo(format!("{name}: {field} differs")),
    })
}

/// The first field that the patch would change. In a merge patch nothing stands for a field that is to go.
fn difference(path: &str, wanted: &Value, is: &Value) -> Option<String> {
    match wanted {
        Value::Object(fields) => fields.iter().find_map(|(key, wanted)| {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            difference(&path, wanted, is.get(key).unwrap_or(&Value::Null))
        }),
        _ => (wanted != is).then(|| path.to_owned()),
    }
}

/// Makes them so.
pub(crate) async fn act(cluster: &Cluster, patch: &Patch) -> Result<String, Fault> {
    let name = object::words(&patch.object);
    let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
    let api = object::api(&cluster.client, &patch.object);
    let sent = api.patch(&patch.object.name, &params, &kube::api::Patch::Merge(&patch.merge)).await;
    sent.map(|_| format!("patched {name}")).map_err(|error| api_fault(&format!("patch {name}"), &error))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_that_is_to_go_is_gone_with_its_parent_as_well() {
        let live = json!({"metadata": {"annotations": {"a": "1"}}, "spec": {"list": [1]}});
        for (merge, expected) in [
            (json!({"metadata": {"annotations": {"a": "1"}}}), None),
            (json!({"metadata": {"annotations": {"b": null}}}), None),
            (json!({"metadata": {"labels": {"b": null}}}), None),
            (json!({"metadata": {"annotations": {"a": null}}}), Some("metadata.annotations.a")),
            (json!({"metadata": {"annotations": {"b": "1"}}}), Some("metadata.annotations.b")),
            (json!({"spec": {"list": [1, 2]}}), Some("spec.list")),
        ] {
            assert_eq!(difference("", &merge, &live).as_deref(), expected, "{merge}");
        }
    }
}
