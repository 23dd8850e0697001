//! What the state is made of, as plain data.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::event::{RunOutcome, StepOutcome};
use crate::lock::Holder;
use crate::status::{Evidence, Reason, Status};
use crate::transition::Condition;

/// How one task stands on one target.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TaskState {
    /// The condition, of which the status is the coarse form.
    pub condition: Condition,
    /// What is finer than the status, with its words.
    pub reason: Option<Reason>,
    /// The ground on which it is completed or was tried. None unless completed or failed.
    pub evidence: Option<Evidence>,
    /// Attempts so far on this target, across runs.
    pub attempts: u32,
    /// When the present condition began; none when nothing has happened.
    pub since: Option<Timestamp>,
    /// Path of the last attempt's log, relative to the state folder.
    pub log: Option<String>,
    /// The last run that touched it.
    pub run: Option<String>,
    /// The step of the last attempt that was intended last; tells a resuming run where to look.
    pub step: Option<u32>,
    /// The steps that the next attempt has to reckon with, by number: every one that was intended since the task
    /// last completed, drifted or had its status stated. Of an attempt that failed only those that were done.
    pub steps: BTreeMap<u32, StepState>,
}

impl TaskState {
    /// The status that its condition shows as.
    pub fn status(&self) -> Status {
        self.condition.status()
    }
}

/// A step of an attempt, as far as the log knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct StepState {
    /// What it was about to do.
    pub what: String,
    /// Its process, once that was recorded.
    pub spawned: Option<Spawned>,
    /// How it ended; none when the log does not say, so that it may have happened or not.
    pub outcome: Option<StepOutcome>,
}

/// A recorded process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spawned {
    /// Its process id.
    pub pid: u32,
    /// Its start, in clock ticks since boot.
    pub start_time: u64,
    /// The boot in which that holds.
    pub boot_id: Option<String>,
}

/// A run, as far as the log knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct RunState {
    /// Its name.
    pub run: String,
    /// The target that it works on.
    pub target: String,
    /// The process that runs or ran it.
    pub holder: Holder,
    /// When it began.
    pub started: Timestamp,
    /// When and how it ended; none for one that is under way or died.
    pub finished: Option<(Timestamp, RunOutcome)>,
}

/// One showing of a requirement or criterion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Showing {
    /// On what ground.
    pub evidence: Evidence,
    /// The target.
    pub target: String,
    /// The scenario or task that showed it.
    pub by: String,
    /// The commit at the time.
    pub commit: Option<String>,
    /// When.
    pub at: Timestamp,
}
