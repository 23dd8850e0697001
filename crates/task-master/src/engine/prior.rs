//! What earlier attempts at a task left open, read from the log.

use std::collections::BTreeMap;

use task_manager::event::{StepOutcome, TaskOutcome};
use task_manager::{Event as Fact, Recorded};

/// The steps of attempts that were cut off, since the task last ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Prior {
    /// Step → what was intended, and how it ended if that is known.
    steps: BTreeMap<u32, (String, Option<StepOutcome>)>,
}

/// What is known of a step from earlier attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// It was never begun, or failed and said so.
    Nothing,
    /// It was done.
    Done,
    /// It was begun, and its end is not known.
    Open,
}

impl Prior {
    /// Reads the log of one task on one target.
    pub(super) fn read(events: &[Recorded], target: &str, task: &str) -> Self {
        let mut prior = Self::default();
        let own = events.iter().map(|recorded| &recorded.event);
        for event in own.filter(|event| event.task() == Some(task) && event.target() == Some(target)) {
            match event {
                Fact::StepIntended { step, what, .. } => {
                    prior.steps.insert(*step, (what.clone(), None));
                }
                Fact::StepFinished { step, outcome, .. } => {
                    if let Some((_, known)) = prior.steps.get_mut(step)
                        && *known != Some(StepOutcome::Done)
                    {
                        *known = Some(*outcome);
                    }
                }
                Fact::TaskFinished { outcome: TaskOutcome::Completed, .. }
                | Fact::TaskDrifted { .. }
                | Fact::StatusStated { .. } => prior.steps.clear(),
                // What failed begins anew, but what was done of it and cannot be checked is not done again.
                Fact::TaskFinished { outcome: TaskOutcome::Failed, .. } => {
                    prior.steps.retain(|_, (_, known)| *known == Some(StepOutcome::Done));
                }
                _ => {}
            }
        }
        prior
    }

    /// What is known of a step, if it is still the same one.
    pub(super) fn of(&self, step: u32, what: &str) -> Known {
        match self.steps.get(&step) {
            Some((was, Some(StepOutcome::Done | StepOutcome::AlreadySo))) if was == what => Known::Done,
            Some((was, Some(StepOutcome::Failed))) if was == what => Known::Nothing,
            Some((was, _)) if was == what => Known::Open,
            // The runbook has been edited since.
            _ => Known::Nothing,
        }
    }
}
