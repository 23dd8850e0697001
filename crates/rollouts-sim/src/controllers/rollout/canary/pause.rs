//! The pause step.

use std::time::Duration;

use super::super::pass::Pass;
use super::super::pause::{CANARY, seconds};
use super::spec::{Canary, Pause};
use crate::queue::later;
use crate::world::World;

/// Begins the pause of the present step, or waits for its end. Says whether the pass ends with it.
pub(super) fn reconcile(world: &mut World, pass: &mut Pass, canary: &Canary) -> bool {
    let status = pass.status();
    if pass.rollout.paused() || status.promote_full == Some(true) {
        return false;
    }
    let Some(pause) = canary.step(canary.index(status.current_step_index)).and_then(|s| s.pause.as_ref())
    else {
        return false;
    };
    match pass.pause_condition(CANARY) {
        Some(since) => {
            if let (Some(since), true) = (since, pause.duration.is_some()) {
                // The pause is over strictly after its end.
                let end = later(since, seconds(pause.seconds()) + Duration::from_millis(1));
                if end > pass.now {
                    world.queue.schedule(end, pass.work());
                }
            }
        }
        // A pause that stands without its condition was ended by a person.
        None if !pass.rollout.controller_paused() => pass.pause.add.push(CANARY),
        None => {}
    }
    true
}

/// Whether the pause of a step is over: a person promoted, or its time has passed.
pub(super) fn completed(pass: &Pass, pause: &Pause) -> bool {
    match pass.pause_condition(CANARY) {
        None => pass.rollout.controller_paused(),
        Some(since) => since
            .filter(|_| pause.duration.is_some())
            .is_some_and(|since| pass.now > later(since, seconds(pause.seconds()))),
    }
}
