//! The functions of PRD §7.2, with the names and the fields that it gives them.

use std::time::{Duration, Instant};

use prd_parser::Plan;

use crate::context::Context;
use crate::engine::{self, End, EngineError, Event, Reader, Resolved, RunReport, Selection, TaskReport};

/// What came of one task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionResult {
    /// Whether the task is completed now.
    pub success: bool,
    /// What its steps said, one line each.
    pub output: String,
    /// Why it did not succeed.
    pub error: Option<String>,
    /// How long it took.
    pub duration: Duration,
}

/// What came of a phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhaseResult {
    /// Whether every task of it is completed now.
    pub success: bool,
    /// How many tasks are completed now.
    pub tasks_completed: usize,
    /// How many failed, were interrupted, or ended with an outcome that nobody knows.
    /// Tasks that were skipped or are manual are in neither number.
    pub tasks_failed: usize,
    /// Every task in the order in which it was met.
    pub results: Vec<ExecutionResult>,
}

/// Carries one task out: `task_id` is its id or an unambiguous part of it.
///
/// A task that is completed is looked at again, and carried out again only if it is no longer so.
/// Whatever goes wrong, also before anything began, is in the result.
#[must_use]
pub fn execute_task(task_id: &str, context: &Context) -> ExecutionResult {
    let began = Instant::now();
    match quietly(context, &Selection::Task(task_id.to_owned())) {
        Ok(report) => report.tasks.into_iter().next().map_or_else(|| nothing(began), ExecutionResult::from),
        Err(error) => failed(&error, began),
    }
}

/// Carries all tasks of a phase out, one after the other: `phase_name` is its number, title or slug.
///
/// After a task that failed the others are skipped, unless the context says to keep going.
#[must_use]
pub fn execute_phase(phase_name: &str, context: &Context) -> PhaseResult {
    let began = Instant::now();
    match quietly(context, &Selection::Phase(phase_name.to_owned())) {
        Ok(report) => PhaseResult::from(report),
        Err(error) => PhaseResult {
            success: false,
            tasks_completed: 0,
            tasks_failed: 0,
            results: vec![failed(&error, began)],
        },
    }
}

fn quietly(context: &Context, selection: &Selection) -> Result<RunReport, EngineError> {
    struct Nobody;
    impl Reader for Nobody {
        fn read(&mut self, _: jiff::Timestamp, _: &Event) {}
    }
    engine::run(context, selection, &mut |_: &Resolved, _: &Plan| (), &mut Nobody)
}

fn failed(error: &EngineError, began: Instant) -> ExecutionResult {
    let error = Some(task_manager::render::causes(error));
    ExecutionResult { success: false, output: String::new(), error, duration: began.elapsed() }
}

fn nothing(began: Instant) -> ExecutionResult {
    let error = Some("no such task".to_owned());
    ExecutionResult { success: false, output: String::new(), error, duration: began.elapsed() }
}

impl From<TaskReport> for ExecutionResult {
    fn from(report: TaskReport) -> Self {
        let error = match &report.end {
            End::Completed(_) | End::StillSo(_) => None,
            End::Failed { reason, .. } | End::Unknown(reason) | End::Skipped(reason) => Some(reason.clone()),
            End::Interrupted => Some("interrupted".to_owned()),
            End::Manual => Some("manual: the runbook does not say how to carry it out".to_owned()),
        };
        Self {
            success: report.end.is_good(),
            output: report.output.join("\n"),
            error,
            duration: report.duration,
        }
    }
}

impl From<RunReport> for PhaseResult {
    fn from(report: RunReport) -> Self {
        let count = |is: fn(&End) -> bool| report.tasks.iter().filter(|task| is(&task.end)).count();
        let tasks_completed = count(End::is_good);
        Self {
            success: tasks_completed == report.tasks.len(),
            tasks_completed,
            tasks_failed: count(|end| matches!(end, End::Failed { .. } | End::Unknown(_) | End::Interrupted)),
            results: report.tasks.into_iter().map(ExecutionResult::from).collect(),
        }
    }
}
