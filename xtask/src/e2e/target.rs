//! Where scenarios run, and what a target brings along: a client, requests, a pace, faults, versions.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use kube::Client;
use kube::config::Kubeconfig;
use rollouts_client::connect;
use rollouts_client::pace::RealPace;
use rollouts_sim::Simulator;
use scenario::{Forge, NoFaults, NoForge, World};
use traffic_probe::HttpRequests;

use super::case::with_causes;
use super::found;
use crate::cluster;
use crate::run::{self, Error};

/// A place to run scenarios.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// The simulator, a new one for each scenario.
    Sim,
    /// `cargo xtask cluster --provider host`.
    Host,
    /// `cargo xtask cluster --provider kind`.
    Kind,
    /// A context of the kubeconfig.
    Context(String),
}

impl Target {
    /// Reads `sim`, `host`, `kind` or `context:NAME`.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        match (text, text.strip_prefix("context:")) {
            ("sim", _) => Ok(Target::Sim),
            ("host", _) => Ok(Target::Host),
            ("kind", _) => Ok(Target::Kind),
            (_, Some(name)) if !name.is_empty() => Ok(Target::Context(name.to_owned())),
            _ => found(&format!("unknown target {text:?}: sim, host, kind or context:NAME")),
        }
    }

    /// Whether real requests meet real pods there.
    pub(crate) fn is_live(&self) -> bool {
        *self != Target::Sim
    }

    /// Whether the cluster is ours alone, so that scenarios may delete their namespaces unasked.
    pub(crate) fn is_our_own(&self) -> bool {
        !matches!(self, Target::Context(_))
    }

    /// Has the cluster and the images of the demo-app there. What is there already stays. Returns how many
    /// seconds the host cluster took from nothing to all healthy, where it was down.
    pub(crate) fn prepare(&self, tags: &[&str]) -> Result<Option<f64>, Error> {
        match self {
            Target::Host => cluster::ready(cluster::Provider::Host, tags),
            Target::Kind => cluster::ready(cluster::Provider::Kind, tags),
            Target::Sim | Target::Context(_) => Ok(None),
        }
    }

    /// A cluster to run one scenario on.
    pub(crate) async fn world(&self, ingress: SocketAddr) -> Result<World, Error> {
        let (config, context) = match self {
            Target::Sim => {
                let simulator = Simulator::in_memory(1);
                return Ok(World::simulated(simulator.client(), simulator.requests(), simulator.pace()));
            }
            Target::Host => (Some(cluster::host_kubeconfig()), "host"),
            Target::Kind => (None, "kind-blue-green-canary"),
            Target::Context(name) => (None, name.as_str()),
        };
        let client = client(config, context).await?;
        let requests = HttpRequests::new(ingress).map_err(|error| Error::Found(error.to_string()))?;
        let (faults, forge): (Arc<dyn scenario::Faults>, Arc<dyn Forge>) = match self {
            Target::Host => (Arc::new(cluster::HostFaults::new()), Arc::new(cluster::HostForge)),
            _ => (Arc::new(NoFaults), Arc::new(NoForge)),
        };
        Ok(World { client, requests: Arc::new(requests), pace: Arc::new(RealPace::new()), faults, forge })
    }

    /// The versions of what runs there, as far as they are known without asking.
    pub(crate) fn versions(&self) -> BTreeMap<String, String> {
        match self {
            Target::Host => cluster::versions(),
            _ => BTreeMap::new(),
        }
    }
}

/// A client of a context of a kubeconfig, or of the user's own.
async fn client(file: Option<PathBuf>, context: &str) -> Result<Client, Error> {
    let connected = match file {
        Some(file) => {
            let refused = |error| Error::Found(format!("cannot read {}: {error}", file.display()));
            connect::from(Kubeconfig::read_from(&file).map_err(refused)?, Some(context)).await
        }
        None => connect::from_kubeconfig(Some(context)).await,
    };
    connected.map(|(client, _)| client).map_err(|error| with_causes(&error))
}

/// One, five and fifteen minutes' load of this machine, as the kernel says it.
pub(crate) fn load_average() -> String {
    let text = run::read_file(std::path::Path::new("/proc/loadavg")).unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_one_of_four() {
        for (text, target) in [
            ("sim", Target::Sim),
            ("host", Target::Host),
            ("kind", Target::Kind),
            ("context:rig", Target::Context("rig".to_owned())),
        ] {
            assert_eq!(Target::parse(text).unwrap(), target);
        }
        for text in ["", "context:", "rig", "simulator"] {
            let error = Target::parse(text).err().unwrap().to_string();
            assert!(error.contains("sim, host, kind or context:NAME"), "{error}");
        }
    }
}
