//! Pods that do not come up, or do not stay up.

use k8s_openapi::api::core::v1::{Container, ContainerStateTerminated, ContainerStatus, Pod};

use super::facts::{Facts, told};
use super::{Cause, Found};
use crate::types::ReplicaSet;

pub(super) const CAUSES: &[Cause] = &[
    Cause::new("image-not-pulled", "the image of a container cannot be had", image),
    Cause::new(
        "bad-configuration",
        "a container names a ConfigMap, Secret or setting that is not there",
        config,
    ),
    Cause::new("out-of-memory", "a container is killed for its memory", memory),
    Cause::new("crash-loop", "a container ends by itself again and again", crash),
    Cause::new("liveness-restarts", "the liveness probe has a container restarted", liveness),
    Cause::new("never-ready", "a container runs and is not ready", readiness),
    Cause::new("unschedulable", "no node takes a pod", scheduling),
    Cause::last("progress-deadline", "the pods were not available in time, and nothing shows why", deadline),
];

/// A pod that is meant to live, one of its containers, and what is said of that.
struct Look<'a> {
    set: &'a ReplicaSet,
    pod: &'a Pod,
    status: &'a ContainerStatus,
}

impl Look<'_> {
    fn pod(&self) -> &str {
        self.pod.metadata.name.as_deref().unwrap_or_default()
    }

    fn place(&self) -> String {
        format!("pod {}, container {}", self.pod(), self.status.name)
    }

    fn waits(&self) -> Option<(&str, &str)> {
        let waiting = self.status.state.as_ref()?.waiting.as_ref()?;
        Some((waiting.reason.as_deref()?, waiting.message.as_deref().unwrap_or_default()))
    }

    /// The end of the process, or of the one before it.
    fn ended(&self) -> Option<&ContainerStateTerminated> {
        let of = |state: &'_ Option<k8s_openapi::api::core::v1::ContainerState>| {
            state.as_ref().and_then(|state| state.terminated.as_ref()).is_some()
        };
        let state = if of(&self.status.state) { &self.status.state } else { &self.status.last_state };
        state.as_ref()?.terminated.as_ref()
    }

    /// Whether it goes down again and again: it is down, or came back not ready, or has often gone of late.
    fn unsteady(&self, facts: &Facts) -> bool {
        let down = self.waits().is_some_and(|(reason, _)| reason == "CrashLoopBackOff")
            || self.status.state.as_ref().is_some_and(|state| state.terminated.is_some());
        let ended =
            self.ended().and_then(|ended| ended.finished_at.as_ref()).and_then(|at| facts.since(at.0));
        let often = self.status.restart_count > 1 && ended.is_some_and(|ago| ago < 300);
        down || (self.status.restart_count > 0 && !self.status.ready) || often
    }

    /// Whether the liveness probe did it.
    fn killed_by_liveness<'f>(&self, facts: &'f Facts) -> Option<&'f k8s_openapi::api::core::v1::Event> {
        facts.event("Pod", self.pod(), "Killing", "failed liveness probe")
    }

    fn container(&self) -> Option<&Container> {
        self.pod.spec.as_ref()?.containers.iter().find(|container| container.name == self.status.name)
    }
}

fn looks(facts: &Facts) -> impl Iterator<Item = Look<'_>> {
    facts.live().flat_map(|(set, pod)| {
        let status = pod.status.as_ref();
        let inits = status.and_then(|status| status.init_container_statuses.as_deref()).unwrap_or(&[]);
        let containers = status.and_then(|status| status.container_statuses.as_deref()).unwrap_or(&[]);
        inits.iter().chain(containers).map(move |status| Look { set, pod, status })
    })
}

/// How many pods of the same version are in the same trouble.
fn alike<'a>(facts: &'a Facts, set: &ReplicaSet, so: impl Fn(&Look<'a>) -> bool) -> String {
    let all = facts.live().filter(|(other, _)| other.name() == set.name()).count();
    let mut pods: Vec<&str> = Vec::new();
    for look in looks(facts).filter(|look| look.set.name() == set.name()).filter(|look| so(look)) {
        let name = look.pod.metadata.name.as_deref().unwrap_or_default();
        if !pods.contains(&name) {
            pods.push(name);
        }
    }
    format!("{} of its {all} pods", pods.len())
}

const PULL: [&str; 4] = ["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"];

