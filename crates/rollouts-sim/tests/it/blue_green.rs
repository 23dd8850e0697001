//! The shipped blue-green files walked through in virtual time: phases, selectors, pods and requests.
#![expect(clippy::unwrap_used, reason = "clippy's exemption for tests does not reach their helpers")]

use serde_json::{Value, json};

use crate::cluster::{Cluster, NS};

const HOST: &str = "blue-green.local";
const PREVIEW: &str = "blue-green-preview.local";

fn full_preview(rollout: &mut Value) {
    rollout["spec"]["strategy"]["blueGreen"].as_object_mut().unwrap().remove("previewReplicaCount");
}

fn sizes(pairs: &[(&str, i64, i64)]) -> std::collections::BTreeMap<String, (i64, i64)> {
    pairs.iter().map(|(tag, wanted, ready)| ((*tag).to_owned(), (*wanted, *ready))).collect()
}

#[test]
fn the_first_version_becomes_healthy() {
    let mut cluster = Cluster::deployed(|_| {});
    assert_eq!(
        cluster.phases,
        [
            "Progressing more replicas need to be updated",
            "Progressing updated replicas are still becoming available",
            "Healthy",
        ]
    );
    assert_eq!(
        (cluster.selects("blue-green-active"), cluster.selects("blue-green-preview")),
        ("v1".into(), "v1".into())
    );
    assert_eq!(cluster.sizes(), sizes(&[("v1", 3, 3)]));
    for host in [HOST, "blue-green.localhost", PREVIEW] {
        assert_eq!(cluster.version(host), "v1", "{host}");
    }
    assert!(cluster.version("elsewhere.local").starts_with("NoRoute"));
    let reasons: Vec<String> =
        cluster.events().iter().map(|event| event.split(':').next().unwrap().to_owned()).collect();
    assert_eq!(
        reasons,
        [
            "RolloutAddedToInformer",
            "RolloutUpdated",
            "NewReplicaSetCreated",
            "SwitchService",
            "ScalingReplicaSet",
            "RolloutCompleted",
            "SwitchService"
        ]
    );
}

#[test]
fn preview_promote_and_scale_down_lose_no_request() {
    let mut cluster = Cluster::deployed(|_| {});
    let load = cluster.load(HOST, 50);
    cluster.set_image("v2", &[]);
    cluster.wait("paused", 60, |c| c.phase() == "Paused BlueGreenPause");
    assert_eq!(cluster.sizes(), sizes(&[("v1", 3, 3), ("v2", 1, 1)]));
    cluster.wait("answered", 1, |c| (c.version(HOST), c.version(PREVIEW)) == ("v1".into(), "v2".into()));
    cluster.pass(600);
    assert_eq!(cluster.phase(), "Paused BlueGreenPause", "a pause has no deadline");
    cluster.promote();
    cluster.wait("healthy", 60, |c| c.phase() == "Healthy");
    // The ingress hears of the switch a moment later.
    cluster.wait("switched", 1, |c| c.version(HOST) == "v2");
    assert_eq!(cluster.sizes(), sizes(&[("v1", 3, 3), ("v2", 3, 3)]));
    cluster.pass(25);
    assert_eq!(cluster.sizes()["v1"], (3, 3), "the old version waits for its delay");
    cluster.pass(60);
    assert_eq!(cluster.sizes(), sizes(&[("v1", 0, 0), ("v2", 3, 3)]));
    assert_eq!(cluster.items("api/v1", "pods").len(), 3);
    let account = cluster.stop(load);
    assert_eq!(account.lost(), 0, "{:?}", account.lost_by_cause());
    assert!(account.sent() > 30_000 && account.by_version().len() == 2, "{:?}", account.by_version());
}

