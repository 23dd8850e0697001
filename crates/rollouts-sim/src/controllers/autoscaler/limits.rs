//! From what the metrics ask for to what is done: what was asked for lately, how fast replicas may change, and the
//! bounds. As kube-controller-manager has it, with `spec.behavior` and without.

use std::time::Duration;

use crate::json::Value;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::rules::{Rules, Select};
use crate::controllers::time::between;

/// Without `spec.behavior`, and without a window in it: down is the highest of what was asked for since then.
const DOWN_WINDOW: Duration = Duration::from_secs(300);
/// No window and no period is longer, so that what is older may be forgotten.
const KEPT: Duration = Duration::from_secs(3600);

/// What an autoscaler has asked for and done lately.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct History {
    asked: Vec<(Timestamp, i64)>,
    added: Vec<(Timestamp, i64)>,
    removed: Vec<(Timestamp, i64)>,
}

/// How many replicas there are, are asked for, and may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) current: i64,
    pub(super) desired: i64,
    pub(super) least: i64,
    pub(super) most: i64,
}

/// A reason and a message of a condition.
pub(super) type Why = (&'static str, &'static str);

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Decision {
    pub(super) replicas: i64,
    /// Of the condition AbleToScale.
    pub(super) able: Why,
    /// Of the condition ScalingLimited, and whether it holds.
    pub(super) limited: (bool, Why),
}

const READY: Why = ("ReadyForNewScale", "recommended size matches current size");
const UP_STABILIZED: Why = (
    "ScaleUpStabilized",
    "recent recommendations were lower than current one, applying the lowest recent recommendation",
);
const DOWN_STABILIZED: Why = (
    "ScaleDownStabilized",
    "recent recommendations were higher than current one, applying the highest recent recommendation",
);
const WITHIN: Why = ("DesiredWithinRange", "the desired count is within the acceptable range");
const TOO_MANY: Why = ("TooManyReplicas", "the desired replica count is more than the maximum replica count");
const TOO_FEW: Why = ("TooFewReplicas", "the desired replica count is less than the minimum replica count");
const UP_LIMIT: Why =
    ("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate");
const DOWN_LIMIT: Why =
    ("ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate");

impl History {
    /// The first look at a target counts as having asked for what is there.
    pub(super) fn begin(&mut self, current: i64, now: Timestamp) {
        if self.asked.is_empty() {
            self.asked.push((now, current));
        }
    }

    /// Notes a change that was carried out.
    pub(super) fn changed(&mut self, from: i64, to: i64, now: Timestamp) {
        let changes = if to > from { &mut self.added } else { &mut self.removed };
        note(changes, (to - from).abs(), now);
    }

    /// Decides, and notes what was asked for.
    pub(super) fn decide(&mut self, asked: Asked, behavior: &Value, now: Timestamp) -> Decision {
        let Asked { desired, .. } = asked;
        let decision = if behavior.is_object() {
            let (up, down) = (
                Rules::of(&behavior["scaleUp"], Duration::ZERO),
                Rules::of(&behavior["scaleDown"], DOWN_WINDOW),
            );
            let stable = self.stable(asked, &up, &down, now);
            let why = if desired >= asked.current { UP_STABILIZED } else { DOWN_STABILIZED };
            let (replicas, reason) = self.at_the_rate(Asked { desired: stable, ..asked }, &up, &down, now);
            decision(desired, stable, why, replicas, reason)
        } else {
            let highest = self.since(now, DOWN_WINDOW).chain([desired]).max();
            let stable = highest.unwrap_or(desired);
            let (replicas, reason) = bounded(Asked { desired: stable, ..asked });
            decision(desired, stable, DOWN_STABILIZED, replicas, reason)
        };
        note(&mut self.asked, desired, now);
        decision
    }

    /// What was asked for within a window.
    fn since(&self, now: Timestamp, window: Duration) -> impl Iterator<Item = i64> {
        self.asked.iter().filter(move |(at, _)| between(*at, now) <= window).map(|(_, replicas)| *replicas)
    }

    /// What is there, moved only as far as all that was asked for within both windows agrees.
    fn stable(&self, asked: Asked, up: &Rules, down: &Rules, now: Timestamp) -> i64 {
        let inside = |window: Duration| {
            self.asked.iter().filter(move |(at, _)| between(*at, now) < window).map(|(_, replicas)| *replicas)
        };
        let lowest = inside(up.window).chain([asked.desired]).min().unwrap_or(asked.desired);
        let highest = inside(down.window).chain([asked.desired]).max().unwrap_or(asked.desired);
        asked.current.max(lowest).min(highest)
    }

    /// Within the bounds, and no faster than the policies let it.
    fn at_the_rate(&self, asked: Asked, up: &Rules, down: &Rules, now: Timestamp) -> (i64, Why) {
        let Asked { current, desired, least, most } = asked;
        if desired > current {
            let limit = self.limit(current, up, now, 1).max(current);
            let (highest, why) = if most > limit { (limit, UP_LIMIT) } else { (most, TOO_MANY) };
            if desired > highest {
                return (highest, why);
            }
        } else if desired < current {
            let limit = self.limit(current, down, now, -1).min(current);
            let (lowest, why) = if least < limit { (limit, DOWN_LIMIT) } else { (least, TOO_FEW) };
            if desired < lowest {
                return (lowest, why);
            }
        }
        (desired, WITHIN)
    }

    /// How far the policies let replicas go, up (1) or down (-1).
    fn limit(&self, current: i64, rules: &Rules, now: Timestamp, direction: i64) -> i64 {
        let within = |changes: &[(Timestamp, i64)], period| {
            let recent = changes.iter().filter(|(at, _)| between(*at, now) < period);
            recent.map(|(_, by)| by).sum::<i64>()
        };
        let proposals = rules.policies.iter().map(|policy| {
            let before = current - within(&self.added, policy.period) + within(&self.removed, policy.period);
            policy.step(before, direction)
        });
        let farthest = match (rules.select, direction) {
            (Select::Disabled, _) => None,
            (Select::Max, 1) | (Select::Min, -1) => proposals.max(),
            _ => proposals.min(),
        };
        farthest.unwrap_or(current)
    }
}

fn note(list: &mut Vec<(Timestamp, i64)>, number: i64, now: Timestamp) {
    list.retain(|(at, _)| between(*at, now) <= KEPT);
    list.push((now, number));
}

fn decision(asked: i64, stable: i64, why: Why, replicas: i64, reason: Why) -> Decision {
    Decision {
        replicas,
        able: if stable == asked { READY } else { why },
        limited: (replicas != stable, reason),
    }
}

/// Within the bounds, and at most twice as many, or four.
fn bounded(asked: Asked) -> (i64, Why) {
    let limit = (2 * asked.current).max(4);
    let (highest, why) = if asked.most > limit { (limit, UP_LIMIT) } else { (asked.most, TOO_MANY) };
    match asked.desired {
        desired if desired < asked.least => (asked.least, TOO_FEW),
        desired if desired > highest => (highest, why),
        desired => (desired, WITHIN),
    }
}

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;
