//! The operator's verbs as patches, in Argo's words and with Argo's bodies.
//!
//! A verb looks at a Rollout as it is and answers with the patches that carry it out, in order: the status
//! first, then the spec, as the upstream plugin does. Nothing is sent here. A verb that would do nothing is
//! an error that says why, where the plugin says "promoted" and exits 0; when what it asks for is already
//! so, [`VerbError::already_so`] tells, and a caller for whom only the state matters takes it as success.
//!
//! Source: argo-rollouts 1.10.2, `pkg/kubectl-argo-rollouts/cmd`, and the Argo CD actions for `resume`.
//! Deliberately different from it: a verb that depends on the status waits for the controller to have seen
//! the spec ([`VerbError::NotObserved`]); a promotion holds for the version and the step that were read, and goes past a
//! running step only when that is asked for; a canary that was just promoted is not promoted again; an abort of what is
//! fully promoted is refused, since the controller takes it back in silence, and one during a full promotion ends that
//! promotion, for the same reason; `set image` patches the one field instead of writing the whole object.
//!
//! Not here: an installation without a status subresource (before 0.10), Experiments.

mod error;
mod image;
mod promote;
mod undo;

use jiff::Timestamp;
use serde_json::{Value, json};

pub use error::VerbError;
pub use image::set_image;
pub use promote::{Promote, promote, promote_as, promote_full, resume};
pub use undo::{target_revision, undo, undo_to};

use crate::patch::{PatchKind, PatchRequest, Subresource, Target};
use crate::phase;
use crate::types::Rollout;

/// What a verb answers: the patches in the order in which they are to be sent, at least one.
pub type Patches = Result<Vec<PatchRequest>, VerbError>;

/// Takes traffic back to the stable version and gives the update up.
///
/// # Errors
/// When it is aborted already, when no update is under way, when there is no stable version to go back to,
/// or when the controller has not seen the spec yet.
pub fn abort(rollout: &Rollout) -> Patches {
    observed(rollout, "abort")?;
    if rollout.aborted() {
        return Err(VerbError::already(rollout, "abort", "its update is aborted"));
    }
    if rollout.stable_hash().is_none() {
        return Err(VerbError::pointless(rollout, "abort", "it has no stable version to go back to"));
    }
    if rollout.fully_promoted() {
        let why = "it is fully promoted and the controller would take the abort back; undo it instead";
        return Err(VerbError::pointless(rollout, "abort", why));
    }
    // While a full promotion is on its way the controller takes an abort back in silence, so that one ends first.
    let body = match rollout.promoted_in_full() {
        true => json!({"status": {"abort": true, "promoteFull": null}}),
        false => json!({"status": {"abort": true}}),
    };
    Ok(vec![status(rollout, body)])
}

/// Takes an aborted update up again, from its beginning.
///
/// # Errors
/// When it is not aborted.
pub fn retry(rollout: &Rollout) -> Patches {
    if !rollout.aborted() {
        return Err(VerbError::already(rollout, "retry", "its update is not aborted"));
    }
    Ok(vec![status(rollout, json!({"status": {"abort": false}}))])
}

/// Pauses it until someone resumes or promotes it. While paused the controller switches no Service, not
/// even for an abort.
///
/// # Errors
/// When someone paused it already.
pub fn pause(rollout: &Rollout) -> Patches {
    if rollout.paused() {
        return Err(VerbError::already(rollout, "pause", "it is paused"));
    }
    Ok(vec![spec(rollout, json!({"spec": {"paused": true}}))])
}

/// Has all pods that were created before `at` replaced, a few at a time.
///
/// # Errors
/// When a restart at that time was already asked for.
pub fn restart(rollout: &Rollout, at: Timestamp) -> Patches {
    // Kubernetes' times have whole seconds.
    let at = Timestamp::from_second(at.as_second()).unwrap_or(at);
    if rollout.spec.restart_at.as_ref().is_some_and(|time| time.0 == at) {
        return Err(VerbError::already(rollout, "restart", "a restart at that time was asked for"));
    }
    Ok(vec![spec(rollout, json!({"spec": {"restartAt": at.to_string()}}))])
}

/// Refuses a verb that reads the status while the status is older than the spec.
fn observed(rollout: &Rollout, verb: &'static str) -> Result<(), VerbError> {
    match phase::unobserved(rollout) {
        Some(waiting) if !phase::unpausing(rollout) => {
            Err(VerbError::NotObserved { verb, name: rollout.name().to_owned(), waiting })
        }
        _ => Ok(()),
    }
}

fn status(rollout: &Rollout, body: Value) -> PatchRequest {
    request(rollout, Subresource::Status, PatchKind::Merge, body)
}

fn spec(rollout: &Rollout, body: Value) -> PatchRequest {
    request(rollout, Subresource::Main, PatchKind::Merge, body)
}

fn request(rollout: &Rollout, subresource: Subresource, kind: PatchKind, body: Value) -> PatchRequest {
    PatchRequest { target: Target::of(rollout), subresource, kind, body }
}
