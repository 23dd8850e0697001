//! Opening the cluster of a target: its API, its requests, its time.

use std::path::Path;
use std::sync::Arc;

use rollouts_client::connect;
use rollouts_client::pace::RealPace;
use rollouts_sim::Simulator;
use task_manager::Evidence;
use traffic_probe::HttpRequests;

use super::Cluster;
use crate::context::Context;
use crate::executor::Class;
use crate::fault::Fault;
use crate::target::{HOST_INGRESS, INGRESS, Target};

/// Opens the cluster of the context's target. Needs a runtime.
pub(crate) async fn open(context: &Context) -> Result<Cluster, Fault> {
    if context.target == Target::Sim {
        return simulated(&context.place.state.join("sim"));
    }
    let (files, name) = context.target.kubeconfig(&context.inherited).unwrap_or_default();
    let Some(first) = files.first() else {
        return Err(Fault::permanent(format!("target {}: there is no kubeconfig", context.target)));
    };
    if !files.iter().any(|file| file.is_file()) {
        return Err(Fault::permanent(absent(&context.target, first)));
    }
    let kubeconfig = connect::read(&files).map_err(|error| Fault::chain(Class::Permanent, &error))?;
    let (client, _) = connect::acting_as(kubeconfig, name.as_deref(), context.acting_as.as_deref())
        .await
        .map_err(|error| Fault::chain(Class::Permanent, &error))?;
    let ingress =
        context.ingress.unwrap_or(if context.target == Target::Host { HOST_INGRESS } else { INGRESS });
    let requests = HttpRequests::new(ingress).map_err(|error| Fault::chain(Class::Permanent, &error))?;
    Ok(Cluster {
        client,
        pace: Arc::new(RealPace::new()),
        requests: Arc::new(requests),
        evidence: Evidence::Live,
    })
}

fn simulated(folder: &Path) -> Result<Cluster, Fault> {
    let simulator = Simulator::open(folder).map_err(|error| Fault::chain(Class::Permanent, &error))?;
    Ok(Cluster {
        client: simulator.client(),
        pace: simulator.pace(),
        requests: simulator.requests(),
        evidence: Evidence::Simulated,
    })
}

/// What is missing, and the command that brings it.
fn absent(target: &Target, file: &Path) -> String {
    let next = match target {
        Target::Host => "cargo xtask cluster up --provider host",
        Target::Kind => "cargo xtask cluster up --provider kind",
        Target::Sim | Target::Context(_) => "kubectl config get-contexts",
    };
    format!("target {target} is not there: no {}; next: {next}", file.display())
}
