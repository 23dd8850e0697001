//! The shipped canary files walked through in virtual time: steps, weights, pods, events and requests.
#![expect(clippy::unwrap_used, reason = "clippy's exemption for tests does not reach their helpers")]

use serde_json::{Value, json};

use crate::cluster::Cluster;

const HOST: &str = "canary.local";

/// The shipped files without analyses, and with pauses of so many seconds (`None`: until promoted).
fn quiet(pause: Option<i64>) -> impl Fn(&mut Value) {
    move |object| {
        if object["kind"] != "Rollout" {
            return;
        }
        let canary = &mut object["spec"]["strategy"]["canary"];
        canary.as_object_mut().unwrap().remove("analysis");
        let steps = canary["steps"].as_array_mut().unwrap();
        steps.retain(|step| step.get("analysis").is_none());
        for step in steps.iter_mut().filter(|step| step.get("pause").is_some()) {
            step["pause"] = pause.map_or(json!({}), |seconds| json!({"duration": seconds}));
        }
    }
}

fn weight(cluster: &mut Cluster) -> i64 {
    let ingresses = cluster.items("apis/networking.k8s.io/v1", "ingresses");
    let canary =
        ingresses.iter().find(|ingress| ingress["metadata"]["name"] == "canary-canary-canary").unwrap();
    let weight = &canary["metadata"]["annotations"]["nginx.ingress.kubernetes.io/canary-weight"];
    weight.as_str().unwrap().parse().unwrap()
}

fn reasons(cluster: &mut Cluster) -> Vec<String> {
    cluster.events().iter().map(|event| event.split(':').next().unwrap().to_owned()).collect()
}

#[test]
fn the_first_version_takes_no_steps() {
    let mut cluster = Cluster::canary(|_| {});
    assert_eq!(
        cluster.phases,
        [
            "Progressing more replicas need to be updated",
            "Progressing updated replicas are still becoming available",
            "Healthy"
        ]
    );
    let events = cluster.events();
    let messages: Vec<&str> = events.iter().map(String::as_str).collect();
    assert_eq!(reasons(&mut cluster), RECORDED_FIRST, "{messages:#?}");
    assert_eq!((weight(&mut cluster), cluster.version(HOST)), (0, "v1".to_owned()));
    assert_eq!(cluster.rollout()["status"]["currentStepIndex"], 9);
}

/// As recorded on the real controller.
const RECORDED_FIRST: [&str; 10] = [
    "RolloutAddedToInformer",
    "RolloutUpdated",
    "NewReplicaSetCreated",
    "RolloutNotCompleted",
    "ScalingReplicaSet",
    "RolloutCompleted",
    "SwitchService",
    "SwitchService",
    "CreatingCanaryIngress",
    "TrafficWeightUpdated",
];

#[test]
fn the_steps_of_the_prd_shift_traffic_and_lose_nothing() {
    let mut cluster = Cluster::canary(quiet(Some(100)));
    let whole = cluster.load(HOST, 20);
    cluster.set_image("v2", &[]);
    for (step, pods, percent) in [(1, 1, 10), (3, 1, 25), (5, 2, 50), (7, 3, 75)] {
        cluster.wait("at the pause", 110, |c| {
            c.phase() == "Paused CanaryPauseStep" && c.rollout()["status"]["currentStepIndex"] == step
        });
        assert_eq!((weight(&mut cluster), cluster.sizes()["v2"]), (percent, (pods, pods)));
        assert_eq!(cluster.sizes()["v1"], (4, 4), "with a router the stable version keeps its pods");
        cluster.pass(1);
        let load = cluster.load(HOST, 100);
        cluster.pass(20);
        let account = cluster.stop(load);
        // The other load takes turns as well, so that this one's share is exact but for a few requests.
        let (got, asked) =
            (account.by_version()["v2"], account.sent() * u64::try_from(percent).unwrap() / 100);
        assert!(got.abs_diff(asked) <= 5, "{got} instead of {asked} of {}", account.sent());
    }
    cluster.wait("healthy", 130, |c| c.phase() == "Healthy");
    cluster.pass(1);
    assert_eq!((weight(&mut cluster), cluster.version(HOST)), (0, "v2".to_owned()));
    cluster.pass(40);
    assert_eq!(cluster.sizes()["v1"], (0, 0));
    let account = cluster.stop(whole);
    assert_eq!(account.lost(), 0, "{:?}", account.lost_by_cause());
    let rollout = cluster.rollout();
    assert_eq!(rollout["status"]["stableRS"], rollout["status"]["currentPodHash"]);
}

