//! The world shared: between clients, and between processes through its journal.

mod pace;
mod requests;
pub(crate) mod service;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use rollouts_client::pace::Pace;
use tokio::sync::watch;
use traffic_probe::Requests;

use crate::api;
use crate::journal::{Entry, Journal, JournalError, Recorded};
use crate::queue::later;
use crate::refusal::Refusal;
use crate::repository::Reach;
use crate::world::World;

/// A simulated cluster that can be shared, and that lasts when it was opened from a folder.
///
/// Clones are the same cluster. Virtual time moves only through [`Simulator::pace`], or by itself while the cluster
/// is served.
#[derive(Clone, Debug)]
pub struct Simulator {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Told after every change of the world.
    changed: watch::Sender<()>,
    torn: usize,
}

#[derive(Debug)]
struct State {
    world: World,
    journal: Option<Journal>,
    clock: Option<Clock>,
    /// Which repositories Argo CD gets to see.
    reach: Reach,
}

/// Real time, as virtual time follows it while the cluster is served.
#[derive(Clone, Copy, Debug)]
struct Clock {
    started: Instant,
    from: Timestamp,
    speed: f64,
}

/// What `rollouts-sim status` prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The present moment of the cluster.
    pub now: Timestamp,
    /// When something will next happen by itself.
    pub next: Option<Timestamp>,
    /// How many objects there are of each kind, kinds without objects left out.
    pub objects: Vec<(&'static str, usize)>,
    /// Journal entries since the last snapshot.
    pub journaled: u64,
}

impl Simulator {
    /// The moment at which a new cluster begins.
    pub const START: &str = "2026-01-01T00:00:00Z";

    /// A cluster that ends with its last clone.
    #[must_use]
    pub fn in_memory(seed: u64) -> Simulator {
        Simulator::over(World::new(seed, start()), None, 0)
    }

    /// The cluster kept in `dir`, which is created when it is absent. It is held for this process until the last
    /// clone is gone.
    ///
    /// # Errors
    /// When another process holds it, or what is there cannot be read.
    pub fn open(dir: &Path) -> Result<Simulator, JournalError> {
        let mut opened = Journal::open(dir, || World::new(1, start()))?;
        // What sent them is gone.
        for load in opened.world.traffic.loads.ids() {
            opened.journal.append(&Entry::Unload(load))?;
            let _ = opened.world.stop_load(load);
        }
        if opened.torn > 0 {
            tracing::warn!(
                bytes = opened.torn,
                "the journal's last line was torn by a crash and was cut off"
            );
        }
        Ok(Simulator::over(opened.world, Some(opened.journal), opened.torn))
    }

    fn over(world: World, journal: Option<Journal>, torn: usize) -> Simulator {
        let state = Mutex::new(State { world, journal, clock: None, reach: Reach::any() });
        Simulator { shared: Arc::new(Shared { state, changed: watch::Sender::new(()), torn }) }
    }

    /// Bytes of a last journal line that a crash had torn, and that were cut off when the cluster was opened.
    #[must_use]
    pub fn torn(&self) -> usize {
        self.shared.torn
    }

    /// A client of this cluster. Must be called within a tokio runtime, whose task it spawns.
    #[must_use]
    pub fn client(&self) -> kube::Client {
        kube::Client::new(service::SimulatorService::new(self.clone()), "default")
    }

    /// The cluster's time, and how it passes: a turn goes to the next moment at which something happens.
    #[must_use]
    pub fn pace(&self) -> Arc<dyn Pace> {
        Arc::new(pace::SimulatorPace::new(self.clone()))
    }

    /// Requests through the simulated ingress. Their figures are modelled.
    #[must_use]
    pub fn requests(&self) -> Arc<dyn Requests> {
        Arc::new(requests::SimulatorRequests::new(self.clone()))
    }

    /// Has Argo CD read the Git repositories in `folder` only, or none. At first it reads every local one that the
    /// process may read.
    pub fn limit_repositories(&self, folder: Option<PathBuf>) {
        self.lock().reach = Reach(folder);
    }

