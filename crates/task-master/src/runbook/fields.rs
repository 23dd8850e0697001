//! Reading the fields of a map: each value as its type, every problem noted, unknown names refused.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::paths::{PathError, Root};
use super::problem::Problems;
use super::tree::{Key, Node, Place, Value};

/// What reading needs besides the text.
pub(super) struct Reader<'a> {
    pub(super) problems: Problems,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) root: &'a Root,
}

/// The fields of one map. Ask for each known one, then call [`Fields::finish`].
pub(super) struct Fields<'n> {
    at: Place,
    what: &'static str,
    map: &'n [(Key, Node)],
    known: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    pub(super) fn at(&self) -> Place {
        self.at
    }

    /// The value of a field, if it is there.
    pub(super) fn take(&mut self, name: &'static str) -> Option<&'n Node> {
        self.known.push(name);
        self.map.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }

    /// The value of a field that must be there.
    pub(super) fn need(&mut self, reader: &mut Reader<'_>, name: &'static str) -> Option<&'n Node> {
        let node = self.take(name);
        if node.is_none() {
            reader.problems.add(self.at, format!("{} needs `{name}`", self.what));
        }
        node
    }

    /// Refuses every field that nobody asked for.
    pub(super) fn finish(self, reader: &mut Reader<'_>) {
        for (key, _) in self.map {
            if !self.known.contains(&key.name.as_str()) {
                reader.problems.unknown(key.at, &format!("field of {}", self.what), &key.name, &self.known);
            }
        }
    }
}

