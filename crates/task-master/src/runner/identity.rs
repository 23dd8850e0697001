//! Which process a child is: its id and the moment it started, so that a reused id is not mistaken for it.

use std::io;
use std::time::{Duration, Instant};

/// A process, told apart from any later one with the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChildId {
    /// The process id.
    pub pid: u32,
    /// Clock ticks from boot to its start (field 22 of `/proc/PID/stat`).
    pub start_time: u64,
}

impl ChildId {
    /// The identity of the process that has `pid` now.
    ///
    /// # Errors
    /// When there is none.
    pub fn of(pid: u32) -> io::Result<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let start_time = start_time(&stat).ok_or(io::ErrorKind::InvalidData)?;
        Ok(Self { pid, start_time })
    }

    /// Whether this very process still runs. A zombie does not.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)) else { return false };
        start_time(&stat) == Some(self.start_time) && !matches!(state(&stat), Some("Z" | "X"))
    }
}

impl ChildId {
    /// Waits until it has ended, at most so long. It need not be a child of ours, so it is looked at now and then.
    #[expect(
        clippy::disallowed_methods,
        reason = "nothing announces the end of a process that is not our child"
    )]
    pub fn ends_within(&self, bound: Duration) -> bool {
        let end = Instant::now() + bound;
        while self.is_alive() {
            if Instant::now() >= end {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        true
    }
}

/// The fields after the command's name, which stands in brackets and may hold anything.
fn fields(stat: &str) -> Option<std::str::SplitWhitespace<'_>> {
    stat.rsplit_once(") ").map(|(_, rest)| rest.split_whitespace())
}

fn state(stat: &str) -> Option<&str> {
    fields(stat)?.next()
}

fn start_time(stat: &str) -> Option<u64> {
    fields(stat)?.nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_spaces_does_not_shift_the_fields() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 8812 1 1";
        assert_eq!(start_time(stat), Some(8812));
        assert_eq!(state(stat), Some("S"));
    }

    #[test]
    fn this_process_is_alive_and_one_that_started_earlier_with_its_id_is_not() {
        let me = ChildId::of(std::process::id()).unwrap();
        assert!(me.is_alive());
        assert!(!ChildId { start_time: me.start_time - 1, ..me }.is_alive());
    }
}
