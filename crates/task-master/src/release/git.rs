//! Git, by its own command line: what is read, committed and pushed. Arguments only, no shell.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::command::Command;
use crate::context::Context;
use crate::runner::{Ending, Limits, RunError, Runner};

/// Why Git did not do it.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// It could not be started.
    #[error(transparent)]
    Run(#[from] RunError),
    /// There is no folder of that name.
    #[error("there is no repository at {0}")]
    Nowhere(String),
    /// It said no.
    #[error("git {what}: {said}")]
    Said {
        /// Its subcommand.
        what: String,
        /// What it said, on one line.
        said: String,
    },
    /// A folder for a clone could not be made, or the values file not be read or written.
    #[error("{}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// A repository that is worked in.
#[derive(Debug)]
pub(super) struct Repository {
    runner: Runner,
    environment: Vec<(String, String)>,
    folder: PathBuf,
    /// A clone that goes away with this.
    clone: Option<tempfile::TempDir>,
}

/// How long one command may take: a clone of something large, over a slow line.
const LIMIT: Duration = Duration::from_secs(300);

/// Whether it is no path: `https://…`, `ssh://…`, `git@host:path`.
pub(super) fn is_url(repository: &str) -> bool {
    let before = repository.split(':').next().unwrap_or_default();
    repository.contains("://") || (repository.contains(':') && before.contains('@') && !before.contains('/'))
}

impl Repository {
    /// The repository at a path as it is, or a clone of a URL, at a branch or at the one that it has.
    pub(super) fn open(context: &Context, repository: &str, branch: Option<&str>) -> Result<Self, GitError> {
        let runner =
            Runner::new(context.shim.clone(), context.inherited.iter().cloned(), context.interrupts.clone());
        let mut opened = Repository {
            runner,
            environment: environment(&context.inherited),
            folder: context.here.join(repository),
            clone: None,
        };
        if is_url(repository) {
            let folder = tempfile::tempdir()
                .map_err(|source| GitError::File { path: std::env::temp_dir(), source })?;
            let into = folder.path().join("clone");
            opened.folder = folder.path().to_owned();
            let branch = branch.map(|branch| vec!["--branch", branch]).unwrap_or_default();
            let into_text = into.display().to_string();
            let end = ["--", repository, into_text.as_str()];
            opened.git(&[&["clone", "--quiet"], &branch[..], &end[..]].concat())?;
            opened.folder = into;
            opened.clone = Some(folder);
        } else if !opened.folder.is_dir() {
            return Err(GitError::Nowhere(repository.to_owned()));
        } else {
            let top = opened.git(&["rev-parse", "--show-toplevel"])?;
            opened.folder = PathBuf::from(top.trim_end());
        }
        Ok(opened)
    }

    /// Whether it goes away afterwards.
    pub(super) fn is_clone(&self) -> bool {
        self.clone.is_some()
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its standard output.
    pub(super) fn git(&self, args: &[&str]) -> Result<String, GitError> {
        let mut command = Command::new("git").args(args.iter().copied()).cwd(&self.folder);
        for (name, value) in &self.environment {
            command = command.env(name, value);
        }
        let limits = Limits { timeout: LIMIT, ..Limits::default() };
        let finished = self.runner.start(&command)?.finish(&limits, |_, _| {})?;
        if finished.ending == Ending::Exited(0) {
            return Ok(finished.stdout.text());
        }
        let said = finished.stderr.text();
        let said: Vec<&str> = said
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with("hint:"))
            .collect();
        let said = match finished.ending {
            Ending::Exited(code) if said.is_empty() => format!("exit code {code}"),
            Ending::Exited(_) => said.join("; "),
            other => format!("{other:?}"),
        };
        Err(GitError::Said { what: args.first().copied().unwrap_or_default().to_owned(), said })
    }
}

/// What Git needs besides what every child sees: keys, and a person's own configuration; never a question at the
/// terminal, and never another repository's folders.
fn environment(inherited: &[(OsString, OsString)]) -> Vec<(String, String)> {
    const OF_ANOTHER: [&str; 5] =
        ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY"];
    let wanted =
        |name: &str| name == "SSH_AUTH_SOCK" || (name.starts_with("GIT_") && !OF_ANOTHER.contains(&name));
    let texts = inherited.iter().filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)));
    let texts =
        texts.filter(|(name, _)| wanted(name)).map(|(name, value)| (name.to_owned(), value.to_owned()));
    let own = [("GIT_TERMINAL_PROMPT", "0"), ("LC_ALL", "C")];
    texts.chain(own.map(|(name, value)| (name.to_owned(), value.to_owned()))).collect()
}
