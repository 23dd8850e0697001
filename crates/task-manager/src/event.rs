//! The events of the log: what can have happened.
//!
//! This is the stored form (JSON in the `body` column, `kind` as its tag), so a field may be added with a default,
//! and anything else raises the schema version in [`crate::store`]. Task ids are the plan's ids at the time of the
//! event; a later [`Event::PlanParsed`] may say that a task has been renamed since.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::lock::Holder;
use crate::status::{Evidence, Status};

/// An event that is about to be recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// When it happened, by the writer's wall clock.
    pub at: Timestamp,
    /// Who recorded it: a user name, or the program.
    pub actor: String,
    /// What happened.
    pub event: Event,
}

/// An event as the log holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Its place in the log, from 1, without gaps.
    pub seq: u64,
    /// When it happened, by the writer's wall clock. Not used for ordering: `seq` is.
    pub at: Timestamp,
    /// Who recorded it.
    pub actor: String,
    /// What happened.
    pub event: Event,
}

/// What can have happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// A plan was read and is now the known one.
    PlanParsed(PlanParsed),
    /// A run began; its holder has the run lock.
    RunStarted {
        /// Unique name of the run, also the name of its folder of logs.
        run: String,
        /// The target that it works on: `sim`, `host`, `kind` or `context:NAME`.
        target: String,
        /// The process that runs it.
        holder: Holder,
    },
    /// A run ended and said how.
    RunFinished {
        /// The run.
        run: String,
        /// The target that it worked on.
        target: String,
        /// How it ended.
        outcome: RunOutcome,
        /// The reason, when it did not simply complete.
        #[serde(default)]
        reason: Option<String>,
    },
    /// An attempt at a task begins. Durable before anything of it takes effect.
    TaskStarted {
        /// The task.
        task: String,
        /// The target.
        target: String,
        /// The run.
        run: String,
        /// Which attempt at this task on this target, from 1, counted across runs.
        attempt: u32,
    },
    /// A step is about to take effect. Durable before it does.
    StepIntended {
        /// The task.
        task: String,
        /// The target.
        target: String,
        /// The run.
        run: String,
        /// The attempt at the task.
        attempt: u32,
        /// Which step of the task, from 1.
        step: u32,
        /// What it is about to do, as a person would write it (a command to paste, an API call). No secrets.
        what: String,
    },
    /// The step's process exists.
    StepSpawned {
        /// The task.
        task: String,
        /// The target.
        target: String,
        /// The run.
        run: String,
        /// The attempt at the task.
        attempt: u32,
        /// Which step of the task, from 1.
        step: u32,
        /// Its process id.
        pid: u32,
        /// When it started, in clock ticks since boot (`/proc/PID/stat`, field 22); tells a reused pid apart.
        start_time: u64,
        /// The boot in which that holds (`/proc/sys/kernel/random/boot_id`).
        #[serde(default)]
        boot_id: Option<String>,
    },
    /// A step ended.
    StepFinished {
        /// The task.
        task: String,
        /// The target.
        target: String,
        /// The run.
        run: String,
        /// The attempt at the task.
        attempt: u32,
        /// Which step of the task, from 1.
        step: u32,
        /// How it ended.
        outcome: StepOutcome,
        /// One line more about it: an error, what the check saw.
        #[serde(default)]
        detail: Option<String>,
    },
    /// An attempt at a task ended with an outcome that is known.
    TaskFinished {
        /// The task.
        task: String,
        /// The target.
        target: String,
        /// The run.
        run: String,
        /// The attempt.
        attempt: u32,
        /// Completed or failed.
        outcome: TaskOutcome,
        /// On what ground; for a failure, the ground on which it was tried.
        evidence: Evidence,
        /// The reason; always given for a failure.
        #[serde(default)]
        reason: Option<String>,
        /// Path of the attempt's log file, relative to the state folder.
        #[serde(default)]
        log: Option<String>,
    },
    /// An attempt was cut off and no check can tell its outcome: waits for a person.
    TaskUnknown {
        /// The task.
        task: String,
        /// The target.
        target: String,
        /// The run.
        run: String,
        /// The attempt.
        attempt: u32,
        /// What is not known, and what was looked at.
        reason: String,
        /// Path of the attempt's log file, relative to the state folder.
        #[serde(default)]
        log: Option<String>,
    },
    /// An attempt was cut off before its outcome was recorded.
    TaskInterrupted {
        /// The task.
        task: String,
        /// The target.
        target: String,
        /// The run that was cut off.
        run: String,
        /// The attempt.
        attempt: u32,
        /// By what.
        reason: String,
        /// Path of the attempt's log file, relative to the state folder.
        #[serde(default)]
        log: Option<String>,
    },
    /// A run passed the task over without starting it.
    TaskSkipped {
        /// The task.
        task: String,
        /// The target.
        target: String,
        /// The run.
        run: String,
        /// Why.
        reason: String,
    },
    /// A completed task was found to be no longer so; only now may it start again.
    TaskDrifted {
        /// The task.
        task: String,
        /// The target.
        target: String,
        /// The run whose check found it; none when a person said so.
        #[serde(default)]
        run: Option<String>,
        /// What is different.
        reason: String,
    },
    /// A person stated the status of a task by hand.
    StatusStated {
        /// The task.
        task: String,
        /// The target.
        target: String,
        /// The status that was stated.
        status: Status,
        /// Why, in the person's words.
        #[serde(default)]
        message: Option<String>,
        /// Who.
        who: String,
    },
    /// Requirements and criteria were shown by something that ran. Goes stale when the commit changes.
    Shown {
        /// Ids of requirements and criteria.
        ids: Vec<String>,
        /// The target on which they were shown.
        target: String,
        /// On what ground.
        evidence: Evidence,
        /// The named thing that showed it: a scenario or a task id.
        by: String,
        /// The commit of the project at the time; none where there was no repository.
        #[serde(default)]
        commit: Option<String>,
    },
}

