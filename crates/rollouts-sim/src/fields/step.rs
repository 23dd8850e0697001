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

    /// Takes in what is below the steps of another node as well.
    pub(super) fn union(&mut self, other: &Children) {
        let known = self.0.len();
        for (step, set) in &other.0 {
            match self.0[..known].binary_search_by(|(mine, _)| mine.cmp(step)) {
                Ok(place) => self.0[place].1.union(set),
                Err(_) => self.0.push((step.clone(), set.clone())),
            }
        }
        if self.0.len() > known {
            self.0.sort_by(|(a, _), (b, _)| a.cmp(b));
        }
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

/// In whatever order they come. Of sets below the same step the last one counts.
impl FromIterator<(Step, Set)> for Children {
    fn from_iter<I: IntoIterator<Item = (Step, Set)>>(children: I) -> Children {
        let mut all: Vec<(Step, Set)> = children.into_iter().collect();
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        all.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                std::mem::swap(later, kept);
            }
            same
        });
        // They are kept for long.
        all.shrink_to_fit();
        Children(all)
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
        let below = |name: &str, set: Set| Set {
            children: [(step(name), set)].into_iter().collect(),
            ..Set::default()
        };
        let mut children: Children =
            [(step("b"), Set::default()), (step("b"), Set::leaf())].into_iter().collect();
        children
            .union(&[(step("b"), below("c", Set::leaf())), (step("a"), Set::leaf())].into_iter().collect());
        assert!(children.get(&step("b")).is_some_and(|set| set.member && !set.children.is_empty()));
        assert_eq!(children.iter().map(|(step, _)| step.to_string()).collect::<Vec<_>>(), ["f:a", "f:b"]);
        children.remove(&step("a"));
        children.remove(&step("z"));
        assert_eq!(children.iter().count(), 1);
        assert!(children.get(&step("a")).is_none() && children.get_mut(&step("b")).is_some());
    }
}
