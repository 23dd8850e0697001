//! The stable and the canary Service: whom they select.

use std::sync::Arc;

use rollouts_client::names;
use rollouts_client::types::ReplicaSet;

use super::super::pass::Pass;
use super::super::services::{self, Target};
use super::spec::Canary;
use crate::refusal::Refusal;
use crate::world::World;

/// The stable Service follows the stable version, the canary Service the new one.
///
/// While an update is aborted the traffic step turns the canary Service to the stable version, and this one, in the
/// next pass, back again. Upstream's passes do the same to each other, several times a second, until the aborted
/// version is scaled down: recorded on a real cluster, and harmless because the weight is 0 by then.
pub(super) fn reconcile(world: &mut World, pass: &Pass, canary: &Canary) -> Result<(), Refusal> {
    ensure(world, pass, &canary.stable_service, pass.stable().map(Arc::as_ref), true)?;
    if pass.aborted() && !canary.routed() {
        return ensure(world, pass, &canary.canary_service, pass.stable().map(Arc::as_ref), true);
    }
    if going_back(pass, canary).is_some() {
        // The stable version might be too small for what the canary Service carries.
        return Ok(());
    }
    ensure(world, pass, &canary.canary_service, pass.new.as_deref(), true)
}

/// The version that the Rollout goes back from, when it goes back to the stable version before the update has ended
/// and that version is not complete yet (`dynamicStableScale` only).
pub(super) fn going_back(pass: &Pass, canary: &Canary) -> Option<String> {
    if !pass.rollout.fully_promoted() || !canary.routed() || !canary.dynamic_stable_scale {
        return None;
    }
    let standing = pass.standing_weights()?.canary.pod_template_hash.clone().unwrap_or_default();
    let incomplete = pass.new.as_ref().is_some_and(|new| new.available() < pass.rollout.replicas());
    (standing != pass.new_hash() && incomplete).then_some(standing)
}

/// Has a Service select a version, if that version can serve.
pub(super) fn ensure(
    world: &mut World,
    pass: &Pass,
    service: &str,
    set: Option<&ReplicaSet>,
    only_available: bool,
) -> Result<(), Refusal> {
    let Some(set) = set.filter(|_| !service.is_empty()) else { return Ok(()) };
    let mut target = Target::read(world, &pass.ns, service)?;
    let hash = set.hash().unwrap_or_default();
    if target.hash() == hash || (only_available && !serves(set, target.managed)) {
        return Ok(());
    }
    services::switch(world, pass, &mut target, hash)
}

/// Whether a version can take over a Service: all its pods are available, or one when the Service is the Rollout's
/// already.
fn serves(set: &ReplicaSet, managed: bool) -> bool {
    let (desired, available) = (set.desired(), set.available());
    available > 0 && (managed || (desired != 0 && desired <= available))
}

/// Whether one of the two Services selects a version.
pub(in super::super) fn select(world: &World, pass: &Pass, canary: &Canary, hash: &str) -> bool {
    [&canary.stable_service, &canary.canary_service].into_iter().filter(|name| !name.is_empty()).any(|name| {
        let service = world.store.get(crate::resource::Resource::Service, &pass.ns, name);
        service.is_some_and(|service| service["spec"]["selector"][names::POD_TEMPLATE_HASH] == hash)
    })
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    #[test]
    fn a_foreign_service_is_taken_over_by_a_whole_version_only() {
        for (desired, available, managed, want) in [
            (4, 4, false, true),
            (4, 3, false, false),
            (4, 1, true, true),
            (4, 0, true, false),
            (0, 0, false, false),
        ] {
            let set: ReplicaSet = crate::json::from_value(&json!({
                "metadata": {}, "spec": {"replicas": desired}, "status": {"availableReplicas": available},
            }))
            .unwrap();
            assert_eq!(serves(&set, managed), want, "{available} of {desired}, managed: {managed}");
        }
    }
}
