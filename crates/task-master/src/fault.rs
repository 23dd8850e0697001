//! Why a step did not do what it should: one message and whether trying again can help.

use std::fmt;

use task_manager::render::causes;

use crate::executor::Class;

/// A step's failure. The message is complete: causes are in it, because it goes into one row of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Whether it may pass by itself.
    pub class: Class,
    /// What went wrong, as a fragment.
    pub message: String,
    /// The tool that is missing, when that is why.
    pub missing_tool: Option<String>,
}

impl Fault {
    /// One that will come again.
    pub fn permanent(message: impl Into<String>) -> Self {
        Self { class: Class::Permanent, message: message.into(), missing_tool: None }
    }

    /// One of this class.
    pub fn of(class: Class, message: impl Into<String>) -> Self {
        Self { class, message: message.into(), missing_tool: None }
    }

    /// The tool is not there.
    pub fn missing(tool: &str) -> Self {
        let message = format!("{tool} is not on PATH");
        Self { class: Class::Permanent, message, missing_tool: Some(tool.to_owned()) }
    }

    /// From an error and everything below it.
    pub fn chain(class: Class, error: &dyn std::error::Error) -> Self {
        Self { class, message: causes(error), missing_tool: None }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