#[test]
fn undo_inside_the_delay_pauses_with_a_small_preview() {
    let mut cluster = Cluster::deployed(|_| {});
    cluster.set_image("v2", &[]);
    cluster.wait("paused", 60, |c| c.phase().starts_with("Paused"));
    cluster.promote();
    cluster.wait("healthy", 60, |c| c.phase() == "Healthy");
    cluster.pass(1);
    let load = cluster.load(HOST, 50);
    cluster.undo(1);
    cluster.wait("paused", 60, |c| c.phase() == "Paused BlueGreenPause");
    cluster.wait("answered", 1, |c| (c.version(HOST), c.version(PREVIEW)) == ("v2".into(), "v1".into()));
    cluster.promote();
    cluster.wait("healthy", 60, |c| c.phase() == "Healthy");
    cluster.wait("switched", 1, |c| c.version(HOST) == "v1");
    assert_eq!(
        cluster.set(3).unwrap()["metadata"]["annotations"]["rollout.argoproj.io/revision-history"],
        "1"
    );
    assert_eq!(cluster.items("apis/apps/v1", "replicasets").len(), 2, "an undo makes no new version");
    assert_eq!(cluster.stop(load).lost(), 0);
}

#[test]
fn undo_inside_the_delay_is_instant_with_a_full_preview() {
    let mut cluster = Cluster::deployed(full_preview);
    cluster.set_image("v2", &[]);
    cluster.wait("paused", 60, |c| c.phase().starts_with("Paused"));
    assert_eq!(cluster.sizes(), sizes(&[("v1", 3, 3), ("v2", 3, 3)]));
    cluster.promote();
    cluster.wait("healthy", 5, |c| c.phase() == "Healthy");
    cluster.pass(1);
    let load = cluster.load(HOST, 50);
    cluster.undo(1);
    cluster.wait("back", 2, |c| c.version(HOST) == "v1");
    cluster.wait("healthy", 5, |c| c.phase() == "Healthy");
    assert_eq!(cluster.stop(load).lost(), 0);
}

#[test]
fn abort_before_promotion_gives_up_the_preview() {
    let mut cluster = Cluster::deployed(|_| {});
    let load = cluster.load(HOST, 50);
    cluster.set_image("v2", &[]);
    cluster.wait("paused", 60, |c| c.phase().starts_with("Paused"));
    cluster.abort();
    cluster.wait("degraded", 10, |c| {
        c.phase() == "Degraded RolloutAborted: Rollout aborted update to revision 2"
    });
    cluster.wait("answered", 1, |c| (c.version(HOST), c.version(PREVIEW)) == ("v1".into(), "v2".into()));
    cluster.pass(90);
    assert_eq!(cluster.sizes(), sizes(&[("v1", 3, 3), ("v2", 0, 0)]));
    assert!(cluster.version(PREVIEW).contains("503"));
    assert_eq!(cluster.stop(load).lost(), 0);
    cluster.merge("/status", &json!({"status": {"abort": false}}));
    cluster.wait("paused again", 60, |c| c.phase() == "Paused BlueGreenPause");
}

#[test]
fn a_version_that_is_never_ready_is_aborted_at_its_deadline() {
    let mut cluster = Cluster::deployed(|_| {});
    let load = cluster.load(HOST, 20);
    cluster.set_image("v2", &[("NEVER_READY", "true")]);
    cluster.wait("aborted", 120, |c| c.phase().contains("RolloutAborted"));
    let phase = cluster.phase();
    assert!(phase.ends_with("has timed out progressing."), "{phase}");
    assert_eq!(cluster.selects("blue-green-active"), "v1");
    cluster.pass(90);
    assert_eq!(cluster.sizes(), sizes(&[("v1", 3, 3), ("v2", 0, 0)]));
    assert_eq!(cluster.stop(load).lost(), 0);
}

#[test]
fn without_the_abort_a_stuck_version_is_only_degraded() {
    let mut cluster = Cluster::deployed(|rollout| rollout["spec"]["progressDeadlineAbort"] = json!(false));
    cluster.set_image("missing", &[]);
    cluster.wait("degraded", 120, |c| c.phase().contains("ProgressDeadlineExceeded"));
    cluster.pass(300);
    assert_eq!(cluster.sizes()["missing"], (1, 0));
    let pods = cluster.items("api/v1", "pods");
    let reason = |pod: &Value| pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"].clone();
    assert!(pods.iter().any(|pod| reason(pod) == "ImagePullBackOff"));
    cluster.set_image("v2", &[]);
    cluster.wait("paused", 60, |c| c.phase().starts_with("Paused"));
}

