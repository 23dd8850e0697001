//! What one walk over the tree leaves behind, before ids and dependencies are worked out.

use crate::heading::{About, Region, Title};
use crate::item::Clause;
use crate::model::{Priority, Span};

/// A heading of the document itself (not one inside a quotation or a list).
#[derive(Debug)]
pub(crate) struct Heading {
    pub(crate) level: u8,
    pub(crate) title: Title,
    pub(crate) region: Region,
    pub(crate) about: Option<About>,
    /// Index of the phase that the heading opens.
    pub(crate) phase: Option<usize>,
    pub(crate) line: usize,
    /// From the heading to the end of its section.
    pub(crate) span: Span,
    /// Checkboxes directly below that are no items, and the first and last line of them.
    pub(crate) outside: Outside,
}

/// Checkboxes that belong to no region.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Outside {
    pub(crate) count: usize,
    pub(crate) first: usize,
    pub(crate) last: usize,
}

impl Outside {
    pub(crate) fn add(&mut self, line: usize) {
        self.first = if self.count == 0 { line } else { self.first };
        self.last = line;
        self.count += 1;
    }
}

/// A phase, by the heading that opens it; `None` is the phase of tasks before any heading.
#[derive(Debug)]
pub(crate) struct PhaseDraft {
    pub(crate) heading: Option<usize>,
    pub(crate) line: usize,
    pub(crate) clauses: Vec<Clause>,
    pub(crate) tasks: usize,
}

/// A checkbox that is an item.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) region: Region,
    pub(crate) heading: Option<usize>,
    /// Set for tasks only.
    pub(crate) phase: usize,
    /// Index of the draft of the same region that this one is nested under.
    pub(crate) parent: Option<usize>,
    pub(crate) title: String,
    /// As the author wrote it, in the text or in a comment `<!-- id: x -->`.
    pub(crate) id: Option<String>,
    pub(crate) priority: Option<Result<Priority, String>>,
    pub(crate) checked: bool,
    pub(crate) symbol: Option<u8>,
    pub(crate) span: Span,
    pub(crate) box_at: usize,
    pub(crate) line: usize,
    /// One line each, with its line number.
    pub(crate) details: Vec<(String, usize)>,
    /// Of the text and of the details.
    pub(crate) clauses: Vec<Clause>,
}

/// A list item of a section that belongs to the metadata.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) about: About,
    pub(crate) text: String,
    pub(crate) link: Option<(String, String)>,
    pub(crate) span: Span,
    pub(crate) line: usize,
}

/// Lines in which Markdown has no lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opaque {
    Fence { closed: bool },
    Indented,
    Html,
    Table,
    FrontMatter,
}

/// `Phase 3 depends on Phase 2`.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) number: u32,
    pub(crate) clause: Clause,
}

/// The result of the walk.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    pub(crate) headings: Vec<Heading>,
    /// Headings of any kind, those inside quotations included.
    pub(crate) heading_count: usize,
    pub(crate) phases: Vec<PhaseDraft>,
    pub(crate) drafts: Vec<Draft>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) statements: Vec<Statement>,
    /// Opaque blocks with their first and last line, in document order.
    pub(crate) opaque: Vec<(Opaque, usize, usize)>,
    /// Lines of the paragraphs before the first section.
    pub(crate) preamble: Vec<String>,
    pub(crate) front_matter: Option<String>,
    /// Checkboxes before the first heading.
    pub(crate) outside: Outside,
    /// Lines of checkboxes without text.
    pub(crate) empty: Vec<usize>,
    /// For each candidate of the scan, whether the walk has dealt with it.
    pub(crate) claimed: Vec<bool>,
}
