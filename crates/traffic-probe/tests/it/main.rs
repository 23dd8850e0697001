//! Tests of the account and of the live source of requests.
#![expect(clippy::expect_used, reason = "a test fails by panicking, in its set-up too")]

mod account;
mod live;
mod picture;
mod program;
mod reconcile;
