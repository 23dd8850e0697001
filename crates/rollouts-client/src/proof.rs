//! Proof that a version is what users reach: selector, ready endpoints, requests.
//!
//! A Rollout's status says what its controller believes. Traffic is decided by the Service, by the
//! endpoints behind it, and by whatever stands in front; so these are asked.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointSlice};
use traffic_probe::{Answer, Measured, Requests};

use crate::client::{Error, Rollouts};
use crate::types::Rollout;
use crate::{names, view, wait};

/// The requests of a proof.
#[derive(Clone)]
pub struct Probe {
    /// What sends them.
    pub requests: Arc<dyn Requests>,
    /// The host to ask for.
    pub host: String,
    /// The path to ask for.
    pub path: String,
    /// How many in a row must be answered by the version.
    pub count: u32,
}

impl Probe {
    /// How many requests in a row unless said otherwise: enough to meet each of a handful of pods.
    pub const COUNT: u32 = 20;

    /// A probe of `/` on a host.
    pub fn new(requests: Arc<dyn Requests>, host: impl Into<String>) -> Self {
        Probe { requests, host: host.into(), path: "/".to_owned(), count: Self::COUNT }
    }
}

/// The version that users should reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// The Service that users reach.
    pub service: String,
    /// The hash of the version's template.
    pub hash: String,
    /// Its name, by image tag; answers are compared with it where they do not name a pod.
    pub tag: Option<String>,
}

/// What was seen, all at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The Service whose selector was read.
    pub service: String,
    /// The hash that it selects.
    pub hash: String,
    /// Its ready endpoints, all of this version.
    pub ready_endpoints: usize,
    /// The requests; `None` when none were to be sent.
    pub requests: Option<Answers>,
}

/// The requests of a [`Proof`], all answered properly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answers {
    /// How many were sent in a row; each named the version or a pod of it.
    pub count: u32,
    /// Whether they were real.
    pub measured: Measured,
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoints = if self.ready_endpoints == 1 { "endpoint" } else { "endpoints" };
        write!(f, "service {} selects it, {} ready {endpoints}", self.service, self.ready_endpoints)?;
        let Some(answers) = self.requests else { return f.write_str(", no requests sent") };
        write!(f, ", {} requests in a row answered by it", answers.count)?;
        match answers.measured {
            Measured::Live => Ok(()),
            Measured::Modelled => f.write_str(" (modelled)"),
        }
    }
}

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// The bound was reached.
    #[error("not proven within {bound:?}: {missing}")]
    Missing {
        /// How long it was tried.
        bound: Duration,
        /// What was missing when last looked.
        missing: String,
    },
    /// It could not be looked.
    #[error(transparent)]
    Client(#[from] Error),
}

/// Looks until all of it holds at the same time.
///
/// # Errors
/// When it does not within `bound`, or when something cannot be read.
pub async fn prove(
    rollouts: &Rollouts,
    rollout: &Rollout,
    reached: &Reached,
    probe: Option<&Probe>,
    bound: Duration,
) -> Result<Proof, ProofError> {
    let missing = Mutex::new(String::new());
    let look = || async {
        match seen(rollouts, rollout, reached, probe).await {
            Ok(proof) => Ok(Some(proof)),
            Err(Unproven::Not(what)) => {
                *missing.lock().unwrap_or_else(PoisonError::into_inner) = what;
                Ok(None)
            }
            Err(Unproven::Unread(error)) => Err(error),
        }
    };
    match wait::until(rollouts.pace(), bound, "a proof", look).await {
        Ok(proof) => Ok(proof),
        Err(wait::WaitError::Look { source, .. }) => Err(ProofError::Client(source)),
        Err(_) => {
            let missing = missing.into_inner().unwrap_or_else(PoisonError::into_inner);
            Err(ProofError::Missing { bound, missing })
        }
    }
}

enum Unproven {
    Not(String),
    Unread(Error),
}

impl From<Error> for Unproven {
    fn from(error: Error) -> Self {
        Unproven::Unread(error)
    }
}

