//! The account on the wire. Versioned apart from the domain types, which are free to change.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::message::Measured;

/// Raised when a field is added or changes its meaning.
pub const SCHEMA_VERSION: u32 = 1;

/// An [`Account`] as JSON or YAML.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountDoc {
    /// [`SCHEMA_VERSION`] of the writer.
    pub schema_version: u32,
    /// Where the figures come from.
    pub measured: Measured,
    /// Requests sent.
    pub sent: u64,
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
    /// Versions over time.
    pub timeline: Vec<BucketDoc>,
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
}

impl AccountDoc {
    /// The document of an account, with its timeline in buckets of `width`.
    pub fn new(account: &Account, width: Duration) -> Self {
        AccountDoc {
            schema_version: SCHEMA_VERSION,
            measured: account.measured(),
            sent: account.sent(),
            answered: account.answered(),
            by_version: account.by_version(),
            late: account.late(),
            late_after_ms: millis(account.late_limit()),
            lost: account.lost(),
            lost_by_cause: in_words(account),
            doubled: account.doubled(),
            regressions: (account.switches() > 0).then(|| account.regressions()),
            slowest_ms: millis(account.slowest()),
            timeline: account
                .timeline(width)
                .into_iter()
                .map(|bucket| BucketDoc { start: bucket.start, answered: bucket.answered, lost: bucket.lost })
                .collect(),
        }
    }
}

fn in_words(account: &Account) -> BTreeMap<String, u64> {
    account.lost_by_cause().into_iter().map(|(cause, n)| (cause.to_string(), n)).collect()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
