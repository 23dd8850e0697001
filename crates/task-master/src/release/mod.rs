//! A version by Git: the one line `image.tag` of a values file is changed or taken back, committed and pushed, Argo CD
//! is told to look, and the Rollout is followed to its end.
//!
//! # Guarantees
//! - Every byte of the file but the tag stays, and nothing but that file is committed.
//! - Author and signature are those of Git's own configuration.
//! - Nothing is forced. When a push is refused, the commit stays where it was made, and the error says so.
//!
//! # What it does not do
//! It builds no image, opens no pull request, and syncs nothing by itself: without Argo CD someone applies the commit.

mod follow;
mod git;
mod refresh;
pub mod values;

use std::path::PathBuf;

use task_manager::exit::Code;

pub use follow::{Followed, follow};
pub use git::GitError;
pub use refresh::refresh;

use crate::context::Context;
use crate::operator::OperatorError;
use git::Repository;
use values::ValuesError;

/// Where the line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// A path of a checkout, or a URL that is cloned.
    pub repository: String,
    /// The values file, from the repository's top.
    pub values: String,
    /// The branch; of a checkout it has to be the one that is checked out.
    pub branch: Option<String>,
}

/// What becomes of the tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It is set.
    Release {
        /// To this.
        tag: String,
        /// Which environment the file is for; said in the commit.
        environment: Option<String>,
    },
    /// Its last change is taken back.
    Revert,
}

/// What was pushed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pushed {
    /// The commit.
    pub commit: String,
    /// On this branch.
    pub branch: String,
    /// The tag before; empty when none was set.
    pub from: String,
    /// The tag now; empty when none is set.
    pub to: String,
    /// The commit that was taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reverts: Option<String>,
}

/// Why a version did not get into Git, or from there to the cluster.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// Git did not do it.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The line cannot be changed.
    #[error("{file}")]
    Values {
        /// The values file.
        file: String,
        /// Why.
        source: ValuesError,
    },
    /// There is no such file.
    #[error("there is no {file} in {}", .repository)]
    NoFile {
        /// The values file.
        file: String,
        /// The repository.
        repository: String,
    },
    /// It is so already.
    #[error("nothing to do: the tag in {file} is {tag} already")]
    Already {
        /// The values file.
        file: String,
        /// The tag.
        tag: String,
    },
    /// Somebody is working on the file.
    #[error("{file} has changes that are not committed; commit or undo them first")]
    Dirty {
        /// The values file.
        file: String,
    },
    /// Another branch is checked out.
    #[error(
        "{repository} has {is} checked out, not {wanted}; check that out, or name the repository by its URL"
    )]
    Branch {
        /// The repository.
        repository: String,
        /// What is checked out.
        is: String,
        /// What was asked for.
        wanted: String,
    },
    /// No commit has changed the tag.
    #[error("no commit on {branch} has changed the tag in {file}, so there is nothing to take back")]
    NoChange {
        /// The branch.
        branch: String,
        /// The values file.
        file: String,
    },
    /// The remote did not take it.
    #[error("committed {commit}, which is not pushed{stays}")]
    NotPushed {
        /// The commit.
        commit: String,
        /// Where it is now.
        stays: &'static str,
        /// What Git said.
        source: GitError,
    },
    /// The cluster could not be asked.
    #[error(transparent)]
    Operator(#[from] OperatorError),
}

impl ReleaseError {
    /// The exit code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Git(GitError::Run(crate::runner::RunError::Missing { .. })) => Code::ToolMissing,
            Self::Git(GitError::Nowhere(_)) => Code::NoMatch,
            Self::Git(_) => Code::InputOutput,
            Self::Values { source: ValuesError::NoSuchTag(_), .. } => Code::Usage,
            Self::Values { .. } => Code::Invalid,
            Self::NoFile { .. } | Self::NoChange { .. } => Code::NoMatch,
            Self::Already { .. } | Self::Dirty { .. } | Self::Branch { .. } => Code::Refused,
            Self::NotPushed { .. } => Code::TaskFailed,
            Self::Operator(error) => error.code(),
        }
    }
}

