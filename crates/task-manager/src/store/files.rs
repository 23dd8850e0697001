//! The files of the log, around SQLite: made for their owner only, made durable, and looked at from outside.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::StoreError;

/// What a database file looks like from outside: length, time of its last change, and whether a log lies beside it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FileLook {
    length: u64,
    modified: Option<SystemTime>,
    pub(super) beside: bool,
}

impl FileLook {
    pub(super) fn at(path: &Path) -> Option<FileLook> {
        let meta = fs::metadata(path).ok()?;
        let beside = ["-wal", "-journal"].iter().any(|suffix| with_suffix(path, suffix).exists());
        Some(FileLook { length: meta.len(), modified: meta.modified().ok(), beside })
    }
}

/// Whether a journal to roll back lies beside a database.
pub(super) fn has_rollback_journal(path: &Path) -> bool {
    with_suffix(path, "-journal").exists()
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Creates the state folder, readable by its owner only, and syncs the one that names it.
pub(super) fn create_dir(dir: &Path) -> Result<(), StoreError> {
    if dir.is_dir() {
        return Ok(());
    }
    let failed = |source| StoreError::Io { operation: "creating", path: dir.to_owned(), source };
    let missing: Vec<&Path> = dir.ancestors().take_while(|dir| !dir.exists()).collect();
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)?;
    for created in missing {
        match created.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => sync_dir(parent)?,
            _ => sync_dir(Path::new("."))?,
        }
    }
    Ok(())
}

/// Creates the database empty, so that its mode is ours from the first moment; SQLite gives the files beside it the
/// same one.
pub(super) fn create_file(dir: &Path, path: &Path) -> Result<(), StoreError> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => sync_dir(dir),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::StorageFull => {
            Err(StoreError::Full { path: path.to_owned() })
        }
        Err(error)
            if matches!(
                error.kind(),
                std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied
            ) =>
        {
            Err(StoreError::ReadOnly { path: path.to_owned() })
        }
        Err(source) => Err(StoreError::Io { operation: "creating", path: path.to_owned(), source }),
    }
}

/// Keeps other processes that create a log out of the folder until the file is dropped. Waits for one that is at it.
pub(super) fn lock_dir(dir: &Path) -> Result<File, StoreError> {
    let lock = || {
        let folder = File::open(dir)?;
        folder.lock()?;
        Ok(folder)
    };
    lock().map_err(|source| StoreError::Io { operation: "locking", path: dir.to_owned(), source })
}

fn sync_dir(dir: &Path) -> Result<(), StoreError> {
    let sync = || File::open(dir)?.sync_all();
    sync().map_err(|source| StoreError::Io { operation: "syncing", path: dir.to_owned(), source })
}
