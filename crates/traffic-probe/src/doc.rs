//! The account on the wire. Versioned apart from the domain types, which are free to change.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::account::{Account, Bucket, LAG_LIMIT, Lag, Latency, Tally, Validity};
use crate::message::{Kind, Measured};

/// Raised when a field is added or changes its meaning.
pub const SCHEMA_VERSION: u32 = 2;

/// An [`Account`] as JSON or YAML.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountDoc {
    /// [`SCHEMA_VERSION`] of the writer.
    pub schema_version: u32,
    /// Where the figures come from.
    pub measured: Measured,
    /// Whether the run may be judged by these figures.
    pub valid: bool,
    /// Why it may not.
    pub invalid_because: Option<String>,
    /// How late requests left the sender itself; `null` in a model.
    pub lag: Option<LagDoc>,
    /// Requests sent.
    pub sent: u64,
    /// The same by method and kind of connection.
    pub by_kind: Vec<KindDoc>,
    /// Requests answered properly.
    pub answered: u64,
    /// Proper answers by version.
    pub by_version: BTreeMap<String, u64>,
    /// Proper answers that took longer than `lateAfterMs`.
    pub late: u64,
    /// The limit for late answers, in milliseconds.
    pub late_after_ms: u64,
    /// Requests sent and not answered properly.
    pub lost: u64,
    /// Lost requests by cause, in words.
    pub lost_by_cause: BTreeMap<String, u64>,
    /// Second answers to one request.
    pub doubled: u64,
    /// Answers by another version after a switch; `null` when no switch was marked.
    pub regressions: Option<u64>,
    /// The slowest settled request, in milliseconds.
    pub slowest_ms: u64,
    /// How long proper answers took; `null` without any.
    pub latency: Option<LatencyDoc>,
    /// Versions over time.
    pub timeline: Vec<BucketDoc>,
}

/// How late requests left the sender, in microseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LagDoc {
    /// The 99.9th percentile.
    pub p99_9_us: u64,
    /// The latest one.
    pub max_us: u64,
    /// The limit for `p999Us`, beyond which the run is invalid.
    pub limit_us: u64,
}

/// How long proper answers took, from when they were due, in microseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LatencyDoc {
    /// The median.
    pub p50_us: u64,
    /// The 99th percentile.
    pub p99_us: u64,
    /// The slowest.
    pub max_us: u64,
}

/// What became of the requests of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KindDoc {
    /// `GET` or `POST`.
    pub method: String,
    /// `kept alive` or `new connection`.
    pub connection: String,
    /// Requests sent.
    pub sent: u64,
    /// Requests answered properly.
    pub answered: u64,
    /// Requests sent and not answered properly.
    pub lost: u64,
}

/// One stretch of [`AccountDoc::timeline`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BucketDoc {
    /// The beginning of the stretch.
    pub start: Timestamp,
    /// Proper answers by version.
    pub answered: BTreeMap<String, u64>,
    /// Lost requests.
    pub lost: u64,
    /// The slowest proper answer, in microseconds.
    pub slowest_us: u64,
}

impl AccountDoc {
    /// The document of an account, with its timeline in buckets of `width`.
    pub fn new(account: &Account, width: Duration) -> Self {
        AccountDoc {
            schema_version: SCHEMA_VERSION,
            measured: account.measured(),
            valid: account.validity().is_valid(),
            invalid_because: match account.validity() {
                Validity::Valid => None,
                invalid => Some(invalid.to_string()),
            },
            lag: account.lag().map(LagDoc::from),
            sent: account.sent(),
            by_kind: account.by_kind().into_iter().map(KindDoc::from).collect(),
            answered: account.answered(),
            by_version: account.by_version(),
            late: account.late(),
            late_after_ms: millis(account.late_limit()),
            lost: account.lost(),
            lost_by_cause: in_words(account),
            doubled: account.doubled(),
            regressions: (account.switches() > 0).then(|| account.regressions()),
            slowest_ms: millis(account.slowest()),
            latency: account.latency().map(LatencyDoc::from),
            timeline: account.timeline(width).into_iter().map(BucketDoc::from).collect(),
        }
    }
}

impl From<Lag> for LagDoc {
    fn from(lag: Lag) -> Self {
        LagDoc { p99_9_us: micros(lag.p99_9), max_us: micros(lag.max), limit_us: micros(LAG_LIMIT) }
    }
}

impl From<Latency> for LatencyDoc {
    fn from(took: Latency) -> Self {
        LatencyDoc { p50_us: micros(took.p50), p99_us: micros(took.p99), max_us: micros(took.max) }
    }
}

impl From<(Kind, Tally)> for KindDoc {
    fn from((kind, tally): (Kind, Tally)) -> Self {
        let Tally { sent, answered, lost } = tally;
        let (method, connection) = (kind.verb.to_string(), kind.connection.to_string());
        KindDoc { method, connection, sent, answered, lost }
    }
}

impl From<Bucket> for BucketDoc {
    fn from(bucket: Bucket) -> Self {
        let Bucket { start, answered, lost, slowest } = bucket;
        BucketDoc { start, answered, lost, slowest_us: micros(slowest) }
    }
}

fn in_words(account: &Account) -> BTreeMap<String, u64> {
    account.lost_by_cause().into_iter().map(|(cause, n)| (cause.to_string(), n)).collect()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
