//! Reading stored objects: names, labels, owners, and the label selector of a `LabelSelector` or a plain map.

use serde_json::{Map, Value, json};

use crate::resource::Resource;

/// The value at a JSON pointer without escapes. Most of what the simulator does is to read objects, and
/// `Value::pointer` makes two strings of each step, in case that it has escapes.
pub(crate) fn at<'a>(object: &'a Value, pointer: &str) -> Option<&'a Value> {
    let Some(path) = pointer.strip_prefix('/') else { return Some(object).filter(|_| pointer.is_empty()) };
    path.split('/').try_fold(object, |value, step| match value {
        Value::Array(list) => list.get(step.parse::<usize>().ok()?),
        other => member(other, step),
    })
}

/// So many keys are sooner compared than one is hashed.
const FEW: usize = 16;

/// The value of a key, if it is an object that has it.
pub(crate) fn member<'a>(object: &'a Value, key: &str) -> Option<&'a Value> {
    entry(object.as_object()?, key)
}

/// The same of an object's entries.
pub(crate) fn entry<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    if map.len() > FEW {
        return map.get(key);
    }
    map.iter().find(|(known, _)| *known == key).map(|(_, value)| value)
}

/// Whether two values are equal. Most of those that are compared are states of one object, whose keys come in the
/// same order, so that none has to be looked for.
pub(crate) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().zip(b).all(|((key, value), (other, beside))| {
                    if key == other {
                        equal(value, beside)
                    } else {
                        entry(b, key).is_some_and(|b| equal(value, b))
                    }
                })
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (a, b) => a == b,
    }
}

/// The same of values that may be absent.
pub(crate) fn equal_parts(a: Option<&Value>, b: Option<&Value>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => equal(a, b),
        (a, b) => a.is_none() && b.is_none(),
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
    text(object, "/metadata/name")
}

/// Empty for a cluster-scoped object.
pub(crate) fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

pub(crate) fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

/// One label's value.
pub(crate) fn label<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    member(at(object, "/metadata/labels")?, key)?.as_str()
}

/// One annotation's value.
pub(crate) fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    member(at(object, "/metadata/annotations")?, key)?.as_str()
}

/// Whether deletion has been asked for.
pub(crate) fn deleting(object: &Value) -> bool {
    at(object, "/metadata/deletionTimestamp").is_some()
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
    fn pointers_lead_where_those_of_the_library_lead() {
        let value = json!({"a": [{"b": 1}, 2], "": {"c": null}, "n": 3});
        for pointer in ["", "/a", "/a/0/b", "/a/1", "/a/2", "/a/x", "/n/x", "/", "//c", "/a/0/b/c", "a"] {
            assert_eq!(at(&value, pointer), value.pointer(pointer), "{pointer}");
        }
    }

    #[test]
    fn values_are_equal_where_those_of_the_library_are() {
        let values = [
            json!({"a": 1, "b": [1, {"c": null}]}),
            json!({"b": [1, {"c": null}], "a": 1}),
            json!({"a": 1, "b": [1, {"c": 0}]}),
            json!({"a": 1, "c": [1, {"c": null}]}),
            json!({"a": 1}),
            json!([]),
            json!([1, 2]),
            json!([2, 1]),
            json!(null),
        ];
        for (a, b) in values.iter().flat_map(|a| values.iter().map(move |b| (a, b))) {
            assert_eq!(equal(a, b), a == b, "{a} {b}");
        }
        assert!(equal_parts(None, None) && !equal_parts(None, Some(&json!(null))));
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
