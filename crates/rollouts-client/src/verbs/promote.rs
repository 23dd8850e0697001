//! Going on: promote, promote in full, resume.

use serde_json::json;

use super::{Patches, VerbError, observed, spec, status};
use crate::patch::PatchRequest;
use crate::phase;
use crate::types::{AnalysisPhase, CanaryStrategy, Rollout};

/// Goes on from a pause, and past a running canary step.
///
/// What it does depends on the state: it removes the controller's pause; on a canary that is not paused it
/// moves to the step after the running one, whose analysis is skipped; on a canary whose inline analysis was
/// inconclusive it does both. A pause by a person (`spec.paused`) ends as well.
///
/// # Errors
/// When a blue-green Rollout is not paused, when a canary has done all its steps or has none, when it was
/// promoted a moment ago and the controller has not reacted, or has not seen the spec yet.
pub fn promote(rollout: &Rollout) -> Patches {
    observed(rollout, "promote")?;
    let status = status_of_promotion(rollout)?;
    Ok(unpause(rollout).into_iter().chain(status).collect())
}

/// The status patch of a promotion; `None` when only a person's pause is in the way.
fn status_of_promotion(rollout: &Rollout) -> Result<Option<PatchRequest>, VerbError> {
    let paused = !rollout.pause_conditions().is_empty();
    let next = rollout.spec.strategy.canary.as_ref().and_then(|canary| next_step(rollout, canary));
    let body = match next {
        Some(next) if paused && rollout.controller_paused() && inconclusive(rollout) => {
            json!({"pauseConditions": null, "controllerPause": false, "currentStepIndex": next.index})
        }
        _ if paused => json!({"pauseConditions": null}),
        _ if phase::unpausing(rollout) => {
            return only_if_paused_by_a_person(rollout, "it was promoted just now");
        }
        Some(next) if next.moves => json!({"pauseConditions": null, "currentStepIndex": next.index}),
        Some(_) => return only_if_paused_by_a_person(rollout, "all its steps are done"),
        None => return only_if_paused_by_a_person(rollout, "it is not paused"),
    };
    Ok(Some(status(rollout, json!({"status": body}))))
}

fn only_if_paused_by_a_person(rollout: &Rollout, because: &str) -> Result<Option<PatchRequest>, VerbError> {
    if rollout.paused() {
        return Ok(None);
    }
    Err(VerbError::already(rollout, "promote", because))
}

struct NextStep {
    /// Never beyond the number of steps.
    index: i64,
    /// Whether that is another step than the running one.
    moves: bool,
}

/// The step after the running one; `None` for a canary without steps.
fn next_step(rollout: &Rollout, canary: &CanaryStrategy) -> Option<NextStep> {
    let steps = i64::try_from(canary.steps.as_ref()?.len()).ok().filter(|&steps| steps > 0)?;
    let index = rollout.status.as_ref().and_then(|status| status.current_step_index).unwrap_or_default();
    let index = i64::from(index);
    Some(NextStep { index: if index < steps { index + 1 } else { index }, moves: index < steps })
}

fn inconclusive(rollout: &Rollout) -> bool {
    let canary = rollout.status.as_ref().and_then(|status| status.canary.as_ref());
    let run = canary.and_then(|canary| canary.current_step_analysis_run_status.as_ref());
    run.is_some_and(|run| run.status == AnalysisPhase::Inconclusive)
}

/// Goes to the end at once, past all pauses, steps and analyses. The new pods must still be ready.
///
/// # Errors
/// When it is fully promoted and nobody paused it (right after an undo that is so until the controller has
/// seen the new template), when a full promotion was asked for already, or when the controller has not seen
/// the spec yet.
pub fn promote_full(rollout: &Rollout) -> Patches {
    observed(rollout, "promote")?;
    let mut patches = Vec::new();
    let asked = rollout.promoted_in_full();
    if !rollout.fully_promoted() && !asked {
        patches.push(status(rollout, json!({"status": {"promoteFull": true}})));
    }
    patches.extend(unpause(rollout));
    if patches.is_empty() {
        let because = if asked { "a full promotion was asked for" } else { "it is fully promoted" };
        return Err(VerbError::already(rollout, "promote", because));
    }
    Ok(patches)
}

/// Ends a pause, of the controller or of a person, and skips nothing. The plugin has no such verb; this is
/// what Argo CD's action of that name writes.
///
/// # Errors
/// When nothing is paused.
pub fn resume(rollout: &Rollout) -> Patches {
    let waits = !rollout.pause_conditions().is_empty();
    let clear = waits.then(|| status(rollout, json!({"status": {"pauseConditions": null}})));
    let patches: Vec<PatchRequest> = unpause(rollout).into_iter().chain(clear).collect();
    if patches.is_empty() {
        return Err(VerbError::already(rollout, "resume", "it is not paused"));
    }
    Ok(patches)
}

/// The end of a person's pause, sent before the controller's is ended: a controller that looks in between would take
/// the step's pause for one that has not begun, and pause again. The plugin sends it afterwards, and that happens
/// (seen on 1.10.2).
fn unpause(rollout: &Rollout) -> Option<PatchRequest> {
    rollout.paused().then(|| spec(rollout, json!({"spec": {"paused": false}})))
}
