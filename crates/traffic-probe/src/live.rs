//! Requests over HTTP/1.1 on loopback: the only part that touches a network and a clock.
//!
//! The client is strict on purpose. It does not send a request again when a kept-alive connection turns
//! out to be closed, as browsers and proxies may: what a single attempt meets is what is counted.

use std::error::Error as StdError;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::header::HOST;
use http::{HeaderMap, Method};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jiff::Timestamp;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::MissedTickBehavior;

use crate::account::Account;
use crate::load::{Load, Requests, RunningLoad};
use crate::message::{Answer, Measured, Outcome, Request};

/// How much of a body is read; the rest of a longer one counts as a broken connection.
const BODY_LIMIT: usize = 1024 * 1024;

/// A source of real requests at one address on loopback.
///
/// Connections are kept alive. Each request carries its id in the header `x-request-id`. A clone shares
/// connections and ids. Loads need a tokio runtime: [`Requests::start`] panics outside of one, as
/// `tokio::spawn` does.
#[derive(Debug, Clone)]
pub struct HttpRequests {
    address: SocketAddr,
    client: Client<HttpConnector, Empty<Bytes>>,
    ids: Arc<AtomicU64>,
    timeout: Duration,
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
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).retry_canceled_requests(false).build(connector);
        Ok(HttpRequests { address, client, ids: Arc::default(), timeout: Load::TIMEOUT })
    }

    /// The same with another timeout for single requests than [`Load::TIMEOUT`]; a load has its own.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    fn request(&self, host: &str, path: &str) -> Request {
        Request {
            id: self.ids.fetch_add(1, Ordering::Relaxed),
            method: Method::GET,
            host: host.to_owned(),
            path: path.to_owned(),
            at: now(),
        }
    }

    async fn answer(&self, request: Request, timeout: Duration) -> Answer {
        let outcome =
            tokio::time::timeout(timeout, self.outcome(&request)).await.unwrap_or(Outcome::TimedOut);
        Answer { id: request.id, sent: request.at, done: now(), outcome }
    }

    async fn outcome(&self, request: &Request) -> Outcome {
        let wire = http::Request::builder()
            .method(request.method.clone())
            .uri(format!("http://{}{}", self.address, request.path))
            .header(HOST, &request.host)
            .header("x-request-id", request.id)
            .body(Empty::new());
        let wire = match wire {
            Ok(wire) => wire,
            Err(error) => return Outcome::NoRoute(format!("not a request: {error}")),
        };
        let response = match self.client.request(wire).await {
            Ok(response) => response,
            Err(error) if error.is_connect() => return unconnected(&error),
            Err(_) => return Outcome::Reset,
        };
        let (head, body) = response.into_parts();
        match Limited::new(body, BODY_LIMIT).collect().await {
            Ok(body) => answered(head.status.as_u16(), &head.headers, &body.to_bytes()),
            Err(_) => Outcome::Reset,
        }
    }
}

impl Requests for HttpRequests {
    fn send(&self, host: &str, path: &str) -> BoxFuture<'_, Answer> {
        let request = self.request(host, path);
        self.answer(request, self.timeout).boxed()
    }

    fn start(&self, load: Load) -> Box<dyn RunningLoad> {
        let (stop, stopped) = oneshot::channel();
        let account = tokio::spawn(run(self.clone(), load, stopped));
        Box::new(HttpLoad { stop, account })
    }

    fn kind(&self) -> Measured {
        Measured::Live
    }
}

/// A load that a task of its own sends. Dropping it closes `stop`, which ends the task.
struct HttpLoad {
    stop: oneshot::Sender<()>,
    account: JoinHandle<Account>,
}

impl RunningLoad for HttpLoad {
    fn stop(self: Box<Self>) -> BoxFuture<'static, Account> {
        async move {
            let _ = self.stop.send(());
            // The task ends without an account only when its runtime is going down.
            self.account.await.unwrap_or_else(|_| Account::new(Measured::Live))
        }
        .boxed()
    }
}

/// Sends on schedule until told to stop, then waits for what is under way.
///
/// Missed ticks are sent in a burst and keep their due time, so a stall of this process shows as latency
/// instead of as requests that were never sent.
async fn run(requests: HttpRequests, load: Load, mut stopped: oneshot::Receiver<()>) -> Account {
    let mut account = Account::new(Measured::Live);
    let mut under_way = JoinSet::new();
    let mut ticks = tokio::time::interval(load.interval());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    loop {
        tokio::select! {
            biased;
            _ = &mut stopped => break,
            Some(answer) = under_way.join_next() => note(&mut account, answer),
            due = ticks.tick() => {
                let request = requests.due(&load, due);
                account.send(request.id, request.at);
                let (requests, timeout) = (requests.clone(), load.timeout);
                under_way.spawn(async move { requests.answer(request, timeout).await });
            }
        }
    }
    while let Some(answer) = under_way.join_next().await {
        note(&mut account, answer);
    }
    account.close(now());
    account
}

fn note(account: &mut Account, answer: Result<Answer, tokio::task::JoinError>) {
    // A task that gave no answer leaves its request under way, and closing the account counts it as lost.
    if let Ok(answer) = answer {
        account.record(&answer);
    }
}

impl HttpRequests {
    fn due(&self, load: &Load, due: tokio::time::Instant) -> Request {
        let request = self.request(&load.host, &load.path);
        let overdue = tokio::time::Instant::now().saturating_duration_since(due);
        let at = request.at.checked_sub(overdue).unwrap_or(request.at);
        Request { at, ..request }
    }
}

fn unconnected(error: &hyper_util::client::legacy::Error) -> Outcome {
    let mut source: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = source {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        match kind {
            Some(io::ErrorKind::ConnectionReset) => return Outcome::Reset,
            Some(io::ErrorKind::TimedOut) => return Outcome::TimedOut,
            _ => source = error.source(),
        }
    }
    Outcome::Refused
}

fn answered(status: u16, headers: &HeaderMap, body: &[u8]) -> Outcome {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (version, pod) = (header("x-version"), header("x-pod"));
    if version.is_some() && pod.is_some() {
        return Outcome::Answered { status, version, pod };
    }
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let field = |name: &str| body.get(name).and_then(|value| value.as_str()).map(str::to_owned);
    Outcome::Answered {
        status,
        version: version.or_else(|| field("version")),
        pod: pod.or_else(|| field("pod")),
    }
}

/// The one place here that reads the clock.
#[expect(clippy::disallowed_methods, reason = "a live request is timed by the real clock")]
fn now() -> Timestamp {
    Timestamp::now()
}
