//! What would happen: a Rollout in a fresh simulated cluster, with a what-if applied to its next version.
//!
//! # What it is
//! A model. The controllers, the ingress, the metrics and the pods are simulated; the pods serve as the demo
//! application does, whatever their image is, and requests come at a constant rate. Time is virtual. What the model
//! reproduces of the real controller is shown by the recorded scenarios; what a real version would do it cannot know.
//!
//! # What it does not do
//! It changes nothing anywhere else, and reads no data of a real Prometheus. Of the objects given it takes Rollout,
//! Services, Ingresses and AnalysisTemplates; HorizontalPodAutoscalers, quotas and the like are left out, and a
//! Rollout whose template lies in another workload (`workloadRef`) is refused.

mod objects;
mod outcome;
mod run;

use std::path::Path;
use std::time::Duration;

use rollouts_client::client;
use serde_json::Value;
use task_manager::exit::Code;

pub use outcome::{Ending, Moment, Outcome, Share};
pub use run::simulate;

use crate::cluster::object;
use crate::fault::Fault;

/// What the next version would be like. The default is one that serves as well as the present one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WhatIf {
    /// The part of its answers that are errors (status 500), from 0 to 1.
    pub error_rate: Option<f64>,
    /// How long each answer takes.
    pub latency: Option<Duration>,
    /// How long a pod takes to listen.
    pub start_after: Option<Duration>,
    /// Whether its pods never become ready.
    pub never_ready: bool,
    /// Whether nobody sends a request, so that no metric has data.
    pub no_data: bool,
    /// The tag of its image; by default the present one's and `-next`.
    pub tag: Option<String>,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// The Rollout; the only one there is when absent.
    pub name: Option<String>,
    /// The namespace of objects that name none.
    pub namespace: String,
    /// The next version.
    pub what_if: WhatIf,
    /// Requests a second at its ingress.
    pub rate: u32,
    /// How much virtual time is watched at most.
    pub within: Duration,
}

/// The objects of a text; `path` is for messages.
///
/// # Errors
/// When it is no YAML, or a document is no object.
pub fn manifests(path: &Path, text: &str) -> Result<Vec<Value>, SimulateError> {
    object::of_manifest(path, text).map_err(SimulateError::Manifest)
}

impl SimulateError {
    /// The exit code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::NoRollout { .. } => Code::NoMatch,
            Self::Several(_) => Code::Usage,
            Self::WorkloadRef(_) | Self::NoContainer(_) | Self::Manifest(_) => Code::Invalid,
            Self::Refused { .. } | Self::NeverHealthy { .. } => Code::Invalid,
            Self::Client(_) | Self::Runtime(_) => Code::InputOutput,
        }
    }
}

/// Why nothing could be simulated.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// There is no Rollout of that name, or none at all.
    #[error("there is no rollout{} in what was given{hint}", .name.as_ref().map(|name| format!(" {name}")).unwrap_or_default())]
    NoRollout {
        /// What was asked for.
        name: Option<String>,
        /// What there is instead.
        hint: String,
    },
    /// There are several, and none was named.
    #[error("there are several rollouts in what was given: {}; name one", .0.join(", "))]
    Several(Vec<String>),
    /// Its template is elsewhere.
    #[error("rollout {0} has its template in another workload (workloadRef), which the model does not know")]
    WorkloadRef(String),
    /// It has no container.
    #[error("rollout {0} has no container in its template")]
    NoContainer(String),
    /// A text is no YAML, or holds something that is no object.
    #[error("{0}")]
    Manifest(Fault),
    /// The model's API server refuses an object, as a real one would.
    #[error("the model's API server refuses {object}: {message}")]
    Refused {
        /// Kind and name.
        object: String,
        /// Its sentence.
        message: String,
    },
    /// The present version does not come up, so there is nothing to update.
    #[error("the present version does not become healthy in the model: rollout {name} is {last}")]
    NeverHealthy {
        /// The Rollout.
        name: String,
        /// Phase and message when last looked.
        last: String,
    },
    /// The model did not answer.
    #[error(transparent)]
    Client(#[from] client::Error),
    /// No runtime for the model.
    #[error("the runtime of the model did not start")]
    Runtime(#[source] std::io::Error),
}
