//! Autoscalers over the shipped files, under load in virtual time.
#![expect(clippy::unwrap_used, reason = "clippy's exemption for tests does not reach their helpers")]

use serde_json::{Value, json};

use crate::cluster::{Cluster, NS};

const AUTOSCALERS: &str = "apis/autoscaling/v2";

/// An autoscaler of the Rollout: 3 to 6 pods at 80 per cent of their 10m.
fn autoscaler(ns: &str, name: &str) -> Value {
    json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name, "namespace": ns},
        "spec": {
            "scaleTargetRef": {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": ns},
            "minReplicas": 3, "maxReplicas": 6,
            "metrics": [{"type": "Resource", "resource": {
                "name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80},
            }}],
        },
    })
}

/// Each request costs a millisecond of the processor.
fn costly(object: &mut Value) {
    if object["kind"] == "Rollout" {
        let env = json!([{"name": "CPU_PER_REQUEST", "value": "1ms"}]);
        object["spec"]["template"]["spec"]["containers"][0]["env"] = env;
    }
}

impl Cluster {
    fn autoscale(&mut self, object: &Value) {
        let path = format!("/{AUTOSCALERS}/namespaces/{}/horizontalpodautoscalers", self.ns);
        self.call("POST", &path, "application/json", object);
    }

    fn autoscaler(&mut self, name: &str) -> Value {
        let path = format!("/{AUTOSCALERS}/namespaces/{}/horizontalpodautoscalers/{name}", self.ns);
        self.get(&path)
    }

    /// Reason of a condition of an autoscaler, with `!` in front where it does not hold.
    fn reason(&mut self, name: &str, kind: &str) -> String {
        let autoscaler = self.autoscaler(name);
        let conditions = autoscaler["status"]["conditions"].as_array().unwrap();
        let condition = conditions.iter().find(|condition| condition["type"] == kind).unwrap();
        let not = if condition["status"] == "True" { "" } else { "!" };
        format!("{not}{}", condition["reason"].as_str().unwrap())
    }

    /// The events of the autoscalers, each as often as it differs.
    fn told(&mut self) -> Vec<String> {
        let mut events = self.items("api/v1", "events");
        events.retain(|event| event["involvedObject"]["kind"] == "HorizontalPodAutoscaler");
        let said =
            |e: &Value| format!("{}: {}", e["reason"].as_str().unwrap(), e["message"].as_str().unwrap());
        events.iter().map(said).collect()
    }
}

#[test]
fn a_load_scales_up_at_once_and_down_after_five_minutes() {
    let mut cluster = Cluster::deployed(costly);
    cluster.autoscale(&autoscaler(NS, NS));
    assert_eq!(cluster.autoscaler(NS)["status"]["desiredReplicas"], 0, "not looked at yet");
    cluster.pass(60);
    let idle = cluster.autoscaler(NS)["status"].clone();
    assert_eq!((&idle["currentReplicas"], &idle["desiredReplicas"]), (&json!(3), &json!(3)), "{idle}");
    assert_eq!(idle["currentMetrics"][0]["resource"]["current"]["averageUtilization"], 10, "1m of 10m");
    assert_eq!(cluster.reason(NS, "AbleToScale"), "ScaleDownStabilized", "one pod would be enough");
    assert_eq!(cluster.reason(NS, "ScalingLimited"), "!DesiredWithinRange");

    let load = cluster.load("blue-green.local", 100);
    cluster.wait("scaled up", 45, |c| c.sizes()["v1"] == (6, 6));
    cluster.pass(60);
    let busy = cluster.autoscaler(NS)["status"].clone();
    // 100 requests of a millisecond a second are 100m, over six pods of 10m.
    assert_eq!(busy["currentMetrics"][0]["resource"]["current"]["averageUtilization"], 170);
    assert_eq!(busy["currentMetrics"][0]["resource"]["current"]["averageValue"], "17m");
    assert_eq!(cluster.reason(NS, "ScalingLimited"), "TooManyReplicas");
    assert_eq!(cluster.reason(NS, "ScalingActive"), "ValidMetricFound");
    assert_eq!(cluster.stop(load).lost(), 0);

    cluster.pass(290);
    assert_eq!(cluster.sizes()["v1"], (6, 6));
    assert_eq!(cluster.reason(NS, "AbleToScale"), "ScaleDownStabilized");
    cluster.wait("scaled down", 60, |c| c.sizes()["v1"] == (3, 3));
    let told = cluster.told();
    let down = "SuccessfulRescale: New size: 3; reason: All metrics below target";
    let up = "SuccessfulRescale: New size: 6; reason: cpu resource utilization (percentage of request) above target";
    // They are listed by name, which is chance.
    for rescale in [up, down] {
        assert!(told.iter().any(|said| said == rescale), "{told:#?}");
    }
}

