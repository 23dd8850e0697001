//! A runbook against a plan: every id that it names must be there.

use prd_parser::Plan;

use super::model::Runbook;
use super::problem::{Invalid, Problems};

/// Checks every task, requirement and criterion id of `runbook` against `plan`.
///
/// # Errors
/// All ids that the plan does not have, each with its place and the nearest right one.
pub fn verify(runbook: &Runbook, source: &str, plan: &Plan) -> Result<(), Invalid> {
    let tasks: Vec<&str> = plan.tasks.iter().map(|task| task.id.as_str()).collect();
    let shown: Vec<&str> =
        plan.requirements.iter().chain(&plan.criteria).map(|item| item.id.as_str()).collect();
    let mut problems = Problems::default();
    for binding in &runbook.bindings {
        if !tasks.contains(&binding.task.as_str()) {
            problems.unknown(binding.at, "task", &binding.task, &tasks);
        }
        for id in &binding.shows {
            if !shown.contains(&id.name.as_str()) {
                problems.unknown(id.at, "requirement or criterion", &id.name, &shown);
            }
        }
    }
    if problems.list.is_empty() {
        return Ok(());
    }
    Err(Invalid { file: runbook.file.clone(), source: source.to_owned(), problems: problems.list })
}
