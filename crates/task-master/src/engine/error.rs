//! Why a run could not begin or go on. A task that fails is not among these: that is a result.

use std::path::PathBuf;

use task_manager::exit::Code;
use task_manager::known::SyncError;
use task_manager::lock::LockError;
use task_manager::project::ProjectError;
use task_manager::select::NoMatch;
use task_manager::{LedgerError, StoreError};

use crate::runbook::Invalid;

/// Why a run could not begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The PRD or the state cannot be used.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// The state cannot be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The plan cannot be recorded.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// Another run has the state, or its lock cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The runbook cannot be read.
    #[error("runbook {} cannot be read", path.display())]
    RunbookFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The runbook is wrong.
    #[error("{0}")]
    Runbook(Box<Invalid>),
    /// What was named is not there.
    #[error(transparent)]
    NoMatch(#[from] NoMatch),
    /// Nothing to resume.
    #[error("{0}")]
    Nothing(String),
    /// A file of the state folder cannot be written.
    #[error("{} cannot be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A child of a run that died is still at work.
    #[error(
        "a process of the interrupted run {run} is still at work on {task}: pid {pid} (`{what}`); wait for it or end it, then resume"
    )]
    ChildAlive {
        /// The run.
        run: String,
        /// The task.
        task: String,
        /// The process.
        pid: u32,
        /// What it is doing.
        what: String,
    },
}

impl EngineError {
    /// The exit code that this error ends a command with.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Project(error) => error.code(),
            Self::Ledger(error) => error.code(),
            Self::Sync(error) => error.code(),
            Self::Lock(LockError::Held { .. }) | Self::ChildAlive { .. } => Code::Locked,
            Self::Lock(LockError::Io { source, .. })
                if source.kind() == std::io::ErrorKind::PermissionDenied =>
            {
                Code::State
            }
            Self::Lock(LockError::Io { source, .. })
            | Self::RunbookFile { source, .. }
            | Self::Write { source, .. } => Code::of_io(source),
            Self::Runbook(_) => Code::Invalid,
            Self::NoMatch(_) | Self::Nothing(_) => Code::NoMatch,
        }
    }
}

impl From<StoreError> for EngineError {
    fn from(error: StoreError) -> Self {
        Self::Ledger(error.into())
    }
}
