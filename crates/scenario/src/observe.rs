//! What happens in the namespace, folded into facts that do not differ from run to run.
//!
//! Pure: it is shown changes and keeps no connection. The real controller's pods start when they start, so
//! everything that depends on who was first is left out here, in product code, instead of being edited out
//! of recordings: ready counts, times, the number of an event's repetitions, and the order between objects
//! of different kinds.

mod application;
mod holds;

use std::collections::{BTreeMap, HashMap};

use rollouts_client::{phase, types::Rollout};
use serde_json::Value;

use crate::names::Names;
use crate::transcript::{Fact, FactKind, Section};

/// The label by which pods, ReplicaSets and Services are told apart by version.
const HASH: &str = "rollouts-pod-template-hash";

/// The controller's event recorder drops what goes beyond so many events about one object within some minutes
/// (client-go's `EventCorrelator`: a burst of 25, then one in 300 s). Whether one more arrives is chance.
const EVENTS: i64 = 25;

/// The kinds of objects that are watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `replicasets.apps`
    ReplicaSet,
    /// `rollouts.argoproj.io`
    Rollout,
    /// `services`
    Service,
    /// `ingresses.networking.k8s.io`; only a canary's weight is a fact
    Ingress,
    /// `analysisruns.argoproj.io`
    AnalysisRun,
    /// `pods`; looked at by conditions, and never a fact: when a pod does what is chance
    Pod,
    /// `events`, of the core group
    Event,
    /// `applications.argoproj.io`; only the scenario's own is watched
    Application,
}

/// The fold. One observer sees one run from its start.
#[derive(Debug)]
pub struct Observer {
    rollout: String,
    names: Names,
    objects: BTreeMap<(Kind, String), Value>,
    phase: Option<(String, String)>,
    step: Step,
    /// How often each event had happened when it was last seen, by name.
    events: HashMap<String, i64>,
    /// How many events have happened in all.
    happened: i64,
}

/// What was seen in the current step. Hashes are kept as they are until the step ends: a Service may be
/// seen to select a ReplicaSet that is seen only later.
#[derive(Debug, Default)]
struct Step {
    phases: Vec<(String, String)>,
    selectors: Vec<(String, Option<String>, Option<String>)>,
    /// By Ingress, from the first to the last.
    weights: Vec<(String, Vec<String>)>,
    /// The indices of the canary's steps.
    indices: Vec<i64>,
    replicas: Vec<(String, Vec<i64>)>,
    analysis: Vec<(String, Vec<String>)>,
    /// What Argo CD says, each thing once a step.
    application: Vec<Fact>,
    events: Vec<String>,
    said: Vec<Fact>,
}

impl Observer {
    /// An observer of the Rollout of this name.
    pub fn new(rollout: &str) -> Self {
        Self {
            rollout: rollout.to_owned(),
            names: Names::new(rollout),
            objects: BTreeMap::new(),
            phase: None,
            step: Step::default(),
            events: HashMap::new(),
            happened: 0,
        }
    }

    /// Sees an object as it is now, or that it was deleted. Returns whether that adds a fact to the step.
    pub fn see(&mut self, kind: Kind, object: Value, deleted: bool) -> bool {
        let name = text(&object, "/metadata/name").unwrap_or_default().to_owned();
        let news = match kind {
            _ if deleted => false,
            Kind::Pod => false,
            Kind::Rollout => {
                // Both are looked at.
                name == self.rollout && (self.index_changed(&object) | self.rollout_changed(&object))
            }
            Kind::ReplicaSet => self.replica_set_changed(&object),
            Kind::Service => self.service_changed(&name, &object),
            Kind::Ingress => self.weight_changed(&name, &object),
            Kind::AnalysisRun => self.analysis_changed(&name, &object),
            Kind::Event => self.event_happened(&name, &object),
            Kind::Application => self.application_changed(&name, &object),
        };
        if deleted {
            self.objects.remove(&(kind, name));
        } else if kind != Kind::Event {
            self.objects.insert((kind, name), object);
        }
        news
    }

    /// Adds a fact that is not about a watched object.
    pub fn say(&mut self, kind: FactKind, text: String) {
        self.step.said.push(Fact { kind, text });
    }

