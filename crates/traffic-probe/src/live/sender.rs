//! The open-loop sender: a thread of its own, with a runtime of its own.
//!
//! A request is sent when it is due, whether or not earlier answers are back. A sender in the caller's
//! runtime would be late whenever the caller computes; this one is late only when the machine is, and says
//! how late it was ([`Account::left`]).

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::clock::Clock;
use super::pacer;
use super::pool::Pool;
use super::response::Response;
use super::wire::{Connected, Target};
use crate::account::Account;
use crate::load::{Load, RunningLoad};
use crate::message::{Answer, Connection, Kind, Measured, Outcome};

/// A load that a thread sends. Dropping it closes `stop`, which ends the thread.
pub(super) struct HttpLoad {
    stop: oneshot::Sender<()>,
    account: oneshot::Receiver<Account>,
}

/// Told when a load is to end, or when nobody holds it any more.
pub(super) type Stopped = oneshot::Receiver<()>;

/// Starts a thread that sends. A machine that cannot even do that gives an account that says so.
pub(super) fn start<F>(send: impl FnOnce(Stopped) -> F + Send + 'static) -> HttpLoad
where
    F: Future<Output = Account>,
{
    let (stop, stopped) = oneshot::channel();
    let (tell, account) = oneshot::channel();
    let sender = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let account = match runtime {
            Ok(runtime) => runtime.block_on(send(stopped)),
            Err(error) => broken(&format!("the sender's runtime did not start: {error}")),
        };
        // Nobody waits for the account of a load that was dropped.
        let _ = tell.send(account);
    };
    // Without a thread both ends of `tell` are gone, and stopping says that the sender ended early.
    let _ = std::thread::Builder::new().name("load".to_owned()).spawn(sender);
    HttpLoad { stop, account }
}

impl RunningLoad for HttpLoad {
    fn stop(self: Box<Self>) -> BoxFuture<'static, Account> {
        async move {
            let _ = self.stop.send(());
            self.account.await.unwrap_or_else(|_| broken("the sender's thread ended early"))
        }
        .boxed()
    }
}

pub(super) fn broken(why: &str) -> Account {
    let mut account = Account::new(Measured::Live);
    account.broken(why);
    account
}

/// A name that no other load has, in this process, on this machine, or before: ledgers outlive loads.
fn name(clock: &Clock) -> String {
    static LOADS: AtomicU64 = AtomicU64::new(0);
    let number = LOADS.fetch_add(1, Ordering::Relaxed);
    format!("{:x}p{:x}n{number:x}", clock.now().as_millisecond(), std::process::id())
}

/// What all requests of a load share.
#[derive(Clone)]
struct Sender {
    address: SocketAddr,
    pool: Pool,
    clock: Clock,
    timeout: Duration,
}

/// What became of one request, and how late it left.
struct Flown {
    answer: Answer,
    late_by: Duration,
}

/// Sends on schedule until told to stop, then waits for what is under way.
///
/// Missed moments are made up for in a burst and keep their due time, so a stall of this process shows as latency
/// and as lag instead of as requests that were never sent.
pub(super) async fn run(address: SocketAddr, load: Load, mut stopped: Stopped) -> Account {
    pacer::hurry();
    let clock = Clock::start();
    let name = name(&clock);
    let target = match Target::new(&load.host, &load.path) {
        Ok(target) => target,
        Err(why) => return broken(&format!("not a request: {why}")),
    };
    let mut account = Account::named(Measured::Live, name.as_str());
    let sender = Sender { address, pool: Pool::new(address), clock, timeout: load.timeout };
    let mut under_way = JoinSet::new();
    let mut moments = match pacer::start(load.interval()) {
        Ok(moments) => moments,
        Err(error) => return broken(&format!("no thread for the schedule: {error}")),
    };
    let mut id = 0;
    loop {
        tokio::select! {
            biased;
            _ = &mut stopped => break,
            Some(due) = moments.recv() => {
                let kind = load.mix.kind(id);
                account.send_as(id, clock.at(due), kind);
                let request = target.request(kind, &Account::post_id(&name, id));
                under_way.spawn(sender.clone().fly(id, kind, request, due));
                id += 1;
            }
            Some(flown) = under_way.join_next() => note(&mut account, flown),
        }
    }
    drop(moments);
    while let Some(flown) = under_way.join_next().await {
        note(&mut account, flown);
    }
    account.close(clock.now());
    account
}

fn note(account: &mut Account, flown: Result<Flown, tokio::task::JoinError>) {
    // A task that gave no answer leaves its request under way, and closing the account counts it as lost.
    if let Ok(flown) = flown {
        account.left(flown.late_by);
        account.record(&flown.answer);
    }
}

impl Sender {
    async fn fly(self, id: u64, kind: Kind, request: Vec<u8>, due: Instant) -> Flown {
        // What follows is a call of the kernel: either the request's bytes or the opening of its connection.
        let late_by = Instant::now().saturating_duration_since(due);
        let exchange = self.exchange(kind, &request);
        let response = tokio::time::timeout(self.timeout, exchange).await.unwrap_or(Err(Outcome::TimedOut));
        let (sent, done) = (self.clock.at(due), self.clock.now());
        let outcome = response.map_or_else(|lost| lost, Outcome::from);
        Flown { answer: Answer { id, sent, done, outcome }, late_by }
    }

    async fn exchange(&self, kind: Kind, request: &[u8]) -> Result<Response, Outcome> {
        if kind.connection == Connection::New {
            return Connected::open(self.address).await?.exchange(request).await;
        }
        let mut lease = self.pool.take().await?;
        let Some(connected) = lease.connected() else { return Err(Outcome::Reset) };
        let response = connected.exchange(request).await?;
        if response.keep_alive {
            lease.keep();
        }
        Ok(response)
    }
}