fn image(facts: &Facts) -> Option<Found> {
    let stuck = |look: &Look<'_>| look.waits().is_some_and(|(reason, _)| PULL.contains(&reason));
    if let Some(look) = looks(facts).find(stuck) {
        let (reason, message) = look.waits()?;
        let image = &look.status.image;
        let image = if image.is_empty() { look.container()?.image.as_deref()? } else { image };
        let (version, alike) = (facts.version(look.set), alike(facts, look.set, stuck));
        let failed = facts.event("Pod", look.pod(), "Failed", "pull");
        return Some(
            Found::new(format!("{version} cannot start: image {image} cannot be pulled ({alike})"))
                .seen(look.place(), format!("{reason}: {message}"))
                .seen_if("event of the pod", failed.map(told))
                .next(facts.verb("undo")),
        );
    }
    let set = facts.only_traces()?;
    let event = facts.event("Pod", &format!("{}-", set.name()), "Failed", "pull image")?;
    let version = facts.version(set);
    let text = format!("{version} could not start before it was given up: its image could not be pulled");
    Some(Found::new(text).seen("event of its pod", told(event)).next(facts.verb("undo")))
}

fn config(facts: &Facts) -> Option<Found> {
    const REASONS: [&str; 4] =
        ["CreateContainerConfigError", "CreateContainerError", "RunContainerError", "StartError"];
    let stuck = |look: &Look<'_>| look.waits().is_some_and(|(reason, _)| REASONS.contains(&reason));
    let look = looks(facts).find(stuck)?;
    let (reason, message) = look.waits()?;
    let (version, alike) = (facts.version(look.set), alike(facts, look.set, stuck));
    let text = format!("{version} cannot start: container {} cannot be made ({alike})", look.status.name);
    let next = facts.kubectl(&format!("describe pod {}", look.pod()));
    Some(Found::new(text).seen(look.place(), format!("{reason}: {message}")).next(next))
}

fn of_memory(look: &Look<'_>) -> bool {
    look.ended().is_some_and(|ended| ended.reason.as_deref() == Some("OOMKilled"))
}

fn memory(facts: &Facts) -> Option<Found> {
    let killed = |look: &Look<'_>| of_memory(look) && look.unsteady(facts);
    let look = looks(facts).find(killed)?;
    let limits =
        look.container().and_then(|found| found.resources.as_ref()).and_then(|found| found.limits.as_ref());
    let limit =
        limits.and_then(|limits| limits.get("memory")).map(|limit| format!("memory limit {}", limit.0));
    let (version, alike) = (facts.version(look.set), alike(facts, look.set, killed));
    let text = format!("{version} is killed for using more memory than its limit ({alike})");
    Some(ends(facts, Found::new(text), &look).seen_if("its spec", limit).next(facts.verb("undo")))
}

fn crash(facts: &Facts) -> Option<Found> {
    let crashing = |look: &Look<'_>| {
        look.unsteady(facts) && !of_memory(look) && look.killed_by_liveness(facts).is_none()
    };
    if let Some(look) = looks(facts).find(crashing) {
        let code =
            look.ended().map(|ended| format!(" with exit code {}", ended.exit_code)).unwrap_or_default();
        let (version, alike) = (facts.version(look.set), alike(facts, look.set, crashing));
        let text = format!("{version} crashes: container {} ends{code} ({alike})", look.status.name);
        return Some(ends(facts, Found::new(text), &look).next(facts.way_back()));
    }
    let set = facts.only_traces()?;
    let pods = format!("{}-", set.name());
    let event = facts.event("Pod", &pods, "BackOff", "restarting failed container")?;
    if facts.event("Pod", &pods, "Killing", "failed liveness probe").is_some() {
        return None;
    }
    let text = format!("{} crashed again and again before it was given up", facts.version(set));
    Some(Found::new(text).seen("event of its pod", told(event)).next(facts.verb("undo")))
}

/// How a process ended, how often, and what it last said.
fn ends(facts: &Facts, found: Found, look: &Look<'_>) -> Found {
    let ended = look.ended().map(|ended| {
        let reason = ended.reason.as_deref().unwrap_or("Error");
        let restarts = look.status.restart_count;
        let message = ended.message.as_deref().map(|text| format!(": {}", text.trim())).unwrap_or_default();
        format!("last end: {reason}, exit code {}, restarted {restarts} times{message}", ended.exit_code)
    });
    let log = facts.logs.iter().find(|log| log.pod == look.pod() && log.container == look.status.name);
    let log = log.filter(|log| !log.text.trim().is_empty());
    found.seen_if(look.place(), ended).seen_if("its last lines", log.map(|log| log.text.trim_end()))
}