/// The defect of upstream: while the promoted pods crash, an abort does not switch back.
#[test]
fn abort_while_promoted_pods_crash_is_a_blackout_until_an_undo() {
    let mut cluster = Cluster::deployed(|rollout| {
        full_preview(rollout);
        let strategy = &mut rollout["spec"]["strategy"]["blueGreen"];
        strategy["autoPromotionEnabled"] = json!(true);
        strategy["postPromotionAnalysis"] = json!({"templates": [{"templateName": "running"}]});
    });
    cluster.set_image("v2", &[("CRASH_AFTER", "12s")]);
    cluster.wait("promoted", 60, |c| c.selects("blue-green-active") == "v2");
    cluster.wait("analysed", 10, |c| c.phase() == "Progressing waiting for analysis to complete");
    // From the fourth crash on the back-off is longer than the delay after an abort.
    cluster.wait("crashed", 120, |c| {
        let crashed = |pod: &&Value| {
            let container = &pod["status"]["containerStatuses"][0];
            container["restartCount"] == 3 && container["state"]["waiting"]["reason"] == "CrashLoopBackOff"
        };
        c.items("api/v1", "pods").iter().filter(crashed).count() == 3
    });
    cluster.abort();
    cluster.wait("degraded", 10, |c| c.phase().contains("RolloutAborted"));
    cluster.pass(90);
    assert_eq!(cluster.selects("blue-green-active"), "v2", "nothing has switched back");
    assert_eq!(cluster.sizes(), sizes(&[("v1", 3, 3), ("v2", 0, 0)]));
    assert!(cluster.version(HOST).contains("503"), "healthy old pods stand by");
    cluster.undo(1);
    cluster.wait("repaired", 5, |c| c.version(HOST) == "v1");
    cluster.wait("healthy", 5, |c| c.phase() == "Healthy");
}

/// The same abort while the promoted pods are available switches back at once.
#[test]
fn abort_while_promoted_pods_are_available_switches_back() {
    let mut cluster = Cluster::deployed(|rollout| {
        full_preview(rollout);
        let strategy = &mut rollout["spec"]["strategy"]["blueGreen"];
        strategy["autoPromotionEnabled"] = json!(true);
        strategy["postPromotionAnalysis"] = json!({"templates": [{"templateName": "running"}]});
    });
    let load = cluster.load(HOST, 50);
    cluster.set_image("v2", &[]);
    cluster.wait("analysed", 60, |c| c.phase() == "Progressing waiting for analysis to complete");
    cluster.abort();
    cluster.wait("back", 2, |c| c.version(HOST) == "v1");
    cluster.pass(90);
    assert_eq!(cluster.sizes(), sizes(&[("v1", 3, 3), ("v2", 0, 0)]));
    assert_eq!(cluster.stop(load).lost(), 0);
}

#[test]
fn analysis_before_and_after_the_promotion() {
    for (field, template, phase) in [
        ("prePromotionAnalysis", "successful", "Healthy"),
        ("postPromotionAnalysis", "successful", "Healthy"),
        (
            "prePromotionAnalysis",
            "failed",
            "Degraded RolloutAborted: Rollout aborted update to revision 2: Blue/green pre-promotion analysis phase error/failed: Metric \"constant\" assessed Failed due to failed (2) > failureLimit (1)",
        ),
        (
            "postPromotionAnalysis",
            "failed",
            "Degraded RolloutAborted: Rollout aborted update to revision 2: Blue/green post-promotion analysis phase error/failed: Metric \"constant\" assessed Failed due to failed (2) > failureLimit (1)",
        ),
    ] {
        let mut cluster = Cluster::deployed(|rollout| {
            full_preview(rollout);
            let strategy = &mut rollout["spec"]["strategy"]["blueGreen"];
            strategy["autoPromotionEnabled"] = json!(true);
            strategy[field] = json!({"templates": [{"templateName": template}]});
        });
        let load = cluster.load(HOST, 20);
        cluster.set_image("v2", &[]);
        cluster.wait("begun", 5, |c| c.phase() != "Healthy");
        cluster.wait("decided", 60, |c| c.phase() == phase);
        cluster.pass(90);
        let serving = if template == "successful" { "v2" } else { "v1" };
        assert_eq!(cluster.version(HOST), serving, "{field} {template}");
        assert_eq!(cluster.stop(load).lost(), 0, "{field} {template}");
        let runs = cluster.items("apis/argoproj.io/v1alpha1", "analysisruns");
        let names: Vec<&str> = runs.iter().filter_map(|run| run["metadata"]["name"].as_str()).collect();
        let infix = if field.starts_with("pre") { "-2-pre" } else { "-2-post" };
        assert!(matches!(names.as_slice(), [name] if name.ends_with(infix)), "{names:?}");
    }
}

