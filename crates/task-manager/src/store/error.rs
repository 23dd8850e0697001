//! Every way in which a disk can be bad, told apart.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use super::SCHEMA_VERSION;

/// Why the log could not be opened, read or written. Nothing that was recorded before is lost by any of these.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It is no event log, or is damaged.
    #[error("event log {} is corrupt: {detail}", path.display())]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// A newer build wrote it.
    #[error("event log {} has schema version {found}, and this build knows versions up to {SCHEMA_VERSION}", path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: i64,
    },
    /// It cannot be written.
    #[error("event log {} is read-only", path.display())]
    ReadOnly {
        /// The database.
        path: PathBuf,
    },
    /// There is no room for more.
    #[error("no space left for event log {}; nothing was recorded, and what was recorded before is intact", path.display())]
    Full {
        /// The database.
        path: PathBuf,
    },
    /// Another process kept it busy for five seconds.
    #[error("event log {} is busy", path.display())]
    Busy {
        /// The database.
        path: PathBuf,
    },
    /// The folder could not be created, or the system refused something.
    #[error("{operation} {} failed", path.display())]
    Io {
        /// What was tried.
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Anything else that SQLite says.
    #[error("event log {} failed", path.display())]
    Sqlite {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        source: Said,
    },
}

/// What SQLite said, once: its own error repeats the words of its code in its cause.
#[derive(Debug)]
pub struct Said(rusqlite::Error);

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            rusqlite::Error::SqliteFailure(code, Some(words)) => {
                write!(f, "{words} (SQLite's code {})", code.extended_code)
            }
            other => other.fmt(f),
        }
    }
}

impl std::error::Error for Said {}

fn extended(error: &rusqlite::Error) -> Option<i32> {
    error.sqlite_error().map(|error| error.extended_code)
}

/// What SQLite's answer means for the log.
pub(super) fn explain(path: &Path, error: rusqlite::Error) -> StoreError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Corrupt { path, detail: error.to_string() }
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => StoreError::ReadOnly { path },
        Some(ErrorCode::DiskFull) => StoreError::Full { path },
        // The file through which processes share the log cannot grow.
        _ if extended(&error) == Some(rusqlite::ffi::SQLITE_IOERR_SHMSIZE) => StoreError::Full { path },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy { path },
        _ => StoreError::Sqlite { path, source: Said(error) },
    }
}
