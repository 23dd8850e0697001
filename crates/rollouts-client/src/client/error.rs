//! What can go wrong between this client and the API server.

use std::time::Duration;

use crate::analysis::AnalysisError;
use crate::diff::DiffError;
use crate::schema::Conflict;
use crate::verbs::VerbError;
use crate::wait::WaitError;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such object.
    #[error("{what} in namespace {namespace}: not found")]
    NotFound {
        /// The call.
        what: String,
        /// Where.
        namespace: String,
    },
    /// The API server said no.
    #[error("{what}: refused by the API server: {message} ({code} {reason})")]
    Refused {
        /// The call.
        what: String,
        /// HTTP status.
        code: u16,
        /// Kubernetes' word for it.
        reason: String,
        /// Its sentence.
        message: String,
    },
    /// The call did not get through, or its answer did not come back.
    #[error("{what}: no usable answer from the API server")]
    Failed {
        /// The call.
        what: String,
        /// The cause.
        source: Box<kube::Error>,
    },
    /// No answer within the deadline of a call.
    #[error("{what}: no answer from the API server within {after:?}")]
    Deadline {
        /// The call.
        what: String,
        /// The deadline.
        after: Duration,
    },
    /// The verb is not possible in this state; nothing was sent.
    #[error(transparent)]
    Verb(#[from] VerbError),
    /// The same of a verb on an analysis.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    /// The new version and the serving one cannot stand on one database; nothing was sent.
    #[error(
        "cannot {verb} rollout {name}: the versions' schemas do not fit; {next} (docs/blue-green-guide.md)"
    )]
    Schema {
        /// The verb.
        verb: &'static str,
        /// The Rollout.
        name: String,
        /// What to do instead.
        next: String,
        /// What does not fit.
        source: Box<Conflict>,
    },
    /// There are no two revisions to compare.
    #[error(transparent)]
    Diff(#[from] DiffError),
    /// The Rollout moved on before a changing call took effect, or while the answer to it was lost.
    #[error("{verb} rollout {name}: it moved on in the meantime; look and decide again")]
    Changed {
        /// The verb.
        verb: &'static str,
        /// The Rollout.
        name: String,
    },
    /// The same call failed again and again.
    #[error("{verb} rollout {name}: sent {attempts} times and each time without effect")]
    NoEffect {
        /// The verb.
        verb: &'static str,
        /// The Rollout.
        name: String,
        /// How often.
        attempts: u32,
        /// The last failure.
        source: Box<Error>,
    },
    /// A wait ended without what it waited for.
    #[error("rollout {name} is {last}")]
    Wait {
        /// The Rollout.
        name: String,
        /// Phase and message when last looked.
        last: String,
        /// Why the wait ended.
        source: Box<WaitError<Error>>,
    },
    /// An analysis came to no verdict in time.
    #[error("analysisrun {name} is {last}")]
    Unended {
        /// The run.
        name: String,
        /// Its phase when last looked.
        last: String,
        /// Why the wait ended.
        source: Box<WaitError<Error>>,
    },
}

impl Error {
    /// Whether the same call may well succeed a moment later.
    pub fn transient(&self) -> bool {
        match self {
            Error::Refused { code, .. } => matches!(code, 429 | 500 | 502 | 503 | 504),
            Error::Failed { source, .. } => {
                matches!(**source, kube::Error::HyperError(_) | kube::Error::Service(_))
            }
            Error::Deadline { .. } => true,
            _ => false,
        }
    }

    /// Whether the state that was asked for is the case already.
    pub fn already_so(&self) -> bool {
        match self {
            Error::Verb(verb) => verb.already_so(),
            Error::Analysis(verb) => verb.already_so(),
            _ => false,
        }
    }

    pub(super) fn of(what: String, namespace: &str, error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) if status.code == 404 => {
                Error::NotFound { what, namespace: namespace.to_owned() }
            }
            kube::Error::Api(status) => {
                Error::Refused { what, code: status.code, reason: status.reason, message: status.message }
            }
            source => Error::Failed { what, source: Box::new(source) },
        }
    }
}
