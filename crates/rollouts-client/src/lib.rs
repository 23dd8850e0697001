//! Typed Argo Rollouts resources, the operator's verbs as patches, phase and view; and a thin client.
pub mod client;
pub mod condition;
pub mod connect;
pub mod names;
pub mod pace;
pub mod patch;
pub mod phase;
pub mod revision;
pub mod types;
pub mod verbs;
pub mod view;
pub mod wait;
