//! Going back to the template of an earlier revision.

use serde_json::{Value, json};

use super::{Patches, VerbError, request};
use crate::patch::{PatchKind, PatchRequest, Subresource, Target};
use crate::phase;
use crate::types::{PodTemplate, ReplicaSet, Rollout};

/// Writes the template of an earlier revision into the Rollout, or into the workload that it refers to.
///
/// `to` is a revision number; `None` is the second-highest one, as in Argo, whether or not that version was
/// ever promoted. An undo is a new update: it pauses and analyses like one, except inside the scale-down
/// delay or the rollback window.
///
/// `replica_sets` are those of the Rollout (others are ignored by owner).
///
/// # Errors
/// When there is no such revision, when the template is already that one, or when the template lies in a
/// workload of a kind that cannot be changed.
pub fn undo(rollout: &Rollout, replica_sets: &[ReplicaSet], to: Option<i64>) -> Patches {
    undo_to(rollout, target_revision(rollout, replica_sets, to)?)
}

/// The ReplicaSet of the revision that [`undo`] goes to.
///
/// # Errors
/// When there is no such revision.
pub fn target_revision<'a>(
    rollout: &Rollout,
    replica_sets: &'a [ReplicaSet],
    to: Option<i64>,
) -> Result<&'a ReplicaSet, VerbError> {
    let uid = rollout.metadata.uid.as_deref();
    let mut own: Vec<_> = replica_sets.iter().filter(|replica_set| replica_set.owned_by(uid)).collect();
    own.sort_by_key(|replica_set| std::cmp::Reverse(replica_set.revision()));
    let name = || rollout.name().to_owned();
    match to.filter(|&revision| revision != 0) {
        None => own.get(1).copied().ok_or_else(|| VerbError::NoPreviousRevision { name: name() }),
        Some(revision) => {
            let found = || own.iter().map(|replica_set| replica_set.revision()).collect();
            let of_revision = own.iter().find(|replica_set| replica_set.revision() == revision);
            of_revision.copied().ok_or_else(|| VerbError::NoRevision {
                name: name(),
                revision,
                found: found(),
            })
        }
    }
}

/// Writes the template of this ReplicaSet, whatever its revision.
///
/// # Errors
/// As [`undo`].
pub fn undo_to(rollout: &Rollout, replica_set: &ReplicaSet) -> Patches {
    let old = replica_set.spec.template.as_ref().map(PodTemplate::without_hash).unwrap_or_default();
    if is_there(rollout, replica_set, &old) {
        let because = format!("its template already matches revision {}", replica_set.revision());
        return Err(VerbError::already(rollout, "undo", because));
    }
    let template = serde_json::to_value(&old).unwrap_or(Value::Null);
    let body = json!([{"op": "replace", "path": "/spec/template", "value": template}]);
    match &rollout.spec.workload_ref {
        None => Ok(vec![request(rollout, Subresource::Main, PatchKind::Json, body)]),
        Some(_) => Ok(vec![PatchRequest {
            target: workload(rollout)?,
            subresource: Subresource::Main,
            kind: PatchKind::Json,
            body,
        }]),
    }
}

/// Whether the Rollout has this template. By hash where the controller has seen the spec: the API server
/// fills defaults into a ReplicaSet's template and not into a Rollout's, so equal ones can look different.
/// (Upstream takes a template as equal when it is a part of the other; that refuses to undo the removal of
/// a field.)
fn is_there(rollout: &Rollout, replica_set: &ReplicaSet, old: &PodTemplate) -> bool {
    let same_hash = replica_set.hash().is_some() && replica_set.hash() == rollout.current_hash();
    let same_text = rollout.spec.template.as_ref().is_some_and(|present| present.without_hash() == *old);
    same_text || (same_hash && phase::generation_observed(rollout))
}

fn workload(rollout: &Rollout) -> Result<Target, VerbError> {
    let reference = rollout.spec.workload_ref.clone().unwrap_or_default();
    let kind = reference.kind.unwrap_or_default();
    let (api_version, plural) = match kind.as_str() {
        "Deployment" => ("apps/v1", "deployments"),
        "ReplicaSet" => ("apps/v1", "replicasets"),
        "PodTemplate" => ("v1", "podtemplates"),
        _ => return Err(VerbError::WorkloadRef { verb: "undo", name: rollout.name().to_owned(), kind }),
    };
    Ok(Target {
        api_version: api_version.to_owned(),
        kind,
        plural: plural.to_owned(),
        namespace: rollout.metadata.namespace.clone(),
        name: reference.name.unwrap_or_default(),
    })
}
