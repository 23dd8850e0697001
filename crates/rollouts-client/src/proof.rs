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

mod split;

pub use split::Split;
pub(crate) use split::weight;

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
    /// The Service that users reach; `None` for a canary that names none, of which only pods can be looked at.
    pub service: Option<String>,
    /// What may go past that Service.
    pub split: Split,
    /// The hash of the version's template.
    pub hash: String,
    /// Its name, by image tag; answers are compared with it where they do not name a pod.
    pub tag: Option<String>,
}

/// What was seen, all at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The Service whose selector was read; `None` where there is none to read.
    pub service: Option<String>,
    /// What was found not to go past it.
    pub split: Split,
    /// The hash that it selects.
    pub hash: String,
    /// Its ready endpoints, all of this version; without a Service, the ready pods of this version.
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
        let plural = if self.ready_endpoints == 1 { "" } else { "s" };
        match &self.service {
            Some(service) => {
                write!(f, "service {service} selects it, {} ready endpoint{plural}", self.ready_endpoints)?;
            }
            None => write!(f, "{} ready pod{plural}", self.ready_endpoints)?,
        }
        f.write_str(self.split.proven())?;
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
    let pods = rollouts.pods(rollout).await?;
    let hashes = hashes_of(&pods);
    let ready_endpoints = match &reached.service {
        Some(service) => {
            let slices = rollouts.endpoint_slices(service).await?;
            endpoints(&slices, &hashes, service, &reached.hash).map_err(Unproven::Not)?
        }
        None => ready_pods(&pods, &reached.hash).map_err(Unproven::Not)?,
    };
    split::undivided(rollouts, rollout, reached, &pods).await?;
    let requests = match probe {
        Some(probe) => Some(answers(probe, &hashes, reached).await.map_err(Unproven::Not)?),
        None => None,
    };
    // Once more: the controller may have taken it back meanwhile.
    selects(rollouts, reached).await?;
    let Reached { service, split, hash, .. } = reached.clone();
    Ok(Proof { service, split, hash, ready_endpoints, requests })
}

async fn selects(rollouts: &Rollouts, reached: &Reached) -> Result<(), Unproven> {
    let Some(name) = &reached.service else { return Ok(()) };
    let service = rollouts.service(name).await?;
    let selected = view::selected_hash(&service);
    if selected.as_ref() == Some(&reached.hash) {
        return Ok(());
    }
    let selected = selected.unwrap_or_else(|| "every version".to_owned());
    Err(Unproven::Not(format!("service {name} selects {selected}, not {}", reached.hash)))
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
    service: &str,
    own_hash: &str,
) -> Result<usize, String> {
    let all = slices.iter().flat_map(|slice| &slice.endpoints);
    let ready = all.filter(|endpoint| is_ready(endpoint));
    let mut own = 0;
    for endpoint in ready {
        let pod = endpoint.target_ref.as_ref().and_then(|target| target.name.as_deref()).unwrap_or_default();
        match hashes.get(pod) {
            Some(hash) if hash == own_hash => own += 1,
            Some(hash) => return Err(format!("pod {pod} of {hash} is still a ready endpoint")),
            None => return Err(format!("pod {pod:?} is a ready endpoint of an unknown version")),
        }
    }
    match own {
        0 => Err(format!("service {service} has no ready endpoint")),
        own => Ok(own),
    }
}

/// The number of ready pods of the version, if there are any.
fn ready_pods(pods: &[Pod], hash: &str) -> Result<usize, String> {
    let hashes = hashes_of(pods);
    let own = |pod: &&Pod| {
        pod.metadata.name.as_ref().and_then(|name| hashes.get(name)).is_some_and(|of| of == hash)
    };
    match pods.iter().filter(own).filter(|pod| split::is_ready(pod)).count() {
        0 => Err(format!("no pod of {hash} is ready")),
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
