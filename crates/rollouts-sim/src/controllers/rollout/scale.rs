//! Sizes: what each ReplicaSet should have, and the writes that get it there.

use std::sync::Arc;
use std::time::Duration;

use crate::json::{Value, json};
use rollouts_client::names;
use rollouts_client::types::{ReplicaSet, TrafficWeights};

use super::pass::Pass;
use super::pause::{INCONCLUSIVE, seconds};
use super::{analyses, annotations};
use crate::controllers::time::{between, stamp};
use crate::queue::later;
use crate::refusal::Refusal;
use crate::resource::Resource;
use crate::world::World;
use crate::write::ROLLOUTS;

/// Upstream's resync period: a deadline further off than this is not waited for.
const RESYNC: Duration = Duration::from_secs(15 * 60);
const SCALE_DOWN_DELAY: i32 = 30;

/// Pods that the new version should have now.
pub(super) fn new_replicas(pass: &Pass) -> i32 {
    let all = pass.rollout.replicas();
    let (Some(preview), Some(new)) = (pass.strategy().preview_replica_count, &pass.new) else { return all };
    let status = pass.blue_green_status();
    let active =
        pass.by_hash(status.active_selector.as_deref().filter(|hash| !hash.is_empty()).unwrap_or("-"));
    let promoting =
        active.is_none_or(|active| active.name() == new.name()) || pass.status().promote_full == Some(true);
    if promoting {
        return all;
    }
    if new.hash() != pass.rollout.current_hash() {
        return preview;
    }
    let paused = pass.rollout.paused() || !pass.rollout.pause_conditions().is_empty();
    if !paused && status.scale_up_preview_check_point == Some(true) { all } else { preview }
}

/// Whether the new version has the pods that it should have, all available.
pub(super) fn ready_for_pause(pass: &Pass) -> bool {
    let wanted = new_replicas(pass);
    pass.new.as_ref().is_some_and(|new| new.desired() == wanted && new.available() == wanted)
}

/// Whether a version has all pods of the Rollout, all available, and its books say so.
pub(super) fn saturated(pass: &Pass, set: &ReplicaSet) -> bool {
    let all = pass.rollout.replicas();
    set.desired() == all && annotations::desired(set) == Some(all) && set.available() == all
}

/// Whether `spec.replicas` differs from what the running ReplicaSets were last scaled for.
pub(super) fn is_scaling(pass: &Pass) -> bool {
    let running = pass.new.iter().chain(pass.stable()).filter(|set| set.desired() > 0);
    running.filter_map(|set| annotations::desired(set)).any(|desired| desired != pass.rollout.replicas())
}

/// Whether an abort leaves the new version running until a deadline.
fn delays_on_abort(pass: &Pass) -> bool {
    let asked = match &pass.canary {
        Some(canary) => canary.delays_on_abort(),
        None => abort_delay(pass).is_some(),
    };
    pass.aborted() && pass.stable().is_some() && asked
}

/// `None` when an aborted version runs on for ever.
fn abort_delay(pass: &Pass) -> Option<Duration> {
    if let Some(canary) = &pass.canary {
        return canary.abort_delay();
    }
    let delay = pass.strategy().abort_scale_down_delay_seconds.unwrap_or(SCALE_DOWN_DELAY);
    (delay != 0).then(|| seconds(delay))
}

/// Scales all ReplicaSets: the stable one, the new one, the others; then forgets the oldest.
pub(super) fn reconcile(world: &mut World, pass: &Pass) -> Result<(), Refusal> {
    remove_deadlines(world, pass)?;
    if let Some(stable) = pass.stable() {
        scale(world, pass, stable, pass.rollout.replicas())?;
    }
    reconcile_new(world, pass, new_replicas(pass))?;
    let others = pass.others();
    reconcile_others(world, pass, &others)?;
    forget(world, pass, &others)
}

/// The new and the stable version are to stay: no deadline for them.
pub(super) fn remove_deadlines(world: &mut World, pass: &Pass) -> Result<(), Refusal> {
    let new = pass.new.iter().filter(|_| !delays_on_abort(pass));
    let stable = pass.stable().filter(|stable| delays_on_abort(pass) || stable.name() != pass.new_name());
    for set in new.chain(stable).filter(|set| annotations::has_deadline(set)) {
        annotate(world, pass, set, None)?;
    }
    Ok(())
}

