//! Requests walked through the simulated objects: Host header and path → Ingress → Service → EndpointSlice →
//! process. What comes back is modelled, and every account of it says so.
//!
//! Traffic changes no object, but it is counted, and an analysis may ask for the counts: so requests are journaled
//! like everything else, and what traffic remembers (whose turn it is behind a Service, how many requests a process
//! has had) is part of a snapshot. A load is not: it ends with its process at the latest.
//!
//! Not modelled: connections (each request has its own, whatever the mix of its load says), queues (also where the
//! processor is full), and the ingress's own latency and retries.

mod load;
mod route;
mod share;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::json::Value;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use traffic_probe::{Answer, Measured, Outcome, Request, ServerAccount};

use crate::controllers::{self, Workload};
use crate::object::{self, items, text};
use crate::queue::later;
use crate::resource::Resource;
use crate::usage::Spent;
use crate::world::World;

pub(crate) use self::load::Loads;
use self::route::Split;
pub(crate) use self::route::refuse;
use self::share::Shares;

/// What a request takes besides the workload's own latency.
const BASE_LATENCY: Duration = Duration::from_millis(1);

/// What traffic remembers between requests.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Traffic {
    /// Whose turn it is, by `namespace/service`.
    turns: BTreeMap<String, usize>,
    shares: Shares,
    /// Requests that a process has had.
    #[serde(with = "pairs")]
    served: BTreeMap<ProcessId, u64>,
    /// What their requests have cost processes lately.
    #[serde(with = "pairs", default)]
    spent: BTreeMap<ProcessId, Spent>,
    #[serde(default)]
    pub(crate) loads: Loads,
    /// What processes have acknowledged since the world was opened.
    #[serde(skip)]
    ledger: Option<ServerAccount>,
}

/// A map whose keys JSON has not, as a list of pairs.
mod pairs {
    use super::{BTreeMap, Deserialize, ProcessId, Serialize};

    pub(super) fn serialize<V: Serialize, S: serde::Serializer>(
        map: &BTreeMap<ProcessId, V>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        map.iter().collect::<Vec<_>>().serialize(to)
    }

    pub(super) fn deserialize<'de, V: Deserialize<'de>, D: serde::Deserializer<'de>>(
        from: D,
    ) -> Result<BTreeMap<ProcessId, V>, D::Error> {
        Vec::deserialize(from).map(|pairs| pairs.into_iter().collect())
    }
}

impl Traffic {
    /// Notes that a process answered a `POST`, if it did and said yes.
    fn acknowledge(&mut self, id: String, outcome: &Outcome) {
        if let Outcome::Answered { status: 200..=299, version, pod } = outcome {
            let ledger = self.ledger.get_or_insert_with(|| ServerAccount::new(Measured::Modelled));
            let known = |name: &Option<String>| name.clone().unwrap_or_default();
            ledger.acknowledge(id, &known(version), &known(pod));
        }
    }
}

impl Traffic {
    /// What its requests have cost a process lately; `None` for one that had none, or none that cost anything.
    pub(crate) fn spent(&self, process: &ProcessId) -> Option<&Spent> {
        self.spent.get(process)
    }
}

/// A process: a pod's uid and the restarts before it.
pub(crate) type ProcessId = (String, u32);

/// What is known of a request at the moment it is sent.
#[derive(Debug)]
pub(crate) struct Flight {
    pub(crate) outcome: Outcome,
    pub(crate) takes: Duration,
    /// What of the processor it costs.
    cost: Duration,
    /// The process that answers; if it ends before the answer is out, the connection is reset.
    pub(crate) process: Option<Serving>,
    /// What the ingress calls the way that it took.
    pub(crate) label: Option<Arc<str>>,
}

/// Where the process is that answers a request.
#[derive(Clone, Debug)]
pub(crate) struct Serving {
    ns: String,
    pod: String,
    uid: String,
    restarts: u32,
}

impl Flight {
    pub(crate) fn ended(outcome: Outcome) -> Flight {
        Flight { outcome, takes: BASE_LATENCY, cost: Duration::ZERO, process: None, label: None }
    }

