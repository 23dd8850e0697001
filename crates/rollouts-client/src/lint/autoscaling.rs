//! HorizontalPodAutoscalers beside a Rollout.

use super::objects::{name, number, text};
use super::{Found, Objects, Rule};
use crate::types::Rollout;

pub(super) const RULES: &[Rule] = &[
    Rule::warning(
        "replicas-beside-autoscaler",
        "replicas in a file that an autoscaler also decides",
        replicas,
    ),
    Rule::error("autoscaler-misses-rollout", "an autoscaler that scales something else of this name", misses),
];

const KIND: &str = "HorizontalPodAutoscaler";

fn target<'a>(scaler: &'a serde_json::Value, field: &str) -> &'a str {
    text(scaler, &format!("/spec/scaleTargetRef/{field}"))
}

fn replicas(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for rollout in objects.rollouts() {
        let live = objects.0.get(rollout.index).is_some_and(|object| object.live);
        let scaler = objects.neighbours(rollout.value, KIND).find(|(_, scaler)| {
            target(scaler, "kind") == Rollout::KIND && target(scaler, "name") == name(rollout.value)
        });
        if let (Some((_, scaler)), Some(count), false) =
            (scaler, number(rollout.value, "/spec/replicas"), live)
        {
            let message = format!(
                "replicas {count} is written at each apply over what autoscaler {} has decided",
                name(scaler)
            );
            wrong.push(rollout.found("/spec/replicas", message).help("leave replicas out"));
        }
    }
    wrong
}

fn misses(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for rollout in objects.rollouts() {
        for (index, scaler) in objects.neighbours(rollout.value, KIND) {
            if target(scaler, "name") != name(rollout.value) {
                continue;
            }
            let (kind, version) = (target(scaler, "kind"), target(scaler, "apiVersion"));
            if (kind, version) != (Rollout::KIND, Rollout::API_VERSION) {
                let message =
                    format!("it scales {version} {kind} {}, and not the Rollout", name(rollout.value));
                let help = format!("apiVersion: {}, kind: {}", Rollout::API_VERSION, Rollout::KIND);
                wrong.push(Found::new(index, "/spec/scaleTargetRef", message).help(help));
            }
        }
    }
    wrong
}