    /// The present moment of the cluster.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.lock().world.now()
    }

    /// The whole cluster as JSON: equal text is an equal cluster.
    #[must_use]
    pub fn snapshot(&self) -> String {
        // A world has no part that JSON cannot hold.
        serde_json::to_string(&self.lock().world).unwrap_or_default()
    }

    /// What is in the cluster, in numbers.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let state = self.lock();
        let world = &state.world;
        let all = crate::resource::Resource::ALL.into_iter();
        let objects = all.map(|r| (r.info().plural, world.store.list(r, "").count())).filter(|(_, n)| *n > 0);
        Summary {
            now: world.now(),
            next: world.next_deadline(),
            objects: objects.collect(),
            journaled: state.journal.as_ref().map_or(0, Journal::lines),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic in the world is a defect that its own caller sees; the state is still the best there is.
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn told(&self) {
        self.shared.changed.send_replace(());
    }

    /// Answers a request that is no watch. A changing one is in the journal before it is answered.
    fn answer(&self, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
        let mut state = self.lock();
        let answered = state.answer(request);
        drop(state);
        if api::changes(request) {
            self.told();
        }
        answered.unwrap_or_else(|e| failed(&e))
    }

    /// Advances to the next moment at which something happens, at most by `limit`.
    fn turn(&self, limit: Duration) -> Result<(), JournalError> {
        let turned = self.lock().turn(limit);
        self.told();
        turned
    }

    /// Lets virtual time follow real time from now on, `speed` times as fast.
    pub(crate) fn follow_real_time(&self, speed: f64) {
        let mut state = self.lock();
        let from = state.world.now();
        state.clock = Some(Clock { started: Instant::now(), from, speed });
    }

    /// Brings virtual time up to real time, and says how long it is until something next happens.
    pub(crate) fn tick(&self) -> Result<Option<Duration>, JournalError> {
        let mut state = self.lock();
        let caught = state.catch_up(true);
        let now = state.world.now();
        let speed = state.clock.map_or(1.0, |c| c.speed);
        let wait = state.world.next_deadline().map(|at| {
            let virtual_wait = Duration::try_from(at.duration_since(now)).unwrap_or_default();
            virtual_wait.div_f64(speed)
        });
        drop(state);
        self.told();
        caught.map(|()| wait)
    }
}

impl State {
    fn record(&mut self, entry: &Entry) -> Result<(), JournalError> {
        self.journal.as_mut().map_or(Ok(()), |journal| journal.append(entry))
    }

    fn sync(&mut self) -> Result<(), JournalError> {
        self.journal.as_mut().map_or(Ok(()), |journal| journal.sync(&self.world))
    }

    fn answer(&mut self, request: &Request<Vec<u8>>) -> Result<Response<Vec<u8>>, JournalError> {
        self.catch_up(false)?;
        if !api::changes(request) {
            return Ok(self.world.handle(request));
        }
        self.record(&Entry::Request(Recorded::of(request)))?;
        let response = self.world.handle(request);
        self.sync()?;
        Ok(response)
    }

    /// Notes what was done through the ingress. It is durable with the next change: nothing that it counts for is
    /// seen before. A journal that fails says so then.
    fn note(&mut self, entry: &Entry) {
        let _ = self.record(entry);
    }

    fn advance(&mut self, to: Timestamp) -> Result<(), JournalError> {
        self.record(&Entry::Advance(to))?;
        self.world.advance_to(to);
        self.read_repositories()
    }

    /// Reads what Argo CD wants to know of Git by now.
    fn read_repositories(&mut self) -> Result<(), JournalError> {
        while let Some(wanted) = self.world.wanted() {
            let answer = self.reach.read(&wanted);
            self.record(&Entry::Repository(answer.clone()))?;
            self.world.supply(answer);
        }
        Ok(())
    }

    fn turn(&mut self, limit: Duration) -> Result<(), JournalError> {
        let start = self.world.now();
        let end = later(start, limit);
        // Work due at this very moment moves no time; a turn does.
        while self.world.now() == start {
            let next = self.world.next_deadline().map_or(end, |next| next.min(end));
            self.advance(next)?;
            if end == start {
                break;
            }
        }
        self.sync()
    }

    fn catch_up(&mut self, sync: bool) -> Result<(), JournalError> {
        let Some(clock) = self.clock else { return Ok(()) };
        let passed = clock.started.elapsed().mul_f64(clock.speed);
        let passed = SignedDuration::try_from(passed).unwrap_or(SignedDuration::MAX);
        let to = clock.from.checked_add(passed).unwrap_or(Timestamp::MAX);
        if to > self.world.now() {
            self.advance(to)?;
        }
        if sync { self.sync() } else { Ok(()) }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        if let Some(journal) = &mut self.journal {
            // Only for speed: without it the next open does the journal again.
            let _ = journal.snapshot(&self.world);
        }
    }
}

fn start() -> Timestamp {
    // The text is a constant, and a test parses it.
    Simulator::START.parse().unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The answer when the journal could not be written: nothing was promised.
fn failed(error: &JournalError) -> Response<Vec<u8>> {
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        said = format!("{said}: {inner}");
        cause = inner.source();
    }
    let refusal = Refusal::new(500, "InternalError", format!("Internal error occurred: {said}"));
    api::json_response(500, &refusal.to_status(), &[])
}
