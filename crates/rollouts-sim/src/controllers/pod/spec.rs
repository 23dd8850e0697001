//! What the node reads of a pod's spec: containers, probes, hooks and grace.

use std::time::Duration;

use crate::json::Value;

use super::workload::Workload;
use crate::object::{items, number, text};

/// The part of a pod's spec that decides its life.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PodSpec {
    /// In the order of the spec.
    pub(crate) containers: Vec<ContainerSpec>,
    /// From the decision to stop until everything is killed, preStop included.
    pub(crate) grace: Duration,
}

/// One container.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ContainerSpec {
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) workload: Workload,
    pub(crate) readiness: Option<Probe>,
    pub(crate) liveness: Option<Probe>,
    /// `lifecycle.preStop.sleep`.
    pub(crate) pre_stop: Duration,
}

/// What a probe asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// `/readyz`: whether the process says it is ready.
    Ready,
    /// Any other path, and `tcpSocket`: whether the process listens.
    Listens,
}

/// A probe with the defaults that the API server would have written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Probe {
    pub(crate) target: Target,
    pub(crate) initial_delay: Duration,
    pub(crate) period: Duration,
    pub(crate) success_threshold: u32,
    pub(crate) failure_threshold: u32,
}

impl PodSpec {
    /// Reads a Pod (or anything with a pod's `spec`).
    pub(crate) fn of(pod: &Value) -> PodSpec {
        PodSpec {
            containers: items(pod, "/spec/containers").map(ContainerSpec::of).collect(),
            grace: seconds(number(pod, "/spec/terminationGracePeriodSeconds", 30)),
        }
    }
}

impl ContainerSpec {
    fn of(container: &Value) -> ContainerSpec {
        let probe = |key: &str| container.get(key).filter(|probe| probe.is_object()).map(Probe::of);
        ContainerSpec {
            name: text(container, "/name").to_owned(),
            image: text(container, "/image").to_owned(),
            workload: Workload::of(container),
            readiness: probe("readinessProbe"),
            liveness: probe("livenessProbe"),
            pre_stop: seconds(number(container, "/lifecycle/preStop/sleep/seconds", 0)),
        }
    }
}

impl Probe {
    fn of(probe: &Value) -> Probe {
        let count =
            |pointer: &str, default| u32::try_from(number(probe, pointer, default)).unwrap_or(1).max(1);
        let path = text(probe, "/httpGet/path").split('?').next().unwrap_or_default();
        Probe {
            target: if path == "/readyz" { Target::Ready } else { Target::Listens },
            initial_delay: seconds(number(probe, "/initialDelaySeconds", 0)),
            period: seconds(number(probe, "/periodSeconds", 10).max(1)),
            success_threshold: count("/successThreshold", 1),
            failure_threshold: count("/failureThreshold", 3),
        }
    }
}

fn seconds(value: i64) -> Duration {
    Duration::from_secs(u64::try_from(value).unwrap_or(0))
}

/// Refuses what of a pod (or a pod template) the simulator would not carry out.
///
/// # Errors
/// Names the first field that a cluster obeys and the simulator does not.
pub(crate) fn refuse(template: &Value) -> Result<(), String> {
    let spec = &template["spec"];
    if items(spec, "/initContainers").next().is_some() {
        return Err("initContainers".to_owned());
    }
    if !matches!(text(spec, "/restartPolicy"), "" | "Always") {
        return Err("a restartPolicy other than Always".to_owned());
    }
    for container in items(spec, "/containers") {
        let name = text(container, "/name");
        if container.get("startupProbe").is_some() {
            return Err(format!("the startupProbe of container {name:?}"));
        }
        for probe in ["readinessProbe", "livenessProbe"] {
            let handler = container.get(probe);
            if handler.is_some_and(|probe| probe.get("exec").is_some() || probe.get("grpc").is_some()) {
                return Err(format!("the {probe} of container {name:?} (httpGet and tcpSocket are)"));
            }
        }
        let hooks = &container["lifecycle"];
        let pre_stop = hooks["preStop"].as_object().is_none_or(|hook| hook.keys().all(|key| key == "sleep"));
        if hooks.get("postStart").is_some() || !pre_stop {
            return Err(format!("a lifecycle hook of container {name:?} (preStop.sleep is)"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    #[test]
    fn probes_take_the_defaults_of_the_api_server() {
        let pod = json!({"spec": {"containers": [{
            "name": "a", "image": "r/demo-app:v1",
            "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8080}},
            "livenessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 5},
            "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
        }]}});
        let spec = PodSpec::of(&pod);
        let container = &spec.containers[0];
        let readiness = container.readiness.as_ref().unwrap();
        assert_eq!((readiness.target, readiness.period), (Target::Ready, Duration::from_secs(10)));
        assert_eq!((readiness.success_threshold, readiness.failure_threshold), (1, 3));
        let liveness = container.liveness.as_ref().unwrap();
        assert_eq!((liveness.target, liveness.period), (Target::Listens, Duration::from_secs(5)));
        assert_eq!((container.pre_stop, spec.grace), (Duration::from_secs(5), Duration::from_secs(30)));
    }

    #[test]
    fn what_is_not_simulated_is_refused_by_name() {
        let with = |container: Value| json!({"spec": {"containers": [container]}});
        for (template, said) in [
            (json!({"spec": {"initContainers": [{"name": "i"}]}}), "initContainers"),
            (json!({"spec": {"restartPolicy": "Never"}}), "restartPolicy"),
            (with(json!({"name": "a", "startupProbe": {}})), "startupProbe"),
            (with(json!({"name": "a", "readinessProbe": {"exec": {}}})), "readinessProbe"),
            (with(json!({"name": "a", "lifecycle": {"preStop": {"exec": {}}}})), "lifecycle hook"),
        ] {
            let refused = refuse(&template).unwrap_err();
            assert!(refused.contains(said), "{refused}");
        }
        assert_eq!(
            refuse(&with(json!({"name": "a", "lifecycle": {"preStop": {"sleep": {"seconds": 1}}}}))),
            Ok(())
        );
    }
}
