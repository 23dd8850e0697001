//! Markdown to a plan of phases, tasks, requirements and criteria, with byte spans and diagnostics
//!
//! The crate reads no files, starts no process and cannot fail on content.

pub mod diagnostic;
pub mod model;
pub mod tally;

pub use diagnostic::{Diagnostic, Severity};
pub use model::{
    Dependency, Item, Metadata, Origin, Phase, Plan, Priority, Reference, Span, Stakeholder, Task,
    TimelineEntry,
};
pub use tally::Tally;

/// The result of [`parse`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parsed {
    /// What was read.
    pub plan: Plan,
    /// What was noticed, ordered by line.
    pub diagnostics: Vec<Diagnostic>,
    /// The account of checkboxes.
    pub tally: Tally,
}
