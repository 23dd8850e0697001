//! Reading and writing back loses nothing, on the files that are shipped and on fields nobody knows.

use std::path::{Path, PathBuf};

use kube::Resource;
use kube::api::{Api, ListParams};
use rollouts_client::types::{
    AnalysisRun, AnalysisTemplate, ClusterAnalysisTemplate, Experiment, PodTemplate, ReplicaSet, Rollout,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every YAML document below a folder, with its file.
fn documents(folder: &Path) -> Vec<(PathBuf, Value)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(documents(&path));
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            let text = std::fs::read_to_string(&path).expect("a readable file");
            for document in text.split("\n---\n") {
                // Templates of charts are not YAML until they are rendered.
                if let Ok(value @ Value::Object(_)) = serde_yaml::from_str(document) {
                    found.push((path.clone(), value));
                }
            }
        }
    }
    found
}

fn back<T: DeserializeOwned + Serialize>(value: &Value) -> Value {
    let typed: T = serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}: {value}"));
    serde_json::to_value(typed).expect("what was read can be written")
}

fn round_trip(value: &Value) -> Option<Value> {
    match value["kind"].as_str()? {
        "Rollout" => Some(back::<Rollout>(value)),
        "AnalysisRun" => Some(back::<AnalysisRun>(value)),
        "AnalysisTemplate" => Some(back::<AnalysisTemplate>(value)),
        "ClusterAnalysisTemplate" => Some(back::<ClusterAnalysisTemplate>(value)),
        "Experiment" => Some(back::<Experiment>(value)),
        "ReplicaSet" => Some(back::<ReplicaSet>(value)),
        _ => None,
    }
}

#[test]
fn shipped_files_survive_a_round_trip() {
    let mut rollouts = 0;
    for folder in ["deploy", "charts", "argocd"] {
        for (path, value) in documents(&repository().join(folder)) {
            if let Some(back) = round_trip(&value) {
                assert_eq!(back, value, "{}", path.display());
                rollouts += usize::from(value["kind"] == "Rollout");
            }
        }
    }
    assert!(rollouts >= 1, "no Rollout among the shipped files");
}

/// Puts an unknown field of each JSON type into every object of a value.
fn sprinkled(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let strange = json!({"tomorrow": {"deep": [1, null]}, "flag": false, "none": 0});
            let known = fields.iter().map(|(key, value)| {
                let closed = matches!(
                    key.as_str(),
                    "labels" | "annotations" | "matchLabels" | "selector" | "ownerReferences"
                );
                (key.clone(), if closed { value.clone() } else { sprinkled(value) })
            });
            let known: Vec<_> = known.collect();
            let strange = strange.as_object().expect("an object").clone();
            Value::Object(strange.into_iter().chain(known).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sprinkled).collect()),
        other => other.clone(),
    }
}

#[test]
fn fields_that_nobody_knows_are_kept() {
    let canary_rollout = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
        "spec": {
            "replicas": 0, "paused": false, "minReadySeconds": 0,
            "workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "app", "scaleDown": "onsuccess"},
            "strategy": {"canary": {
                "maxSurge": "25%", "maxUnavailable": 0,
                "steps": [
                    {"setWeight": 0}, {"pause": {}}, {"pause": {"duration": 10}}, {"pause": {"duration": "2m"}},
                    {"setCanaryScale": {"matchTrafficWeight": false}}, {"experiment": {"templates": []}},
                    {"analysis": {"templates": [{"templateName": "ok", "clusterScope": true}], "args": [{"name": "a", "value": "b"}]}},
                    {"plugin": {"name": "p", "config": {}}}
                ],
                "analysis": {"startingStep": 2, "templates": [{"templateName": "ok"}]},
                "trafficRouting": {"maxTrafficWeight": 1000, "nginx": {"stableIngress": "app"}}
            }}
        },
        "status": {
            "abort": false, "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": "2026-01-01T00:00:00Z"}],
            "canary": {"weights": {"canary": {"weight": 10}, "stable": {"weight": 90}, "verified": true}},
            "conditions": [{"type": "Available", "status": "True", "lastUpdateTime": "2026-01-01T00:00:00Z"}],
            "HPAReplicas": 3, "collisionCount": 1
        }
    });
    let blue_green_rollout = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
        "spec": {"strategy": {"blueGreen": {
            "activeService": "a", "previewReplicaCount": 0, "autoPromotionSeconds": 0,
            "postPromotionAnalysis": {"templates": []}}},
            "template": {"spec": {"containers": [{"name": "app"}], "initContainers": []}}},
        "status": {"blueGreen": {"scaleUpPreviewCheckPoint": false,
            "prePromotionAnalysisRunStatus": {"name": "r", "status": "Inconclusive"}}}
    });
    let run = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun",
        "spec": {"metrics": [{"name": "m", "failureLimit": 0, "count": 3, "provider": {"web": {"url": "x"}}}], "args": [], "terminate": false},
        "status": {"phase": "", "metricResults": [{"name": "m", "phase": "Error", "measurements": [{"phase": "Dreaming", "value": "[1]"}], "consecutiveError": 1}]}
    });
    let template = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "spec": {"metrics": [{"name": "m"}], "args": [{"name": "a"}]}});
    let mut cluster_template = template.clone();
    cluster_template["kind"] = json!("ClusterAnalysisTemplate");
    let experiment = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Experiment",
        "spec": {"duration": "1h", "terminate": false, "analyses": [{"name": "a", "templateName": "t"}],
            "templates": [{"name": "new", "replicas": 0, "template": {"spec": {"containers": [{"name": "app"}]}}}]},
        "status": {"phase": "Running", "templateStatuses": [{"name": "new"}], "analysisRuns": []}
    });
    let replica_set = json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "spec": {"replicas": 0, "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": []}}},
        "status": {"replicas": 0, "fullyLabeledReplicas": 0, "conditions": [{"type": "ReplicaFailure"}]}
    });
    for object in
        [canary_rollout, blue_green_rollout, run, template, cluster_template, experiment, replica_set]
    {
        let mut strange = sprinkled(&object);
        // Metadata is k8s-openapi's, which knows its fields; intstr values are no objects.
        crate::fixture::merge(&mut strange, json!({"metadata": {"name": "x", "labels": {"l": "m"}}}));
        assert_eq!(round_trip(&strange), Some(strange.clone()));
    }
}

