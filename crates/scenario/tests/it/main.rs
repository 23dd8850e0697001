//! The shipped files and the scenarios, as they lie in the repository.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy's exemption for tests reaches test functions only"
)]

mod argocd;
mod canaries;
mod canary;
mod canary_rollback;
mod chart;
mod failures;
mod files;
mod manifests;
mod scripts;
mod transcripts;