fn annotate(
    world: &mut World,
    pass: &Pass,
    set: &ReplicaSet,
    deadline: Option<String>,
) -> Result<(), Refusal> {
    let write = |object: &mut Value| match deadline {
        Some(deadline) => object["metadata"]["annotations"][names::SCALE_DOWN_DEADLINE] = json!(deadline),
        None => drop_deadline(object),
    };
    world.modify(ROLLOUTS, Resource::ReplicaSet, &pass.ns, set.name(), write).map(drop)
}

fn drop_deadline(object: &mut Value) {
    if let Some(annotations) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.remove(names::SCALE_DOWN_DEADLINE);
    }
}

/// Scales the new version to `wanted`, or, when it was aborted, to nothing after a delay. Says whether it did.
pub(super) fn reconcile_new(world: &mut World, pass: &Pass, mut wanted: i32) -> Result<bool, Refusal> {
    let Some(new) = &pass.new else { return Ok(false) };
    if delays_on_abort(pass) {
        match new.scale_down_deadline() {
            Some(deadline) if deadline > pass.now => {
                if between(pass.now, deadline) < RESYNC {
                    world.queue.schedule(deadline, pass.work());
                    sync_desired(world, pass, new)?;
                    return Ok(false);
                }
            }
            Some(_) => wanted = 0,
            None if annotations::has_deadline(new) => {}
            None => {
                sync_desired(world, pass, new)?;
                let stable = pass.stable().map_or(0, |set| set.available());
                if let Some(delay) = abort_delay(pass).filter(|_| stable >= pass.rollout.replicas()) {
                    annotate(world, pass, new, Some(stamp(later(pass.now, delay))))?;
                }
                return Ok(false);
            }
        }
    }
    scale(world, pass, new, wanted)
}

/// Writes the Rollout's replicas into the books of a ReplicaSet that keeps its size.
fn sync_desired(world: &mut World, pass: &Pass, set: &ReplicaSet) -> Result<(), Refusal> {
    if annotations::stale(set, pass.rollout.replicas()) {
        scale(world, pass, set, set.desired())?;
    }
    Ok(())
}

/// Sets a ReplicaSet's size and books, with an Event when the size changes. Says whether it does.
pub(super) fn scale(world: &mut World, pass: &Pass, set: &ReplicaSet, to: i32) -> Result<bool, Refusal> {
    let from = set.desired();
    let all = pass.rollout.replicas();
    if from == to && !annotations::stale(set, all) {
        return Ok(false);
    }
    let forget_deadline = to == 0 && !delays_on_abort(pass);
    world.modify(ROLLOUTS, Resource::ReplicaSet, &pass.ns, set.name(), |object| {
        object["spec"]["replicas"] = json!(to);
        object["metadata"]["annotations"][annotations::DESIRED_REPLICAS] = json!(all.to_string());
        if forget_deadline {
            drop_deadline(object);
        }
    })?;
    if from != to {
        let way = if from < to { "up" } else { "down" };
        let (name, revision) = (set.name(), set.revision());
        let message = format!("Scaled {way} ReplicaSet {name} (revision {revision}) from {from} to {to}");
        pass.event(world, false, "ScalingReplicaSet", &message);
    }
    Ok(from != to)
}

/// Versions that are neither new nor stable run on until a deadline, the latest first.
fn reconcile_others(world: &mut World, pass: &Pass, others: &[Arc<ReplicaSet>]) -> Result<(), Refusal> {
    let mut running: Vec<&Arc<ReplicaSet>> = others.iter().filter(|set| set.desired() > 0).collect();
    if running.is_empty() || pass.pause_condition(INCONCLUSIVE).is_some() || waits_for_analysis(pass) {
        return Ok(());
    }
    running.sort_by_key(|set| std::cmp::Reverse((set.revision(), set.metadata.creation_timestamp.clone())));
    let mut delayed = 0;
    for set in running {
        if referenced(world, pass, set) {
            continue;
        }
        let to = other_replicas(world, pass, set, &mut delayed)?;
        if set.desired() != to {
            scale(world, pass, set, to)?;
        }
    }
    Ok(())
}

/// Without a stated delay the old version also waits for the analysis after the promotion.
fn waits_for_analysis(pass: &Pass) -> bool {
    let strategy = pass.strategy();
    strategy.post_promotion_analysis.is_some()
        && strategy.scale_down_delay_seconds.is_none()
        && !analyses::skips_post(pass)
        && !analyses::successful(pass.post.as_deref())
}