async fn seen(
    rollouts: &Rollouts,
    rollout: &Rollout,
    reached: &Reached,
    probe: Option<&Probe>,
) -> Result<Proof, Unproven> {
    selects(rollouts, reached).await?;
    let slices = rollouts.endpoint_slices(&reached.service).await?;
    let hashes = hashes_of(&rollouts.pods(rollout).await?);
    let ready_endpoints = endpoints(&slices, &hashes, reached).map_err(Unproven::Not)?;
    let requests = match probe {
        Some(probe) => Some(answers(probe, &hashes, reached).await.map_err(Unproven::Not)?),
        None => None,
    };
    // Once more: the controller may have taken it back meanwhile.
    selects(rollouts, reached).await?;
    Ok(Proof { service: reached.service.clone(), hash: reached.hash.clone(), ready_endpoints, requests })
}

async fn selects(rollouts: &Rollouts, reached: &Reached) -> Result<(), Unproven> {
    let service = rollouts.service(&reached.service).await?;
    let selected = view::selected_hash(&service);
    if selected.as_ref() == Some(&reached.hash) {
        return Ok(());
    }
    let selected = selected.unwrap_or_else(|| "every version".to_owned());
    Err(Unproven::Not(format!("service {} selects {selected}, not {}", reached.service, reached.hash)))
}

/// The template hash of each pod, by name.
fn hashes_of(pods: &[Pod]) -> BTreeMap<String, String> {
    let hash = |pod: &Pod| pod.metadata.labels.as_ref()?.get(names::POD_TEMPLATE_HASH).cloned();
    pods.iter().filter_map(|pod| Some((pod.metadata.name.clone()?, hash(pod)?))).collect()
}

/// Whether an endpoint gets traffic; one that does not say counts as ready.
pub(crate) fn is_ready(endpoint: &Endpoint) -> bool {
    endpoint.conditions.as_ref().and_then(|conditions| conditions.ready).unwrap_or(true)
}

/// The number of ready endpoints, if there are any and all are of the version.
fn endpoints(
    slices: &[EndpointSlice],
    hashes: &BTreeMap<String, String>,
    reached: &Reached,
) -> Result<usize, String> {
    let all = slices.iter().flat_map(|slice| &slice.endpoints);
    let ready = all.filter(|endpoint| is_ready(endpoint));
    let mut own = 0;
    for endpoint in ready {
        let pod = endpoint.target_ref.as_ref().and_then(|target| target.name.as_deref()).unwrap_or_default();
        match hashes.get(pod) {
            Some(hash) if *hash == reached.hash => own += 1,
            Some(hash) => return Err(format!("pod {pod} of {hash} is still a ready endpoint")),
            None => return Err(format!("pod {pod:?} is a ready endpoint of an unknown version")),
        }
    }
    match own {
        0 => Err(format!("service {} has no ready endpoint", reached.service)),
        own => Ok(own),
    }
}

/// Sends the requests one after the other; the first that is not answered by the version ends it.
async fn answers(
    probe: &Probe,
    hashes: &BTreeMap<String, String>,
    reached: &Reached,
) -> Result<Answers, String> {
    for number in 1..=probe.count {
        let answer = probe.requests.send(&probe.host, &probe.path).await;
        by_version(&answer, hashes, reached)
            .map_err(|why| format!("request {number} of {} to {}: {why}", probe.count, probe.host))?;
    }
    Ok(Answers { count: probe.count, measured: probe.requests.kind() })
}

/// Whether an answer comes from the version: by the pod that it names, else by the version that it names.
fn by_version(answer: &Answer, hashes: &BTreeMap<String, String>, reached: &Reached) -> Result<(), String> {
    if let Some(cause) = answer.lost() {
        return Err(cause.to_string());
    }
    if let Some((pod, hash)) = answer.pod().and_then(|pod| Some((pod, hashes.get(pod)?))) {
        return if *hash == reached.hash { Ok(()) } else { Err(format!("answered by pod {pod} of {hash}")) };
    }
    match (answer.version(), &reached.tag) {
        (Some(version), Some(tag)) if version == tag => Ok(()),
        (Some(version), Some(tag)) => Err(format!("answered by version {version}, not {tag}")),
        (None, _) => Err("answered, but by whom cannot be told: neither pod nor version is named".to_owned()),
        (Some(version), None) => {
            Err(format!("answered by version {version}, but the image has no tag to compare with"))
        }
    }
}
