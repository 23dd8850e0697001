//! A pod's life on its node as a pure function of time: start, probes, crashes, back-off, the graceful stop.
//!
//! The node remembers a [`PodRun`] for each pod; [`PodRun::advance`] carries it to a moment and says what was
//! worth an event; [`PodRun::next`] says when to look again. The times of the machinery are constants here,
//! in the order of those seen on a small real node: they are a model, not a measurement.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::prober::Prober;
use super::spec::{ContainerSpec, PodSpec, Probe};
use crate::queue::later;

/// From the node's hearing of a pod to its first container running (sandbox, network, a cached image).
const START: Duration = Duration::from_millis(900);
/// The spread of [`START`] over pods, so that not all of them come up in the same instant.
const START_SPREAD_MILLIS: u64 = 400;
/// From a container's exit to its restart when no back-off holds it.
const RESTART: Duration = Duration::from_millis(1000);
/// The first back-off of a crashing container or a failing pull; it doubles up to [`BACK_OFF_LIMIT`].
const BACK_OFF: Duration = Duration::from_secs(10);
const BACK_OFF_LIMIT: Duration = Duration::from_secs(300);
/// The exit code of a process that SIGKILL ended: 128 + 9.
const KILLED: i32 = 137;
/// After this long without a crash a container's back-off is forgotten.
const BACK_OFF_FORGOTTEN: Duration = Duration::from_secs(600);

/// What the node remembers of one pod.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PodRun {
    /// The pod's uid: a pod of the same name with another uid is another pod.
    pub(crate) uid: String,
    /// The pod's address.
    pub(crate) ip: String,
    /// When the node heard of it; probes tick on multiples of their period from here.
    pub(crate) seen: Timestamp,
    pub(crate) containers: Vec<ContainerRun>,
    pub(crate) stopping: Option<Stopping>,
}

/// The stop of a pod, under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stopping {
    /// SIGTERM: after preStop.
    pub(crate) term: Timestamp,
    /// When the last process is gone, by itself or by SIGKILL at the end of the grace.
    pub(crate) gone: Timestamp,
}

/// What the node remembers of one container.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ContainerRun {
    pub(crate) state: State,
    pub(crate) restarts: u32,
    /// How the previous process ended.
    pub(crate) last: Option<Exit>,
    /// The back-off that the next crash meets, and when it was set.
    back_off: Option<(Duration, Timestamp)>,
    readiness: Prober,
    liveness: Prober,
}

/// Where a container is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum State {
    /// `ContainerCreating` until then.
    Creating { until: Timestamp },
    /// The image could not be pulled; the next try is at `retry`.
    PullFailed { failures: u32, retry: Timestamp },
    /// The process runs.
    Running { since: Timestamp },
    /// The process has ended and starts again; `back_off` says `CrashLoopBackOff` instead of `terminated`.
    Exited { until: Timestamp, back_off: bool },
    /// The process has ended with its pod.
    Stopped,
}

/// The end of a process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Exit {
    pub(crate) started: Timestamp,
    pub(crate) finished: Timestamp,
    pub(crate) code: i32,
}

/// What the node tells about in an Event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Notice {
    pub(crate) warning: bool,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
}

impl Notice {
    fn normal(reason: &'static str, message: String) -> Notice {
        Notice { warning: false, reason, message }
    }

    fn warning(reason: &'static str, message: String) -> Notice {
        Notice { warning: true, reason, message }
    }
}

impl PodRun {
    /// A pod that the node has just heard of. `jitter` is any number that differs between pods.
    pub(crate) fn new(uid: &str, ip: String, spec: &PodSpec, now: Timestamp, jitter: u64) -> PodRun {
        let until = later(now, START + Duration::from_millis(jitter % START_SPREAD_MILLIS));
        let container = |_: &ContainerSpec| ContainerRun {
            state: State::Creating { until },
            restarts: 0,
            last: None,
            back_off: None,
            readiness: Prober::default(),
            liveness: Prober::default(),
        };
        PodRun {
            uid: uid.to_owned(),
            ip,
            seen: now,
            containers: spec.containers.iter().map(container).collect(),
            stopping: None,
        }
    }

