//! Why a rollback did not succeed, and what it had done by then.

use std::time::Duration;

use super::decide::Refusal;
use super::report::Deed;
use crate::client::Error;
use crate::proof::ProofError;

/// A rollback that did not succeed.
#[derive(Debug, thiserror::Error)]
#[error("rollback of rollout {name} {}", so_far(.did))]
pub struct RollbackError {
    /// The Rollout.
    pub name: String,
    /// What was done by then, in order.
    pub did: Vec<Deed>,
    /// Why it ended.
    #[source]
    pub cause: Cause,
}

/// Why a rollback ended.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// There is no way back from this state.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A call failed.
    #[error(transparent)]
    Client(#[from] Error),
    /// The good version has no ready pods to switch to.
    #[error("{version} has {ready} of {wanted} pods ready, too few to switch to")]
    NotReady {
        /// The version.
        version: String,
        /// Its ready pods.
        ready: i32,
        /// The pods asked for.
        wanted: i32,
    },
    /// The active Service was not switched in time.
    #[error("service {service} was not switched to {version} in time; the rollout is {last}")]
    NotSwitched {
        /// The active Service.
        service: String,
        /// The version.
        version: String,
        /// Phase and message when last looked.
        last: String,
    },
    /// The good version did not become a canary's stable one in time.
    #[error("{version} did not become stable in time; the rollout is {last}")]
    NotStable {
        /// The version.
        version: String,
        /// Phase and message when last looked.
        last: String,
    },
    /// The update became stable while it was aborted, so the controller forgot the abort.
    #[error(
        "the controller has taken the abort back, because the update became stable meanwhile; roll back again"
    )]
    TakenBack,
    /// The controller does not take an abort up, and only it could help.
    #[error(
        "the controller has not taken the abort up within {grace:?}, and {because}; whether users are back cannot be \
         verified; is the controller running?"
    )]
    Silent {
        /// How long it was given.
        grace: Duration,
        /// Why nothing else helps.
        because: &'static str,
    },
    /// All was done, and still it is not so.
    #[error(transparent)]
    NotProven(#[from] ProofError),
}

fn so_far(did: &[Deed]) -> String {
    if did.is_empty() {
        return "changed nothing".to_owned();
    }
    let deeds: Vec<_> = did.iter().map(Deed::to_string).collect();
    format!("failed after: {}", deeds.join("; "))
}
