//! What a plan is made of: plain data, in document order, each part with the bytes it was read from.
//!
//! These types do not implement `Serialize`: what goes over a wire is [`crate::doc`], which has a version.

use std::fmt;
use std::str::FromStr;

/// Bytes of the source, `start..end`; both ends lie on character boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
}

/// Everything that was read from one document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// What the document says about itself.
    pub metadata: Metadata,
    /// Phases in document order.
    pub phases: Vec<Phase>,
    /// Units of work in document order, nested ones after their parent.
    pub tasks: Vec<Task>,
    /// What the product must do; not work by itself.
    pub requirements: Vec<Item>,
    /// When the work counts as accepted; not work by itself.
    pub criteria: Vec<Item>,
}

/// What the document says about itself. What it does not say is `None` or empty, never guessed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metadata {
    /// The first level-1 heading, else `title:` of the front matter.
    pub title: Option<String>,
    /// `Version:` of the front matter or of the lines before the first section.
    pub version: Option<String>,
    /// `Date:` likewise, as written.
    pub date: Option<String>,
    /// `Owner:` or `Author:` likewise.
    pub owner: Option<String>,
    /// List items of a section called Timeline or Schedule.
    pub timeline: Vec<TimelineEntry>,
    /// List items of a section called Stakeholders.
    pub stakeholders: Vec<Stakeholder>,
    /// List items of a section called References.
    pub references: Vec<Reference>,
}

/// One line of the timeline. Shown only: a date is a plan, not a dependency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineEntry {
    /// `Week 1` of `**Week 1**: Infrastructure setup`.
    pub label: Option<String>,
    /// What is planned.
    pub text: String,
    /// The bytes of the list item's text.
    pub span: Span,
    /// 1-based line.
    pub line: u32,
}

/// A person or group with an interest in the product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stakeholder {
    /// `Developers` of `**Developers**: Use the system for deployments`.
    pub name: String,
    /// What they do.
    pub role: Option<String>,
    /// The bytes of the list item's text.
    pub span: Span,
    /// 1-based line.
    pub line: u32,
}

/// A source that the document refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The link's text, or the whole item's if there is no link.
    pub title: String,
    /// The link's target, as written.
    pub url: Option<String>,
    /// The bytes of the list item's text.
    pub span: Span,
    /// 1-based line.
    pub line: u32,
}

/// A heading under which tasks stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase {
    /// Slug of the title, such as `infrastructure-setup`. Not made from the number: numbers move.
    pub id: String,
    /// `2` of `Phase 2: …`. A selector, not an identity.
    pub number: Option<u32>,
    /// The heading without number, priority and emphasis: `Blue-Green Implementation`.
    pub title: String,
    /// From `(Priority: High)` in the heading.
    pub priority: Option<Priority>,
    /// Hard barriers ([`Origin::Phase`]) and the soft order of the document ([`Origin::Order`]);
    /// `on` is the id of another phase.
    pub dependencies: Vec<Dependency>,
    /// From the heading to the end of its section.
    pub span: Span,
    /// 1-based line of the heading.
    pub line: u32,
}

/// A unit of work: a checkbox in the task region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Unique in the plan and stable over edits: an explicit id, or `<phase>/<title>` in slugs.
    pub id: String,
    /// Whether the author wrote the id.
    pub explicit_id: bool,
    /// One line of plain text, without id, dependencies and emphasis.
    pub title: String,
    /// Index in [`Plan::phases`].
    pub phase: usize,
    /// Index in [`Plan::tasks`] of the task that this one is nested under.
    pub parent: Option<usize>,
    /// The task's own, else its phase's.
    pub priority: Option<Priority>,
    /// Whether the box is ticked in the document. Not a status: see the task manager.
    pub checked: bool,
    /// Plain bullets and paragraphs under the task, one entry each.
    pub details: Vec<String>,
    /// What has to be done before; [`Origin`] says what `on` names.
    pub dependencies: Vec<Dependency>,
    /// From the list marker to the end of the last detail.
    pub span: Span,
    /// Offset of the one byte between the brackets: `[` is before it, `]` after it.
    pub box_at: usize,
    /// 1-based line of the box.
    pub line: u32,
}

/// A requirement or a criterion: a checkbox that is not work by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Unique among the plan's items and tasks: an explicit id, or `<section>/<title>` in slugs.
    pub id: String,
    /// Whether the author wrote the id.
    pub explicit_id: bool,
    /// One line of plain text.
    pub title: String,
    /// Title of the nearest heading above, without its number.
    pub section: String,
    /// Whether the box is ticked in the document.
    pub checked: bool,
    /// From the list marker to the end of the item.
    pub span: Span,
    /// Offset of the one byte between the brackets.
    pub box_at: usize,
    /// 1-based line of the box.
    pub line: u32,
}

/// An edge to something that comes before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The id of a task for [`Origin::Explicit`] and [`Origin::Parent`], of a phase for the others.
    pub on: String,
    /// Why the edge exists.
    pub origin: Origin,
    /// 1-based line that says so.
    pub line: u32,
}

/// Why an edge exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// `(depends on X)`: the task `on` is named, by id or by exact title. Hard.
    Explicit,
    /// `(depends on section 6 Phase 2)`: all tasks of the phase `on`, found by section number. Hard.
    Reference,
    /// The task `on` is nested under this one and has to be finished first. Hard.
    Parent,
    /// `Phase 3 depends on Phase 2`: all tasks of the phase `on`. Hard.
    Phase,
    /// The phase `on` stands before this one in the document. Soft: it orders, it never blocks.
    Order,
}

impl Origin {
    /// Whether a failure or an unfinished `on` blocks. Only the order of the document does not.
    pub fn is_hard(self) -> bool {
        self != Origin::Order
    }

    /// Whether [`Dependency::on`] names a phase, that is all of its tasks, rather than one task.
    pub fn names_phase(self) -> bool {
        matches!(self, Origin::Reference | Origin::Phase | Origin::Order)
    }

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Origin::Explicit => "explicit",
            Origin::Reference => "reference",
            Origin::Parent => "parent",
            Origin::Phase => "phase",
            Origin::Order => "order",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How urgent something is; the first is the most urgent and sorts first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Priority {
    /// Nothing goes without it.
    Critical,
    /// Needed soon.
    High,
    /// Needed.
    Medium,
    /// Good to have.
    Low,
}

impl Priority {
    /// All values, the most urgent first.
    pub const ALL: [Priority; 4] = [Priority::Critical, Priority::High, Priority::Medium, Priority::Low];

    /// The word on the wire, as PRD §7.1 has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Priority::Critical => "Critical",
            Priority::High => "High",
            Priority::Medium => "Medium",
            Priority::Low => "Low",
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that is not a priority.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown priority {0:?}, expected Critical, High, Medium or Low")]
pub struct UnknownPriority(pub String);

impl FromStr for Priority {
    type Err = UnknownPriority;

    /// Reads the word in any case, surrounding white space ignored.
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let word = word.trim();
        Priority::ALL
            .into_iter()
            .find(|p| p.as_str().eq_ignore_ascii_case(word))
            .ok_or_else(|| UnknownPriority(word.to_owned()))
    }
}
