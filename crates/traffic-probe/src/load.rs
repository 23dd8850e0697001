//! The seam through which requests are sent: what checks a switch knows this, and not which world answers.

use std::time::Duration;

use futures::future::BoxFuture;

use crate::account::Account;
use crate::message::{Answer, Connection, Kind, Measured, Verb};
use crate::server::{NoServerAccount, ServerAccount};

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

    /// What the servers say they have acknowledged: the other side of the account, kept outside of any
    /// server's life. A source that has none says so.
    fn server_account(&self) -> BoxFuture<'_, Result<ServerAccount, NoServerAccount>> {
        Box::pin(std::future::ready(Err(NoServerAccount::NotKept)))
    }
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
    /// Which of the requests differ from a `GET` on a connection that is kept alive.
    pub mix: Mix,
}

/// Which requests of a load are not a `GET` on a connection that is kept alive. The two choices cross, so
/// that some requests are a `POST` on a new connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mix {
    /// One in so many goes out on a connection of its own; 0 for none.
    pub new_connections: u32,
    /// One in so many is a `POST`; 0 for none.
    pub posts: u32,
}

impl Mix {
    /// No request differs.
    pub const PLAIN: Mix = Mix { new_connections: 0, posts: 0 };

    /// What scenarios send. The numbers share no factor with each other nor with the usual numbers of
    /// replicas, so that no server is asked for one kind only.
    pub const SCENARIO: Mix = Mix { new_connections: 5, posts: 7 };

    /// The kind of request `number`, from 0.
    pub fn kind(self, number: u64) -> Kind {
        let due = |one_in: u32| one_in > 0 && (number + 1).is_multiple_of(u64::from(one_in));
        Kind {
            verb: if due(self.posts) { Verb::Post } else { Verb::Get },
            connection: if due(self.new_connections) { Connection::New } else { Connection::KeptAlive },
        }
    }
}

impl Load {
    /// One second: longer than any healthy answer of the shipped workload, shorter than a person's patience.
    pub const TIMEOUT: Duration = Duration::from_secs(1);

    /// A load of `per_second` requests `GET /` of `host` on connections that are kept alive, with the usual
    /// timeout ([`Load::TIMEOUT`]).
    pub fn on(host: impl Into<String>, per_second: u32) -> Self {
        let (host, path) = (host.into(), "/".to_owned());
        Load { host, path, per_second, timeout: Self::TIMEOUT, mix: Mix::PLAIN }
    }

    /// The same load with the mix of scenarios ([`Mix::SCENARIO`]).
    pub fn mixed(host: impl Into<String>, per_second: u32) -> Self {
        Load { mix: Mix::SCENARIO, ..Load::on(host, per_second) }
    }

    /// The time between two requests.
    pub fn interval(&self) -> Duration {
        Duration::from_secs(1) / self.per_second.max(1)
    }
}