/// Modelled times are of the order of those measured on a small real cluster: 1.8 to 2.8 s with a preview of one
/// pod, 0.14 to 0.22 s with a full one, 0.25 to 0.31 s for an undo inside the delay.
#[test]
fn switches_take_about_as_long_as_measured() {
    let seconds = |cluster: &mut Cluster, version: &str| {
        let begun = cluster.world.now();
        cluster.wait("switched", 10, |c| c.version(HOST) == version);
        cluster.world.now().duration_since(begun).as_secs_f64()
    };
    for (full, promotion) in [(false, 1.0..3.0), (true, 0.05..0.3)] {
        let mut cluster = Cluster::deployed(|rollout| {
            if full {
                full_preview(rollout);
            }
        });
        cluster.set_image("v2", &[]);
        cluster.wait("paused", 60, |c| c.phase().starts_with("Paused"));
        cluster.promote();
        let took = seconds(&mut cluster, "v2");
        assert!(promotion.contains(&took), "promotion with a full preview: {full}: {took} s");
        cluster.pass(1);
        cluster.undo(1);
        if full {
            let took = seconds(&mut cluster, "v1");
            assert!((0.05..0.35).contains(&took), "undo: {took} s");
        }
    }
}

/// The control of every zero above: the same load loses requests when pods are taken away without a stop.
#[test]
fn a_kill_without_grace_loses_requests() {
    let mut lost = Vec::new();
    for grace in ["", "?gracePeriodSeconds=0"] {
        let mut cluster = Cluster::deployed(|_| {});
        let load = cluster.load(HOST, 100);
        cluster.pass(2);
        let pods = cluster.items("api/v1", "pods");
        let name = pods[0]["metadata"]["name"].as_str().unwrap();
        cluster.call("DELETE", &format!("/api/v1/namespaces/{NS}/pods/{name}{grace}"), "", &Value::Null);
        cluster.pass(60);
        assert_eq!(cluster.sizes(), sizes(&[("v1", 3, 3)]), "the pod is replaced");
        lost.push(cluster.stop(load).lost());
    }
    assert!(lost[0] == 0 && lost[1] > 0, "with grace and without: {lost:?}");
}

#[test]
fn the_same_calls_give_the_same_world() {
    let walk = || {
        let mut cluster = Cluster::deployed(|_| {});
        cluster.set_image("v2", &[("CRASH_AFTER", "30s")]);
        cluster.pass(120);
        serde_json::to_value(&cluster.world).unwrap()
    };
    let (once, again) = (walk(), walk());
    assert!(once == again);
}

#[test]
fn traffic_changes_nothing_but_its_own_counts() {
    let walk = |with_load: bool| {
        let mut cluster = Cluster::deployed(|_| {});
        let load = with_load.then(|| cluster.load(HOST, 100));
        cluster.set_image("v2", &[]);
        cluster.pass(30);
        if let Some(load) = load {
            cluster.stop(load);
        }
        let mut world = serde_json::to_value(&cluster.world).unwrap();
        for counts in ["traffic", "prometheus"] {
            world.as_object_mut().unwrap().remove(counts).unwrap();
        }
        world
    };
    assert!(walk(true) == walk(false));
}

