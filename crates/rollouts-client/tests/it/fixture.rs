//! Rollouts in named states, as differences from one that is healthy.

use rollouts_client::types::{ReplicaSet, Rollout};
use serde_json::{Value, json};

/// Blue-green, three pods, revision 2 (hash `h2`) fully promoted, revision 1 (`h1`) before it.
pub(crate) fn blue_green(difference: Value) -> Rollout {
    rollout(
        &json!({"blueGreen": {"activeService": "app-active", "previewService": "app-preview", "autoPromotionEnabled": false}}),
        difference,
    )
}

/// The same with a canary of four steps, all done.
pub(crate) fn canary(difference: Value) -> Rollout {
    let steps = json!([{"setWeight": 10}, {"pause": {}}, {"setWeight": 50}, {"pause": {"duration": "2m"}}]);
    let strategy =
        json!({"canary": {"stableService": "app-stable", "canaryService": "app-canary", "steps": steps}});
    let all_done = json!({"status": {"currentStepIndex": 4, "blueGreen": null}});
    rollout(&strategy, both(all_done, difference))
}

fn rollout(strategy: &Value, difference: Value) -> Rollout {
    let mut object = json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {
            "name": "app", "namespace": "shop", "uid": "u-app", "generation": 7,
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "annotations": {"rollout.argoproj.io/revision": "2"}
        },
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": "app"}},
            "strategy": strategy,
            "template": template("app:v2")
        },
        "status": {
            "phase": "Healthy", "observedGeneration": "7",
            "currentPodHash": "h2", "stableRS": "h2",
            "replicas": 3, "updatedReplicas": 3, "readyReplicas": 3, "availableReplicas": 3,
            "blueGreen": {"activeSelector": "h2", "previewSelector": "h2"}
        }
    });
    merge(&mut object, difference);
    serde_json::from_value(object).expect("a rollout")
}

pub(crate) fn template(image: &str) -> Value {
    json!({
        "metadata": {"labels": {"app": "app"}},
        "spec": {"containers": [{"name": "app", "image": image, "ports": [{"containerPort": 8080}]}]}
    })
}

/// A ReplicaSet of the Rollout with all its pods.
pub(crate) fn replica_set(revision: i64, hash: &str, image: &str, difference: Value) -> ReplicaSet {
    let mut template = template(image);
    merge(&mut template, json!({"metadata": {"labels": {"rollouts-pod-template-hash": hash}}}));
    let mut object = json!({
        "metadata": {
            "name": format!("app-{hash}"), "namespace": "shop", "uid": format!("u-{hash}"), "generation": 1,
            "creationTimestamp": format!("2026-01-01T00:0{revision}:00Z"),
            "labels": {"app": "app", "rollouts-pod-template-hash": hash},
            "annotations": {"rollout.argoproj.io/revision": revision.to_string()},
            "ownerReferences": [{"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "app", "uid": "u-app", "controller": true}]
        },
        "spec": {"replicas": 3, "template": template},
        "status": {"replicas": 3, "readyReplicas": 3, "availableReplicas": 3, "observedGeneration": 1}
    });
    merge(&mut object, difference);
    serde_json::from_value(object).expect("a ReplicaSet")
}

/// Two differences as one.
pub(crate) fn both(mut first: Value, second: Value) -> Value {
    match (&mut first, second) {
        (Value::Object(fields), Value::Object(more)) => {
            for (key, value) in more {
                let before = fields.remove(&key).unwrap_or(Value::Null);
                fields.insert(key, both(before, value));
            }
            first
        }
        (_, second) => second,
    }
}

/// A JSON merge patch (RFC 7386), so that a state reads as what differs.
pub(crate) fn merge(target: &mut Value, difference: Value) {
    let Value::Object(difference) = difference else {
        *target = difference;
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let fields = target.as_object_mut().expect("an object");
    for (key, value) in difference {
        if value.is_null() {
            fields.remove(&key);
        } else {
            merge(fields.entry(key).or_insert(Value::Null), value);
        }
    }
}
