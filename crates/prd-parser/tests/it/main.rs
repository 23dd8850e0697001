//! Integration tests; they read the PRD that ships.

#![expect(clippy::expect_used, clippy::panic, reason = "tests fail by panicking, in what they call too")]

mod accounting;
mod dependencies;
mod document;
mod identity;
mod mutation;
mod prd;
mod robust;
mod support;
