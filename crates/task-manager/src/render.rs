//! Readers of the plain data: text for a person, Markdown, Graphviz, Mermaid. Pure; the caller writes what they return.

mod failure;
mod graph;
mod history;
mod report_markdown;
mod report_text;
mod style;
mod task;

pub use failure::{Finding, causes, chain, findings};
pub use graph::{document as graph_document, dot, mermaid};
pub use history::history;
pub use report_markdown::report_markdown;
pub use report_text::report_text;
pub use style::{Style, count, pad, width};
pub use task::{explanation, next, task, task_table};
