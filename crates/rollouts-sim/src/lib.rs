//! A Kubernetes API with the controllers of Argo Rollouts and Argo CD, in virtual time
//!
//! The core is [`World`]: synchronous, without a clock, and the same for the same calls.

mod api;
mod boot;
pub mod cli;
mod collect;
mod controllers;
mod event;
mod faults;
mod fields;
mod journal;
mod json;
mod object;
mod prometheus;
mod quantity;
mod queue;
mod refusal;
mod repository;
mod resource;
mod schema;
mod serve;
mod simulator;
mod store;
mod traffic;
mod usage;
mod world;
mod write;

pub use journal::{JournalError, reset};
pub use schema::{generate, published};
pub use serve::{ServeError, Server};
pub use simulator::{Simulator, Summary};
pub use world::World;
