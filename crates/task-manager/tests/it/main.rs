//! Everything that is tested from outside the crate, in one binary.

mod build;
mod fold;
mod store;
mod transitions;
