//! `metrics.k8s.io`, as metrics-server serves it to `kubectl top pods`: what autoscalers scale by. Nothing is stored:
//! an answer is worked out when it is asked for.

use crate::json::{Value, json};
use http::{Request, Response};

use super::json_response;
use super::route::Query;
use super::select::Selection;
use crate::object::{self, items, text};
use crate::quantity;
use crate::refusal::Refusal;
use crate::resource::Resource;
use crate::usage::{self, Usage};
use crate::world::{World, stamp};

/// The group and its version.
pub(super) const GROUP: (&str, &str) = ("metrics.k8s.io", "v1beta1");

/// What a demo-app was seen to hold. Nothing is modelled of it, and no autoscaler scales by it.
const MEMORY: &str = "5Mi";

/// The entry of its one resource in a list of resources.
pub(super) fn resource() -> Value {
    json!({
        "name": "pods", "singularName": "pod", "namespaced": true, "kind": "PodMetrics", "verbs": ["get", "list"],
    })
}

/// The same in the aggregated discovery document.
pub(super) fn aggregated() -> Value {
    let (group, version) = GROUP;
    json!({
        "resource": "pods", "responseKind": {"group": group, "version": version, "kind": "PodMetrics"},
        "scope": "Namespaced", "singularResource": "pod", "verbs": ["get", "list"],
    })
}

/// Answers a GET below the group; `None` for every other request.
pub(super) fn answer(
    world: &World,
    request: &Request<Vec<u8>>,
) -> Option<Result<Response<Vec<u8>>, Refusal>> {
    let (group, version) = GROUP;
    let rest = request.uri().path().strip_prefix(&format!("/apis/{group}/{version}/"))?;
    let parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
    let answered = match (request.method().as_str(), parts.as_slice()) {
        ("GET", ["pods"]) => list(world, "", &Query::of(request.uri())),
        ("GET", ["namespaces", ns, "pods"]) => list(world, ns, &Query::of(request.uri())),
        ("GET", ["namespaces", ns, "pods", name]) => one(world, ns, name),
        _ => return None,
    };
    Some(answered.map(|value| json_response(200, &value, &[])))
}

fn list(world: &World, ns: &str, query: &Query) -> Result<Value, Refusal> {
    let selection = Selection::of(query, Resource::Pod)?;
    let pods = world.store.list(Resource::Pod, ns).filter(|pod| selection.holds(pod));
    let measured: Vec<Value> =
        pods.filter_map(|pod| Some(metrics(world, pod, &usage::of(world, pod)?))).collect();
    let (group, version) = GROUP;
    Ok(json!({
        "kind": "PodMetricsList", "apiVersion": format!("{group}/{version}"), "metadata": {}, "items": measured,
    }))
}

fn one(world: &World, ns: &str, name: &str) -> Result<Value, Refusal> {
    let (group, version) = GROUP;
    let pod = world.store.get(Resource::Pod, ns, name);
    let measured = pod.and_then(|pod| Some(metrics(world, pod, &usage::of(world, pod)?)));
    let mut value = measured.ok_or_else(|| {
        Refusal::new(404, "NotFound", format!("podmetrics.{group} \"{ns}/{name}\" not found"))
    })?;
    value["kind"] = json!("PodMetrics");
    value["apiVersion"] = json!(format!("{group}/{version}"));
    Ok(value)
}

fn metrics(world: &World, pod: &Value, usage: &Usage) -> Value {
    let container = items(pod, "/spec/containers").next().map_or("", |container| text(container, "/name"));
    let mut metadata = json!({
        "name": object::name(pod), "namespace": object::namespace(pod), "creationTimestamp": stamp(world.now()),
    });
    if pod["metadata"]["labels"].is_object() {
        metadata["labels"] = pod["metadata"]["labels"].clone();
    }
    json!({
        "metadata": metadata, "timestamp": stamp(usage.at), "window": format!("{}s", usage.window.as_secs_f64()),
        "containers": [{
            "name": container, "usage": {"cpu": quantity::of_milli(usage.milli), "memory": MEMORY},
        }],
    })
}
