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
    let found = walk.field(&STATUS, schema, old.get("status"), new.get("status"));
    Difference::below(found.into_iter().collect())
}

impl Difference {
    /// What was found below a node, by its steps.
    fn below(found: Vec<(Step, Difference)>) -> Difference {
        let there = |found: &Set| found.member || !found.children.is_empty();
        let (mut set, mut removed) = (Vec::new(), Vec::new());
        for (step, inner) in found {
            if there(&inner.removed) {
                removed.push((step.clone(), inner.removed));
            }
            if there(&inner.set) {
                set.push((step, inner.set));
            }
        }
        let node =
            |children: Vec<(Step, Set)>| Set { member: false, children: children.into_iter().collect() };
        Difference { set: node(set), removed: node(removed) }
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
        let inside = self.inside(schema, old, new);
        let granular = inside.is_some();
        let mut found = inside.unwrap_or_default();
        if new.is_none() {
            found.removed.member = true;
        } else if !granular || (old.is_none() && !always_there(self.resource, &self.path)) {
            // A list or map that was not there is owned itself too, beside what is in it.
            found.set.member = true;
        }
        found
    }

    /// What differs among the members of an object or list that merges; `None` where there is none.
    fn inside(
        &mut self,
        schema: &'static Schema,
        old: Option<&'a Value>,
        new: Option<&'a Value>,
    ) -> Option<Difference> {
        let mut found = Vec::new();
        match old.or(new) {
            Some(Value::Object(_)) if !schema.atomic_map() => {
                let (before, after) = (old.and_then(Value::as_object), new.and_then(Value::as_object));
                if new.is_some() && after.is_none() {
                    return None;
                }
                let root = self.path.is_empty();
                for (name, value) in before.into_iter().flatten() {
                    let now = after.and_then(|after| after.get(name));
                    found.extend(self.field(name, below(schema, root, name), Some(value), now));
                }
                let is_new = |name: &str| before.is_none_or(|before| !before.contains_key(name));
                for (name, value) in after.into_iter().flatten().filter(|(name, _)| is_new(name)) {
                    found.extend(self.field(name, below(schema, root, name), None, Some(value)));
                }
                Some(Difference::below(found))
            }
            Some(Value::Array(_)) if schema.list_type() != ListType::Atomic => {
                if new.is_some_and(|n| !n.is_array()) {
                    return None;
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
                        found.push((step, self.values(schema.item(), o, n)));
                        self.path.pop();
                    }
                }
                Some(Difference::below(found))
            }
            _ => None,
        }
    }

    /// What differs below a field, if anything does.
    fn field(
        &mut self,
        name: &'a Text,
        schema: &'static Schema,
        old: Option<&'a Value>,
        new: Option<&'a Value>,
    ) -> Option<(Step, Difference)> {
        if old == new {
            return None;
        }
        self.path.push(name);
        let found = self.values(schema, old, new);
        self.path.pop();
        Some((Step::Field(name.clone()), found))
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

    #[test]
    fn very_many_differences_in_no_order() {
        let many = 100_000;
        let data = |stride: usize| -> Value {
            let members = (0..many).map(|member| (format!("{:06}", member * stride % many), json!(stride)));
            json!({"data": members.collect::<crate::json::Map>()})
        };
        let found = compare(Resource::ConfigMap, &data(7_919), &data(7_907));
        assert_eq!((found.set.paths().len(), found.removed.paths().len()), (many, 0));
    }
}
