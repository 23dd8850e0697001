//! The simulator as a client meets it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in what it calls too")]

mod admission;
mod api;
mod apply;
mod argocd;
mod ask;
mod autoscaler;
mod blue_green;
mod canary;
mod client;
mod cluster;
mod examples;
mod explain;
mod journal;
mod kubectl;
mod process;
mod random;
mod serve;
mod variations;
