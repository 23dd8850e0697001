//! All that a decision about a rollback depends on, read off the objects.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, Service};
use serde_json::Value;

use super::good::{self, LastGood};
use crate::types::{PodTemplate, ReplicaSet, Rollout};
use crate::{names, phase, proof, view};

/// The objects that a [`State`] is read off.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The Rollout.
    pub rollout: Rollout,
    /// Its ReplicaSets.
    pub replica_sets: Vec<ReplicaSet>,
    /// The Service that users reach, the active or the stable one; `None` when there is none.
    pub active: Option<Service>,
    /// Events about it.
    pub events: Vec<Event>,
    /// Argo CD's Application that tracks it; `None` when there is none, or it may not be read.
    pub application: Option<Value>,
}

/// What a decision depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The Rollout.
    pub name: String,
    /// `BlueGreen` or `Canary`.
    pub strategy: &'static str,
    /// Pods asked for.
    pub replicas: i32,
    /// Pods of a version while it is only previewed; `None` for all.
    pub preview_replicas: Option<i32>,
    /// Whether the controller has seen the spec.
    pub observed: bool,
    /// Whether the update is aborted.
    pub aborted: bool,
    /// Whether the controller does nothing at present: paused by a person or by an inconclusive analysis.
    pub halted: bool,
    /// The version that the spec asks for.
    pub current: Option<Version>,
    /// The version that was last fully promoted.
    pub stable: Option<Version>,
    /// The version that the Service which users reach selects, the active or the stable one; `None` when it selects all or an unknown one.
    pub active: Option<Version>,
    /// The last good version before the present one, where that one is fully promoted.
    pub before: Option<LastGood>,
    /// The Application of Argo CD that owns the template; `None` when none does, or a person keeps its hands off by
    /// `argocd.argoproj.io/skip-reconcile`.
    pub argo_cd: Option<String>,
    /// What only a canary has.
    pub canary: Option<Canary>,
    /// The time.
    pub at: Timestamp,
}

/// What a canary's way back depends on besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canary {
    /// Whether a router splits the traffic; without one each ready pod has its share.
    pub routed: bool,
    /// The share that the router was told for the canary, in per cent.
    pub weight: i32,
    /// The canary Service.
    pub service: Option<String>,
    /// How many steps it declares.
    pub steps: usize,
    /// Ready pods of versions other than the stable one.
    pub strangers: i32,
    /// Whether a person paused it (`spec.paused`).
    pub paused: bool,
}

/// One version, which is one ReplicaSet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The hash of its template.
    pub hash: String,
    /// Its revision number.
    pub revision: i64,
    /// Its name, by image tag.
    pub tag: Option<String>,
    /// Pods asked for.
    pub desired: i32,
    /// Ready pods.
    pub ready: i32,
    /// When it is scaled down.
    pub deadline: Option<Timestamp>,
    /// When it was created.
    pub created: Option<Timestamp>,
}

impl Version {
    pub(crate) fn of(replica_set: &ReplicaSet) -> Option<Self> {
        let template = replica_set.spec.template.as_ref();
        Some(Version {
            hash: replica_set.hash()?.to_owned(),
            revision: replica_set.revision(),
            tag: template.and_then(PodTemplate::version).map(str::to_owned),
            desired: replica_set.desired(),
            ready: replica_set.ready(),
            deadline: replica_set.scale_down_deadline(),
            created: replica_set.metadata.creation_timestamp.as_ref().map(|time| time.0),
        })
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "revision {}", self.revision)?;
        match &self.tag {
            Some(tag) => write!(f, " ({tag})"),
            None => Ok(()),
        }
    }
}

impl State {
    /// The state at a time.
    pub fn of(facts: &Facts, at: Timestamp) -> Self {
        let rollout = &facts.rollout;
        let uid = rollout.metadata.uid.as_deref();
        let own: Vec<&ReplicaSet> = facts.replica_sets.iter().filter(|set| set.owned_by(uid)).collect();
        let version = |hash: Option<&str>| {
            let set = own.iter().find(|set| set.hash().is_some() && set.hash() == hash)?;
            Version::of(set)
        };
        let blue_green = rollout.spec.strategy.blue_green.as_ref();
        let current = version(rollout.current_hash());
        let inconclusive =
            rollout.pause_conditions().iter().any(|condition| condition.reason == "InconclusiveAnalysisRun");
        State {
            name: rollout.name().to_owned(),
            strategy: rollout.spec.strategy.name(),
            replicas: rollout.replicas(),
            preview_replicas: blue_green.and_then(|blue_green| blue_green.preview_replica_count),
            observed: phase::generation_observed(rollout) && rollout.current_hash().is_some(),
            aborted: rollout.aborted(),
            halted: rollout.paused() || inconclusive,
            stable: version(rollout.stable_hash()),
            active: version(facts.active.as_ref().and_then(view::selected_hash).as_deref()),
            before: current.as_ref().and_then(|current| good::last_before(current, &own, &facts.events)),
            current,
            argo_cd: argo_cd(rollout).filter(|_| !skips(facts.application.as_ref())),
            canary: canary(rollout, &own),
            at,
        }
    }
}

fn canary(rollout: &Rollout, own: &[&ReplicaSet]) -> Option<Canary> {
    let canary = rollout.spec.strategy.canary.as_ref()?;
    let strangers = own.iter().filter(|set| set.hash() != rollout.stable_hash());
    Some(Canary {
        routed: canary.traffic_routing.is_some(),
        weight: proof::weight(rollout),
        service: canary.canary_service.clone(),
        steps: canary.steps.as_ref().map_or(0, Vec::len),
        strangers: strangers.map(|set| set.ready()).sum(),
        paused: rollout.paused(),
    })
}

/// Whether a person told Argo CD to leave an Application alone.
pub(super) fn skips(application: Option<&Value>) -> bool {
    let annotations = application.and_then(|application| application.pointer("/metadata/annotations"));
    let says = annotations.and_then(|annotations| annotations.get(names::ARGOCD_SKIP_RECONCILE));
    says.and_then(Value::as_str) == Some("true")
}

/// Argo CD's mark on an object: its tracking annotation, or a label that only it would use.
pub(super) fn argo_cd(rollout: &Rollout) -> Option<String> {
    let labels = rollout.metadata.labels.as_ref();
    let application = rollout.tracked_by().map(str::to_owned);
    application.or_else(|| labels.and_then(|labels| labels.get(names::ARGOCD_INSTANCE)).cloned())
}
