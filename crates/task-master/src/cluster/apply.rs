//! Server-side apply, and the question whether it would change anything.
//!
//! The question is asked of the API server: a dry run of the same apply must change nothing. Comparing the
//! file with the object would have to know every default and every way to write a quantity.
//!
//! Some maps are replaced whole by a server-side apply, a Service's selector among them: there the label that
//! the Rollouts controller has added would go, and both versions would be selected. Such fields are kept.

use std::path::PathBuf;

use kube::api::{DynamicObject, Patch, PatchParams};
use rollouts_client::types::{PodTemplate, Rollout};
use serde_json::Value;

use super::{Cluster, Look, api_fault, object, rollouts_fault};
use crate::executor::kubectl::FIELD_MANAGER;
use crate::fault::Fault;

/// Objects to apply, from their files, and the fields whose live value stays.
#[derive(Debug, Clone)]
pub(crate) struct Objects {
    /// File and object.
    pub(crate) list: Vec<(PathBuf, Value)>,
    /// JSON pointers.
    pub(crate) keep: Vec<String>,
}

/// How often an object is looked at again that somebody writes while we look: a controller is quick at first.
const LOOKS: u32 = 5;

/// Whether applying all of them would change nothing.
pub(crate) async fn look(cluster: &Cluster, objects: &Objects) -> Result<Look, Fault> {
    let mut seen = Vec::new();
    for (_, wanted) in &objects.list {
        match look_at(cluster, wanted, &objects.keep).await? {
            Look::So(name) => seen.push(name),
            not => return Ok(not),
        }
    }
    Ok(Look::So(format!("as in the file: {}", seen.join(", "))))
}

async fn look_at(cluster: &Cluster, wanted: &Value, keep: &[String]) -> Result<Look, Fault> {
    let mut looks = 0;
    loop {
        looks += 1;
        let (name, wanted, live) = meet(cluster, wanted, keep).await?;
        let Some(live) = live else { return Ok(Look::NotSo(format!("{name} is not there"))) };
        if live.pointer("/metadata/deletionTimestamp").is_some() {
            return Ok(Look::NotSo(format!("{name} is being deleted")));
        }
        let after = send(cluster, &wanted, true).await?;
        let Some(difference) = object::difference(&live, &after) else { return Ok(Look::So(name)) };
        // Somebody may have written between our two calls; then this compares two moments.
        let version = "/metadata/resourceVersion";
        if looks == LOOKS || live.pointer(version) == after.pointer(version) {
            return Ok(Look::NotSo(format!("{name}: {difference}")));
        }
    }
}

/// Applies all of them, in the order of the files.
pub(crate) async fn act(cluster: &Cluster, objects: &Objects) -> Result<String, Fault> {
    let mut done = Vec::new();
    for (_, wanted) in &objects.list {
        let (name, wanted, live) = meet(cluster, wanted, &objects.keep).await?;
        if let Some(live) = live.filter(|_| wanted["kind"] == Rollout::KIND) {
            begins_well(cluster, &live, &wanted).await?;
        }
        send(cluster, &wanted, false).await?;
        done.push(name);
    }
    Ok(format!("applied {}", done.join(", ")))
}

/// Whether the version that this begins can stand beside the serving one: no update is begun that could not go on.
async fn begins_well(cluster: &Cluster, live: &Value, wanted: &Value) -> Result<(), Fault> {
    let unread = |error| Fault::permanent(format!("read a rollout: {error}"));
    let live: Rollout = serde_json::from_value(live.clone()).map_err(unread)?;
    let next: Option<PodTemplate> =
        serde_json::from_value(wanted["spec"]["template"].clone()).map_err(unread)?;
    let Some(next) = next else { return Ok(()) };
    let rollouts = cluster.rollouts(live.metadata.namespace.as_deref().unwrap_or_default());
    let fits = Box::pin(rollouts.schema_fits("apply", &live, &next)).await;
    fits.map_err(|error| rollouts_fault(&error))
}

/// The object's name in words, what is wanted of it with the kept fields as they are, and what it is.
async fn meet(
    cluster: &Cluster,
    wanted: &Value,
    keep: &[String],
) -> Result<(String, Value, Option<Value>), Fault> {
    let reference = object::reference(wanted).ok_or_else(|| Fault::permanent("an object has no name"))?;
    let name = object::words(&reference);
    let api = object::api(&cluster.client, &reference);
    let live =
        api.get_opt(&reference.name).await.map_err(|error| api_fault(&format!("get {name}"), &error))?;
    let live = live.map(|live| as_json(&live)).transpose()?;
    let mut wanted = wanted.clone();
    if let Some(live) = &live {
        keep.iter().for_each(|pointer| keep_field(&mut wanted, live, pointer));
    }
    Ok((name, wanted, live))
}

/// Makes the field as it is in the live object: with its value where the parent is wanted, or absent.
fn keep_field(wanted: &mut Value, live: &Value, pointer: &str) {
    let Some((parent, name)) = pointer.rsplit_once('/') else { return };
    let name = name.replace("~1", "/").replace("~0", "~");
    match (wanted.pointer_mut(parent), live.pointer(pointer)) {
        (Some(Value::Object(parent)), Some(kept)) => {
            parent.insert(name, kept.clone());
        }
        (Some(Value::Object(parent)), None) => {
            parent.remove(&name);
        }
        _ => {}
    }
}

async fn send(cluster: &Cluster, wanted: &Value, dry_run: bool) -> Result<Value, Fault> {
    let reference = object::reference(wanted).ok_or_else(|| Fault::permanent("an object has no name"))?;
    let mut params = PatchParams::apply(FIELD_MANAGER).force();
    params.dry_run = dry_run;
    let api = object::api(&cluster.client, &reference);
    let what = format!("apply {}", object::words(&reference));
    let after = api.patch(&reference.name, &params, &Patch::Apply(wanted)).await;
    as_json(&after.map_err(|error| api_fault(&what, &error))?)
}

fn as_json(object: &DynamicObject) -> Result<Value, Fault> {
    serde_json::to_value(object)
        .map_err(|error| Fault::permanent(format!("an object cannot be written as JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_kept_field_is_taken_over_whether_the_file_has_it_or_not() {
        let live = json!({"spec": {"selector": {"app": "x", "hash/1": "abc"}, "replicas": 5}});
        let cases = [
            ("/spec/replicas", json!({"spec": {"replicas": 5, "selector": {"app": "x"}}})),
            (
                "/spec/selector/hash~11",
                json!({"spec": {"replicas": 3, "selector": {"app": "x", "hash/1": "abc"}}}),
            ),
            ("/spec/absent", json!({"spec": {"replicas": 3, "selector": {"app": "x"}}})),
            ("/spec/selector", json!({"spec": {"replicas": 3, "selector": {"app": "x", "hash/1": "abc"}}})),
            ("/spec/selector/app/x", json!({"spec": {"replicas": 3, "selector": {"app": "x"}}})),
            ("/other/replicas", json!({"spec": {"replicas": 3, "selector": {"app": "x"}}})),
        ];
        for (pointer, expected) in cases {
            let mut wanted = json!({"spec": {"replicas": 3, "selector": {"app": "x"}}});
            keep_field(&mut wanted, &live, pointer);
            assert_eq!(wanted, expected, "{pointer}");
        }
        let mut wanted = json!({"spec": {"seconds": 0, "replicas": 3}});
        keep_field(&mut wanted, &live, "/spec/seconds");
        assert_eq!(
            wanted,
            json!({"spec": {"replicas": 3}}),
            "what the live object does not have is not asked for"
        );
    }
}
