//! What an event changes in the state of its task, once it is known to be legal.

use super::{Spawned, StepState, TaskState};
use crate::event::{Event, StepOutcome, TaskOutcome};
use crate::status::{Evidence, Reason, Status};

/// Takes in an event about a step.
pub(super) fn take_step(state: &mut TaskState, event: &Event) {
    match event {
        Event::StepIntended { step, what, .. } => {
            state.step = Some(*step);
            state.steps.insert(*step, StepState { what: what.clone(), spawned: None, outcome: None });
        }
        Event::StepSpawned { step, pid, start_time, boot_id, .. } => {
            if let Some(known) = state.steps.get_mut(step) {
                known.spawned =
                    Some(Spawned { pid: *pid, start_time: *start_time, boot_id: boot_id.clone() });
            }
        }
        Event::StepFinished { step, outcome, .. } => {
            // What was done stays done: a later attempt that passes it over says something weaker.
            let known = state.steps.get_mut(step).filter(|known| known.outcome != Some(StepOutcome::Done));
            if let Some(known) = known {
                known.outcome = Some(*outcome);
            }
        }
        _ => {}
    }
}

/// Forgets the steps that the next attempt need not reckon with.
fn forget_steps(state: &mut TaskState, event: &Event) {
    match event {
        Event::TaskFinished { outcome: TaskOutcome::Completed, .. }
        | Event::TaskDrifted { .. }
        | Event::StatusStated { .. } => state.steps.clear(),
        // What failed begins anew, but what was done of it and cannot be checked is not done again.
        Event::TaskFinished { outcome: TaskOutcome::Failed, .. } => {
            state.steps.retain(|_, known| known.outcome == Some(StepOutcome::Done));
        }
        _ => {}
    }
}

/// Takes in what an event says beside the condition: the ground, the reason, the log.
pub(super) fn take_outcome(state: &mut TaskState, event: &Event) {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    state.evidence = None;
    state.reason = None;
    forget_steps(state, event);
    match event {
        Event::TaskStarted { attempt, .. } => {
            state.attempts = *attempt;
            state.step = None;
            state.log = None;
        }
        Event::TaskFinished { outcome, evidence, reason, log, .. } => {
            state.evidence = Some(*evidence);
            state.log.clone_from(log);
            if *outcome == TaskOutcome::Failed {
                state.reason = Some(Reason::Failed(text(reason)));
            }
        }
        Event::TaskUnknown { reason, log, .. } => {
            state.reason = Some(Reason::Unknown(reason.clone()));
            state.log.clone_from(log);
        }
        Event::TaskInterrupted { reason, log, .. } => {
            state.reason = Some(Reason::Interrupted(reason.clone()));
            state.log.clone_from(log);
        }
        Event::TaskSkipped { reason, .. } => state.reason = Some(Reason::Skipped(reason.clone())),
        Event::TaskDrifted { reason, .. } => state.reason = Some(Reason::Drifted(reason.clone())),
        Event::StatusStated { status, message, .. } => {
            state.reason = Some(Reason::Stated(text(message)));
            if matches!(status, Status::Completed | Status::Failed) {
                state.evidence = Some(Evidence::Stated);
            }
        }
        _ => {}
    }
}

/// The attempt that an event names, if it names one.
pub(super) fn attempt_of(event: &Event) -> Option<u32> {
    match event {
        Event::TaskStarted { attempt, .. }
        | Event::StepIntended { attempt, .. }
        | Event::StepSpawned { attempt, .. }
        | Event::StepFinished { attempt, .. }
        | Event::TaskFinished { attempt, .. }
        | Event::TaskUnknown { attempt, .. }
        | Event::TaskInterrupted { attempt, .. } => Some(*attempt),
        _ => None,
    }
}
