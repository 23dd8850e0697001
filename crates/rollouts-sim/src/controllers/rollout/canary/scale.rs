//! Sizes: the stable version's first, then the new one's, then those of the others. Each change ends the pass.

use std::sync::Arc;

use rollouts_client::types::ReplicaSet;

use super::super::pass::Pass;
use super::super::{annotations, scale as sets};
use super::sizes::Shares;
use super::spec::Canary;
use super::{apart, sizing};
use crate::refusal::Refusal;
use crate::world::World;

/// Scales what is to be scaled. Says whether it did.
pub(super) fn reconcile(world: &mut World, pass: &Pass, canary: &Canary) -> Result<bool, Refusal> {
    if pass.halted() {
        return Ok(false);
    }
    sets::remove_deadlines(world, pass)?;
    Ok(stable(world, pass, canary)? || new(world, pass, canary)? || others(world, pass, canary)?)
}

/// By the weights of the last pass, so that the stable version lags behind a change of weight.
fn stable(world: &mut World, pass: &Pass, canary: &Canary) -> Result<bool, Refusal> {
    match pass.stable().filter(|_| apart(pass)) {
        Some(stable) => {
            let wanted = sizing(pass, canary).counts(Shares::of(pass.standing_weights())).stable;
            sets::scale(world, pass, stable, wanted)
        }
        None => Ok(false),
    }
}

/// By the weights of this pass.
fn new(world: &mut World, pass: &Pass, canary: &Canary) -> Result<bool, Refusal> {
    let wanted = sizing(pass, canary).counts(Shares::of(pass.weights.as_ref())).canary;
    sets::reconcile_new(world, pass, wanted)
}

fn others(world: &mut World, pass: &Pass, canary: &Canary) -> Result<bool, Refusal> {
    let mut running: Vec<Arc<ReplicaSet>> =
        pass.others().into_iter().filter(|set| set.desired() > 0).collect();
    if running.is_empty() {
        return Ok(false);
    }
    let mut scaled = drop_unhealthy(world, pass, &mut running)?;
    let all: i32 = pass.sets.iter().map(|set| set.available()).sum();
    let replicas = pass.rollout.replicas();
    let mut spare = all - (replicas - canary.max_unavailable(replicas));
    running.sort_by_key(|set| std::cmp::Reverse(set.revision()));
    let mut delayed = 0;
    if spare <= 0 {
        return Ok(scaled);
    }
    for set in &running {
        if spare <= 0 {
            break;
        }
        if set.desired() == 0 || (canary.routed() && sets::referenced(world, pass, set)) {
            continue;
        }
        let to = target(world, pass, canary, set, spare, &mut delayed)?;
        if to != set.desired() {
            scaled |= sets::scale(world, pass, set, to)?;
            spare -= set.desired() - to;
        }
    }
    Ok(scaled)
}

/// Pods of old versions that are not available go first.
fn drop_unhealthy(world: &mut World, pass: &Pass, running: &mut [Arc<ReplicaSet>]) -> Result<bool, Refusal> {
    let mut scaled = false;
    for set in running {
        let available = set.available();
        if available < set.desired() {
            scaled |= sets::scale(world, pass, set, available)?;
            Arc::make_mut(set).spec.replicas = Some(available);
        }
    }
    Ok(scaled)
}

/// The size of one old version.
fn target(
    world: &mut World,
    pass: &Pass,
    canary: &Canary,
    set: &ReplicaSet,
    spare: i32,
    delayed: &mut i32,
) -> Result<i32, Refusal> {
    if !canary.routed() {
        // Its pods are served as long as they are there.
        return Ok((set.desired() - spare).max(0));
    }
    let was_stable = pass.rollout.fully_promoted() || annotations::has_deadline(set);
    if was_stable && !canary.dynamic_stable_scale {
        let limit = canary.scale_down_delay_revision_limit.unwrap_or(i32::MAX);
        let delay = (canary.scale_down_delay(), limit);
        return sets::delayed_size(world, pass, set, delay, set.desired(), delayed);
    }
    // A version between two others, which no traffic reaches any more.
    Ok(0)
}
