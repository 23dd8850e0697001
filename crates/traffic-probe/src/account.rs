//! The account: a fold over answers that loses none of them.
//!
//! At any time `sent = answered + lost + under way`, and after [`Account::close`] nothing is under way.
//! A second answer to the same request changes no other figure than [`Account::doubled`].

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::message::{Answer, Cause, Measured};

/// A proper answer that took longer than this is late, unless the account was told another limit.
pub const LATE_AFTER: Duration = Duration::from_millis(250);

/// The name under which answers are counted that named no version.
pub const UNVERSIONED: &str = "unversioned";

/// An account of every request of a load.
#[derive(Debug, Clone)]
pub struct Account {
    measured: Measured,
    late_after: Duration,
    under_way: HashMap<u64, Timestamp>,
    settled: HashSet<u64>,
    entries: Vec<Entry>,
    doubled: u64,
    switches: Vec<Switch>,
}

/// One settled request.
#[derive(Debug, Clone)]
struct Entry {
    sent: Timestamp,
    done: Timestamp,
    latency: Duration,
    end: End,
}

#[derive(Debug, Clone)]
enum End {
    Answered(String),
    Lost(Cause),
}

#[derive(Debug, Clone)]
struct Switch {
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
}

impl Account {
    /// An empty account.
    pub fn new(measured: Measured) -> Self {
        Account {
            measured,
            late_after: LATE_AFTER,
            under_way: HashMap::new(),
            settled: HashSet::new(),
            entries: Vec::new(),
            doubled: 0,
            switches: Vec::new(),
        }
    }

    /// The same account with another limit for late answers than [`LATE_AFTER`].
    #[must_use]
    pub fn late_after(mut self, limit: Duration) -> Self {
        self.late_after = limit;
        self
    }

    /// Notes that a request is under way, so that it is lost if no answer to it is ever recorded.
    ///
    /// An id that was noted before is not counted again.
    pub fn send(&mut self, id: u64, at: Timestamp) {
        if !self.settled.contains(&id) {
            self.under_way.entry(id).or_insert(at);
        }
    }

    /// Records an answer. One whose request was not noted by [`Account::send`] is counted as sent as well.
    pub fn record(&mut self, answer: &Answer) {
        self.under_way.remove(&answer.id);
        if !self.settled.insert(answer.id) {
            self.doubled += 1;
            return;
        }
        let end = match answer.lost() {
            Some(cause) => End::Lost(cause),
            None => End::Answered(answer.version().unwrap_or(UNVERSIONED).to_owned()),
        };
        self.entries.push(Entry { sent: answer.sent, done: answer.done, latency: answer.latency(), end });
    }

    /// Counts what is still under way as lost ([`Cause::Unanswered`]). Later answers to it are doubled ones.
    pub fn close(&mut self, now: Timestamp) {
        let mut open: Vec<(u64, Timestamp)> = self.under_way.drain().collect();
        open.sort_unstable();
        for (id, sent) in open {
            self.settled.insert(id);
            let latency = Duration::try_from(now.duration_since(sent)).unwrap_or_default();
            self.entries.push(Entry { sent, done: now, latency, end: End::Lost(Cause::Unanswered) });
        }
    }

    /// Says that traffic was switched to a version at a time, so that [`Account::regressions`] can count
    /// who still answered with another one. Marks may be set after the load has ended, in order of time.
    pub fn mark_switch(&mut self, at: Timestamp, to: impl Into<String>) {
        self.switches.push(Switch { at, to: to.into() });
    }

    /// Where the figures come from.
    pub fn measured(&self) -> Measured {
        self.measured
    }

    /// Requests sent.
    pub fn sent(&self) -> u64 {
        count(self.entries.len() + self.under_way.len())
    }

    /// Requests sent that have no outcome yet.
    pub fn under_way(&self) -> u64 {
        count(self.under_way.len())
    }

    /// Requests answered properly.
    pub fn answered(&self) -> u64 {
        count(self.entries.iter().filter(|entry| entry.version().is_some()).count())
    }

    /// Proper answers by version; those that named none stand under [`UNVERSIONED`].
    pub fn by_version(&self) -> BTreeMap<String, u64> {
        tally(self.entries.iter().filter_map(|entry| entry.version().map(str::to_owned)))
    }

    /// Requests sent and not answered properly.
    pub fn lost(&self) -> u64 {
        count(self.entries.iter().filter(|entry| entry.version().is_none()).count())
    }

    /// Lost requests by cause.
    pub fn lost_by_cause(&self) -> BTreeMap<Cause, u64> {
        tally(self.entries.iter().filter_map(|entry| match &entry.end {
            End::Lost(cause) => Some(cause.clone()),
            End::Answered(_) => None,
        }))
    }

    /// Proper answers that took longer than the limit. They are answered, not lost.
    pub fn late(&self) -> u64 {
        let late = |entry: &&Entry| entry.version().is_some() && entry.latency > self.late_after;
        count(self.entries.iter().filter(late).count())
    }

    /// The limit beyond which an answer is late.
    pub fn late_limit(&self) -> Duration {
        self.late_after
    }

    /// Second and further answers to a request that was settled already.
    pub fn doubled(&self) -> u64 {
        self.doubled
    }

    /// Proper answers by another version that were sent after the new version had first answered, counted
    /// for each marked switch up to the next one. Zero without a mark ([`Account::mark_switch`]).
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

    /// When the last request was sent that a version answered properly.
    pub fn last_sent_to(&self, version: &str) -> Option<Timestamp> {
        self.entries.iter().filter(|entry| entry.version() == Some(version)).map(|entry| entry.sent).max()
    }

    /// The longest time that one settled request took.
    pub fn slowest(&self) -> Duration {
        self.entries.iter().map(|entry| entry.latency).max().unwrap_or_default()
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
            });
            match &entry.end {
                End::Answered(version) => *bucket.answered.entry(version.clone()).or_default() += 1,
                End::Lost(_) => bucket.lost += 1,
            }
        }
        buckets.into_values().collect()
    }
}

impl Entry {
    fn version(&self) -> Option<&str> {
        match &self.end {
            End::Answered(version) => Some(version),
            End::Lost(_) => None,
        }
    }
}

fn start_of(first: Timestamp, width: Duration, index: u128) -> Timestamp {
    let nanos = i128::try_from(width.as_nanos().saturating_mul(index)).unwrap_or(i128::MAX);
    Timestamp::from_nanosecond(first.as_nanosecond().saturating_add(nanos)).unwrap_or(Timestamp::MAX)
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

fn tally<K: Ord>(keys: impl Iterator<Item = K>) -> BTreeMap<K, u64> {
    let mut tally = BTreeMap::new();
    for key in keys {
        *tally.entry(key).or_default() += 1;
    }
    tally
}
