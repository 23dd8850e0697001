//! A picture of an account: who answered when, what was lost, how long the slowest answer took, and what
//! the operator did. An SVG that stands alone: no script, no font, no link, and readable on light and dark.

mod layers;
mod marks;
mod scale;
mod svg;

use std::time::Duration;

use jiff::Timestamp;

pub use self::svg::svg;

/// What a picture says besides its account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// The heading.
    pub title: String,
    /// The operator's actions, drawn as labelled vertical lines.
    pub marks: Vec<Mark>,
    /// The width of one step of the curve; `None` chooses one that suits the length of the load.
    pub step: Option<Duration>,
}

/// An action of the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// When it began.
    pub at: Timestamp,
    /// What it was, in a word or two.
    pub label: String,
}

impl Picture {
    /// A picture without marks.
    pub fn new(title: impl Into<String>) -> Self {
        Picture { title: title.into(), marks: Vec::new(), step: None }
    }

    /// The same picture with one more mark.
    #[must_use]
    pub fn mark(mut self, at: Timestamp, label: impl Into<String>) -> Self {
        self.marks.push(Mark { at, label: label.into() });
        self
    }
}
