//! Questions about time: when a version answered first and last, who came back, and what lies near a mark.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use jiff::Timestamp;

use super::{Account, End, Entry, count};

#[derive(Debug, Clone)]
pub(super) struct Switch {
    at: Timestamp,
    to: String,
}

/// What happened to the requests that were due within one stretch of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// The beginning of the stretch.
    pub start: Timestamp,
    /// Proper answers by version.
    pub answered: BTreeMap<String, u64>,
    /// Lost requests.
    pub lost: u64,
    /// The slowest proper answer; zero without one.
    pub slowest: Duration,
}

impl Account {
    /// Says that traffic was switched to a version at a time, so that [`Account::regressions`] can count
    /// who still answered with another one. Marks may be set after the load has ended, in order of time.
    pub fn mark_switch(&mut self, at: Timestamp, to: impl Into<String>) {
        self.switches.push(Switch { at, to: to.into() });
    }

    /// Answers that are out of order: proper answers by another version to requests that were sent after
    /// the new version had first answered, counted for each marked switch up to the next one. Zero without
    /// a mark ([`Account::mark_switch`]).
    pub fn regressions(&self) -> u64 {
        let ends = self.switches.iter().skip(1).map(|next| next.at).chain([Timestamp::MAX]);
        self.switches.iter().zip(ends).map(|(switch, end)| self.regressions_of(switch, end)).sum()
    }

    fn regressions_of(&self, switch: &Switch, end: Timestamp) -> u64 {
        let Some(arrived) = self.first_answer(&switch.to, switch.at) else { return 0 };
        let old = |entry: &&Entry| {
            entry.sent > arrived && entry.sent < end && entry.version().is_some_and(|v| v != switch.to)
        };
        count(self.entries.iter().filter(old).count())
    }

    /// How many switches were marked.
    pub fn switches(&self) -> usize {
        self.switches.len()
    }

    /// When the first proper answer of a version came back, among requests sent at `after` or later.
    pub fn first_answer(&self, version: &str, after: Timestamp) -> Option<Timestamp> {
        let of = |entry: &&Entry| entry.sent >= after && entry.version() == Some(version);
        self.entries.iter().filter(of).map(|entry| entry.done).min()
    }

    /// When the last proper answer of a version came back, at `after` or later. A switch lasts from the
    /// start of its command to the last answer of the old version.
    ///
    /// Where the old version was brought back later, ask with [`Account::last_answer_within`].
    pub fn last_answer(&self, version: &str, after: Timestamp) -> Option<Timestamp> {
        self.last_answer_within(version, after..Timestamp::MAX)
    }

    /// As [`Account::last_answer`], of the answers that came back before the end of `span`.
    pub fn last_answer_within(&self, version: &str, span: Range<Timestamp>) -> Option<Timestamp> {
        let of = |entry: &&Entry| span.contains(&entry.done) && entry.version() == Some(version);
        self.entries.iter().filter(of).map(|entry| entry.done).max()
    }

    /// When the last request was sent that a version answered properly.
    pub fn last_sent_to(&self, version: &str) -> Option<Timestamp> {
        self.entries.iter().filter(|entry| entry.version() == Some(version)).map(|entry| entry.sent).max()
    }

    /// When the last settled request was sent.
    pub fn last_sent(&self) -> Option<Timestamp> {
        self.entries.iter().map(|entry| entry.sent).max()
    }

    /// Settled requests that were sent within `distance` before or after one of the marks, each once.
    pub fn sent_near(&self, marks: &[Timestamp], distance: Duration) -> u64 {
        let near = |entry: &&Entry| {
            marks.iter().any(|mark| entry.sent.duration_since(*mark).unsigned_abs() <= distance)
        };
        count(self.entries.iter().filter(near).count())
    }

    /// The longest time that one settled request took.
    pub fn slowest(&self) -> Duration {
        self.entries.iter().map(|entry| entry.latency()).max().unwrap_or_default()
    }

    /// When the first settled request was sent and when the last one was done.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let first = self.entries.iter().map(|entry| entry.sent).min()?;
        let last = self.entries.iter().map(|entry| entry.done).max()?;
        Some((first, last))
    }

    /// Versions over time: settled requests by when they were sent, in buckets of `width` from the first
    /// request on. Stretches without a request are left out. A width of zero gives nothing.
    pub fn timeline(&self, width: Duration) -> Vec<Bucket> {
        let (Some((first, _)), true) = (self.span(), !width.is_zero()) else { return Vec::new() };
        let mut buckets: BTreeMap<u128, Bucket> = BTreeMap::new();
        for entry in &self.entries {
            let since = Duration::try_from(entry.sent.duration_since(first)).unwrap_or_default();
            let index = since.as_nanos() / width.as_nanos();
            let bucket = buckets.entry(index).or_insert_with(|| Bucket {
                start: start_of(first, width, index),
                answered: BTreeMap::new(),
                lost: 0,
                slowest: Duration::ZERO,
            });
            match &entry.end {
                End::Answered(version) => {
                    *bucket.answered.entry(version.to_string()).or_default() += 1;
                    bucket.slowest = bucket.slowest.max(entry.latency());
                }
                End::Lost(_) => bucket.lost += 1,
            }
        }
        buckets.into_values().collect()
    }
}

fn start_of(first: Timestamp, width: Duration, index: u128) -> Timestamp {
    let nanos = i128::try_from(width.as_nanos().saturating_mul(index)).unwrap_or(i128::MAX);
    Timestamp::from_nanosecond(first.as_nanosecond().saturating_add(nanos)).unwrap_or(Timestamp::MAX)
}
