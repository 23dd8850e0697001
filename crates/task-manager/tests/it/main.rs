//! Everything that is tested from outside the crate, in one binary.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's functions stop the test where they cannot go on"
)]

mod bad_input;
mod bench;
mod build;
mod changes;
mod docs;
mod fold;
mod graph;
mod narrow;
mod output;
mod questions;
mod store;
mod transitions;
