//! Carries a plan out: runbook, executors, engine and the operator's verbs.
//!
//! Reading order: a [`command::Command`] is a value; [`runner`] is the one place where it becomes a process.

pub mod command;
pub mod executor;
pub mod redact;
pub mod runbook;
pub mod runner;
