//! One run at a time: an advisory lock on a file, with a record of who holds it.
//!
//! The kernel frees the lock when the holder ends, however it ends, so a lock is never stale; the record is only for
//! the message. Readers of the state take no lock and are never blocked by one.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The process that holds the lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// The name of its host.
    pub host: String,
    /// When it took the lock.
    pub since: Timestamp,
    /// When the process started, in clock ticks since boot; tells a reused pid apart. None where `/proc` is not.
    #[serde(default)]
    pub start_time: Option<u64>,
    /// Its command line, for a person to recognise.
    pub command: String,
}

impl Holder {
    /// This process, described as the given command.
    pub fn this_process(command: impl Into<String>, now: Timestamp) -> Holder {
        let pid = std::process::id();
        Holder {
            pid,
            host: host_name(),
            since: now,
            start_time: process_start_time(pid),
            command: command.into(),
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` (pid {} on {}, since {})", self.command, self.pid, self.host, self.since)
    }
}

/// When a process started, in clock ticks since boot, as Linux tells it in `/proc`; none where it does not, and for
/// a process that is not there.
pub fn process_start_time(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the name in parentheses and may hold anything; field 3 follows the last one.
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

/// The boot that this machine is in, as Linux tells it in `/proc`; none where it does not.
pub fn boot_id() -> Option<String> {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim().to_owned())
}

fn host_name() -> String {
    nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok())
        .unwrap_or_else(|| "unknown host".to_owned())
}

/// Why the lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("the state is locked by {}", .holder.as_deref().map_or_else(|| "another run".to_owned(), Holder::to_string))]
    Held {
        /// Who; none in the moment before the holder has written its record.
        holder: Option<Box<Holder>>,
    },
    /// The lock file cannot be used.
    #[error("lock file {} cannot be used", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The lock, held until dropped or until the process ends.
///
/// A child process does not inherit it: the file is closed on exec.
#[derive(Debug)]
pub struct RunLock {
    /// Holds the lock by being open.
    _file: File,
}

impl RunLock {
    /// Takes the lock of the state folder, which must exist, or says at once who has it. Never waits.
    ///
    /// # Errors
    /// [`LockError::Held`] when another run has it, [`LockError::Io`] when the file cannot be opened or written.
    pub fn acquire(dir: &Path, holder: &Holder) -> Result<RunLock, LockError> {
        let path = dir.join("run.lock");
        let io = |source| LockError::Io { path: path.clone(), source };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Held { holder: read_record(&mut file).map(Box::new) });
            }
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        let record = serde_json::to_vec(holder).map_err(|error| io(error.into()))?;
        file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(&record)).map_err(io)?;
        Ok(RunLock { _file: file })
    }
}

fn read_record(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_refused_at_once_and_told_who_has_it() {
        let dir = tempfile::tempdir().unwrap();
        let holder = Holder::this_process("task-master execute-phase \"Phase 2\"", Timestamp::UNIX_EPOCH);
        let first = RunLock::acquire(dir.path(), &holder).unwrap();
        let second = RunLock::acquire(dir.path(), &holder).unwrap_err();
        let LockError::Held { holder: Some(named) } = &second else { panic!("{second:?}") };
        assert_eq!(**named, holder);
        assert!(second.to_string().contains("execute-phase"), "{second}");
        assert!(second.to_string().contains(&std::process::id().to_string()), "{second}");
        drop(first);
        RunLock::acquire(dir.path(), &holder).expect("free again");
    }

    #[test]
    fn a_longer_record_of_a_dead_holder_is_replaced_whole() {
        let dir = tempfile::tempdir().unwrap();
        let long = Holder::this_process("x".repeat(500), Timestamp::UNIX_EPOCH);
        drop(RunLock::acquire(dir.path(), &long).unwrap());
        let short = Holder::this_process("y", Timestamp::UNIX_EPOCH);
        let _held = RunLock::acquire(dir.path(), &short).unwrap();
        let LockError::Held { holder } = RunLock::acquire(dir.path(), &short).unwrap_err() else { panic!() };
        assert_eq!(holder.as_deref(), Some(&short));
    }

    #[test]
    fn this_process_has_a_start_time_and_no_process_has_pid_zero() {
        assert!(process_start_time(std::process::id()).is_some());
        assert_eq!(process_start_time(0), None);
    }
}
