//! Phase and message of a Rollout, in Argo's words.
//!
//! [`of`] is what a client shows: it first checks whether the status is older than the spec, then repeats
//! what the controller said. [`compute`] is what the controller says.
//! Source: argo-rollouts 1.10.2, `utils/rollout`.

use crate::names;
pub use crate::types::RolloutPhase as Phase;
use crate::types::{BlueGreenStatus, Rollout, RolloutStatus};

/// The phase to show and the message that goes with it; no message is an empty text.
pub fn of(rollout: &Rollout) -> (Phase, String) {
    if let Some(waiting) = unobserved(rollout) {
        return progressing(waiting);
    }
    let status = rollout.status.as_ref();
    match status.and_then(|status| status.phase.clone()) {
        Some(phase) if !phase.as_str().is_empty() => {
            (phase, status.and_then(|status| status.message.clone()).unwrap_or_default())
        }
        _ => compute(rollout),
    }
}

/// Phase and message as one text: `Paused (BlueGreenPause)`.
pub fn in_words(rollout: &Rollout) -> String {
    match of(rollout) {
        (phase, message) if message.is_empty() => phase.to_string(),
        (phase, message) => format!("{phase} ({message})"),
    }
}

/// What the controller has yet to see, in Argo's words; `None` when the status is up to date.
pub fn unobserved(rollout: &Rollout) -> Option<&'static str> {
    if !generation_observed(rollout) {
        Some("waiting for rollout spec update to be observed")
    } else if unpausing(rollout) {
        Some("waiting for rollout to unpause")
    } else if rollout.spec.workload_ref.is_some() && !workload_observed(rollout) {
        Some("waiting for rollout spec update to be observed for the reference workload")
    } else {
        None
    }
}

/// Whether the controller has seen the spec as it is.
///
/// True when the status names no generation, and when it names a greater one: versions before 0.10 kept a
/// hash there, which can look like a number.
pub fn generation_observed(rollout: &Rollout) -> bool {
    let observed = rollout.status.as_ref().and_then(|status| status.observed_generation.as_deref());
    match observed.and_then(|observed| observed.parse::<i64>().ok()) {
        Some(observed) => observed >= rollout.metadata.generation.unwrap_or_default(),
        None => true,
    }
}

/// Whether somebody promoted and the controller has not reacted yet.
pub fn unpausing(rollout: &Rollout) -> bool {
    rollout.controller_paused() && rollout.pause_conditions().is_empty()
}

fn workload_observed(rollout: &Rollout) -> bool {
    let annotations = rollout.metadata.annotations.as_ref();
    let asked = annotations.and_then(|annotations| annotations.get(names::WORKLOAD_GENERATION));
    let seen = rollout.status.as_ref().and_then(|status| status.workload_observed_generation.as_deref());
    let number = |text: &str| text.parse::<i32>().ok();
    match (asked.and_then(|text| number(text)), seen.and_then(number)) {
        (Some(asked), Some(seen)) => asked == seen,
        _ => true,
    }
}

/// The phase and message that the controller computes from spec and status; the first match wins.
pub fn compute(rollout: &Rollout) -> (Phase, String) {
    rollout
        .status
        .as_ref()
        .map_or_else(|| computed(rollout, &RolloutStatus::default()), |status| computed(rollout, status))
}

/// The same with another status than its own, such as one that is yet to be written.
pub fn computed(rollout: &Rollout, status: &RolloutStatus) -> (Phase, String) {
    if let Some(degraded) = degraded(status) {
        return (Phase::Degraded, degraded);
    }
    if let Some(paused) = paused(rollout, status) {
        return (Phase::Paused, paused);
    }
    let waiting = replicas_pending(rollout, status).or_else(|| cutover_pending(rollout, status));
    waiting.map_or_else(|| (Phase::Healthy, String::new()), progressing)
}

fn progressing(message: &str) -> (Phase, String) {
    (Phase::Progressing, message.to_owned())
}

fn degraded(status: &RolloutStatus) -> Option<String> {
    status.conditions.iter().flatten().find_map(|condition| {
        let message = condition.message.as_deref().unwrap_or_default();
        match condition.reason.as_deref() {
            _ if condition.type_ == "InvalidSpec" => Some(format!("InvalidSpec: {message}")),
            Some(reason @ ("RolloutAborted" | "ProgressDeadlineExceeded")) => {
                Some(format!("{reason}: {message}"))
            }
            _ => None,
        }
    })
}

fn paused(rollout: &Rollout, status: &RolloutStatus) -> Option<String> {
    if rollout.paused() {
        return Some("manually paused".to_owned());
    }
    status.pause_conditions.iter().flatten().next().map(|condition| condition.reason.clone())
}

fn replicas_pending(rollout: &Rollout, status: &RolloutStatus) -> Option<&'static str> {
    let updated = status.updated_replicas.unwrap_or_default();
    if rollout.spec.restart_at.is_some() && rollout.spec.restart_at != status.restarted_at {
        Some("rollout is restarting")
    } else if updated < rollout.replicas() {
        Some("more replicas need to be updated")
    } else if status.available_replicas.unwrap_or_default() < updated {
        Some("updated replicas are still becoming available")
    } else {
        None
    }
}

fn cutover_pending(rollout: &Rollout, status: &RolloutStatus) -> Option<&'static str> {
    let strategy = &rollout.spec.strategy;
    let current = status.current_hash();
    let promoted = status.stable_hash().is_some() && current == status.stable_hash();
    if let Some(blue_green) = &strategy.blue_green {
        let of_status = status.blue_green.as_ref();
        let active = of_status.and_then(|status| status.active_selector.as_deref());
        let active = active.filter(|hash| !hash.is_empty());
        if active.is_none() || active != current {
            return Some("active service cutover pending");
        }
        let analysed =
            blue_green.post_promotion_analysis.is_none() || of_status.is_some_and(post_promotion_done);
        return match (promoted, analysed) {
            (true, _) => None,
            (false, false) => Some("waiting for analysis to complete"),
            (false, true) => Some("waiting for post-promotion verification to complete"),
        };
    }
    let canary = strategy.canary.as_ref()?;
    let old_pods = status.replicas.unwrap_or_default() > status.updated_replicas.unwrap_or_default();
    if canary.traffic_routing.is_none() && old_pods {
        Some("old replicas are pending termination")
    } else if promoted {
        None
    } else {
        Some("waiting for all steps to complete")
    }
}

fn post_promotion_done(status: &BlueGreenStatus) -> bool {
    status.post_promotion_analysis_run_status.as_ref().is_some_and(|run| run.status.completed())
}
