//! Strategic merge patches of built-in kinds: lists merge by the merge keys that the published schemas name.

use crate::json::{Map, Value};

use crate::schema::{self, Schema};

const DIRECTIVE: &str = "$patch";
const RETAIN: &str = "$retainKeys";
const ORDER: &str = "$setElementOrder/";
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";

/// Applies `patch` to a whole object of the kind with this schema.
pub(crate) fn patch(schema: &'static Schema, current: &mut Value, patch: &Value) {
    merge(schema, true, current, patch);
}

fn below(schema: &'static Schema, root: bool, name: &str) -> &'static Schema {
    let found = if root { schema::top(schema, name) } else { schema.field(name) };
    found.unwrap_or_else(schema::open)
}

fn directive(value: &Value) -> Option<&str> {
    value.get(DIRECTIVE).and_then(Value::as_str)
}

fn merge(schema: &'static Schema, root: bool, current: &mut Value, patch: &Value) {
    let Some(fields) = patch.as_object() else {
        *current = patch.clone();
        return;
    };
    if directive(patch) == Some("replace") || !current.is_object() {
        *current = plain(patch);
        return;
    }
    let Some(map) = current.as_object_mut() else { return };
    if let Some(kept) = fields.get(RETAIN).and_then(Value::as_array) {
        map.retain(|name, _| kept.iter().any(|k| *k == **name));
    }
    for (name, value) in fields.iter().filter(|(name, _)| !name.starts_with('$')) {
        let inner = below(schema, root, name);
        match value {
            Value::Null => {
                map.shift_remove(name);
            }
            Value::Object(_) if directive(value) == Some("delete") => {
                map.shift_remove(name);
            }
            Value::Array(items) if inner.merges() && map.get(name).is_some_and(Value::is_array) => {
                if let Some(Value::Array(list)) = map.get_mut(name) {
                    merge_list(inner, list, items);
                }
            }
            Value::Object(_) if map.get(name).is_some_and(Value::is_object) => {
                if let Some(old) = map.get_mut(name) {
                    merge(inner, false, old, value);
                }
            }
            other => {
                map.insert(name.clone(), plain(other));
            }
        }
    }
    for (name, value) in fields {
        if let Some((field, gone)) = name.strip_prefix(DELETE_FROM).zip(value.as_array())
            && let Some(Value::Array(list)) = map.get_mut(field)
        {
            list.retain(|item| !gone.contains(item));
        }
        if let Some((field, order)) = name.strip_prefix(ORDER).zip(value.as_array())
            && let Some(Value::Array(list)) = map.get_mut(field)
        {
            let inner = below(schema, root, field);
            arrange(list, order, inner.merge_key.as_deref());
        }
    }
}

fn merge_list(schema: &'static Schema, list: &mut Vec<Value>, items: &[Value]) {
    let Some(key) = schema.merge_key.as_deref() else {
        let new: Vec<Value> = items.iter().filter(|item| !list.contains(item)).cloned().collect();
        list.extend(new);
        return;
    };
    if items.iter().any(|item| directive(item) == Some("replace")) {
        *list = items.iter().filter(|item| directive(item).is_none()).map(plain).collect();
        return;
    }
    for item in items {
        let same = |old: &Value| old.get(key).is_some() && old.get(key) == item.get(key);
        if directive(item) == Some("delete") {
            list.retain(|old| !same(old));
        } else if let Some(old) = list.iter_mut().find(|old| same(old)) {
            merge(schema.item(), false, old, item);
        } else {
            list.push(plain(item));
        }
    }
}

/// Puts the items that `order` names into its order, in the places that they hold together.
fn arrange(list: &mut [Value], order: &[Value], key: Option<&str>) {
    let rank = |item: &Value| {
        order.iter().position(|o| match key {
            Some(key) => o.get(key).is_some() && o.get(key) == item.get(key),
            None => o == item,
        })
    };
    let places: Vec<usize> = (0..list.len()).filter(|i| rank(&list[*i]).is_some()).collect();
    let mut named: Vec<Value> = places.iter().map(|i| list[*i].clone()).collect();
    named.sort_by_key(|item| rank(item));
    for (place, item) in places.into_iter().zip(named) {
        list[place] = item;
    }
}

/// A patch's value as it is stored where nothing was: without directives and nulls.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(name, v)| !name.starts_with('$') && !v.is_null());
            Value::Object(kept.map(|(name, v)| (name.clone(), plain(v))).collect::<Map>())
        }
        Value::Array(list) => {
            Value::Array(list.iter().filter(|v| directive(v) != Some("delete")).map(plain).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;
    use crate::resource::Resource;

    #[test]
    fn directives_and_merge_keys() {
        let pod = json!({"spec": {"containers": [{"name": "a", "image": "x:1"}, {"name": "b", "image": "y:1"}]},
            "metadata": {"labels": {"k": "v", "old": "v"}, "finalizers": ["one"]}});
        let cases = [
            (
                json!({"spec": {"containers": [{"name": "b", "image": "y:2"}]}}),
                "/spec/containers",
                json!([{"name": "a", "image": "x:1"}, {"name": "b", "image": "y:2"}]),
            ),
            (
                json!({"spec": {"containers": [{"name": "a", "$patch": "delete"}, {"name": "c", "image": "z"}]}}),
                "/spec/containers",
                json!([{"name": "b", "image": "y:1"}, {"name": "c", "image": "z"}]),
            ),
            (
                json!({"spec": {"containers": [{"$patch": "replace"}, {"name": "c"}]}}),
                "/spec/containers",
                json!([{"name": "c"}]),
            ),
            (
                json!({"spec": {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}}),
                "/spec/containers",
                json!([{"name": "b", "image": "y:1"}, {"name": "a", "image": "x:1"}]),
            ),
            (
                json!({"metadata": {"labels": {"old": null, "new": "n"}}}),
                "/metadata/labels",
                json!({"k": "v", "new": "n"}),
            ),
            (
                json!({"metadata": {"labels": {"$patch": "replace", "x": "y"}}}),
                "/metadata/labels",
                json!({"x": "y"}),
            ),
            (json!({"metadata": {"labels": {"$retainKeys": ["k"]}}}), "/metadata/labels", json!({"k": "v"})),
            (
                json!({"metadata": {"finalizers": ["two"], "$deleteFromPrimitiveList/finalizers": ["one"]}}),
                "/metadata/finalizers",
                json!(["two"]),
            ),
        ];
        for (change, at, want) in cases {
            let mut current = pod.clone();
            patch(schema::of(Resource::Pod), &mut current, &change);
            assert_eq!(current.pointer(at), Some(&want), "{change}");
        }
    }
}
