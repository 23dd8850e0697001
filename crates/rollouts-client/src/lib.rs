//! Typed Argo Rollouts resources, the operator's verbs as patches, phase and view; and a thin client.
pub mod names;
pub mod phase;
pub mod revision;
pub mod types;
