//! Every rendering that is shipped, as the API server would look at it: unknown fields, types, required fields, Pod
//! Security. The simulator's admission does it, by upstream's schemas.

use std::collections::{BTreeMap, BTreeSet};

use http::{Method, Request};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{LimitRange, ResourceQuota};
use rollouts_sim::World;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::files::{objects, root, title};

const FOLDERS: [&str; 3] =
    ["charts/blue-green-app/rendered", "charts/canary-app/rendered", "deploy/environments/rendered"];

/// Kinds whose schemas are not among the simulator's: only a real API server with their CRDs has looked at them
/// (`cargo xtask policies`).
const ELSEWHERE: [&str; 3] = ["HTTPRoute", "IngressRoute", "TraefikService"];

/// Where a kind is served.
fn address(object: &Value) -> Option<String> {
    let plural = match object["kind"].as_str().unwrap() {
        kind if ELSEWHERE.contains(&kind) => return None,
        kind if kind.ends_with("ss") => format!("{}es", kind.to_lowercase()),
        kind if kind.ends_with('y') => format!("{}ies", kind.to_lowercase().trim_end_matches('y')),
        kind => format!("{}s", kind.to_lowercase()),
    };
    let version = object["apiVersion"].as_str().unwrap();
    let api = if version.contains('/') { "apis" } else { "api" };
    let namespace = match object["metadata"]["namespace"].as_str() {
        Some(namespace) => format!("/namespaces/{namespace}"),
        None => String::new(),
    };
    Some(format!("/{api}/{version}{namespace}/{plural}?dryRun=All&fieldValidation=Strict"))
}

/// An object without what the simulator refuses because it does not act on it: a pod that ends, and routers other than
/// nginx. A real API server has looked at these parts too.
fn simulable(object: &Value) -> Value {
    let mut object = object.clone();
    if object["kind"] == "Pod" {
        object["spec"]["restartPolicy"] = json!("Always");
    }
    let routing = object.pointer_mut("/spec/strategy/canary/trafficRouting");
    if let Some(routing) = routing.filter(|routing| routing["nginx"].is_null()) {
        assert!(["plugins", "traefik"].iter().any(|router| routing[*router].is_object()), "{routing}");
        *routing = json!({ "nginx": { "stableIngress": "canary" } });
    }
    object
}

/// What an object has that its type does not know, or lacks.
fn reads<K: Serialize + DeserializeOwned>(object: &Value) -> Result<(), String> {
    let read: K = serde_json::from_value(object.clone()).map_err(|error| error.to_string())?;
    let again = serde_json::to_value(read).unwrap();
    if again == *object { Ok(()) } else { Err(format!("read as {again}")) }
}

/// What is wrong with an object.
fn refusal(world: &mut World, object: &Value) -> Option<String> {
    let by_type = match object["kind"].as_str().unwrap() {
        "HorizontalPodAutoscaler" => Some(reads::<HorizontalPodAutoscaler>(object)),
        "ResourceQuota" => Some(reads::<ResourceQuota>(object)),
        "LimitRange" => Some(reads::<LimitRange>(object)),
        _ => None,
    };
    if let Some(read) = by_type {
        return read.err();
    }
    if object["kind"] == "Job" {
        // The simulator runs none; the pod that it would make is looked at as one.
        let mut pod = object["spec"]["template"].clone();
        pod["apiVersion"] = json!("v1");
        pod["kind"] = json!("Pod");
        pod["metadata"]["name"] = object["metadata"]["name"].clone();
        pod["metadata"]["namespace"] = object["metadata"]["namespace"].clone();
        return reads::<Job>(object).err().or_else(|| refusal(world, &simulable(&pod)));
    }
    let path = address(object)?;
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("content-type", "application/json")
        .body(object.to_string().into_bytes())
        .unwrap();
    let answer = world.handle(&request);
    let status = answer.status();
    (!status.is_success()).then(|| String::from_utf8_lossy(answer.body()).into_owned())
}