    /// Ends the step and returns what was seen in it.
    pub fn finish(&mut self, title: &str) -> Section {
        let step = std::mem::take(&mut self.step);
        let mut facts = Vec::new();
        let mut add = |kind, text: String| facts.push(Fact { kind, text });
        for (phase, message) in step.phases {
            add(FactKind::Phase, self.names.normalise(&phase_text(&phase, &message)));
        }
        for (service, from, to) in step.selectors {
            let name = |hash: Option<String>| hash.map_or("none".to_owned(), |hash| self.names.of(&hash));
            add(FactKind::Selector, format!("{service}: {} -> {}", name(from), name(to)));
        }
        for (ingress, path) in step.weights {
            add(FactKind::Weight, format!("{ingress}: {}", path.join(" -> ")));
        }
        if !step.indices.is_empty() {
            let path: Vec<String> = step.indices.iter().map(ToString::to_string).collect();
            add(FactKind::Index, path.join(" -> "));
        }
        let mut replicas: Vec<(String, Vec<i64>)> =
            step.replicas.into_iter().map(|(hash, path)| (self.names.of(&hash), path)).collect();
        replicas.sort();
        for (revision, path) in replicas {
            let path: Vec<String> = path.iter().map(ToString::to_string).collect();
            add(FactKind::Replicas, format!("{revision}: {}", path.join(" -> ")));
        }
        for (run, phases) in step.analysis {
            add(FactKind::Analysis, format!("{}: {}", self.names.normalise(&run), phases.join(" -> ")));
        }
        let mut application = step.application;
        application.sort_by_cached_key(|fact| (fact.kind == FactKind::Health).then(|| fact.text.clone()));
        for fact in application {
            add(fact.kind, self.names.normalise(&fact.text));
        }
        for event in step.events {
            add(FactKind::Event, event);
        }
        let said = step.said.into_iter();
        facts.extend(said.map(|fact| Fact { text: self.names.normalise(&fact.text), ..fact }));
        facts.sort_by_key(|fact| fact.kind);
        Section { title: title.to_owned(), facts }
    }

    /// The Rollout's resourceVersion as a number, 0 while there is none.
    pub fn rollout_version(&self) -> u64 {
        self.object(Kind::Rollout, &self.rollout).map_or(0, version)
    }

    fn object(&self, kind: Kind, name: &str) -> Option<&Value> {
        self.objects.get(&(kind, name.to_owned()))
    }

    fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Value> {
        self.objects.iter().filter(move |((of, _), _)| *of == kind).map(|(_, object)| object)
    }

    fn rollout_changed(&mut self, object: &Value) -> bool {
        let Ok(rollout) = serde_json::from_value::<Rollout>(object.clone()) else { return false };
        let (phase, message) = phase::of(&rollout);
        let now = (phase.as_str().to_owned(), message);
        if self.phase.as_ref() == Some(&now) {
            return false;
        }
        self.phase = Some(now.clone());
        let news = !self.step.phases.contains(&now);
        if news {
            self.step.phases.push(now);
        }
        news
    }

    fn replica_set_changed(&mut self, object: &Value) -> bool {
        let Some(hash) = label(object, HASH).map(str::to_owned) else { return false };
        self.names.note(&hash);
        let name = text(object, "/metadata/name").unwrap_or_default();
        let before = self.object(Kind::ReplicaSet, name).map_or(0, |set| number(set, "/spec/replicas"));
        let now = number(object, "/spec/replicas");
        if before == now {
            return false;
        }
        match self.step.replicas.iter_mut().find(|(of, _)| *of == hash) {
            Some((_, path)) => path.push(now),
            None => self.step.replicas.push((hash, vec![before, now])),
        }
        true
    }

    fn service_changed(&mut self, name: &str, object: &Value) -> bool {
        let before = self.object(Kind::Service, name).and_then(selector).map(str::to_owned);
        let now = selector(object).map(str::to_owned);
        let moved = (name.to_owned(), before, now);
        // The controller may turn a Service to and fro many times a second: each move is told once.
        let news = moved.1 != moved.2 && !self.step.selectors.contains(&moved);
        if news {
            self.step.selectors.push(moved);
        }
        news
    }

    fn weight_changed(&mut self, name: &str, object: &Value) -> bool {
        let before = self.object(Kind::Ingress, name).and_then(weight).map(str::to_owned);
        let Some(now) = weight(object).map(str::to_owned) else { return false };
        if before.as_ref() == Some(&now) {
            return false;
        }
        match self.step.weights.iter_mut().find(|(of, _)| of == name) {
            Some((_, path)) => path.push(now),
            None => {
                let path = vec![before.unwrap_or_else(|| "none".to_owned()), now];
                self.step.weights.push((name.to_owned(), path));
            }
        }
        true
    }

    fn index_changed(&mut self, object: &Value) -> bool {
        let index = |object: &Value| object.pointer("/status/currentStepIndex").and_then(Value::as_i64);
        let before = self.object(Kind::Rollout, &self.rollout).and_then(index);
        let (Some(now), false) = (index(object), index(object) == before) else { return false };
        if self.step.indices.is_empty() {
            self.step.indices.extend(before);
        }
        self.step.indices.push(now);
        true
    }

