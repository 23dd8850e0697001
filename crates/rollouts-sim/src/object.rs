//! Reading stored objects: names, labels, owners, and the label selector of a `LabelSelector` or a plain map.

use crate::json::{Value, json};

use crate::resource::Resource;

/// The value at a JSON pointer of plain steps. Most of what the simulator does is to read objects.
pub(crate) fn at<'a>(object: &'a Value, pointer: &str) -> Option<&'a Value> {
    let Some(mut rest) = pointer.strip_prefix('/') else {
        return Some(object).filter(|_| pointer.is_empty());
    };
    let mut found = object;
    loop {
        let (inner, after) = match found {
            Value::Object(members) => members.step(rest)?,
            Value::Array(items) => {
                let (step, after) =
                    rest.split_once('/').map_or((rest, None), |(step, after)| (step, Some(after)));
                (items.get(step.parse::<usize>().ok()?)?, after)
            }
            _ => return None,
        };
        found = inner;
        match after {
            Some(after) => rest = after,
            None => return Some(found),
        }
    }
}

/// The string at a JSON pointer, or empty.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    at(object, pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The integer at a JSON pointer, or `default`.
pub(crate) fn number(object: &Value, pointer: &str, default: i64) -> i64 {
    at(object, pointer).and_then(Value::as_i64).unwrap_or(default)
}

/// The items of the array at a JSON pointer; nothing when it is absent.
pub(crate) fn items<'a>(object: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    at(object, pointer).and_then(Value::as_array).into_iter().flatten()
}

pub(crate) fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

/// Empty for a cluster-scoped object.
pub(crate) fn namespace(object: &Value) -> &str {
    object["metadata"]["namespace"].as_str().unwrap_or_default()
}

pub(crate) fn uid(object: &Value) -> &str {
    object["metadata"]["uid"].as_str().unwrap_or_default()
}

/// One label's value.
pub(crate) fn label<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object["metadata"]["labels"].get(key)?.as_str()
}

/// One annotation's value.
pub(crate) fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object["metadata"]["annotations"].get(key)?.as_str()
}

/// Whether deletion has been asked for.
pub(crate) fn deleting(object: &Value) -> bool {
    object["metadata"].get("deletionTimestamp").is_some()
}

/// The owner reference whose `controller` is true.
pub(crate) fn controller(object: &Value) -> Option<&Value> {
    items(object, "/metadata/ownerReferences").find(|o| o["controller"] == true)
}

/// Whether the object with this uid controls `object`.
pub(crate) fn controlled_by(object: &Value, uid: &str) -> bool {
    controller(object).is_some_and(|owner| owner["uid"] == uid)
}

/// A controller owner reference to `owner`, as `ownerReferences` holds it.
pub(crate) fn owner_reference(resource: Resource, owner: &Value) -> Value {
    json!({
        "apiVersion": resource.api_version(), "kind": resource.info().kind, "name": name(owner), "uid": uid(owner),
        "controller": true, "blockOwnerDeletion": true,
    })
}

/// Whether `labels` (an object or null) satisfy a plain selector map, as a Service has it. An empty or absent
/// selector selects nothing.
pub(crate) fn selected_by_map(selector: &Value, labels: &Value) -> bool {
    selector
        .as_object()
        .is_some_and(|want| !want.is_empty() && want.iter().all(|(k, v)| labels.get(k) == Some(v)))
}

/// Whether `labels` satisfy a `LabelSelector` (`matchLabels` and `matchExpressions`). An absent selector selects
/// nothing, an empty one everything.
pub(crate) fn selected_by(selector: &Value, labels: &Value) -> bool {
    if !selector.is_object() {
        return false;
    }
    let equal = selector["matchLabels"]
        .as_object()
        .is_none_or(|want| want.iter().all(|(key, value)| labels.get(key) == Some(value)));
    equal && items(selector, "/matchExpressions").all(|e| expression_holds(e, labels))
}

fn expression_holds(expression: &Value, labels: &Value) -> bool {
    let value = labels.get(expression["key"].as_str().unwrap_or_default());
    let among = || items(expression, "/values").any(|v| Some(v) == value);
    match expression["operator"].as_str() {
        Some("In") => among(),
        Some("NotIn") => !among(),
        Some("Exists") => value.is_some(),
        Some("DoesNotExist") => value.is_none(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_pointers_lead_where_others_lead() {
        let value = json!({"a/0": 4, "a": [{"b": 1}, 2], "": {"c": null}, "n": 3});
        for pointer in
            ["", "/a", "/a/0/b", "/a/1", "/a/2", "/a/x", "/n/x", "/", "//c", "/a/0/b/c", "a", "/a/0"]
        {
            assert_eq!(at(&value, pointer), value.pointer(pointer), "{pointer}");
        }
    }

    #[test]
    fn selectors() {
        let labels = json!({"app": "a", "tier": "web"});
        let cases = [
            (json!(null), false),
            (json!({}), true),
            (json!({"matchLabels": {"app": "a"}}), true),
            (json!({"matchLabels": {"app": "b"}}), false),
            (json!({"matchExpressions": [{"key": "app", "operator": "In", "values": ["a", "b"]}]}), true),
            (json!({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["a"]}]}), false),
            (json!({"matchExpressions": [{"key": "new", "operator": "NotIn", "values": ["a"]}]}), true),
            (json!({"matchExpressions": [{"key": "new", "operator": "Exists"}]}), false),
            (json!({"matchExpressions": [{"key": "new", "operator": "DoesNotExist"}]}), true),
        ];
        for (selector, want) in cases {
            assert_eq!(selected_by(&selector, &labels), want, "{selector}");
        }
        assert!(!selected_by_map(&json!({}), &labels));
        assert!(selected_by_map(&json!({"app": "a"}), &labels));
    }
}
