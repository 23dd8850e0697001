//! The known plan and the one in the file: what came, went, moved, or has another name.
//!
//! State hangs on ids, and an id that is made of titles changes with them. So the plan is recorded in the log, and
//! an edited one is compared with it. What is found again keeps its state; what is gone keeps it too, under its old
//! id, for the day it comes back.

use std::path::Path;

use jiff::Timestamp;
use prd_parser::Plan;
use prd_parser::identity::{self, Changes, Known};
use sha2::{Digest, Sha256};

use crate::event::{Event, KnownTask, PlanParsed, Renamed};
use crate::exit::Code;
use crate::ledger::{Ledger, LedgerError};
use crate::project::Project;
use crate::state::State;
use crate::transition::Condition;

/// What to do about a task that only a similar title tells to be an old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renames {
    /// It is the old one, and keeps its state.
    Accept,
    /// It is a new one.
    Refuse,
}

/// Why a plan was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The log cannot be written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A run is working on a task that is in the plan no more.
    #[error(
        "task {task} was removed from the PRD and is running on target {target}; the plan was not recorded"
    )]
    Running {
        /// The task.
        task: String,
        /// The target.
        target: String,
    },
}

impl SyncError {
    /// The exit code that this error ends a command with.
    pub fn code(&self) -> Code {
        match self {
            SyncError::Ledger(error) => error.code(),
            SyncError::Running { .. } => Code::Locked,
        }
    }
}

/// Records the project's plan as the known one, unless it is that already. Returns what changed.
///
/// # Errors
/// [`SyncError`]; nothing is recorded then.
pub fn sync(
    project: &Project,
    ledger: &mut Ledger,
    renames: Renames,
    at: Timestamp,
    who: &str,
) -> Result<Changes, SyncError> {
    let news = news(ledger.state(), &project.place().prd, project.source(), project.plan(), renames);
    let Some((plan, changes)) = news else { return Ok(Changes::default()) };
    for task in &plan.removed {
        for target in ledger.state().targets() {
            if ledger.state().condition(target, task) == Condition::Running {
                return Err(SyncError::Running { task: task.clone(), target: target.to_owned() });
            }
        }
    }
    ledger.record(at, who, Event::PlanParsed(plan))?;
    Ok(changes)
}

/// The plan as it would be recorded and what is different from the known one; none where nothing is.
pub fn news(
    state: &State,
    file: &Path,
    source: &str,
    plan: &Plan,
    renames: Renames,
) -> Option<(PlanParsed, Changes)> {
    let after = identity::known_tasks(plan);
    let before: Vec<Known> =
        state.plan().map_or_else(Vec::new, |plan| plan.tasks.iter().map(known).collect());
    if state.plan().is_some() && before == after {
        return None;
    }
    let mut changes = identity::compare(&before, &after);
    if renames == Renames::Refuse {
        refuse(&mut changes);
    }
    let renamed =
        changes.renamed.iter().chain(&changes.moved).filter(|carried| carried.from.id != carried.to.id);
    let plan = PlanParsed {
        file: file.display().to_string(),
        sha256: Sha256::digest(source.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect(),
        renamed: renamed
            .map(|carried| Renamed { from: carried.from.id.clone(), to: carried.to.id.clone() })
            .collect(),
        removed: changes.removed.iter().map(|known| known.id.clone()).collect(),
        tasks: after.iter().map(event).collect(),
    };
    Some((plan, changes))
}

/// Makes of every proposed rename a task that went and one that came.
fn refuse(changes: &mut Changes) {
    let (proposed, certain) =
        std::mem::take(&mut changes.renamed).into_iter().partition(|carried| carried.proposed);
    changes.renamed = certain;
    for carried in proposed {
        changes.removed.push(carried.from);
        changes.added.push(carried.to);
    }
}

fn known(task: &KnownTask) -> Known {
    let KnownTask { id, explicit, title, phase, spec } = task.clone();
    Known { id, explicit, title, place: phase, spec }
}

fn event(known: &Known) -> KnownTask {
    let Known { id, explicit, title, place, spec } = known.clone();
    KnownTask { id, explicit, title, phase: place, spec }
}
