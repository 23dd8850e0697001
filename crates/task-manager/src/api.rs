//! The PRD's section 7.1 as a library: the same names, the same fields.
//!
//! These functions work on the project that the current folder is in, on the default target, as the command line
//! does without options. [`Project`] and its neighbours take the same things as values.

use std::path::{Path, PathBuf};

use prd_parser::{Metadata, Priority};

use crate::project::{Place, Project, ProjectError};
use crate::query::{self, Filters, TaskView};
use crate::status::Status;
use crate::update::{Statement, UpdateError};
use crate::{actor, clock, target};

/// What [`parse_prd`] returns.
#[derive(Debug, Clone, PartialEq)]
pub struct PrdDocument {
    /// Project info, dates, owners; what the file does not say is `None`.
    pub metadata: Metadata,
    /// The implementation phases in document order.
    pub phases: Vec<prd_parser::Phase>,
    /// The tasks in document order.
    pub tasks: Vec<Task>,
}

/// A task with its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Unique task identifier.
    pub id: String,
    /// Task description.
    pub title: String,
    /// Implementation phase.
    pub phase: String,
    /// Critical, High, Medium or Low.
    pub priority: Option<Priority>,
    /// How it stands on the default target.
    pub status: Status,
    /// Ids of the tasks and phases that it depends on.
    pub dependencies: Vec<String>,
}

/// Why an update was not made.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The project cannot be opened, or has no such task.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// The status cannot be recorded.
    #[error(transparent)]
    Update(#[from] UpdateError),
}

/// Parses a PRD and joins each task with its status, as recorded beside the file. Writes nothing.
///
/// # Errors
/// [`ProjectError`] for a file that cannot be read, has errors, or has a state beside it that cannot be read.
pub fn parse_prd(prd_file_path: impl AsRef<Path>) -> Result<PrdDocument, ProjectError> {
    let project = Project::open(Place::find(Some(prd_file_path.as_ref()), None, Path::new("."))?)?;
    let tasks = query::tasks(&project, target::DEFAULT, &Filters::default())?;
    Ok(PrdDocument {
        metadata: project.plan().metadata.clone(),
        phases: project.plan().phases.clone(),
        tasks: tasks.into_iter().map(Task::from).collect(),
    })
}

/// The tasks of the project that the current folder is in, in document order. Writes nothing.
///
/// # Errors
/// [`ProjectError`], also for a phase that is not there.
pub fn get_tasks(filters: &Filters) -> Result<Vec<Task>, ProjectError> {
    let tasks = query::tasks(&Project::open(here()?)?, target::DEFAULT, filters)?;
    Ok(tasks.into_iter().map(Task::from).collect())
}

/// States the status of a task by hand: recorded with who, when and why, as evidence `stated`. True when it was
/// recorded, false when the task stood so already and nothing had to be.
///
/// # Errors
/// [`ApiError`]: no such task, a move that is not legal, or a log that cannot be written. Nothing is recorded then.
pub fn update_task_status(task_id: &str, status: Status, message: Option<&str>) -> Result<bool, ApiError> {
    let project = Project::open(here()?)?;
    let place = project.task(task_id).map_err(ProjectError::from)?;
    let who = actor::current();
    let statement = Statement {
        task: &project.plan().tasks[place].id,
        target: target::DEFAULT,
        status,
        message,
        who: &who,
        at: clock::now(),
    };
    Ok(crate::update::update(&project, &statement)?)
}

fn here() -> Result<Place, ProjectError> {
    let from =
        std::env::current_dir().map_err(|source| ProjectError::Read { path: PathBuf::from("."), source })?;
    Place::find(None, None, &from)
}

impl From<TaskView> for Task {
    fn from(task: TaskView) -> Self {
        Task {
            id: task.id,
            title: task.title,
            phase: task.phase,
            priority: task.priority,
            status: task.status,
            dependencies: task.dependencies.into_iter().map(|need| need.on).collect(),
        }
    }
}