#[test]
fn while_a_preview_is_paused_what_serves_is_scaled_and_nothing_is_lost() {
    let mut cluster = Cluster::deployed(costly);
    cluster.autoscale(&autoscaler(NS, NS));
    cluster.set_image("v2", &[]);
    cluster.wait("paused", 60, |c| c.phase() == "Paused BlueGreenPause");
    let load = cluster.load("blue-green.local", 100);
    cluster.wait("scaled up", 45, |c| c.sizes()["v1"] == (6, 6));
    assert_eq!(cluster.sizes()["v2"], (1, 1), "the preview has the size that it is to have");
    assert_eq!(cluster.phase(), "Paused BlueGreenPause");
    cluster.promote();
    cluster.wait("healthy", 90, |c| c.phase() == "Healthy");
    assert_eq!((cluster.sizes()["v2"], cluster.selects("blue-green-active")), ((6, 6), "v2".into()));
    cluster.pass(60);
    assert_eq!(cluster.sizes()["v2"], (6, 6), "now they are measured");
    assert_eq!(cluster.stop(load).lost(), 0);
}

#[test]
fn what_is_scaled_by_can_be_asked_for() {
    let mut cluster = Cluster::deployed(costly);
    let path = format!("/apis/metrics.k8s.io/v1beta1/namespaces/{NS}/pods");
    let load = cluster.load("blue-green.local", 60);
    cluster.pass(45);
    let list = cluster.get(&path);
    let shown: Vec<(&Value, &Value)> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pod| (&pod["window"], &pod["containers"][0]["usage"]["cpu"]))
        .collect();
    // 60m over three pods, and what an idle one takes, rounded up.
    assert_eq!(shown, [(&json!("15s"), &json!("21m")); 3], "{list}");
    let name = list["items"][0]["metadata"]["name"].as_str().unwrap();
    assert_eq!(cluster.get(&format!("{path}/{name}"))["kind"], "PodMetrics");
    assert_eq!(cluster.get("/apis/metrics.k8s.io/v1beta1/pods")["items"].as_array().unwrap().len(), 3);
    assert_eq!(cluster.get(&format!("{path}?labelSelector=app=other"))["items"], json!([]));
    assert_eq!(cluster.try_call("GET", &format!("{path}/other"), "", &Value::Null).0, 404);
    assert_eq!(cluster.try_call("DELETE", &format!("{path}/{name}"), "", &Value::Null).0, 404);
    let groups = cluster.get("/apis")["groups"].to_string();
    assert!(groups.contains("metrics.k8s.io/v1beta1"), "{groups}");
    assert_eq!(cluster.get("/apis/metrics.k8s.io/v1beta1")["resources"][0]["kind"], "PodMetrics");
    cluster.stop(load);
}

#[test]
fn a_canary_is_measured_with_the_stable_version() {
    let mut cluster = Cluster::canary(|object| {
        costly(object);
        if object["kind"] == "Rollout" {
            object["spec"]["strategy"]["canary"]["steps"] = json!([{"setWeight": 50}, {"pause": {}}]);
            object["spec"]["strategy"]["canary"].as_object_mut().unwrap().remove("analysis");
        }
    });
    cluster.autoscale(&autoscaler("canary", "canary"));
    cluster.set_image("v2", &[]);
    cluster.wait("paused", 60, |c| c.phase() == "Paused CanaryPauseStep");
    assert_eq!(cluster.sizes()["v2"], (2, 2));
    let load = cluster.load("canary.local", 100);
    cluster.wait("scaled up", 45, |c| c.sizes()["v1"] == (6, 6) && c.sizes()["v2"] == (3, 3));
    assert_eq!(cluster.phase(), "Paused CanaryPauseStep");
    cluster.pass(60);
    let status = cluster.autoscaler("canary")["status"].clone();
    // 50m over six pods and 50m over three, each rounded up: what is measured is all nine, 105m of 90m.
    assert_eq!(status["currentMetrics"][0]["resource"]["current"]["averageUtilization"], 116, "{status}");
    cluster.promote();
    cluster.wait("healthy", 60, |c| c.phase() == "Healthy");
    cluster.pass(60);
    assert_eq!((cluster.sizes()["v1"].0, cluster.sizes()["v2"]), (0, (6, 6)));
    assert_eq!(cluster.stop(load).lost(), 0);
}

