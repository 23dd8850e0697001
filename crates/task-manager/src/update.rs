//! Stating a status by hand: who, when and why go into the log.

use jiff::Timestamp;

use crate::event::Event;
use crate::exit::Code;
use crate::known::{self, Renames, SyncError};
use crate::ledger::{Ledger, LedgerError};
use crate::lock::{Holder, LockError, RunLock};
use crate::project::Project;
use crate::status::Status;
use crate::transition::Condition;

/// A person's word about a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement<'a> {
    /// The id of the task.
    pub task: &'a str,
    /// The target that it is about.
    pub target: &'a str,
    /// How it stands.
    pub status: Status,
    /// Why.
    pub message: Option<&'a str>,
    /// Who says so.
    pub who: &'a str,
    /// When.
    pub at: Timestamp,
}

/// Why a statement was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// The log cannot be written, or the table of moves does not allow it.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The plan cannot be recorded.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// A run is working on the task.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A completed task is taken back without a reason.
    #[error("task {task} is completed on target {target}: taking that back needs a --message that says why")]
    NeedsMessage {
        /// The task.
        task: String,
        /// The target.
        target: String,
    },
}

impl UpdateError {
    /// The exit code that this error ends a command with.
    pub fn code(&self) -> Code {
        match self {
            UpdateError::Ledger(error) => error.code(),
            UpdateError::Sync(error) => error.code(),
            UpdateError::Lock(LockError::Held { .. }) => Code::Locked,
            UpdateError::Lock(LockError::Io { source, .. }) => Code::of_io(source),
            UpdateError::NeedsMessage { .. } => Code::Usage,
        }
    }
}

/// Records a statement in the project's log, which is created if need be, after the plan that it is about. Whether
/// the statement was recorded: it is not where the task stands so already.
///
/// A completed task that is stated to be pending is recorded as drifted, with the message as the reason: that is
/// the one way in which a completed task may start again. A task under way is only touched when no run holds the lock.
///
/// # Errors
/// [`UpdateError`]; nothing is recorded then.
pub fn update(project: &Project, statement: &Statement<'_>) -> Result<bool, UpdateError> {
    let Statement { task, target, status, message, who, at } = *statement;
    let dir = &project.place().state;
    let mut ledger = Ledger::open(dir)?;
    known::sync(project, &mut ledger, Renames::Accept, at, who)?;
    let before = ledger.state().task(target, task);
    let stated = matches!(
        before.condition,
        Condition::Pending | Condition::ByHand | Condition::Completed | Condition::Failed
    );
    if before.status() == status && stated && message.is_none() {
        return Ok(false);
    }
    let task = task.to_owned();
    let _lock = match before.condition {
        Condition::Running => Some(RunLock::acquire(dir, &Holder::this_process("task-manager update", at))?),
        _ => None,
    };
    let target = target.to_owned();
    let event = match (before.condition, status, message) {
        (Condition::Completed, Status::Pending, None) => {
            return Err(UpdateError::NeedsMessage { task, target });
        }
        (Condition::Completed, Status::Pending, Some(message)) => {
            Event::TaskDrifted { task, target, run: None, reason: message.to_owned() }
        }
        _ => Event::StatusStated {
            task,
            target,
            status,
            message: message.map(str::to_owned),
            who: who.to_owned(),
        },
    };
    ledger.record(at, who, event)?;
    Ok(true)
}
