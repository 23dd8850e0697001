//! Markdown to a plan of phases, tasks, requirements and criteria, with byte spans and diagnostics.
//!
//! The crate reads no files, starts no process and cannot fail on content: [`parse`] returns what it read
//! together with what it noticed, and the caller decides what is fatal.
//!
//! ```
//! let source = "\
//! ## Phase 1: Setup (Priority: High)
//! - [x] Install Argo CD
//! - [ ] Install the chart (depends on Install Argo CD)
//! - [] Write the guide
//! ";
//! let parsed = prd_parser::parse(source);
//!
//! let [argo, chart] = parsed.plan.tasks.as_slice() else { panic!("two tasks") };
//! assert_eq!(argo.id, "setup/install-argo-cd");
//! assert!(argo.checked);
//! assert_eq!(chart.dependencies[0].on, argo.id);
//! assert_eq!(&source[chart.box_at - 1..chart.box_at + 2], "[ ]");
//!
//! // Nothing that looks like a checkbox is lost without a word.
//! assert_eq!(parsed.tally.to_string(), "2 tasks, 0 requirements, 0 criteria; 1 ignored checkbox line");
//! assert_eq!(parsed.diagnostics[0].message, "a box without a space in it");
//! assert_eq!(parsed.diagnostics[0].line, 4);
//! ```
//!
//! Dependencies that lead nowhere are error diagnostics; cycles are not looked for here, since they need the
//! whole graph: every edge carries its origin and its line, so that whoever builds the graph can name them.

mod account;
mod build;
mod depend;
pub mod diagnostic;
pub mod doc;
mod heading;
pub mod identity;
mod ids;
mod item;
mod lines;
mod meta;
pub mod model;
mod outline;
mod reference;
mod scan;
mod slug;
pub mod tally;
mod text;
mod walk;

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

/// Reads a document. Any text will do: there is no error, only diagnostics. Takes time in proportion to the
/// length of the text.
pub fn parse(source: &str) -> Parsed {
    let lines = lines::Lines::new(source);
    let candidates = scan::scan(&lines);
    let outline = walk::walk(source, &lines, &candidates);
    let (plan, diagnostics, tally) = build::build(outline, &lines, &candidates);
    Parsed { plan, diagnostics, tally }
}