#[test]
fn an_abort_takes_the_traffic_at_once_and_the_pods_later() {
    // Short, because the canary Service is turned to and fro until then, as upstream does it.
    let mut cluster = Cluster::canary(|object| {
        quiet(None)(object);
        if object["kind"] == "Rollout" {
            object["spec"]["strategy"]["canary"]["abortScaleDownDelaySeconds"] = json!(4);
        }
    });
    cluster.set_image("v2", &[]);
    cluster.wait("paused", 60, |c| c.phase() == "Paused CanaryPauseStep");
    let load = cluster.load(HOST, 100);
    cluster.abort();
    cluster
        .wait("aborted", 5, |c| c.phase() == "Degraded RolloutAborted: Rollout aborted update to revision 2");
    assert_eq!(weight(&mut cluster), 0);
    cluster.pass(1);
    assert_eq!(cluster.sizes()["v2"], (1, 1), "it runs on for its delay");
    cluster.pass(10);
    assert_eq!((cluster.sizes()["v2"], cluster.selects("canary-canary").as_str()), ((0, 0), "v1"));
    assert_eq!(cluster.stop(load).lost(), 0);
    cluster.merge("/status", &json!({"status": {"abort": false}}));
    cluster.wait("paused again", 60, |c| c.phase() == "Paused CanaryPauseStep" && weight(c) == 10);
}

#[test]
fn promote_goes_one_step_and_promote_full_all_of_them() {
    let mut cluster = Cluster::canary(quiet(None));
    cluster.set_image("v2", &[]);
    cluster.wait("paused", 60, |c| c.phase() == "Paused CanaryPauseStep");
    cluster.pass(3600);
    assert_eq!((cluster.phase().as_str(), weight(&mut cluster)), ("Paused CanaryPauseStep", 10));
    cluster.promote();
    cluster.wait("the next pause", 60, |c| c.phase() == "Paused CanaryPauseStep" && weight(c) == 25);
    cluster.merge("/status", &json!({"status": {"promoteFull": true}}));
    cluster.wait("healthy", 60, |c| c.phase() == "Healthy");
    assert_eq!(cluster.rollout()["status"]["currentStepIndex"], 8);
    assert!(cluster.events().iter().any(|event| event.ends_with(": Full promotion requested")));
}

#[test]
fn a_new_version_in_the_middle_begins_anew_and_drops_the_old_one() {
    let mut cluster = Cluster::canary(quiet(None));
    cluster.set_image("v2", &[]);
    cluster.wait("paused", 60, |c| c.phase() == "Paused CanaryPauseStep");
    let load = cluster.load(HOST, 50);
    cluster.set_image("v3", &[]);
    // Right after the change the pause of v2 still stands.
    cluster.wait("paused with v3", 60, |c| {
        c.phase() == "Paused CanaryPauseStep" && weight(c) == 10 && c.sizes().get("v3") == Some(&(1, 1))
    });
    cluster.pass(2);
    assert_eq!((weight(&mut cluster), cluster.sizes()["v3"], cluster.sizes()["v2"]), (10, (1, 1), (0, 0)));
    assert_eq!(cluster.stop(load).lost(), 0);
}

#[test]
fn going_back_to_the_stable_version_skips_the_steps() {
    let mut cluster = Cluster::canary(quiet(None));
    cluster.set_image("v2", &[]);
    cluster.wait("paused", 60, |c| c.phase() == "Paused CanaryPauseStep");
    cluster.undo(1);
    cluster.wait("healthy", 60, |c| c.phase() == "Healthy");
    cluster.pass(1);
    assert_eq!((weight(&mut cluster), cluster.version(HOST)), (0, "v1".to_owned()));
    assert!(cluster.events().iter().any(|event| event == "SkipSteps: Rollback to stable ReplicaSets"));
    cluster.pass(40);
    assert_eq!(cluster.sizes()["v2"], (0, 0));
}

#[test]
fn without_a_router_weights_are_pods() {
    let mut cluster = Cluster::canary(|object| {
        quiet(Some(20))(object);
        if object["kind"] == "Rollout" {
            object["spec"]["replicas"] = json!(10);
            object["spec"]["strategy"]["canary"].as_object_mut().unwrap().remove("trafficRouting");
        }
    });
    cluster.set_image("v2", &[]);
    for (step, canary, stable) in [(1, 1, 9), (3, 3, 8), (5, 5, 5), (7, 8, 3)] {
        cluster.wait("at the pause", 90, |c| {
            c.phase() == "Paused CanaryPauseStep" && c.rollout()["status"]["currentStepIndex"] == step
        });
        let sizes = cluster.sizes();
        assert_eq!((sizes["v2"], sizes["v1"]), ((canary, canary), (stable, stable)), "step {step}");
    }
    cluster.wait("healthy", 90, |c| c.phase() == "Healthy");
    assert_eq!(cluster.sizes()["v1"], (0, 0), "no delay: their pods would be served");
}

