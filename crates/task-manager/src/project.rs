//! A project as every command meets it: the PRD, its plan, and the state beside it. Opening one writes nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use prd_parser::{Diagnostic, Parsed, Plan, Severity};

use crate::event::Recorded;
use crate::exit::Code;
use crate::graph::{Graph, GraphError};
use crate::known::{self, Renames};
use crate::ledger::{self, LedgerError};
use crate::select::{self, NoMatch};
use crate::state::State;

/// The name of the PRD that is looked for.
const PRD: &str = "PRD.md";

/// Where a project's PRD and state are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The PRD.
    pub prd: PathBuf,
    /// The state folder; need not exist.
    pub state: PathBuf,
}

impl Place {
    /// What was named, and for the rest: `PRD.md` in the folder `from` or the nearest one above that has one, and
    /// `.task-master` beside the PRD.
    ///
    /// # Errors
    /// [`ProjectError::NoPrd`] when none is named and none is found.
    pub fn find(prd: Option<&Path>, state: Option<&Path>, from: &Path) -> Result<Place, ProjectError> {
        let found = || from.ancestors().map(|dir| dir.join(PRD)).find(|path| path.exists());
        let prd = match prd {
            Some(named) => named.to_owned(),
            None => found().ok_or_else(|| ProjectError::NoPrd { from: from.to_owned() })?,
        };
        let beside = || prd.parent().unwrap_or(Path::new("")).join(".task-master");
        Ok(Place { state: state.map_or_else(beside, Path::to_owned), prd })
    }

    /// The folder that holds the PRD.
    pub fn root(&self) -> &Path {
        match self.prd.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => dir,
            _ => Path::new("."),
        }
    }
}

/// Why a project cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// There is no PRD to be found.
    #[error("no {PRD} in {} or in a folder above it; name one with --prd", from.display())]
    NoPrd {
        /// Where the search began.
        from: PathBuf,
    },
    /// The PRD cannot be read.
    #[error("PRD {} cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The PRD is not text.
    #[error("PRD {} is not text: {detail}", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// What was found where.
        detail: String,
    },
    /// The plan has errors, which [`Unsound::diagnostics`] lists.
    #[error("PRD {} is invalid: {}", .0.path.display(), .0.first())]
    Invalid(Box<Unsound>),
    /// The plan is no order of work.
    #[error("PRD {} is invalid", path.display())]
    Graph {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: GraphError,
    },
    /// The state cannot be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// What was named is not there.
    #[error(transparent)]
    NoMatch(#[from] NoMatch),
}

/// A PRD with errors, with what is needed to show them.
#[derive(Debug)]
pub struct Unsound {
    /// The file.
    pub path: PathBuf,
    /// Its text.
    pub source: String,
    /// Everything that the parser noticed, warnings too.
    pub diagnostics: Vec<Diagnostic>,
}

impl Unsound {
    fn first(&self) -> String {
        let errors = || self.diagnostics.iter().filter(|found| found.severity == Severity::Error);
        let more = match errors().count() {
            0 | 1 => String::new(),
            all => format!(" (and {} more)", all - 1),
        };
        errors()
            .next()
            .map_or_else(String::new, |first| format!("line {}: {}{more}", first.line, first.message))
    }
}

impl ProjectError {
    /// The exit code that this error ends a command with.
    pub fn code(&self) -> Code {
        match self {
            ProjectError::NoPrd { .. } | ProjectError::Read { .. } | ProjectError::NotText { .. } => {
                Code::InputOutput
            }
            ProjectError::Invalid(_) | ProjectError::Graph { .. } => Code::Invalid,
            ProjectError::Ledger(error) => error.code(),
            ProjectError::NoMatch(_) => Code::NoMatch,
        }
    }
}

/// Reads a PRD as text.
///
/// # Errors
/// [`ProjectError::Read`] for what is no readable file, [`ProjectError::NotText`] for what is not UTF-8 or holds NUL.
pub fn read_prd(path: &Path) -> Result<String, ProjectError> {
    let failed = |source| ProjectError::Read { path: path.to_owned(), source };
    // A pipe or a device may never end.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")));
    }
    let not_text = |detail| ProjectError::NotText { path: path.to_owned(), detail };
    let text = String::from_utf8(fs::read(path).map_err(failed)?)
        .map_err(|error| not_text(format!("no UTF-8 at byte {}", error.utf8_error().valid_up_to())))?;
    match text.find('\0') {
        Some(at) => Err(not_text(format!("a NUL at byte {at}"))),
        None => Ok(text),
    }
}

/// A project, opened for reading.
#[derive(Debug)]
pub struct Project {
    place: Place,
    source: String,
    parsed: Parsed,
    graph: Graph,
    state: State,
    events: Vec<Recorded>,
}

impl Project {
    /// Reads the PRD and folds the state. Creates and writes nothing; no state is an empty one.
    ///
    /// Where the PRD was edited since it was last recorded, tasks that were renamed keep their state here too.
    ///
    /// # Errors
    /// [`ProjectError`]: the PRD cannot be read or has errors, or the state cannot be read.
    pub fn open(place: Place) -> Result<Project, ProjectError> {
        let source = read_prd(&place.prd)?;
        let parsed = prd_parser::parse(&source);
        if parsed.diagnostics.iter().any(|found| found.severity == Severity::Error) {
            let unsound = Unsound { path: place.prd, source, diagnostics: parsed.diagnostics };
            return Err(ProjectError::Invalid(Box::new(unsound)));
        }
        let graph = Graph::new(&parsed.plan)
            .map_err(|source| ProjectError::Graph { path: place.prd.clone(), source })?;
        let (mut state, events) = ledger::read(&place.state)?;
        // Where every id is where it was, nothing can have been renamed, and hashing every task is saved.
        let ids = || parsed.plan.tasks.iter().map(|task| &task.id);
        if state.plan().is_some_and(|known| !known.tasks.iter().map(|task| &task.id).eq(ids())) {
            let news = known::news(&state, &place.prd, &source, &parsed.plan, Renames::Accept);
            news.iter().for_each(|(plan, _)| state.take_plan(plan));
        }
        Ok(Project { place, source, parsed, graph, state, events })
    }

    /// Where it is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The PRD's text.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What was read from the PRD.
    pub fn parsed(&self) -> &Parsed {
        &self.parsed
    }

    /// The plan that was read from the PRD.
    pub fn plan(&self) -> &Plan {
        &self.parsed.plan
    }

    /// The order of the plan's tasks.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The state.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The log that the state is folded from.
    pub fn events(&self) -> &[Recorded] {
        &self.events
    }

    /// The task that was meant, as an index in the plan.
    ///
    /// # Errors
    /// [`NoMatch`], with candidates.
    pub fn task(&self, typed: &str) -> Result<usize, NoMatch> {
        select::task(self.plan(), &self.state, typed)
    }

    /// The phase that was meant, as an index in the plan.
    ///
    /// # Errors
    /// [`NoMatch`], with candidates.
    pub fn phase(&self, typed: &str) -> Result<usize, NoMatch> {
        select::phase(self.plan(), typed)
    }

    /// For every task of the plan whether it is completed on the target.
    pub fn done(&self, target: &str) -> Vec<bool> {
        let completed = |id: &str| self.state.status(target, id) == crate::Status::Completed;
        self.plan().tasks.iter().map(|task| completed(&task.id)).collect()
    }
}
