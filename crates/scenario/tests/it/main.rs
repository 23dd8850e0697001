//! The shipped files and the scenarios, as they lie in the repository.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy's exemption for tests reaches test functions only"
)]

mod admission;
mod applicationsets;
mod argocd;
mod argocd_roles;
mod canaries;
mod canary;
mod canary_rollback;
mod chart;
mod environments;
mod failures;
mod files;
mod manifests;
mod network;
mod policies;
mod promotion;
mod readme;
mod scripts;
mod transcripts;
mod typos;
