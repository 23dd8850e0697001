//! The simulator reproduces what was recorded on a real cluster, one test a scenario.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::ListParams;
use rollouts_sim::Simulator;
use scenario::{Transcript, World};

use crate::files::{root, text};
use crate::scripts::scripts;

/// A test a scenario, by the `reproduce` at hand.
macro_rules! reproduces {
    ($($test:ident: $name:literal),+ $(,)?) => {
        $(
            #[tokio::test]
            async fn $test() {
                reproduce($name).await;
            }
        )+

        /// The scenarios that have a test above.
        pub(crate) const REPRODUCED: &[&str] = &[$($name),+];
    };
}

pub(crate) use reproduces;

reproduces! {
    abort_before_promotion: "abort-before-promotion",
    abort_while_promoted_pods_crash: "abort-while-promoted-pods-crash",
    analysis_fails_before_promotion: "analysis-fails-before-promotion",
    analysis_successful: "analysis-successful",
    deploy_and_promote: "deploy-and-promote",
    never_ready: "never-ready",
    undo_inside_the_delay: "undo-inside-the-delay",
    undo_with_full_preview: "undo-with-full-preview",
}

// Variations, recorded after the simulator reproduced the scenarios above.
mod variations {
    use super::reproduce;

    reproduces! {
        abort_and_retry: "abort-and-retry",
        abort_while_promoted_pods_are_ready: "abort-while-promoted-pods-are-ready",
        analysis_fails_after_promotion: "analysis-fails-after-promotion",
        crashes_at_start: "crashes-at-start",
        hpa_rollback: "hpa-rollback",
        hpa_scales_while_paused: "hpa-scales-while-paused",
        inconclusive_while_aborting: "inconclusive-while-aborting",
        git_drift: "git-drift",
        git_release: "git-release",
        git_revert: "git-revert",
        git_rollback: "git-rollback",
        git_undo_against_self_heal: "git-undo-against-self-heal",
        killed_pod: "control-killed-pod",
        paused_by_spec_while_aborting: "paused-by-spec-while-aborting",
        promote_in_full: "promote-in-full",
        restart_under_load: "restart-under-load",
        rollback_after_the_delay: "rollback-after-the-delay",
        rollback_while_promoted_pods_crash: "rollback-while-promoted-pods-crash",
        rollback_with_controller_down: "rollback-with-controller-down",
        rollback_with_full_preview: "rollback-with-full-preview",
        rollback_with_shipped_values: "rollback-with-shipped-values",
        two_updates_in_a_row: "two-updates-in-a-row",
        without_graceful_stop: "control-without-graceful-stop",
        undo_after_the_delay: "undo-after-the-delay",
        undo_and_back: "undo-and-back",
    }
}

/// Without a transcript: nothing but the simulator has shown these. A scenario begins here.
const UNVERIFIED: &[&str] = &[];

async fn reproduce(name: &str) {
    compare("blue-green", name, UNVERIFIED).await;
}

/// Runs a scenario and compares it with its recording, or prints it where there is none yet.
#[expect(clippy::print_stdout, reason = "who runs the tests with their output is to see what is unverified")]
pub(crate) async fn compare(folder: &str, name: &str, unverified: &[&str]) {
    let shown = show(folder, name).await;
    if unverified.contains(&name) {
        println!("UNVERIFIED: {name} has been shown by the simulator only\n{shown}");
        return;
    }
    let recorded = scenario::read(&text(&format!("scenarios/{folder}/{name}.transcript"))).unwrap();
    if let Some(difference) = scenario::difference(&recorded, &shown) {
        panic!("the simulator differs from the recording (- recorded, + simulated)\n{difference}");
    }
}

/// What scenarios have of their namespace: hosts, the backend of a metric, a process to kill.
#[tokio::test]
async fn in_another_namespace_it_shows_the_same() {
    for (folder, name) in [
        ("blue-green", "deploy-and-promote"),
        ("blue-green", "control-killed-pod"),
        ("canary", "canary-bad-version"),
        ("blue-green", "git-release"),
    ] {
        let there = show_in(Some("elsewhere"), folder, name).await;
        if let Some(difference) = scenario::difference(&show(folder, name).await, &there) {
            panic!("{name} differs in another namespace (- in its own, + elsewhere)\n{difference}");
        }
    }
}

