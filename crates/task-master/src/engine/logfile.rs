//! The log file of an attempt: one a task and attempt, written as a reader of the event stream.
//!
//! Its tail may be lost in a crash; what counts is in the event log.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use task_manager::Event as Fact;
use task_manager::event::{StepOutcome, TaskOutcome};

use super::event::{Event, Reader};
use crate::runner::Stream;

/// A log file takes no more than this; the rest of the attempt is counted.
const MOST: usize = 16 << 20;

/// Path of an attempt's log, relative to the state folder.
/// Of the task's id only letters, digits, `-` and `_` are taken over: an id comes from the PRD, and may be `../..`.
pub(super) fn path(run: &str, task: &str, attempt: u32) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let task: String = task.chars().map(plain).take(120).collect();
    format!("runs/{run}/{task}.{attempt}.log")
}

/// Writes the log files below a state folder.
#[derive(Debug)]
pub(super) struct LogFiles {
    state: PathBuf,
    file: Option<File>,
    /// Lines that wait for the next one that a person may be waiting for.
    waiting: String,
    written: usize,
    dropped: u64,
}

impl LogFiles {
    pub(super) fn new(state: &Path) -> Self {
        Self { state: state.to_owned(), file: None, waiting: String::new(), written: 0, dropped: 0 }
    }

    fn open(&mut self, run: &str, task: &str, attempt: u32) {
        let path = self.state.join(path(run, task, attempt));
        let open = || {
            let flags = nix::fcntl::OFlag::O_NOFOLLOW.bits();
            OpenOptions::new().create(true).append(true).mode(0o600).custom_flags(flags).open(&path)
        };
        // A log that cannot be written is said once, by the tracing line; the run goes on.
        self.file = open().map_err(|error| tracing::warn!(%error, path = %path.display(), "no log")).ok();
        (self.written, self.dropped) = (0, 0);
    }

    fn line(&mut self, at: Timestamp, text: &str) {
        if self.file.is_none() {
            return;
        }
        let before = self.waiting.len();
        // Writing into a string cannot fail.
        let _ = writeln!(self.waiting, "{at:.3} {text}");
        self.written += self.waiting.len() - before;
        if self.written > MOST {
            self.written -= self.waiting.len() - before;
            self.waiting.truncate(before);
            self.dropped += 1;
        }
    }

    fn flush(&mut self) {
        if let Some(file) = &mut self.file {
            let _ = file.write_all(self.waiting.as_bytes());
        }
        self.waiting.clear();
    }

    fn close(&mut self, at: Timestamp, text: &str) {
        if self.dropped > 0 {
            self.written = 0;
            let dropped = self.dropped;
            self.line(at, &format!("({dropped} lines more than this file may hold)"));
        }
        self.line(at, text);
        self.flush();
        self.file = None;
    }
}

/// What became of a step, after its number.
fn step_word(outcome: StepOutcome) -> &'static str {
    match outcome {
        StepOutcome::Done => "is done",
        StepOutcome::AlreadySo => "was so already",
        StepOutcome::CheckedOnly => "was only checked",
        StepOutcome::Failed => "failed",
        StepOutcome::TimedOut => "ran out of time",
        StepOutcome::Interrupted => "was interrupted",
        StepOutcome::Unknown => "has an outcome that is not known",
    }
}

impl Reader for LogFiles {
    fn read(&mut self, at: Timestamp, event: &Event) {
        self.take(at, event);
        // The beginning of an attempt and the end of a step are followed at once by another line.
        if !matches!(event, Event::Fact(Fact::TaskStarted { .. } | Fact::StepFinished { .. })) {
            self.flush();
        }
    }
}

impl LogFiles {
    fn take(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::Fact(Fact::TaskStarted { task, target, run, attempt }) => {
                self.open(run, task, *attempt);
                self.line(at, &format!("attempt {attempt} at {task} on {target}"));
            }
            Event::Fact(Fact::StepIntended { step, what, .. }) => {
                self.line(at, &format!("step {step} does: {what}"));
            }
            Event::Fact(Fact::StepSpawned { step, pid, .. }) => {
                self.line(at, &format!("step {step}: pid {pid}"));
            }
            Event::Fact(Fact::StepFinished { step, outcome, detail, .. }) => {
                let detail = detail.as_deref().unwrap_or_default();
                self.line(at, &format!("step {step} {}: {detail}", step_word(*outcome)));
            }
            Event::Fact(Fact::TaskFinished { outcome, evidence, reason, .. }) => {
                let reason = reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
                let word = match outcome {
                    TaskOutcome::Completed => "completed",
                    TaskOutcome::Failed => "failed",
                };
                self.close(at, &format!("{word} ({evidence}){reason}"));
            }
            Event::Fact(Fact::TaskInterrupted { reason, .. }) => {
                self.close(at, &format!("interrupted: {reason}"));
            }
            Event::Fact(Fact::TaskUnknown { reason, .. }) => self.close(at, &format!("unknown: {reason}")),
            Event::Fact(_) | Event::StillSo { .. } | Event::CannotLook { .. } => {}
            Event::Step { step, what, .. } => self.line(at, &format!("step {step}: {what}")),
            Event::Line { stream: Stream::Out, text, .. } => self.line(at, &format!("| {text}")),
            Event::Line { stream: Stream::Err, text, .. } => self.line(at, &format!("! {text}")),
            Event::Retry { step, message, wait, .. } => {
                self.line(at, &format!("step {step} failed and is tried again in {wait:?}: {message}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_id_leads_out_of_the_run() {
        assert_eq!(path("r", "phase/a-task", 2), "runs/r/phase_a-task.2.log");
        assert_eq!(path("r", "../../etc/x", 1), "runs/r/______etc_x.1.log");
    }
}
