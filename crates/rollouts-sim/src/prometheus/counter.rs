//! A counter as Prometheus has it: a value at each scrape since the first that saw it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{SCRAPE, seconds_of};

/// So many scrapes are told apart; what is older counts, but not when.
const KEPT: usize = 720;

/// Increments by the scrape that sees them first. That is independent of the order in which they are counted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Counter {
    ticks: BTreeMap<i64, u64>,
    /// The first scrape, and what was forgotten of it and its successors.
    first: Option<i64>,
    before: u64,
}

/// A value at a moment, seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) at: f64,
    pub(super) value: f64,
}

impl Counter {
    pub(super) fn add(&mut self, tick: i64) {
        *self.ticks.entry(tick).or_default() += 1;
        self.first = Some(self.first.map_or(tick, |first| first.min(tick)));
        if self.ticks.len() > KEPT
            && let Some((_, count)) = self.ticks.pop_first()
        {
            self.before += count;
        }
    }

    /// The values at the scrapes between two moments, both included, that took place.
    #[expect(clippy::cast_precision_loss, reason = "no count and no moment reaches 2^53")]
    pub(super) fn between(&self, from: f64, to: f64, scraped: impl Fn(i64) -> bool) -> Vec<Point> {
        let step = SCRAPE.as_secs_f64();
        let (Some(first), Some(low), Some(high)) =
            (self.first, whole((from / step).ceil()), whole((to / step).floor()))
        else {
            return Vec::new();
        };
        let low = low.max(first);
        let mut value = self.before + self.ticks.range(..low).map(|(_, count)| count).sum::<u64>();
        let mut points = Vec::new();
        for tick in low..=high {
            value += self.ticks.get(&tick).copied().unwrap_or(0);
            if scraped(seconds_of(tick)) {
                points.push(Point { at: seconds_of(tick) as f64, value: value as f64 });
            }
        }
        points
    }
}

#[expect(clippy::cast_possible_truncation, reason = "moments of the simulated clock are far below 2^53")]
fn whole(number: f64) -> Option<i64> {
    number.is_finite().then_some(number as i64)
}

/// The rate a second over a range, extrapolated to its ends as Prometheus does it; `None` for fewer than two points.
pub(super) fn rate(points: &[Point], from: f64, to: f64) -> Option<f64> {
    let (first, last) = (points.first()?, points.last()?);
    let between = points.len().checked_sub(1).filter(|between| *between > 0)?;
    let (sampled, grown) = (last.at - first.at, last.value - first.value);
    #[expect(clippy::cast_precision_loss, reason = "a range holds few points")]
    let spacing = sampled / between as f64;
    let mut lead = first.at - from;
    if grown > 0.0 {
        // A counter was not below zero before it was first seen.
        lead = lead.min(sampled * (first.value / grown));
    }
    let reach = |gap: f64| if gap < spacing * 1.1 { gap } else { spacing / 2.0 };
    let covered = sampled + reach(lead) + reach(to - last.at);
    Some(grown * (covered / sampled) / (to - from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_a_value_at_each_scrape() {
        let mut counter = Counter::default();
        for tick in [10, 10, 12] {
            counter.add(tick);
        }
        let points = |from, to| -> Vec<(f64, f64)> {
            counter.between(from, to, |_| true).into_iter().map(|point| (point.at, point.value)).collect()
        };
        assert_eq!(points(0.0, 62.0), [(50.0, 2.0), (55.0, 2.0), (60.0, 3.0)]);
        assert_eq!(points(55.0, 55.0), [(55.0, 2.0)]);
        assert_eq!(points(0.0, 49.0), []);
        assert_eq!(counter.between(0.0, 62.0, |second| second != 55).len(), 2);
    }

    #[test]
    fn rates_are_extrapolated() {
        let point = |at, value| Point { at, value };
        for (points, want) in [
            (vec![point(0.0, 0.0), point(5.0, 50.0), point(10.0, 100.0)], Some(10.0)),
            // Seen for the first time in the middle: its own start is no further back than zero.
            (vec![point(5.0, 10.0), point(10.0, 60.0)], Some(6.0)),
            (vec![point(5.0, 10.0)], None),
            (vec![point(5.0, 10.0), point(10.0, 10.0)], Some(0.0)),
        ] {
            assert_eq!(rate(&points, 0.0, 10.0), want, "{points:?}");
        }
    }
}
