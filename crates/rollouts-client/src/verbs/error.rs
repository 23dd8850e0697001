//! Why a verb has no patches.

use crate::types::Rollout;

/// Why a verb was refused. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerbError {
    /// What the verb asks for is the case already.
    #[error("nothing to do: {verb} rollout {name}: {because}")]
    AlreadySo {
        /// The verb.
        verb: &'static str,
        /// The Rollout.
        name: String,
        /// What is the case.
        because: String,
    },
    /// The verb would change nothing, or would be taken back, in this state.
    #[error("cannot {verb} rollout {name}: {because}")]
    Pointless {
        /// The verb.
        verb: &'static str,
        /// The Rollout.
        name: String,
        /// Why not.
        because: String,
    },
    /// The status is older than the spec; a moment later the verb may well be possible.
    #[error("cannot {verb} rollout {name} yet: {waiting}")]
    NotObserved {
        /// The verb.
        verb: &'static str,
        /// The Rollout.
        name: String,
        /// What the controller has yet to see, in Argo's words.
        waiting: &'static str,
    },
    /// Another version than the one that was looked at.
    #[error(
        "cannot promote rollout {name}: its new version is {found} now, and not {expected}; look at it first"
    )]
    AnotherVersion {
        /// The Rollout.
        name: String,
        /// The pod-template hash that was asked for.
        expected: String,
        /// The one that is there.
        found: String,
    },
    /// There is no such revision.
    #[error("cannot undo rollout {name}: unable to find revision {revision} among {}", known(.found))]
    NoRevision {
        /// The Rollout.
        name: String,
        /// The revision that was asked for.
        revision: i64,
        /// The revisions that there are.
        found: Vec<i64>,
    },
    /// There is only one revision.
    #[error("cannot undo rollout {name}: it has no revision before the present one")]
    NoPreviousRevision {
        /// The Rollout.
        name: String,
    },
    /// There is no such container.
    #[error("cannot set image of rollout {name}: unable to find container {container:?} among {}", known(.found))]
    NoContainer {
        /// The Rollout.
        name: String,
        /// The container that was asked for.
        container: String,
        /// The containers that there are.
        found: Vec<String>,
    },
    /// The template lies in another workload, of a kind that the verb cannot change.
    #[error(
        "cannot {verb} rollout {name}: its template is that of a {kind} (workloadRef), which this verb does not change"
    )]
    WorkloadRef {
        /// The verb.
        verb: &'static str,
        /// The Rollout.
        name: String,
        /// The kind of the workload.
        kind: String,
    },
}

impl VerbError {
    /// Whether the state that the verb asks for is the case already, so that nothing needed to be done.
    pub fn already_so(&self) -> bool {
        matches!(self, VerbError::AlreadySo { .. })
    }

    pub(super) fn already(rollout: &Rollout, verb: &'static str, because: impl Into<String>) -> Self {
        VerbError::AlreadySo { verb, name: rollout.name().to_owned(), because: because.into() }
    }

    pub(super) fn pointless(rollout: &Rollout, verb: &'static str, because: impl Into<String>) -> Self {
        VerbError::Pointless { verb, name: rollout.name().to_owned(), because: because.into() }
    }
}

fn known<T: ToString>(found: &[T]) -> String {
    if found.is_empty() {
        return "none".to_owned();
    }
    found.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}
