//! Questions about the tasks of a project on one target: which, which next, and why not yet.

use jiff::Timestamp;
use prd_parser::{Origin, Priority};

use crate::graph::Node;
use crate::project::Project;
use crate::select::{self, NoMatch};
use crate::standing::{OpenTasks, Standing};
use crate::status::{Evidence, Reason, Status};
use crate::transition::{Condition, Move, after};

/// A task of the plan with how it stands on one target.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskView {
    /// Its index in the plan.
    pub place: usize,
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its phase, as `Phase 2: Blue-Green Implementation`.
    pub phase: String,
    /// The slug of its phase.
    pub phase_id: String,
    /// Its own priority or its phase's.
    pub priority: Option<Priority>,
    /// The line of its box in the PRD.
    pub line: u32,
    /// How it stands.
    pub status: Status,
    /// What is finer than the status.
    pub reason: Option<Reason>,
    /// The ground on which it is completed or was tried.
    pub evidence: Option<Evidence>,
    /// Attempts so far.
    pub attempts: u32,
    /// Since when it stands so.
    pub since: Option<Timestamp>,
    /// Path of the last attempt's log, relative to the state folder.
    pub log: Option<String>,
    /// What it needs first, as ids of tasks and phases.
    pub dependencies: Vec<NeedView>,
}

/// One thing that a task needs first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeedView {
    /// The id of a task, or of a phase of which all tasks are meant.
    pub on: String,
    /// Why.
    pub origin: Origin,
    /// The line of the PRD that says so.
    pub line: u32,
    /// How many tasks among it are not completed; none when it is satisfied.
    pub open_count: usize,
    /// The first few of them, with how they stand.
    pub open: Vec<(String, Status)>,
}

/// Which tasks are asked for; what is `None` leaves all in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filters {
    /// Only tasks with this status.
    pub status: Option<Status>,
    /// Only tasks of this phase: its number, `Phase 2`, title or slug.
    pub phase: Option<String>,
    /// Only tasks with this priority.
    pub priority: Option<Priority>,
    /// Only tasks with this text in id, title or details; letter case does not matter.
    pub text: Option<String>,
}

/// The tasks that fit, in document order.
///
/// # Errors
/// [`NoMatch`] when the filter names a phase that is not there.
pub fn tasks(project: &Project, target: &str, filters: &Filters) -> Result<Vec<TaskView>, NoMatch> {
    let phase = filters.phase.as_deref().map(|typed| project.phase(typed)).transpose()?;
    let text = filters.text.as_deref().map(str::to_lowercase);
    let has_text = |task: &prd_parser::Task| {
        let fields = [&task.id, &task.title].into_iter().chain(&task.details);
        text.as_deref().is_none_or(|text| fields.into_iter().any(|field| field.to_lowercase().contains(text)))
    };
    let standing = Standing::of(project, target);
    let fits = |(_, task): &(usize, &prd_parser::Task)| {
        phase.is_none_or(|phase| task.phase == phase)
            && filters.priority.is_none_or(|priority| task.priority == Some(priority))
            && filters.status.is_none_or(|status| project.state().status(target, &task.id) == status)
            && has_text(task)
    };
    let fitting = project.plan().tasks.iter().enumerate().filter(fits);
    Ok(fitting.map(|(place, _)| view(project, target, &standing, place)).collect())
}

/// One task as it stands on a target, given how all stand there.
pub fn view(project: &Project, target: &str, standing: &Standing, place: usize) -> TaskView {
    let plan = project.plan();
    let task = &plan.tasks[place];
    let state = project.state().task(target, &task.id);
    let phase = plan.phases.get(task.phase);
    TaskView {
        place,
        id: task.id.clone(),
        title: task.title.clone(),
        phase: phase.map(select::label).unwrap_or_default(),
        phase_id: phase.map(|phase| phase.id.clone()).unwrap_or_default(),
        priority: task.priority,
        line: task.line,
        status: state.status(),
        reason: state.reason,
        evidence: state.evidence,
        attempts: state.attempts,
        since: state.since,
        log: state.log,
        dependencies: needs(project, target, standing, place),
    }
}

fn needs(project: &Project, target: &str, standing: &Standing, place: usize) -> Vec<NeedView> {
    let plan = project.plan();
    let named = |task: &usize| {
        let id = &plan.tasks[*task].id;
        (id.clone(), project.state().status(target, id))
    };
    let needs = project.graph().needs(place).into_iter();
    needs
        .map(|need| {
            let (on, open) = match need.on {
                Node::Task(task) => {
                    let first: Vec<usize> = (!standing.done[task]).then_some(task).into_iter().collect();
                    (&plan.tasks[task].id, OpenTasks { count: first.len(), first })
                }
                Node::Phase(phase) => (&plan.phases[phase].id, standing.open[phase].clone()),
            };
            NeedView {
                on: on.clone(),
                origin: need.origin,
                line: need.line,
                open_count: open.count,
                open: open.first.iter().map(named).collect(),
            }
        })
        .collect()
}

/// The tasks that can be started now, in the order in which they should be, at most `most` of them: not completed,
/// not under way, and with all that they need done. What failed, was interrupted or drifted can be started again.
pub fn next(project: &Project, target: &str, most: usize) -> Vec<TaskView> {
    let standing = Standing::of(project, target);
    let done = &standing.done;
    let ready = project.graph().ready(done);
    let order = project.graph().order().iter().copied();
    order
        .filter(|task| ready[*task] && !done[*task])
        .filter(|task| {
            let condition = project.state().condition(target, &project.plan().tasks[*task].id);
            after(condition, Move::Start).is_some()
        })
        .take(most)
        .map(|task| view(project, target, &standing, task))
        .collect()
}

/// Whether a task can be started now, and every reason why not.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The task as it stands.
    pub task: TaskView,
    /// Why its own condition does not let it start; none when it does.
    pub condition: Option<String>,
    /// The needs that are not satisfied.
    pub open: Vec<NeedView>,
    /// Tasks that nothing makes it wait for, but that come earlier in the document and are not done.
    pub earlier_open: usize,
}

impl Explanation {
    /// Whether it can be started now.
    pub fn can_start(&self) -> bool {
        self.condition.is_none() && self.open.is_empty()
    }
}

/// Says whether a task can be started now and why not, from the same graph and table that decide it.
pub fn explain(project: &Project, target: &str, place: usize) -> Explanation {
    let standing = Standing::of(project, target);
    let task = view(project, target, &standing, place);
    let condition = project.state().condition(target, &task.id);
    let open = task.dependencies.iter().filter(|need| need.open_count > 0).cloned().collect();
    let earlier_open = standing.done.iter().take(place).filter(|done| !**done).count();
    Explanation { condition: why_not(condition).map(str::to_owned), open, earlier_open, task }
}

fn why_not(condition: Condition) -> Option<&'static str> {
    match condition {
        Condition::Pending
        | Condition::Skipped
        | Condition::Drifted
        | Condition::Interrupted
        | Condition::Failed => None,
        Condition::Running => {
            Some("an attempt is under way, or was when its process died: `task-master resume`")
        }
        Condition::ByHand => Some("a person said that they are at it: `update` gives it back"),
        Condition::Unknown => {
            Some("nothing can tell how the last attempt ended: a person has to look and say so with `update`")
        }
        Condition::Completed => {
            Some("it is completed, and starts again only after it is recorded as drifted")
        }
    }
}
