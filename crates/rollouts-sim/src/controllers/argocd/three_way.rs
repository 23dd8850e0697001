//! The patch of a client-side apply: what is stated now, and what was stated last time and is stated no more.
//!
//! Fields that nobody ever stated here are left as they are, which is how the Rollouts controller's label stays in a
//! Service's selector. Kinds of Kubernetes merge lists by their keys; custom resources replace them.

use crate::json::{Map, Value, json};

use crate::resource::Resource;
use crate::schema::{self, Schema};

/// The patch that brings an object from `last` to `now`.
pub(super) fn patch(resource: Resource, last: &Value, now: &Value) -> Value {
    let merges = (!resource.info().custom).then(|| schema::of(resource));
    object(merges, true, last, now)
}

/// What is stated in an object, with null for what is gone.
fn object(merges: Option<&'static Schema>, root: bool, last: &Value, now: &Value) -> Value {
    let (Some(before), Some(after)) = (last.as_object(), now.as_object()) else { return now.clone() };
    let mut patch = Map::new();
    for (name, value) in after {
        let below = merges.map(|schema| field(schema, root, name));
        let value = match (before.get(name), value) {
            (Some(old), Value::Object(_)) => object(below, false, old, value),
            (Some(Value::Array(old)), Value::Array(new)) => list(below, old, new),
            _ => value.clone(),
        };
        patch.insert(name.clone(), value);
    }
    for name in before.keys().filter(|name| !after.contains_key(name)) {
        patch.insert(name.clone(), Value::Null);
    }
    Value::Object(patch)
}

fn field(schema: &'static Schema, root: bool, name: &str) -> &'static Schema {
    let found = if root { schema::top(schema, name) } else { schema.field(name) };
    found.unwrap_or_else(schema::open)
}

/// The items that are stated, and for each that is gone the order to delete it.
fn list(schema: Option<&'static Schema>, last: &[Value], now: &[Value]) -> Value {
    let Some(schema) = schema.filter(|schema| schema.merges()) else { return json!(now) };
    // Lists of plain values have no key; what is gone from them stays, as there is no order to take it by here.
    let Some(key) = schema.merge_key.as_deref() else { return json!(now) };
    let same =
        |items: &[Value], one: &Value| items.iter().find(|item| item.get(key) == one.get(key)).cloned();
    let mut patch: Vec<Value> = now
        .iter()
        .map(|item| {
            same(last, item)
                .map_or_else(|| item.clone(), |old| object(Some(schema.item()), false, &old, item))
        })
        .collect();
    let gone = last.iter().filter(|item| same(now, item).is_none());
    patch.extend(gone.map(|item| json!({"$patch": "delete", key: item[key]})));
    patch.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stated_no_more_goes_and_the_rest_stays() {
        let port = |name: &str, port: i64| json!({"name": name, "port": port});
        let last =
            json!({"spec": {"selector": {"app": "a", "old": "1"}, "ports": [port("a", 1), port("b", 2)]}});
        let now = json!({"spec": {"selector": {"app": "b"}, "ports": [port("a", 1)]}});
        let patch = |resource| patch(resource, &last, &now);
        let gone = json!({"$patch": "delete", "port": 2});
        let spec = &patch(Resource::Service)["spec"];
        assert_eq!(spec["selector"], json!({"app": "b", "old": null}));
        assert_eq!(spec["ports"], json!([port("a", 1), gone]));
        assert_eq!(patch(Resource::Rollout)["spec"]["ports"], now["spec"]["ports"]);
    }
}
