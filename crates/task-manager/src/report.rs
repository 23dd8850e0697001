//! The report as plain data: computed once, then written as text, Markdown or JSON by readers of it.

use std::path::PathBuf;

use prd_parser::Priority;

use crate::project::Project;
use crate::query::{self, Filters, TaskView};
use crate::select::label;
use crate::shown::{self, ItemView, Level};
use crate::status::{Evidence, Status};
use crate::transition::Condition;

/// How many tasks a report names as next.
const NEXT: usize = 5;

/// How a project stands on one target.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The PRD's file name as it was found.
    pub file: String,
    /// The state folder, to which paths of logs are relative.
    pub state: PathBuf,
    /// The PRD's title.
    pub title: Option<String>,
    /// The target.
    pub target: String,
    /// The commit that evidence is judged by; none where it is not known.
    pub commit: Option<String>,
    /// The sums.
    pub totals: Totals,
    /// The phases in document order.
    pub phases: Vec<PhaseReport>,
    /// Requirements in document order.
    pub requirements: Vec<ItemView>,
    /// Criteria in document order.
    pub criteria: Vec<ItemView>,
    /// What can be started now, the first few.
    pub next: Vec<TaskView>,
    /// What failed.
    pub failed: Vec<TaskView>,
    /// What is under way, was interrupted, or waits for a person.
    pub unfinished: Vec<TaskView>,
}

/// Sums of a report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// All tasks, by status and evidence.
    pub tasks: Counts,
    /// Requirements, by [`Level::ALL`].
    pub requirements: [usize; 3],
    /// Criteria, by [`Level::ALL`].
    pub criteria: [usize; 3],
}

/// Tasks, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// All of them.
    pub all: usize,
    /// By [`Status::ALL`].
    pub by_status: [usize; 4],
    /// The completed ones, by [`Evidence::ALL`].
    pub by_evidence: [usize; 4],
}

impl Counts {
    /// Counts tasks.
    pub fn of<'a>(tasks: impl IntoIterator<Item = &'a TaskView>) -> Counts {
        let mut counts = Counts::default();
        for task in tasks {
            counts.all += 1;
            counts.by_status[task.status as usize] += 1;
            if let (Status::Completed, Some(evidence)) = (task.status, task.evidence) {
                counts.by_evidence[evidence as usize] += 1;
            }
        }
        counts
    }

    /// How many have the status.
    pub fn status(&self, status: Status) -> usize {
        self.by_status[status as usize]
    }

    /// How many are completed on the ground.
    pub fn evidence(&self, evidence: Evidence) -> usize {
        self.by_evidence[evidence as usize]
    }
}

/// One phase of a report.
#[derive(Debug, Clone, PartialEq)]
pub struct PhaseReport {
    /// Its slug.
    pub id: String,
    /// Its number.
    pub number: Option<u32>,
    /// Its title.
    pub title: String,
    /// `Phase 2: Blue-Green Implementation`.
    pub label: String,
    /// Its priority.
    pub priority: Option<Priority>,
    /// Its tasks in document order.
    pub tasks: Vec<TaskView>,
    /// Their sums.
    pub counts: Counts,
}

/// Reports on a project for one target, judging showings by the given commit.
pub fn report(project: &Project, target: &str, commit: Option<String>) -> Report {
    let plan = project.plan();
    // No phase is named, so nothing can fail to match.
    let tasks = query::tasks(project, target, &Filters::default()).unwrap_or_default();
    let of = |wanted: &dyn Fn(&TaskView) -> bool| tasks.iter().filter(|task| wanted(task)).cloned().collect();
    let items = |items: &[prd_parser::Item]| -> Vec<ItemView> {
        items.iter().map(|item| shown::view(item, project.state(), commit.as_deref())).collect()
    };
    let (requirements, criteria) = (items(&plan.requirements), items(&plan.criteria));
    let unfinished = |task: &TaskView| {
        let condition = project.state().condition(target, &task.id);
        task.status == Status::InProgress || condition == Condition::Drifted
    };
    Report {
        file: project.place().prd.display().to_string(),
        state: project.place().state.clone(),
        title: plan.metadata.title.clone(),
        target: target.to_owned(),
        totals: Totals {
            tasks: Counts::of(&tasks),
            requirements: levels(&requirements),
            criteria: levels(&criteria),
        },
        next: query::next(project, target, NEXT),
        failed: of(&|task| task.status == Status::Failed),
        unfinished: of(&unfinished),
        phases: phases(plan, tasks),
        requirements,
        criteria,
        commit,
    }
}

fn phases(plan: &prd_parser::Plan, tasks: Vec<TaskView>) -> Vec<PhaseReport> {
    let mut phases: Vec<PhaseReport> = plan
        .phases
        .iter()
        .map(|phase| PhaseReport {
            id: phase.id.clone(),
            number: phase.number,
            title: phase.title.clone(),
            label: label(phase),
            priority: phase.priority,
            tasks: Vec::new(),
            counts: Counts::default(),
        })
        .collect();
    for task in tasks {
        if let Some(phase) = phases.get_mut(plan.tasks[task.place].phase) {
            phase.tasks.push(task);
        }
    }
    for phase in &mut phases {
        phase.counts = Counts::of(&phase.tasks);
    }
    phases
}

fn levels(items: &[ItemView]) -> [usize; 3] {
    Level::ALL.map(|level| items.iter().filter(|item| item.level == level).count())
}
