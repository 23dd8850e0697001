//! Whether a condition holds, and the state in a line: questions about what was last seen.

use serde_json::Value;

use super::{HASH, Kind, Observer, label, number, phase_text, selector, text, weight};
use crate::script::{AnalysisKind, Condition};

impl Observer {
    /// Whether a condition holds by what was last seen.
    pub fn holds(&self, condition: &Condition) -> bool {
        match condition {
            Condition::Phase { phase, message } => self
                .phase
                .as_ref()
                .is_some_and(|seen| &seen.0 == phase && self.names.normalise(&seen.1).contains(message)),
            Condition::Selects { service, revision } => {
                let selected = self.object(Kind::Service, service).and_then(selector);
                selected.is_some() && selected == self.names.hash(revision)
            }
            Condition::Scaled { revision, pods } => self.replica_set(revision).is_some_and(|set| {
                number(set, "/spec/replicas") == *pods && number(set, "/status/readyReplicas") == *pods
            }),
            Condition::ScaledDown { revision } => self.replica_set(revision).is_some_and(|set| {
                number(set, "/spec/replicas") == 0 && number(set, "/status/replicas") == 0
            }),
            Condition::Unready { revision } => self.replica_set(revision).is_some_and(|set| {
                number(set, "/spec/replicas") > 0 && number(set, "/status/readyReplicas") == 0
            }),
            Condition::CrashLooping { revision, restarts } => self.crash_looping(revision, *restarts),
            Condition::Weight(percent) => {
                let wanted = percent.to_string();
                self.of_kind(Kind::Ingress).filter_map(weight).any(|weight| weight == wanted)
            }
            Condition::Step(index) => self
                .object(Kind::Rollout, &self.rollout)
                .is_some_and(|rollout| number(rollout, "/status/currentStepIndex") == *index),
            Condition::Synced { commit } => self.is_synced(commit),
            Condition::OutOfSync => self.was_out_of_sync(),
            Condition::Health(health) => self.application_is("/status/health/status", health),
            Condition::Analysis { kind, phase } => {
                self.newest_run(*kind).and_then(|run| text(run, "/status/phase")) == Some(phase)
            }
        }
    }

    /// The state in a line, for an error.
    pub fn summary(&self) -> String {
        let phase = self.phase.as_ref().map_or("no phase yet".to_owned(), |(phase, message)| {
            phase_text(phase, &self.names.normalise(message))
        });
        let mut parts = vec![phase];
        for ((kind, name), object) in &self.objects {
            match kind {
                Kind::Service => {
                    let selected = selector(object).map_or("none".to_owned(), |hash| self.names.of(hash));
                    parts.push(format!("{name} selects {selected}"));
                }
                Kind::ReplicaSet => {
                    let revision = self.names.normalise(name);
                    let (wanted, ready) =
                        (number(object, "/spec/replicas"), number(object, "/status/readyReplicas"));
                    parts.push(format!("{revision} has {ready} of {wanted} pods ready"));
                }
                Kind::AnalysisRun => {
                    let phase = text(object, "/status/phase").unwrap_or("no phase");
                    parts.push(format!("analysis {} is {phase}", self.names.normalise(name)));
                }
                Kind::Ingress => {
                    if let Some(weight) = weight(object) {
                        parts.push(format!("{name} has weight {weight}"));
                    }
                }
                Kind::Application => parts.push(self.application_summary(object)),
                Kind::Rollout | Kind::Pod | Kind::Event => {}
            }
        }
        parts.join("; ")
    }

    fn replica_set(&self, revision: &str) -> Option<&Value> {
        let hash = self.names.hash(revision)?;
        self.of_kind(Kind::ReplicaSet).find(|set| label(set, HASH) == Some(hash))
    }

    /// The name of a ready pod of a revision, the first by name.
    pub fn ready_pod(&self, revision: &str) -> Option<&str> {
        let hash = self.names.hash(revision)?;
        let ready = |pod: &&Value| {
            label(pod, HASH) == Some(hash) && pod["status"]["containerStatuses"][0]["ready"] == true
        };
        self.of_kind(Kind::Pod).find(ready).and_then(|pod| text(pod, "/metadata/name"))
    }

    fn crash_looping(&self, revision: &str, restarts: i64) -> bool {
        let Some(hash) = self.names.hash(revision) else { return false };
        let mut pods = self.of_kind(Kind::Pod).filter(|pod| label(pod, HASH) == Some(hash)).peekable();
        pods.peek().is_some()
            && pods.all(|pod| {
                let container = &pod["status"]["containerStatuses"][0];
                text(container, "/state/waiting/reason") == Some("CrashLoopBackOff")
                    && number(container, "/restartCount") >= restarts
            })
    }

    fn newest_run(&self, kind: AnalysisKind) -> Option<&Value> {
        self.of_kind(Kind::AnalysisRun)
            .filter(|run| label(run, "rollout-type") == Some(kind.label()))
            .max_by_key(|run| text(run, "/metadata/creationTimestamp").map(str::to_owned))
    }
}
