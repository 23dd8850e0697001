//! One probe's memory: when it asks next, and what its thresholds make of the answers.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::spec::{Probe, Target};
use super::workload::Workload;
use crate::queue::later;

/// Streaks and the verdict. The default has asked nothing and says no.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Prober {
    good: bool,
    asked: Option<Timestamp>,
    successes: u32,
    failures: u32,
}

impl Prober {
    /// A prober that says `good` until it knows better.
    pub(crate) fn new(good: bool) -> Prober {
        Prober { good, ..Prober::default() }
    }

    pub(crate) fn good(&self) -> bool {
        self.good
    }

    /// When it asks next: on ticks of the period from `seen` (when the node heard of the pod), not before the
    /// initial delay of the process has passed. Questions whose answer nobody would notice are left out, so
    /// that a world at rest has nothing due.
    pub(crate) fn next(
        &self,
        probe: &Probe,
        workload: &Workload,
        seen: Timestamp,
        since: Timestamp,
    ) -> Option<Timestamp> {
        let earliest = later(since, probe.initial_delay);
        let Some(asked) = self.asked else { return Some(tick(seen, probe.period, earliest)) };
        let after = later(asked, Duration::from_nanos(1));
        if !self.settled(probe) {
            return Some(tick(seen, probe.period, earliest.max(after)));
        }
        let turn =
            workload.turns().into_iter().map(|age| later(since, age)).filter(|turn| *turn > asked).min()?;
        (turn < Timestamp::MAX).then(|| tick(seen, probe.period, earliest.max(turn)))
    }

    /// Asks a process of this age, and returns what it said when the probe failed.
    pub(crate) fn observe(
        &mut self,
        probe: &Probe,
        workload: &Workload,
        age: Duration,
        at: Timestamp,
    ) -> Option<&'static str> {
        self.asked = Some(at);
        let said = match probe.target {
            _ if !workload.listens(age) => Some("connection refused"),
            Target::Ready if !workload.ready(age) => Some("HTTP probe failed with statuscode: 503"),
            Target::Ready | Target::Listens => None,
        };
        if said.is_none() {
            self.failures = 0;
            self.successes = self.successes.saturating_add(1);
            self.good |= self.successes >= probe.success_threshold;
        } else {
            self.successes = 0;
            self.failures = self.failures.saturating_add(1);
            self.good &= self.failures < probe.failure_threshold;
        }
        said
    }

    /// Whether asking again, under the same answers, would change nothing that anyone sees.
    fn settled(&self, probe: &Probe) -> bool {
        if self.good {
            self.failures == 0 && self.successes >= probe.success_threshold
        } else {
            self.failures >= probe.failure_threshold
        }
    }
}

/// The first multiple of `period` from `origin` that is not before `after`.
fn tick(origin: Timestamp, period: Duration, after: Timestamp) -> Timestamp {
    let gap = after.duration_since(origin);
    if gap <= SignedDuration::ZERO {
        return origin;
    }
    let (gap, period_nanos) = (gap.as_nanos(), i128::try_from(period.as_nanos()).unwrap_or(i128::MAX).max(1));
    let ticks = (gap + period_nanos - 1) / period_nanos;
    let ticks = u32::try_from(ticks).unwrap_or(u32::MAX);
    later(origin, period.saturating_mul(ticks))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_stand_on_multiples_of_the_period() {
        let origin: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let at = |millis| later(origin, Duration::from_millis(millis));
        for (after, expected) in [(0, 0), (1, 1000), (1000, 1000), (1001, 2000)] {
            assert_eq!(tick(origin, Duration::from_secs(1), at(after)), at(expected), "{after}");
        }
    }
}
