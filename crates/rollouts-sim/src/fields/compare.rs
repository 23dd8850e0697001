//! What two states of an object differ in, as sets of paths.

use serde_json::Value;

use super::set::{Set, Step, below, field, item};
use crate::resource::Resource;
use crate::schema::{self, ListType, Schema};

/// The paths whose values were set or changed, and those that went.
#[derive(Debug, Default)]
pub(crate) struct Difference {
    pub(crate) set: Set,
    pub(crate) removed: Set,
}

/// Compares `old` and `new` by their schema: atomic lists and maps count as one value.
pub(crate) fn compare(resource: Resource, old: &Value, new: &Value) -> Difference {
    let mut walk = Walk { resource, path: Vec::new(), out: Difference::default() };
    walk.values(schema::of(resource), Some(old), Some(new));
    walk.out
}

/// The same for the status alone.
pub(crate) fn compare_status(resource: Resource, old: &Value, new: &Value) -> Difference {
    let mut walk = Walk { resource, path: Vec::new(), out: Difference::default() };
    let schema = below(schema::of(resource), true, "status");
    walk.step(|| field("status"), schema, old.get("status"), new.get("status"));
    walk.out
}

/// A walk through two objects side by side.
struct Walk {
    resource: Resource,
    path: Vec<Step>,
    out: Difference,
}

impl Walk {
    fn values(&mut self, schema: &'static Schema, old: Option<&Value>, new: Option<&Value>) {
        let Some(new) = new else {
            self.out.removed.at(&self.path).member = true;
            self.inside(schema, old, None);
            return;
        };
        let granular = self.inside(schema, old, Some(new));
        // A list or map that was not there is owned itself too, beside what is in it.
        if !granular || (old.is_none() && !always_there(self.resource, &self.path)) {
            self.out.set.at(&self.path).member = true;
        }
    }

    /// Goes into the members of an object or list that merges; says whether there was one.
    fn inside(&mut self, schema: &'static Schema, old: Option<&Value>, new: Option<&Value>) -> bool {
        match old.or(new) {
            Some(Value::Object(_)) if !schema.atomic_map() => {
                let (before, after) = (old.and_then(Value::as_object), new.and_then(Value::as_object));
                if new.is_some() && after.is_none() {
                    return false;
                }
                let root = self.path.is_empty();
                let is_new = |name: &str| before.is_none_or(|b| !b.contains_key(name));
                let added = after.into_iter().flatten().filter(|(name, _)| is_new(name));
                for (name, _) in before.into_iter().flatten().chain(added) {
                    let (o, n) = (before.and_then(|b| b.get(name)), after.and_then(|a| a.get(name)));
                    self.step(|| field(name), below(schema, root, name), o, n);
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
                    self.step(|| step.clone(), schema.item(), find(&before, step), find(&after, step));
                }
                true
            }
            _ => false,
        }
    }

    fn step(
        &mut self,
        step: impl FnOnce() -> Step,
        schema: &'static Schema,
        old: Option<&Value>,
        new: Option<&Value>,
    ) {
        if old == new {
            return;
        }
        self.path.push(step());
        self.values(schema, old, new);
        self.path.pop();
    }
}

/// The parts that are never absent in a built-in kind's Go type, so that nobody owns them by adding them. Custom
/// resources have no such parts.
fn always_there(resource: Resource, path: &[Step]) -> bool {
    let spelled: Vec<&str> = path.iter().map(|step| step.trim_start_matches("f:")).collect();
    match spelled.as_slice() {
        [] | ["metadata"] => true,
        _ if resource.info().custom => false,
        ["spec" | "status"] | [.., "template" | "containers"] | [.., "template", "metadata" | "spec"] => true,
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

    #[test]
    fn differences() {
        let old = json!({"spec": {"replicas": 1, "template": {"spec": {"containers": [
            {"name": "a", "image": "x:1"}, {"name": "b", "image": "y:1"}]}}}});
        let new = json!({"spec": {"replicas": 2, "paused": true, "template": {"spec": {"containers": [
            {"name": "a", "image": "x:2"}]}}}});
        let found = compare(Resource::Rollout, &old, &new);
        let image = ".spec.template.spec.containers[name=\"a\"].image";
        assert_eq!(found.set.paths(), [".spec.paused", ".spec.replicas", image]);
        let gone = ".spec.template.spec.containers[name=\"b\"]";
        assert_eq!(found.removed.paths(), [gone.to_owned(), format!("{gone}.image"), format!("{gone}.name")]);
    }
}
