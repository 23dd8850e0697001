//! How many of what: the sum that shows that no checkbox was lost.

use std::fmt;

/// Counts of one parse. `checkboxes` comes from a scan of raw lines that knows no Markdown, the other
/// counts from the Markdown tree, and `checkboxes == tasks + requirements + criteria + ignored`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Checkboxes that are tasks.
    pub tasks: usize,
    /// Checkboxes that are requirements.
    pub requirements: usize,
    /// Checkboxes that are criteria.
    pub criteria: usize,
    /// Lines that look like a checkbox and are no item; each is accounted for by a diagnostic.
    pub ignored: usize,
    /// Lines that look like a checkbox, all of them.
    pub checkboxes: usize,
    /// Headings of any level.
    pub headings: usize,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { tasks, requirements, criteria, ignored, .. } = self;
        write!(
            f,
            "{}, {}, {}; {}",
            count(*tasks, "task", "tasks"),
            count(*requirements, "requirement", "requirements"),
            count(*criteria, "criterion", "criteria"),
            count(*ignored, "ignored checkbox line", "ignored checkbox lines"),
        )
    }
}

/// `1 task`, `2 tasks`.
pub(crate) fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}
