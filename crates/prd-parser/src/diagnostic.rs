//! What the parser noticed. It never fails: the caller decides which severity is fatal.

use std::fmt;

use crate::model::Span;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Note,
    /// Something was probably meant that was not read.
    Warning,
    /// The plan must not be carried out as it stands.
    Error,
}

impl Severity {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One finding, with the place it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What kind of finding, stable, such as `no-tasks`. [`codes`] lists all.
    pub code: &'static str,
    /// A lower-case fragment that says what was seen.
    pub message: String,
    /// What the author can do.
    pub help: Option<String>,
    /// The bytes it is about.
    pub span: Span,
    /// 1-based line of the first of them.
    pub line: u32,
    /// How many lines that look like a checkbox are no item and are accounted for here.
    pub checkboxes: usize,
}

/// Every value of [`Diagnostic::code`].
pub mod codes {
    /// There is no task in the whole document. Error.
    pub const NO_TASKS: &str = "no-tasks";
    /// A fenced block is never closed and holds checkboxes. Warning.
    pub const UNCLOSED_FENCE: &str = "unclosed-fence";
    /// Checkboxes stand in a code block, as examples do. Note.
    pub const CHECKBOX_IN_CODE: &str = "checkbox-in-code";
    /// Checkboxes stand in an HTML block or comment, where Markdown has no lists. Warning.
    pub const CHECKBOX_IN_HTML: &str = "checkbox-in-html";
    /// Checkboxes stand in a table. Warning.
    pub const CHECKBOX_IN_TABLE: &str = "checkbox-in-table";
    /// Checkboxes stand in the front matter. Note.
    pub const CHECKBOX_IN_FRONT_MATTER: &str = "checkbox-in-front-matter";
    /// Checkboxes stand under a heading that holds neither tasks nor requirements nor criteria. Warning.
    pub const CHECKBOX_OUTSIDE: &str = "checkbox-outside-region";
    /// Something nearly a checkbox, such as `[]` or `[ ]Text`. Warning.
    pub const NEAR_MISS: &str = "checkbox-near-miss";
    /// A checkbox without any text. Warning.
    pub const EMPTY_CHECKBOX: &str = "checkbox-without-text";
    /// A checkbox that Markdown does not read as a list item where it stands. Warning.
    pub const NOT_A_LIST_ITEM: &str = "checkbox-not-a-list-item";
    /// A box with a symbol other than space, `x` and `X`: an item, taken as open. Warning.
    pub const UNKNOWN_SYMBOL: &str = "unknown-box-symbol";
    /// Two items carry the same explicit id. Error.
    pub const DUPLICATE_ID: &str = "duplicate-id";
    /// Two phases carry the same number. Warning.
    pub const DUPLICATE_PHASE: &str = "duplicate-phase-number";
    /// A phase heading without any task. Warning.
    pub const EMPTY_PHASE: &str = "phase-without-tasks";
    /// A dependency names nothing in the plan. Error.
    pub const UNKNOWN_DEPENDENCY: &str = "unknown-dependency";
    /// A dependency names several things. Error.
    pub const AMBIGUOUS_DEPENDENCY: &str = "ambiguous-dependency";
    /// A dependency is written in a form that is not read, such as a range. Error.
    pub const UNREAD_DEPENDENCY: &str = "unread-dependency";
    /// Prose refers to a section or a phase of a section that does not exist. Warning.
    pub const UNRESOLVED_REFERENCE: &str = "unresolved-reference";
    /// `(Priority: …)` with a word that is not a priority. Warning.
    pub const UNKNOWN_PRIORITY: &str = "unknown-priority";

    /// All of them, for documentation and tests.
    pub const ALL: [&str; 19] = [
        NO_TASKS,
        UNCLOSED_FENCE,
        CHECKBOX_IN_CODE,
        CHECKBOX_IN_HTML,
        CHECKBOX_IN_TABLE,
        CHECKBOX_IN_FRONT_MATTER,
        CHECKBOX_OUTSIDE,
        NEAR_MISS,
        EMPTY_CHECKBOX,
        NOT_A_LIST_ITEM,
        UNKNOWN_SYMBOL,
        DUPLICATE_ID,
        DUPLICATE_PHASE,
        EMPTY_PHASE,
        UNKNOWN_DEPENDENCY,
        AMBIGUOUS_DEPENDENCY,
        UNREAD_DEPENDENCY,
        UNRESOLVED_REFERENCE,
        UNKNOWN_PRIORITY,
    ];
}
