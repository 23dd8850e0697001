//! The words for how a task stands and on what ground: status, reason, evidence.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How a task stands on one target, as the PRD's section 7 names it. Anything finer is a [`Reason`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nothing holds yet: never started, skipped, or found to be no longer so.
    Pending,
    /// Started and without a recorded outcome: running, interrupted, or with an outcome that nobody knows.
    InProgress,
    /// Done, on the ground that the task's [`Evidence`] names.
    Completed,
    /// Tried and not done.
    Failed,
}

impl Status {
    /// Every status, in the order in which reports count them.
    pub const ALL: [Status; 4] = [Status::Pending, Status::InProgress, Status::Completed, Status::Failed];

    /// The name on the wire and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::InProgress => "in_progress",
            Status::Completed => "completed",
            Status::Failed => "failed",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A word that is not a status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown status \"{0}\": one of pending, in_progress, completed, failed")]
pub struct UnknownStatus(pub String);

impl FromStr for Status {
    type Err = UnknownStatus;

    /// Reads the wire name; `in-progress`, as the PRD's section 6 writes it, is read too.
    fn from_str(word: &str) -> Result<Self, UnknownStatus> {
        let wanted = word.trim().to_lowercase().replace('-', "_");
        Status::ALL
            .into_iter()
            .find(|status| status.name() == wanted)
            .ok_or_else(|| UnknownStatus(word.to_owned()))
    }
}

/// On what ground something counts as done or shown. Only [`Evidence::Live`] ticks a box or meets a criterion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// Seen on a real cluster or by a real tool.
    Live,
    /// Seen on the simulated cluster only.
    Simulated,
    /// The shipped files were checked; what they describe was not carried out.
    Static,
    /// A person said so.
    Stated,
}

impl Evidence {
    /// Every kind, strongest first.
    pub const ALL: [Evidence; 4] = [Evidence::Live, Evidence::Simulated, Evidence::Static, Evidence::Stated];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Evidence::Live => "live",
            Evidence::Simulated => "simulated",
            Evidence::Static => "static",
            Evidence::Stated => "stated",
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What is finer than a status, with the words that were recorded for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Started, then cut off before an outcome was recorded. Status: in progress.
    Interrupted(String),
    /// Cut off where no check can tell the outcome; a person has to say. Status: in progress.
    Unknown(String),
    /// A run passed it over. Status: pending.
    Skipped(String),
    /// It was completed once and is no longer so. Status: pending.
    Drifted(String),
    /// Why it failed. Status: failed.
    Failed(String),
    /// What a person said when stating the status by hand. Any status.
    Stated(String),
}

impl Reason {
    /// The name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Reason::Interrupted(_) => "interrupted",
            Reason::Unknown(_) => "unknown",
            Reason::Skipped(_) => "skipped",
            Reason::Drifted(_) => "drifted",
            Reason::Failed(_) => "failed",
            Reason::Stated(_) => "stated",
        }
    }

    /// The recorded words; may be empty.
    pub fn text(&self) -> &str {
        match self {
            Reason::Interrupted(text)
            | Reason::Unknown(text)
            | Reason::Skipped(text)
            | Reason::Drifted(text)
            | Reason::Failed(text)
            | Reason::Stated(text) => text,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text() {
            "" => f.write_str(self.name()),
            text => write!(f, "{}: {text}", self.name()),
        }
    }
}
