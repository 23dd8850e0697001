//! Carries a plan out: runbook, executors, engine and the operator's verbs.
//!
//! Reading order: a [`command::Command`] is a value; [`runner`] is the one place where it becomes a process;
//! [`executor`]s build them; the [`runbook`] says which task needs what; the [`engine`] carries it out on a
//! [`target`]; [`api`] is PRD §7.2; [`operator`] has the verbs for a person; [`lint`] looks at manifests beforehand,
//! [`simulate`] runs them in a model,
//! and [`release`] brings a version by Git.

pub mod api;
mod cluster;
pub mod command;
pub mod context;
pub mod engine;
pub mod executor;
pub mod fault;
pub mod lint;
pub mod operator;
pub mod proof;
pub mod redact;
pub mod release;
pub mod runbook;
pub mod runner;
pub mod simulate;
pub mod statics;
pub mod target;

pub use api::{ExecutionResult, PhaseResult, execute_phase, execute_task};
pub use context::Context;
pub use target::Target;