    fn analysis_changed(&mut self, name: &str, object: &Value) -> bool {
        // A run is created without a phase and may be seen pending or not: chance.
        let phase = match text(object, "/status/phase") {
            None | Some("" | "Pending") => return false,
            Some(phase) => phase.to_owned(),
        };
        let before = self.object(Kind::AnalysisRun, name).and_then(|run| text(run, "/status/phase"));
        if before == Some(&phase) {
            return false;
        }
        match self.step.analysis.iter_mut().find(|(of, _)| of == name) {
            Some((_, phases)) => phases.push(phase),
            None => self.step.analysis.push((name.to_owned(), vec![phase])),
        }
        true
    }

    fn event_happened(&mut self, name: &str, object: &Value) -> bool {
        let about = (text(object, "/involvedObject/kind"), text(object, "/involvedObject/name"));
        if about != (Some("Rollout"), Some(&self.rollout)) {
            return false;
        }
        let count = number(object, "/count").max(1);
        let before = self.events.insert(name.to_owned(), count).unwrap_or(0);
        if before >= count || self.happened >= EVENTS {
            return false;
        }
        self.happened += count - before;
        let reason = text(object, "/reason").unwrap_or_default();
        let news = self.step.events.last().is_none_or(|last| last != reason);
        if news {
            self.step.events.push(reason.to_owned());
        }
        news
    }
}

/// An object's resourceVersion as a number; 0 where it is none.
pub(crate) fn version(object: &Value) -> u64 {
    text(object, "/metadata/resourceVersion").and_then(|version| version.parse().ok()).unwrap_or(0)
}

fn phase_text(phase: &str, message: &str) -> String {
    if message.is_empty() { phase.to_owned() } else { format!("{phase}: {message}") }
}

fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer)?.as_str()
}

fn number(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or(0)
}

fn label<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.get("metadata")?.get("labels")?.get(name)?.as_str()
}

/// The share that an Ingress has as a canary of another.
fn weight(ingress: &Value) -> Option<&str> {
    ingress.get("metadata")?.get("annotations")?.get("nginx.ingress.kubernetes.io/canary-weight")?.as_str()
}

