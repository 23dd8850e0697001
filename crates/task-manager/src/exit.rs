//! The exit codes of every binary of this project, in one place; `docs/reference/exit-codes.md` shows the same table.

use std::process::ExitCode;

/// Why a command ended as it did, for the shell that started it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// Everything that was asked for is done.
    Ok,
    /// A task failed.
    TaskFailed,
    /// The command line is wrong.
    Usage,
    /// The PRD, the runbook, a template, or what was linted is invalid.
    Invalid,
    /// Nothing matched what was named.
    NoMatch,
    /// Nothing failed, and tasks are outstanding, blocked or only manual.
    Outstanding,
    /// Another run holds the state.
    Locked,
    /// The state is corrupt, of a newer version, or cannot be written.
    State,
    /// A tool is missing.
    ToolMissing,
    /// A file could not be read or written.
    InputOutput,
    /// An outcome is unknown and needs a person.
    Unknown,
    /// The cluster cannot be reached, or does not know who asks.
    Unreachable,
    /// The cluster does not allow it to who asks.
    Forbidden,
    /// The state does not allow it.
    Refused,
    /// What was waited for ended Degraded.
    Degraded,
    /// What was waited for stands Paused.
    Paused,
    /// There is no space left.
    DiskFull,
    /// Only a change in Git helps.
    OnlyGit,
    /// Something did not end in time.
    Timeout,
    /// Stopped by SIGINT.
    Interrupted,
    /// Stopped by SIGTERM.
    Terminated,
}

impl Code {
    /// The code of a file that could not be read or written.
    pub fn of_io(error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull => Code::DiskFull,
            _ => Code::InputOutput,
        }
    }

    /// Every code, in ascending order of its number.
    pub const ALL: [Code; 21] = [
        Code::Ok,
        Code::TaskFailed,
        Code::Usage,
        Code::Invalid,
        Code::NoMatch,
        Code::Outstanding,
        Code::Locked,
        Code::State,
        Code::ToolMissing,
        Code::InputOutput,
        Code::Unknown,
        Code::Unreachable,
        Code::Forbidden,
        Code::Refused,
        Code::Degraded,
        Code::Paused,
        Code::DiskFull,
        Code::OnlyGit,
        Code::Timeout,
        Code::Interrupted,
        Code::Terminated,
    ];

    /// The number that the process exits with.
    pub fn number(self) -> u8 {
        match self {
            Code::Ok => 0,
            Code::TaskFailed => 1,
            Code::Usage => 2,
            Code::Invalid => 3,
            Code::NoMatch => 4,
            Code::Outstanding => 5,
            Code::Locked => 6,
            Code::State => 7,
            Code::ToolMissing => 8,
            Code::InputOutput => 9,
            Code::Unknown => 10,
            Code::Unreachable => 11,
            Code::Forbidden => 12,
            Code::Refused => 13,
            Code::Degraded => 14,
            Code::Paused => 15,
            Code::DiskFull => 16,
            Code::OnlyGit => 17,
            Code::Timeout => 124,
            Code::Interrupted => 130,
            Code::Terminated => 143,
        }
    }

    /// What it means, in the words of the documented table.
    pub fn meaning(self) -> &'static str {
        match self {
            Code::Ok => "everything that was asked for is done",
            Code::TaskFailed => "a task failed",
            Code::Usage => "the command line is wrong",
            Code::Invalid => "the PRD, the runbook, a template, or what was linted is invalid",
            Code::NoMatch => "nothing matched what was named",
            Code::Outstanding => "finished, but tasks are outstanding, blocked or only manual",
            Code::Locked => "the state is locked by another run",
            Code::State => "the state is corrupt, from a newer version, or read-only",
            Code::ToolMissing => "a tool is missing",
            Code::InputOutput => "a file is missing, unreadable or not text, or cannot be written",
            Code::Unknown => "an outcome is unknown and needs a person",
            Code::Unreachable => "the cluster cannot be reached, or does not know who asks",
            Code::Forbidden => "the cluster does not allow it to who asks",
            Code::Refused => "the state does not allow it, and nothing was changed",
            Code::Degraded => "the rollout is degraded, or an analysis failed",
            Code::Paused => "the rollout is paused, or an analysis is inconclusive",
            Code::DiskFull => "the disk is full",
            Code::OnlyGit => "only a change in Git helps, and none was asked for",
            Code::Timeout => "something did not end in time",
            Code::Interrupted => "interrupted by SIGINT (Ctrl-C)",
            Code::Terminated => "stopped by SIGTERM",
        }
    }
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        ExitCode::from(code.number())
    }
}