    fn answered(status: u16) -> Flight {
        Flight::ended(Outcome::Answered { status, version: None, pod: None })
    }
}

impl World {
    /// Answers one request at the present moment of the world, whatever `request.at` says, and without moving the
    /// world: its end is computed from the workload's latency.
    pub fn answer(&mut self, request: &Request) -> Answer {
        let now = self.now();
        let flight = match way(self, &request.host, &request.path) {
            Ok(way) => fly(self, &way, now),
            Err(end) => Flight::ended(end),
        };
        let done = later(now, flight.takes);
        count(self, flight.label.as_ref(), request.method.as_str(), &flight.outcome, (now, done));
        Answer { id: request.id, sent: now, done, outcome: flight.outcome }
    }
}

/// Counts an answer as the ingress does: by the status that it gave, also where the process behind it gave none.
pub(crate) fn count(
    world: &mut World,
    label: Option<&Arc<str>>,
    method: &str,
    outcome: &Outcome,
    (sent, done): (Timestamp, Timestamp),
) {
    let Some(label) = label else { return };
    let code = match outcome {
        Outcome::Answered { status, .. } => *status,
        Outcome::TimedOut => 499,
        _ => 502,
    };
    let took = Duration::try_from(done.duration_since(sent)).unwrap_or_default();
    world.prometheus.count(label, code, method, done, took);
}

/// The way of requests for one host and path, as long as nothing changes that it leads over.
#[derive(Debug)]
pub(crate) struct Way {
    /// What the store said when it was found.
    routes: (u64, u64),
    ns: String,
    path: String,
    primary: Branch,
    canary: Option<(Branch, Split)>,
}

/// One Service and what is behind it.
#[derive(Debug)]
struct Branch {
    /// Under which name turns are taken.
    turns: String,
    /// What the ingress calls it.
    label: Arc<str>,
    ready: Vec<Endpoint>,
}

/// One ready endpoint.
#[derive(Debug)]
struct Endpoint {
    pod: String,
    uid: String,
    /// What runs there; `None` for an address that nobody has any more.
    workload: Option<Workload>,
}

/// Finds the way through the objects as they are now, or where it ends.
pub(crate) fn way(world: &World, host: &str, path: &str) -> Result<Way, Outcome> {
    let backend = route::backend(world, host, path).map_err(Outcome::NoRoute)?;
    let ns = backend.ns;
    let label = &backend.label;
    let primary = branch(world, &ns, &backend.service, label);
    let canary =
        backend.split.map(|split| (branch(world, &ns, &split.service, &format!("{label}-canary")), split));
    if primary.ready.is_empty() && canary.is_none() {
        return Err(UNAVAILABLE);
    }
    Ok(Way { routes: world.store.routes(&ns), ns, path: path.to_owned(), primary, canary })
}

impl Way {
    /// Whether it still leads where it led.
    fn stands(&self, world: &World) -> bool {
        self.routes == world.store.routes(&self.ns)
    }
}

/// What the ingress says when nobody is there to answer.
const UNAVAILABLE: Outcome = Outcome::Answered { status: 503, version: None, pod: None };

fn branch(world: &World, ns: &str, service: &str, label: &str) -> Branch {
    let slice = controllers::slice_of(world, ns, service);
    let ready: Vec<Endpoint> = slice
        .into_iter()
        .flat_map(|slice| items(slice, "/endpoints"))
        .filter(|endpoint| endpoint["conditions"]["ready"] == true)
        .map(|endpoint| {
            let (pod, uid) = (text(endpoint, "/targetRef/name"), text(endpoint, "/targetRef/uid"));
            let object = world.store.get(Resource::Pod, ns, pod).filter(|object| object::uid(object) == uid);
            let container = object.and_then(|object| items(object, "/spec/containers").next());
            Endpoint { pod: pod.to_owned(), uid: uid.to_owned(), workload: container.map(Workload::of) }
        })
        .collect();
    Branch { turns: format!("{ns}/{service}"), label: label.into(), ready }
}