    /// Begins the stop: preStop, SIGTERM, and SIGKILL at the end of `grace`. Once begun it only gets shorter.
    pub(crate) fn stop(&mut self, spec: &PodSpec, grace: Duration, now: Timestamp) -> Vec<Notice> {
        let killed = later(now, grace);
        if let Some(stopping) = &mut self.stopping {
            stopping.gone = stopping.gone.min(killed);
            return Vec::new();
        }
        let running = self.containers.iter().zip(&spec.containers).filter(|(run, _)| run.running().is_some());
        let mut notices = Vec::new();
        let mut pre_stop = Duration::ZERO;
        let mut drain = Duration::ZERO;
        for (_, container) in running {
            pre_stop = pre_stop.max(container.pre_stop);
            drain = drain.max(container.workload.drain);
            notices.push(Notice::normal("Killing", format!("Stopping container {}", container.name)));
        }
        let term = later(now, pre_stop).min(killed);
        self.stopping = Some(Stopping { term, gone: later(term, drain).min(killed) });
        notices
    }

    /// Kills the process of the first container at `now`, and says whether there was one.
    pub(crate) fn kill(&mut self, spec: &PodSpec, now: Timestamp) -> bool {
        let stopping = self.stopping.is_some();
        let Some((run, container)) = self.containers.iter_mut().zip(&spec.containers).next() else {
            return false;
        };
        let Some(since) = run.running() else { return false };
        // What the node tells of it, it tells when it looks next.
        run.exit(since, now, KILLED, stopping, container, &mut Vec::new());
        true
    }

    /// Whether every process has ended and the pod may be forgotten.
    pub(crate) fn gone(&self, now: Timestamp) -> bool {
        self.stopping.as_ref().is_some_and(|stopping| now >= stopping.gone)
    }

    /// When something next happens by itself.
    pub(crate) fn next(&self, spec: &PodSpec) -> Option<Timestamp> {
        let own = self
            .containers
            .iter()
            .zip(&spec.containers)
            .filter_map(|(run, container)| run.next(container, self.seen, self.stopping.is_some()));
        own.chain(self.stopping.as_ref().map(|stopping| stopping.gone)).min()
    }

    /// Carries the pod to `now`, through everything that happens by itself until then.
    pub(crate) fn advance(&mut self, spec: &PodSpec, now: Timestamp) -> Vec<Notice> {
        let mut notices = Vec::new();
        let stopping = self.stopping.is_some();
        for (run, container) in self.containers.iter_mut().zip(&spec.containers) {
            while let Some(at) = run.next(container, self.seen, stopping).filter(|at| *at <= now) {
                run.step(container, self.seen, at, stopping, &mut notices);
            }
        }
        if self.gone(now) {
            self.containers.iter_mut().for_each(|run| run.end(now));
        }
        notices
    }
}

impl ContainerRun {
    /// Since when the process runs.
    pub(crate) fn running(&self) -> Option<Timestamp> {
        match self.state {
            State::Running { since } => Some(since),
            _ => None,
        }
    }

    pub(crate) fn ready(&self) -> bool {
        self.running().is_some() && self.readiness.good()
    }

    fn next(&self, spec: &ContainerSpec, seen: Timestamp, stopping: bool) -> Option<Timestamp> {
        match self.state {
            State::Creating { until } => Some(until),
            State::PullFailed { retry, .. } => Some(retry),
            State::Exited { until, .. } => Some(until).filter(|_| !stopping),
            State::Stopped => None,
            State::Running { since } => {
                let crash = spec.workload.crash.map(|(after, _)| later(since, after));
                let next = |prober: &Prober, probe: &Option<Probe>| {
                    probe.as_ref().and_then(|probe| prober.next(probe, &spec.workload, seen, since))
                };
                let readiness = next(&self.readiness, &spec.readiness);
                let liveness = next(&self.liveness, &spec.liveness).filter(|_| !stopping);
                [crash, readiness, liveness].into_iter().flatten().min()
            }
        }
        .filter(|_| !stopping || matches!(self.state, State::Running { .. }))
    }

