//! Why a verb was not carried out, and the exit code that says so.

use rollouts_client::client;
use rollouts_client::promotion::PromotionError;
use rollouts_client::proof::ProofError;
use rollouts_client::rollback::{Cause, Refusal, RollbackError};
use task_manager::exit::Code;

use crate::fault::Fault;

/// Why a verb was not carried out, or is not known to have been.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// The target cannot be reached.
    #[error("{0}")]
    Target(Fault),
    /// No runtime for the network.
    #[error("the network runtime did not start")]
    Runtime(#[source] std::io::Error),
    /// There is no such Rollout.
    #[error("no rollout {name} in namespace {namespace}{hint}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// Where.
        namespace: String,
        /// What there is instead, with the words that lead to it.
        hint: String,
    },
    /// There is no such object of another kind.
    #[error("no {kind} {name}{place}{hint}")]
    Absent {
        /// Its kind, as kubectl has it in the singular.
        kind: &'static str,
        /// What was asked for.
        name: String,
        /// Where, with the words that lead to it.
        place: String,
        /// What there is instead, with the words that lead to it.
        hint: String,
    },
    /// A file is no template.
    #[error("{file} holds no template: {why}")]
    Template {
        /// The file.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// A call failed, or the verb makes no sense in this state.
    #[error(transparent)]
    Client(#[from] client::Error),
    /// It was done, and is not written down.
    #[error("{said}; who did it and why is not written down")]
    Unrecorded {
        /// What was done.
        said: String,
        /// Why it is not written down.
        source: client::Error,
    },
    /// The promotion is not proven.
    #[error(transparent)]
    Promotion(#[from] PromotionError),
    /// The rollback is not proven.
    #[error(transparent)]
    Rollback(Box<RollbackError>),
}

impl OperatorError {
    /// A rollback of what is not there is a call that failed, so that the right name is found for it.
    pub(super) fn of_rollback(error: RollbackError) -> Self {
        match error {
            RollbackError { did, cause: Cause::Client(error @ client::Error::NotFound { .. }), .. }
                if did.is_empty() =>
            {
                Self::Client(error)
            }
            error => Self::Rollback(Box::new(error)),
        }
    }

    /// The exit code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Target(_) => Code::Unreachable,
            Self::Runtime(_) => Code::InputOutput,
            Self::Unknown { .. } | Self::Absent { .. } => Code::NoMatch,
            Self::Template { .. } => Code::Invalid,
            Self::Client(error) | Self::Unrecorded { source: error, .. } => of_call(error),
            Self::Promotion(PromotionError::Client(error)) => of_call(error),
            Self::Promotion(PromotionError::Strategy { .. }) => Code::Refused,
            Self::Promotion(PromotionError::NotSwitched { .. }) => Code::Timeout,
            Self::Promotion(PromotionError::NotProven { source, .. }) => of_proof(source),
            Self::Rollback(error) => match &error.cause {
                Cause::Refused(Refusal::NotObserved { .. })
                | Cause::NotSwitched { .. }
                | Cause::NotStable { .. }
                | Cause::TakenBack
                | Cause::Silent { .. } => Code::Timeout,
                Cause::Refused(Refusal::OnlyGit { .. }) => Code::OnlyGit,
                Cause::Refused(_) => Code::Refused,
                Cause::Client(error) => of_call(error),
                Cause::NotReady { .. } => Code::Timeout,
                Cause::NotProven(error) => of_proof(error),
            },
        }
    }
}

fn of_proof(error: &ProofError) -> Code {
    match error {
        ProofError::Client(error) => of_call(error),
        ProofError::Missing { .. } => Code::Timeout,
    }
}

fn of_call(error: &client::Error) -> Code {
    use client::Error;
    match error {
        Error::NotFound { .. } | Error::Diff(_) => Code::NoMatch,
        Error::Refused { code: 401, .. } | Error::Failed { .. } | Error::Deadline { .. } => Code::Unreachable,
        Error::Refused { code: 403, .. } => Code::Forbidden,
        Error::Refused { .. }
        | Error::Verb(_)
        | Error::Analysis(_)
        | Error::Schema { .. }
        | Error::Changed { .. } => Code::Refused,
        Error::NoEffect { .. } => Code::TaskFailed,
        Error::Wait { .. } | Error::Unended { .. } => Code::Timeout,
    }
}