#[test]
fn a_template_loses_the_hash_and_nothing_else() {
    let template: PodTemplate = serde_json::from_value(json!({
        "metadata": {"labels": {"app": "a", "rollouts-pod-template-hash": "h"}, "creationTimestamp": null},
        "spec": {"containers": [{"name": "a", "image": "i:1"}], "restartPolicy": "Always"}
    }))
    .expect("a template");
    let expected = json!({
        "metadata": {"labels": {"app": "a"}, "creationTimestamp": null},
        "spec": {"containers": [{"name": "a", "image": "i:1"}], "restartPolicy": "Always"}
    });
    assert_eq!(serde_json::to_value(template.without_hash()).expect("JSON"), expected);
}

#[test]
fn the_version_is_the_tag_of_the_first_image() {
    let table = [
        ("127.0.0.1:5000/demo-app:v1", Some("v1")),
        ("127.0.0.1:5000/demo-app", None),
        ("demo-app:1.2.3@sha256:abc", Some("1.2.3")),
        ("demo-app@sha256:abc", None),
        ("demo-app:", None),
    ];
    for (image, version) in table {
        let template = crate::fixture::template(image);
        let template: PodTemplate = serde_json::from_value(template).expect("a template");
        assert_eq!(template.version(), version, "{image}");
    }
    assert_eq!(PodTemplate::default().version(), None);
}

#[test]
fn addresses_are_those_of_the_api_server() {
    let table = [
        (Rollout::url_path(&(), Some("n")), "/apis/argoproj.io/v1alpha1/namespaces/n/rollouts"),
        (AnalysisRun::url_path(&(), Some("n")), "/apis/argoproj.io/v1alpha1/namespaces/n/analysisruns"),
        (
            AnalysisTemplate::url_path(&(), Some("n")),
            "/apis/argoproj.io/v1alpha1/namespaces/n/analysistemplates",
        ),
        (ClusterAnalysisTemplate::url_path(&(), None), "/apis/argoproj.io/v1alpha1/clusteranalysistemplates"),
        (Experiment::url_path(&(), Some("n")), "/apis/argoproj.io/v1alpha1/namespaces/n/experiments"),
        (ReplicaSet::url_path(&(), Some("n")), "/apis/apps/v1/namespaces/n/replicasets"),
    ];
    for (path, expected) in table {
        assert_eq!(path, expected);
    }
}

/// Compiles only if the types can be used with an unchanged `kube::Api`.
#[expect(dead_code, reason = "compiling is the test")]
async fn an_unchanged_api_takes_them(client: kube::Client) -> kube::Result<()> {
    let rollouts: Api<Rollout> = Api::namespaced(client.clone(), "n");
    let rollout = rollouts.get("app").await?;
    rollouts.create(&Default::default(), &rollout).await?;
    let templates: Api<AnalysisTemplate> = Api::namespaced(client, "n");
    templates.list(&ListParams::default()).await?;
    Ok(())
}
