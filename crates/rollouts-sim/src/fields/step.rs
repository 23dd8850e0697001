//! One step of a field path, and the sets below a node by their steps.

use std::fmt;

use crate::json::{Text, Value};

use super::set::Set;

/// One step of a path. They are ordered as their `FieldsV1` spellings are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// A field by its name: `f:name`.
    Field(Text),
    /// What no server writes, as it was spelled.
    Other(Text),
    /// An item of a list by the JSON of its keys: `k:{"name":"x"}`.
    Key(Text),
    /// An item of a list by its JSON: `v:"x"`.
    Item(Text),
}

impl Step {
    /// Reads its spelling.
    pub(super) fn read(spelling: &str) -> Step {
        match spelling.split_once(':') {
            Some(("f", name)) => Step::Field(Text::known(name)),
            Some(("k", keys)) => Step::Key(keys.into()),
            Some(("v", value)) => Step::Item(value.into()),
            _ => Step::Other(spelling.into()),
        }
    }

    /// As in a conflict's message: `.spec`, `[name="x"]`, `[="x"]`.
    pub(super) fn in_path(&self) -> String {
        let json = match self {
            Step::Field(name) => return format!(".{name}"),
            Step::Other(spelling) => return spelling.to_string(),
            Step::Key(json) | Step::Item(json) => json,
        };
        let parsed: Value = serde_json::from_str(json).unwrap_or_default();
        match parsed.as_object() {
            Some(keys) => {
                let keys: Vec<String> = keys.iter().map(|(key, value)| format!("{key}={value}")).collect();
                format!("[{}]", keys.join(","))
            }
            None => format!("[={parsed}]"),
        }
    }
}

/// The spelling in `FieldsV1`.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Field(name) => write!(f, "f:{name}"),
            Step::Other(spelling) => write!(f, "{spelling}"),
            Step::Key(json) => write!(f, "k:{json}"),
            Step::Item(json) => write!(f, "v:{json}"),
        }
    }
}

/// The sets below a node, in the order of their steps. Most nodes have none or one, and there are very many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Children(Vec<(Step, Set)>);

impl Children {
    fn place(&self, step: &Step) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.cmp(step))
    }

    pub(crate) fn get(&self, step: &Step) -> Option<&Set> {
        self.place(step).ok().map(|place| &self.0[place].1)
    }

    pub(crate) fn get_mut(&mut self, step: &Step) -> Option<&mut Set> {
        self.place(step).ok().map(|place| &mut self.0[place].1)
    }

    /// The set below a step, which is empty where there was none.
    pub(crate) fn member(&mut self, step: &Step) -> &mut Set {
        let place = self.place(step).unwrap_or_else(|place| {
            self.put(place, step.clone(), Set::default());
            place
        });
        &mut self.0[place].1
    }

    /// Puts a set below a step, whatever was there.
    pub(crate) fn insert(&mut self, step: Step, set: Set) {
        match self.place(&step) {
            Ok(place) => self.0[place].1 = set,
            Err(place) => self.put(place, step, set),
        }
    }

    fn put(&mut self, place: usize, step: Step, set: Set) {
        if self.0.len() == self.0.capacity() {
            // A vector's own first room is for four.
            self.0.reserve_exact(self.0.len().max(1));
        }
        self.0.insert(place, (step, set));
    }

    pub(crate) fn remove(&mut self, step: &Step) {
        if let Ok(place) = self.place(step) {
            self.0.remove(place);
        }
    }

    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&Step, &Set) -> bool) {
        self.0.retain(|(step, set)| keep(step, set));
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Step, &Set)> {
        self.0.iter().map(|(step, set)| (step, set))
    }
}

impl FromIterator<(Step, Set)> for Children {
    fn from_iter<I: IntoIterator<Item = (Step, Set)>>(children: I) -> Children {
        let mut all = Children::default();
        children.into_iter().for_each(|(step, set)| all.insert(step, set));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_ordered_as_they_are_spelled() {
        let spellings = [
            "f:a",
            "f:b",
            "i:0",
            "k:{\"name\":\"a\"}",
            "k:{\"port\":80,\"protocol\":\"TCP\"}",
            "v:\"a\"",
            "v:1",
        ];
        let children: Children =
            spellings.iter().rev().map(|spelling| (Step::read(spelling), Set::leaf())).collect();
        let steps: Vec<String> = children.iter().map(|(step, _)| step.to_string()).collect();
        assert_eq!(steps, spellings);
        let in_path: Vec<String> = children.iter().map(|(step, _)| step.in_path()).collect();
        assert_eq!(in_path[3..], ["[name=\"a\"]", "[port=80,protocol=\"TCP\"]", "[=\"a\"]", "[=1]"]);
        assert_eq!(in_path[..3], [".a", ".b", "i:0"]);
    }

    #[test]
    fn there_is_one_set_below_a_step() {
        let step = |name: &str| Step::Field(name.into());
        let mut children = Children::default();
        children.insert(step("b"), Set::default());
        children.insert(step("b"), Set::leaf());
        children.member(&step("a")).member = true;
        children.member(&step("b")).children.insert(step("c"), Set::leaf());
        assert!(children.get(&step("b")).is_some_and(|set| set.member && !set.children.is_empty()));
        children.remove(&step("a"));
        children.remove(&step("z"));
        assert_eq!(children.iter().count(), 1);
        assert!(children.get(&step("a")).is_none() && children.get_mut(&step("b")).is_some());
    }
}
