//! Conditions: what is gathered of the cluster, and a pure judgement on it.

use rollouts_client::names::POD_TEMPLATE_HASH;
use rollouts_client::phase;
use rollouts_client::types::{ReplicaSet, Rollout};
use serde_json::Value;

use super::{Cluster, Look, api_fault, object, rollouts_fault};
use crate::fault::Fault;
use crate::runbook::{Condition, Named, ObjectIs, RolloutIs};

/// Whether a condition holds now.
pub(crate) async fn look(cluster: &Cluster, condition: &Condition) -> Result<Look, Fault> {
    match condition {
        Condition::Rollout(wanted) => Ok(match see(cluster, &wanted.on).await? {
            Some(seen) => judge(wanted, &seen),
            None => Look::NotSo(format!("rollout {}/{} is not there", wanted.on.namespace, wanted.on.name)),
        }),
        Condition::Object(wanted) => look_at_object(cluster, wanted).await,
    }
}

async fn look_at_object(cluster: &Cluster, wanted: &ObjectIs) -> Result<Look, Fault> {
    let name = object::words(&wanted.object);
    let api = object::api(&cluster.client, &wanted.object);
    let live = api.get_opt(&wanted.object.name).await;
    let Some(live) = live.map_err(|error| api_fault(&format!("get {name}"), &error))? else {
        return Ok(Look::NotSo(format!("{name} is not there")));
    };
    let live = serde_json::to_value(&live).unwrap_or(Value::Null);
    Ok(match object::missing(&wanted.contains, &live) {
        None => Look::So(format!("{name} contains {}", wanted.contains)),
        Some(missing) => Look::NotSo(format!("{name}: {missing}")),
    })
}

/// What is looked at to judge a Rollout.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) rollout: Rollout,
    pub(crate) replica_sets: Vec<ReplicaSet>,
    /// The hashes that the active and the preview Service select; of a canary the stable and the canary one.
    pub(crate) active: Option<String>,
    pub(crate) preview: Option<String>,
}

/// Reads a Rollout, its ReplicaSets and its Services; none when there is no such Rollout.
pub(crate) async fn see(cluster: &Cluster, on: &Named) -> Result<Option<Seen>, Fault> {
    use rollouts_client::client::Error;
    let rollouts = cluster.rollouts(&on.namespace);
    let rollout = match rollouts.get(&on.name).await {
        Ok(rollout) => rollout,
        Err(Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(rollouts_fault(&error)),
    };
    let replica_sets = rollouts.replica_sets(&rollout).await.map_err(|error| rollouts_fault(&error))?;
    let services = rollouts.services(&rollout).await.map_err(|error| rollouts_fault(&error))?;
    let hash = |name: Option<&str>| {
        let service = services.iter().find(|service| service.metadata.name.as_deref() == name)?;
        service.spec.as_ref()?.selector.as_ref()?.get(POD_TEMPLATE_HASH).cloned()
    };
    let (active, preview) = match (&rollout.spec.strategy.blue_green, &rollout.spec.strategy.canary) {
        (Some(strategy), _) => (Some(strategy.active_service.as_str()), strategy.preview_service.as_deref()),
        (None, Some(strategy)) => (strategy.stable_service.as_deref(), strategy.canary_service.as_deref()),
        (None, None) => (None, None),
    };
    let (active, preview) = (hash(active), hash(preview));
    Ok(Some(Seen { active, preview, rollout, replica_sets }))
}

/// The version that a ReplicaSet runs: the tag of its first container's image.
pub(crate) fn version(replica_set: &ReplicaSet) -> Option<&str> {
    replica_set.spec.template.as_ref()?.version()
}

impl Seen {
    fn version_of(&self, hash: Option<&str>) -> Option<&str> {
        version(rollouts_client::revision::by_hash(&self.replica_sets, hash?)?)
    }

    /// The version that the active Service selects.
    pub(crate) fn active_version(&self) -> Option<&str> {
        self.version_of(self.active.as_deref())
    }

    fn ready(&self, hash: Option<&str>) -> i32 {
        let set = hash.and_then(|hash| rollouts_client::revision::by_hash(&self.replica_sets, hash));
        set.and_then(|set| set.status.as_ref()?.ready_replicas).unwrap_or_default()
    }
}

/// Whether everything that is said of a Rollout is so, and what is seen.
pub(crate) fn judge(wanted: &RolloutIs, seen: &Seen) -> Look {
    let mut holds = Vec::new();
    let (phase, message) = phase::of(&seen.rollout);
    if let Some(wanted) = &wanted.phase {
        if phase.as_str() != wanted {
            let message = if message.is_empty() { message } else { format!(" ({message})") };
            return Look::NotSo(format!("it is {phase}{message}, not {wanted}"));
        }
        holds.push(wanted.clone());
    }
    for (service, hash, wanted) in
        [("active", &seen.active, &wanted.active), ("preview", &seen.preview, &wanted.preview)]
    {
        let Some(wanted) = wanted else { continue };
        match seen.version_of(hash.as_deref()) {
            Some(version) if version == wanted && seen.ready(hash.as_deref()) > 0 => {
                holds.push(format!("{service} is {version}"));
            }
            Some(version) if version == wanted => {
                return Look::NotSo(format!("{service} is {version} without a ready pod"));
            }
            other => {
                return Look::NotSo(format!("{service} is {}, not {wanted}", other.unwrap_or("nothing")));
            }
        }
    }
    if let Some(gone) = &wanted.gone {
        let left: i32 = seen
            .replica_sets
            .iter()
            .filter(|set| version(set) == Some(gone))
            .map(|set| set.status.as_ref().map_or(0, |status| status.replicas).max(set.desired()))
            .sum();
        if left > 0 {
            return Look::NotSo(format!("{gone} still has {left} pods"));
        }
        holds.push(format!("{gone} is scaled down"));
    }
    for wanted in &wanted.revisions {
        if !seen.replica_sets.iter().any(|set| version(set) == Some(wanted)) {
            return Look::NotSo(format!("no revision of it has had {wanted}"));
        }
    }
    if !wanted.revisions.is_empty() {
        holds.push(format!("its revisions have had {}", wanted.revisions.join(", ")));
    }
    Look::So(format!("rollout {}: {}", wanted.on.name, holds.join("; ")))
}
