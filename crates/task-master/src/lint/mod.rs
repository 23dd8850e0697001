//! `rollout lint`: manifests and live objects through the rules of [`rollouts_client::lint`].
//!
//! Here is what those rules cannot know: files and the places in them, the schemas, and lines that allow a finding.

mod allow;
mod document;
mod form;
mod live;
mod source;

pub use form::{github, json, sarif};
pub use live::{live, serving};
#[cfg(test)]
pub(crate) use live::{of as live_of, serving_of};
pub use source::{Source, SourceError, read};

use rollouts_client::lint::{Object, Objects, Refused, Severity, Undeclared};
use rollouts_sim::published;
use serde_json::Value;
use task_manager::nearest::nearest;

use crate::cluster::object;
use crate::runbook::{ObjectRef, Place};

/// A finding and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// Which of the sources; `None` for an object of a cluster.
    pub source: Option<usize>,
    /// The source's name, or the object's.
    pub file: String,
    /// Where in the source; `None` for an object of a cluster.
    pub place: Option<Place>,
    /// The object, as `rollout app`; empty when the text could not be read.
    pub object: String,
    /// The field, as `spec.strategy`.
    pub field: String,
    /// What, as a fragment.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
}

impl std::fmt::Display for Finding {
    /// File, line, column, how bad, what, what instead, by which rule.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.file)?;
        match self.place {
            Some(place) => write!(f, ":{}:{}", place.line, place.column)?,
            None => write!(f, ": {}", self.field)?,
        }
        write!(f, ": {}: {}", self.severity, self.message)?;
        if let Some(help) = &self.help {
            write!(f, "; {help}")?;
        }
        write!(f, " [{}]", self.rule)
    }
}

/// What was looked at and found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// In order of place.
    pub findings: Vec<Finding>,
    /// How many objects were looked at.
    pub objects: usize,
}

impl Report {
    /// How many findings of this severity there are.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

/// Looks at the texts of files, all together.
pub fn files(sources: &[Source]) -> Report {
    files_after(sources, Vec::new())
}

/// The same beside Rollouts of a cluster, as the versions that theirs are to follow. What is found in the files is told.
pub fn files_after(sources: &[Source], serving: Vec<Value>) -> Report {
    let mut findings = Vec::new();
    let mut documents = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        match document::read(index, &source.text) {
            Ok(found) => documents.extend(found),
            Err((place, message)) => findings.push(unreadable(index, source, place, message)),
        }
    }
    let of_files = documents.iter().map(|document| declared(document.value.clone(), false));
    let objects = Objects(of_files.chain(serving.into_iter().map(|value| declared(value, true))).collect());
    let mut used = vec![Vec::new(); documents.len()];
    for finding in rollouts_client::lint::lint(&objects) {
        let Some(document) = documents.get(finding.found.object) else { continue };
        if document.allows.iter().any(|allow| allow.counts() && allow.rule == finding.rule) {
            used[finding.found.object].push(finding.rule);
            continue;
        }
        findings.push(Finding {
            rule: finding.rule,
            severity: finding.severity,
            source: Some(document.source),
            file: sources[document.source].name.clone(),
            place: Some(document.place(&finding.found.at)),
            object: words(&document.value),
            field: field(&finding.found.at),
            message: finding.found.message,
            help: finding.found.help,
        });
    }
    for (document, used) in documents.iter().zip(&used) {
        findings.extend(allow::left_over(document, &sources[document.source], used));
    }
    findings.sort_by_key(|finding| (finding.source, finding.place.map(|place| place.offset), finding.rule));
    Report { findings, objects: documents.len() }
}

/// Looks at objects of a cluster, all together.
pub fn objects(values: Vec<Value>) -> Report {
    let objects = Objects(values.into_iter().map(|value| declared(value, true)).collect());
    let findings = rollouts_client::lint::lint(&objects);
    let findings = findings.into_iter().map(|finding| {
        let value = &objects.0[finding.found.object].value;
        Finding {
            rule: finding.rule,
            severity: finding.severity,
            source: None,
            file: words(value),
            place: None,
            object: words(value),
            field: field(&finding.found.at),
            message: finding.found.message,
            help: finding.found.help,
        }
    });
    Report { findings: findings.collect(), objects: objects.0.len() }
}

/// An object with what the schemas say of it.
fn declared(value: Value, live: bool) -> Object {
    let unknown = published::undeclared(&value).into_iter().map(|field| {
        let name = field.at.rsplit('/').next().unwrap_or_default().to_owned();
        let nearest = nearest(&name, field.declared).map(str::to_owned);
        Undeclared { at: field.at, nearest }
    });
    let undeclared: Vec<Undeclared> = unknown.collect();
    let refused = published::refused(&value).into_iter().map(|(at, why)| Refused { at, why }).collect();
    Object { value, live, undeclared, refused }
}

fn unreadable(index: usize, source: &Source, place: Place, message: String) -> Finding {
    let template = source.text.contains("{{");
    let help = "this looks like a template of a chart: lint its rendering, `helm template CHART | … lint -`";
    Finding {
        rule: "unreadable",
        severity: Severity::Error,
        source: Some(index),
        file: source.name.clone(),
        place: Some(place),
        object: String::new(),
        field: String::new(),
        message,
        help: template.then(|| help.to_owned()),
    }
}

/// `rollout app`, with its namespace where it states one.
fn words(value: &Value) -> String {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    object::words(&ObjectRef {
        api_version: String::new(),
        kind: text("/kind").unwrap_or_default(),
        namespace: text("/metadata/namespace").filter(|namespace| !namespace.is_empty()),
        name: text("/metadata/name").unwrap_or_default(),
    })
}

/// A pointer as a person writes a field: `spec.steps[0].setWeight`.
fn field(pointer: &str) -> String {
    let mut text = String::new();
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        match part.parse::<usize>() {
            Ok(index) => text.push_str(&format!("[{index}]")),
            Err(_) if text.is_empty() => text = part,
            Err(_) => text = format!("{text}.{part}"),
        }
    }
    text
}
