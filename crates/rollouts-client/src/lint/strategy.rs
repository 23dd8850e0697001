//! What the controller itself calls an invalid spec, and what contradicts itself without being called so.

use super::objects::{BLUE_GREEN, number};
use super::{Found, Objects, Rule};

pub(super) const RULES: &[Rule] = &[
    Rule::error("one-strategy", "not exactly one strategy", one_strategy),
    Rule::error("selector-misses-template", "the selector does not match the pods' labels", selector),
    Rule::error("deadline-before-ready", "a pod cannot be available before the deadline", deadline),
    Rule::error("one-key-a-step", "a step that is not exactly one thing", one_key),
    Rule::warning(
        "auto-promotion-ignored",
        "a time for a promotion that never comes by itself",
        auto_promotion,
    ),
];

fn one_strategy(objects: &Objects) -> Vec<Found> {
    let wrong = objects.rollouts().filter_map(|rollout| {
        let at = if rollout.value.pointer("/spec/strategy").is_some() { "/spec/strategy" } else { "/spec" };
        match (rollout.blue_green(), rollout.canary()) {
            (Some(_), Some(_)) => Some(rollout.found(at, "both strategies, blueGreen and canary")),
            (None, None) => Some(rollout.found(at, "no strategy: neither blueGreen nor canary")),
            _ => None,
        }
    });
    wrong.map(|found| found.help("state exactly one of blueGreen and canary")).collect()
}

fn selector(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for rollout in objects.rollouts() {
        let at = "/spec/selector/matchLabels";
        let (Some(selector), Some(_)) = (
            rollout.value.pointer(at).and_then(|labels| labels.as_object()),
            rollout.value.pointer("/spec/template"),
        ) else {
            continue;
        };
        for (key, value) in selector {
            let label = rollout.value["spec"]["template"]["metadata"]["labels"].get(key);
            if label != Some(value) {
                let key_at = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
                let message =
                    format!("the pods do not carry the label {key}={}", value.as_str().unwrap_or_default());
                wrong.push(
                    rollout.found(key_at, message).help("spec.template.metadata.labels needs all of them"),
                );
            }
        }
    }
    wrong
}

fn deadline(objects: &Objects) -> Vec<Found> {
    let wrong = objects.rollouts().filter_map(|rollout| {
        let deadline = number(rollout.value, "/spec/progressDeadlineSeconds").unwrap_or(600);
        let ready = number(rollout.value, "/spec/minReadySeconds").unwrap_or(0);
        let message = format!("minReadySeconds {ready} is not below progressDeadlineSeconds {deadline}");
        let help = "the controller refuses such a spec: the deadline must be greater";
        (deadline <= ready).then(|| rollout.found("/spec/minReadySeconds", message).help(help))
    });
    wrong.collect()
}

const KEYS: [&str; 8] = [
    "setWeight",
    "pause",
    "setCanaryScale",
    "analysis",
    "experiment",
    "setHeaderRoute",
    "setMirrorRoute",
    "plugin",
];

fn one_key(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for rollout in objects.rollouts() {
        for (at, step) in rollout.steps() {
            let keys: Vec<&str> = KEYS.into_iter().filter(|key| step.get(key).is_some()).collect();
            match keys.as_slice() {
                [_] => {}
                [] => wrong.push(rollout.found(at, "a step that does nothing").help("one key a step")),
                several => {
                    let message = format!("a step that is {} things: {}", several.len(), several.join(", "));
                    wrong.push(
                        rollout.found(at, message).help("one key a step; put them into steps of their own"),
                    );
                }
            }
        }
    }
    wrong
}

fn auto_promotion(objects: &Objects) -> Vec<Found> {
    let wrong = objects.rollouts().filter_map(|rollout| {
        let strategy = rollout.blue_green()?;
        let seconds = number(strategy, "/autoPromotionSeconds").filter(|seconds| *seconds > 0)?;
        let off = strategy.get("autoPromotionEnabled") == Some(&serde_json::Value::Bool(false));
        let message = format!("autoPromotionSeconds {seconds} does nothing while autoPromotionEnabled is false");
        let help = "leave autoPromotionEnabled out for a promotion after that time, or the seconds for one by a person";
        off.then(|| rollout.found(format!("{BLUE_GREEN}/autoPromotionSeconds"), message).help(help))
    });
    wrong.collect()
}
