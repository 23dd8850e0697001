//! The status of a pass: built from nothing, from what the ReplicaSets and Services say.

use std::sync::Arc;

use crate::json::Value;
use rollouts_client::types::{BlueGreenStatus, CanaryStatus, ReplicaSet, RolloutStatus};

use super::pass::Pass;
use super::scale::{created, total};
use super::services::Target;
use super::{analyses, canary, conditions, pause, persist};
use crate::refusal::Refusal;
use crate::world::World;

/// Whether the present version was there before: it is the stable one, or older than it.
fn rollback(pass: &Pass) -> bool {
    match (&pass.new, pass.stable()) {
        (Some(new), Some(stable)) => new.hash() == stable.hash() || older(new, stable),
        _ => false,
    }
}

fn older(a: &ReplicaSet, b: &ReplicaSet) -> bool {
    a.metadata.creation_timestamp < b.metadata.creation_timestamp
}

/// Whether a rollback skips pause and analysis: its pods still run, or it is within the window, or it goes back to
/// the stable version. Also true of a Rollout at rest.
pub(super) fn fast_rollback(pass: &Pass) -> bool {
    let to_stable = pass.rollout.stable_hash() == Some(pass.new_hash());
    rollback(pass) && (rollback_within_window(pass) || pass.new_within_delay || to_stable)
}

/// Whether at most `rollbackWindow.revisions` - 1 versions lie between the present version and the stable one.
pub(super) fn rollback_within_window(pass: &Pass) -> bool {
    let window = pass.rollout.spec.rollback_window.as_ref().and_then(|window| window.revisions).unwrap_or(0);
    let (Some(new), Some(stable)) = (&pass.new, pass.stable()) else { return false };
    let between = pass.sets.iter().filter(|set| older(set, stable) && older(new, set)).count();
    older(new, stable) && i32::try_from(between).is_ok_and(|between| between < window)
}

/// What every status begins with.
pub(super) fn base(pass: &Pass) -> RolloutStatus {
    let old = pass.status();
    let ready = total(&pass.sets, ReplicaSet::ready);
    let mut new = RolloutStatus {
        current_pod_hash: Some(pass.new_hash().to_owned()),
        replicas: Some(total(&pass.sets, created)),
        updated_replicas: Some(total(&pass.new, created)),
        ready_replicas: Some(ready),
        // What the first pass wrote as invalid is taken off once the spec is valid.
        conditions: Some(
            old.conditions.iter().flatten().filter(|c| c.type_ != "InvalidSpec").cloned().collect(),
        ),
        restarted_at: pass.restarted_at.clone(),
        blue_green: Some(BlueGreenStatus::default()),
        canary: Some(CanaryStatus::default()),
        ..RolloutStatus::default()
    };
    // Upstream compares with a stable hash that is not filled in yet, so that the request always survives here.
    new.promote_full = old.promote_full;
    if let Some(collisions) = old.other.get("collisionCount") {
        new.other.insert("collisionCount".to_owned(), collisions.clone());
    }
    new
}

/// Computes and writes the status at the end of a pass.
pub(super) fn sync(
    world: &mut World,
    pass: &mut Pass,
    preview: Option<&Target>,
    active: &Target,
) -> Result<(), Refusal> {
    let promote_full = pass.status().promote_full == Some(true);
    let mut new = base(pass);
    new.stable_rs = pass.status().stable_rs.clone();
    let mut blue_green = BlueGreenStatus {
        pre_promotion_analysis_run_status: pass.pre_status.clone(),
        post_promotion_analysis_run_status: pass.post_status.clone(),
        preview_selector: Some(preview.map_or("", Target::hash).to_owned()),
        active_selector: Some(active.hash().to_owned()),
        ..BlueGreenStatus::default()
    };
    if pass.template_changed() {
        // A new update begins.
        pass.pause.clear = true;
        pass.pause.remove_abort = true;
        new.restarted_at = pass.rollout.spec.restart_at.clone();
        new.promote_full = None;
        blue_green.pre_promotion_analysis_run_status = None;
        blue_green.post_promotion_analysis_run_status = None;
    }
    if promote_full || rollback_within_window(pass) {
        pass.pause.clear = true;
        pass.pause.remove_abort = true;
    }
    match full_promotion(pass, active) {
        Some(why) => promote(world, pass, &mut new, why),
        None => blue_green.scale_up_preview_check_point = Some(check_point(pass)),
    }
    new.blue_green = Some(blue_green);
    count_active(pass, &mut new);
    persist::status(world, pass, new)
}

/// Counts of what serves: of the active version, or of all while there is none.
fn count_active(pass: &Pass, new: &mut RolloutStatus) {
    let hash = new.blue_green.as_ref().and_then(|status| status.active_selector.clone()).unwrap_or_default();
    let active = pass.by_hash(&hash).filter(|_| !hash.is_empty());
    let sets: Vec<&Arc<ReplicaSet>> =
        active.map_or_else(|| pass.sets.iter().collect(), |active| vec![active]);
    let selector = active.map_or(&pass.rollout.spec.selector, |active| &active.spec.selector);
    let selector = crate::json::to_value(selector).unwrap_or_default();
    new.available_replicas = Some(total(sets.iter().copied(), ReplicaSet::available));
    if active.is_some() {
        new.ready_replicas = Some(total(sets.iter().copied(), ReplicaSet::ready));
    }
    new.other.insert("HPAReplicas".to_owned(), total(sets, created).into());
    new.other.insert("selector".to_owned(), selector_text(&selector).into());
}

