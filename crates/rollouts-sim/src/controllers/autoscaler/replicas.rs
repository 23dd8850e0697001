//! How many pods the usage of the present ones asks for, as kube-controller-manager calculates it. Pure.
//!
//! Pods whose usage says nothing yet are left out at first. Where the rest asks for a change, they are then counted
//! as what speaks against it most.

use std::time::Duration;

use crate::json::Value;
use jiff::Timestamp;

use crate::controllers::time::parse;
use crate::object::{self, items, text};
use crate::queue::later;
use crate::usage::Usage;

/// A usage that differs from its target by less than this share changes nothing.
const TOLERANCE: f64 = 0.1;
/// For so long after a pod's start its usage counts only once it is ready and measured since.
const INITIALISING: Duration = Duration::from_secs(300);
/// A pod that was not ready at this age, and is not now, was never ready.
const FIRST_READINESS: Duration = Duration::from_secs(30);

/// What is made of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Its usage counts.
    Ready,
    /// Its usage says nothing yet.
    Unready,
    /// It has no usage.
    Missing,
    /// It has failed or is going.
    Ignored,
}

/// One pod; both numbers in thousandths of a processor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pod {
    pub(super) standing: Standing,
    pub(super) usage: i64,
    pub(super) request: i64,
}

/// What a metric aims at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Target {
    /// Per cent of what the pods request.
    Utilization(i64),
    /// Thousandths of a processor a pod.
    AverageValue(i64),
}

/// What a metric asks for, and what it is now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Proposal {
    pub(super) replicas: i64,
    /// Per cent, where the target is such.
    pub(super) utilization: Option<i64>,
    /// Thousandths of a processor a pod.
    pub(super) average: i64,
}

/// The standing of a pod with this usage.
pub(super) fn standing(pod: &Value, usage: Option<&Usage>, now: Timestamp) -> Standing {
    match (text(pod, "/status/phase"), usage) {
        ("Failed", _) => return Standing::Ignored,
        _ if object::deleting(pod) => return Standing::Ignored,
        ("Pending", _) => return Standing::Unready,
        (_, None) => return Standing::Missing,
        (_, Some(usage)) if counts(pod, usage, now).unwrap_or(false) => {}
        _ => return Standing::Unready,
    }
    Standing::Ready
}

/// Whether a usage counts; `None` for a pod that says too little of itself.
fn counts(pod: &Value, usage: &Usage, now: Timestamp) -> Option<bool> {
    let ready = items(pod, "/status/conditions").find(|condition| text(condition, "/type") == "Ready")?;
    let started = parse(text(pod, "/status/startTime"))?;
    let since = parse(text(ready, "/lastTransitionTime"))?;
    let unready = text(ready, "/status") == "False";
    Some(if later(started, INITIALISING) > now {
        !unready && usage.at >= later(since, usage.window)
    } else {
        !(unready && later(started, FIRST_READINESS) > since)
    })
}

/// What a target makes of pods.
struct Measured {
    /// Usage over target.
    ratio: f64,
    utilization: Option<i64>,
    average: i64,
}

impl Target {
    /// `None` where nothing is measured, or nothing was requested.
    #[expect(clippy::cast_precision_loss, reason = "no sum of pods' usages reaches 2^53")]
    fn measure(self, pods: &[Pod]) -> Option<Measured> {
        let sum = |of: fn(&Pod) -> i64| pods.iter().map(of).sum::<i64>();
        let usage = sum(|pod| pod.usage);
        let average = usage.checked_div(i64::try_from(pods.len()).ok()?)?;
        let (is, target, utilization) = match self {
            Target::Utilization(target) => {
                let utilization = (usage * 100).checked_div(sum(|pod| pod.request))?;
                (utilization, target, Some(utilization))
            }
            Target::AverageValue(target) => (average, target, None),
        };
        Some(Measured { ratio: is as f64 / target as f64, utilization, average })
    }

    /// What a pod without usage is taken to use where the others use little.
    fn assumed(self, pod: &Pod) -> i64 {
        match self {
            Target::Utilization(target) => pod.request * target.max(100) / 100,
            Target::AverageValue(target) => target,
        }
    }
}

/// How many pods there should be instead of `current`.
///
/// # Errors
/// Why that cannot be said.
pub(super) fn propose(target: Target, pods: &[Pod], current: i64) -> Result<Proposal, String> {
    let of = |standing| pods.iter().filter(move |pod| pod.standing == standing).copied();
    let mut counted: Vec<Pod> = of(Standing::Ready).collect();
    if counted.is_empty() {
        return Err("did not receive metrics for targeted pods (pods might be unready)".to_owned());
    }
    let disjoint = || "no metrics returned matched known pods".to_owned();
    let Measured { ratio, utilization, average } = target.measure(&counted).ok_or_else(disjoint)?;
    let proposal = |replicas| Ok(Proposal { replicas, utilization, average });
    let (missing, unready) = (of(Standing::Missing).count(), of(Standing::Unready).count());
    let up_with_unready = unready > 0 && ratio > 1.0;
    if missing == 0 && !up_with_unready {
        return proposal(if tolerated(ratio) { current } else { share(ratio, counted.len()) });
    }
    if ratio < 1.0 {
        counted.extend(of(Standing::Missing).map(|pod| Pod { usage: target.assumed(&pod), ..pod }));
    } else if ratio > 1.0 {
        counted.extend(of(Standing::Missing).map(|pod| Pod { usage: 0, ..pod }));
    }
    if up_with_unready {
        counted.extend(of(Standing::Unready).map(|pod| Pod { usage: 0, ..pod }));
    }
    let again = target.measure(&counted).ok_or_else(disjoint)?.ratio;
    let replicas = share(again, counted.len());
    let turned = (ratio < 1.0 && again > 1.0) || (ratio > 1.0 && again < 1.0);
    let against = (again < 1.0 && replicas > current) || (again > 1.0 && replicas < current);
    proposal(if tolerated(again) || turned || against { current } else { replicas })
}

fn tolerated(ratio: f64) -> bool {
    (1.0 - TOLERANCE..=1.0 + TOLERANCE).contains(&ratio)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "pods are counted in thousands, and what is larger ends at the largest number"
)]
fn share(ratio: f64, pods: usize) -> i64 {
    (ratio * pods as f64).ceil() as i64
}

#[cfg(test)]
#[path = "replicas_tests.rs"]
mod tests;
