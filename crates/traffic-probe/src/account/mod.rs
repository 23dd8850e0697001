//! The account: a fold over answers that loses none of them.
//!
//! At any time `sent = answered + lost + under way`, and after [`Account::close`] nothing is under way.
//! A second answer to the same request changes no other figure than [`Account::doubled`].

mod lag;
mod time;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

pub(crate) use self::lag::Millis;
pub use self::lag::{LAG_LIMIT, Lag, Latency, Validity};
pub use self::time::Bucket;
use self::time::Switch;
use crate::message::{Answer, Cause, Connection, Kind, Measured, Verb};
use crate::server::{Reconciliation, ServerAccount};

/// A proper answer that took longer than this is late, unless the account was told another limit.
pub const LATE_AFTER: Duration = Duration::from_millis(250);

/// The name under which answers are counted that named no version.
pub const UNVERSIONED: &str = "unversioned";

/// An account of every request of a load.
#[derive(Debug, Clone)]
pub struct Account {
    measured: Measured,
    name: String,
    late_after: Duration,
    under_way: HashMap<u64, (Timestamp, Kind)>,
    settled: HashSet<u64>,
    entries: Vec<Entry>,
    /// The versions that answered.
    versions: HashSet<Arc<str>>,
    doubled: u64,
    switches: Vec<Switch>,
    /// How late each request left its sender, against when it was due.
    lags: Vec<Duration>,
    broken: Option<String>,
}

/// One settled request. Accounts have very many.
#[derive(Debug, Clone)]
struct Entry {
    id: u64,
    kind: Kind,
    sent: Timestamp,
    done: Timestamp,
    end: End,
}

#[derive(Debug, Clone)]
enum End {
    Answered(Arc<str>),
    Lost(Box<Cause>),
}

/// How requests of one kind ended. Those under way are in `sent` only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Requests sent.
    pub sent: u64,
    /// Requests answered properly.
    pub answered: u64,
    /// Requests sent and not answered properly.
    pub lost: u64,
}

impl Account {
    /// An empty account without a name.
    pub fn new(measured: Measured) -> Self {
        Account::named(measured, "")
    }

    /// An empty account of the load `name`: the ids of its `POST`s begin with it, and nobody else's do.
    pub fn named(measured: Measured, name: impl Into<String>) -> Self {
        Account {
            measured,
            name: name.into(),
            late_after: LATE_AFTER,
            under_way: HashMap::new(),
            settled: HashSet::new(),
            entries: Vec::new(),
            versions: HashSet::new(),
            doubled: 0,
            switches: Vec::new(),
            lags: Vec::new(),
            broken: None,
        }
    }

    /// The same account with another limit for late answers than [`LATE_AFTER`].
    #[must_use]
    pub fn late_after(mut self, limit: Duration) -> Self {
        self.late_after = limit;
        self
    }

    /// Notes that a `GET` on a kept-alive connection is under way, so that it is lost if no answer to it is
    /// ever recorded.
    ///
    /// An id that was noted before is not counted again.
    pub fn send(&mut self, id: u64, at: Timestamp) {
        self.send_as(id, at, Kind::default());
    }

    /// As [`Account::send`], for a request of any kind.
    pub fn send_as(&mut self, id: u64, at: Timestamp, kind: Kind) {
        if !self.settled.contains(&id) {
            self.under_way.entry(id).or_insert((at, kind));
        }
    }

    /// Records an answer. One whose request was not noted by [`Account::send`] is counted as sent as well.
    pub fn record(&mut self, answer: &Answer) {
        let kind = self.under_way.remove(&answer.id).map(|(_, kind)| kind).unwrap_or_default();
        if !self.settled.insert(answer.id) {
            self.doubled += 1;
            return;
        }
        let end = match answer.lost() {
            Some(cause) => End::Lost(cause.into()),
            None => End::Answered(self.version(answer.version().unwrap_or(UNVERSIONED))),
        };
        let Answer { id, sent, done, .. } = *answer;
        self.entries.push(Entry { id, kind, sent, done, end });
    }

