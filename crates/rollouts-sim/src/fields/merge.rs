//! Merging an applied configuration into the live object, and taking out what its manager no longer states.

use crate::json::{Map, Text, Value};

use super::set::{Set, below, item};
use super::step::Step;
use crate::schema::{ListType, Schema};

/// `live` with everything that `applied` states.
pub(crate) fn merge(schema: &'static Schema, live: &Value, applied: &Value, root: bool) -> Value {
    match (live, applied) {
        (Value::Object(live), Value::Object(applied)) if !schema.atomic_map() => {
            let mut merged = live.clone();
            for (name, value) in applied {
                let inner = merged.get(name).unwrap_or(&Value::Null);
                let inner = merge(below(schema, root, name), inner, value, false);
                merged.insert(name.clone(), inner);
            }
            Value::Object(merged)
        }
        (Value::Array(live), Value::Array(applied)) if schema.list_type() != ListType::Atomic => {
            merge_lists(schema, live, applied).into()
        }
        _ => applied.clone(),
    }
}

/// Items of `live` that `applied` does not name keep their place; those that it names come in its order.
fn merge_lists(schema: &'static Schema, live: &[Value], applied: &[Value]) -> Vec<Value> {
    let merged_item = |new: &Value| {
        let old = live.iter().find(|old| item(schema, old) == item(schema, new));
        old.map_or_else(|| new.clone(), |old| merge(schema.item(), old, new, false))
    };
    let mut merged = Vec::new();
    let mut rest = applied.iter().peekable();
    for old in live {
        let step = item(schema, old);
        let named = applied.iter().any(|new| item(schema, new) == step);
        if !named {
            merged.push(old.clone());
            continue;
        }
        let ahead = rest.clone().any(|new| item(schema, new) == step);
        while ahead && let Some(new) = rest.next() {
            merged.push(merged_item(new));
            if item(schema, new) == step {
                break;
            }
        }
    }
    merged.extend(rest.map(merged_item));
    merged
}

/// Takes the paths in `gone` out of `value`. What becomes empty by that goes too, unless `kept` owns it.
pub(crate) fn prune(schema: &'static Schema, value: &mut Value, gone: &Set, kept: &Set, root: bool) {
    let none = Set::default();
    match value {
        Value::Object(map) => {
            let names: Vec<Text> = map.keys().cloned().collect();
            for name in names {
                let step = Step::Field(name.clone());
                let Some(gone) = gone.children.get(&step) else { continue };
                let kept = kept.children.get(&step).unwrap_or(&none);
                if prune_entry(below(schema, root, &name), map.get_mut(&name), gone, kept) {
                    map.shift_remove(&name);
                }
            }
        }
        Value::Array(list) => list.retain_mut(|entry| {
            let Some(step) = item(schema, entry) else { return true };
            let Some(gone) = gone.children.get(&step) else { return true };
            let kept = kept.children.get(&step).unwrap_or(&none);
            !prune_entry(schema.item(), Some(entry), gone, kept)
        }),
        _ => {}
    }
}

/// Prunes below one entry; says whether the entry itself goes.
fn prune_entry(schema: &'static Schema, value: Option<&mut Value>, gone: &Set, kept: &Set) -> bool {
    let Some(value) = value else { return false };
    if gone.member && kept.is_empty() {
        return true;
    }
    prune(schema, value, gone, kept, false);
    let empty = value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty);
    empty && kept.is_empty()
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;
    use crate::resource::Resource;
    use crate::schema;

    #[test]
    fn lists_merge_by_key_and_keep_foreign_items() {
        let live = json!({"spec": {"ports": [{"port": 1, "protocol": "TCP", "name": "a"}, {"port": 2, "name": "b"}]}});
        let applied = json!({"spec": {"ports": [{"port": 3, "name": "c"}, {"port": 2, "name": "new"}]}});
        let merged = merge(schema::of(Resource::Service), &live, &applied, true);
        let names: Vec<&str> =
            merged["spec"]["ports"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["a", "c", "new"]);
    }

    #[test]
    fn pruning_leaves_what_others_own() {
        let schema = schema::of(Resource::ConfigMap);
        let mut value = json!({"data": {"a": "1", "b": "2"}, "metadata": {"labels": {"x": "y"}}});
        let gone = Set::from_value(&json!({"f:data": {"f:a": {}}, "f:metadata": {"f:labels": {"f:x": {}}}}));
        prune(schema, &mut value, &gone, &Set::from_value(&json!({"f:data": {"f:b": {}}})), true);
        assert_eq!(value, json!({"data": {"b": "2"}}));
    }
}
