//! The objects that are linted together, and the questions that several rules ask of them.

use serde_json::Value;

use crate::types::Rollout;

/// One object.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Object {
    /// The object.
    pub value: Value,
    /// Whether it was read from a cluster, where controllers have written into it, and not from a file.
    pub live: bool,
    /// Fields that the schema of its kind does not declare.
    pub undeclared: Vec<Undeclared>,
    /// Values that the schema of its kind refuses.
    pub refused: Vec<Refused>,
}

/// A field that no schema declares: the API server takes it out without a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undeclared {
    /// Where, as a JSON pointer.
    pub at: String,
    /// The nearest name that is declared there.
    pub nearest: Option<String>,
}

/// A value that the API server refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Where, as a JSON pointer.
    pub at: String,
    /// In the API server's words.
    pub why: String,
}

/// All objects at hand.
#[derive(Debug, Clone, Default)]
pub struct Objects(pub Vec<Object>);

/// Text at a pointer; empty when there is none.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The items of a list at a pointer.
pub(super) fn items<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = (usize, &'a Value)> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten().enumerate()
}

/// A number at a pointer, also one that is written as text.
pub(super) fn number(value: &Value, pointer: &str) -> Option<i64> {
    let found = value.pointer(pointer)?;
    found.as_i64().or_else(|| found.as_str()?.parse().ok())
}

pub(super) fn name(value: &Value) -> &str {
    text(value, "/metadata/name")
}

pub(super) fn namespace(value: &Value) -> &str {
    text(value, "/metadata/namespace")
}

/// A Rollout among the objects.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) index: usize,
    pub(super) value: &'a Value,
}

pub(super) const BLUE_GREEN: &str = "/spec/strategy/blueGreen";
pub(super) const CANARY: &str = "/spec/strategy/canary";

impl<'a> Subject<'a> {
    pub(super) fn blue_green(self) -> Option<&'a Value> {
        self.value.pointer(BLUE_GREEN).filter(|value| value.is_object())
    }

    pub(super) fn canary(self) -> Option<&'a Value> {
        self.value.pointer(CANARY).filter(|value| value.is_object())
    }

    pub(super) fn routing(self) -> Option<&'a serde_json::Map<String, Value>> {
        self.canary()?.get("trafficRouting")?.as_object()
    }

    /// The names of the routers that split its traffic.
    pub(super) fn routers(self) -> impl Iterator<Item = &'a str> {
        let keys = self.routing().into_iter().flat_map(|routing| routing.keys());
        keys.map(String::as_str).filter(|key| !matches!(*key, "maxTrafficWeight" | "managedRoutes"))
    }

    /// The Services that its strategy names, each with the pointer to its name.
    pub(super) fn services(self) -> Vec<(String, &'a str)> {
        let fields = [
            (BLUE_GREEN, "activeService"),
            (BLUE_GREEN, "previewService"),
            (CANARY, "stableService"),
            (CANARY, "canaryService"),
        ];
        let named = fields.into_iter().map(|(strategy, field)| {
            let pointer = format!("{strategy}/{field}");
            let name = text(self.value, &pointer);
            (pointer, name)
        });
        named.filter(|(_, name)| !name.is_empty()).collect()
    }

    /// The steps of a canary, each with its pointer.
    pub(super) fn steps(self) -> Vec<(String, &'a Value)> {
        let pointer = format!("{CANARY}/steps");
        let steps = items(self.value, &pointer);
        steps.map(|(index, step)| (format!("{pointer}/{index}"), step)).collect()
    }

    /// All that it asks to have analysed, each with its pointer, and whether it stands in the way until it ends.
    pub(super) fn analyses(self) -> Vec<(String, &'a Value, bool)> {
        let mut found = Vec::new();
        let mut add = |pointer: String, gate: bool| {
            if let Some(analysis) = self.value.pointer(&pointer).filter(|analysis| analysis.is_object()) {
                found.push((pointer, analysis, gate));
            }
        };
        add(format!("{BLUE_GREEN}/prePromotionAnalysis"), true);
        add(format!("{BLUE_GREEN}/postPromotionAnalysis"), true);
        for (pointer, _) in self.steps() {
            add(format!("{pointer}/analysis"), true);
        }
        add(format!("{CANARY}/analysis"), false);
        found
    }

    pub(super) fn found(self, at: impl Into<String>, message: impl Into<String>) -> super::Found {
        super::Found::new(self.index, at, message)
    }
}

impl Objects {
    /// The objects of a kind.
    pub(super) fn of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (usize, &'a Value)> {
        let all = self.0.iter().enumerate().map(|(index, object)| (index, &object.value));
        all.filter(move |(_, value)| text(value, "/kind") == kind)
    }

    pub(super) fn rollouts(&self) -> impl Iterator<Item = Subject<'_>> {
        self.of(Rollout::KIND).map(|(index, value)| Subject { index, value })
    }

    /// The object of a kind and name beside another one. A file that states no namespace is taken for the same.
    pub(super) fn beside<'a>(
        &'a self,
        other: &'a Value,
        kind: &'a str,
        wanted: &'a str,
    ) -> Option<(usize, &'a Value)> {
        self.neighbours(other, kind).find(|(_, value)| name(value) == wanted)
    }

    /// The objects of a kind in the namespace of another one.
    pub(super) fn neighbours<'a>(
        &'a self,
        other: &'a Value,
        kind: &'a str,
    ) -> impl Iterator<Item = (usize, &'a Value)> {
        let same = |value: &Value| {
            let (one, other) = (namespace(value), namespace(other));
            one == other || one.is_empty() || other.is_empty()
        };
        self.of(kind).filter(move |(_, value)| same(value))
    }

    /// The container lists of a Rollout's pods, each container with its pointer.
    pub(super) fn containers<'a>(&self, subject: Subject<'a>) -> Vec<(String, &'a Value)> {
        let pointer = "/spec/template/spec/containers";
        items(subject.value, pointer).map(|(index, found)| (format!("{pointer}/{index}"), found)).collect()
    }
}
