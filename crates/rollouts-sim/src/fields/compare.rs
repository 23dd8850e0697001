//! What two states of an object differ in, as sets of paths.

use serde_json::Value;

use super::set::{Set, Step, below, field, item};
use crate::schema::{ListType, Schema};

/// The paths whose values were set or changed, and those that went.
#[derive(Debug, Default)]
pub(crate) struct Difference {
    pub(crate) set: Set,
    pub(crate) removed: Set,
}

/// Compares `old` and `new` by their schema: atomic lists and maps count as one value.
pub(crate) fn compare(schema: &'static Schema, old: &Value, new: &Value) -> Difference {
    let mut difference = Difference::default();
    walk(schema, Some(old), Some(new), &mut Vec::new(), &mut difference);
    difference
}

fn walk(
    schema: &'static Schema,
    old: Option<&Value>,
    new: Option<&Value>,
    path: &mut Vec<Step>,
    out: &mut Difference,
) {
    if old == new {
        return;
    }
    let Some(new) = new else {
        out.removed.at(path).member = true;
        if let Some(old) = old {
            inside(schema, Some(old), None, path, out);
        }
        return;
    };
    let granular = inside(schema, old, Some(new), path, out);
    // A list or map that was not there is owned itself too, beside what is in it.
    if !granular || (old.is_none() && !plain_struct(path)) {
        out.set.at(path).member = true;
    }
}

/// The parts that are never absent in a built-in kind's Go type, so that nobody owns them by adding them.
fn plain_struct(path: &[Step]) -> bool {
    path.len() < 2
        || matches!(path.last().map(String::as_str), Some("f:template"))
        || path.ends_with(&["f:template".into(), "f:spec".into()])
}

/// Goes into the members of an object or list that merges; says whether there was one.
fn inside(
    schema: &'static Schema,
    old: Option<&Value>,
    new: Option<&Value>,
    path: &mut Vec<Step>,
    out: &mut Difference,
) -> bool {
    match old.or(new) {
        Some(Value::Object(_)) if !schema.atomic_map() => {
            let (before, after) = (old.and_then(Value::as_object), new.and_then(Value::as_object));
            if new.is_some() && after.is_none() {
                return false;
            }
            let root = path.is_empty();
            let added =
                after.into_iter().flatten().filter(|(k, _)| before.is_none_or(|b| !b.contains_key(*k)));
            let names = before.into_iter().flatten().chain(added).map(|(name, _)| name);
            for name in names {
                let (o, n) = (before.and_then(|b| b.get(name)), after.and_then(|a| a.get(name)));
                path.push(field(name));
                walk(below(schema, root, name), o, n, path, out);
                path.pop();
            }
            true
        }
        Some(Value::Array(_)) if schema.list_type() != ListType::Atomic => {
            let (before, after) = (steps(schema, old), steps(schema, new));
            if new.is_some_and(|n| !n.is_array()) {
                return false;
            }
            let added = after.iter().filter(|(step, _)| find(&before, step).is_none());
            for (step, _) in before.iter().chain(added) {
                path.push(step.clone());
                walk(schema.item(), find(&before, step), find(&after, step), path, out);
                path.pop();
            }
            true
        }
        _ => false,
    }
}

fn steps<'a>(schema: &'static Schema, list: Option<&'a Value>) -> Vec<(Step, &'a Value)> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|entry| Some((item(schema, entry)?, entry))).collect()
}

fn find<'a>(steps: &[(Step, &'a Value)], step: &str) -> Option<&'a Value> {
    steps.iter().find(|(s, _)| s == step).map(|(_, v)| *v)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resource::Resource;
    use crate::schema;

    #[test]
    fn differences() {
        let old = json!({"spec": {"replicas": 1, "template": {"spec": {"containers": [
            {"name": "a", "image": "x:1"}, {"name": "b", "image": "y:1"}]}}}});
        let new = json!({"spec": {"replicas": 2, "paused": true, "template": {"spec": {"containers": [
            {"name": "a", "image": "x:2"}]}}}});
        let found = compare(schema::of(Resource::Rollout), &old, &new);
        let image = ".spec.template.spec.containers[name=\"a\"].image";
        assert_eq!(found.set.paths(), [".spec.paused", ".spec.replicas", image]);
        let gone = ".spec.template.spec.containers[name=\"b\"]";
        assert_eq!(found.removed.paths(), [gone.to_owned(), format!("{gone}.image"), format!("{gone}.name")]);
    }
}