/// A world with the namespaces, each of which enforces restricted pods.
fn world() -> World {
    let mut world = World::new(1, "2026-01-01T00:00:00Z".parse().unwrap());
    for namespace in ["blue-green", "canary", "dev", "staging", "prod"] {
        let labels = json!({ "pod-security.kubernetes.io/enforce": "restricted" });
        let object = json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace, "labels": labels },
        });
        let request = Request::builder()
            .method(Method::POST)
            .uri("/api/v1/namespaces")
            .header("content-type", "application/json")
            .body(object.to_string().into_bytes())
            .unwrap();
        let answer = world.handle(&request);
        assert!(answer.status().is_success(), "{}", String::from_utf8_lossy(answer.body()));
    }
    world
}

fn renderings() -> Vec<String> {
    let mut files = Vec::new();
    for folder in FOLDERS {
        let names = std::fs::read_dir(root().join(folder)).unwrap();
        files.extend(names.map(|entry| format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap())));
    }
    files.sort_unstable();
    files
}

#[test]
fn every_object_of_every_rendering_is_admitted() {
    let mut world = world();
    let (mut wrong, mut kinds) = (String::new(), BTreeMap::<String, usize>::new());
    for file in renderings() {
        for object in objects(&[&file]) {
            if object["kind"] == "Namespace" {
                continue;
            }
            *kinds.entry(object["kind"].as_str().unwrap().to_owned()).or_default() += 1;
            if let Some(why) = refusal(&mut world, &simulable(&object)) {
                wrong += &format!("{file}: {}: {why}\n", title(&object));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    let seen: BTreeSet<&str> = kinds.keys().map(String::as_str).collect();
    assert!(seen.len() >= 14, "{kinds:?}");
    assert!(ELSEWHERE.iter().all(|kind| seen.contains(kind)), "no longer rendered: {kinds:?}");
}

#[test]
fn what_the_api_server_refuses_is_refused() {
    let mut world = world();
    let rendered = |name: &str| objects(&[&format!("deploy/environments/rendered/{name}.yaml")]);
    let (apps, platform) = (rendered("prod-apps"), rendered("prod-platform"));
    let migration = objects(&["charts/canary-app/rendered/expand.yaml"]);
    let all: Vec<&Value> = apps.iter().chain(&platform).chain(&migration).collect();
    for (kind, pointer, value) in [
        ("Rollout", "/spec/strategy", json!({ "blueGreen": { "activeservice": "a" } })),
        ("Rollout", "/spec/template/spec/containers/0/image", json!(1)),
        ("Service", "/spec/ports/0/port", json!("http")),
        ("Ingress", "/spec/rules/0/host", json!("UPPER_case")),
        ("NetworkPolicy", "/spec/podSelector", json!([])),
        ("Role", "/rules/0/verbs", json!("get")),
        ("PodDisruptionBudget", "/spec/selector", json!("all")),
        ("HorizontalPodAutoscaler", "/spec/maxReplicas", json!("six")),
        ("ResourceQuota", "/spec/hard", json!([])),
        ("Job", "/spec/backoffLimit", json!("none")),
        ("Job", "/spec/template/spec/securityContext", json!({})),
        ("LimitRange", "/spec/limits/0/type", json!(1)),
    ] {
        let good = all.iter().find(|object| object["kind"] == kind).unwrap();
        let mut bad = (*good).clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        assert!(refusal(&mut world, good).is_none(), "{kind}");
        assert!(refusal(&mut world, &bad).is_some(), "{kind}{pointer} passes");
    }
}

#[test]
fn the_pod_of_helm_test_obeys_the_restricted_standard_and_a_careless_one_does_not() {
    for chart in ["blue-green", "canary"] {
        let mut pod = simulable(&objects(&[&format!("charts/{chart}-app/rendered/tests.yaml")])[0]);
        let mut world = world();
        assert_eq!(refusal(&mut world, &pod), None);
        pod["spec"]["securityContext"] = json!({});
        assert!(refusal(&mut world, &pod).unwrap().contains("PodSecurity"));
    }
}
