//! A set of field paths, as a tree, and its `FieldsV1` form.

use std::collections::BTreeSet;

use crate::json::{Map, Text, Value, json};

use super::step::{Children, Step};
use crate::resource::Resource;
use crate::schema::{self, ListType, Schema, item_key, top};

/// A set of paths. `member` says whether the path to this node is itself in the set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Set {
    pub(crate) member: bool,
    pub(crate) children: Children,
}

/// The step to an item of a list that merges; `None` for an atomic list.
pub(crate) fn item(schema: &'static Schema, item: &Value) -> Option<Step> {
    match schema.list_type() {
        ListType::Atomic => None,
        ListType::Set => Some(Step::Item(item.to_string().into())),
        ListType::Map => Some(key(schema, item)),
    }
}

/// The step to an item by its keys, which is the JSON of [`item_key`].
fn key(schema: &'static Schema, item: &Value) -> Step {
    match schema.list_keys.as_slice() {
        // Most have one, a plain word, in each item.
        [name]
            if let Some(Value::String(word)) = item.get(name)
                && is_plain(name)
                && is_plain(word) =>
        {
            Step::Key(["{\"", name, "\":\"", word, "\"}"].concat().into())
        }
        _ => Step::Key(item_key(schema, item).to_string().into()),
    }
}

/// Whether a text is its own JSON, but for the quotes.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte))
}

