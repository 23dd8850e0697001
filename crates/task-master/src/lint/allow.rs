//! Lines that allow a finding: `# lint: allow RULE: reason`, for the document in which they stand.

use rollouts_client::lint::{Severity, rules};
use task_manager::nearest::nearest;

use super::document::Document;
use super::{Finding, Source};
use crate::runbook::Place;

const MARK: &str = "# lint: allow ";

/// One such line.
#[derive(Debug, Clone)]
pub(super) struct Allow {
    pub(super) rule: String,
    reason: String,
    place: Place,
}

impl Allow {
    /// One without a reason allows nothing.
    pub(super) fn counts(&self) -> bool {
        !self.reason.is_empty()
    }
}

/// The allow lines of a document.
pub(super) fn read(text: &str, moved: impl Fn(Place) -> Place) -> Vec<Allow> {
    let mut offset = 0;
    let mut found = Vec::new();
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if let Some((before, said)) = line.split_once(MARK) {
            let (rule, reason) = said.split_once(':').unwrap_or((said, ""));
            let place = Place {
                line: u32::try_from(number + 1).unwrap_or(u32::MAX),
                column: u32::try_from(before.chars().count() + 1).unwrap_or(u32::MAX),
                offset: offset + before.len(),
                len: line.trim_end().len() - before.len(),
            };
            let (rule, reason) = (rule.trim().to_owned(), reason.trim().to_owned());
            found.push(Allow { rule, reason, place: moved(place) });
        }
        offset += line.len();
    }
    found
}

/// The allow lines of a document that are of no use, as findings. `used` are the rules that were allowed.
pub(super) fn left_over(document: &Document, source: &Source, used: &[&str]) -> Vec<Finding> {
    let left = document.allows.iter().filter(|allow| !used.contains(&allow.rule.as_str()));
    let finding = |allow: &Allow| {
        let names = rules().map(|rule| rule.name);
        let (message, help) = if !allow.counts() {
            let help = format!("{MARK}{}: why it is so", allow.rule);
            ("an allow line without a reason allows nothing".to_owned(), Some(help))
        } else if rules().all(|rule| rule.name != allow.rule) {
            let near = nearest(&allow.rule, names).map(|near| format!("the nearest is `{near}`"));
            (format!("there is no rule {}", allow.rule), near)
        } else {
            (
                format!("nothing here is found by {} any more", allow.rule),
                Some("take the line out".to_owned()),
            )
        };
        Finding {
            rule: "unused-allow",
            severity: Severity::Warning,
            source: Some(document.source),
            file: source.name.clone(),
            place: Some(allow.place),
            object: super::words(&document.value),
            field: String::new(),
            message,
            help,
        }
    };
    left.map(finding).collect()
}
