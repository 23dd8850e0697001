//! Settings beside the shipped ones. None of these walks was recorded: they follow upstream's source.
#![expect(clippy::unwrap_used, reason = "clippy's exemption for tests does not reach their helpers")]

use std::time::Duration;

use serde_json::{Value, json};
use traffic_probe::{Cause, Load};

use crate::cluster::{Cluster, documents};

const HOST: &str = "blue-green.local";

/// The shipped Rollout with other values in its strategy; null takes a field out.
fn strategy(values: Value) -> impl Fn(&mut Value) {
    move |rollout| {
        let strategy = rollout["spec"]["strategy"]["blueGreen"].as_object_mut().unwrap();
        for (key, value) in values.as_object().unwrap() {
            strategy.remove(key);
            if !value.is_null() {
                strategy.insert(key.clone(), value.clone());
            }
        }
    }
}

fn update(cluster: &mut Cluster, version: &str, phase: &str) {
    cluster.set_image(version, &[]);
    cluster.wait("begun", 5, |c| c.phase() != "Healthy");
    cluster.wait(phase, 60, |c| c.phase().starts_with(phase));
}

#[test]
fn automatic_promotion_after_a_time() {
    let mut cluster =
        Cluster::deployed(strategy(json!({"autoPromotionEnabled": true, "autoPromotionSeconds": 20})));
    update(&mut cluster, "v2", "Paused BlueGreenPause");
    cluster.pass(18);
    assert_eq!(cluster.selects("blue-green-active"), "v1");
    cluster.wait("promoted", 10, |c| c.phase() == "Healthy" && c.selects("blue-green-active") == "v2");
    assert!(cluster.events().iter().any(|event| event == "RolloutResumed: Rollout is resumed"));
}

#[test]
fn an_aborted_version_stays_for_ever_when_asked() {
    let mut cluster = Cluster::deployed(strategy(json!({"abortScaleDownDelaySeconds": 0})));
    update(&mut cluster, "v2", "Paused");
    cluster.abort();
    cluster.pass(600);
    assert_eq!(cluster.sizes()["v2"], (1, 1));
}

#[test]
fn a_version_without_a_preview_service_and_without_a_pause() {
    let mut cluster =
        Cluster::deployed(strategy(json!({"previewService": null, "autoPromotionEnabled": null})));
    let load = cluster.load(HOST, 50);
    update(&mut cluster, "v2", "Healthy");
    cluster.wait("switched", 1, |c| c.version(HOST) == "v2");
    assert_eq!((cluster.selects("blue-green-preview"), cluster.stop(load).lost()), (String::new(), 0));
}

#[test]
fn the_limit_of_delayed_versions() {
    let mut cluster = Cluster::deployed(strategy(json!({
        "autoPromotionEnabled": true, "previewReplicaCount": null, "scaleDownDelaySeconds": 300,
        "scaleDownDelayRevisionLimit": 1,
    })));
    for version in ["v2", "v3"] {
        update(&mut cluster, version, "Healthy");
        cluster.pass(1);
    }
    cluster.pass(60);
    let wanted: Vec<(String, i64)> =
        cluster.sizes().into_iter().map(|(version, (wanted, _))| (version, wanted)).collect();
    assert_eq!(wanted, [("v1".to_owned(), 0), ("v2".to_owned(), 3), ("v3".to_owned(), 3)]);
}

#[test]
fn a_rollback_within_the_window_does_not_pause() {
    for (window, phase) in [(0, "Paused BlueGreenPause"), (1, "Healthy")] {
        let mut cluster = Cluster::deployed(|rollout| {
            strategy(json!({"previewReplicaCount": null}))(rollout);
            rollout["spec"]["rollbackWindow"] = json!({"revisions": window});
        });
        update(&mut cluster, "v2", "Paused");
        cluster.promote();
        cluster.wait("healthy", 10, |c| c.phase() == "Healthy");
        // The delay is over: the old pods are gone.
        cluster.pass(90);
        cluster.undo(1);
        cluster.wait("begun", 5, |c| c.phase() != "Healthy");
        cluster.wait(phase, 60, |c| c.phase() == phase);
    }
}

#[test]
fn an_undecided_analysis_pauses_until_a_person_goes_on() {
    let mut cluster = Cluster::deployed(strategy(json!({
        "autoPromotionEnabled": true, "previewReplicaCount": null,
        "prePromotionAnalysis": {"templates": [{"templateName": "undecided"}]},
    })));
    update(&mut cluster, "v2", "Paused InconclusiveAnalysisRun");
    assert_eq!(cluster.selects("blue-green-active"), "v1");
    cluster.pass(60);
    assert_eq!(cluster.phase(), "Paused InconclusiveAnalysisRun");
    cluster.abort();
    cluster.wait("aborted", 5, |c| c.phase().contains("RolloutAborted"));
}

#[test]
fn a_missing_template_is_an_invalid_spec() {
    let mut cluster = Cluster::deployed(|_| {});
    let analysis = json!({"templates": [{"templateName": "nowhere"}]});
    cluster.merge("", &json!({"spec": {"strategy": {"blueGreen": {"postPromotionAnalysis": analysis}}}}));
    cluster.wait("invalid", 5, |c| c.phase().starts_with("Degraded InvalidSpec"));
    let said = "spec.strategy.blueGreen.postPromotionAnalysis.templates: Invalid value: \"nowhere\": \
                AnalysisTemplate 'nowhere' not found";
    assert!(cluster.phase().ends_with(said), "{}", cluster.phase());
    cluster.merge("", &json!({"spec": {"strategy": {"blueGreen": {"postPromotionAnalysis": null}}}}));
    cluster.wait("healthy again", 30, |c| c.phase() == "Healthy");
}