#[test]
fn a_service_that_is_missing_makes_the_spec_invalid_until_it_comes() {
    let mut cluster = Cluster::new();
    let all: Vec<Value> = ["deploy/namespaces/blue-green.yaml", "deploy/blue-green/rollout.yaml"]
        .iter()
        .flat_map(|path| crate::cluster::documents(path))
        .collect();
    all.iter().for_each(|document| cluster.apply(document));
    cluster.wait("invalid", 5, |c| c.phase().starts_with("Degraded"));
    assert_eq!(
        cluster.phase(),
        "Degraded InvalidSpec: The Rollout \"blue-green\" is invalid: spec.strategy.blueGreen.activeService: Invalid \
         value: \"blue-green-active\": service \"blue-green-active\" not found"
    );
    for document in crate::cluster::documents("deploy/blue-green/services.yaml") {
        cluster.apply(&document);
    }
    cluster.wait("healthy", 40, |c| c.phase() == "Healthy");
}

#[test]
fn scaling_restarting_pausing_and_full_promotion() {
    let mut cluster = Cluster::deployed(|_| {});
    cluster.merge("", &json!({"spec": {"replicas": 5}}));
    cluster.wait("scaled", 30, |c| c.sizes() == sizes(&[("v1", 5, 5)]) && c.phase() == "Healthy");
    let before = cluster.items("api/v1", "pods");
    let at =
        (cluster.world.now() + std::time::Duration::from_secs(1)).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    cluster.merge("", &json!({"spec": {"restartAt": at}}));
    cluster.wait("restarting", 10, |c| c.phase() == "Progressing rollout is restarting");
    cluster.wait("restarted", 300, |c| c.phase() == "Healthy");
    cluster.pass(60);
    let after = cluster.items("api/v1", "pods");
    assert!(
        after.len() == 5
            && before
                .iter()
                .all(|old| after.iter().all(|new| new["metadata"]["uid"] != old["metadata"]["uid"]))
    );
    cluster.merge("", &json!({"spec": {"paused": true}}));
    cluster.set_image("v2", &[]);
    cluster.pass(60);
    assert_eq!(
        (cluster.phase(), cluster.selects("blue-green-preview")),
        ("Paused manually paused".into(), "v1".into())
    );
    cluster.merge("", &json!({"spec": {"paused": false}}));
    cluster.wait("previewed", 30, |c| c.selects("blue-green-preview") == "v2");
    cluster.merge("/status", &json!({"status": {"promoteFull": true}}));
    cluster.wait("promoted", 30, |c| c.phase() == "Healthy" && c.selects("blue-green-active") == "v2");
}

#[test]
fn old_versions_are_forgotten_beyond_the_history() {
    let mut cluster = Cluster::deployed(|rollout| {
        rollout["spec"]["revisionHistoryLimit"] = json!(2);
        rollout["spec"]["strategy"]["blueGreen"]["autoPromotionEnabled"] = json!(true);
    });
    for version in ["v2", "v3", "v4", "v5"] {
        cluster.set_image(version, &[]);
        cluster.wait("begun", 5, |c| c.phase() != "Healthy");
        cluster.wait("promoted", 60, |c| c.phase() == "Healthy");
        cluster.pass(90);
    }
    let kept: Vec<String> = cluster.sizes().into_keys().collect();
    assert_eq!(kept, ["v3", "v4", "v5"]);
}

#[test]
fn deleting_the_rollout_takes_everything_and_gives_the_services_back() {
    let mut cluster = Cluster::deployed(|_| {});
    cluster.call(
        "DELETE",
        "/apis/argoproj.io/v1alpha1/namespaces/blue-green/rollouts/blue-green",
        "",
        &Value::Null,
    );
    cluster.pass(60);
    assert!(
        cluster.items("apis/apps/v1", "replicasets").is_empty() && cluster.items("api/v1", "pods").is_empty()
    );
    assert_eq!(cluster.selects("blue-green-active"), "");
    let service = cluster.get("/api/v1/namespaces/blue-green/services/blue-green-active");
    assert!(
        service["metadata"]["annotations"].get("argo-rollouts.argoproj.io/managed-by-rollouts").is_none()
    );
}
