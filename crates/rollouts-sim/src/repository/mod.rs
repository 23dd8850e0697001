//! What the world asks of Git for Argo CD, and what it is told.
//!
//! The world never reads a repository. It says what it wants to know, whoever holds it reads ([`git`]) and hands the
//! answer over, and the journal keeps the answer: the same world comes about again without the repository.

mod git;
mod tree;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where manifests are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Source {
    pub(crate) url: String,
    /// `HEAD`, a branch, a tag or a commit.
    pub(crate) revision: String,
    /// The folder.
    pub(crate) path: String,
    /// Whether the folders in it count as well.
    pub(crate) recurse: bool,
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The Application for which it is asked.
    pub(crate) application: String,
    pub(crate) source: Source,
    /// The commit whose manifests are known already.
    pub(crate) known: Option<String>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) application: String,
    pub(crate) source: Source,
    pub(crate) found: Found,
}

/// What a repository holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Found {
    /// The commit that was known.
    Same,
    /// The manifests of a commit.
    Tree {
        /// The commit.
        revision: String,
        /// Its manifests, by path.
        files: Vec<File>,
    },
    /// Why it cannot be said.
    Failed(String),
}

/// A manifest as it stands in the repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct File {
    /// Below the source's folder.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Which repositories may be read: those in this folder, or none. A program's own simulator reads any, as the program
/// itself may; one that is served is asked by whoever reaches it.
#[derive(Clone, Debug)]
pub(crate) struct Reach(pub(crate) Option<PathBuf>);

impl Reach {
    /// Every local repository.
    pub(crate) fn any() -> Reach {
        Reach(Some(PathBuf::from("/")))
    }

    /// Reads what is wanted.
    pub(crate) fn read(&self, wanted: &Wanted) -> Answer {
        let found = git::read(self, wanted).unwrap_or_else(Found::Failed);
        Answer { application: wanted.application.clone(), source: wanted.source.clone(), found }
    }
}
