//! What would run: every task that is selected with its steps and their very commands. Writes nothing, asks
//! no cluster and starts no process.

use std::path::Path;

use task_manager::project::Project;

use super::hands::Hands;
use super::{EngineError, Resolved, Selection, describe, run, select};
use crate::context::Context;

/// A task as it would be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedTask {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// How it stands on the target, in one word.
    pub status: String,
    /// Its steps; none for a manual task.
    pub steps: Option<Vec<PlannedStep>>,
}

/// A step as it would be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedStep {
    /// What it does; for a tool, its commands, with folders in full.
    pub what: String,
    /// The same as it is typed where the person stands.
    pub seen: String,
    /// Why the tool is not run here, and what is checked instead.
    pub instead: Option<String>,
}

/// Works out what would run.
///
/// # Errors
/// [`EngineError`] for a PRD, a runbook or a state that cannot be read, and for a selection that names nothing.
pub fn plan(context: &Context, selection: &Selection) -> Result<(Resolved, Vec<PlannedTask>), EngineError> {
    let project = Project::open(context.place.clone())?;
    let (root, runbook) = run::runbook(context, project.plan())?;
    let target = context.target.to_string();
    let resolved =
        select::resolve(selection, project.plan(), project.graph(), &runbook, project.state(), &target)?;
    let hands = Hands::new(context, root);
    let planned = |place: &usize| {
        let task = &project.plan().tasks[*place];
        let binding = runbook.binding(&task.id);
        let step = |step| PlannedStep {
            what: describe::step(step, &hands.place, Path::new("")),
            seen: describe::step(step, &hands.place, &context.here),
            instead: hands.stand_in(step).map(|(reason, checks)| {
                let checks: Vec<String> = checks.iter().map(describe::static_check).collect();
                format!(
                    "{reason}; instead: {}",
                    if checks.is_empty() { "nothing".to_owned() } else { checks.join("; ") }
                )
            }),
        };
        PlannedTask {
            id: task.id.clone(),
            title: task.title.clone(),
            status: project.state().task(&target, &task.id).condition.to_string(),
            steps: binding.map(|binding| binding.steps.iter().map(step).collect()),
        }
    };
    let tasks = resolved.tasks.iter().map(planned).collect();
    Ok((resolved, tasks))
}
