//! Going on: promote, promote in full, resume.

use serde_json::{Value, json};

use super::{Patches, VerbError, observed, request, spec, status};
use crate::patch::{PatchKind, PatchRequest, Subresource};
use crate::phase;
use crate::types::{AnalysisPhase, CanaryStrategy, Rollout};

/// How a promotion is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Promote {
    /// Past every pause, step and analysis.
    pub full: bool,
    /// Past the canary step that is running, whose analysis is then skipped. What pauses is promoted without.
    pub skip_step: bool,
    /// Only this version, by the pod-template hash that somebody has looked at; whichever it is when absent.
    pub hash: Option<String>,
}

/// Goes on from a pause.
///
/// It removes the controller's pause; on a canary whose inline analysis was inconclusive it moves on to the next step
/// as well. A pause by a person (`spec.paused`) ends too. The patches hold for the version and the step that they were
/// made for: on any other the API server refuses them.
///
/// # Errors
/// When a blue-green Rollout is not paused, when a canary's step is running (the plugin goes past it, and past its
/// analysis), when a canary has done all its steps or has none, when it was promoted a moment ago and the controller
/// has not reacted, or has not seen the spec yet.
pub fn promote(rollout: &Rollout) -> Patches {
    promote_as(rollout, &Promote::default())
}

/// [`promote`] or [`promote_full`], as it is asked for.
///
/// # Errors
/// Theirs, and when the new version is not the one that was asked for.
pub fn promote_as(rollout: &Rollout, how: &Promote) -> Patches {
    observed(rollout, "promote")?;
    let found = rollout.current_hash().unwrap_or("none");
    if let Some(expected) = how.hash.as_deref().filter(|hash| *hash != found) {
        let (name, expected, found) = (rollout.name().to_owned(), expected.to_owned(), found.to_owned());
        return Err(VerbError::AnotherVersion { name, expected, found });
    }
    if how.full {
        return in_full(rollout);
    }
    let status = status_of_promotion(rollout, how.skip_step)?;
    Ok(unpause(rollout).into_iter().chain(status).collect())
}

/// The status patch of a promotion; `None` when only a person's pause is in the way.
fn status_of_promotion(rollout: &Rollout, skip_step: bool) -> Result<Option<PatchRequest>, VerbError> {
    let paused = !rollout.pause_conditions().is_empty();
    let next = rollout.spec.strategy.canary.as_ref().and_then(|canary| next_step(rollout, canary));
    let clear = || json!({"op": "remove", "path": "/status/pauseConditions"});
    let step =
        |next: &NextStep| json!({"op": "add", "path": "/status/currentStepIndex", "value": next.index});
    let changes = match next {
        Some(next) if paused && rollout.controller_paused() && inconclusive(rollout) => {
            vec![
                clear(),
                json!({"op": "add", "path": "/status/controllerPause", "value": false}),
                step(&next),
            ]
        }
        _ if paused => vec![clear()],
        Some(next) if next.moves && skip_step && !phase::unpausing(rollout) => vec![step(&next)],
        // A pause by a person can be ended whatever else there is to promote.
        _ if rollout.paused() => return Ok(None),
        next => return Err(nothing_to_promote(rollout, next.as_ref())),
    };
    Ok(Some(guarded(rollout, Subresource::Status, changes)))
}

/// A JSON Patch that is carried out only while the Rollout is at the version and the step that were read.
fn guarded(rollout: &Rollout, subresource: Subresource, changes: Vec<Value>) -> PatchRequest {
    let test = |path: &str, value: Value| json!({"op": "test", "path": path, "value": value});
    let hash = rollout.current_hash().map(|hash| test("/status/currentPodHash", json!(hash)));
    let step = rollout.status.as_ref().and_then(|status| status.current_step_index);
    let step = step.map(|index| test("/status/currentStepIndex", json!(index)));
    let body: Vec<Value> = hash.into_iter().chain(step).chain(changes).collect();
    request(rollout, subresource, PatchKind::Json, Value::Array(body))
}

/// Why a Rollout that nothing pauses is not promoted.
fn nothing_to_promote(rollout: &Rollout, next: Option<&NextStep>) -> VerbError {
    let already = |because| VerbError::already(rollout, "promote", because);
    match next {
        _ if phase::unpausing(rollout) => already("it was promoted just now"),
        Some(NextStep { index, steps, moves: true }) => {
            let why = format!("its step {index} of {steps} is running; --skip-step goes past it");
            VerbError::pointless(rollout, "promote", why)
        }
        Some(_) => already("all its steps are done"),
        None => already("it is not paused"),
    }
}

struct NextStep {
    /// Never beyond the number of steps. It is the number of the running one, counted from 1.
    index: i64,
    /// How many there are.
    steps: i64,
    /// Whether that is another step than the running one.
    moves: bool,
}

/// The step after the running one; `None` for a canary without steps.
fn next_step(rollout: &Rollout, canary: &CanaryStrategy) -> Option<NextStep> {
    let steps = i64::try_from(canary.steps.as_ref()?.len()).ok().filter(|&steps| steps > 0)?;
    let index = rollout.status.as_ref().and_then(|status| status.current_step_index).unwrap_or_default();
    let index = i64::from(index);
    Some(NextStep { index: if index < steps { index + 1 } else { index }, steps, moves: index < steps })
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
    promote_as(rollout, &Promote { full: true, ..Promote::default() })
}

fn in_full(rollout: &Rollout) -> Patches {
    let mut patches = Vec::new();
    let asked = rollout.promoted_in_full();
    if !rollout.fully_promoted() && !asked {
        let change = json!({"op": "add", "path": "/status/promoteFull", "value": true});
        patches.push(guarded(rollout, Subresource::Status, vec![change]));
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
    let unpause = rollout.paused().then(|| spec(rollout, json!({"spec": {"paused": false}})));
    let patches: Vec<PatchRequest> = unpause.into_iter().chain(clear).collect();
    if patches.is_empty() {
        return Err(VerbError::already(rollout, "resume", "it is not paused"));
    }
    Ok(patches)
}

/// The end of a person's pause, sent before the controller's is ended: a controller that looks in between would take
/// the step's pause for one that has not begun, and pause again. The plugin sends it afterwards, and that happens
/// (seen on 1.10.2).
fn unpause(rollout: &Rollout) -> Option<PatchRequest> {
    let change = || json!({"op": "add", "path": "/spec/paused", "value": false});
    rollout.paused().then(|| guarded(rollout, Subresource::Main, vec![change()]))
}
