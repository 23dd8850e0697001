//! Canaries: the simulator reproduces what was recorded, and what was not recorded yet is run all the same, and
//! printed as unverified.

use crate::transcripts::{compare, reproduces};

reproduces! {
    canary_at_shipped_times: "canary-at-shipped-times",
    canary_abort_and_retry: "canary-abort-and-retry",
    canary_back_in_the_middle: "canary-back-in-the-middle",
    canary_bad_later: "canary-bad-later",
    canary_bad_version: "canary-bad-version",
    canary_fewer_pods_than_the_weights_need: "canary-fewer-pods-than-the-weights-need",
    canary_new_commit_in_the_middle: "canary-new-commit-in-the-middle",
    canary_of_the_prd: "canary-of-the-prd",
    canary_one_per_cent: "canary-one-per-cent",
    canary_promote_step_by_step: "canary-promote-step-by-step",
    canary_promoted_in_full: "canary-promoted-in-full",
    canary_rollback: "canary-rollback",
    canary_slow_version: "canary-slow-version",
    canary_without_a_router: "canary-without-a-router",
    git_canary: "git-canary",
    git_canary_reverted: "git-canary-reverted",
    hpa_scales_in_mid_canary: "hpa-scales-in-mid-canary",
    nan_pauses: "nan-pauses",
    no_data_pauses: "no-data-pauses",
    prometheus_down: "prometheus-down",
    prometheus_hangs: "prometheus-hangs",
}

/// Without a transcript: nothing but the simulator has shown these. A scenario begins here.
pub(crate) const UNVERIFIED: &[&str] = &[];

async fn reproduce(name: &str) {
    compare("canary", name, UNVERIFIED).await;
}
