//! What differs between the pod templates of two revisions: field by field, and as YAML line by line.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;
use serde_json::Value;
use similar::TextDiff;

use crate::revision;
use crate::types::{PodTemplate, ReplicaSet, Rollout};

/// Lines that stay the same and are shown around a change.
const CONTEXT: usize = 3;

/// Why there is nothing to compare.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiffError {
    /// No ReplicaSet has it.
    #[error("rollout {name} has no revision {revision}; it has: {}", listed(found))]
    NoRevision {
        /// The Rollout.
        name: String,
        /// What was asked for.
        revision: i64,
        /// What there is, the newest first.
        found: Vec<i64>,
    },
    /// Nothing to compare with.
    #[error("rollout {name} has no revision before {revision}")]
    NoneBefore {
        /// The Rollout.
        name: String,
        /// The revision.
        revision: i64,
    },
    /// The controller has made no ReplicaSet yet.
    #[error("rollout {name} has no revision yet")]
    None {
        /// The Rollout.
        name: String,
    },
}

fn listed(revisions: &[i64]) -> String {
    revisions.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Where, as `spec.containers[app].image`: things with a name are named by it, others counted.
    pub path: String,
    /// Its value in the one; `None` when it has no such field.
    pub from: Option<Value>,
    /// Its value in the other.
    pub to: Option<Value>,
}

/// What differs between two revisions. Its `Display` is a unified diff of YAML.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TemplateDiff {
    /// The one revision.
    pub from: i64,
    /// The other.
    pub to: i64,
    /// The fields, by path.
    pub changes: Vec<Change>,
    /// The same as a unified diff; empty when nothing differs.
    pub unified: String,
}

/// Every revision number that a ReplicaSet of the Rollout has or had, the newest first. A version that was gone back
/// to has several.
pub fn revisions<'a>(rollout: &Rollout, replica_sets: &'a [ReplicaSet]) -> Vec<(i64, &'a ReplicaSet)> {
    let uid = rollout.metadata.uid.as_deref();
    let own = replica_sets.iter().filter(|replica_set| replica_set.owned_by(uid));
    let numbered = own.flat_map(|set| revision::all_of(set).into_iter().map(move |number| (number, set)));
    let mut numbered: Vec<_> = numbered.collect();
    numbered.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    numbered.dedup_by_key(|(number, _)| *number);
    numbered
}

/// The difference from one revision to another. Without `to` it is the newest, without `from` the one before `to`.
///
/// # Errors
/// When there is no such revision, or none before it.
pub fn between(
    rollout: &Rollout,
    replica_sets: &[ReplicaSet],
    from: Option<i64>,
    to: Option<i64>,
) -> Result<TemplateDiff, DiffError> {
    let name = || rollout.name().to_owned();
    let known = revisions(rollout, replica_sets);
    let of = |revision: i64| {
        known.iter().find(|(number, _)| *number == revision).copied().ok_or_else(|| DiffError::NoRevision {
            name: name(),
            revision,
            found: known.iter().map(|(number, _)| *number).collect(),
        })
    };
    let to = match to {
        Some(to) => of(to)?,
        None => known.first().copied().ok_or_else(|| DiffError::None { name: name() })?,
    };
    let from = match from {
        Some(from) => of(from)?,
        None => known
            .iter()
            .find(|(number, _)| *number < to.0)
            .copied()
            .ok_or_else(|| DiffError::NoneBefore { name: name(), revision: to.0 })?,
    };
    Ok(of_sets(from, to))
}

/// The difference between two ReplicaSets under the numbers that they are shown by.
pub(crate) fn of_sets(from: (i64, &ReplicaSet), to: (i64, &ReplicaSet)) -> TemplateDiff {
    let (old, new) = (template(from.1), template(to.1));
    let mut changes = Vec::new();
    compare("", Some(&old), Some(&new), &mut changes);
    let (old, new) = (yaml(&old), yaml(&new));
    let unified = TextDiff::from_lines(&old, &new)
        .unified_diff()
        .context_radius(CONTEXT)
        .header(&format!("revision {}", from.0), &format!("revision {}", to.0))
        .to_string();
    TemplateDiff { from: from.0, to: to.0, changes, unified }
}

/// The template of a ReplicaSet as YAML, as it stood in the Rollout, fields by name.
pub fn template_yaml(replica_set: &ReplicaSet) -> String {
    yaml(&template(replica_set))
}

fn template(replica_set: &ReplicaSet) -> Value {
    let template = replica_set.spec.template.as_ref().map(PodTemplate::without_hash).unwrap_or_default();
    sorted(serde_json::to_value(&template).unwrap_or(Value::Null))
}

fn yaml(value: &Value) -> String {
    // It is JSON, and all JSON can be written as YAML.
    serde_yaml::to_string(value).unwrap_or_default()
}

/// With fields by name, so that their order is no difference.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            fields.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(fields.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        plain => plain,
    }
}

fn compare(path: &str, from: Option<&Value>, to: Option<&Value>, changes: &mut Vec<Change>) {
    match (from, to) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for key in keys {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                compare(&path, old.get(key), new.get(key), changes);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) => {
            let (old, new) = (keyed(old), keyed(new));
            let keys: BTreeSet<&String> = old.iter().chain(&new).map(|(key, _)| key).collect();
            for key in keys {
                let find = |items: &[(String, &Value)]| {
                    items.iter().find(|(known, _)| known == key).map(|(_, value)| (*value).clone())
                };
                compare(&format!("{path}[{key}]"), find(&old).as_ref(), find(&new).as_ref(), changes);
            }
        }
        (from, to) if from == to => {}
        (from, to) => {
            changes.push(Change { path: path.to_owned(), from: from.cloned(), to: to.cloned() });
        }
    }
}

/// The items of a list under their names, or their places.
fn keyed(items: &[Value]) -> Vec<(String, &Value)> {
    let name = |(place, item): (usize, &Value)| match item.get("name").and_then(Value::as_str) {
        Some(name) => name.to_owned(),
        None => place.to_string(),
    };
    items.iter().enumerate().map(|(place, item)| (name((place, item)), item)).collect()
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<Value>| match value {
            None => "nothing".to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
        };
        write!(f, "{}: {} → {}", self.path, shown(&self.from), shown(&self.to))
    }
}

impl fmt::Display for TemplateDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.unified.is_empty() {
            true => writeln!(f, "revisions {} and {} have the same template", self.from, self.to),
            false => f.write_str(&self.unified),
        }
    }
}
