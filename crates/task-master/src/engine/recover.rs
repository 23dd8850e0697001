//! Settling what a dead run left behind, before a new one begins. The caller holds the lock, so whatever the
//! log says is under way is not.

use std::time::Duration;

use task_manager::Event as Fact;
use task_manager::event::RunOutcome;

use super::EngineError;
use super::journal::Journal;
use crate::runner::ChildId;

/// Records tasks and runs that were cut off as interrupted. A recorded child that is still alive is waited
/// for first, and is an error if it does not end.
pub(super) fn recover(
    journal: &mut Journal<'_>,
    target: &str,
    patience: Duration,
) -> Result<(), EngineError> {
    let running: Vec<_> = journal
        .state()
        .tasks(target)
        .filter(|(_, task)| task.condition == task_manager::transition::Condition::Running)
        .map(|(id, task)| (id.to_owned(), task.clone()))
        .collect();
    for (task, state) in running {
        let run = state.run.clone().unwrap_or_default();
        let mut at = String::new();
        if let Some((number, step)) = state.step.and_then(|number| Some((number, state.steps.get(&number)?)))
        {
            wait_for_child(&run, &task, step, patience)?;
            at = format!(" at step {number} (`{}`)", step.what);
        }
        let log = super::logfile::path(&run, &task, state.attempts);
        journal.fact(Fact::TaskInterrupted {
            task,
            target: target.to_owned(),
            run,
            attempt: state.attempts,
            reason: format!("its run ended without a word{at}"),
            log: Some(log),
        })?;
    }
    let dead: Vec<_> = journal
        .state()
        .runs()
        .iter()
        .filter(|run| run.finished.is_none())
        .map(|run| (run.run.clone(), run.target.clone()))
        .collect();
    for (run, target) in dead {
        let reason = Some("its process ended without a word".to_owned());
        journal.fact(Fact::RunFinished { run, target, outcome: RunOutcome::Interrupted, reason })?;
    }
    Ok(())
}

/// Waits for the recorded process of a step, if it is the same boot, the same process, and alive.
fn wait_for_child(
    run: &str,
    task: &str,
    step: &task_manager::state::StepState,
    patience: Duration,
) -> Result<(), EngineError> {
    let Some(spawned) = step.spawned.as_ref().filter(|_| step.outcome.is_none()) else { return Ok(()) };
    if spawned.boot_id != task_manager::lock::boot_id() {
        return Ok(());
    }
    let child = ChildId { pid: spawned.pid, start_time: spawned.start_time };
    if child.ends_within(patience) {
        return Ok(());
    }
    Err(EngineError::ChildAlive {
        run: run.to_owned(),
        task: task.to_owned(),
        pid: spawned.pid,
        what: step.what.clone(),
    })
}
