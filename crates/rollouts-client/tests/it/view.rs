//! The view as text, and the fields that the text does not show.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Pod, Service};
use rollouts_client::types::{AnalysisRun, ReplicaSet};
use rollouts_client::view::{Objects, Role, RolloutView, human};
use serde_json::{Value, json};

use crate::fixture::{blue_green, both, canary, merge, replica_set};

fn now() -> Timestamp {
    "2026-01-01T01:00:00Z".parse().expect("a time")
}

fn pod(of: &str, name: &str, difference: Value) -> Pod {
    let mut object = json!({
        "metadata": {
            "name": format!("app-{of}-{name}"), "creationTimestamp": "2026-01-01T00:58:00Z",
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": format!("app-{of}"), "uid": format!("u-{of}")}]
        },
        "spec": {"containers": [{"name": "app"}]},
        "status": {"phase": "Running", "containerStatuses": [
            {"name": "app", "image": "i", "imageID": "", "ready": true, "restartCount": 0, "state": {"running": {}}}]}
    });
    merge(&mut object, difference);
    serde_json::from_value(object).expect("a pod")
}

fn crashing() -> Value {
    json!({"status": {"containerStatuses": [
        {"name": "app", "image": "i", "imageID": "", "ready": false, "restartCount": 4, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}})
}

fn service(name: &str, hash: &str) -> Service {
    let object = json!({"metadata": {"name": name}, "spec": {"selector": {"app": "app", "rollouts-pod-template-hash": hash}}});
    serde_json::from_value(object).expect("a service")
}

fn scaled_down() -> Value {
    json!({"spec": {"replicas": 0}, "status": {"replicas": 0, "readyReplicas": 0, "availableReplicas": 0}})
}

fn replica_sets(of_three: Value) -> Vec<ReplicaSet> {
    vec![
        replica_set(1, "h1", "app:v1", scaled_down()),
        replica_set(2, "h2", "app:v2", json!({})),
        replica_set(3, "h3", "app:v3", of_three),
    ]
}

#[test]
fn blue_green_paused_before_promotion() {
    let rollout = blue_green(json!({"status": {
        "phase": "Paused", "message": "BlueGreenPause", "currentPodHash": "h3", "pauseConditions": [{"reason": "BlueGreenPause"}],
        "replicas": 4, "updatedReplicas": 1, "readyReplicas": 4, "blueGreen": {"previewSelector": "h3"}
    }}));
    let objects = Objects {
        replica_sets: replica_sets(
            json!({"spec": {"replicas": 1}, "status": {"replicas": 1, "readyReplicas": 1, "availableReplicas": 1}}),
        ),
        pods: vec![
            pod("h2", "b", json!({})),
            pod("h3", "c", json!({})),
            pod("h2", "a", json!({})),
            pod("other", "x", json!({})),
        ],
        services: vec![service("app-active", "h2"), service("app-preview", "h3")],
        analysis_runs: Vec::new(),
    };
    let view = RolloutView::new(&rollout, &objects, now());
    insta::assert_snapshot!(view, @"
    Name:            app
    Namespace:       shop
    Status:          ॥ Paused
    Message:         BlueGreenPause
    Strategy:        BlueGreen
    Images:          app:v2 (stable, active)
                     app:v3 (preview)
    Replicas:
      Desired:       3
      Current:       4
      Updated:       1
      Ready:         4
      Available:     3

    NAME                 KIND        STATUS        AGE  INFO
    ⟳ app                Rollout     ॥ Paused      60m
    ├──# revision:3
    │  └──⧉ app-h3       ReplicaSet  ✔ Healthy     57m  preview
    │     └──□ app-h3-c  Pod         ✔ Running     2m   ready:1/1
    ├──# revision:2
    │  └──⧉ app-h2       ReplicaSet  ✔ Healthy     58m  stable,active
    │     ├──□ app-h2-a  Pod         ✔ Running     2m   ready:1/1
    │     └──□ app-h2-b  Pod         ✔ Running     2m   ready:1/1
    └──# revision:1
       └──⧉ app-h1       ReplicaSet  • ScaledDown  59m
    ");
    let selected: Vec<_> = view.services.iter().map(|service| (service.role, service.revision)).collect();
    assert_eq!(selected, [(Role::Active, Some(2)), (Role::Preview, Some(3))]);
    assert_eq!(view.revision_of("h3"), Some(3));
}

#[test]
fn blue_green_aborted_with_crashing_pods_and_a_failed_analysis() {
    let run: AnalysisRun = serde_json::from_value(json!({
        "metadata": {
            "name": "app-h3-3-post", "creationTimestamp": "2026-01-01T00:59:00Z",
            "annotations": {"rollout.argoproj.io/revision": "3"},
            "ownerReferences": [{"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "app", "uid": "u-app"}]
        },
        "spec": {"metrics": []},
        "status": {"phase": "Failed", "metricResults": [
            {"name": "a", "phase": "Failed", "successful": 2, "failed": 1}, {"name": "b", "phase": "Error", "error": 5, "successful": 1}]}
    }))
    .expect("a run");
    let rollout = blue_green(json!({"status": {
        "phase": "Degraded", "message": "RolloutAborted: Rollout aborted update to revision 3", "abort": true,
        "currentPodHash": "h3", "replicas": 6, "blueGreen": {"activeSelector": "h3", "previewSelector": "h3"}
    }}));
    let objects = Objects {
        replica_sets: replica_sets(json!({
            "metadata": {"annotations": {"scale-down-deadline": "2026-01-01T01:00:29Z"}}, "status": {"availableReplicas": 0}})),
        pods: vec![pod("h3", "a", crashing()), pod("h2", "a", json!({}))],
        services: vec![service("app-active", "h3")],
        analysis_runs: vec![run],
    };
    insta::assert_snapshot!(RolloutView::new(&rollout, &objects, now()), @"
    Name:            app
    Namespace:       shop
    Status:          ✖ Degraded
    Message:         RolloutAborted: Rollout aborted update to revision 3
    Strategy:        BlueGreen
    Images:          app:v2 (stable)
                     app:v3 (active)
    Replicas:
      Desired:       3
      Current:       6
      Updated:       3
      Ready:         3
      Available:     3

    NAME                   KIND         STATUS              AGE  INFO
    ⟳ app                  Rollout      ✖ Degraded          60m
    ├──# revision:3
    │  ├──⧉ app-h3         ReplicaSet   ◌ Progressing       57m  active,delay:29s
    │  │  └──□ app-h3-a    Pod          ✖ CrashLoopBackOff  2m   ready:0/1,restarts:4
    │  └──α app-h3-3-post  AnalysisRun  ✖ Failed            60s  ✔ 3,✖ 1,⚠ 5
    ├──# revision:2
    │  └──⧉ app-h2         ReplicaSet   ✔ Healthy           58m  stable
    │     └──□ app-h2-a    Pod          ✔ Running           2m   ready:1/1
    └──# revision:1
       └──⧉ app-h1         ReplicaSet   • ScaledDown        59m
    ");
}

#[test]
fn canary_on_its_second_step() {
    let rollout = canary(
        json!({"status": {"phase": "Progressing", "message": "more replicas need to be updated", "currentPodHash": "h3", "currentStepIndex": 1, "availableReplicas": 4}}),
    );
    let objects = Objects {
        replica_sets: replica_sets(
            json!({"spec": {"replicas": 1}, "status": {"replicas": 1, "availableReplicas": 1}}),
        ),
        ..Objects::default()
    };
    insta::assert_snapshot!(RolloutView::new(&rollout, &objects, now()), @"
    Name:            app
    Namespace:       shop
    Status:          ◌ Progressing
    Message:         more replicas need to be updated
    Strategy:        Canary
      Step:          1/4
      SetWeight:     10
      ActualWeight:  25
    Images:          app:v2 (stable)
                     app:v3 (canary)
    Replicas:
      Desired:       3
      Current:       3
      Updated:       3
      Ready:         3
      Available:     4

    NAME             KIND        STATUS         AGE  INFO
    ⟳ app            Rollout     ◌ Progressing  60m
    ├──# revision:3
    │  └──⧉ app-h3   ReplicaSet  ✔ Healthy      57m  canary
    ├──# revision:2
    │  └──⧉ app-h2   ReplicaSet  ✔ Healthy      58m  stable
    └──# revision:1
       └──⧉ app-h1   ReplicaSet  • ScaledDown   59m
    ");
}

#[test]
fn weights_of_a_canary() {
    let routed = json!({"spec": {"strategy": {"canary": {"trafficRouting": {"nginx": {}}}}}});
    let updating = |index: i64| json!({"status": {"currentPodHash": "h3", "currentStepIndex": index}});
    let weights =
        json!({"status": {"canary": {"weights": {"canary": {"weight": 7}, "stable": {"weight": 93}}}}});
    let table = [
        (vec![], (Some((4, 4)), 100, 100)),
        (vec![updating(0)], (Some((0, 4)), 10, 0)),
        (vec![updating(3)], (Some((3, 4)), 50, 0)),
        (vec![updating(3), routed.clone()], (Some((3, 4)), 50, 50)),
        (vec![updating(3), routed, weights], (Some((3, 4)), 50, 7)),
        (vec![updating(0), json!({"status": {"abort": true}})], (Some((0, 4)), 0, 0)),
    ];
    for (differences, expected) in table {
        let difference = differences.into_iter().fold(json!({}), both);
        let view = RolloutView::new(&canary(difference.clone()), &Objects::default(), now());
        let canary = view.canary.expect("a canary");
        assert_eq!((canary.step, canary.set_weight, canary.actual_weight), expected, "{difference}");
    }
}

#[test]
fn pods_in_a_word() {
    let container = |state: Value, ready: bool| {
        json!({"status": {"containerStatuses": [
        {"name": "app", "image": "i", "imageID": "", "ready": ready, "restartCount": 0, "state": state}]}})
    };
    let init = |state: Value| {
        json!({
        "spec": {"initContainers": [{"name": "init"}]},
        "status": {"phase": "Pending", "initContainerStatuses": [
            {"name": "init", "image": "i", "imageID": "", "ready": false, "restartCount": 0, "state": state}]}})
    };
    let table = [
        (json!({}), "✔ Running ready:1/1"),
        (json!({"status": {"phase": "Pending", "containerStatuses": null}}), "◌ Pending ready:0/1"),
        (
            container(json!({"waiting": {"reason": "ContainerCreating"}}), false),
            "◌ ContainerCreating ready:0/1",
        ),
        (
            container(json!({"waiting": {"reason": "ImagePullBackOff"}}), false),
            "⚠ ImagePullBackOff ready:0/1",
        ),
        (container(json!({"waiting": {"reason": "ErrImagePull"}}), false), "⚠ ErrImagePull ready:0/1"),
        (container(json!({"running": {}}), false), "✔ Running ready:0/1"),
        (container(json!({"terminated": {"exitCode": 1, "reason": "Error"}}), false), "⚠ Error ready:0/1"),
        (container(json!({"terminated": {"exitCode": 3}}), false), "✖ ExitCode:3 ready:0/1"),
        (container(json!({"terminated": {"exitCode": 137, "signal": 9}}), false), "✖ Signal:9 ready:0/1"),
        (json!({"metadata": {"deletionTimestamp": "2026-01-01T00:59:30Z"}}), "◌ Terminating ready:1/1"),
        (json!({"status": {"reason": "Evicted", "containerStatuses": null}}), "  Evicted ready:0/1"),
        (init(json!({"waiting": {"reason": "PodInitializing"}})), "◌ Init:0/1 ready:0/1"),
        (init(json!({"running": {}})), "◌ Init:0/1 ready:0/1"),
        (init(json!({"waiting": {"reason": "CrashLoopBackOff"}})), "◌ Init:CrashLoopBackOff ready:0/1"),
        (init(json!({"terminated": {"exitCode": 1, "reason": "Error"}})), "◌ Init:Error ready:0/1"),
        (init(json!({"terminated": {"exitCode": 0}})), "✔ Running ready:1/1"),
    ];
    for (difference, expected) in table {
        let ready_after_all = json!({"status": {"phase": "Running"}});
        let mut difference = difference;
        if expected.starts_with("✔ Running ready:1/1") {
            merge(&mut difference, ready_after_all);
        }
        let objects = Objects {
            replica_sets: replica_sets(json!({})),
            pods: vec![pod("h3", "a", difference.clone())],
            ..Objects::default()
        };
        let text = RolloutView::new(&blue_green(json!({})), &objects, now()).to_string();
        let line = text.lines().find(|line| line.contains("app-h3-a")).expect("the pod's line");
        let words: Vec<_> = line.split("Pod").nth(1).unwrap_or_default().split_whitespace().collect();
        let expected: Vec<_> = expected.split_whitespace().collect();
        assert_eq!(
            words.iter().filter(|word| **word != "2m").collect::<Vec<_>>(),
            expected.iter().collect::<Vec<_>>(),
            "{difference}"
        );
    }
}

#[test]
fn ages() {
    let table = [
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (125, "2m5s"),
        (599, "9m59s"),
        (600, "10m"),
        (10_799, "179m"),
        (10_800, "3h"),
        (14_399, "3h59m"),
        (28_800, "8h"),
        (172_799, "47h"),
        (172_800, "2d"),
        (176_400, "2d1h"),
        (604_800, "7d"),
        (691_200, "8d"),
        (63_072_000, "2y"),
        (63_158_400, "2y1d"),
        (252_288_000, "8y"),
        (-5, "0s"),
    ];
    for (seconds, expected) in table {
        let since = now() - jiff::SignedDuration::from_secs(seconds);
        assert_eq!(human(Some(since), now()), expected, "{seconds}");
    }
    assert_eq!(human(None, now()), "<unknown>");
}