    /// The account's own copy of a version's name.
    fn version(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.versions.get(name) {
            return Arc::clone(known);
        }
        let version: Arc<str> = name.into();
        self.versions.insert(Arc::clone(&version));
        version
    }

    /// Counts what is still under way as lost ([`Cause::Unanswered`]). Later answers to it are doubled ones.
    pub fn close(&mut self, now: Timestamp) {
        let mut open: Vec<_> = self.under_way.drain().collect();
        open.sort_unstable_by_key(|(id, _)| *id);
        for (id, (sent, kind)) in open {
            self.settled.insert(id);
            let end = End::Lost(Cause::Unanswered.into());
            self.entries.push(Entry { id, kind, sent, done: now, end });
        }
    }

    /// Where the figures come from.
    pub fn measured(&self) -> Measured {
        self.measured
    }

    /// The name of the load; empty for an account that has none.
    pub fn name(&self) -> &str {
        &self.name
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
            End::Lost(cause) => Some(Cause::clone(cause)),
            End::Answered(_) => None,
        }))
    }

    /// What became of the requests of each kind that was sent.
    pub fn by_kind(&self) -> BTreeMap<Kind, Tally> {
        let mut kinds: BTreeMap<Kind, Tally> = BTreeMap::new();
        for entry in &self.entries {
            let tally = kinds.entry(entry.kind).or_default();
            tally.sent += 1;
            match entry.end {
                End::Answered(_) => tally.answered += 1,
                End::Lost(_) => tally.lost += 1,
            }
        }
        for (_, kind) in self.under_way.values() {
            kinds.entry(*kind).or_default().sent += 1;
        }
        kinds
    }

    /// [`Account::by_kind`] summed up by method.
    pub fn by_verb(&self) -> BTreeMap<Verb, Tally> {
        self.summed(|kind| kind.verb)
    }

    /// [`Account::by_kind`] summed up by kind of connection.
    pub fn by_connection(&self) -> BTreeMap<Connection, Tally> {
        self.summed(|kind| kind.connection)
    }

    fn summed<K: Ord>(&self, key: impl Fn(Kind) -> K) -> BTreeMap<K, Tally> {
        let mut sums: BTreeMap<K, Tally> = BTreeMap::new();
        for (kind, tally) in self.by_kind() {
            let sum = sums.entry(key(kind)).or_default();
            sum.sent += tally.sent;
            sum.answered += tally.answered;
            sum.lost += tally.lost;
        }
        sums
    }

    /// Proper answers that took longer than the limit. They are answered, not lost.
    pub fn late(&self) -> u64 {
        let late = |entry: &&Entry| entry.version().is_some() && entry.latency() > self.late_after;
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

    /// The id under which a `POST` is known to the servers: the name of the load and the request's number.
    pub fn post_id(name: &str, id: u64) -> String {
        format!("{name}-{id}")
    }

    /// The ids of all `POST`s that were sent, and whether each was acknowledged.
    pub fn posts(&self) -> impl Iterator<Item = (String, bool)> {
        let post = |id: u64| Account::post_id(&self.name, id);
        let settled = self.entries.iter().filter(|entry| entry.kind.verb == Verb::Post);
        let open = self.under_way.iter().filter(|(_, (_, kind))| kind.verb == Verb::Post);
        let settled = settled.map(move |entry| (post(entry.id), entry.version().is_some()));
        settled.chain(open.map(move |(id, _)| (post(*id), false)))
    }

    /// Lays this account beside that of the servers.
    pub fn reconcile(&self, server: &ServerAccount) -> Reconciliation {
        Reconciliation::new(self, server)
    }
}

impl Entry {
    fn latency(&self) -> Duration {
        Duration::try_from(self.done.duration_since(self.sent)).unwrap_or_default()
    }

    fn version(&self) -> Option<&str> {
        match &self.end {
            End::Answered(version) => Some(version),
            End::Lost(_) => None,
        }
    }
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
