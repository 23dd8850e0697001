//! Some fields of one object: a merge patch, and whether it would change anything.
//!
//! For what no file of ours states as a whole: an annotation on an object that somebody else owns.

use kube::api::PatchParams;

use super::{Cluster, Look, api_fault, condition, object};
use crate::executor::kubectl::FIELD_MANAGER;
use crate::fault::Fault;
use crate::runbook::{Condition, ObjectIs, Patch};

/// Whether the fields are so; a field that is to go must be absent.
pub(crate) async fn look(cluster: &Cluster, patch: &Patch) -> Result<Look, Fault> {
    if patch.optional && !is_there(cluster, patch).await? {
        return Ok(Look::So(format!(
            "{} is not there, so nothing is to be changed",
            object::words(&patch.object)
        )));
    }
    let is = ObjectIs { object: patch.object.clone(), contains: patch.merge.clone() };
    condition::look(cluster, &Condition::Object(is)).await
}

async fn is_there(cluster: &Cluster, patch: &Patch) -> Result<bool, Fault> {
    let name = object::words(&patch.object);
    let found = object::api(&cluster.client, &patch.object).get_opt(&patch.object.name).await;
    found.map(|found| found.is_some()).map_err(|error| api_fault(&format!("get {name}"), &error))
}

/// Makes them so.
pub(crate) async fn act(cluster: &Cluster, patch: &Patch) -> Result<String, Fault> {
    let name = object::words(&patch.object);
    let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
    let api = object::api(&cluster.client, &patch.object);
    let sent = api.patch(&patch.object.name, &params, &kube::api::Patch::Merge(&patch.merge)).await;
    sent.map(|_| format!("patched {name}")).map_err(|error| api_fault(&format!("patch {name}"), &error))
}