fn selector(service: &Value) -> Option<&str> {
    service.get("spec")?.get("selector")?.get(HASH)?.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::script::{AnalysisKind, Condition};

    fn replica_set(hash: &str, replicas: i64) -> Value {
        json!({
            "metadata": { "name": format!("demo-{hash}"), "labels": { HASH: hash } },
            "spec": { "replicas": replicas },
        })
    }

    fn service(hash: Option<&str>) -> Value {
        json!({ "metadata": { "name": "demo-active" }, "spec": { "selector": { "app": "demo", HASH: hash } } })
    }

    fn rollout(phase: &str, message: &str) -> Value {
        json!({
            "metadata": { "name": "demo", "generation": 1 },
            "spec": {},
            "status": { "phase": phase, "message": message, "observedGeneration": "1" },
        })
    }

    fn event(name: &str, reason: &str, count: i64) -> Value {
        let about = json!({ "kind": "Rollout", "name": "demo" });
        json!({ "metadata": { "name": name }, "reason": reason, "count": count, "involvedObject": about })
    }

    fn lines(observer: &mut Observer) -> Vec<String> {
        observer.finish("a step").facts.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_step_lists_first_appearances_in_order_and_names_revisions() {
        let mut observer = Observer::new("demo");
        // The Service is seen to select the ReplicaSet before the ReplicaSet itself is seen.
        observer.see(Kind::Service, service(None), false);
        observer.see(Kind::Service, service(Some("5f8d")), false);
        observer.see(Kind::ReplicaSet, replica_set("5f8d", 0), false);
        observer.see(Kind::ReplicaSet, replica_set("5f8d", 3), false);
        for (phase, message) in [
            ("Progressing", "more replicas need to be updated"),
            ("Healthy", ""),
            ("Progressing", "more replicas need to be updated"),
            ("Degraded", r#"ReplicaSet "demo-5f8d" has timed out progressing."#),
        ] {
            observer.see(Kind::Rollout, rollout(phase, message), false);
        }
        assert_eq!(
            lines(&mut observer),
            [
                "phase     Progressing: more replicas need to be updated",
                "phase     Healthy",
                r#"phase     Degraded: ReplicaSet "r1" has timed out progressing."#,
                "selector  demo-active: none -> r1",
                "replicas  r1: 0 -> 3",
            ]
        );
        assert_eq!(lines(&mut observer), [""; 0], "nothing happened since");
    }

    #[test]
    fn events_count_when_they_happen_again_and_not_when_they_are_shown_again() {
        let mut observer = Observer::new("demo");
        for (name, reason, count) in [("a", "One", 1), ("b", "Two", 1), ("b", "Two", 1), ("a", "One", 2)] {
            observer.see(Kind::Event, event(name, reason, count), false);
        }
        let other =
            json!({ "metadata": { "name": "c" }, "reason": "Three", "involvedObject": { "kind": "Pod" } });
        assert!(!observer.see(Kind::Event, other, false));
        assert_eq!(lines(&mut observer), ["event     One", "event     Two", "event     One"]);
    }

    #[test]
    fn events_beyond_the_recorders_burst_are_left_out() {
        let mut observer = Observer::new("demo");
        observer.see(Kind::Event, event("a", "One", 24), false);
        observer.see(Kind::Event, event("b", "Two", 1), false);
        assert!(!observer.see(Kind::Event, event("c", "Three", 1), false));
        assert_eq!(lines(&mut observer), ["event     One", "event     Two"]);
    }

    #[test]
    fn an_analysis_run_lists_its_phases_without_the_first_moments() {
        let mut observer = Observer::new("demo");
        observer.see(Kind::ReplicaSet, replica_set("5f8d", 1), false);
        let run = |phase: Option<&str>| {
            let labels = json!({ "rollout-type": "PrePromotion" });
            json!({ "metadata": { "name": "demo-5f8d-2-pre", "labels": labels }, "status": { "phase": phase } })
        };
        for phase in [None, Some("Pending"), Some("Running"), Some("Running"), Some("Failed")] {
            observer.see(Kind::AnalysisRun, run(phase), false);
        }
        assert_eq!(lines(&mut observer)[1..], ["analysis  r1-2-pre: Running -> Failed"]);
        let failed = Condition::Analysis { kind: AnalysisKind::PrePromotion, phase: "Failed".into() };
        assert!(observer.holds(&failed));
    }

    #[test]
    fn conditions_hold_by_what_was_last_seen() {
        let mut observer = Observer::new("demo");
        let r1 = || "r1".to_owned();
        let selects = Condition::Selects { service: "demo-active".into(), revision: r1() };
        let scaled_down = Condition::ScaledDown { revision: r1() };
        let healthy = Condition::Phase { phase: "Healthy".into(), message: String::new() };
        observer.see(Kind::Service, service(None), false);
        observer.see(Kind::Rollout, rollout("Progressing", ""), false);
        assert!(![&selects, &scaled_down, &healthy].iter().any(|condition| observer.holds(condition)));
        observer.see(Kind::ReplicaSet, replica_set("5f8d", 3), false);
        observer.see(Kind::Service, service(Some("5f8d")), false);
        observer.see(Kind::Rollout, rollout("Healthy", ""), false);
        assert!(observer.holds(&selects) && observer.holds(&healthy) && !observer.holds(&scaled_down));
        assert!(observer.holds(&Condition::Unready { revision: r1() }));
        let scaled = Condition::Scaled { revision: r1(), pods: 3 };
        assert!(!observer.holds(&scaled), "three are wanted and none is ready");
        let mut ready = replica_set("5f8d", 3);
        ready["status"] = json!({ "readyReplicas": 3 });
        observer.see(Kind::ReplicaSet, ready, false);
        assert!(observer.holds(&scaled));
        observer.see(Kind::ReplicaSet, replica_set("5f8d", 0), false);
        assert!(observer.holds(&scaled_down));
        let pod = |name: &str, restarts: i64, reason: &str| {
            let status = json!({ "restartCount": restarts, "state": { "waiting": { "reason": reason } } });
            json!({
                "metadata": { "name": name, "labels": { HASH: "5f8d" } },
                "status": { "containerStatuses": [status] },
            })
        };
        let looping = Condition::CrashLooping { revision: r1(), restarts: 3 };
        assert!(!observer.holds(&looping), "no pods at all");
        observer.see(Kind::Pod, pod("a", 3, "CrashLoopBackOff"), false);
        assert!(observer.holds(&looping));
        observer.see(Kind::Pod, pod("b", 2, "CrashLoopBackOff"), false);
        assert!(!observer.holds(&looping), "one was restarted less often");
        observer.see(Kind::Pod, pod("b", 3, "ContainerCreating"), false);
        assert!(!observer.holds(&looping), "one is starting");
        assert_eq!(observer.summary(), "Healthy; r1 has 0 of 0 pods ready; demo-active selects r1");
    }
}