/// Runs a scenario on a new simulated cluster.
pub(crate) async fn show(folder: &str, name: &str) -> Transcript {
    show_in(None, folder, name).await
}

/// Runs a scenario on a new simulated cluster, in another namespace than its own if one is given.
async fn show_in(namespace: Option<&str>, folder: &str, name: &str) -> Transcript {
    let mut script = scenario::parse(&text(&format!("scenarios/{folder}/{name}.scenario"))).unwrap();
    let simulator = Simulator::in_memory(1);
    let mut world = World::simulated(simulator.client(), simulator.requests(), simulator.pace());
    let home = script.rollout.namespace.clone();
    if let Some(namespace) = namespace {
        scenario::move_to(namespace, &mut script, &mut world);
    }
    let client = world.client.clone();
    let mut told = String::new();
    let mut tell = |line: &str| {
        told.push_str(line);
        told.push('\n');
    };
    match scenario::run(&script, &root(), &world, &mut tell).await {
        Ok(outcome) => {
            let spaces =
                kube::Api::<Namespace>::all(client).list_metadata(&ListParams::default()).await.unwrap();
            let names: Vec<String> =
                spaces.items.into_iter().filter_map(|space| space.metadata.name).collect();
            let used = |name: &str| names.iter().any(|known| known == name);
            assert!(used(namespace.unwrap_or(&home)) && (namespace.is_none() || !used(&home)), "{names:?}");
            outcome.transcript
        }
        Err(error) => panic!("{told}{}", causes(&error)),
    }
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!("\n  caused by: {error}"));
        cause = error.source();
    }
    text
}

fn names(folder: &str) -> BTreeSet<String> {
    let of = |path: &std::path::Path| path.parent().is_some_and(|parent| parent.ends_with(folder));
    let name = |path: &std::path::Path| path.file_stem().unwrap().to_string_lossy().into_owned();
    scripts().iter().filter(|(path, _)| of(path)).map(|(path, _)| name(path)).collect()
}

#[test]
fn every_script_is_reproduced_by_a_test() {
    let reproduced = REPRODUCED.iter().chain(variations::REPRODUCED);
    assert_eq!(names("blue-green"), reproduced.map(ToString::to_string).collect());
    assert_eq!(names("canary"), crate::canaries::REPRODUCED.iter().map(ToString::to_string).collect());
}

#[test]
fn every_transcript_was_recorded_with_the_files_as_they_are() {
    for (path, script) in scripts() {
        let own = path.strip_prefix(root()).unwrap().display().to_string();
        let name = path.file_stem().unwrap().to_string_lossy();
        let transcript = path.with_extension("transcript");
        if UNVERIFIED.iter().chain(crate::canaries::UNVERIFIED).any(|unverified| *unverified == name) {
            assert!(!transcript.exists(), "{own} was recorded: it is unverified no more");
            continue;
        }
        let transcript = std::fs::read_to_string(&transcript);
        let transcript = transcript.unwrap_or_else(|error| panic!("the transcript of {own}: {error}"));
        let header =
            scenario::read(&transcript).unwrap().header.unwrap_or_else(|| panic!("{own}: no header"));
        assert!(header.kubernetes.starts_with("v1.34.") && header.rollouts.starts_with("v1.10."));
        let files: Vec<&str> = std::iter::once(own.as_str()).chain(script.files()).collect();
        let recorded: Vec<&str> = header.files.iter().map(|(file, _)| file.as_str()).collect();
        assert_eq!(recorded, files, "{own}");
        for (file, sum) in &header.files {
            let now = scenario::manifest::sum(&root(), file).unwrap();
            assert_eq!(&now, sum, "{file} is not what {own} was recorded with: record it again");
        }
    }
}