impl Reader<'_> {
    pub(super) fn fields<'n>(&mut self, node: &'n Node, what: &'static str) -> Option<Fields<'n>> {
        match &node.value {
            Value::Map(map) => Some(Fields { at: node.at, what, map, known: Vec::new() }),
            other => self.wrong(node.at, &format!("{what} is a map"), other),
        }
    }

    pub(super) fn list<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        match &node.value {
            Value::List(list) if list.is_empty() => {
                self.problems.add(node.at, format!("{what} is empty"));
                None
            }
            Value::List(list) => Some(list),
            other => self.wrong(node.at, &format!("{what} is a list"), other),
        }
    }

    fn wrong<T>(&mut self, at: Place, expected: &str, found: &Value) -> Option<T> {
        self.problems.add(at, format!("{expected}, and this is {}", found.kind()));
        None
    }

    /// Text, with a variable in its place when the whole text is `${name}`.
    pub(super) fn text(&mut self, node: &Node) -> Option<String> {
        match &node.value {
            Value::Text(text) => self.substitute(node.at, text),
            Value::Number(_) | Value::Float(_) | Value::Bool(_) => {
                self.problems.add_with_help(
                    node.at,
                    "this is read as a number or a truth",
                    "put it in quotes",
                );
                None
            }
            other => self.wrong(node.at, "this is text", other),
        }
    }

    fn substitute(&mut self, at: Place, text: &str) -> Option<String> {
        if !text.contains("${") {
            return Some(text.to_owned());
        }
        let name = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        let Some(name) = name.filter(|name| !name.contains(['$', '{', '}'])) else {
            self.problems
                .add(at, format!("a variable stands for a whole value, and `{text}` is more than one"));
            return None;
        };
        let value = self.variables.get(name).cloned();
        if value.is_none() {
            let names: Vec<String> = self.variables.keys().cloned().collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            self.problems.unknown(at, "variable", name, &names);
        }
        value
    }

    /// A name in the sense of Kubernetes (RFC 1123, dots allowed): also for hosts.
    pub(super) fn name(&mut self, node: &Node) -> Option<String> {
        let text = self.text(node)?;
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        let ends = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let fits = (1..=253).contains(&text.len()) && text.chars().all(good);
        if fits && text.starts_with(ends) && text.ends_with(ends) {
            return Some(text);
        }
        self.problems
            .add(node.at, format!("`{text}` is not a name: lower-case letters, digits, `-` and `.`"));
        None
    }

    /// A version: what may stand as an image's tag.
    pub(super) fn version(&mut self, node: &Node) -> Option<String> {
        let text = self.text(node)?;
        let good = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        let fits = (1..=128).contains(&text.len()) && text.chars().all(good);
        if fits && !text.starts_with(['.', '-']) {
            return Some(text);
        }
        self.problems.add(node.at, format!("`{text}` is not a version: letters, digits, `_`, `.` and `-`"));
        None
    }

    /// An HTTP path.
    pub(super) fn http_path(&mut self, node: Option<&Node>) -> Option<String> {
        let Some(node) = node else { return Some("/".to_owned()) };
        let text = self.text(node)?;
        if text.starts_with('/') && !text.contains(char::is_whitespace) {
            return Some(text);
        }
        self.problems.add(node.at, format!("`{text}` is not a path: it begins with `/` and has no spaces"));
        None
    }

    /// One of `words`.
    pub(super) fn word(&mut self, node: &Node, what: &str, words: &[&'static str]) -> Option<&'static str> {
        let text = self.text(node)?;
        let found = words.iter().find(|word| **word == text).copied();
        if found.is_none() {
            self.problems.unknown(node.at, what, &text, words);
        }
        found
    }

    pub(super) fn number(&mut self, node: &Node, least: u32, most: u32) -> Option<u32> {
        match &node.value {
            Value::Number(n) if (i64::from(least)..=i64::from(most)).contains(n) => u32::try_from(*n).ok(),
            Value::Number(n) => {
                self.problems.add(node.at, format!("{n} is not between {least} and {most}"));
                None
            }
            other => self.wrong(node.at, "this is a number", other),
        }
    }

    pub(super) fn truth(&mut self, node: &Node) -> Option<bool> {
        match &node.value {
            Value::Bool(value) => Some(*value),
            other => self.wrong(node.at, "this is `true` or `false`", other),
        }
    }

    /// A duration: `500ms`, `30s`, `2m`; at most an hour, because a wait has a bound that a person can sit out.
    pub(super) fn duration(&mut self, node: &Node) -> Option<Duration> {
        let text = self.text(node)?;
        let digits = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
        let number: Option<u64> = digits.parse().ok();
        let unit = match &text[digits.len()..] {
            "ms" => Some(1),
            "s" => Some(1000),
            "m" => Some(60_000),
            _ => None,
        };
        let millis = number.zip(unit).and_then(|(n, unit)| n.checked_mul(unit));
        match millis.filter(|millis| (1..=3_600_000).contains(millis)) {
            Some(millis) => Some(Duration::from_millis(millis)),
            None => {
                self.problems
                    .add(node.at, format!("`{text}` is not a duration such as 500ms, 30s or 2m, up to 60m"));
                None
            }
        }
    }

    /// A file or folder of the repository.
    pub(super) fn path(&mut self, node: &Node) -> Option<PathBuf> {
        let text = self.text(node)?;
        let path = Path::new(&text);
        match self.root.inside(path) {
            Ok(_) => Some(path.components().filter(|part| *part != std::path::Component::CurDir).collect()),
            Err(error) => {
                let help = match &error {
                    PathError::Missing(_) => self.near_file(path),
                    PathError::NotPlain(_) | PathError::Outside(_) => {
                        Some("paths start at the repository's root and stay inside it".to_owned())
                    }
                };
                self.problems.list.push(super::Problem { at: node.at, message: error.to_string(), help });
                None
            }
        }
    }

    fn near_file(&self, path: &Path) -> Option<String> {
        let folder = path.parent()?;
        let names: Vec<String> = std::fs::read_dir(self.root.path().join(folder))
            .ok()?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        let wrong = path.file_name()?.to_str()?;
        let near = task_manager::nearest::nearest(wrong, names.iter().map(String::as_str))?;
        Some(format!("the nearest is `{}`", folder.join(near).display()))
    }

    pub(super) fn paths(&mut self, node: &Node, what: &str) -> Option<Vec<PathBuf>> {
        let list = self.list(node, what)?;
        self.all(list, Self::path)
    }

    pub(super) fn texts(&mut self, node: &Node, what: &str) -> Option<Vec<String>> {
        let list = self.list(node, what)?;
        self.all(list, Self::text)
    }

    /// Reads every item, so that each one's problems are noted; none unless all are good.
    pub(super) fn all<'n, T>(
        &mut self,
        nodes: &'n [Node],
        mut read: impl FnMut(&mut Self, &'n Node) -> Option<T>,
    ) -> Option<Vec<T>> {
        let read: Vec<Option<T>> = nodes.iter().map(|node| read(self, node)).collect();
        read.into_iter().collect()
    }

    /// A map of text to text.
    pub(super) fn text_map(&mut self, node: Option<&Node>, what: &str) -> Option<BTreeMap<String, String>> {
        let Some(node) = node else { return Some(BTreeMap::new()) };
        let Value::Map(map) = &node.value else {
            return self.wrong(node.at, &format!("{what} is a map"), &node.value);
        };
        let read: Vec<Option<(String, String)>> =
            map.iter().map(|(key, value)| Some((key.name.clone(), self.text(value)?))).collect();
        read.into_iter().collect()
    }

    /// The value as JSON, with variables in their places.
    pub(super) fn json(&mut self, node: &Node) -> Option<serde_json::Value> {
        Some(match &node.value {
            Value::Nothing => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(value) => (*value).into(),
            Value::Float(value) => (*value).into(),
            Value::Text(text) => self.substitute(node.at, text)?.into(),
            Value::List(list) => self.all(list, Self::json)?.into(),
            Value::Map(map) => {
                let read: Vec<Option<(String, serde_json::Value)>> =
                    map.iter().map(|(key, value)| Some((key.name.clone(), self.json(value)?))).collect();
                serde_json::Value::Object(read.into_iter().collect::<Option<_>>()?)
            }
        })
    }
}
