//! The status of a canary: which step, and whether the version may be called stable.

use rollouts_client::types::{AnalysisPhase, ReplicaSet, RolloutStatus};

use super::super::pass::Pass;
use super::super::persist;
use super::super::scale::{created, total};
use super::super::status::{base, fast_rollback, promote, rollback_within_window, selector_text};
use super::sizes::{Set, Shares};
use super::spec::Canary;
use super::{pause, sizing};
use crate::refusal::Refusal;
use crate::world::World;

const STEP_HASH: &str = "currentStepHash";

/// Whether the steps differ from those whose hash the status has, or it has none yet.
pub(super) fn steps_changed(pass: &Pass) -> bool {
    pass.status().other.get(STEP_HASH).and_then(|hash| hash.as_str()) != Some(pass.step_hash.as_str())
}

/// Computes and writes the status at the end of a pass.
pub(super) fn sync(world: &mut World, pass: &mut Pass, canary: &Canary) -> Result<(), Refusal> {
    let (standing, promote_full) = (pass.status().current_step_index, pass.status().promote_full);
    let mut new = base(pass);
    count_all(pass, &mut new);
    let part = new.canary.get_or_insert_default();
    part.weights = pass.weights.clone();
    part.current_step_analysis_run_status = pass.step_status.clone();
    part.current_background_analysis_run_status = pass.background_status.clone();
    new.stable_rs = pass.status().stable_rs.clone();
    new.other.insert(STEP_HASH.to_owned(), pass.step_hash.clone().into());
    if pass.template_changed() || steps_changed(pass) {
        begin(world, pass, canary, &mut new);
        return persist::status(world, pass, new);
    }
    let mut index = canary.index(standing);
    let all = (canary.step_count() > 0).then(|| canary.step_count());
    if promote_full == Some(true) || rollback_within_window(pass) {
        pass.pause.clear = true;
        pass.pause.remove_abort = true;
        index = all.or(index);
    }
    if let Some(why) = full_promotion(pass, canary) {
        promote(world, pass, &mut new, &why);
        new.current_step_index = all;
        return persist::status(world, pass, new);
    }
    if pass.aborted() {
        let settled = new.stable_rs == new.current_pod_hash;
        new.current_step_index = all.map(|all| if settled { all } else { 0 });
        return persist::status(world, pass, new);
    }
    if let Some(at) = index.filter(|_| step_completed(pass, canary)) {
        let step = canary.step(canary.index(standing)).map(super::spec::Step::words);
        index = Some(at + 1);
        new.canary.get_or_insert_default().current_step_analysis_run_status = None;
        let (count, step) = (canary.step_count(), step.unwrap_or_default());
        let message = format!("Rollout step {}/{count} completed ({step})", at + 1);
        pass.event(world, false, "RolloutStepCompleted", &message);
        pass.pause.remove.push(super::super::pause::CANARY);
    }
    new.current_step_index = index;
    persist::status(world, pass, new)
}

/// A new update begins: at the first step, or behind the last one when it goes back to what runs already.
fn begin(world: &mut World, pass: &mut Pass, canary: &Canary, new: &mut RolloutStatus) {
    pass.pause.clear = true;
    pass.pause.remove_abort = true;
    new.restarted_at = pass.rollout.spec.restart_at.clone();
    new.promote_full = None;
    let part = new.canary.get_or_insert_default();
    part.current_step_analysis_run_status = None;
    part.current_background_analysis_run_status = None;
    new.current_step_index = (canary.step_count() > 0).then_some(0);
    if canary.step_count() == 0 {
        return;
    }
    let Some(set) = &pass.new else { return };
    let skips = if pass.rollout.stable_hash() == set.hash() {
        "Rollback to stable ReplicaSets"
    } else if rollback_within_window(pass) && set.desired() > 0 {
        "Rollback to active ReplicaSets within RollbackWindow"
    } else {
        return;
    };
    pass.event(world, false, "SkipSteps", skips);
    new.current_step_index = Some(canary.step_count());
}

/// Why the present version may be called stable; `None` while it may not. The order of these matters.
fn full_promotion(pass: &Pass, canary: &Canary) -> Option<String> {
    if pass.stable().is_none() {
        return Some("Initial deploy".to_owned());
    }
    if pass.aborted() {
        return None;
    }
    let all = pass.rollout.replicas();
    let new = pass.new.as_ref()?;
    if new.available() < all && !sizing(pass, canary).enough(Some(Set::of(new)), all) {
        return None;
    }
    if pass.status().promote_full == Some(true) {
        return Some("Full promotion requested".to_owned());
    }
    if fast_rollback(pass) {
        let within = rollback_within_window(pass);
        return Some(if within { "Rollback within window" } else { "Fast rollback" }.to_owned());
    }
    let (count, index) = (canary.step_count(), canary.index(pass.status().current_step_index));
    (index.is_none() || index == Some(count)).then(|| format!("Completed all {count} canary steps"))
}

/// Whether the present step has done what it is there for.
fn step_completed(pass: &Pass, canary: &Canary) -> bool {
    let step = canary.step(canary.index(pass.status().current_step_index));
    let Some(step) = step.filter(|_| !pass.rollout.paused()) else { return false };
    if let Some(pause) = &step.pause {
        return pause::completed(pass, pause);
    }
    if step.set_canary_scale.is_some() || step.set_weight.is_some() {
        return sizing(pass, canary).at_desired(Shares::of(pass.weights.as_ref()));
    }
    let run = pass.step_status.as_ref();
    step.analysis.is_some() && run.is_some_and(|run| run.status == AnalysisPhase::Successful)
}

/// Counts over all versions: behind one Service they all serve.
fn count_all(pass: &Pass, new: &mut RolloutStatus) {
    let selector = crate::json::to_value(&pass.rollout.spec.selector).unwrap_or_default();
    new.available_replicas = Some(total(&pass.sets, ReplicaSet::available));
    new.other.insert("HPAReplicas".to_owned(), total(&pass.sets, created).into());
    new.other.insert("selector".to_owned(), selector_text(&selector).into());
}

/// The counts alone, after a change of `spec.replicas`.
pub(super) fn sync_counts(world: &mut World, pass: &mut Pass) -> Result<(), Refusal> {
    let mut new = pass.status().clone();
    count_all(pass, &mut new);
    persist::status(world, pass, new)
}

/// Whether everything asked for is there, available and alone.
pub(in super::super) fn healthy(pass: &Pass, canary: &Canary, new: &RolloutStatus) -> bool {
    let all = Some(pass.rollout.replicas());
    let observed = pass.status().observed_generation.as_ref().and_then(|text| text.parse::<i64>().ok());
    let count = canary.step_count();
    let stepped = count == 0 || new.current_step_index.is_none_or(|index| index == count);
    new.updated_replicas == all
        && new.available_replicas == all
        && new.replicas == all
        && observed == pass.rollout.metadata.generation
        && stepped
        && super::super::status::completed(new)
}

/// Whether the strategy itself has moved since the last status.
pub(in super::super) fn progressing(old: &RolloutStatus, new: &RolloutStatus) -> bool {
    let moved = match (old.current_step_index, new.current_step_index) {
        (Some(was), Some(is)) => was != is,
        _ => false,
    };
    moved || old.stable_hash() != new.stable_hash() || old.other.get(STEP_HASH) != new.other.get(STEP_HASH)
}

/// Whether enough pods of any version are available.
pub(in super::super) fn available(pass: &Pass) -> bool {
    pass.sets.iter().map(|set| set.available()).sum::<i32>() >= pass.rollout.replicas()
}
