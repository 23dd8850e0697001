//! The account of checkboxes: whatever the scan saw and the walk did not make an item becomes a diagnostic.

use crate::diagnostic::{Diagnostic, Severity, codes};
use crate::lines::{Lines, narrow};
use crate::model::Span;
use crate::outline::{Opaque, Outline, Outside};
use crate::scan::{Candidate, Shape};
use crate::tally::count;

/// Accounts for every candidate that is no item.
pub(crate) fn account(outline: &Outline, lines: &Lines<'_>, candidates: &[Candidate]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    outside(outline, lines, &mut found);
    for &line in &outline.empty {
        let message = "checkbox without text".to_owned();
        let help = Some("write what is to be done after the box, or delete the line".to_owned());
        found.push(at(Severity::Warning, codes::EMPTY_CHECKBOX, message, help, lines.span(line), line));
    }
    leftover(outline, lines, candidates, &mut found);
    found
}

fn at(
    severity: Severity,
    code: &'static str,
    message: String,
    help: Option<String>,
    span: Span,
    line: usize,
) -> Diagnostic {
    Diagnostic { severity, code, message, help, span, line: narrow(line), checkboxes: 1 }
}

/// Checkboxes under headings that hold no items, one diagnostic a heading.
fn outside(outline: &Outline, lines: &Lines<'_>, found: &mut Vec<Diagnostic>) {
    let named = outline.headings.iter().map(|heading| (&heading.outside, Some(heading.title.text())));
    let all = std::iter::once((&outline.outside, None)).chain(named);
    for (&Outside { count: n, first, last }, heading) in all.filter(|(outside, _)| outside.count > 0) {
        let place = heading
            .map_or_else(|| "before the first heading".to_owned(), |title| format!("under \"{title}\""));
        let message = format!("{} {place} ignored", count(n, "checkbox", "checkboxes"));
        let help = "only headings about phases, milestones, implementation or tasks hold tasks; \
                    put <!-- prd:tasks --> below the heading if these are tasks";
        let span = lines.range(first, last);
        let one = at(Severity::Warning, codes::CHECKBOX_OUTSIDE, message, Some(help.to_owned()), span, first);
        found.push(Diagnostic { checkboxes: n, ..one });
    }
}

/// Candidates that the walk never met: in opaque blocks, near misses, and what is left.
fn leftover(outline: &Outline, lines: &Lines<'_>, candidates: &[Candidate], found: &mut Vec<Diagnostic>) {
    let mut rest = candidates.iter().zip(&outline.claimed).filter(|(_, claimed)| !**claimed).map(|(c, _)| c);
    let mut next = rest.next();
    for &(kind, first, last) in &outline.opaque {
        while let Some(candidate) = next.filter(|c| c.line < first) {
            found.push(stray(candidate, lines));
            next = rest.next();
        }
        let mut inside = 0;
        while next.is_some_and(|c| c.line <= last) {
            inside += 1;
            next = rest.next();
        }
        if inside > 0 {
            found.push(opaque(kind, inside, first, lines.range(first, last)));
        }
    }
    found.extend(next.into_iter().chain(rest).map(|candidate| stray(candidate, lines)));
}

fn opaque(kind: Opaque, inside: usize, line: usize, span: Span) -> Diagnostic {
    let boxes = count(inside, "checkbox", "checkboxes");
    let (severity, code, message, help) = match kind {
        Opaque::Fence { closed: false } => (
            Severity::Warning,
            codes::UNCLOSED_FENCE,
            format!("a fenced block that is never closed swallows {boxes}"),
            Some("close it with a line of the same fence"),
        ),
        Opaque::Fence { closed: true } => {
            (Severity::Note, codes::CHECKBOX_IN_CODE, format!("{boxes} in a fenced block ignored"), None)
        }
        Opaque::Indented => (
            Severity::Warning,
            codes::CHECKBOX_IN_CODE,
            format!("{boxes} indented so far that Markdown reads code"),
            Some("indent by at most three spaces more than the text of the item above"),
        ),
        Opaque::Html => (
            Severity::Warning,
            codes::CHECKBOX_IN_HTML,
            format!("{boxes} in an HTML block ignored"),
            Some("put an empty line between the HTML and the list"),
        ),
        Opaque::Table => (
            Severity::Warning,
            codes::CHECKBOX_IN_TABLE,
            format!("a table with {} ignored", count(inside, "row of checkboxes", "rows of checkboxes")),
            Some("tables are not read; write the tasks as a list"),
        ),
        Opaque::FrontMatter => (
            Severity::Note,
            codes::CHECKBOX_IN_FRONT_MATTER,
            format!("{boxes} in the front matter ignored"),
            None,
        ),
    };
    Diagnostic { checkboxes: inside, ..at(severity, code, message, help.map(str::to_owned), span, line) }
}

fn stray(candidate: &Candidate, lines: &Lines<'_>) -> Diagnostic {
    let near = |message: &str, help: &str| (codes::NEAR_MISS, message.to_owned(), help.to_owned());
    let (code, message, help) = match candidate.shape {
        Shape::Good { .. } | Shape::Symbol(_) => (
            codes::NOT_A_LIST_ITEM,
            "a checkbox that Markdown does not read as a list item here".to_owned(),
            "start a list of its own: check the indentation and put an empty line before it".to_owned(),
        ),
        Shape::Wide(symbol) => (
            codes::NEAR_MISS,
            format!("a box holds {} instead of a space or an x", name(symbol)),
            "write [ ] or [x]".to_owned(),
        ),
        Shape::Empty => near("a box without a space in it", "write [ ]"),
        Shape::Padded => near("a box with more than one character in it", "write [ ] or [x]"),
        Shape::Glued => near("no space after the box", "put a plain space after ]"),
        Shape::GluedMarker => near("no space between the list marker and the box", "write - [ ] or 1. [ ]"),
        Shape::NoMarker => near("a box without a list marker", "put - before the box"),
        Shape::Heading => near("a box in a heading", "write the task as a list item below the heading"),
        Shape::Emphasis => near("a box inside emphasis", "put the emphasis after the box"),
        Shape::Cell => near("a box in a table row", "write the task as a list item"),
    };
    at(Severity::Warning, code, message, Some(help), lines.span(candidate.line), candidate.line)
}

fn name(symbol: char) -> String {
    match symbol {
        '\u{a0}' => "a no-break space".to_owned(),
        other => format!("{other:?} (U+{:04X})", u32::from(other)),
    }
}
