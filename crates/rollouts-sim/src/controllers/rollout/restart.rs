//! `spec.restartAt`: evicting the pods that are older, a few at a time.

use std::time::Duration;

use crate::json::Value;
use jiff::Timestamp;
use rollouts_client::types::IntOrString;

use super::pass::Pass;
use crate::controllers::pods::{self, Availability};
use crate::controllers::time::parse;
use crate::object::{self, text};
use crate::queue::later;
use crate::refusal::Refusal;
use crate::resource::Resource;
use crate::store::Object;
use crate::world::World;

/// How soon a restart that is not finished is looked at again, at the latest.
const AGAIN: Duration = Duration::from_secs(30);

/// Evicts what may be evicted now, and says how many. PodDisruptionBudgets are not simulated.
pub(super) fn reconcile(world: &mut World, pass: &mut Pass) -> Result<usize, Refusal> {
    let Some(at) = pass.rollout.spec.restart_at.as_ref().map(|time| time.0) else { return Ok(0) };
    if at >= pass.now {
        // It is due strictly after that moment.
        world.queue.schedule(later(at, Duration::from_millis(1)), pass.work());
        return Ok(0);
    }
    if pass.status().restarted_at.as_ref().is_some_and(|done| done.0 == at) {
        return Ok(0);
    }
    let pods = pods(world, pass);
    let min_ready = pass.rollout.spec.min_ready_seconds.unwrap_or(0);
    let available = pods.iter().filter(|pod| available(pod, min_ready, pass.now)).count();
    let total: i32 = pass.sets.iter().map(|set| set.desired()).sum();
    let at_once = max_unavailable(pass).max(1);
    let spare = i32::try_from(available).unwrap_or(i32::MAX) - (pass.rollout.replicas().max(total) - at_once);
    let old: Vec<&Object> =
        pods.iter().filter(|pod| created(pod).is_none_or(|created| created < at)).collect();
    let mut evicted = 0;
    let evictable = old.iter().filter(|pod| !object::deleting(pod));
    for pod in evictable.take(usize::try_from(spare).unwrap_or(0)) {
        world.delete(Resource::Pod, &pass.ns, object::name(pod), None)?;
        evicted += 1;
    }
    if old.len() == evicted {
        pass.restarted_at = pass.rollout.spec.restart_at.clone();
    } else {
        world.queue.after(AGAIN, pass.work());
    }
    Ok(evicted)
}

fn pods(world: &World, pass: &Pass) -> Vec<Object> {
    let uids: Vec<&str> = pass.sets.iter().filter_map(|set| set.metadata.uid.as_deref()).collect();
    let of_rollout = |pod: &&Object| uids.iter().any(|uid| object::controlled_by(pod, uid));
    world.store.list(Resource::Pod, &pass.ns).filter(of_rollout).cloned().collect()
}

fn created(pod: &Value) -> Option<Timestamp> {
    parse(text(pod, "/metadata/creationTimestamp"))
}

fn available(pod: &Value, min_ready: i32, now: Timestamp) -> bool {
    let min_ready = super::pause::seconds(min_ready);
    !object::deleting(pod) && pods::availability(pod, min_ready, now) == Availability::Available
}

/// `maxUnavailable`, a number or a share of the replicas rounded down; at most all of them.
fn max_unavailable(pass: &Pass) -> i32 {
    let all = pass.rollout.replicas();
    if let Some(canary) = &pass.canary {
        return canary.max_unavailable(all);
    }
    let share = |percent: &str| {
        let percent: i32 = percent.trim_end_matches('%').parse().unwrap_or(25);
        all.saturating_mul(percent) / 100
    };
    let limit = match &pass.strategy().max_unavailable {
        Some(IntOrString::Int(count)) => *count,
        Some(IntOrString::String(percent)) => share(percent),
        None => share("25"),
    };
    limit.min(all)
}
