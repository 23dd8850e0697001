//! Phases and messages, one state a row. Rows follow the order in which the first match wins.

use rollouts_client::phase::{self, Phase};
use serde_json::{Value, json};

use crate::fixture::{blue_green, both, canary};

/// As `kubectl argo rollouts status` prints it.
fn printed((phase, message): (Phase, String)) -> String {
    if message.is_empty() { phase.to_string() } else { format!("{phase} - {message}") }
}

#[test]
fn a_client_first_asks_whether_the_status_is_up_to_date() {
    let table = [
        (json!({}), "Healthy"),
        (
            json!({"metadata": {"generation": 8}}),
            "Progressing - waiting for rollout spec update to be observed",
        ),
        // A hash of versions before 0.10, and one that looks like a number.
        (json!({"status": {"observedGeneration": "6c8f9d"}}), "Healthy"),
        (json!({"status": {"observedGeneration": "5789"}}), "Healthy"),
        (json!({"status": {"controllerPause": true}}), "Progressing - waiting for rollout to unpause"),
        (
            json!({"metadata": {"generation": 8}, "status": {"controllerPause": true}}),
            "Progressing - waiting for rollout spec update to be observed",
        ),
        (
            json!({"status": {"phase": "Paused", "message": "BlueGreenPause", "controllerPause": true, "pauseConditions": [{"reason": "BlueGreenPause"}]}}),
            "Paused - BlueGreenPause",
        ),
        (
            workload_ref("3", "2"),
            "Progressing - waiting for rollout spec update to be observed for the reference workload",
        ),
        (workload_ref("3", "3"), "Healthy"),
        (workload_ref("3", ""), "Healthy"),
        (
            json!({"status": {"phase": "Degraded", "message": "RolloutAborted: Rollout aborted update to revision 2"}}),
            "Degraded - RolloutAborted: Rollout aborted update to revision 2",
        ),
        (json!({"status": {"phase": "Sleeping"}}), "Sleeping"),
    ];
    for (difference, expected) in table {
        assert_eq!(printed(phase::of(&blue_green(difference.clone()))), expected, "{difference}");
    }
}

fn workload_ref(asked: &str, seen: &str) -> Value {
    json!({
        "metadata": {"annotations": {"rollout.argoproj.io/workload-generation": asked}},
        "spec": {"template": null, "workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "app"}},
        "status": {"workloadObservedGeneration": seen}
    })
}

fn condition(type_: &str, reason: &str, message: &str) -> Value {
    json!({"status": {"conditions": [
        {"type": "Available", "status": "True", "reason": "AvailableReason"},
        {"type": type_, "status": "False", "reason": reason, "message": message}
    ]}})
}

fn paused_by(reason: &str) -> Value {
    json!({"status": {"controllerPause": true, "pauseConditions": [{"reason": reason, "startTime": "2026-01-01T00:00:00Z"}]}})
}

/// Blue-green with `h3` on its way.
fn updating(status: &Value) -> Value {
    let difference = json!({"status": {"currentPodHash": "h3", "blueGreen": {"previewSelector": "h3"}}});
    both(difference, json!({ "status": status }))
}

#[test]
fn what_the_controller_computes_for_blue_green() {
    let analysed = |status: &str| {
        json!({
            "spec": {"strategy": {"blueGreen": {"postPromotionAnalysis": {"templates": [{"templateName": "ok"}]}}}},
            "status": {"currentPodHash": "h3", "blueGreen": {
                "activeSelector": "h3", "postPromotionAnalysisRunStatus": {"name": "app-h3-3-post", "status": status}}}
        })
    };
    let table = [
        (
            condition("InvalidSpec", "InvalidSpec", "The Rollout is invalid"),
            "Degraded - InvalidSpec: The Rollout is invalid",
        ),
        (
            condition("Progressing", "RolloutAborted", "Rollout aborted update to revision 3"),
            "Degraded - RolloutAborted: Rollout aborted update to revision 3",
        ),
        (
            condition(
                "Progressing",
                "ProgressDeadlineExceeded",
                "ReplicaSet \"app-h3\" has timed out progressing.",
            ),
            "Degraded - ProgressDeadlineExceeded: ReplicaSet \"app-h3\" has timed out progressing.",
        ),
        (json!({"spec": {"paused": true}}), "Paused - manually paused"),
        (paused_by("BlueGreenPause"), "Paused - BlueGreenPause"),
        (paused_by("InconclusiveAnalysisRun"), "Paused - InconclusiveAnalysisRun"),
        (paused_by("InconclusiveExperiment"), "Paused - InconclusiveExperiment"),
        (json!({"spec": {"restartAt": "2026-01-01T01:00:00Z"}}), "Progressing - rollout is restarting"),
        (
            json!({"spec": {"restartAt": "2026-01-01T01:00:00Z"}, "status": {"restartedAt": "2026-01-01T01:00:00Z"}}),
            "Healthy",
        ),
        (updating(&json!({"updatedReplicas": 1})), "Progressing - more replicas need to be updated"),
        (
            updating(&json!({"availableReplicas": 1})),
            "Progressing - updated replicas are still becoming available",
        ),
        (updating(&json!({})), "Progressing - active service cutover pending"),
        (
            json!({"status": {"blueGreen": {"activeSelector": ""}}}),
            "Progressing - active service cutover pending",
        ),
        (analysed("Running"), "Progressing - waiting for analysis to complete"),
        (analysed("Successful"), "Progressing - waiting for post-promotion verification to complete"),
        (
            updating(&json!({"blueGreen": {"activeSelector": "h3"}})),
            "Progressing - waiting for post-promotion verification to complete",
        ),
        // The old version may still run out its delay.
        (json!({"status": {"replicas": 6}}), "Healthy"),
    ];
    for (difference, expected) in table {
        assert_eq!(printed(phase::compute(&blue_green(difference.clone()))), expected, "{difference}");
    }
}

#[test]
fn what_the_controller_computes_for_canary() {
    let routed =
        json!({"spec": {"strategy": {"canary": {"trafficRouting": {"nginx": {"stableIngress": "app"}}}}}});
    let routed_with_old_pods = both(routed, json!({"status": {"replicas": 6}}));
    let table = [
        (json!({}), "Healthy"),
        (paused_by("CanaryPauseStep"), "Paused - CanaryPauseStep"),
        (json!({"status": {"replicas": 4}}), "Progressing - old replicas are pending termination"),
        (routed_with_old_pods, "Healthy"),
        (json!({"status": {"currentPodHash": "h3"}}), "Progressing - waiting for all steps to complete"),
        (json!({"status": {"stableRS": null}}), "Progressing - waiting for all steps to complete"),
    ];
    for (difference, expected) in table {
        assert_eq!(printed(phase::compute(&canary(difference.clone()))), expected, "{difference}");
    }
}
