//! Asking a `World` without a network: one line a request.

use http::{Request, Response};
use jiff::Timestamp;
use rollouts_sim::World;
use serde_json::{Value, json};

pub(crate) const MERGE: &str = "application/merge-patch+json";
pub(crate) const JSON: &str = "application/json-patch+json";
pub(crate) const STRATEGIC: &str = "application/strategic-merge-patch+json";
pub(crate) const APPLY: &str = "application/apply-patch+yaml";

pub(crate) const DEFAULT: &str = "/api/v1/namespaces/default";
pub(crate) const ROLLOUTS: &str = "/apis/argoproj.io/v1alpha1/namespaces/default/rollouts";

pub(crate) fn world() -> World {
    let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    World::new(7, start)
}

pub(crate) fn request(method: &str, uri: &str, content_type: &str, body: &str) -> Request<Vec<u8>> {
    let builder = Request::builder().method(method).uri(uri).header("user-agent", "tester/1");
    builder.header("content-type", content_type).body(body.as_bytes().to_vec()).unwrap()
}

/// The code and the body of an answer.
pub(crate) fn ask(
    world: &mut World,
    method: &str,
    uri: &str,
    content_type: &str,
    body: &Value,
) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    read(&world.handle(&request(method, uri, content_type, &body)))
}

pub(crate) fn read(response: &Response<Vec<u8>>) -> (u16, Value) {
    let body = serde_json::from_slice(response.body()).unwrap_or_default();
    (response.status().as_u16(), body)
}

pub(crate) fn get(world: &mut World, uri: &str) -> (u16, Value) {
    ask(world, "GET", uri, "", &Value::Null)
}

pub(crate) fn post(world: &mut World, uri: &str, body: &Value) -> (u16, Value) {
    ask(world, "POST", uri, "application/json", body)
}

/// Posts what must be created.
pub(crate) fn create(world: &mut World, uri: &str, body: &Value) -> Value {
    let (code, object) = post(world, uri, body);
    assert_eq!(code, 201, "{object}");
    object
}

/// A good pod.
pub(crate) fn pod(name: &str) -> Value {
    json!({"metadata": {"name": name, "labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": "x:1"}]}})
}

/// A good Rollout.
pub(crate) fn rollout(name: &str) -> Value {
    json!({
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": {"app": "a"}},
            "template": {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": "x:1"}]}},
            "strategy": {"blueGreen": {"activeService": "a"}},
        },
    })
}

/// `object` with another value at one place.
pub(crate) fn with(mut object: Value, pointer: &str, value: Value) -> Value {
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    object.pointer_mut(parent).unwrap()[field] = value;
    object
}
