//! A Kubernetes API with the Argo Rollouts controllers, in virtual time
//!
//! The core is [`World`]: synchronous, without a clock, and the same for the same calls.

mod api;
mod boot;
mod collect;
mod controllers;
mod event;
mod fields;
mod object;
mod queue;
mod refusal;
mod resource;
mod schema;
mod store;
mod traffic;
mod world;
mod write;

pub use schema::generate;
pub use world::World;
