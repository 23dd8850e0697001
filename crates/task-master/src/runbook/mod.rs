//! The runbook: which typed steps carry out which task.
//!
//! The runbook is code, kept beside the manifests like a Makefile. The PRD is not: its titles are matched
//! against the runbook's ids and never become a command, a path or an argument. Variables stand only for
//! whole values of the runbook, so no value of theirs can become a second argument.

mod actions;
mod fields;
mod model;
mod paths;
mod problem;
mod read;
mod targets;
pub(crate) mod tree;
mod verify;

pub use model::{
    Action, Apply, Binding, Change, Condition, Http, Id, Load, Metrics, Mutation, Named, ObjectIs, ObjectRef,
    Patch, Probe, Reconcile, Rollout, RolloutIs, Run, Runbook, Static, Step, TerraformAction, Tool, ToolStep,
    Verb,
};
pub use paths::{PathError, Root};
pub use problem::{Invalid, Problem};
pub use read::parse;
pub use targets::On;
pub use tree::Place;
pub use verify::verify;
