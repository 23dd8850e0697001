//! What two states of an object differ in, as sets of paths.

use crate::json::{Text, Value};

use super::set::{Set, below, item};
use super::step::Step;
use crate::resource::Resource;
use crate::schema::{self, ListType, Schema, same_item};

/// The paths whose values were set or changed, and those that went.
#[derive(Debug, Default)]
pub(crate) struct Difference {
    pub(crate) set: Set,
    pub(crate) removed: Set,
}

/// Compares `old` (null for none) and `new` by their schema: atomic lists and maps count as one value.
pub(crate) fn compare(resource: Resource, old: &Value, new: &Value) -> Difference {
    let old = Some(old).filter(|old| !old.is_null());
    let nothing = Value::Object(crate::json::Map::new());
    let mut walk = Walk { resource, path: Vec::new() };
    walk.values(schema::of(resource), Some(old.unwrap_or(&nothing)), Some(new))
}

static STATUS: Text = Text::Own("status");

/// The same for the status alone.
pub(crate) fn compare_status(resource: Resource, old: &Value, new: &Value) -> Difference {
    let mut walk = Walk { resource, path: Vec::new() };
    let schema = below(schema::of(resource), true, "status");
    let mut found = Difference::default();
    walk.field(&mut found, &STATUS, schema, old.get("status"), new.get("status"));
    found
}

impl Difference {
    /// Takes in what was found below a step.
    fn put(&mut self, step: Step, inner: Difference) {
        let there = |found: &Set| found.member || !found.children.is_empty();
        if there(&inner.removed) {
            self.removed.children.insert(step.clone(), inner.removed);
        }
        if there(&inner.set) {
            self.set.children.insert(step, inner.set);
        }
    }
}

/// A walk through two objects side by side.
struct Walk<'a> {
    resource: Resource,
    /// The fields that lead here; the items of lists have no names.
    path: Vec<&'a str>,
}

impl<'a> Walk<'a> {
    fn values(
        &mut self,
        schema: &'static Schema,
        old: Option<&'a Value>,
        new: Option<&'a Value>,
    ) -> Difference {
        let mut found = Difference::default();
        let granular = self.inside(schema, old, new, &mut found);
        if new.is_none() {
            found.removed.member = true;
        } else if !granular || (old.is_none() && !always_there(self.resource, &self.path)) {
            // A list or map that was not there is owned itself too, beside what is in it.
            found.set.member = true;
        }
        found
    }

    /// Goes into the members of an object or list that merges; says whether there was one.
    fn inside(
        &mut self,
        schema: &'static Schema,
        old: Option<&'a Value>,
        new: Option<&'a Value>,
        found: &mut Difference,
    ) -> bool {
        match old.or(new) {
            Some(Value::Object(_)) if !schema.atomic_map() => {
                let (before, after) = (old.and_then(Value::as_object), new.and_then(Value::as_object));
                if new.is_some() && after.is_none() {
                    return false;
                }
                let root = self.path.is_empty();
                for (name, value) in before.into_iter().flatten() {
                    let now = after.and_then(|after| after.get(name));
                    self.field(found, name, below(schema, root, name), Some(value), now);
                }
                let is_new = |name: &str| before.is_none_or(|before| !before.contains_key(name));
                for (name, value) in after.into_iter().flatten().filter(|(name, _)| is_new(name)) {
                    self.field(found, name, below(schema, root, name), None, Some(value));
                }
                true
            }
            Some(Value::Array(_)) if schema.list_type() != ListType::Atomic => {
                if new.is_some_and(|n| !n.is_array()) {
                    return false;
                }
                let items =
                    |list: Option<&'a Value>| list.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                let (before, after) = (items(old), items(new));
                let find =
                    |list: &'a [Value], one: &Value| list.iter().find(|item| same_item(schema, item, one));
                // Most lists differ in one item, or in their last ones.
                let alike = before.iter().zip(after).take_while(|(before, after)| before == after).count();
                let added = after[alike..].iter().filter(|one| find(before, one).is_none());
                for one in before[alike..].iter().chain(added) {
                    let (o, n) = (find(before, one), find(after, one));
                    if o != n
                        && let Some(step) = item(schema, one)
                    {
                        self.path.push("");
                        found.put(step, self.values(schema.item(), o, n));
                        self.path.pop();
                    }
                }
                true
            }
            _ => false,
        }
    }

    fn field(
        &mut self,
        found: &mut Difference,
        name: &'a Text,
        schema: &'static Schema,
        old: Option<&'a Value>,
        new: Option<&'a Value>,
    ) {
        if old != new {
            self.path.push(name);
            found.put(Step::Field(name.clone()), self.values(schema, old, new));
            self.path.pop();
        }
    }
}

/// The parts that are never absent in a built-in kind's Go type, so that nobody owns them by adding them. Custom
/// resources have no such parts.
fn always_there(resource: Resource, path: &[&str]) -> bool {
    match path {
        [] | ["metadata"] => true,
        _ if resource.info().custom => false,
        ["spec" | "status"] | [.., "template" | "containers"] | [.., "template", "metadata" | "spec"] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::json::json;

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
