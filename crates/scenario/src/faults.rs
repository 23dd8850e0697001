//! The seam for what goes wrong by itself: a controller that is down, a process that is gone.
//!
//! No client of a cluster can do that, so a target brings it along, or says that it cannot.

use futures::future::BoxFuture;
use kube::Client;

/// A part of the cluster that a scenario may take away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Component {
    /// The controller of Argo Rollouts.
    RolloutsController,
    /// Prometheus.
    Prometheus,
}

impl Component {
    /// The component of a name.
    pub fn named(name: &str) -> Option<Component> {
        [Component::RolloutsController, Component::Prometheus]
            .into_iter()
            .find(|component| component.name() == name)
    }

    /// Its name: in scripts, on the host cluster and in the simulator.
    pub fn name(self) -> &'static str {
        match self {
            Component::RolloutsController => "rollouts-controller",
            Component::Prometheus => "prometheus",
        }
    }
}

/// Why a fault was not brought about, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FaultError(pub String);

/// The faults that a target can bring about.
pub trait Faults: Send + Sync {
    /// Stops a component, or starts it again; returns when that is so.
    fn component(&self, component: Component, runs: bool) -> BoxFuture<'_, Result<(), FaultError>>;

    /// Has a component accept questions without ever answering, or lets it go on.
    fn hang(&self, component: Component, hangs: bool) -> BoxFuture<'_, Result<(), FaultError>>;

    /// Kills the process of a pod with SIGKILL. The node restarts it as after any crash.
    fn kill(&self, namespace: &str, pod: &str) -> BoxFuture<'_, Result<(), FaultError>>;
}

/// Faults of a simulated cluster, asked of its API by the paths that only the simulator has.
#[derive(Clone)]
pub struct SimulatedFaults(pub Client);

impl SimulatedFaults {
    async fn ask(&self, path: String) -> Result<(), FaultError> {
        let refused = |error: &dyn std::error::Error| FaultError(format!("POST {path}: {error}"));
        let request = http::Request::post(&path).body(Vec::new()).map_err(|error| refused(&error))?;
        self.0.request_text(request).await.map(|_| ()).map_err(|error| refused(&error))
    }
}

impl Faults for SimulatedFaults {
    fn component(&self, component: Component, runs: bool) -> BoxFuture<'_, Result<(), FaultError>> {
        Box::pin(self.ask(format!("/faults/v1/components/{}?runs={runs}", component.name())))
    }

    fn hang(&self, component: Component, hangs: bool) -> BoxFuture<'_, Result<(), FaultError>> {
        Box::pin(self.ask(format!("/faults/v1/components/{}?hangs={hangs}", component.name())))
    }

    fn kill(&self, namespace: &str, pod: &str) -> BoxFuture<'_, Result<(), FaultError>> {
        Box::pin(self.ask(format!("/faults/v1/namespaces/{namespace}/pods/{pod}/kill")))
    }
}

/// A target that brings no faults along.
#[derive(Debug, Clone, Copy)]
pub struct NoFaults;

impl Faults for NoFaults {
    fn component(&self, component: Component, _: bool) -> BoxFuture<'_, Result<(), FaultError>> {
        let text = format!("this target cannot stop or start {}", component.name());
        Box::pin(async { Err(FaultError(text)) })
    }

    fn hang(&self, component: Component, _: bool) -> BoxFuture<'_, Result<(), FaultError>> {
        let text = format!("this target cannot make {} hang", component.name());
        Box::pin(async { Err(FaultError(text)) })
    }

    fn kill(&self, _: &str, pod: &str) -> BoxFuture<'_, Result<(), FaultError>> {
        let text = format!("this target cannot kill the process of pod {pod}");
        Box::pin(async { Err(FaultError(text)) })
    }
}
