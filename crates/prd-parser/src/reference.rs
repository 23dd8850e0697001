//! References in prose to sections of the document, such as "all phases in section 6". They make no edge by
//! themselves; one that leads nowhere is reported and never corrected.

use std::collections::HashMap;

use crate::build::about;
use crate::diagnostic::{Diagnostic, Severity, codes};
use crate::heading::{is_section_number, phase_word};
use crate::lines::Lines;
use crate::model::Plan;
use crate::outline::{Draft, Outline};

/// `section 6 Phase 2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SectionReference<'t> {
    pub(crate) section: &'t str,
    pub(crate) phase: Option<u32>,
}

/// Numbered sections and the phases inside them.
pub(crate) struct Sections<'o> {
    outline: &'o Outline,
    numbers: HashMap<&'o str, usize>,
    /// Phases by their number: where the heading starts, and the index.
    phases: HashMap<u32, Vec<(usize, usize)>>,
}

impl<'o> Sections<'o> {
    pub(crate) fn new(outline: &'o Outline) -> Self {
        let mut numbers = HashMap::with_capacity(outline.headings.len());
        for (index, heading) in outline.headings.iter().enumerate() {
            if let Some(number) = heading.title.section() {
                numbers.entry(number).or_insert(index);
            }
        }
        let mut phases: HashMap<u32, Vec<(usize, usize)>> = HashMap::new();
        for (index, phase) in outline.phases.iter().enumerate() {
            let heading = phase.heading.map(|heading| &outline.headings[heading]);
            if let Some((heading, number)) = heading.and_then(|h| Some((h, h.title.phase.flatten()?))) {
                phases.entry(number).or_default().push((heading.span.start, index));
            }
        }
        Sections { outline, numbers, phases }
    }

    /// The phase that a reference leads to: the named one inside the section, or the section itself.
    pub(crate) fn phase_of(&self, reference: &SectionReference<'_>) -> Option<usize> {
        let section = *self.numbers.get(reference.section)?;
        match reference.phase {
            Some(number) => self.phase_in(section, number),
            None => self.outline.headings[section].phase,
        }
    }

    fn phase_in(&self, section: usize, number: u32) -> Option<usize> {
        let within = self.outline.headings[section].span;
        let same = self.phases.get(&number)?;
        let (start, phase) = *same.get(same.partition_point(|(start, _)| *start < within.start))?;
        (start < within.end).then_some(phase)
    }
}

/// Reports references of items and their details that lead nowhere. A document without numbered sections
/// can only mean another one, so nothing is said about it.
pub(crate) fn check_references(
    plan: &Plan,
    sections: &Sections<'_>,
    drafts: &[Draft],
    lines: &Lines<'_>,
    found: &mut Vec<Diagnostic>,
) {
    if sections.numbers.is_empty() {
        return;
    }
    let mut known = HashMap::new();
    for draft in drafts {
        let own = std::iter::once((draft.title.as_str(), draft.line));
        let below = draft.details.iter().map(|(text, line)| (text.as_str(), *line));
        for (text, line) in own.chain(below) {
            for reference in references(text) {
                let key = (reference.section.to_owned(), reference.phase);
                let problem = known.entry(key).or_insert_with(|| problem(plan, sections, &reference));
                if let Some((message, help)) = problem {
                    let (message, help) = (message.clone(), help.clone());
                    let code = codes::UNRESOLVED_REFERENCE;
                    found.push(about(Severity::Warning, code, message, help, line, lines));
                }
            }
        }
    }
}

/// What is wrong with a reference, and what may have been meant.
fn problem(
    plan: &Plan,
    sections: &Sections<'_>,
    reference: &SectionReference<'_>,
) -> Option<(String, Option<String>)> {
    let number = reference.section;
    let Some(&section) = sections.numbers.get(number) else {
        return Some((format!("there is no section {number}"), None));
    };
    let phase = reference.phase?;
    if sections.phase_in(section, phase).is_some() {
        return None;
    }
    let title = sections.outline.headings[section].title.text();
    let message = format!("section {number} \"{title}\" has no Phase {phase}");
    let other = sections.phases.get(&phase).and_then(|same| same.first());
    let help = other
        .map(|(_, other)| &plan.phases[*other])
        .map(|other| format!("Phase {phase} \"{}\" is on line {}", other.title, other.line));
    Some((message, help))
}

/// All `section N[.M] [Phase K]` and `§N` of a text.
fn references(text: &str) -> impl Iterator<Item = SectionReference<'_>> {
    // Nearly all texts hold no digit and need no closer look.
    let numbered = text.bytes().fold(false, |any, byte| any | byte.is_ascii_digit());
    let starts = if numbered { text } else { "" }.match_indices(['s', 'S', '§']);
    starts.filter_map(|(at, _)| {
        let begins = !text[..at].ends_with(char::is_alphanumeric);
        if begins { section_reference(&text[at..]) } else { None }
    })
}

/// Reads a reference at the start of a text.
pub(crate) fn section_reference(text: &str) -> Option<SectionReference<'_>> {
    let rest = match text.strip_prefix('§') {
        Some(rest) => rest,
        None => {
            let word = text.get(.."section".len()).filter(|word| word.eq_ignore_ascii_case("section"))?;
            let rest = &text[word.len()..];
            if !rest.starts_with(' ') {
                return None;
            }
            rest
        }
    };
    let rest = rest.trim_start();
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let section = rest[..end].trim_end_matches('.');
    if !is_section_number(section) {
        return None;
    }
    let phase = phase_word(rest[section.len()..].trim_start()).and_then(|(rest, _)| {
        let rest = rest.trim_start();
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        rest[..digits].parse().ok()
    });
    Some(SectionReference { section, phase })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_found_in_prose() {
        for (text, expected) in [
            ("All features in section 4 implemented", vec![("4", None)]),
            ("All documentation in section 5 Phase 5 complete", vec![("5", Some(5))]),
            ("See §3.2 and Section 13.2.", vec![("3.2", None), ("13.2", None)]),
            ("sections 4 and 5", vec![]),
            ("the section about 4", vec![]),
            ("dissection 4", vec![]),
            ("section", vec![]),
        ] {
            let seen: Vec<_> = references(text).map(|r| (r.section, r.phase)).collect();
            assert_eq!(seen, expected, "{text:?}");
        }
    }
}
