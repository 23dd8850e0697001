//! Requests over HTTP/1.1 on loopback: the only part that touches a network and a clock.
//!
//! The client is strict on purpose. It does not send a request again when a kept-alive connection turns
//! out to be closed, as browsers and proxies may: what a single attempt meets is what is counted.

mod clock;
mod flood;
mod pacer;
mod pool;
mod response;
mod sender;
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

use self::clock::Clock;
use self::response::Response;
use self::wire::{Connected, Target};
use crate::load::{Load, Requests, RunningLoad};
use crate::message::{Answer, Connection, Kind, Measured, Outcome, Verb};
use crate::server::{NoServerAccount, ServerAccount};

/// The host under which the shipped ledger is reached through the ingress.
pub const LEDGER_HOST: &str = "ledger.local";

/// How long the ledger may take: its account of a long run has some megabytes.
const LEDGER_TIMEOUT: Duration = Duration::from_secs(10);

/// A source of real requests at one address on loopback.
///
/// Each request carries its id in the header `x-request-id`; a `POST` carries it as its body too. Single
/// requests ([`Requests::send`]) have a connection of their own. A load is sent by a thread of its own, so
/// that nothing in the caller's runtime can delay it.
#[derive(Debug, Clone)]
pub struct HttpRequests {
    address: SocketAddr,
    ids: Arc<AtomicU64>,
    timeout: Duration,
    ledger: String,
}

/// Why no [`HttpRequests`] was made.
#[derive(Debug, thiserror::Error)]
pub enum NewError {
    /// Load is sent to this machine only.
    #[error("refusing to send load to {0}: not a loopback address")]
    NotLoopback(SocketAddr),
}

impl HttpRequests {
    /// Requests to `address`, which must be on loopback.
    ///
    /// # Errors
    /// [`NewError::NotLoopback`] for any other address.
    pub fn new(address: SocketAddr) -> Result<Self, NewError> {
        if !address.ip().is_loopback() {
            return Err(NewError::NotLoopback(address));
        }
        let ledger = LEDGER_HOST.to_owned();
        Ok(HttpRequests { address, ids: Arc::default(), timeout: Load::TIMEOUT, ledger })
    }

    /// The same with another timeout for single requests than [`Load::TIMEOUT`]; a load has its own.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The same with another host of the ledger than [`LEDGER_HOST`].
    #[must_use]
    pub fn with_ledger(mut self, host: impl Into<String>) -> Self {
        self.ledger = host.into();
        self
    }

    /// Sends as many `GET`s as `connections` carry, each connection waiting for its answer: the top rate of
    /// client and server together. Of the load, host, path and timeout count. It has no schedule, so that
    /// it is never late: no statement about users follows from it.
    pub fn flood(&self, load: Load, connections: u32) -> Box<dyn RunningLoad> {
        let address = self.address;
        Box::new(sender::start(move |stopped| flood::run(address, load, connections, stopped)))
    }

    fn next_id(&self) -> u64 {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    /// One `GET` on a connection of its own.
    async fn get(&self, id: u64, host: &str, path: &str, timeout: Duration) -> Result<Response, Outcome> {
        let kind = Kind { verb: Verb::Get, connection: Connection::New };
        let request = Target::new(host, path).map(|target| target.request(kind, &id.to_string()));
        let request = request.map_err(|why| Outcome::NoRoute(format!("not a request: {why}")))?;
        let exchange = async {
            let mut wire = Connected::open(self.address).await?;
            wire.exchange(&request).await
        };
        tokio::time::timeout(timeout, exchange).await.unwrap_or(Err(Outcome::TimedOut))
    }
}

impl Requests for HttpRequests {
    fn send(&self, host: &str, path: &str) -> BoxFuture<'_, Answer> {
        let clock = Clock::start();
        let (id, sent) = (self.next_id(), clock.now());
        let (host, path) = (host.to_owned(), path.to_owned());
        async move {
            let response = self.get(id, &host, &path, self.timeout).await;
            Answer { id, sent, done: clock.now(), outcome: response.map_or_else(|lost| lost, Outcome::from) }
        }
        .boxed()
    }

    fn start(&self, load: Load) -> Box<dyn RunningLoad> {
        let address = self.address;
        Box::new(sender::start(move |stopped| sender::run(address, load, stopped)))
    }

    fn kind(&self) -> Measured {
        Measured::Live
    }

    fn server_account(&self) -> BoxFuture<'_, Result<ServerAccount, NoServerAccount>> {
        async move {
            let host = self.ledger.clone();
            let unanswered = |why: String| NoServerAccount::Unanswered { host: host.clone(), why };
            let response = self.get(self.next_id(), &self.ledger, "/account", LEDGER_TIMEOUT).await;
            let response = response.map_err(|lost| unanswered(describe(&lost)))?;
            if response.status != 200 {
                return Err(unanswered(format!("status {}", response.status)));
            }
            serde_json::from_slice(&response.body)
                .map_err(|source| NoServerAccount::Unreadable { host: host.clone(), source })
        }
        .boxed()
    }
}

fn describe(outcome: &Outcome) -> String {
    outcome.lost().map_or_else(|| "answered".to_owned(), |cause| cause.to_string())
}
