//! Scenarios in a simulated cluster: only specs, images and faults are changed.

use rollouts_client::explain::Facts;
use serde_json::{Value, json};

use super::{Scenario, facts, facts_of};
use crate::cluster::{Cluster, NS};

/// The shipped blue-green files and an update with these variables, so many seconds later.
fn updated(env: &[(&str, &str)], seconds: u64) -> Facts {
    let mut cluster = Cluster::deployed(|_| {});
    cluster.set_image("v2", env);
    cluster.pass(seconds);
    facts(&mut cluster)
}

/// The shipped blue-green files with another spec of the Rollout, which is merged in.
fn merged(spec: Value, seconds: u64) -> Facts {
    let mut cluster = Cluster::deployed(|_| {});
    cluster.merge("", &json!({"spec": spec}));
    cluster.pass(seconds);
    facts(&mut cluster)
}

/// An update that is analysed by a template of this metric before it is promoted.
fn analysed(metric: Value, seconds: u64) -> Facts {
    let mut cluster = Cluster::deployed(|_| {});
    cluster.apply(&json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate",
        "metadata": {"name": "gate", "namespace": NS}, "spec": {"metrics": [metric]},
    }));
    let analysis = json!({"templates": [{"templateName": "gate"}]});
    cluster.merge("", &json!({"spec": {"strategy": {"blueGreen": {"prePromotionAnalysis": analysis}}}}));
    cluster.set_image("v2", &[]);
    cluster.pass(seconds);
    facts(&mut cluster)
}

fn metric(query: &str, conditions: Value) -> Value {
    let mut metric = json!({"name": "errors", "provider": {"prometheus": {"query": query}}});
    metric.as_object_mut().unwrap().extend(conditions.as_object().unwrap().clone());
    metric
}

/// Changes a Service or an Ingress.
fn edit(cluster: &mut Cluster, path: &str, change: Value) {
    let (group, name) = path.rsplit_once('/').unwrap();
    let (group, plural) = group.rsplit_once('/').unwrap();
    let path = format!("/{group}/namespaces/{}/{plural}/{name}", cluster.ns);
    cluster.call("PATCH", &path, "application/merge-patch+json", &change);
}

fn edited(mut cluster: Cluster, path: &str, change: Value) -> Facts {
    edit(&mut cluster, path, change);
    cluster.pass(30);
    facts(&mut cluster)
}

fn component(cluster: &mut Cluster, runs: bool) {
    let path = format!("/faults/v1/components/rollouts-controller?runs={runs}");
    cluster.call("POST", &path, "", &Value::Null);
}