#[test]
fn a_process_that_does_not_listen_is_restarted_by_its_liveness_probe() {
    let mut cluster = Cluster::deployed(|_| {});
    cluster.set_image("v2", &[("START_AFTER", "5m")]);
    cluster.pass(50);
    let restarts = cluster
        .items("api/v1", "pods")
        .iter()
        .map(|pod| pod["status"]["containerStatuses"][0]["restartCount"].as_i64().unwrap())
        .max();
    assert_eq!(restarts, Some(1));
}

#[test]
fn with_a_limit_of_none_the_old_version_goes_at_once() {
    let limit = json!({"autoPromotionEnabled": true, "scaleDownDelayRevisionLimit": 0});
    let mut cluster = Cluster::deployed(strategy(limit));
    update(&mut cluster, "v2", "Healthy");
    cluster.pass(1);
    assert_eq!(cluster.sizes()["v1"].0, 0);
}

/// An answer that is under way ends with its process, unless the process is given the time to finish it.
#[test]
fn a_slow_answer_is_lost_with_its_process() {
    for (grace, resets) in [("", false), ("?gracePeriodSeconds=0", true)] {
        let mut cluster = Cluster::deployed(|rollout| {
            let container = &mut rollout["spec"]["template"]["spec"]["containers"][0];
            container["env"] = json!([{"name": "LATENCY", "value": "400ms"}]);
        });
        let load = cluster.load(HOST, 50);
        cluster.pass(2);
        let pod = cluster.items("api/v1", "pods")[0]["metadata"]["name"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/namespaces/blue-green/pods/{pod}{grace}");
        cluster.call("DELETE", &path, "", &Value::Null);
        cluster.pass(30);
        let account = cluster.stop(load);
        let lost = account.lost_by_cause();
        assert_eq!(lost.get(&Cause::Reset).is_some_and(|lost| *lost >= 6), resets, "{grace}: {lost:?}");
        assert_eq!(account.lost() > 0, resets, "{grace}: {lost:?}");
        assert!(account.late() > 1000, "a slow answer is late: {}", account.late());
    }
}

/// Both sides of the account, with processes that are killed while they answer: what nobody acknowledged is
/// in neither, and the same world gives the same accounts.
#[test]
fn client_and_server_accounts_agree() {
    let run = || {
        let mut cluster = Cluster::deployed(|rollout| {
            let container = &mut rollout["spec"]["template"]["spec"]["containers"][0];
            container["env"] = json!([{"name": "LATENCY", "value": "400ms"}]);
        });
        let loads = [50, 20].map(|rate| cluster.world.start_load(Load::mixed(HOST, rate)));
        cluster.pass(2);
        let pod = cluster.items("api/v1", "pods")[0]["metadata"]["name"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/namespaces/blue-green/pods/{pod}?gracePeriodSeconds=0");
        cluster.call("DELETE", &path, "", &Value::Null);
        cluster.pass(5);
        loads.map(|load| cluster.stop(load).reconcile(&cluster.world.server_account()))
    };
    let both = run();
    for account in &both {
        assert!(account.holds() && account.both > 0, "{account}");
        assert_eq!(account.both + account.neither, account.posts, "{account}");
    }
    assert!(both[0].neither > 0, "the killed process was answering some: {}", both[0]);
    assert_eq!(both, run());
}

#[test]
fn what_is_not_carried_out_is_refused_at_the_door() {
    let mut cluster = Cluster::deployed(|_| {});
    let canary = json!({"spec": {"strategy": {
        "canary": {"pingPong": {"pingService": "a", "pongService": "b"}}, "blueGreen": null,
    }}});
    let path = "/apis/argoproj.io/v1alpha1/namespaces/blue-green/rollouts/blue-green";
    let (status, answer) = cluster.try_call("PATCH", path, "application/merge-patch+json", &canary);
    let message = answer["message"].as_str().unwrap();
    assert_eq!((status, message), (501, "not implemented by the simulator: canary.pingPong of a Rollout"));
}

#[test]
fn a_snapshot_goes_on_as_the_world_would() {
    let mut cluster = Cluster::deployed(|_| {});
    cluster.set_image("v2", &[("CRASH_AFTER", "20s")]);
    cluster.pass(7);
    let saved = serde_json::to_string(&cluster.world).unwrap();
    let mut again = Cluster { world: serde_json::from_str(&saved).unwrap(), ..Cluster::new() };
    for cluster in [&mut cluster, &mut again] {
        let end = cluster.world.now() + Duration::from_secs(120);
        cluster.world.advance_to(end);
    }
    assert!(serde_json::to_value(&cluster.world).unwrap() == serde_json::to_value(&again.world).unwrap());
}

/// What a load is told depends on how the clock is moved in no way.
#[test]
fn a_load_is_the_same_in_one_stride_and_in_many() {
    let walk = |stride: u64| {
        let mut cluster = Cluster::new();
        for path in [
            "deploy/namespaces/blue-green.yaml",
            "deploy/blue-green/services.yaml",
            "deploy/blue-green/ingress.yaml",
            "deploy/blue-green/rollout.yaml",
        ] {
            documents(path).iter().for_each(|document| cluster.apply(document));
        }
        let load = cluster.load(HOST, 50);
        let end = cluster.world.now() + Duration::from_secs(10);
        while cluster.world.now() < end {
            let next = (cluster.world.now() + Duration::from_millis(stride)).min(end);
            cluster.world.advance_to(next);
        }
        let account = cluster.stop(load);
        (account.sent(), account.by_version(), account.lost_by_cause())
    };
    let (sent, answered, lost) = walk(10_000);
    assert!(sent == 500 && answered["v1"] > 300 && lost.len() == 1, "{sent} {answered:?} {lost:?}");
    assert_eq!((sent, answered, lost), walk(7));
}
