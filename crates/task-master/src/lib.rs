//! Carries a plan out: runbook, executors, engine and the operator's verbs.
//!
//! Reading order: a [`command::Command`] is a value; [`runner`] is the one place where it becomes a process.

pub mod cluster;
pub mod command;
pub mod context;
pub mod engine;
pub mod executor;
pub mod fault;
pub mod redact;
pub mod runbook;
pub mod runner;
pub mod statics;
pub mod target;
