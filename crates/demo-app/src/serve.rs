//! Listening, and the stop that loses no request.
//!
//! On SIGTERM, unless `GRACEFUL_STOP=false` takes all of it out, it is not ready at once, but serves on for [`Settings::drain`]: endpoints and ingress hear of
//! the end of a pod later than the pod does. Answers then ask for the end of their connection. After that
//! it accepts no more, closes idle connections, and finishes what it has begun, for at most
//! [`LAST_ANSWERS`].

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use demo_app::Settings;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long requests that have begun may still take once nothing more is accepted. With 5 s of preStop and
/// 5 s of draining it ends inside the pod's 30 s of grace.
const LAST_ANSWERS: Duration = Duration::from_secs(15);

/// How many connections may wait to be accepted; the system has a limit of its own.
const BACKLOG: u32 = 4096;

/// How a run ended, other than by an error.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It was told to stop and did.
    Stopped,
    /// `CRASH_AFTER` has passed.
    Crashed,
}

/// Why it cannot serve.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("listen on {address}: {source}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("register for signals: {0}")]
    Signals(io::Error),
}

/// Whether the stop has begun.
#[derive(Debug, Default)]
pub(crate) struct Stop(AtomicBool);

impl Stop {
    fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Serves `router` until it is told to stop or crashes. `stop` says from then on that it is stopping.
///
/// # Errors
/// When the port is taken or signals cannot be registered for.
pub(crate) async fn run(settings: &Settings, stop: &Arc<Stop>, router: Router) -> Result<Ended, Error> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::Signals)?;
    let mut crash = pin!(crash(settings.crash_after));
    let told_to_stop = async {
        tokio::select! { _ = terminate.recv() => (), _ = interrupt.recv() => () }
    };
    let mut told_to_stop = pin!(told_to_stop);
    tokio::select! {
        () = tokio::time::sleep(settings.start_after) => (),
        () = &mut crash => return Ok(Ended::Crashed),
        () = &mut told_to_stop => return Ok(Ended::Stopped),
    }
    let address = SocketAddr::new(settings.address, settings.port);
    let listener = listen(address).map_err(|source| Error::Listen { address, source })?;
    let local = listener.local_addr().map_err(|source| Error::Listen { address, source })?;
    tracing::info!("version {} listens on {local}", settings.version);

    let router = router.layer(middleware::from_fn_with_state(Arc::clone(stop), close_when_stopping));
    let mut connections = Connections::new(router);
    tokio::select! {
        () = connections.accept(&listener) => (),
        () = &mut crash => return Ok(Ended::Crashed),
        () = &mut told_to_stop => (),
    }
    if !settings.graceful_stop {
        tracing::info!("told to stop: GRACEFUL_STOP is false, so at once");
        return Ok(Ended::Stopped);
    }
    stop.begin();
    tracing::info!("told to stop: not ready, serving on for {:?}", settings.drain);
    tokio::select! {
        () = connections.accept(&listener) => (),
        () = &mut crash => return Ok(Ended::Crashed),
        () = tokio::time::sleep(settings.drain) => (),
    }
    drop(listener);
    connections.finish().await;
    Ok(Ended::Stopped)
}

/// Binds with room for all connections that come while this process has to wait for its turn. With the
/// usual 128, a wait of a third of a second at 500 connections a second drops some, and a dropped one is
/// tried again only after a second.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // As usual on Unix: the port of a process that has just ended can be had at once.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// While stopping, each answer carries `Connection: close`: the peer then opens its next connection
/// elsewhere, instead of sending a request into a connection that is just being closed.
async fn close_when_stopping(State(stop): State<Arc<Stop>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if stop.has_begun() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Waits for the moment of `CRASH_AFTER`, for ever without one.
async fn crash(after: Option<Duration>) {
    match after {
        Some(after) => {
            tokio::time::sleep(after).await;
            tracing::error!("CRASH_AFTER has passed");
        }
        None => std::future::pending().await,
    }
}

/// The connections that are open, and the word that ends them.
struct Connections {
    router: Router,
    open: JoinSet<()>,
    finish: watch::Sender<bool>,
}

impl Connections {
    fn new(router: Router) -> Self {
        Self { router, open: JoinSet::new(), finish: watch::Sender::new(false) }
    }

    /// Accepts until it is dropped; nothing is lost then, what was accepted stays open.
    async fn accept(&mut self, listener: &TcpListener) {
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        self.open.spawn(serve(stream, self.router.clone(), self.finish.subscribe()));
                    }
                    Err(error) => {
                        // Out of files, usually: give the open connections time to end.
                        tracing::warn!("accept: {error}");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                },
                Some(_) = self.open.join_next() => (),
            }
        }
    }

    /// Closes idle connections and waits for the last answers of the others.
    async fn finish(mut self) {
        self.finish.send_replace(true);
        let all = async { while self.open.join_next().await.is_some() {} };
        if tokio::time::timeout(LAST_ANSWERS, all).await.is_err() {
            tracing::warn!("some requests were still unanswered after {LAST_ANSWERS:?}");
        }
    }
}

/// Serves one connection until its peer ends it or `finish` says so.
async fn serve(stream: TcpStream, router: Router, mut finish: watch::Receiver<bool>) {
    // Answers are small: waiting to fill a packet would only add latency. An error is the peer's absence.
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(router);
    let mut connection = pin!(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = finish.wait_for(|finish| *finish) => connection.as_mut().graceful_shutdown(),
    }
    // An error here is a peer that went away in the middle; there is nobody left to tell.
    let _ = connection.await;
}
