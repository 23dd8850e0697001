//! What metrics-server knows of pods: the processor time between its last two looks at them, by their requests.
//!
//! It looks every [`RESOLUTION`]. A process that has not been there for two looks has no usage yet, but for one that
//! was at least [`FRESH`] old at the first. What a request costs is the pod's own word: `CPU_PER_REQUEST`.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::json::Value;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::object;
use crate::world::World;

/// From one look to the next.
const RESOLUTION: Duration = Duration::from_secs(15);
const FRESH: Duration = Duration::from_secs(10);
/// What probes and a runtime cost, in billionths of a processor: shown as 1m.
const IDLE: u64 = 300_000;
/// So many times between two looks are told apart: the present one, the last whole one, and one for a late request.
const KEPT: usize = 3;

/// What requests have cost a process lately, by the time between two looks.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Spent(BTreeMap<i64, Duration>);

impl Spent {
    pub(crate) fn add(&mut self, at: Timestamp, cost: Duration) {
        *self.0.entry(tick(at)).or_default() += cost;
        if self.0.len() > KEPT {
            self.0.pop_first();
        }
    }
}

/// A measurement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Usage {
    /// Its end.
    pub(crate) at: Timestamp,
    /// How long it took.
    pub(crate) window: Duration,
    /// Thousandths of a processor, rounded up.
    pub(crate) milli: i64,
}

/// The last measurement of a pod.
pub(crate) fn of(world: &World, pod: &Value) -> Option<Usage> {
    let (ns, name, uid) = (object::namespace(pod), object::name(pod), object::uid(pod));
    let now = world.now();
    let process = world.node.process(ns, name, uid, now)?;
    measure(world.traffic.spent(&(uid.to_owned(), process.restarts)), process.age, now)
}

/// The last measurement of a process of this age.
fn measure(spent: Option<&Spent>, age: Duration, now: Timestamp) -> Option<Usage> {
    let present = tick(now);
    let at = moment(present)?;
    let since_look = Duration::try_from(now.duration_since(at)).ok()?;
    let window = age.checked_sub(since_look)?.min(RESOLUTION);
    if window < FRESH {
        return None;
    }
    let spent = spent.and_then(|spent| spent.0.get(&(present - 1))).copied().unwrap_or_default();
    let billionths = spent.as_nanos() * 1_000_000_000 / window.as_nanos() + u128::from(IDLE);
    Some(Usage { at, window, milli: i64::try_from(billionths.div_ceil(1_000_000)).ok()? })
}

/// The number of the look that is the last one at this moment.
fn tick(at: Timestamp) -> i64 {
    at.as_second().div_euclid(RESOLUTION.as_secs().cast_signed())
}

fn moment(tick: i64) -> Option<Timestamp> {
    Timestamp::from_second(tick.checked_mul(RESOLUTION.as_secs().cast_signed())?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::later;

    #[test]
    fn what_was_spent_between_the_last_two_looks() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let at = |seconds: f64| later(start, Duration::from_secs_f64(seconds));
        let mut spent = Spent::default();
        for second in 10..40 {
            spent.add(at(f64::from(second)), Duration::from_millis(30));
        }
        // The moment, the age of the process; the end of the measurement, its seconds, and thousandths.
        for (now, age, expected) in [
            (29.0, 29.0, Some((15.0, 15.0, 11))),
            (30.0, 30.0, Some((30.0, 15.0, 31))),
            (44.0, 30.0, Some((30.0, 15.0, 31))),
            (46.0, 40.0, Some((45.0, 15.0, 21))),
            (61.0, 61.0, Some((60.0, 15.0, 1))),
            (31.0, 13.0, Some((30.0, 12.0, 38))),
            (31.0, 10.9, None),
            (44.0, 13.0, None),
        ] {
            let usage = measure(Some(&spent), Duration::from_secs_f64(age), at(now));
            let expected = expected.map(|(end, window, milli)| Usage {
                at: at(end),
                window: Duration::from_secs_f64(window),
                milli,
            });
            assert_eq!(usage, expected, "{now} {age}");
        }
        let idle = measure(None, Duration::from_secs(60), at(60.0)).map(|usage| usage.milli);
        assert_eq!(idle, Some(1));
    }
}
