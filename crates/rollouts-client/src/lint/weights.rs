//! Weights that cannot be as they are written.

use serde_json::Value;

use super::objects::{CANARY, number};
use super::{Found, Objects, Rule};

pub(super) const RULES: &[Rule] = &[
    Rule::warning("unrealisable-weight", "a weight that so few pods cannot have", unrealisable),
    Rule::error("weight-out-of-range", "a weight above all traffic", out_of_range),
    Rule::warning("weights-fall", "a step that takes traffic back", fall),
];

/// A share that is further off than this many points is another share.
const NEAR: i64 = 5;

/// The nearest share that so many pods, and one more where they may surge, can have; in per cent, and the pods.
fn nearest_share(replicas: i64, weight: i64, surge: bool) -> Option<(i64, i64, i64)> {
    let totals = if surge { replicas..=replicas + 1 } else { replicas..=replicas };
    let splits = totals.flat_map(|total| (1..total).map(move |canary| (canary, total - canary)));
    let shares =
        splits.map(|(canary, stable)| ((canary * 1000 / (canary + stable) + 5) / 10, canary, stable));
    shares.min_by_key(|(share, ..)| (share - weight).abs())
}

fn unrealisable(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for rollout in objects.rollouts().filter(|rollout| rollout.routers().next().is_none()) {
        let replicas = number(rollout.value, "/spec/replicas").unwrap_or(1);
        let surge = rollout.canary().and_then(|canary| canary.get("maxSurge"));
        let surge = surge.is_none_or(|surge| surge != &Value::from(0) && surge != "0" && surge != "0%");
        for (at, step) in rollout.steps() {
            let Some(weight) = step.get("setWeight").and_then(Value::as_i64) else { continue };
            if !(1..100).contains(&weight) {
                continue;
            }
            let Some((share, canary, stable)) = nearest_share(replicas, weight, surge) else { continue };
            if (share - weight).abs() > NEAR {
                let message = format!(
                    "without trafficRouting {replicas} replicas cannot give {weight} %: the nearest is {share} % \
                     ({canary} canary, {stable} stable)"
                );
                let help = "more replicas, another weight, or a router that splits requests and not pods";
                wrong.push(rollout.found(format!("{at}/setWeight"), message).help(help));
            }
        }
    }
    wrong
}

fn out_of_range(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for rollout in objects.rollouts() {
        let most = number(rollout.value, &format!("{CANARY}/trafficRouting/maxTrafficWeight")).unwrap_or(100);
        for (at, step) in rollout.steps() {
            if let Some(weight) =
                step.get("setWeight").and_then(Value::as_i64).filter(|w| !(0..=most).contains(w))
            {
                let message = format!("weight {weight} is not between 0 and {most}");
                wrong.push(rollout.found(format!("{at}/setWeight"), message));
            }
        }
    }
    wrong
}

fn fall(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for rollout in objects.rollouts() {
        let mut before = 0;
        for (at, step) in rollout.steps() {
            let Some(weight) = step.get("setWeight").and_then(Value::as_i64) else { continue };
            if weight < before {
                let message = format!("weight {weight} comes after weight {before}: traffic is taken back");
                wrong.push(rollout.found(format!("{at}/setWeight"), message));
            }
            before = weight;
        }
    }
    wrong
}