#[test]
fn a_behavior_is_obeyed() {
    let mut cluster = Cluster::deployed(costly);
    let mut object = autoscaler(NS, NS);
    object["spec"]["behavior"] = json!({
        "scaleUp": {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}]},
        "scaleDown": {"selectPolicy": "Disabled"},
    });
    cluster.autoscale(&object);
    let load = cluster.load("blue-green.local", 100);
    cluster.wait("one more", 60, |c| c.sizes()["v1"].0 == 4);
    cluster.pass(50);
    assert_eq!(cluster.sizes()["v1"].0, 4, "one in a minute");
    assert_eq!(cluster.reason(NS, "ScalingLimited"), "ScaleUpLimit");
    cluster.wait("all", 180, |c| c.sizes()["v1"].0 == 6);
    cluster.stop(load);
    cluster.pass(600);
    assert_eq!(cluster.sizes()["v1"].0, 6, "never down");
}

#[test]
fn outside_its_bounds_a_target_is_scaled_without_a_measurement() {
    for (replicas, expected, reason) in
        [(1, 3, "below Spec.MinReplicas"), (9, 6, "above Spec.MaxReplicas"), (0, 0, "")]
    {
        let mut cluster = Cluster::deployed(|_| {});
        cluster.merge("", &json!({"spec": {"replicas": replicas}}));
        cluster.pass(10);
        cluster.autoscale(&autoscaler(NS, NS));
        cluster.pass(16);
        assert_eq!(cluster.rollout()["spec"]["replicas"], expected, "{replicas}");
        let told = cluster.told();
        assert_eq!(
            told.iter().any(|said| !reason.is_empty() && said.contains(reason)),
            !reason.is_empty(),
            "{told:?}"
        );
        if replicas == 0 {
            assert_eq!(cluster.reason(NS, "ScalingActive"), "!ScalingDisabled");
        }
    }
}

#[test]
fn what_cannot_be_measured_or_scaled_is_told_and_changes_nothing() {
    type Change = fn(&mut Value);
    let cases: [(Change, &str, &str, &str); 6] = [
        (
            |o| o["spec"]["scaleTargetRef"]["name"] = json!("other"),
            "AbleToScale",
            "!FailedGetScale",
            "rollouts.argoproj.io \"other\" not found",
        ),
        (
            |o| o["spec"]["scaleTargetRef"]["kind"] = json!("Thing"),
            "AbleToScale",
            "!FailedGetScale",
            "no matches for kind \"Thing\" in group \"argoproj.io\"",
        ),
        (
            |o| o["spec"]["metrics"][0]["resource"]["name"] = json!("memory"),
            "ScalingActive",
            "!FailedGetResourceMetric",
            "not implemented by the simulator",
        ),
        (
            |o| {
                let pods =
                    json!({"metric": {"name": "x"}, "target": {"type": "AverageValue", "averageValue": "1"}});
                o["spec"]["metrics"] = json!([{"type": "Pods", "pods": pods}]);
            },
            "ScalingActive",
            "!FailedGetPodsMetric",
            "(1 invalid out of 1)",
        ),
        (
            |o| {
                let external = json!({"metric": {"name": "x"}, "target": {"type": "Value", "value": "1"}});
                let metric = json!({"type": "External", "external": external});
                o["spec"]["metrics"].as_array_mut().unwrap().push(metric);
            },
            "ScalingActive",
            "!FailedGetExternalMetric",
            "(1 invalid out of 2)",
        ),
        (
            |o| o["spec"]["minReplicas"] = json!(1),
            "ScalingActive",
            "!FailedGetResourceMetric",
            "missing request for cpu in container demo-app of Pod",
        ),
    ];
    for (change, kind, reason, said) in cases {
        let without_request = said.contains("missing request");
        let mut cluster = Cluster::deployed(|object| {
            if object["kind"] == "Rollout" && without_request {
                object["spec"]["template"]["spec"]["containers"][0]["resources"] = json!({});
            }
        });
        let mut object = autoscaler(NS, NS);
        change(&mut object);
        cluster.autoscale(&object);
        cluster.pass(60);
        let told = cluster.told();
        assert_eq!(cluster.reason(NS, kind), reason, "{told:#?}");
        assert!(told.iter().any(|event| event.contains(said)), "{said}: {told:#?}");
        assert_eq!(cluster.rollout()["spec"]["replicas"], 3, "{said}");
    }
}

