//! Open-loop loads in virtual time: a request is due every 1/rate of a second, answered or not, while the world
//! moves from one change to the next.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use traffic_probe::{Account, Answer, Kind, Load, Measured, Outcome, ServerAccount, Verb};

use super::{Flight, Serving, Way, count, fly, lives, way};
use crate::queue::later;
use crate::world::World;

/// The loads that are attached.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Loads {
    #[serde(skip)]
    running: HashMap<u64, Box<Running>>,
    /// When each of them next sends or is answered.
    #[serde(skip)]
    wakes: BTreeSet<(Timestamp, u64)>,
    started: u64,
}

#[derive(Clone, Debug)]
struct Running {
    load: Load,
    account: Account,
    next: Timestamp,
    sent: u64,
    /// Requests whose answers are not out yet, by when they will be.
    under_way: BTreeMap<(Timestamp, u64), Under>,
    /// The way that its last request took.
    way: Option<Arc<Way>>,
}

#[derive(Clone, Debug)]
struct Under {
    sent: Timestamp,
    kind: Kind,
    outcome: Outcome,
    process: Option<Serving>,
    label: Option<Arc<str>>,
}

impl Loads {
    pub(crate) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    fn attach(&mut self, id: u64, running: Box<Running>) {
        self.wakes.insert((running.wake(), id));
        self.running.insert(id, running);
    }

    fn detach(&mut self, id: u64) -> Option<Box<Running>> {
        let running = self.running.remove(&id)?;
        self.wakes.remove(&(running.wake(), id));
        Some(running)
    }

    /// Those that have something to do by a moment, in the order of their ids.
    fn due(&self, until: Timestamp) -> Vec<u64> {
        let mut due: Vec<u64> = self.wakes.range(..=(until, u64::MAX)).map(|(_, id)| *id).collect();
        due.sort_unstable();
        due
    }

    /// The ids of those that are attached, in order.
    pub(crate) fn ids(&self) -> Vec<u64> {
        let mut ids: Vec<u64> = self.running.keys().copied().collect();
        ids.sort_unstable();
        ids
    }
}

impl World {
    /// Attaches a load, whose first request is due now. It runs while the world moves, until [`World::stop_load`].
    pub fn start_load(&mut self, load: Load) -> u64 {
        let id = self.traffic.loads.started;
        self.traffic.loads.started += 1;
        let running = Running {
            load,
            // Counted, not drawn by lot: the same world gives the same names.
            account: Account::named(Measured::Modelled, format!("sim{id}")),
            next: self.now(),
            sent: 0,
            under_way: BTreeMap::new(),
            way: None,
        };
        self.traffic.loads.attach(id, Box::new(running));
        id
    }

    /// Detaches a load and hands over its account: of every request due before the present moment. Those under way
    /// end as the present world lets them. `None` for a load that is not attached.
    pub fn stop_load(&mut self, id: u64) -> Option<Account> {
        let now = self.now();
        advance(self, now);
        let mut running = self.traffic.loads.detach(id)?;
        settle(self, &mut running, Timestamp::MAX, now);
        Some(running.account)
    }

    /// Every `POST` that a process acknowledged since the world was opened: what the ledger of a real cluster
    /// keeps, and a model like the acknowledgements themselves. It needs no ledger in the cluster, and none
    /// that fails is modelled.
    pub fn server_account(&self) -> ServerAccount {
        self.traffic.ledger.clone().unwrap_or_else(|| ServerAccount::new(Measured::Modelled))
    }
}

/// Brings all loads up to `until`, exclusively: a request due at the moment of a change meets the changed world.
pub(super) fn advance(world: &mut World, until: Timestamp) {
    for id in world.traffic.loads.due(until) {
        // A load is taken out while it flies, because a flight needs the whole world.
        let Some(mut load) = world.traffic.loads.detach(id) else { continue };
        let running = &mut *load;
        let interval = running.load.interval().max(Duration::from_micros(1));
        // No object changes on the way to `until`, so that all requests until then take the same way.
        let way = (running.next < until).then(|| running.way(world));
        while let Some(way) = way.as_ref().filter(|_| running.next < until) {
            let at = running.next;
            settle(world, running, at, at);
            let flight = match way {
                Ok(way) => fly(world, way, at),
                Err(end) => Flight::ended(end.clone()),
            };
            running.take_off(at, flight);
            running.next = later(at, interval);
        }
        settle(world, running, until, until);
        world.traffic.loads.attach(id, load);
    }
}

impl Running {
    /// The first moment up to which there is something to do: the next request meets what changes at its own moment,
    /// and so has to wait until that is over.
    fn wake(&self) -> Timestamp {
        let sends = later(self.next, Duration::from_nanos(1));
        self.under_way.keys().next().map_or(sends, |(done, _)| sends.min(*done))
    }

    /// The way of its requests now, or where it ends.
    fn way(&mut self, world: &World) -> Result<Arc<Way>, Outcome> {
        if let Some(known) = self.way.as_ref().filter(|way| way.stands(world)) {
            return Ok(Arc::clone(known));
        }
        let found = way(world, &self.load.host, &self.load.path).map(Arc::new);
        self.way = found.as_ref().ok().cloned();
        found
    }

    fn take_off(&mut self, at: Timestamp, flight: Flight) {
        let id = self.sent;
        self.sent += 1;
        let kind = self.load.mix.kind(id);
        self.account.send_as(id, at, kind);
        let (outcome, takes, process) = if flight.takes >= self.load.timeout {
            (Outcome::TimedOut, self.load.timeout, None)
        } else {
            (flight.outcome, flight.takes, flight.process)
        };
        self.under_way
            .insert((later(at, takes), id), Under { sent: at, kind, outcome, process, label: flight.label });
    }
}

/// Records the answers that are out by `until`. The world has not changed since the requests were last looked
/// at, so that a process that lives at `at` lived when it answered.
///
/// A process acknowledges a `POST` at the moment at which its answer is out, to both sides at once. One that
/// timed out is in neither account: the program drops what nobody waits for any more.
fn settle(world: &mut World, running: &mut Running, until: Timestamp, at: Timestamp) {
    while let Some(entry) = running.under_way.first_entry().filter(|entry| entry.key().0 <= until) {
        let ((done, id), under) = entry.remove_entry();
        let lived = under.process.as_ref().is_none_or(|process| lives(world, process, done.min(at)));
        let outcome = if lived { under.outcome } else { Outcome::Reset };
        let method = if under.kind.verb == Verb::Post { "POST" } else { "GET" };
        count(world, under.label.as_ref(), method, &outcome, (under.sent, done));
        if under.kind.verb == Verb::Post {
            world.traffic.acknowledge(Account::post_id(running.account.name(), id), &outcome);
        }
        running.account.record(&Answer { id, sent: under.sent, done, outcome });
    }
}
