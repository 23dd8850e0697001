//! What is refused when it is written, because nothing in the simulator would carry it out.
//!
//! A controller that ignored a field would let a person believe that it had been obeyed.

use serde_json::Value;

use super::pod;
use crate::object::text;

/// Judges an object that a client creates or changes. Called for every kind; most pass.
///
/// # Errors
/// In words for the person who wrote the object: what of it the simulator does not carry out.
pub(crate) fn admit(object: &Value) -> Result<(), String> {
    match text(object, "/kind") {
        "Pod" => pod::refuse(object),
        "ReplicaSet" => pod::refuse(&object["spec"]["template"]),
        "Rollout" => rollout(object),
        "Experiment" => Err("the simulator does not carry out Experiments".to_owned()),
        "Service" => service(object),
        "Ingress" => crate::traffic::refuse(object),
        _ => Ok(()),
    }
}

fn rollout(rollout: &Value) -> Result<(), String> {
    let spec = &rollout["spec"];
    let has = |pointer: &str| spec.pointer(pointer).is_some_and(|value| !value.is_null());
    for (pointer, what) in [
        ("/strategy/canary", "the canary strategy"),
        ("/workloadRef", "spec.workloadRef"),
        ("/strategy/blueGreen/antiAffinity", "blueGreen.antiAffinity, since it has one node"),
        ("/strategy/blueGreen/activeMetadata", "blueGreen.activeMetadata"),
        ("/strategy/blueGreen/previewMetadata", "blueGreen.previewMetadata"),
    ] {
        if has(pointer) {
            return Err(format!("the simulator does not carry out {what} yet"));
        }
    }
    pod::refuse(&spec["template"])
}

fn service(service: &Value) -> Result<(), String> {
    match text(service, "/spec/type") {
        "" | "ClusterIP" => Ok(()),
        other => Err(format!("the simulator does not carry out Services of type {other}: only ClusterIP")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_carried_out_is_refused_by_name() {
        let rollout = |strategy: Value| json!({"kind": "Rollout", "spec": {"strategy": strategy}});
        for (object, said) in [
            (rollout(json!({"canary": {}})), "canary"),
            (rollout(json!({"blueGreen": {"antiAffinity": {}}})), "antiAffinity"),
            (json!({"kind": "Rollout", "spec": {"workloadRef": {"name": "x"}}}), "workloadRef"),
            (json!({"kind": "Experiment"}), "Experiments"),
            (json!({"kind": "Service", "spec": {"type": "LoadBalancer"}}), "LoadBalancer"),
        ] {
            let refused = admit(&object).unwrap_err();
            assert!(refused.contains(said), "{refused}");
        }
        for object in [rollout(json!({"blueGreen": {"activeService": "a"}})), json!({"kind": "ConfigMap"})] {
            assert_eq!(admit(&object), Ok(()), "{object}");
        }
    }
}
