//! Which tasks are done on a target, and what is open in each phase: computed once for a whole query.
//!
//! A task that needs a phase waits for all of its tasks. Looked up for each such task anew, that would be quadratic.

use crate::project::Project;

/// How many open tasks of a phase are named; the others are counted.
const NAMED: usize = 10;

/// How the tasks of a project stand on one target, as far as others wait for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// For every task of the plan whether it is completed.
    pub done: Vec<bool>,
    /// For every phase of the plan what is open in it.
    pub open: Vec<OpenTasks>,
}

/// Tasks that are not completed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenTasks {
    /// How many.
    pub count: usize,
    /// The first few in document order, as indexes in the plan.
    pub first: Vec<usize>,
}

impl Standing {
    /// How the project's tasks stand on the target.
    pub fn of(project: &Project, target: &str) -> Standing {
        let done = project.done(target);
        let mut open = vec![OpenTasks::default(); project.plan().phases.len()];
        for (place, task) in project.plan().tasks.iter().enumerate().filter(|(place, _)| !done[*place]) {
            if let Some(open) = open.get_mut(task.phase) {
                open.count += 1;
                if open.first.len() < NAMED {
                    open.first.push(place);
                }
            }
        }
        Standing { done, open }
    }
}