#[test]
fn a_canary_that_never_serves_gets_no_traffic() {
    let mut cluster = Cluster::canary(|_| {});
    let load = cluster.load(HOST, 50);
    cluster.set_image("v2", &[("NEVER_READY", "true")]);
    cluster.wait("aborted", 120, |c| c.phase().starts_with("Degraded RolloutAborted"));
    cluster.pass(60);
    assert_eq!(cluster.sizes()["v2"].0, 0);
    let account = cluster.stop(load);
    assert_eq!((account.lost(), account.by_version().len()), (0, 1));
}

/// The shipped analyses at a faster pace: pauses of 10 s, a measurement each 5 s.
fn quick(object: &mut Value) {
    if object["kind"] == "AnalysisTemplate" {
        for metric in object["spec"]["metrics"].as_array_mut().unwrap() {
            if metric.get("interval").is_some() {
                metric["interval"] = json!("5s");
            }
            metric["provider"]["prometheus"]["timeout"] = json!(3);
        }
    }
    if object["kind"] == "Rollout" {
        let canary = &mut object["spec"]["strategy"]["canary"];
        canary["abortScaleDownDelaySeconds"] = json!(1);
        for step in canary["steps"].as_array_mut().unwrap().iter_mut().filter(|s| s.get("pause").is_some()) {
            step["pause"] = json!({"duration": 10});
        }
    }
}

fn prometheus(cluster: &mut Cluster, query: &str) {
    cluster.call("POST", &format!("/faults/v1/components/prometheus?{query}"), "", &Value::Null);
}

#[test]
fn analyses_judge_the_requests_that_were_sent() {
    let step = "Degraded RolloutAborted: Rollout aborted update to revision 2: Step-based analysis phase error/failed: ";
    for (env, phase) in [
        (("PORT", "8080"), "Healthy".to_owned()),
        (
            ("ERROR_RATE", "0.25"),
            format!("{step}Metric \"error-rate\" assessed Failed due to failed (1) > failureLimit (0)"),
        ),
        (
            ("LATENCY", "250ms"),
            format!("{step}Metric \"latency-p95\" assessed Failed due to failed (1) > failureLimit (0)"),
        ),
    ] {
        let mut cluster = Cluster::canary(quick);
        let load = cluster.load(HOST, 100);
        cluster.set_image("v2", &[env]);
        cluster.pass(1);
        cluster.wait("at its end", 90, |c| !c.phase().starts_with("Pro") && !c.phase().starts_with("Paused"));
        assert_eq!(cluster.phase(), phase);
        cluster.stop(load);
    }
}

#[test]
fn without_data_a_person_decides_and_without_prometheus_the_canary_is_given_up() {
    let mut cluster = Cluster::canary(quick);
    cluster.set_image("v2", &[]);
    cluster.wait("undecided", 60, |c| c.phase() == "Paused InconclusiveAnalysisRun");
    for (fault, again, said) in [
        ("runs=false", "runs=true", "connect: connection refused"),
        ("hangs=true", "hangs=false", "context deadline exceeded"),
    ] {
        let mut cluster = Cluster::canary(quick);
        let load = cluster.load(HOST, 50);
        cluster.set_image("v2", &[]);
        cluster.wait("at its first weight", 60, |c| weight(c) == 10);
        prometheus(&mut cluster, fault);
        cluster.wait("given up", 120, |c| c.phase().starts_with("Degraded RolloutAborted"));
        let phase = cluster.phase();
        assert!(
            phase.contains("consecutiveErrors (5) > consecutiveErrorLimit (4)") && phase.contains(said),
            "{phase}"
        );
        prometheus(&mut cluster, again);
        assert_eq!(cluster.stop(load).lost(), 0);
    }
    let mut cluster = Cluster::canary(quick);
    let load = cluster.load(HOST, 50);
    prometheus(&mut cluster, "answers=nan");
    cluster.set_image("v2", &[]);
    cluster.wait("undecided", 60, |c| c.phase() == "Paused InconclusiveAnalysisRun");
    cluster.stop(load);
}

#[test]
fn what_a_rollout_names_may_go_at_any_time() {
    for (path, said) in [
        ("api/v1/namespaces/canary/services/canary-canary", "service \"canary-canary\" not found"),
        ("apis/networking.k8s.io/v1/namespaces/canary/ingresses/canary", "\"canary\" not found"),
        (
            "apis/argoproj.io/v1alpha1/namespaces/canary/analysistemplates/success-rate",
            "AnalysisTemplate 'success-rate' not found",
        ),
    ] {
        let mut cluster = Cluster::canary(|_| {});
        cluster.set_image("v2", &[]);
        cluster.wait("paused", 30, |c| c.phase().starts_with("Paused"));
        cluster.call("DELETE", &format!("/{path}"), "application/json", &Value::Null);
        cluster.wait("invalid", 120, |c| c.phase().starts_with("Degraded InvalidSpec"));
        assert!(cluster.phase().contains(said), "{path}: {}", cluster.phase());
    }
}
