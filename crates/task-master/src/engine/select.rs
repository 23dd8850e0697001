//! Which tasks a run is about.

use prd_parser::Plan;
use task_manager::select::{self, NoMatch};
use task_manager::{Graph, State, Status};

use super::EngineError;
use crate::runbook::Runbook;

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// One task, by its id or an unambiguous part of it.
    Task(String),
    /// One phase, by number, `Phase 2`, slug or title.
    Phase(String),
    /// The first phase that has tasks which are not completed.
    NextPhase,
    /// The whole plan.
    All,
    /// These tasks, by id.
    Tasks(Vec<String>),
}

/// The tasks that are meant, in the order in which they are run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// In words: `Phase 2: Blue-Green Implementation`.
    pub label: String,
    /// Indexes in the plan.
    pub tasks: Vec<usize>,
    /// When none of them has a binding, the first phase that has some.
    pub bound_phase: Option<String>,
}

/// Finds the tasks that are meant.
pub(super) fn resolve(
    selection: &Selection,
    plan: &Plan,
    graph: &Graph,
    runbook: &Runbook,
    state: &State,
    target: &str,
) -> Result<Resolved, EngineError> {
    let of_phase = |phase: usize| -> Vec<usize> {
        graph.order().iter().copied().filter(|task| plan.tasks[*task].phase == phase).collect()
    };
    let label = |phase: usize| select::label(&plan.phases[phase]);
    let (words, tasks) = match selection {
        Selection::Task(typed) => {
            let task = select::task(plan, state, typed)?;
            (plan.tasks[task].title.clone(), vec![task])
        }
        Selection::Phase(typed) => {
            let phase = select::phase(plan, typed)?;
            (label(phase), of_phase(phase))
        }
        Selection::NextPhase => {
            let open = |task: &prd_parser::Task| state.status(target, &task.id) != Status::Completed;
            match plan.tasks.iter().find(|task| open(task)) {
                Some(task) => (label(task.phase), of_phase(task.phase)),
                None => return Err(EngineError::Nothing(format!("every task is completed on {target}"))),
            }
        }
        Selection::All => ("the whole plan".to_owned(), graph.order().to_vec()),
        Selection::Tasks(ids) => {
            let wanted: Result<Vec<usize>, NoMatch> =
                ids.iter().map(|id| select::task(plan, state, id)).collect();
            let wanted = wanted?;
            let tasks = graph.order().iter().copied().filter(|task| wanted.contains(task)).collect();
            (format!("{} tasks", wanted.len()), tasks)
        }
    };
    let bound = |task: &usize| runbook.binding(&plan.tasks[*task].id).is_some();
    let bound_phase = if tasks.iter().any(bound) {
        None
    } else {
        (0..plan.phases.len()).find(|phase| of_phase(*phase).iter().any(bound)).map(label)
    };
    Ok(Resolved { label: words, tasks, bound_phase })
}