/// A label selector as one line: `a=b,c in (d,e)`.
pub(super) fn selector_text(selector: &Value) -> String {
    let mut equal: Vec<String> = selector["matchLabels"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    equal.sort();
    let expressions = crate::object::items(selector, "/matchExpressions").map(|expression| {
        let key = crate::object::text(expression, "/key");
        let values: Vec<&str> =
            crate::object::items(expression, "/values").filter_map(Value::as_str).collect();
        match crate::object::text(expression, "/operator") {
            "In" => format!("{key} in ({})", values.join(",")),
            "NotIn" => format!("{key} notin ({})", values.join(",")),
            "Exists" => key.to_owned(),
            _ => format!("!{key}"),
        }
    });
    equal.extend(expressions);
    equal.join(",")
}

/// Why the present version may be called stable; `None` while it may not.
fn full_promotion(pass: &Pass, active: &Target) -> Option<&'static str> {
    // The order of these matters.
    if pass.stable().is_none() || active.hash().is_empty() {
        return Some("Initial deploy");
    }
    if active.hash() != pass.new_hash() {
        return None;
    }
    if pass.status().promote_full == Some(true) {
        return Some("Full promotion requested");
    }
    if fast_rollback(pass) {
        return Some(if rollback_within_window(pass) { "Rollback within window" } else { "Fast rollback" });
    }
    if pass.aborted() {
        return None;
    }
    let analysed =
        pass.strategy().post_promotion_analysis.is_none() || analyses::successful(pass.post.as_deref());
    analysed.then_some("Completed blue-green update")
}

/// Calls the present version stable, and says so when it was not.
pub(super) fn promote(world: &mut World, pass: &mut Pass, new: &mut RolloutStatus, why: &str) {
    pass.pause.clear = true;
    pass.pause.remove_abort = true;
    new.promote_full = None;
    if new.stable_rs != new.current_pod_hash {
        new.stable_rs = new.current_pod_hash.clone();
        let revision = pass.rollout.revision();
        let message = format!("Rollout completed update to revision {revision} ({}): {why}", pass.new_hash());
        pass.event(world, false, "RolloutCompleted", &message);
    }
}

/// The trip-wire of `previewReplicaCount`: true from when the small preview is available and promoted, until the
/// version is stable or the template changes.
fn check_point(pass: &Pass) -> bool {
    let Some(preview) = pass.strategy().preview_replica_count else { return false };
    pass.blue_green_status().scale_up_preview_check_point == Some(true)
        || (analyses::pre_completed(pass)
            && pause::completed(pass)
            && pass.new.as_ref().is_some_and(|new| new.available() == preview))
}

/// The counts alone, after a change of `spec.replicas`.
pub(super) fn sync_counts(world: &mut World, pass: &mut Pass) -> Result<(), Refusal> {
    let mut new = pass.status().clone();
    let ready = new.ready_replicas;
    let selector = new.other.get("selector").cloned();
    count_active(pass, &mut new);
    new.ready_replicas = ready;
    if let Some(selector) = selector {
        new.other.insert("selector".to_owned(), selector);
    }
    persist::status(world, pass, new)
}

/// Whether the present version is the stable one.
pub(super) fn completed(status: &RolloutStatus) -> bool {
    status.stable_rs.as_deref().is_some_and(|stable| !stable.is_empty())
        && status.stable_rs == status.current_pod_hash
}

/// Whether everything asked for is there, available and served.
pub(super) fn healthy(pass: &Pass, new: &RolloutStatus) -> bool {
    if let Some(strategy) = &pass.canary {
        return canary::healthy(pass, strategy, new);
    }
    let all = Some(pass.rollout.replicas());
    let current = new.current_pod_hash.as_deref();
    let preview = pass.strategy().preview_service.as_ref().is_none_or(String::is_empty)
        || selector(new, |status| &status.preview_selector) == current;
    let observed = pass.status().observed_generation.as_ref().and_then(|text| text.parse::<i64>().ok());
    new.updated_replicas == all
        && new.available_replicas == all
        && observed == pass.rollout.metadata.generation
        && selector(new, |status| &status.active_selector) == current
        && preview
}

/// One of the versions that a status says the Services select.
fn selector(status: &RolloutStatus, of: fn(&BlueGreenStatus) -> &Option<String>) -> Option<&str> {
    of(status.blue_green.as_ref()?).as_deref()
}

/// Whether anything has moved since the last status.
pub(super) fn progressing(old: &RolloutStatus, new: &RolloutStatus) -> bool {
    let moved = |of| selector(old, of).unwrap_or_default() != selector(new, of).unwrap_or_default();
    let number = |count: Option<i32>| count.unwrap_or_default();
    let old_pods = |status: &RolloutStatus| number(status.replicas) - number(status.updated_replicas);
    canary::progressing(old, new)
        || moved(|status| &status.active_selector)
        || moved(|status| &status.preview_selector)
        || number(new.updated_replicas) != number(old.updated_replicas)
        || old_pods(new) < old_pods(old)
        || number(new.ready_replicas) > number(old.ready_replicas)
        || number(new.available_replicas) > number(old.available_replicas)
}

/// Whether the active version has all its pods available.
pub(super) fn available(pass: &Pass, new: &RolloutStatus) -> bool {
    if pass.canary.is_some() {
        return canary::available(pass);
    }
    let hash = new.blue_green.as_ref().and_then(|status| status.active_selector.clone()).unwrap_or_default();
    !hash.is_empty() && pass.by_hash(&hash).is_some_and(|active| super::scale::saturated(pass, active))
}

/// The first failure that a ReplicaSet reports, the new one's before others'.
pub(super) fn replica_failure(pass: &Pass) -> Option<rollouts_client::types::Condition> {
    pass.new.iter().chain(&pass.sets).find_map(|set| {
        let conditions = set.status.as_ref()?.conditions.as_ref()?;
        let failure = conditions.iter().find(|condition| condition.type_ == "ReplicaFailure")?;
        Some(conditions::from_replica_set(failure))
    })
}
