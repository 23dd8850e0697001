//! Delays that are shorter than what happens between the controller and the user.

use super::objects::{BLUE_GREEN, CANARY, number, text};
use super::{Found, Objects, Rule};

pub(super) const RULES: &[Rule] = &[
    Rule::warning("scale-down-too-soon", "old pods go before every proxy has heard of the switch", too_soon),
    Rule::warning("no-readiness-probe", "pods that are sent traffic before they can answer", no_readiness),
    Rule::warning("no-pre-stop", "pods that stop before the proxies have heard of it", no_pre_stop),
    Rule::error("grace-within-pre-stop", "a grace that is over before the process is told to stop", grace),
];

/// Seconds that endpoints take to reach every proxy, with room. Also what the documentation of the upstream advises at
/// least.
const PROPAGATION: i64 = 10;

fn too_soon(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for rollout in objects.rollouts() {
        for strategy in [BLUE_GREEN, CANARY] {
            let at = format!("{strategy}/scaleDownDelaySeconds");
            if let Some(seconds) = number(rollout.value, &at).filter(|seconds| *seconds < PROPAGATION) {
                let message = format!(
                    "old pods go {seconds} s after the switch: a proxy that has not heard of it sends to pods that \
                     are gone, and the way back must start them again"
                );
                wrong.push(rollout.found(at, message).help("leave it out for the default of 30 s"));
            }
        }
    }
    wrong
}

/// Whether anything sends traffic to its pods.
fn served(rollout: super::objects::Subject<'_>) -> bool {
    !rollout.services().is_empty()
}

fn no_readiness(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for rollout in objects.rollouts().filter(|rollout| served(*rollout)) {
        let containers = objects.containers(rollout);
        let probed = containers.iter().any(|(_, container)| container.get("readinessProbe").is_some());
        if let Some((at, container)) = containers.first().filter(|_| !probed) {
            let message = format!(
                "container {} has no readinessProbe: a new version counts as ready the moment its process runs",
                text(container, "/name")
            );
            wrong.push(rollout.found(at, message));
        }
    }
    wrong
}

fn no_pre_stop(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for rollout in objects.rollouts().filter(|rollout| served(*rollout)) {
        let containers = objects.containers(rollout);
        let waits = containers.iter().any(|(_, container)| container.pointer("/lifecycle/preStop").is_some());
        if let Some((at, container)) = containers.first().filter(|_| !waits) {
            let message = format!(
                "container {} has no preStop: it is told to stop while proxies still send to it",
                text(container, "/name")
            );
            wrong.push(rollout.found(at, message).help("lifecycle: {preStop: {sleep: {seconds: 5}}}"));
        }
    }
    wrong
}

fn grace(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for rollout in objects.rollouts() {
        let grace = number(rollout.value, "/spec/template/spec/terminationGracePeriodSeconds").unwrap_or(30);
        for (at, container) in objects.containers(rollout) {
            let pointer = "/lifecycle/preStop/sleep/seconds";
            if let Some(sleep) = number(container, pointer).filter(|sleep| *sleep >= grace) {
                let message =
                    format!("preStop sleeps {sleep} s and the grace is {grace} s: the process is killed");
                wrong.push(
                    rollout
                        .found(format!("{at}{pointer}"), message)
                        .help("a longer terminationGracePeriodSeconds"),
                );
            }
        }
    }
    wrong
}
