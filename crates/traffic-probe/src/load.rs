//! The seam through which requests are sent: what checks a switch knows this, and not which world answers.

use std::time::Duration;

use futures::future::BoxFuture;

use crate::account::Account;
use crate::message::{Answer, Measured};

/// A way to send requests, real or simulated.
///
/// The client of a cluster and the source of requests at its ingress are given together, and code above
/// them does not learn whether a network lies below. `kind` is for printing, not for deciding.
pub trait Requests: Send + Sync {
    /// Sends one `GET` and waits for its outcome. Never fails: what goes wrong is an [`Answer`] too.
    fn send(&self, host: &str, path: &str) -> BoxFuture<'_, Answer>;

    /// Starts an open-loop load, which sends on its schedule whether or not earlier answers are back.
    fn start(&self, load: Load) -> Box<dyn RunningLoad>;

    /// Where the figures of these requests come from.
    fn kind(&self) -> Measured;
}

/// A load that is being sent. Dropping it ends the load and its account with it.
pub trait RunningLoad: Send {
    /// Sends no more, waits for what is under way (at most the load's timeout), and hands over the account.
    fn stop(self: Box<Self>) -> BoxFuture<'static, Account>;
}

/// A constant load on one host and path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    /// What goes into the `Host` header.
    pub host: String,
    /// The path, beginning with `/`.
    pub path: String,
    /// Requests a second. Zero is taken as one.
    pub per_second: u32,
    /// How long one request may take before it is lost.
    pub timeout: Duration,
}

impl Load {
    /// One second: longer than any healthy answer of the shipped workload, shorter than a person's patience.
    pub const TIMEOUT: Duration = Duration::from_secs(1);

    /// A load of `per_second` requests on `/` of `host`, with the usual timeout ([`Load::TIMEOUT`]).
    pub fn on(host: impl Into<String>, per_second: u32) -> Self {
        Load { host: host.into(), path: "/".to_owned(), per_second, timeout: Self::TIMEOUT }
    }

    /// The time between two requests.
    pub fn interval(&self) -> Duration {
        Duration::from_secs(1) / self.per_second.max(1)
    }
}
