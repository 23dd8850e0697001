//! Scenarios that the simulator does not bring about: a part of an object as a real API server has it, put into the
//! facts of a simulated cluster.

use rollouts_client::explain::{Facts, Log};
use serde_json::{Value, json};

use super::{Scenario, facts};
use crate::cluster::Cluster;

/// The facts a moment after an update began, with something merged into the status of each of the new pods.
fn pods(status: &Value) -> Facts {
    let mut cluster = Cluster::deployed(|_| {});
    cluster.set_image("v2", &[("NEVER_READY", "true")]);
    cluster.pass(5);
    let mut facts = facts(&mut cluster);
    let old = facts.pods.iter().map(|pod| pod.metadata.creation_timestamp.clone()).min().unwrap();
    for pod in &mut facts.pods {
        if pod.metadata.creation_timestamp > old {
            let mut object = serde_json::to_value(&*pod).unwrap();
            json_patch::merge(&mut object["status"], status);
            *pod = serde_json::from_value(object).unwrap();
        }
    }
    facts.events.clear();
    facts
}

/// The status of the only container.
fn container(status: Value) -> Value {
    let mut whole = json!({
        "name": "demo-app", "image": "127.0.0.1:5000/demo-app:v2", "imageID": "", "ready": false, "restartCount": 0,
        "started": false, "state": {}, "lastState": {},
    });
    json_patch::merge(&mut whole, &status);
    json!({"phase": "Running", "containerStatuses": [whole]})
}

fn waiting(reason: &str, message: &str) -> Value {
    json!({"state": {"waiting": {"reason": reason, "message": message}}})
}

/// What kubelet 1.34 says of a container over its limit.
fn out_of_memory() -> Facts {
    let ended = json!({
        "exitCode": 137, "reason": "OOMKilled", "containerID": "containerd://1c2d",
        "startedAt": "2026-01-01T00:00:04Z", "finishedAt": "2026-01-01T00:00:05Z",
    });
    let mut status = waiting("CrashLoopBackOff", "back-off 20s restarting failed container=demo-app");
    status["lastState"] = json!({"terminated": ended});
    status["restartCount"] = json!(2);
    pods(&container(status))
}

fn crash_with_lines() -> Facts {
    let ended = json!({"exitCode": 2, "reason": "Error", "finishedAt": "2026-01-01T00:00:05Z"});
    let mut status = waiting("CrashLoopBackOff", "back-off 10s restarting failed container=demo-app");
    status["lastState"] = json!({"terminated": ended});
    status["restartCount"] = json!(1);
    let mut facts = pods(&container(status));
    let pod = facts.pods.iter().find(|pod| {
        let statuses = pod.status.as_ref().and_then(|status| status.container_statuses.as_deref());
        statuses.is_some_and(|statuses| statuses[0].restart_count == 1)
    });
    let pod = pod.and_then(|pod| pod.metadata.name.clone()).unwrap();
    let text = "starting\nERROR_RATE: 7 is not between 0 and 1\n".to_owned();
    facts.logs.push(Log { pod, container: "demo-app".to_owned(), text });
    facts
}

/// What the scheduler of 1.34 says.
fn unschedulable() -> Facts {
    let message = "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 No preemption \
                   victims found for incoming pod.";
    pods(&json!({
        "phase": "Pending", "containerStatuses": null,
        "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}],
    }))
}

/// A new ReplicaSet that the API server lets have no pods.
fn refused(message: &str) -> Facts {
    let mut cluster = Cluster::deployed(|_| {});
    cluster.set_image("v2", &[]);
    cluster.pass(1);
    let mut facts = facts(&mut cluster);
    let set = facts.replica_sets.iter_mut().max_by_key(|set| set.revision()).unwrap();
    let condition =
        json!({"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message});
    set.status = serde_json::from_value(json!({"replicas": 0, "conditions": [condition]})).unwrap();
    let name = format!("{}-", set.name());
    facts.pods.retain(|pod| !pod.metadata.name.as_deref().unwrap().starts_with(&name));
    facts
}

/// An AnalysisRun that ended before it measured.
fn broken_analysis() -> Facts {
    let mut cluster = Cluster::deployed(|_| {});
    let analysis = json!({"templates": [{"templateName": "failed"}]});
    cluster.merge("", &json!({"spec": {"strategy": {"blueGreen": {"prePromotionAnalysis": analysis}}}}));
    cluster.set_image("v2", &[]);
    cluster.pass(40);
    let mut facts = facts(&mut cluster);
    let message = "secrets \"prometheus-token\" not found";
    facts.analysis_runs[0].status =
        serde_json::from_value(json!({"phase": "Error", "message": message})).unwrap();
    facts
}

fn weight_not_taken() -> Facts {
    let mut cluster = Cluster::canary(|_| {});
    cluster.set_image("v2", &[]);
    cluster.wait("begun", 20, |c| c.sizes().contains_key("v2"));
    let mut facts = facts(&mut cluster);
    let status = json!({"weights": {"canary": {"weight": 10}, "stable": {"weight": 90}, "verified": false}});
    facts.rollout.status.as_mut().unwrap().canary = serde_json::from_value(status).unwrap();
    facts
}

/// A healthy Rollout whose Application of Argo CD says this.
fn application(status: Value, heals: bool) -> Facts {
    let mut facts = facts(&mut Cluster::deployed(|_| {}));
    facts.application = Some(json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": {"name": "blue-green-app", "namespace": "argocd"},
        "spec": {"syncPolicy": {"automated": {"selfHeal": heals, "prune": true}}}, "status": status,
    }));
    facts
}

