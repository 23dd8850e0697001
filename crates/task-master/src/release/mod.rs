//! A version by Git: the one line `image.tag` of a values file is changed or taken back, committed and pushed, Argo CD
//! is told to look, and the Rollout is followed to its end.
//!
//! # Guarantees
//! - What can be found out beforehand is, before anything is changed anywhere ([`prepare`]).
//! - Every byte of the file but the tag stays, and nothing but that file is committed.
//! - Author and signature are those of Git's own configuration.
//! - Nothing is forced. When a push is refused, the commit stays where it was made, and the error says so.
//!
//! # What it does not do
//! It builds no image, opens no pull request, and syncs nothing by itself: without Argo CD someone applies the commit.

mod follow;
mod git;
mod prepare;
mod refresh;
pub mod values;

use task_manager::exit::Code;

pub use follow::{Followed, follow};
pub use git::GitError;
pub use prepare::{Prepared, prepare};
pub use refresh::refresh;

use crate::operator::OperatorError;
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
