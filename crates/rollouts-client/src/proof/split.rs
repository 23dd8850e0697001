//! What of the traffic can go past the Service that is looked at: a canary has a second way.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::networking::v1::Ingress;
use serde_json::Value;

use super::{Reached, Unproven};
use crate::client::{Error, Rollouts};
use crate::types::{Rollout, TrafficRouting};
use crate::{names, view};

/// Where traffic may go besides the Service that is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Split {
    /// Nowhere: blue-green.
    None,
    /// To the canary Service, by the weight that a router was given.
    Router {
        /// The canary Service.
        canary_service: Option<String>,
        /// The Ingresses by which ingress-nginx and what understands it are told the weight; the controller makes
        /// them. Other routers are believed by the Rollout's status.
        ingresses: Vec<String>,
    },
    /// To any pod: a canary without a router, where each ready pod has its share.
    Pods,
}

impl Split {
    /// How a Rollout splits its traffic.
    pub fn of(rollout: &Rollout) -> Self {
        let Some(canary) = &rollout.spec.strategy.canary else { return Split::None };
        match &canary.traffic_routing {
            Some(routing) => Split::Router {
                canary_service: canary.canary_service.clone(),
                ingresses: canary_ingresses(rollout.name(), routing),
            },
            None => Split::Pods,
        }
    }

    /// One clause about what has been seen; empty for blue-green.
    pub(super) fn proven(&self) -> &'static str {
        match self {
            Split::None => "",
            Split::Router { .. } => ", nothing is sent to another version",
            Split::Pods => ", no other version has a ready pod",
        }
    }
}

/// `ROLLOUT-INGRESS-canary` for each stable Ingress. (Upstream shortens names of more than 253 characters; such a one
/// is not found here, and then the status alone is believed.)
fn canary_ingresses(rollout: &str, routing: &TrafficRouting) -> Vec<String> {
    let Some(nginx) = routing.other.get("nginx") else { return Vec::new() };
    let one = nginx.get("stableIngress").and_then(Value::as_str).map(str::to_owned);
    let many = nginx.get("stableIngresses").and_then(Value::as_array).into_iter().flatten();
    let many = many.filter_map(Value::as_str).map(str::to_owned);
    one.into_iter().chain(many).map(|ingress| format!("{rollout}-{ingress}-canary")).collect()
}

/// The share that the controller says it has given to the canary.
pub(crate) fn weight(rollout: &Rollout) -> i32 {
    rollout.weights().map_or(0, |weights| weights.canary.weight)
}

/// Sees that nothing goes past the version.
pub(super) async fn undivided(
    rollouts: &Rollouts,
    rollout: &Rollout,
    reached: &Reached,
    pods: &[Pod],
) -> Result<(), Unproven> {
    match &reached.split {
        Split::None => Ok(()),
        Split::Pods => match other_ready(pods, &reached.hash) {
            Some((pod, hash)) => Err(Unproven::Not(format!("pod {pod} of {hash} is still ready"))),
            None => Ok(()),
        },
        Split::Router { canary_service, ingresses } => {
            // Whatever the weight: both ways lead to the version.
            if let Some(service) = canary_service
                && view::selected_hash(&rollouts.service(service).await?).as_ref() == Some(&reached.hash)
            {
                return Ok(());
            }
            let told = weight(&rollouts.get(rollout.name()).await?);
            let taken = weight_of(&of_ingresses(rollouts, ingresses).await?);
            match told.max(taken) {
                0 => Ok(()),
                weight => Err(Unproven::Not(format!("{weight} per cent still go to the canary Service"))),
            }
        }
    }
}

/// A ready pod of another version, and its version.
fn other_ready<'a>(pods: &'a [Pod], hash: &str) -> Option<(&'a str, &'a str)> {
    pods.iter().find_map(|pod| {
        let other = pod.metadata.labels.as_ref()?.get(names::POD_TEMPLATE_HASH)?.as_str();
        (is_ready(pod) && other != hash).then_some((pod.metadata.name.as_deref()?, other))
    })
}

/// Whether a pod is ready, and not on its way out.
pub(super) fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or(&[]);
    pod.metadata.deletion_timestamp.is_none()
        && conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// Annotations of those Ingresses; of none where they may not be read.
async fn of_ingresses(rollouts: &Rollouts, names: &[String]) -> Result<Vec<BTreeMap<String, String>>, Error> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let all: Vec<Ingress> = match rollouts.ingresses().await {
        Err(Error::Refused { code: 403, .. }) => Vec::new(),
        read => read?,
    };
    let of = |ingress: &Ingress| ingress.metadata.name.as_ref().is_some_and(|name| names.contains(name));
    Ok(all.into_iter().filter(of).filter_map(|ingress| ingress.metadata.annotations).collect())
}

/// The greatest weight that one of them says, under whatever prefix.
fn weight_of(annotations: &[BTreeMap<String, String>]) -> i32 {
    let all = annotations.iter().flatten();
    let weights = all.filter(|(key, _)| key.ends_with("/canary-weight"));
    weights.filter_map(|(_, weight)| weight.parse().ok()).max().unwrap_or(0)
}
