//! Metadata: only what the document says.

use crate::heading::About;
use crate::lines::narrow;
use crate::model::{Metadata, Reference, Stakeholder, TimelineEntry};
use crate::outline::{Entry, Heading, Outline};
use crate::text::labelled;

/// Gathers the metadata from the outline.
pub(crate) fn metadata(outline: &Outline) -> Metadata {
    let mut metadata = Metadata { title: title(&outline.headings), ..Metadata::default() };
    for line in outline.front_matter.iter().flat_map(|text| text.lines()) {
        if !line.starts_with(char::is_whitespace) {
            fact(&mut metadata, line, true);
        }
    }
    for line in &outline.preamble {
        fact(&mut metadata, line, false);
    }
    for entry in &outline.entries {
        list(&mut metadata, entry);
    }
    metadata
}

/// The first level-1 heading, unless it opens a phase.
fn title(headings: &[Heading]) -> Option<String> {
    let first = headings.iter().find(|heading| heading.level == 1)?;
    let text = first.title.text();
    (first.title.phase.is_none() && !text.is_empty()).then(|| text.to_owned())
}

/// Takes `Version: 1.2`; the first mention of each counts.
fn fact(metadata: &mut Metadata, line: &str, front_matter: bool) {
    let Some((key, value)) = labelled(line) else { return };
    let value = if front_matter { unquoted(value) } else { value };
    if value.is_empty() || ["~", "null", "|", ">"].contains(&value) {
        return;
    }
    let field = match key.to_lowercase().as_str() {
        "title" if front_matter => &mut metadata.title,
        "version" | "版本" => &mut metadata.version,
        "date" | "日期" => &mut metadata.date,
        "owner" | "author" => &mut metadata.owner,
        _ => return,
    };
    field.get_or_insert_with(|| value.to_owned());
}

fn unquoted(value: &str) -> &str {
    ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(value)
}

fn list(metadata: &mut Metadata, entry: &Entry) {
    let (span, line) = (entry.span, narrow(entry.line));
    let text = entry.text.clone();
    match entry.about {
        About::Timeline => {
            let (label, text) = match labelled(&entry.text) {
                Some((label, rest)) => (Some(label.to_owned()), rest.to_owned()),
                None => (None, text),
            };
            metadata.timeline.push(TimelineEntry { label, text, span, line });
        }
        About::Stakeholders => {
            let (name, role) = match labelled(&entry.text) {
                Some((name, role)) => {
                    (name.to_owned(), Some(role.to_owned()).filter(|role| !role.is_empty()))
                }
                None => (text, None),
            };
            metadata.stakeholders.push(Stakeholder { name, role, span, line });
        }
        About::References => {
            let (url, title) = match &entry.link {
                Some((url, title)) if !title.is_empty() => (Some(url.clone()), title.clone()),
                Some((url, _)) => (Some(url.clone()), text),
                None => (None, text),
            };
            metadata.references.push(Reference { title, url, span, line });
        }
    }
}
