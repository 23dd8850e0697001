//! Tests of the types, of what is pure, and of the little that calls.
#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking, in its set-up too")]

mod api;
mod client;
mod connect;
mod explain;
mod fixture;
mod phase;
mod promises;
mod rollback;
mod rollback_canary;
mod rollback_run;
mod types;
mod verbs;
mod view;
mod wait;
