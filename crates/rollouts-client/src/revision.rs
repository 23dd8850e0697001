//! Revisions by annotation, and who owns what.

use crate::names;
use crate::types::{ObjectMeta, ReplicaSet};

/// The revision number of an object; 0 when it has none, as upstream counts it.
pub fn of(metadata: &ObjectMeta) -> i64 {
    let annotation = metadata.annotations.as_ref().and_then(|annotations| annotations.get(names::REVISION));
    annotation.and_then(|revision| revision.parse().ok()).unwrap_or_default()
}

/// The revision numbers that a ReplicaSet has had, the present one included.
pub fn all_of(replica_set: &ReplicaSet) -> Vec<i64> {
    let annotations = replica_set.metadata.annotations.as_ref();
    let history = annotations.and_then(|annotations| annotations.get(names::REVISION_HISTORY));
    let past = history.map(String::as_str).unwrap_or_default().split(',');
    past.filter_map(|revision| revision.trim().parse().ok()).chain([replica_set.revision()]).collect()
}

/// Whether an owner reference names this uid.
pub fn owned_by(metadata: &ObjectMeta, uid: Option<&str>) -> bool {
    let owners = metadata.owner_references.as_deref().unwrap_or(&[]);
    uid.is_some_and(|uid| owners.iter().any(|owner| owner.uid == uid))
}

/// The ReplicaSet of a template hash.
pub fn by_hash<'a>(replica_sets: &'a [ReplicaSet], hash: &str) -> Option<&'a ReplicaSet> {
    replica_sets.iter().find(|replica_set| replica_set.hash() == Some(hash))
}