#[test]
fn two_autoscalers_of_the_same_pods_both_do_nothing() {
    let mut cluster = Cluster::deployed(costly);
    cluster.autoscale(&autoscaler(NS, "one"));
    cluster.pass(20);
    cluster.autoscale(&autoscaler(NS, "two"));
    cluster.pass(20);
    cluster.load("blue-green.local", 100);
    cluster.pass(60);
    assert_eq!(cluster.reason("one", "ScalingActive"), "!AmbiguousSelector");
    assert_eq!(cluster.reason("two", "ScalingActive"), "!AmbiguousSelector");
    assert_eq!(cluster.sizes()["v1"], (3, 3));
    let path = format!("/{AUTOSCALERS}/namespaces/{NS}/horizontalpodautoscalers/two");
    cluster.call("DELETE", &path, "", &Value::Null);
    cluster.wait("scaled by the other", 60, |c| c.sizes()["v1"] == (6, 6));
}

#[test]
fn made_again_it_looks_once_a_period_and_remembers_nothing() {
    let mut cluster = Cluster::deployed(costly);
    cluster.autoscale(&autoscaler(NS, NS));
    cluster.pass(20);
    let path = format!("/{AUTOSCALERS}/namespaces/{NS}/horizontalpodautoscalers/{NS}");
    cluster.call("DELETE", &path, "", &Value::Null);
    cluster.pass(3);
    cluster.autoscale(&autoscaler(NS, NS));
    cluster.pass(8);
    assert!(cluster.autoscaler(NS)["status"]["conditions"].is_array(), "the look that was due took place");
    // The other chain of looks has ended: in each period there is one look.
    cluster.pass(60);
    let version = |c: &mut Cluster| c.autoscaler(NS)["metadata"]["resourceVersion"].clone();
    let (before, load) = (version(&mut cluster), cluster.load("blue-green.local", 100));
    cluster.wait("looked at", 45, |c| version(c) != before);
    let after = version(&mut cluster);
    cluster.pass(14);
    assert_eq!(version(&mut cluster), after);
    cluster.stop(load);
}

#[test]
fn it_is_listed_as_upstream_lists_it_and_only_in_v2() {
    let mut cluster = Cluster::deployed(costly);
    cluster.autoscale(&autoscaler(NS, NS));
    let table = |cluster: &mut Cluster| {
        let request = http::Request::builder()
            .uri(format!("/{AUTOSCALERS}/namespaces/{NS}/horizontalpodautoscalers"))
            .header("accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json")
            .body(Vec::new())
            .unwrap();
        let table: Value = serde_json::from_slice(cluster.world.handle(&request).body()).unwrap();
        table["rows"][0]["cells"].clone()
    };
    assert_eq!(table(&mut cluster), json!([NS, "Rollout/blue-green", "cpu: <unknown>/80%", "3", 6, 0, "0s"]));
    cluster.pass(60);
    assert_eq!(table(&mut cluster), json!([NS, "Rollout/blue-green", "cpu: 10%/80%", "3", 6, 3, "60s"]));
    let path = format!("/apis/autoscaling/v1/namespaces/{NS}/horizontalpodautoscalers");
    let (status, answer) = cluster.try_call("GET", &path, "", &Value::Null);
    assert_eq!(status, 404);
    assert!(answer["message"].as_str().unwrap().contains("the simulator has v2"), "{answer}");
    let mut wrong = autoscaler(NS, "wrong");
    wrong["spec"]["maxReplicas"] = json!(2);
    let path = format!("/{AUTOSCALERS}/namespaces/{NS}/horizontalpodautoscalers");
    let (status, answer) = cluster.try_call("POST", &path, "application/json", &wrong);
    assert_eq!(status, 422, "{answer}");
}