/// Whether the status or a Service still names this version.
pub(super) fn referenced(world: &World, pass: &Pass, set: &ReplicaSet) -> bool {
    let Some(hash) = set.hash() else { return false };
    if let Some(canary) = &pass.canary {
        let names = |weights: &TrafficWeights| {
            [&weights.canary, &weights.stable].iter().any(|to| to.pod_template_hash.as_deref() == Some(hash))
        };
        return pass.standing_weights().is_some_and(names)
            || [pass.rollout.stable_hash(), pass.rollout.current_hash()].contains(&Some(hash))
            || super::canary::services::select(world, pass, canary, hash);
    }
    let status = pass.blue_green_status();
    let named = [status.active_selector.as_deref(), status.preview_selector.as_deref()];
    let strategy = pass.strategy();
    let services = [Some(strategy.active_service.as_str()), strategy.preview_service.as_deref()];
    let selected = services.into_iter().flatten().any(|name| {
        let service = world.store.get(Resource::Service, &pass.ns, name);
        service.is_some_and(|service| service["spec"]["selector"][names::POD_TEMPLATE_HASH] == hash)
    });
    selected
        || named.contains(&Some(hash))
        || pass.rollout.stable_hash() == Some(hash)
        || pass.rollout.current_hash() == Some(hash)
}

/// The size of one old version. With a delay of 0 it keeps its size for ever, as upstream: no deadline is written.
fn other_replicas(
    world: &mut World,
    pass: &Pass,
    set: &ReplicaSet,
    delayed: &mut i32,
) -> Result<i32, Refusal> {
    let strategy = pass.strategy();
    let limit = strategy.scale_down_delay_revision_limit.unwrap_or(i32::MAX);
    let delay = seconds(strategy.scale_down_delay_seconds.unwrap_or(SCALE_DOWN_DELAY));
    delayed_size(world, pass, set, (delay, limit), pass.rollout.replicas(), delayed)
}

/// The size of an old version that runs on for a delay, as long as there are no more than `limit` of them:
/// `meanwhile` until the deadline, nothing after it.
pub(super) fn delayed_size(
    world: &mut World,
    pass: &Pass,
    set: &ReplicaSet,
    (delay, limit): (Duration, i32),
    meanwhile: i32,
    delayed: &mut i32,
) -> Result<i32, Refusal> {
    if !annotations::has_deadline(set) {
        if *delayed >= limit {
            return Ok(0);
        }
        *delayed += 1;
        if !delay.is_zero() {
            annotate(world, pass, set, Some(stamp(later(pass.now, delay))))?;
            world.queue.after(delay, pass.work());
        }
        return Ok(set.desired());
    }
    *delayed += 1;
    match set.scale_down_deadline() {
        Some(deadline) if *delayed <= limit && deadline > pass.now => {
            world.queue.schedule(deadline, pass.work());
            Ok(meanwhile)
        }
        _ => Ok(0),
    }
}

/// Deletes the oldest ReplicaSets beyond the history limit, with their analyses.
pub(super) fn forget(world: &mut World, pass: &Pass, others: &[Arc<ReplicaSet>]) -> Result<(), Refusal> {
    let limit = usize::try_from(pass.rollout.spec.revision_history_limit.unwrap_or(10)).unwrap_or(0);
    let surplus = others.len().saturating_sub(limit);
    for set in others.iter().take(surplus) {
        let seen = set.status.as_ref().and_then(|status| status.observed_generation).unwrap_or(0);
        let unseen = set.metadata.generation.unwrap_or(0) > seen;
        if created(set) != 0 || set.desired() != 0 || unseen {
            continue;
        }
        world.delete(Resource::ReplicaSet, &pass.ns, set.name(), None)?;
        analyses::forget_of(world, pass, set.hash().unwrap_or_default())?;
    }
    Ok(())
}

/// Whether a deadline of another version than the new and the stable one stands.
pub(super) fn waits_for_deadline(pass: &Pass) -> bool {
    pass.others().iter().any(|set| annotations::has_deadline(set))
}

/// Pods of some ReplicaSets, by what counts them.
pub(super) fn total<'a>(
    sets: impl IntoIterator<Item = &'a Arc<ReplicaSet>>,
    count: impl Fn(&ReplicaSet) -> i32,
) -> i32 {
    sets.into_iter().fold(0, |sum, set| sum.saturating_add(count(set)))
}

/// Pods that a ReplicaSet says it has, for [`total`].
pub(super) fn created(set: &ReplicaSet) -> i32 {
    set.status.as_ref().map_or(0, |status| status.replicas)
}
