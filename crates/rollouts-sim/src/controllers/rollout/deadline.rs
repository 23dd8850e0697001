//! The progress deadline: when an update counts as stuck, and the abort that may follow.

use std::time::Duration;

use jiff::Timestamp;
use rollouts_client::types::RolloutStatus;

use super::pass::Pass;
use super::{conditions, pause, scale, status};
use crate::controllers::time::between;
use crate::queue::later;
use crate::world::World;

const PROGRESS_DEADLINE_SECONDS: i32 = 600;

/// Whether the clock stands still: at a step that takes as long as it takes, or because a pause is noted.
pub(super) fn indefinite(pass: &Pass) -> bool {
    let standing = pass.status();
    if let Some(canary) = &pass.canary {
        let step = canary.step(canary.index(standing.current_step_index));
        if step.is_some_and(|step| step.pause.is_some() || step.analysis.is_some()) {
            return true;
        }
    }
    conditions::get(standing, "Paused").is_some_and(|condition| condition.status.as_deref() == Some("True"))
}

/// What is said of a stuck update.
pub(super) fn message(pass: &Pass) -> String {
    match pass.new_name() {
        "" => format!("Rollout \"{}\" has timed out progressing.", pass.name()),
        set => format!("ReplicaSet \"{set}\" has timed out progressing."),
    }
}

fn end(pass: &Pass, status: &RolloutStatus) -> Option<Timestamp> {
    let from = conditions::get(status, "Progressing").and_then(conditions::updated)?;
    let seconds = pass.rollout.spec.progress_deadline_seconds.unwrap_or(PROGRESS_DEADLINE_SECONDS);
    Some(later(from, pause::seconds(seconds)))
}

/// Whether the deadline has passed without progress, by the `Progressing` condition of a status.
pub(super) fn passed(pass: &Pass, status: &RolloutStatus) -> bool {
    match conditions::reason(status, "Progressing") {
        None | Some("RolloutAborted" | "RolloutPaused") => false,
        Some("ProgressDeadlineExceeded") => true,
        Some(_) => end(pass, status).is_some_and(|end| end < pass.now),
    }
}

/// Aborts an update that is stuck, if the Rollout asks for that.
pub(super) fn abort(world: &mut World, pass: &mut Pass, new: &RolloutStatus) {
    let asked = pass.rollout.spec.progress_deadline_abort.unwrap_or(false);
    let spared = pass.aborted()
        || status::completed(new)
        || status::progressing(pass.status(), new)
        || indefinite(pass)
        || scale::waits_for_deadline(pass);
    if !asked || spared || !passed(pass, pass.status()) {
        return;
    }
    let message = message(pass);
    pass.event(world, true, "RolloutAborted", &message);
    pass.pause.add_abort = Some(message);
}

/// Has a Rollout that does not move looked at again when its deadline has passed.
pub(super) fn watch(world: &mut World, pass: &Pass, new: &RolloutStatus) {
    let standing = pass.status();
    let paused = pass.rollout.paused() || !pass.rollout.pause_conditions().is_empty();
    let over = conditions::reason(standing, "Progressing") == Some("ProgressDeadlineExceeded");
    if status::healthy(pass, new) || over || paused || pass.rollout.aborted() || indefinite(pass) {
        return;
    }
    let Some(end) = end(pass, standing) else { return };
    // Upstream adds a second against skew, and asks again at once when less than one is left.
    let slack = if between(pass.now, end) < Duration::from_secs(1) {
        Duration::from_millis(1)
    } else {
        Duration::from_secs(1)
    };
    let at = later(end, slack);
    if at > pass.now {
        world.queue.schedule(at, pass.work());
    }
}
