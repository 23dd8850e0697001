//! The other side of the account: what the servers say they have acknowledged.
//!
//! A client alone cannot tell a request that was done and whose answer was lost from one that was never
//! done, nor an acknowledgement of something that was forgotten. Two accounts laid side by side can.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::message::Measured;

/// Raised when a field of a document here is added or changes its meaning.
pub const SCHEMA_VERSION: u32 = 1;

/// Every id that some server acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerAccount {
    /// [`SCHEMA_VERSION`] of the writer.
    pub schema_version: u32,
    /// Where the account comes from.
    pub measured: Measured,
    /// By id of the `POST`.
    pub posts: BTreeMap<String, Acknowledged>,
}

/// One id in a [`ServerAccount`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// How often it was acknowledged; more than once is a request that was done twice.
    pub count: u64,
    /// The version that acknowledged it first.
    pub version: String,
    /// The pod that acknowledged it first.
    pub pod: String,
}

impl ServerAccount {
    /// An account without an entry.
    pub fn new(measured: Measured) -> Self {
        ServerAccount { schema_version: SCHEMA_VERSION, measured, posts: BTreeMap::new() }
    }

    /// Notes that an id was acknowledged.
    pub fn acknowledge(&mut self, id: impl Into<String>, version: &str, pod: &str) {
        let entry = self.posts.entry(id.into());
        let first = || Acknowledged { count: 0, version: version.to_owned(), pod: pod.to_owned() };
        entry.or_insert_with(first).count += 1;
    }
}

/// Why there is no account of the servers.
#[derive(Debug, thiserror::Error)]
pub enum NoServerAccount {
    /// These requests have no other side that counts.
    #[error("no account of the servers is kept")]
    NotKept,
    /// The ledger did not answer.
    #[error("the ledger at {host} did not answer: {why}")]
    Unanswered {
        /// The host that was asked.
        host: String,
        /// The outcome of asking.
        why: String,
    },
    /// The ledger's answer is no account.
    #[error("the answer of the ledger at {host} is no account")]
    Unreadable {
        /// The host that was asked.
        host: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
}

/// The two accounts of one load, laid side by side. Only `POST`s are in both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reconciliation {
    /// [`SCHEMA_VERSION`] of the writer.
    pub schema_version: u32,
    /// Where the figures come from; modelled when one of the two accounts is.
    pub measured: Measured,
    /// `POST`s that the client sent.
    pub posts: u64,
    /// Acknowledged to the client and in the servers' account.
    pub both: u64,
    /// Acknowledged to the client and not in the servers' account: a lie, and as bad as a lost request.
    pub only_client: BTreeSet<String>,
    /// In the servers' account and not acknowledged to the client: done, and the answer was lost. The
    /// client's account counts them as lost already.
    pub only_server: BTreeSet<String>,
    /// Neither acknowledged nor done. The client's account counts them as lost already.
    pub neither: u64,
    /// Done more than once, and how often.
    pub doubled: BTreeMap<String, u64>,
    /// In the servers' account under the load's name and never sent by it.
    pub unsent: BTreeSet<String>,
    /// Lost requests of all kinds: those of the client's account and [`Reconciliation::only_client`].
    pub lost: u64,
}

impl Reconciliation {
    pub(crate) fn new(client: &Account, server: &ServerAccount) -> Self {
        let both_live = client.measured() == Measured::Live && server.measured == Measured::Live;
        let mut result = Reconciliation {
            schema_version: SCHEMA_VERSION,
            measured: if both_live { Measured::Live } else { Measured::Modelled },
            posts: 0,
            both: 0,
            only_client: BTreeSet::new(),
            only_server: BTreeSet::new(),
            neither: 0,
            doubled: BTreeMap::new(),
            unsent: BTreeSet::new(),
            lost: 0,
        };
        let mut sent = BTreeSet::new();
        for (id, acknowledged) in client.posts() {
            result.posts += 1;
            match (acknowledged, server.posts.contains_key(&id)) {
                (true, true) => result.both += 1,
                (true, false) => drop(result.only_client.insert(id.clone())),
                (false, true) => drop(result.only_server.insert(id.clone())),
                (false, false) => result.neither += 1,
            }
            sent.insert(id);
        }
        let prefix = format!("{}-", client.name());
        let of_load = server.posts.range(prefix.clone()..).take_while(|(id, _)| id.starts_with(&prefix));
        for (id, entry) in of_load {
            if entry.count > 1 {
                result.doubled.insert(id.clone(), entry.count);
            }
            if !sent.contains(id) {
                result.unsent.insert(id.clone());
            }
        }
        result.lost = client.lost() + u64::try_from(result.only_client.len()).unwrap_or(u64::MAX);
        result
    }

    /// Whether every acknowledgement is kept, nothing was done twice, and nothing was made up. Answers that
    /// were lost do not speak against it; they are in [`Reconciliation::lost`].
    pub fn holds(&self) -> bool {
        self.only_client.is_empty() && self.doubled.is_empty() && self.unsent.is_empty()
    }
}

impl fmt::Display for Reconciliation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let rows = [
            ("POSTs sent", self.posts),
            ("acknowledged by both", self.both),
            ("only by the client", count(self.only_client.len())),
            ("only by the server", count(self.only_server.len())),
            ("by neither", self.neither),
            ("done more than once", count(self.doubled.len())),
            ("never sent", count(self.unsent.len())),
            ("lost, of all kinds", self.lost),
        ];
        for (index, (label, n)) in rows.into_iter().enumerate() {
            let note = if index == 0 && self.measured == Measured::Modelled { " (modelled)" } else { "" };
            writeln!(f, "{label:<24} {n:>8}{note}")?;
        }
        Ok(())
    }
}