    fn step(
        &mut self,
        spec: &ContainerSpec,
        seen: Timestamp,
        at: Timestamp,
        stopping: bool,
        notices: &mut Vec<Notice>,
    ) {
        match self.state {
            State::Creating { .. } => self.start(spec, 0, at, notices),
            State::PullFailed { failures, .. } => self.start(spec, failures, at, notices),
            State::Exited { .. } => {
                self.restarts += 1;
                self.start(spec, 0, at, notices);
            }
            State::Stopped => {}
            State::Running { since } => self.live(spec, seen, since, at, stopping, notices),
        }
    }

    fn start(&mut self, spec: &ContainerSpec, failures: u32, at: Timestamp, notices: &mut Vec<Notice>) {
        if !spec.workload.pullable {
            let message = format!("Failed to pull image \"{}\": not found", spec.image);
            notices.push(Notice::warning("Failed", message));
            notices.push(Notice::warning("Failed", "Error: ErrImagePull".to_owned()));
            let wait = BACK_OFF.saturating_mul(1 << failures.min(5)).min(BACK_OFF_LIMIT);
            self.state = State::PullFailed { failures: failures + 1, retry: later(at, wait) };
            return;
        }
        let present = format!("Container image \"{}\" already present on machine", spec.image);
        notices.push(Notice::normal("Pulled", present));
        notices.push(Notice::normal("Created", format!("Created container: {}", spec.name)));
        notices.push(Notice::normal("Started", format!("Started container {}", spec.name)));
        self.state = State::Running { since: at };
        self.readiness = Prober::new(spec.readiness.is_none());
        self.liveness = Prober::new(true);
    }

    fn live(
        &mut self,
        spec: &ContainerSpec,
        seen: Timestamp,
        since: Timestamp,
        at: Timestamp,
        stopping: bool,
        notices: &mut Vec<Notice>,
    ) {
        let age = Duration::try_from(at.duration_since(since)).unwrap_or_default();
        if let Some((after, code)) = spec.workload.crash
            && age >= after
        {
            self.exit(since, at, code, stopping, spec, notices);
            return;
        }
        let due = |prober: &Prober, probe: &Probe| {
            prober.next(probe, &spec.workload, seen, since).is_some_and(|next| next <= at)
        };
        if let Some(probe) = &spec.readiness
            && due(&self.readiness, probe)
            && let Some(said) = self.readiness.observe(probe, &spec.workload, age, at)
        {
            notices.push(Notice::warning("Unhealthy", format!("Readiness probe failed: {said}")));
        }
        if let Some(probe) = &spec.liveness
            && !stopping
            && due(&self.liveness, probe)
            && let Some(said) = self.liveness.observe(probe, &spec.workload, age, at)
        {
            notices.push(Notice::warning("Unhealthy", format!("Liveness probe failed: {said}")));
            if !self.liveness.good() {
                let message = format!("Container {} failed liveness probe, will be restarted", spec.name);
                notices.push(Notice::normal("Killing", message));
                self.exit(since, at, 0, stopping, spec, notices);
            }
        }
    }

    fn exit(
        &mut self,
        since: Timestamp,
        at: Timestamp,
        code: i32,
        stopping: bool,
        spec: &ContainerSpec,
        notices: &mut Vec<Notice>,
    ) {
        self.last = Some(Exit { started: since, finished: at, code });
        self.readiness = Prober::default();
        if stopping {
            self.state = State::Stopped;
            return;
        }
        let restart = later(at, RESTART);
        let remembered = self.back_off.filter(|(_, set)| later(*set, BACK_OFF_FORGOTTEN) > at);
        let until = match remembered {
            None => restart,
            Some((wait, _)) => later(at, wait).max(restart),
        };
        let back_off = remembered.is_some();
        if back_off {
            let message = format!("Back-off restarting failed container {}", spec.name);
            notices.push(Notice::warning("BackOff", message));
        }
        let next = remembered.map_or(BACK_OFF, |(wait, _)| wait.saturating_mul(2).min(BACK_OFF_LIMIT));
        self.back_off = Some((next, until));
        self.state = State::Exited { until, back_off };
    }

    fn end(&mut self, at: Timestamp) {
        if let State::Running { since } = self.state {
            self.last = Some(Exit { started: since, finished: at, code: 0 });
        }
        self.state = State::Stopped;
        self.readiness = Prober::default();
    }
}

#[cfg(test)]
#[path = "lifecycle_tests.rs"]
mod tests;
