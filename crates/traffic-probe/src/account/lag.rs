//! Whether the sender itself was on time, and how long answers took.
//!
//! An open-loop load is only worth what its schedule is worth: a sender that stalls sends fewer requests
//! into the very moment that is to be judged. So the sender times itself, and a run in which it was late
//! is invalid, whatever else it shows.

use std::fmt;
use std::time::Duration;

use super::{Account, Entry};

/// A run whose requests left the sender later than this after they were due, at the 99.9th percentile, is
/// invalid.
pub const LAG_LIMIT: Duration = Duration::from_millis(5);

/// How late requests left their sender, against when they were due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lag {
    /// How many requests were timed.
    pub of: u64,
    /// The 99.9th percentile (nearest rank).
    pub p99_9: Duration,
    /// The latest one.
    pub max: Duration,
}

/// From when a request was due to its proper answer, the sender's own lag included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latency {
    /// The median.
    pub p50: Duration,
    /// The 99th percentile (nearest rank).
    pub p99: Duration,
    /// The slowest.
    pub max: Duration,
}

/// Whether a run may be judged by its account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Validity {
    /// The sender kept to its schedule. A modelled one always does.
    Valid,
    /// The sender was later than [`LAG_LIMIT`] at the 99.9th percentile.
    Late(Duration),
    /// The sender could not do its work at all; says why.
    Broken(String),
}

impl Validity {
    /// Whether it is [`Validity::Valid`].
    pub fn is_valid(&self) -> bool {
        *self == Validity::Valid
    }
}

impl fmt::Display for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Validity::Valid => f.write_str("valid"),
            Validity::Late(lag) => write!(
                f,
                "INVALID: the sender itself was {} late at p99.9, at most {} is allowed",
                Millis(*lag),
                Millis(LAG_LIMIT)
            ),
            Validity::Broken(why) => write!(f, "INVALID: {why}"),
        }
    }
}

/// A duration in milliseconds with two decimals.
pub(crate) struct Millis(pub(crate) Duration);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ms", self.0.as_secs_f64() * 1e3)
    }
}

impl Account {
    /// Notes how late a request left the sender, against when it was due.
    pub fn left(&mut self, late_by: Duration) {
        self.lags.push(late_by);
    }

    /// Notes that the sender could not do its work, which makes the run invalid. The first reason stays.
    pub fn broken(&mut self, why: impl Into<String>) {
        self.broken.get_or_insert_with(|| why.into());
    }

    /// How late requests left their sender; `None` when none was timed, as in a model.
    pub fn lag(&self) -> Option<Lag> {
        let mut lags = self.lags.clone();
        lags.sort_unstable();
        let max = *lags.last()?;
        Some(Lag { of: super::count(lags.len()), p99_9: rank(&lags, 999)?, max })
    }

    /// Whether the run may be judged by this account.
    pub fn validity(&self) -> Validity {
        match (&self.broken, self.lag()) {
            (Some(why), _) => Validity::Broken(why.clone()),
            (None, Some(lag)) if lag.p99_9 > LAG_LIMIT => Validity::Late(lag.p99_9),
            (None, _) => Validity::Valid,
        }
    }

    /// How long proper answers took; `None` without any.
    pub fn latency(&self) -> Option<Latency> {
        let answered = self.entries.iter().filter(|entry| entry.version().is_some());
        let mut took: Vec<Duration> = answered.map(Entry::latency).collect();
        took.sort_unstable();
        Some(Latency { p50: rank(&took, 500)?, p99: rank(&took, 990)?, max: *took.last()? })
    }
}

/// The value below or at which so many per mille of the sorted values are: the nearest rank.
fn rank(sorted: &[Duration], per_mille: usize) -> Option<Duration> {
    let rank = (sorted.len() * per_mille).div_ceil(1000);
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Measured;

    #[test]
    fn ranks_are_values_that_occurred() {
        let values: Vec<Duration> = (1..=1000).map(Duration::from_millis).collect();
        for (per_mille, expected) in [(500, 500), (990, 990), (999, 999), (1000, 1000), (0, 1)] {
            assert_eq!(rank(&values, per_mille), Some(Duration::from_millis(expected)), "{per_mille}");
        }
        assert_eq!(rank(&values[..1], 999), Some(Duration::from_millis(1)));
        assert_eq!(rank(&[], 999), None);
    }

    #[test]
    fn a_sender_that_is_late_too_often_makes_the_run_invalid() {
        let account = |late: usize| {
            let mut account = Account::new(Measured::Live);
            for n in 0..1000 {
                account.left(if n < late { LAG_LIMIT * 2 } else { LAG_LIMIT });
            }
            account
        };
        assert_eq!(account(1).validity(), Validity::Valid);
        assert_eq!(account(2).validity(), Validity::Late(LAG_LIMIT * 2));
        assert!(account(2).to_string().contains("INVALID"), "{}", account(2));
        let mut broken = account(0);
        broken.broken("no thread");
        assert_eq!(broken.validity(), Validity::Broken("no thread".to_owned()));
        assert_eq!(Account::new(Measured::Modelled).validity(), Validity::Valid);
    }
}
