//! A pod's `status` as the node publishes it: phase, conditions, container statuses.

use crate::json::{Map, Value, json};
use jiff::Timestamp;

use super::lifecycle::{ContainerRun, Exit, PodRun, State};
use super::spec::{ContainerSpec, PodSpec};
use crate::controllers::time::stamp;
use crate::object::{items, text};

/// The one node, with an address of the documentation range.
pub(crate) const NODE: &str = "sim-node";
const NODE_IP: &str = "192.0.2.1";

/// The status of a pod that no node has taken yet.
pub(crate) fn pending() -> Value {
    json!({"phase": "Pending", "qosClass": "Burstable"})
}

/// The whole `status`, given the one that stands (for the times of its conditions).
pub(crate) fn of(pod: &Value, spec: &PodSpec, run: &PodRun, now: Timestamp) -> Value {
    let started =
        run.containers.iter().any(|c| !matches!(c.state, State::Creating { .. } | State::PullFailed { .. }));
    let statuses: Vec<Value> = spec
        .containers
        .iter()
        .zip(&run.containers)
        .map(|(spec, run)| container(&run_id(pod), spec, run))
        .collect();
    let unready: Vec<&str> = spec
        .containers
        .iter()
        .zip(&run.containers)
        .filter(|(_, run)| !run.ready())
        .map(|(spec, _)| spec.name.as_str())
        .collect();
    let unready =
        (!unready.is_empty()).then(|| format!("containers with unready status: [{}]", unready.join(" ")));
    let mut conditions = Conditions { pod, now, list: Vec::new() };
    conditions.push("PodReadyToStartContainers", started, None);
    conditions.push("Initialized", true, None);
    conditions.push("Ready", unready.is_none(), unready.as_deref());
    conditions.push("ContainersReady", unready.is_none(), unready.as_deref());
    conditions.push("PodScheduled", true, None);
    let mut status = json!({
        "phase": if started { "Running" } else { "Pending" },
        "hostIP": NODE_IP,
        "hostIPs": [{"ip": NODE_IP}],
        "qosClass": "Burstable",
        "startTime": stamp(run.seen),
    });
    // Lists are moved in: `json!` would copy them.
    status["conditions"] = conditions.list.into();
    status["containerStatuses"] = statuses.into();
    if started {
        status["podIP"] = json!(run.ip);
        status["podIPs"] = json!([{"ip": run.ip}]);
    }
    status
}

/// The start of the ids of a pod's containers.
fn run_id(pod: &Value) -> String {
    text(pod, "/metadata/uid").replace('-', "")
}

struct Conditions<'a> {
    pod: &'a Value,
    now: Timestamp,
    list: Vec<Value>,
}

impl Conditions<'_> {
    fn push(&mut self, kind: &str, holds: bool, unready: Option<&str>) {
        let status = if holds { "True" } else { "False" };
        let since = items(self.pod, "/status/conditions")
            .find(|c| text(c, "/type") == kind && text(c, "/status") == status)
            .map(|c| c["lastTransitionTime"].clone());
        let since = since.unwrap_or_else(|| json!(stamp(self.now)));
        let mut condition = json!({
            "type": kind, "status": status, "lastTransitionTime": since,
        });
        if let Some(message) = unready {
            condition["reason"] = json!("ContainersNotReady");
            condition["message"] = json!(message);
        }
        self.list.push(condition);
    }
}

fn container(id: &str, spec: &ContainerSpec, run: &ContainerRun) -> Value {
    let state = match &run.state {
        State::Creating { .. } => waiting("ContainerCreating", None),
        State::PullFailed { failures: 1, .. } => {
            waiting("ErrImagePull", Some(format!("failed to pull image \"{}\": not found", spec.image)))
        }
        State::PullFailed { .. } => {
            waiting("ImagePullBackOff", Some(format!("Back-off pulling image \"{}\"", spec.image)))
        }
        State::Running { since } => json!({"running": {"startedAt": stamp(*since)}}),
        State::Exited { back_off: true, .. } => {
            waiting("CrashLoopBackOff", Some(format!("back-off restarting failed container={}", spec.name)))
        }
        State::Exited { back_off: false, .. } | State::Stopped => run.last.as_ref().map_or_else(
            || waiting("ContainerCreating", None),
            |exit| json!({"terminated": terminated(exit)}),
        ),
    };
    let last = match (&run.last, &run.state) {
        (Some(exit), State::Running { .. } | State::Exited { back_off: true, .. }) => {
            json!({"terminated": terminated(exit)})
        }
        _ => Value::Object(Map::new()),
    };
    let running = run.running().is_some();
    let created = running || run.last.is_some();
    let mut status = json!({
        "name": spec.name,
        "ready": run.ready(),
        "restartCount": run.restarts,
        "image": spec.image,
        "imageID": if created { spec.image.as_str() } else { "" },
        "containerID": if created { format!("sim://{id}{:02}", run.restarts) } else { String::new() },
        "started": running,
    });
    status["state"] = state;
    status["lastState"] = last;
    status
}

fn waiting(reason: &str, message: Option<String>) -> Value {
    let mut waiting = json!({"reason": reason});
    if let Some(message) = message {
        waiting["message"] = json!(message);
    }
    json!({"waiting": waiting})
}

fn terminated(exit: &Exit) -> Value {
    json!({
        "exitCode": exit.code,
        "reason": if exit.code == 0 { "Completed" } else { "Error" },
        "startedAt": stamp(exit.started),
        "finishedAt": stamp(exit.finished),
    })
}
