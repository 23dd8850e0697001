//! Tasks on the wire.

use jiff::Timestamp;
use serde::Serialize;

use super::SCHEMA_VERSION;
use crate::query::{Explanation, NeedView, TaskView};
use crate::status::Reason;

/// A task with how it stands on the document's target.
#[derive(Debug, Clone, Serialize)]
pub struct TaskDoc {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The slug of its phase.
    pub phase: String,
    /// `Critical`, `High`, `Medium`, `Low` or null.
    pub priority: Option<&'static str>,
    /// `pending`, `in_progress`, `completed` or `failed`.
    pub status: &'static str,
    /// `live`, `simulated`, `static`, `stated` or null.
    pub evidence: Option<&'static str>,
    /// What is finer than the status, or null.
    pub reason: Option<ReasonDoc>,
    /// Attempts so far.
    pub attempts: u32,
    /// Since when it stands so, or null.
    pub since: Option<Timestamp>,
    /// Path of the last attempt's log, relative to the state folder, or null.
    pub log: Option<String>,
    /// What it needs first.
    pub dependencies: Vec<NeedDoc>,
    /// The line of its box in the PRD.
    pub line: u32,
}

/// What is finer than a status.
#[derive(Debug, Clone, Serialize)]
pub struct ReasonDoc {
    /// `interrupted`, `unknown`, `skipped`, `drifted`, `failed` or `stated`.
    pub kind: &'static str,
    /// The recorded words; may be empty.
    pub text: String,
}

/// One thing that a task needs first.
#[derive(Debug, Clone, Serialize)]
pub struct NeedDoc {
    /// The id of a task, or of a phase of which all tasks are meant.
    pub on: String,
    /// `explicit`, `reference`, `parent` or `phase`.
    pub origin: &'static str,
    /// The line of the PRD that says so.
    pub line: u32,
    /// Whether it is done.
    pub satisfied: bool,
    /// How many tasks among it are not.
    #[serde(rename = "openCount")]
    pub open_count: usize,
    /// The first few of them.
    pub open: Vec<OpenDoc>,
}

/// A task that is waited for.
#[derive(Debug, Clone, Serialize)]
pub struct OpenDoc {
    /// Its id.
    pub id: String,
    /// How it stands.
    pub status: &'static str,
}

impl From<&Reason> for ReasonDoc {
    fn from(reason: &Reason) -> Self {
        ReasonDoc { kind: reason.name(), text: reason.text().to_owned() }
    }
}

impl From<&NeedView> for NeedDoc {
    fn from(need: &NeedView) -> Self {
        let open = need.open.iter();
        NeedDoc {
            on: need.on.clone(),
            origin: need.origin.as_str(),
            line: need.line,
            satisfied: need.open_count == 0,
            open_count: need.open_count,
            open: open.map(|(id, status)| OpenDoc { id: id.clone(), status: status.name() }).collect(),
        }
    }
}

impl From<&TaskView> for TaskDoc {
    fn from(task: &TaskView) -> Self {
        TaskDoc {
            id: task.id.clone(),
            title: task.title.clone(),
            phase: task.phase_id.clone(),
            priority: task.priority.map(prd_parser::Priority::as_str),
            status: task.status.name(),
            evidence: task.evidence.map(crate::Evidence::name),
            reason: task.reason.as_ref().map(ReasonDoc::from),
            attempts: task.attempts,
            since: task.since,
            log: task.log.clone(),
            dependencies: task.dependencies.iter().map(NeedDoc::from).collect(),
            line: task.line,
        }
    }
}

/// Several tasks: kind `task-list` or `next`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskListDoc {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Which list.
    pub kind: &'static str,
    /// The target that statuses are of.
    pub target: String,
    /// The tasks.
    pub tasks: Vec<TaskDoc>,
}

impl TaskListDoc {
    /// A list of the given kind.
    pub fn new(kind: &'static str, target: &str, tasks: &[TaskView]) -> TaskListDoc {
        let tasks = tasks.iter().map(TaskDoc::from).collect();
        TaskListDoc { schema_version: SCHEMA_VERSION, kind, target: target.to_owned(), tasks }
    }
}

/// One task with its details: kind `task`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskOneDoc {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// `task`.
    pub kind: &'static str,
    /// The target that the status is of.
    pub target: String,
    /// The task.
    pub task: TaskDoc,
    /// What the PRD says under it.
    pub details: Vec<String>,
    /// Whether its box is ticked in the PRD.
    pub checked: bool,
}

/// Why a task can or cannot start: kind `explanation`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainDoc {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// `explanation`.
    pub kind: &'static str,
    /// The target.
    pub target: String,
    /// The task.
    pub task: TaskDoc,
    /// Whether it can start now.
    pub can_start: bool,
    /// Why its own status does not let it, or null.
    pub condition: Option<String>,
    /// What it waits for.
    pub open: Vec<NeedDoc>,
}

impl ExplainDoc {
    /// The document of an explanation.
    pub fn new(target: &str, found: &Explanation) -> ExplainDoc {
        ExplainDoc {
            schema_version: SCHEMA_VERSION,
            kind: "explanation",
            target: target.to_owned(),
            task: TaskDoc::from(&found.task),
            can_start: found.can_start(),
            condition: found.condition.clone(),
            open: found.open.iter().map(NeedDoc::from).collect(),
        }
    }
}

/// The graph: kind `graph`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GraphDoc {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// `graph`.
    pub kind: &'static str,
    /// The target that statuses are of.
    pub target: String,
    /// Phases and tasks in document order.
    pub nodes: Vec<NodeDoc>,
    /// What comes before what, in document order of what waits.
    pub edges: Vec<EdgeDoc>,
    /// Ids of tasks, each after all that it needs.
    pub order: Vec<String>,
}

/// A task or phase in a graph.
#[derive(Debug, Clone, Serialize)]
pub struct NodeDoc {
    /// Its id.
    pub id: String,
    /// `task` or `phase`.
    pub kind: &'static str,
    /// Its title.
    pub title: String,
    /// The id of a task's phase; null for a phase.
    pub phase: Option<String>,
    /// A task's status; null for a phase.
    pub status: Option<&'static str>,
}

/// An edge in a graph.
#[derive(Debug, Clone, Serialize)]
pub struct EdgeDoc {
    /// The id that waits.
    pub from: String,
    /// The id that comes first.
    pub to: String,
    /// `explicit`, `reference`, `parent`, `phase` or `order`.
    pub origin: &'static str,
    /// Whether it blocks; `order` does not.
    pub hard: bool,
    /// The line of the PRD that says so.
    pub line: u32,
}

/// What `update` recorded: kind `update`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateDoc {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// `update`.
    pub kind: &'static str,
    /// The target.
    pub target: String,
    /// Whether anything was recorded; not where it stood so already.
    pub recorded: bool,
    /// The task as it stands now.
    pub task: TaskDoc,
}
