//! Who a process is: its id and the moment it started, because ids are given out again.

use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

/// One process, for ever: a later one with the same id has another start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Process {
    /// The process id.
    pub(crate) pid: i32,
    /// When it started, in the kernel's clock ticks since boot.
    pub(crate) start: u64,
}

/// What `/proc/PID/stat` says of interest.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    state: char,
    parent: i32,
    start: u64,
}

impl Process {
    /// The process that has this id now; none when there is none, or only its exit status is left.
    pub(crate) fn with_id(pid: i32) -> Option<Process> {
        let stat = stat(pid).filter(|stat| !matches!(stat.state, 'Z' | 'X'))?;
        Some(Process { pid, start: stat.start })
    }

    /// Whether this very process still runs.
    pub(crate) fn runs(&self) -> bool {
        Process::with_id(self.pid) == Some(*self)
    }

    /// Sends a signal to this very process; one that has ended is no error.
    pub(crate) fn signal(&self, signal: Signal) {
        if self.runs() {
            // It may end between the look and the signal, which is what was wanted.
            let _ = kill(Pid::from_raw(self.pid), signal);
        }
    }
}

/// Every process with its arguments; those that end while they are looked at are left out.
pub(crate) fn all() -> Vec<(Process, Vec<String>)> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    ids.filter_map(|pid| Some((Process::with_id(pid)?, arguments(pid)?))).collect()
}

/// The processes that one has started and that still run.
pub(crate) fn children(parent: i32) -> Vec<Process> {
    let is_child = |process: &Process| stat(process.pid).is_some_and(|stat| stat.parent == parent);
    all().into_iter().map(|(process, _)| process).filter(is_child).collect()
}

/// This process and those that it was started from.
pub(crate) fn ancestry() -> Vec<i32> {
    let mut line = vec![i32::try_from(std::process::id()).unwrap_or_default()];
    while let Some(stat) = line.last().and_then(|pid| stat(*pid)).filter(|stat| stat.parent > 0) {
        line.push(stat.parent);
    }
    line
}

/// A variable of a process's environment, as it was started.
pub(crate) fn variable(pid: i32, name: &str) -> Option<String> {
    let bytes = std::fs::read(Path::new("/proc").join(pid.to_string()).join("environ")).ok()?;
    let pairs = bytes.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    pairs.into_iter().find_map(|pair| {
        pair.split_once('=').filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
    })
}

fn arguments(pid: i32) -> Option<Vec<String>> {
    let bytes = std::fs::read(Path::new("/proc").join(pid.to_string()).join("cmdline")).ok()?;
    let words = bytes.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned());
    Some(words.filter(|word| !word.is_empty()).collect())
}

fn stat(pid: i32) -> Option<Stat> {
    parse(&std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).ok()?)
}

/// The program's name comes second, in brackets, and may itself hold blanks and brackets.
fn parse(text: &str) -> Option<Stat> {
    let (_, rest) = text.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    Some(Stat {
        state: fields.first()?.chars().next()?,
        parent: fields.get(1)?.parse().ok()?,
        start: fields.get(19)?.trim().parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_does_not_shift_the_fields() {
        let numbers = (4..=21).map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
        let text = format!("77 (a) b) S 3 {numbers} 990011 23 24\n");
        // Field 22 of the line is the start time: 4 is the parent, 21 fields stand before it.
        assert_eq!(parse(&text).map(|stat| (stat.state, stat.parent)), Some(('S', 3)));
        assert_eq!(parse("77 (x) R 1 2 3"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn the_start_is_the_twenty_second_field() {
        let before: Vec<String> = (4..22).map(|n| n.to_string()).collect();
        let text = format!("77 (x) R {} 990011 23\n", before.join(" "));
        assert_eq!(parse(&text).map(|stat| stat.start), Some(990_011));
    }

    #[test]
    fn a_process_is_itself_and_no_other_with_its_id() {
        let me = Process::with_id(i32::try_from(std::process::id()).unwrap()).unwrap();
        assert!(me.runs());
        assert!(!Process { start: me.start + 1, ..me }.runs());
        assert!(ancestry().len() > 1);
        assert!(all().iter().any(|(process, words)| *process == me && !words.is_empty()));
    }
}
