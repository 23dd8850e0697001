//! How well an object is, by Argo CD's own rules for its kind.

use crate::json::Value;

use crate::object::{self, items, number, text};

/// From best to worst: an Application is as its worst object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Health {
    Healthy,
    Suspended,
    Progressing,
    Missing,
    Degraded,
    Unknown,
}

impl Health {
    pub(super) fn word(self) -> &'static str {
        match self {
            Health::Healthy => "Healthy",
            Health::Suspended => "Suspended",
            Health::Progressing => "Progressing",
            Health::Missing => "Missing",
            Health::Degraded => "Degraded",
            Health::Unknown => "Unknown",
        }
    }
}

const JUDGED: &[&str] =
    &["Rollout", "Service", "Ingress", "Pod", "ReplicaSet", "AnalysisRun", "HorizontalPodAutoscaler"];

/// Whether objects of a kind have a health at all.
pub(super) fn is_judged(kind: &str) -> bool {
    JUDGED.contains(&kind)
}

/// How an object is, and why; nothing for a kind without health.
pub(super) fn of(live: &Value) -> Option<(Health, String)> {
    let kind = text(live, "/kind");
    if is_judged(kind) && object::deleting(live) {
        return Some((Health::Progressing, "Pending deletion".to_owned()));
    }
    let (health, why) = match kind {
        "Rollout" => rollout(live),
        "AnalysisRun" => analysis_run(live),
        "Ingress" if items(live, "/status/loadBalancer/ingress").next().is_none() => {
            (Health::Progressing, "")
        }
        "ReplicaSet" => replica_set(live),
        "Pod" => pod(live),
        "HorizontalPodAutoscaler" => autoscaler(live),
        // A Service that is no load balancer has nothing to wait for.
        "Service" | "Ingress" => (Health::Healthy, ""),
        _ => return None,
    };
    Some((health, why.to_owned()))
}

/// The Rollouts controller says its phase, as soon as it has seen the spec.
fn rollout(live: &Value) -> (Health, &str) {
    let generation = number(live, "/metadata/generation", 0);
    let observed = text(live, "/status/observedGeneration").parse::<i64>().ok();
    let seen = match observed {
        Some(observed) => observed >= generation,
        None => live["status"].is_object(),
    };
    let message = text(live, "/status/message");
    match text(live, "/status/phase") {
        _ if !seen => (Health::Progressing, "Waiting for rollout spec update to be observed"),
        "Paused" => (Health::Suspended, message),
        "Healthy" => (Health::Healthy, message),
        "Degraded" => (Health::Degraded, message),
        "Progressing" => (Health::Progressing, message),
        _ => (Health::Progressing, "Waiting for rollout to finish: status has not been reconciled."),
    }
}

fn analysis_run(live: &Value) -> (Health, &str) {
    let message = text(live, "/status/message");
    match text(live, "/status/phase") {
        "Successful" => (Health::Healthy, message),
        "Failed" | "Error" => (Health::Degraded, message),
        "Inconclusive" => (Health::Unknown, message),
        _ => (Health::Progressing, message),
    }
}

fn replica_set(live: &Value) -> (Health, &'static str) {
    if number(live, "/status/observedGeneration", 0) < number(live, "/metadata/generation", 0) {
        return (
            Health::Progressing,
            "Waiting for rollout to finish: observed replica set generation less than desired generation",
        );
    }
    if number(live, "/status/availableReplicas", 0) < number(live, "/spec/replicas", 1) {
        return (Health::Progressing, "Waiting for rollout to finish: replicas are not available");
    }
    (Health::Healthy, "")
}

fn pod(live: &Value) -> (Health, &str) {
    let message = text(live, "/status/message");
    let ready =
        items(live, "/status/conditions").any(|one| one["type"] == "Ready" && one["status"] == "True");
    let crashes = items(live, "/status/containerStatuses").any(|one| {
        let reason = text(one, "/state/waiting/reason");
        reason.starts_with("Err") || reason.ends_with("Error") || reason.ends_with("BackOff")
    });
    match text(live, "/status/phase") {
        "Failed" => (Health::Degraded, message),
        "Succeeded" => (Health::Healthy, message),
        _ if crashes => (Health::Degraded, message),
        "Running" if ready => (Health::Healthy, message),
        _ => (Health::Progressing, message),
    }
}

/// Its conditions in their order: a failing one counts, else a good one.
fn autoscaler(live: &Value) -> (Health, &str) {
    let mut good = None;
    for condition in items(live, "/status/conditions") {
        let (kind, status) = (text(condition, "/type"), text(condition, "/status"));
        let failing =
            text(condition, "/reason").starts_with("Failed") || condition["reason"] == "InvalidSelector";
        if status == "False" && failing && kind != "ScalingLimited" {
            return (Health::Degraded, text(condition, "/message"));
        }
        if status == "True" && matches!(kind, "AbleToScale" | "ScalingLimited") {
            good = Some(text(condition, "/message"));
        }
    }
    good.map_or((Health::Progressing, "Waiting to Autoscale"), |message| (Health::Healthy, message))
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    #[test]
    fn health_is_that_of_the_kind() {
        let rollout = |generation: i64, phase: &str| {
            let status = json!({"phase": phase, "observedGeneration": "2", "message": "m"});
            json!({"kind": "Rollout", "metadata": {"generation": generation}, "status": status})
        };
        let conditions =
            |list: Value| json!({"kind": "HorizontalPodAutoscaler", "status": {"conditions": list}});
        let address = json!({"loadBalancer": {"ingress": [{"ip": "127.0.0.1"}]}});
        for (object, health) in [
            (rollout(2, "Paused"), Some(Health::Suspended)),
            (rollout(2, "Healthy"), Some(Health::Healthy)),
            (rollout(2, "Degraded"), Some(Health::Degraded)),
            (rollout(3, "Healthy"), Some(Health::Progressing)),
            (json!({"kind": "Rollout", "metadata": {"generation": 1}}), Some(Health::Progressing)),
            (json!({"kind": "Ingress"}), Some(Health::Progressing)),
            (json!({"kind": "Ingress", "status": address}), Some(Health::Healthy)),
            (json!({"kind": "Service"}), Some(Health::Healthy)),
            (json!({"kind": "Service", "metadata": {"deletionTimestamp": "x"}}), Some(Health::Progressing)),
            (json!({"kind": "ConfigMap"}), None),
            (json!({"kind": "Pod", "status": {"phase": "Failed"}}), Some(Health::Degraded)),
            (json!({"kind": "AnalysisRun", "status": {"phase": "Error"}}), Some(Health::Degraded)),
            (conditions(json!([])), Some(Health::Progressing)),
            (conditions(json!([{"type": "AbleToScale", "status": "True"}])), Some(Health::Healthy)),
            (
                conditions(
                    json!([{"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric"}]),
                ),
                Some(Health::Degraded),
            ),
        ] {
            assert_eq!(of(&object).map(|(health, _)| health), health, "{object}");
        }
    }
}
