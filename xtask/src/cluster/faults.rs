//! Faults of the host cluster, for scenarios: a component that is down, a pod's process that is killed.

use futures::future::BoxFuture;
use nix::sys::signal::Signal;
use scenario::faults::{Component, FaultError, Faults};

use super::places::Places;
use super::process::{self, Process};
use super::supervise;

/// The host cluster's processes, which this machine can stop and kill.
pub(crate) struct HostFaults {
    places: Places,
}

impl HostFaults {
    /// Faults of the cluster at its usual place.
    pub(crate) fn new() -> Self {
        HostFaults { places: Places::new(None) }
    }

    fn set(&self, component: Component, runs: bool) -> Result<(), FaultError> {
        let set = supervise::set(&self.places, unit(component), runs);
        set.map_err(|error| FaultError(error.to_string()))
    }
}

impl Faults for HostFaults {
    fn component(&self, component: Component, runs: bool) -> BoxFuture<'_, Result<(), FaultError>> {
        Box::pin(async move { self.set(component, runs) })
    }

    fn hang(&self, component: Component, hangs: bool) -> BoxFuture<'_, Result<(), FaultError>> {
        // A stopped process keeps its socket: the kernel accepts, and nobody answers.
        let signal = if hangs { Signal::SIGSTOP } else { Signal::SIGCONT };
        let unit = supervise::report(&self.places, unit(component)).and_then(|report| report.unit);
        Box::pin(async move {
            let name = component.name();
            let unit =
                unit.filter(Process::runs).ok_or_else(|| FaultError(format!("{name} does not run")))?;
            unit.signal(signal);
            Ok(())
        })
    }

    fn kill(&self, _: &str, pod: &str) -> BoxFuture<'_, Result<(), FaultError>> {
        let found = of_pod(pod);
        found.iter().for_each(|process| process.signal(Signal::SIGKILL));
        let pod = pod.to_owned();
        Box::pin(async move {
            if found.is_empty() {
                return Err(FaultError(format!("no process of pod {pod} runs here")));
            }
            Ok(())
        })
    }
}

/// The unit that a component is here.
fn unit(component: Component) -> &'static str {
    match component {
        Component::Prometheus => "prometheus",
        Component::RolloutsController => "argo-rollouts",
    }
}

/// The demo-app's processes in a pod: the kubelet tells each container its pod's name as host name.
fn of_pod(pod: &str) -> Vec<Process> {
    let own = |process: &Process| process::variable(process.pid, "HOSTNAME").as_deref() == Some(pod);
    let demo_app = |words: &[String]| words.first().is_some_and(|program| program.ends_with("demo-app"));
    let all = process::all().into_iter().filter(|(process, words)| demo_app(words) && own(process));
    all.map(|(process, _)| process).collect()
}