/// A rule of an Ingress that leads a host to a port of a Service.
fn rule(host: &str, service: &str, port: u16) -> Value {
    let backend = json!({"service": {"name": service, "port": {"number": port}}});
    json!({"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}})
}

/// The shipped canary with these steps, in the middle of its update.
fn stepping(steps: Value, routed: bool) -> Facts {
    let mut cluster = Cluster::canary(move |object| {
        if object["kind"] == "Rollout" {
            let canary = object["spec"]["strategy"]["canary"].as_object_mut().unwrap();
            canary.insert("steps".to_owned(), steps.clone());
            canary.remove("analysis");
            if !routed {
                canary.remove("trafficRouting");
            }
        }
    });
    cluster.set_image("v2", &[]);
    cluster.pass(40);
    facts(&mut cluster)
}

/// As `scenarios/blue-green/abort-while-promoted-pods-crash.scenario` has it.
fn left_on_the_dead() -> Facts {
    let mut cluster = Cluster::deployed(|rollout| {
        let strategy = rollout["spec"]["strategy"]["blueGreen"].as_object_mut().unwrap();
        strategy.remove("previewReplicaCount");
        strategy.insert("autoPromotionEnabled".to_owned(), json!(true));
        let analysis = json!({"templates": [{"templateName": "running"}]});
        strategy.insert("postPromotionAnalysis".to_owned(), analysis);
    });
    cluster.set_image("v2", &[("CRASH_AFTER", "6s")]);
    cluster.wait("switched", 60, |c| c.selects("blue-green-active") == "v2");
    // The back-off is by then longer than the delay after which an aborted version is scaled down.
    cluster.wait("crash-looping", 180, |c| {
        let new = c.items("api/v1", "pods").into_iter().filter(|pod| {
            let image = pod["spec"]["containers"][0]["image"].as_str();
            image.is_some_and(|image| image.ends_with(":v2"))
        });
        new.map(|pod| pod["status"]["containerStatuses"][0].clone()).all(|status| {
            let waits = status["state"]["waiting"]["reason"] == "CrashLoopBackOff";
            waits && status["restartCount"].as_i64() >= Some(3)
        })
    });
    cluster.abort();
    cluster.pass(60);
    facts(&mut cluster)
}

/// A second Rollout that names the Services of the first one.
fn two_on_one_service() -> Facts {
    let mut cluster = Cluster::deployed(|_| {});
    let mut other = crate::cluster::documents("deploy/blue-green/rollout.yaml").remove(0);
    other["metadata"]["name"] = json!("other");
    cluster.apply(&other);
    cluster.pass(5);
    let other = cluster.get(&format!("/apis/argoproj.io/v1alpha1/namespaces/{NS}/rollouts/other"));
    facts_of(&mut cluster, other)
}

fn controller_down() -> Facts {
    let mut cluster = Cluster::deployed(|_| {});
    component(&mut cluster, false);
    cluster.set_image("v2", &[]);
    cluster.pass(90);
    facts(&mut cluster)
}

fn selector_strayed() -> Facts {
    let mut cluster = Cluster::deployed(|_| {});
    component(&mut cluster, false);
    let change = json!({"spec": {"selector": {"rollouts-pod-template-hash": "5d4cf9bb97"}}});
    edited(cluster, "api/v1/services/blue-green-active", change)
}

fn available_too_late() -> Facts {
    let mut cluster = Cluster::deployed(|_| {});
    cluster.merge("", &json!({"spec": {"minReadySeconds": 59}}));
    cluster.pass(120);
    cluster.set_image("v2", &[]);
    cluster.pass(75);
    facts(&mut cluster)
}

fn aborted() -> Facts {
    let mut cluster = Cluster::deployed(|_| {});
    cluster.set_image("v2", &[]);
    cluster.pass(20);
    cluster.abort();
    cluster.pass(60);
    facts(&mut cluster)
}

fn image_missing(seconds: u64) -> Facts {
    let mut cluster = Cluster::deployed(|_| {});
    cluster.set_image("missing", &[]);
    cluster.pass(seconds);
    facts(&mut cluster)
}

fn privileged(seconds: u64) -> Facts {
    let mut cluster = Cluster::deployed(|_| {});
    let mut rollout = cluster.rollout();
    rollout["spec"]["template"]["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] =
        json!(true);
    let path = format!("/apis/argoproj.io/v1alpha1/namespaces/{NS}/rollouts/{NS}");
    cluster.call("PUT", &path, "application/json", &rollout);
    cluster.pass(seconds);
    facts(&mut cluster)
}

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "the image is not there",
        facts: || image_missing(20),
        causes: &["image-not-pulled"],
        says: &["127.0.0.1:5000/demo-app:missing cannot be pulled (1 of its 1 pods)", "ImagePullBackOff"],
    },
    Scenario {
        name: "the image was not there, and the update is given up",
        facts: || image_missing(200),
        causes: &["image-not-pulled"],
        says: &["revision 2 (missing) could not start before it was given up"],
    },
    Scenario {
        name: "it crashes",
        facts: || updated(&[("CRASH_AFTER", "2s")], 25),
        causes: &["crash-loop"],
        says: &["revision 2 (v2) crashes: container demo-app ends with exit code 1", "restarted 2 times"],
    },
    Scenario {
        name: "it is never ready",
        facts: || updated(&[("NEVER_READY", "true")], 30),
        causes: &["never-ready"],
        says: &["revision 2 (v2) runs but does not become ready (1 of its 1 pods)", "statuscode: 503"],
    },
    Scenario {
        name: "it was never ready, and the update is given up",
        facts: || updated(&[("NEVER_READY", "true")], 200),
        causes: &["never-ready"],
        says: &["revision 2 (v2) did not become ready before it was given up", "timed out progressing"],
    },
    Scenario {
        name: "it does not listen in time for its liveness probe",
        facts: || updated(&[("START_AFTER", "5m")], 50),
        causes: &["liveness-restarts"],
        says: &["is restarted by its liveness probe", "connection refused"],
    },
    Scenario {
        name: "the same, and the update is given up",
        facts: || updated(&[("START_AFTER", "5m")], 200),
        causes: &["liveness-restarts"],
        says: &["was restarted by its liveness probe until it was given up"],
    },
    Scenario {
        name: "the pods are available too late",
        facts: available_too_late,
        causes: &["progress-deadline"],
        says: &["was not available within 60 s without progress"],
    },
    Scenario {
        name: "the pods are forbidden",
        facts: || privileged(20),
        causes: &["pod-security"],
        says: &["violates PodSecurity", "revision 2 (v1) gets no pods"],
    },
    Scenario {
        name: "the pods were forbidden, and the update is given up",
        facts: || privileged(200),
        causes: &["pod-security"],
        says: &["violates PodSecurity"],
    },
    Scenario {
        name: "the active Service is not there",
        facts: || merged(json!({"strategy": {"blueGreen": {"activeService": "nowhere"}}}), 5),
        causes: &["service-missing"],
        says: &["the active Service nowhere does not exist", "blue-green-active, blue-green-preview"],
    },
    Scenario {
        name: "two Rollouts on one Service",
        facts: two_on_one_service,
        causes: &["service-of-another"],
        says: &["belongs to Rollout blue-green: two Rollouts cannot share one"],
    },
    Scenario {
        name: "a Service selects a label that no pod has",
        facts: || {
            let change = json!({"spec": {"selector": {"tier": "web"}}});
            edited(Cluster::deployed(|_| {}), "api/v1/services/blue-green-active", change)
        },
        causes: &["service-selects-others"],
        says: &["selects tier=web, and the pods do not match: they have no label tier"],
    },
    Scenario {
        name: "the Ingress to split is not there",
        facts: || {
            let mut cluster = Cluster::canary(|_| {});
            let routing = json!({"trafficRouting": {"nginx": {"stableIngress": "nowhere"}}});
            cluster.merge("", &json!({"spec": {"strategy": {"canary": routing}}}));
            cluster.pass(5);
            facts(&mut cluster)
        },
        causes: &["ingress-missing"],
        says: &["Ingress nowhere, which is to be split, does not exist"],
    },
    Scenario {
        name: "the Ingress to split does not lead to the stable Service",
        facts: || {
            let rules = json!({"spec": {"rules": [rule("canary.local", "canary-canary", 80)]}});
            edited(Cluster::canary(|_| {}), "apis/networking.k8s.io/v1/ingresses/canary", rules)
        },
        causes: &["ingress-skips-stable"],
        says: &["does not lead to the stable Service canary-stable"],
    },
    Scenario {
        name: "an AnalysisTemplate is not there",
        facts: || {
            let analysis = json!({"templates": [{"templateName": "nowhere"}]});
            merged(json!({"strategy": {"blueGreen": {"postPromotionAnalysis": analysis}}}), 5)
        },
        causes: &["template-missing"],
        says: &["AnalysisTemplate nowhere does not exist"],
    },
    Scenario {
        name: "the spec contradicts itself",
        facts: || merged(json!({"minReadySeconds": 60}), 5),
        causes: &["invalid-spec"],
        says: &["must be greater than minReadySeconds"],
    },
    Scenario {
        name: "a metric is bad",
        facts: || {
            let conditions = json!({"successCondition": "result[0] <= 0.05", "interval": "5s", "count": 5, "failureLimit": 1});
            analysed(metric("vector(0.2)", conditions), 40)
        },
        causes: &["metric-failed"],
        says: &[
            "the analysis before the promotion failed: metric errors is bad",
            "2 failed (limit 1)",
            "the newest last: [0.2], [0.2]",
            "success when result[0] <= 0.05",
            "its query: vector(0.2)",
        ],
    },
    Scenario {
        name: "a metric cannot be measured",
        facts: || analysed(metric("sum(up", json!({"successCondition": "result[0] == 1"})), 90),
        causes: &["metric-unmeasured"],
        says: &[
            "metric errors could not be measured",
            "5 not measured (limit 4 in a row)",
            "its query: sum(up",
        ],
    },
    Scenario {
        name: "a query finds nothing",
        facts: || {
            let conditions = json!({
                "successCondition": "len(result) > 0 && result[0] <= 0.05",
                "failureCondition": "len(result) > 0 && result[0] > 0.05",
            });
            analysed(metric("vector(0) > 1", conditions), 30)
        },
        causes: &["metric-no-data"],
        says: &["is Inconclusive for want of data: the query of metric errors finds nothing", "last: []"],
    },
    Scenario {
        name: "a metric is neither good nor bad",
        facts: || {
            let conditions =
                json!({"successCondition": "result[0] < 1", "failureCondition": "result[0] > 2"});
            analysed(metric("vector(1)", conditions), 30)
        },
        causes: &["metric-inconclusive"],
        says: &[
            "metric errors is neither good nor bad",
            "success when result[0] < 1; failure when result[0] > 2",
        ],
    },
    Scenario {
        name: "an analysis goes on",
        facts: || {
            let conditions = json!({"successCondition": "result[0] == 1", "interval": "10s", "count": 30});
            analysed(metric("vector(1)", conditions), 30)
        },
        causes: &["analysis-running"],
        says: &[
            "the controller waits for the analysis before the promotion",
            "3 successful, 30 are taken, one each 10s",
        ],
    },
    Scenario {
        name: "an abort while the promoted pods crash",
        facts: left_on_the_dead,
        causes: &["crash-loop", "left-on-dead-version"],
        says: &[
            "users reach revision 2 (v2), which has no ready pod, while revision 1 (v1) stands ready",
            "0 ready endpoints",
            "next: task-master rollout rollback blue-green -n blue-green",
        ],
    },
    Scenario {
        name: "a Service selects a hash of no version",
        facts: selector_strayed,
        causes: &["selects-nothing"],
        says: &["selects 5d4cf9bb97", "versions with pods: revision 1 (v1)"],
    },
    Scenario {
        name: "a Service aims at a port without a container",
        facts: || {
            let change = json!({"spec": {"ports": [{"name": "http", "port": 80, "targetPort": "web"}]}});
            edited(Cluster::deployed(|_| {}), "api/v1/services/blue-green-active", change)
        },
        causes: &["target-port"],
        says: &["aims at port web, which no container has", "named ports of the containers: http"],
    },
    Scenario {
        name: "an Ingress leads to no Service",
        facts: || {
            let rules =
                [rule("blue-green.local", "blue-green-activ", 80), rule("p.local", "blue-green-preview", 80)];
            let change = json!({"spec": {"rules": rules}});
            edited(Cluster::deployed(|_| {}), "apis/networking.k8s.io/v1/ingresses/blue-green", change)
        },
        causes: &["backend-missing"],
        says: &["sends host blue-green.local to Service blue-green-activ, which does not exist"],
    },
    Scenario {
        name: "an Ingress leads to no port",
        facts: || {
            let change = json!({"spec": {"rules": [rule("blue-green.local", "blue-green-active", 8080)]}});
            edited(Cluster::deployed(|_| {}), "apis/networking.k8s.io/v1/ingresses/blue-green", change)
        },
        causes: &["backend-port"],
        says: &["to port 8080 of Service blue-green-active, which has no such port", "80 (http)"],
    },
    Scenario {
        name: "a canary without a router, behind an Ingress to the stable version",
        facts: || stepping(json!([{"setWeight": 25}, {"pause": {}}]), false),
        causes: &["split-without-router", "pause-step"],
        says: &["the canary gets no traffic"],
    },
    Scenario {
        name: "a canary waits for a person",
        facts: || stepping(json!([{"setWeight": 25}, {"pause": {}}]), true),
        causes: &["pause-step"],
        says: &["revision 2 (v2) waits at step 2 for a person", "step 2 of 2, weight 25"],
    },
    Scenario {
        name: "a canary waits for its time",
        facts: || stepping(json!([{"setWeight": 25}, {"pause": {"duration": "2m"}}]), true),
        causes: &["timed-pause"],
        says: &["revision 2 (v2) goes on from step 2 by itself in 1m"],
    },
    Scenario {
        name: "a ready preview",
        facts: || updated(&[], 20),
        causes: &["awaits-promotion"],
        says: &[
            "Rollout blue-green is Paused (BlueGreenPause): revision 1 (v1) is stable with 3 of 3 pods available",
            "revision 2 (v2) is ready and waits to be promoted by a person",
            "next: task-master rollout promote blue-green -n blue-green",
        ],
    },
    Scenario {
        name: "a ready preview that is promoted after a time",
        facts: || {
            let mut cluster = Cluster::deployed(|rollout| {
                rollout["spec"]["strategy"]["blueGreen"]["autoPromotionEnabled"] = json!(true);
                rollout["spec"]["strategy"]["blueGreen"]["autoPromotionSeconds"] = json!(600);
            });
            cluster.set_image("v2", &[]);
            cluster.pass(30);
            facts(&mut cluster)
        },
        causes: &["timed-pause"],
        says: &["revision 2 (v2) is promoted by itself in 9m"],
    },
    Scenario {
        name: "paused in its spec",
        facts: || merged(json!({"paused": true}), 20),
        causes: &["paused-by-person"],
        says: &["next: task-master rollout resume blue-green -n blue-green"],
    },
    Scenario {
        name: "the controller is down",
        facts: controller_down,
        causes: &["controller-silent"],
        says: &["has not reacted for 1m30s"],
    },
    Scenario {
        name: "no pods are asked for",
        facts: || merged(json!({"replicas": 0}), 40),
        causes: &["no-replicas"],
        says: &["t asks for no pods, so nobody answers"],
    },
    Scenario {
        name: "given up by a person",
        facts: aborted,
        causes: &["aborted-by-person"],
        says: &["revision 2 (v2) was given up by a person", "next: task-master rollout retry"],
    },
];