/// One request on a way, sent at `at`.
pub(crate) fn fly(world: &mut World, way: &Way, at: Timestamp) -> Flight {
    let branch = choose(world, way);
    Flight { label: Some(Arc::clone(&branch.label)), ..on_branch(world, way, branch, at) }
}

/// Whose request it is.
fn choose<'a>(world: &mut World, way: &'a Way) -> &'a Branch {
    match &way.canary {
        Some((canary, split)) if world.traffic.shares.picks_canary(&way.primary.turns, split) => canary,
        _ => &way.primary,
    }
}

fn on_branch(world: &mut World, way: &Way, branch: &Branch, at: Timestamp) -> Flight {
    if branch.ready.is_empty() {
        return Flight::ended(UNAVAILABLE);
    }
    let turn = world.traffic.turns.entry(branch.turns.clone()).or_default();
    let chosen = &branch.ready[*turn % branch.ready.len()];
    *turn = turn.wrapping_add(1);
    // The pod was taken away without a stop.
    let Some(workload) = &chosen.workload else { return Flight::ended(Outcome::Reset) };
    let process = world.node.process(&way.ns, &chosen.pod, &chosen.uid, at);
    let Some(process) = process.filter(|process| workload.listens(process.age)) else {
        return Flight::ended(Outcome::Refused);
    };
    let id = (chosen.uid.clone(), process.restarts);
    let served = world.traffic.served.entry(id.clone()).or_default();
    let mut flight = page(workload, &chosen.pod, &way.path, process.age, served);
    if !flight.cost.is_zero() {
        world.traffic.spent.entry(id).or_default().add(at, flight.cost);
    }
    flight.process = Some(Serving {
        ns: way.ns.clone(),
        pod: chosen.pod.clone(),
        uid: chosen.uid.clone(),
        restarts: process.restarts,
    });
    flight
}

/// What the program says on a path.
fn page(workload: &Workload, pod: &str, path: &str, age: Duration, served: &mut u64) -> Flight {
    match path.split('?').next().unwrap_or_default() {
        "/" | "" => {
            let status = if workload.fails(*served) { 500 } else { 200 };
            *served += 1;
            let (version, pod) = (Some(workload.version().to_owned()), Some(pod.to_owned()));
            Flight {
                outcome: Outcome::Answered { status, version, pod },
                takes: BASE_LATENCY + workload.latency() + workload.cost(),
                cost: workload.cost(),
                process: None,
                label: None,
            }
        }
        "/healthz" | "/metrics" => Flight::answered(200),
        "/readyz" => Flight::answered(if workload.ready(age) { 200 } else { 503 }),
        _ => Flight::answered(404),
    }
}

/// Whether a process still lives at `at`.
pub(crate) fn lives(world: &World, serving: &Serving, at: Timestamp) -> bool {
    let stored = |o: &Value| object::uid(o) == serving.uid;
    world.store.get(Resource::Pod, &serving.ns, &serving.pod).is_some_and(|o| stored(o))
        && world
            .node
            .process(&serving.ns, &serving.pod, &serving.uid, at)
            .is_some_and(|process| process.restarts == serving.restarts)
}

/// Brings every load up to `until`: to be called before each change of the world, with the moment of that change.
pub(crate) fn on_advance(world: &mut World, until: Timestamp) {
    if world.traffic.loads.is_empty() {
        return;
    }
    load::advance(world, until);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_the_program() {
        let workload = Workload::new("r/demo-app:v2", |name| match name {
            "LATENCY" => Some("200ms".into()),
            "READY_AFTER" => Some("5s".into()),
            _ => None,
        });
        let status = |path: &str| match page(&workload, "p", path, Duration::from_secs(1), &mut 0).outcome {
            Outcome::Answered { status, version, .. } => (status, version),
            other => panic!("{other:?}"),
        };
        assert_eq!(status("/"), (200, Some("v2".into())));
        assert_eq!(status("/?q"), (200, Some("v2".into())));
        assert_eq!(status("/readyz"), (503, None));
        assert_eq!(status("/nowhere"), (404, None));
        let takes = page(&workload, "p", "/", Duration::from_secs(1), &mut 0).takes;
        assert_eq!(takes, Duration::from_millis(201));
    }
}