/// The schema below a field; undeclared fields merge as open objects do.
pub(crate) fn below(schema: &'static Schema, root: bool, name: &str) -> &'static Schema {
    let found = if root { top(schema, name) } else { schema.field(name) };
    found.unwrap_or_else(crate::schema::open)
}

impl Set {
    pub(crate) fn leaf() -> Set {
        Set { member: true, children: Children::default() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.member && self.children.iter().all(|(_, set)| set.is_empty())
    }

    /// Everything in either.
    pub(crate) fn union(&mut self, other: &Set) {
        self.member |= other.member;
        self.children.union(&other.children);
    }

    /// Takes out what is in `other`.
    pub(crate) fn subtract(&mut self, other: &Set) {
        self.member &= !other.member;
        for (step, set) in other.children.iter() {
            if let Some(mine) = self.children.get_mut(step) {
                mine.subtract(set);
            }
        }
        self.children.retain(|_, set| !set.is_empty());
    }

    /// Takes out the paths in `other` and everything below them.
    pub(crate) fn subtract_trees(&mut self, other: &Set) {
        if other.member {
            *self = Set::default();
            return;
        }
        for (step, set) in other.children.iter() {
            if let Some(mine) = self.children.get_mut(step) {
                mine.subtract_trees(set);
            }
        }
        self.children.retain(|_, set| !set.is_empty());
    }

    /// What is in both.
    pub(crate) fn intersection(&self, other: &Set) -> Set {
        let inner = self.children.iter().filter_map(|(step, set)| {
            let both = set.intersection(other.children.get(step)?);
            (!both.is_empty()).then(|| (step.clone(), both))
        });
        Set { member: self.member && other.member, children: inner.collect() }
    }

    /// Every path in the set, spelled as in conflict messages: `.spec.ports[port=80,protocol="TCP"].name`.
    pub(crate) fn paths(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.collect(&mut String::new(), &mut found);
        found
    }

    fn collect(&self, prefix: &mut String, found: &mut Vec<String>) {
        if self.member {
            found.push(prefix.clone());
        }
        for (step, set) in self.children.iter() {
            let kept = prefix.len();
            prefix.push_str(&step.in_path());
            set.collect(prefix, found);
            prefix.truncate(kept);
        }
    }

    /// The `fieldsV1` object.
    pub(crate) fn to_value(&self) -> Value {
        let mut map = Map::new();
        if self.member && !self.children.is_empty() {
            map.insert(Text::Own("."), json!({}));
        }
        for (step, set) in self.children.iter() {
            map.insert(step.to_string(), set.to_value());
        }
        Value::Object(map)
    }

    /// Reads a `fieldsV1` object.
    pub(crate) fn from_value(value: &Value) -> Set {
        let Some(map) = value.as_object() else { return Set::default() };
        let inner = map.iter().filter(|(step, _)| *step != ".");
        let children: Children = inner.map(|(step, v)| (Step::read(step), Set::from_value(v))).collect();
        Set { member: map.contains_key(".") || children.is_empty(), children }
    }

    /// Whether another set has one of these paths.
    pub(crate) fn meets(&self, other: &Set) -> bool {
        let inner =
            |(step, set): (&Step, &Set)| other.children.get(step).is_some_and(|other| set.meets(other));
        (self.member && other.member) || self.children.iter().any(inner)
    }

    /// Whether another set has all of these paths.
    pub(crate) fn is_within(&self, other: &Set) -> bool {
        let inner = |(step, set): (&Step, &Set)| {
            set.is_empty() || other.children.get(step).is_some_and(|other| set.is_within(other))
        };
        (!self.member || other.member) && self.children.iter().all(inner)
    }

    /// The fields that `value` states, as an applied configuration owns them.
    pub(crate) fn of_value(schema: &'static Schema, value: &Value) -> Set {
        of_value(schema, value, true)
    }
}

fn of_value(schema: &'static Schema, value: &Value, root: bool) -> Set {
    match value {
        Value::Object(map) if !schema.atomic_map() => {
            let children = map.iter().map(|(name, inner)| {
                let mut node = of_value(below(schema, root, name), inner, false);
                let empty = inner.is_null() || inner.as_object().is_some_and(Map::is_empty);
                // A key of a map is owned itself; a declared field only through what is in it.
                node.member |= empty || (!root && !schema.declares(name));
                (Step::Field(name.clone()), node)
            });
            Set { member: false, children: children.collect() }
        }
        Value::Array(list) if schema.list_type() != ListType::Atomic => {
            let children = list.iter().filter_map(|entry| {
                let step = item(schema, entry)?;
                let mut node = of_value(schema.item(), entry, false);
                if schema.list_type() == ListType::Set {
                    node.children.clear();
                }
                node.member = true;
                Some((step, node))
            });
            Set { member: false, children: children.collect() }
        }
        _ => Set::leaf(),
    }
}

/// Says so when a list item in `config` has a key that another item of its list has too.
pub(crate) fn repeated_key(resource: Resource, config: &Value) -> Option<String> {
    find_repeated(schema::of(resource), config, true, "")
}

fn find_repeated(schema: &'static Schema, value: &Value, root: bool, path: &str) -> Option<String> {
    match value {
        Value::Object(map) => map.iter().find_map(|(name, inner)| {
            find_repeated(below(schema, root, name), inner, false, &format!("{path}.{name}"))
        }),
        Value::Array(list) => {
            let mut seen = BTreeSet::new();
            list.iter().find_map(|entry| {
                let step = item(schema, entry)?;
                let key = step.in_path();
                if !seen.insert(step) {
                    return Some(format!("{path}: duplicate entries for key {key}"));
                }
                let here = format!("{path}{key}");
                find_repeated(schema.item(), entry, false, &here)
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_follow_the_schema_and_survive_their_wire_form() {
        let service = json!({"spec": {"selector": {"app": "a"}, "ports": [{"port": 80, "name": "http"}]},
            "metadata": {"labels": {"x": "y"}}});
        let set = Set::of_value(schema::of(Resource::Service), &service);
        assert_eq!(
            set.paths(),
            [
                ".metadata.labels.x",
                ".spec.ports[port=80,protocol=\"TCP\"]",
                ".spec.ports[port=80,protocol=\"TCP\"].name",
                ".spec.ports[port=80,protocol=\"TCP\"].port",
                ".spec.selector",
            ]
        );
        assert_eq!(Set::from_value(&set.to_value()), set);
        let mut rest = set.clone();
        rest.subtract(&Set::from_value(&json!({"f:spec": {"f:selector": {}}})));
        assert_eq!(rest.paths().len(), 4);
        assert_eq!(set.intersection(&rest), rest);
        assert!(rest.is_within(&set) && !set.is_within(&rest));
        let mut gone = set.clone();
        gone.subtract(&rest);
        assert!(gone.meets(&set) && !gone.meets(&rest));
        rest.subtract_trees(&Set::from_value(&json!({"f:spec": {}})));
        assert_eq!(rest.paths(), [".metadata.labels.x"]);
    }

    #[test]
    fn very_many_fields_in_no_order() {
        let many = 100_000;
        // A stride that is prime to their number meets each once.
        let data = |from: usize| {
            let keys = (0..many).map(|member| (member * 7_919 + from) % many);
            let members: Map = keys.map(|key| (format!("{key:06}"), json!("x"))).collect();
            json!({"data": members})
        };
        let schema = schema::of(Resource::ConfigMap);
        let set = Set::of_value(schema, &data(0));
        assert_eq!(Set::from_value(&data(0)).children.iter().count(), 1);
        assert_eq!(Set::from_value(&set.to_value()), set);
        let mut both = Set::of_value(schema, &json!({"data": {"000001": "x", "z": "x"}}));
        both.union(&Set::of_value(schema, &data(1)));
        assert!(set.is_within(&both) && both.paths().len() == many + 1);
        both.subtract(&set);
        assert_eq!(both.paths(), [".data.z"]);
    }
}
