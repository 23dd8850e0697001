//! As many requests as a number of connections carry: each sends its next request when its answer is back.
//!
//! A closed loop says how fast a server and its client are together. It says nothing of what users would
//! have met, because it waits while the server does: that is what loads are for.

use std::net::SocketAddr;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::clock::Clock;
use super::response::Response;
use super::wire::{Connected, Target};
use crate::account::Account;
use crate::load::Load;
use crate::message::{Answer, Kind, Measured, Outcome};

/// Floods until told to stop. Of the load, host, path and timeout count.
pub(super) async fn run(
    address: SocketAddr,
    load: Load,
    connections: u32,
    stopped: super::sender::Stopped,
) -> Account {
    let clock = Clock::start();
    let target = match Target::new(&load.host, &load.path) {
        Ok(target) => target,
        Err(why) => return super::sender::broken(&format!("not a request: {why}")),
    };
    let mut account = Account::new(Measured::Live);
    let stop = watch::Sender::new(false);
    let mut workers = JoinSet::new();
    for number in 0..connections {
        let worker = Worker {
            address,
            clock,
            target: target.clone(),
            timeout: load.timeout,
            next: u64::from(number),
            step: u64::from(connections),
        };
        workers.spawn(worker.run(stop.subscribe()));
    }
    let _ = stopped.await;
    stop.send_replace(true);
    while let Some(answers) = workers.join_next().await {
        match answers {
            Ok(answers) => answers.iter().for_each(|answer| account.record(answer)),
            Err(_) => account.broken("one of the senders ended early"),
        }
    }
    account
}

struct Worker {
    address: SocketAddr,
    clock: Clock,
    target: Target,
    timeout: std::time::Duration,
    next: u64,
    step: u64,
}

impl Worker {
    async fn run(mut self, stop: watch::Receiver<bool>) -> Vec<Answer> {
        let mut answers = Vec::new();
        let mut connected = None;
        while !*stop.borrow() {
            let (id, sent) = (self.next, self.clock.now());
            self.next += self.step;
            let request = self.target.request(Kind::default(), &id.to_string());
            let exchange = exchange(self.address, &mut connected, &request);
            let response = tokio::time::timeout(self.timeout, exchange).await;
            let outcome = match response {
                Ok(Ok(response)) => Outcome::from(response),
                Ok(Err(lost)) => lost,
                Err(_) => Outcome::TimedOut,
            };
            answers.push(Answer { id, sent, done: self.clock.now(), outcome });
        }
        answers
    }
}

/// One exchange on the connection that is there, which stays there only when all went well.
async fn exchange(
    address: SocketAddr,
    connected: &mut Option<Connected>,
    request: &[u8],
) -> Result<Response, Outcome> {
    let mut current = match connected.take().filter(Connected::is_usable) {
        Some(current) => current,
        None => Connected::open(address).await?,
    };
    let response = current.exchange(request).await?;
    if response.keep_alive {
        *connected = Some(current);
    }
    Ok(response)
}