/// Changes the tag, commits and pushes.
///
/// # Errors
/// As [`ReleaseError`] says; before [`ReleaseError::NotPushed`] nothing was committed.
pub fn push(context: &Context, place: &Place, change: &Change) -> Result<Pushed, ReleaseError> {
    let repository = Repository::open(context, &place.repository, place.branch.as_deref())?;
    let branch = branch(&repository, place)?;
    let file = place.values.as_str();
    let path = repository.folder().join(file);
    if !path.is_file() {
        let repository = place.repository.clone();
        return Err(ReleaseError::NoFile { file: file.to_owned(), repository });
    }
    if !repository.git(&["status", "--porcelain", "--", file])?.trim().is_empty() {
        return Err(ReleaseError::Dirty { file: file.to_owned() });
    }
    let failed = |source, path: &PathBuf| GitError::File { path: path.clone(), source };
    let text = std::fs::read_to_string(&path).map_err(|source| failed(source, &path))?;
    let of_values = |source| ReleaseError::Values { file: file.to_owned(), source };
    let old = values::find(&text).map_err(of_values)?;
    let (changed, message, reverts) = match change {
        Change::Release { tag, environment } => {
            let changed = values::with_tag(&text, tag).map_err(of_values)?;
            if changed == text || old.value == *tag {
                return Err(ReleaseError::Already { file: file.to_owned(), tag: tag.clone() });
            }
            let to = environment.as_ref().map(|to| format!(" to {to}")).unwrap_or_default();
            (
                changed,
                format!("Release {tag}{to}\n\n{file}: image.tag from {} to {tag}", shown(&old.value)),
                None,
            )
        }
        Change::Revert => {
            let last = last_change(&repository, file)?
                .ok_or_else(|| ReleaseError::NoChange { branch: branch.clone(), file: file.to_owned() })?;
            let changed = values::written_back(&text, &old, &last.before).map_err(of_values)?;
            let message = format!(
                "Revert \"{}\"\n\nThis reverts commit {} as far as it changed image.tag in {file}.",
                last.subject, last.commit
            );
            (changed, message, Some(last.commit))
        }
    };
    let to = values::find(&changed).map_err(of_values)?.value;
    std::fs::write(&path, changed).map_err(|source| failed(source, &path))?;
    if let Err(error) = repository.git(&["commit", "--quiet", "--message", &message, "--", file]) {
        // As it was: nothing of a commit that did not come about stays behind.
        std::fs::write(&path, text).map_err(|source| failed(source, &path))?;
        return Err(error.into());
    }
    let commit = repository.git(&["rev-parse", "HEAD"])?.trim().to_owned();
    let refs = format!("HEAD:refs/heads/{branch}");
    if let Err(source) = repository.git(&["push", "--quiet", "origin", &refs]) {
        let stays = match repository.is_clone() {
            true => ": the clone is gone, so begin again",
            false => "; it stays on the branch: pull, then push it, or take it back",
        };
        return Err(ReleaseError::NotPushed { commit, stays, source });
    }
    Ok(Pushed { commit, branch, from: old.value, to, reverts })
}

fn shown(tag: &str) -> &str {
    if tag.is_empty() { "none" } else { tag }
}

/// The branch that is checked out, if it is the one that is asked for.
fn branch(repository: &Repository, place: &Place) -> Result<String, ReleaseError> {
    let is = repository.git(&["symbolic-ref", "--short", "HEAD"])?.trim().to_owned();
    match &place.branch {
        Some(wanted) if *wanted != is => {
            Err(ReleaseError::Branch { repository: place.repository.clone(), is, wanted: wanted.clone() })
        }
        _ => Ok(is),
    }
}

struct Last {
    commit: String,
    subject: String,
    /// What was written before it.
    before: String,
}

/// The last commit that changed the tag of a file, a file's beginning not counted.
fn last_change(repository: &Repository, file: &str) -> Result<Option<Last>, ReleaseError> {
    let at = |commit: &str| {
        let text = repository.git(&["show", &format!("{commit}:{file}")]).ok()?;
        values::find(&text).ok()
    };
    let log = repository.git(&["log", "--format=%H %s", "--", file])?;
    for (commit, subject) in log.lines().filter_map(|line| line.split_once(' ')) {
        let (Some(after), Some(before)) = (at(commit), at(&format!("{commit}^"))) else { continue };
        if after.value != before.value {
            let (commit, subject) = (commit.to_owned(), subject.to_owned());
            return Ok(Some(Last { commit, subject, before: before.written }));
        }
    }
    Ok(None)
}