/// The plan that was read: enough of it to recognise its tasks in a later version of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanParsed {
    /// The file's name as it was given.
    pub file: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Its tasks in document order.
    pub tasks: Vec<KnownTask>,
    /// Tasks whose id changed from the plan known before to this one; their state goes with them.
    #[serde(default)]
    pub renamed: Vec<Renamed>,
    /// Ids that were known before and are in this plan no more; their state is kept.
    #[serde(default)]
    pub removed: Vec<String>,
}

/// One task of a known plan: what [`prd_parser::identity`] needs to find it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownTask {
    /// Its id.
    pub id: String,
    /// Whether the author wrote the id.
    #[serde(default)]
    pub explicit: bool,
    /// Its title.
    pub title: String,
    /// The id of its phase.
    pub phase: String,
    /// [`prd_parser::identity::spec_hash`] of title and details.
    #[serde(default)]
    pub spec: u64,
}

/// A task that has another id than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renamed {
    /// The id in the plan known before.
    pub from: String,
    /// The id now.
    pub to: String,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// Everything that was asked for is done.
    Completed,
    /// A task failed.
    Failed,
    /// Nothing failed, and something is outstanding: skipped, blocked or only manual.
    Outstanding,
    /// Stopped by a signal, or found dead by a later run.
    Interrupted,
    /// An outcome is unknown and waits for a person.
    Unknown,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepOutcome {
    /// It was done.
    Done,
    /// Its check said that it was so already; nothing was done.
    AlreadySo,
    /// Only the shipped files were checked; the tool or the target to carry it out was not there.
    CheckedOnly,
    /// It failed.
    Failed,
    /// It did not end within its timeout and was stopped.
    TimedOut,
    /// It was stopped by a signal.
    Interrupted,
    /// It was cut off, and nothing can tell what became of it.
    Unknown,
}

/// How an attempt at a task ended, when that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskOutcome {
    /// Done.
    Completed,
    /// Not done.
    Failed,
}

impl Event {
    /// The name of the kind, as in the log's `kind` column.
    pub fn kind(&self) -> &'static str {
        match self {
            Event::PlanParsed(_) => "plan_parsed",
            Event::RunStarted { .. } => "run_started",
            Event::RunFinished { .. } => "run_finished",
            Event::TaskStarted { .. } => "task_started",
            Event::StepIntended { .. } => "step_intended",
            Event::StepSpawned { .. } => "step_spawned",
            Event::StepFinished { .. } => "step_finished",
            Event::TaskFinished { .. } => "task_finished",
            Event::TaskUnknown { .. } => "task_unknown",
            Event::TaskInterrupted { .. } => "task_interrupted",
            Event::TaskSkipped { .. } => "task_skipped",
            Event::TaskDrifted { .. } => "task_drifted",
            Event::StatusStated { .. } => "status_stated",
            Event::Shown { .. } => "shown",
        }
    }

    /// The run to which it belongs, if any.
    pub fn run(&self) -> Option<&str> {
        match self {
            Event::PlanParsed(_) | Event::StatusStated { .. } | Event::Shown { .. } => None,
            Event::TaskDrifted { run, .. } => run.as_deref(),
            Event::RunStarted { run, .. }
            | Event::RunFinished { run, .. }
            | Event::TaskStarted { run, .. }
            | Event::StepIntended { run, .. }
            | Event::StepSpawned { run, .. }
            | Event::StepFinished { run, .. }
            | Event::TaskFinished { run, .. }
            | Event::TaskUnknown { run, .. }
            | Event::TaskInterrupted { run, .. }
            | Event::TaskSkipped { run, .. } => Some(run),
        }
    }

    /// The target on which it happened, if any.
    pub fn target(&self) -> Option<&str> {
        match self {
            Event::PlanParsed(_) => None,
            Event::RunStarted { target, .. }
            | Event::RunFinished { target, .. }
            | Event::TaskStarted { target, .. }
            | Event::StepIntended { target, .. }
            | Event::StepSpawned { target, .. }
            | Event::StepFinished { target, .. }
            | Event::TaskFinished { target, .. }
            | Event::TaskUnknown { target, .. }
            | Event::TaskInterrupted { target, .. }
            | Event::TaskSkipped { target, .. }
            | Event::TaskDrifted { target, .. }
            | Event::StatusStated { target, .. }
            | Event::Shown { target, .. } => Some(target),
        }
    }

    /// The task that it is about, if it is about one.
    pub fn task(&self) -> Option<&str> {
        match self {
            Event::PlanParsed(_)
            | Event::RunStarted { .. }
            | Event::RunFinished { .. }
            | Event::Shown { .. } => None,
            Event::TaskStarted { task, .. }
            | Event::StepIntended { task, .. }
            | Event::StepSpawned { task, .. }
            | Event::StepFinished { task, .. }
            | Event::TaskFinished { task, .. }
            | Event::TaskUnknown { task, .. }
            | Event::TaskInterrupted { task, .. }
            | Event::TaskSkipped { task, .. }
            | Event::TaskDrifted { task, .. }
            | Event::StatusStated { task, .. } => Some(task),
        }
    }
}
