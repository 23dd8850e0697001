//! The documents of a text, each with the place of every field.

use serde_json::Value;

use super::allow::{self, Allow};
use crate::runbook::Place;
use crate::runbook::tree::{self, Node, Value as Tree};

/// One object of a text.
#[derive(Debug)]
pub(super) struct Document {
    /// Which of the sources.
    pub(super) source: usize,
    pub(super) value: Value,
    pub(super) allows: Vec<Allow>,
    node: Node,
    /// Where the document begins.
    start: Start,
}

#[derive(Debug, Clone, Copy, Default)]
struct Start {
    line: u32,
    /// Columns of its first line that stand before it.
    column: u32,
    offset: usize,
}

/// Reads every object of a text. Documents without an object (comments, nothing) are skipped; a list is its items.
///
/// # Errors
/// The first place that is no YAML.
pub(super) fn read(source: usize, text: &str) -> Result<Vec<Document>, (Place, String)> {
    let mut documents = Vec::new();
    for (start, part) in parts(text) {
        if part.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
            continue;
        }
        let node = tree::parse(part).map_err(|(place, message)| (moved(place, start), message))?;
        let allows = allow::read(part, |place| moved(place, start));
        let items = match &node.value {
            Tree::Map(map)
                if field(map, "kind").is_some_and(
                    |kind| matches!(&kind.value, Tree::Text(kind) if kind.ends_with("List")),
                ) =>
            {
                field(map, "items").and_then(|items| match &items.value {
                    Tree::List(list) => Some(list.clone()),
                    _ => None,
                })
            }
            Tree::Nothing => Some(Vec::new()),
            _ => None,
        };
        for node in items.unwrap_or_else(|| vec![node]) {
            documents.push(Document { source, value: json(&node), allows: allows.clone(), node, start });
        }
    }
    Ok(documents)
}

fn field<'a>(map: &'a [(tree::Key, Node)], name: &str) -> Option<&'a Node> {
    map.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
}

/// The documents of a text and where they begin. Within a document no line can begin with `---`.
fn parts(text: &str) -> Vec<(Start, &str)> {
    let mut parts = Vec::new();
    let mut start = Start::default();
    let mut at = Start::default();
    for line in text.split_inclusive('\n') {
        let next = Start { line: at.line + 1, column: 0, offset: at.offset + line.len() };
        if line.trim_end() == "---" || line.starts_with("--- ") {
            parts.push((start, &text[start.offset..at.offset]));
            // What stands on the line of the mark belongs to the document.
            start = if line.trim_end() == "---" {
                next
            } else {
                Start { column: 4, offset: at.offset + 4, ..at }
            };
        }
        at = next;
    }
    parts.push((start, &text[start.offset..]));
    parts
}

fn moved(place: Place, start: Start) -> Place {
    let line = place.line.max(1);
    let before = if line == 1 { start.column } else { 0 };
    Place {
        line: line + start.line,
        column: place.column + before,
        offset: place.offset + start.offset,
        ..place
    }
}

fn json(node: &Node) -> Value {
    match &node.value {
        Tree::Nothing => Value::Null,
        Tree::Bool(value) => (*value).into(),
        Tree::Number(value) => (*value).into(),
        Tree::Float(value) => (*value).into(),
        Tree::Text(value) => value.as_str().into(),
        Tree::List(list) => list.iter().map(json).collect(),
        Tree::Map(map) => map.iter().map(|(key, node)| (key.name.clone(), json(node))).collect(),
    }
}

impl Document {
    /// The place of a field: that of its key, or of the nearest field above it that is there.
    pub(super) fn place(&self, pointer: &str) -> Place {
        let (mut node, mut place) = (&self.node, None);
        for part in pointer.split('/').skip(1) {
            let part = part.replace("~1", "/").replace("~0", "~");
            let below = match &node.value {
                Tree::Map(map) => {
                    map.iter().find(|(key, _)| key.name == part).map(|(key, node)| (key.at, node))
                }
                Tree::List(list) => {
                    part.parse::<usize>().ok().and_then(|index| list.get(index)).map(|node| (node.at, node))
                }
                _ => None,
            };
            let Some((at, below)) = below else { break };
            (node, place) = (below, Some(at));
        }
        // A whole object is shown by its first key, not by all of its lines.
        let first = match &self.node.value {
            Tree::Map(map) => map.first().map(|(key, _)| key.at),
            _ => None,
        };
        let place = place.or(first).unwrap_or(self.node.at);
        moved(Place { len: place.len.max(1), ..place }, self.start)
    }
}