fn liveness(facts: &Facts) -> Option<Found> {
    let killed = |look: &Look<'_>| {
        look.unsteady(facts) && !of_memory(look) && look.killed_by_liveness(facts).is_some()
    };
    if let Some(look) = looks(facts).find(killed) {
        let probe = look.container().and_then(|container| container.liveness_probe.as_ref());
        let (version, alike) = (facts.version(look.set), alike(facts, look.set, killed));
        let text = format!("{version} is restarted by its liveness probe ({alike})");
        let failed = facts.event("Pod", look.pod(), "Unhealthy", "Liveness probe failed");
        return Some(
            Found::new(text)
                .seen_if("event of the pod", look.killed_by_liveness(facts).map(told))
                .seen_if("event of the pod", failed.map(told))
                .seen_if("its probe", probe.and_then(|probe| serde_json::to_string(probe).ok()))
                .next(facts.kubectl(&format!("logs {} --previous", look.pod()))),
        );
    }
    let set = facts.only_traces()?;
    let event = facts.event("Pod", &format!("{}-", set.name()), "Killing", "failed liveness probe")?;
    let text = format!("{} was restarted by its liveness probe until it was given up", facts.version(set));
    Some(Found::new(text).seen("event of its pod", told(event)).next(facts.verb("undo")))
}

/// Seconds after which a probe that has failed from the start is sure to have counted as failed.
fn patience(container: Option<&Container>) -> u64 {
    let probe = container.and_then(|container| container.readiness_probe.as_ref());
    let [delay, period, failures] = [
        probe.and_then(|probe| probe.initial_delay_seconds).unwrap_or(0),
        probe.and_then(|probe| probe.period_seconds).unwrap_or(10),
        probe.and_then(|probe| probe.failure_threshold).unwrap_or(3),
    ];
    u64::try_from(delay.saturating_add(period.saturating_mul(failures))).unwrap_or(0).max(10)
}

fn readiness(facts: &Facts) -> Option<Found> {
    let unready = |look: &Look<'_>| {
        let running = look.status.state.as_ref().and_then(|state| state.running.as_ref());
        let since = running.and_then(|running| running.started_at.as_ref());
        let age = since.and_then(|since| facts.since(since.0));
        !look.status.ready
            && !look.unsteady(facts)
            && age.is_some_and(|age| age >= patience(look.container()))
    };
    if let Some(look) = looks(facts).find(unready) {
        let probe = look.container().and_then(|container| container.readiness_probe.as_ref());
        let failed = facts.event("Pod", look.pod(), "Unhealthy", "Readiness probe failed");
        let (version, alike) = (facts.version(look.set), alike(facts, look.set, unready));
        let text = format!("{version} runs but does not become ready ({alike})");
        let next = facts.kubectl(&format!("logs {} -c {}", look.pod(), look.status.name));
        return Some(
            Found::new(text)
                .seen_if("event of the pod", failed.map(told))
                .seen_if(look.place(), probe.and_then(|probe| serde_json::to_string(probe).ok()))
                .next(next),
        );
    }
    let set = facts.only_traces()?;
    let pods = format!("{}-", set.name());
    let event = facts.event("Pod", &pods, "Unhealthy", "Readiness probe failed")?;
    let other = [("BackOff", ""), ("Failed", ""), ("Killing", "failed liveness probe")];
    if other.iter().any(|(reason, text)| facts.event("Pod", &pods, reason, text).is_some()) {
        return None;
    }
    // A probe that fails once or twice at the start is usual; only the deadline makes it a cause.
    facts.message().contains("timed out progressing").then_some(())?;
    let text = format!("{} did not become ready before it was given up", facts.version(set));
    Some(Found::new(text).seen("event of its pod", told(event)).next(facts.verb("undo")))
}

fn scheduling(facts: &Facts) -> Option<Found> {
    facts.live().find_map(|(set, pod)| {
        let conditions = pod.status.as_ref()?.conditions.as_deref()?;
        let refused = conditions.iter().find(|condition| {
            condition.type_ == "PodScheduled"
                && condition.status == "False"
                && condition.reason.as_deref() == Some("Unschedulable")
        })?;
        let name = pod.metadata.name.as_deref().unwrap_or_default();
        let text = format!("{} cannot run: no node takes pod {name}", facts.version(set));
        let why = refused.message.clone().unwrap_or_default();
        Some(
            Found::new(text)
                .seen(format!("pod {name}, condition PodScheduled"), why)
                .next("kubectl describe nodes"),
        )
    })
}

fn deadline(facts: &Facts) -> Option<Found> {
    let message = facts.message();
    if !message.contains("timed out progressing") {
        return None;
    }
    let seconds = facts.rollout.spec.progress_deadline_seconds.unwrap_or(600);
    let set = facts.current()?;
    let pods = format!("{} of {} pods available", set.available(), set.desired());
    let text = format!("{} was not available within {seconds} s without progress", facts.version(set));
    let found = Found::new(text)
        .seen("status of the Rollout", message)
        .seen(format!("replicaset {}", set.name()), pods);
    Some(found.next(facts.verb(if facts.rollout.aborted() { "retry" } else { "abort" })))
}
