//! What is refused when it is written, because nothing in the simulator would carry it out.
//!
//! A controller that ignored a field would let a person believe that it had been obeyed.

use crate::json::Value;

use super::pod;
use crate::object::{self, items, text};

/// Judges an object that a client creates or changes. Called for every kind; most pass.
///
/// # Errors
/// What of it the simulator does not carry out, to be said after "not implemented by the simulator: ".
pub(crate) fn admit(object: &Value) -> Result<(), String> {
    match text(object, "/kind") {
        "Pod" => pod::refuse(object),
        "ReplicaSet" => pod::refuse(&object["spec"]["template"]),
        "Rollout" => rollout(object),
        "Experiment" => Err("Experiments".to_owned()),
        "Service" => service(object),
        "Application" => super::argocd::admit_application(object),
        "AppProject" => super::argocd::admit_project(object),
        "Ingress" => crate::traffic::refuse(object),
        _ => Ok(()),
    }
}

fn rollout(rollout: &Value) -> Result<(), String> {
    let spec = &rollout["spec"];
    let has = |pointer: &str| object::at(spec, pointer).is_some_and(|value| !value.is_null());
    for (pointer, what) in [
        ("/workloadRef", "workloadRef of a Rollout"),
        ("/strategy/blueGreen/antiAffinity", "blueGreen.antiAffinity of a Rollout, since there is one node"),
        ("/strategy/blueGreen/activeMetadata", "blueGreen.activeMetadata of a Rollout"),
        ("/strategy/blueGreen/previewMetadata", "blueGreen.previewMetadata of a Rollout"),
        ("/strategy/canary/antiAffinity", "canary.antiAffinity of a Rollout, since there is one node"),
        ("/strategy/canary/canaryMetadata", "canary.canaryMetadata of a Rollout"),
        ("/strategy/canary/stableMetadata", "canary.stableMetadata of a Rollout"),
        ("/strategy/canary/pingPong", "canary.pingPong of a Rollout"),
    ] {
        if has(pointer) {
            return Err(what.to_owned());
        }
    }
    routers(spec)?;
    for step in items(spec, "/strategy/canary/steps") {
        for key in ["experiment", "plugin"] {
            if step.get(key).is_some_and(|value| !value.is_null()) {
                return Err(format!("the canary step {key} of a Rollout"));
            }
        }
    }
    pod::refuse(&spec["template"])
}

/// Traffic is split by nginx' annotations or not at all.
fn routers(spec: &Value) -> Result<(), String> {
    let routing = object::at(spec, "/strategy/canary/trafficRouting").and_then(Value::as_object);
    let known = ["nginx", "maxTrafficWeight", "managedRoutes"];
    let other =
        routing.into_iter().flatten().find(|(key, value)| !known.contains(&key.as_str()) && !value.is_null());
    match (other, routing) {
        (Some((router, _)), _) => Err(format!("the traffic router {router} of a Rollout (nginx is)")),
        (None, Some(routing)) if routing.get("nginx").is_none_or(Value::is_null) => {
            Err("trafficRouting of a Rollout without a router (nginx is one)".to_owned())
        }
        _ => Ok(()),
    }
}

fn service(service: &Value) -> Result<(), String> {
    match text(service, "/spec/type") {
        "" | "ClusterIP" => Ok(()),
        other => Err(format!("Services of type {other} (ClusterIP is)")),
    }
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    #[test]
    fn what_is_not_carried_out_is_refused_by_name() {
        let rollout = |strategy: Value| json!({"kind": "Rollout", "spec": {"strategy": strategy}});
        for (object, said) in [
            (rollout(json!({"canary": {"antiAffinity": {}}})), "antiAffinity"),
            (rollout(json!({"canary": {"steps": [{"setWeight": 1}, {"experiment": {}}]}})), "experiment"),
            (rollout(json!({"canary": {"steps": [{"plugin": {}}]}})), "plugin"),
            (rollout(json!({"canary": {"trafficRouting": {"istio": {}}}})), "router istio"),
            (rollout(json!({"canary": {"trafficRouting": {}}})), "without a router"),
            (rollout(json!({"blueGreen": {"antiAffinity": {}}})), "antiAffinity"),
            (json!({"kind": "Rollout", "spec": {"workloadRef": {"name": "x"}}}), "workloadRef"),
            (json!({"kind": "Experiment"}), "Experiments"),
            (json!({"kind": "Service", "spec": {"type": "LoadBalancer"}}), "LoadBalancer"),
        ] {
            let refused = admit(&object).unwrap_err();
            assert!(refused.contains(said), "{refused}");
        }
        for object in [
            rollout(json!({"blueGreen": {"activeService": "a"}})),
            rollout(json!({"canary": {"trafficRouting": {"nginx": {"stableIngress": "i"}}}})),
            json!({"kind": "ConfigMap"}),
        ] {
            assert_eq!(admit(&object), Ok(()), "{object}");
        }
    }
}