fn out_of_sync(heals: bool) -> Facts {
    let rollout =
        json!({"group": "argoproj.io", "kind": "Rollout", "name": "blue-green", "status": "OutOfSync"});
    let service = json!({"kind": "Service", "name": "blue-green-active", "status": "Synced"});
    let sync = json!({"status": "OutOfSync", "revision": "8f2c1e0"});
    application(
        json!({"sync": sync, "resources": [rollout, service], "operationState": {"phase": "Succeeded"}}),
        heals,
    )
}

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "out of memory",
        facts: out_of_memory,
        causes: &["out-of-memory"],
        says: &["is killed for using more memory than its limit", "memory limit 64Mi", "exit code 137"],
    },
    Scenario {
        name: "a crash with its last lines",
        facts: crash_with_lines,
        causes: &["crash-loop"],
        says: &["ends with exit code 2", "starting\n      ERROR_RATE: 7 is not between 0 and 1"],
    },
    Scenario {
        name: "a Secret is missing",
        facts: || pods(&container(waiting("CreateContainerConfigError", "secret \"database\" not found"))),
        causes: &["bad-configuration"],
        says: &["CreateContainerConfigError: secret \"database\" not found"],
    },
    Scenario {
        name: "an image's name that is none",
        facts: || pods(&container(waiting("InvalidImageName", "couldn't parse image name \"A:v2\""))),
        causes: &["image-not-pulled"],
        says: &["InvalidImageName: couldn't parse image name"],
    },
    Scenario {
        name: "no node has room",
        facts: unschedulable,
        causes: &["unschedulable"],
        says: &["no node takes pod", "3 Insufficient cpu"],
    },
    Scenario {
        name: "the quota is used up",
        facts: || {
            refused(
                "pods \"blue-green-5b6f-x\" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=6, \
                 limited: pods=6",
            )
        },
        causes: &["quota"],
        says: &["the namespace's quota is used up", "limited: pods=6"],
    },
    Scenario {
        name: "a webhook refuses the pods",
        facts: || refused("admission webhook \"policy.example.com\" denied the request: image is not signed"),
        causes: &["pods-refused"],
        says: &["the API server refuses them", "image is not signed"],
    },
    Scenario {
        name: "an analysis without its Secret",
        facts: broken_analysis,
        causes: &["analysis-broken"],
        says: &["could not be carried out (Error)", "secrets \"prometheus-token\" not found"],
    },
    Scenario {
        name: "a weight that the router has not taken over",
        facts: weight_not_taken,
        causes: &["weight-not-taken"],
        says: &["canary 10, stable 90, verified false"],
    },
    Scenario {
        name: "a manifest that Argo CD cannot make",
        facts: || {
            let message =
                "rpc error: code = Unknown desc = Manifest generation error (cached): helm template failed";
            let condition = json!({"type": "ComparisonError", "message": message});
            application(json!({"sync": {"status": "Unknown"}, "conditions": [condition]}), true)
        },
        causes: &["argocd-cannot-compare"],
        says: &["application blue-green-app stands still", "helm template failed"],
    },
    Scenario {
        name: "a sync that failed",
        facts: || {
            let refused = json!({"kind": "Rollout", "name": "blue-green", "status": "SyncFailed", "message": "field is immutable"});
            let operation = json!({
                "phase": "Failed", "message": "one or more objects failed to apply", "syncResult": {"resources": [refused]},
            });
            application(json!({"sync": {"status": "OutOfSync"}, "operationState": operation}), true)
        },
        causes: &["argocd-sync-failed"],
        says: &["Rollout blue-green: field is immutable"],
    },
    Scenario {
        name: "a change beside Git that is taken back",
        facts: || out_of_sync(true),
        causes: &["argocd-out-of-sync"],
        says: &["Argo CD will take that back", "OutOfSync: Rollout blue-green", "revision in Git: 8f2c1e0"],
    },
    Scenario {
        name: "a commit that nobody has synced",
        facts: || out_of_sync(false),
        causes: &["argocd-out-of-sync"],
        says: &["nobody has synced application blue-green-app"],
    },
];
