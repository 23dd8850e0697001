//! The `/scale` subresource of kinds that have replicas.

use crate::json::{Value, json};

use super::verbs::{Call, Done};
use crate::object;
use crate::refusal::Refusal;
use crate::resource::Resource;
use crate::store::Object;
use crate::world::World;
use crate::write::{Part, Writer};

/// The Scale of a stored object.
pub(crate) fn view(resource: Resource, object: &Value) -> Value {
    let (replicas, selector) = match resource {
        // The CRD names these paths.
        Resource::Rollout => ("/status/HPAReplicas", object["status"]["selector"].clone()),
        _ => ("/status/replicas", json!(selector_text(&object["spec"]["selector"]))),
    };
    let mut metadata = json!({});
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        metadata[field] = object["metadata"][field].clone();
    }
    let mut scale = json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata,
        "spec": {"replicas": object::number(object, "/spec/replicas", 0)},
        "status": {"replicas": object::number(object, replicas, 0), "selector": selector},
    });
    if selector.is_null()
        && let Some(status) = scale["status"].as_object_mut()
    {
        status.shift_remove("selector");
    }
    scale
}

fn selector_text(selector: &Value) -> String {
    let labels = selector["matchLabels"].as_object().into_iter().flatten();
    let labels: Vec<String> =
        labels.map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or_default())).collect();
    labels.join(",")
}

/// Writes `spec.replicas` of a Scale.
pub(super) fn write(world: &mut World, call: &Call<'_>, name: &str, scale: &Value) -> Result<Done, Refusal> {
    let resource = call.route.resource;
    let object = set(world, call.writer(), (resource, &call.route.ns, name), scale)?;
    Ok(Done::ok(Object::new(view(resource, &object))))
}

/// The same for any writer. Returns the object that was scaled.
pub(crate) fn set(
    world: &mut World,
    by: Writer<'_>,
    (resource, ns, name): (Resource, &str, &str),
    scale: &Value,
) -> Result<Object, Refusal> {
    let replicas = scale["spec"].get("replicas").and_then(Value::as_i64).unwrap_or(0);
    if replicas < 0 {
        let why = format!("Invalid value: {replicas}: must be greater than or equal to 0");
        return Err(Refusal::invalid(resource, name, &[("spec.replicas".into(), why)]));
    }
    let mut new = Value::clone(&*world.existing(resource, ns, name)?);
    new["spec"]["replicas"] = json!(replicas);
    new["metadata"]["resourceVersion"] = scale["metadata"]["resourceVersion"].clone();
    world.replace(by, resource, Part::Main, new)
}
