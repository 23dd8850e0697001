//! What an explanation is read off, and the questions that several causes ask of it.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::Ingress;
use serde_json::Value;

use crate::rollback::Version;
use crate::types::{AnalysisRun, ReplicaSet, Rollout};
use crate::view::Role;
use crate::{names, proof, revision, view};

/// What was read, all at about the same time. A list that could not be read is empty, and `unread` says so.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The Rollout.
    pub rollout: Rollout,
    /// Its ReplicaSets.
    pub replica_sets: Vec<ReplicaSet>,
    /// Its pods; others may be among them.
    pub pods: Vec<Pod>,
    /// All Services of its namespace.
    pub services: Vec<Service>,
    /// All EndpointSlices of its namespace.
    pub endpoint_slices: Vec<EndpointSlice>,
    /// All Ingresses of its namespace.
    pub ingresses: Vec<Ingress>,
    /// Its AnalysisRuns; others may be among them.
    pub analysis_runs: Vec<AnalysisRun>,
    /// All Events of its namespace. The API server forgets them after an hour by default.
    pub events: Vec<Event>,
    /// The last lines of containers that have crashed.
    pub logs: Vec<Log>,
    /// The Argo CD Application that it belongs to, where there is one and it may be read.
    pub application: Option<Value>,
    /// What could not be read, and why.
    pub unread: Vec<String>,
    /// How a verb on a Rollout is typed: `task-master rollout`.
    pub program: String,
    /// When it was looked.
    pub at: Timestamp,
}

/// The last lines of a container before it crashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// The pod.
    pub pod: String,
    /// The container.
    pub container: String,
    /// Its last lines.
    pub text: String,
}

impl Facts {
    /// Nothing but a Rollout.
    pub fn of(rollout: Rollout, program: &str, at: Timestamp) -> Self {
        Facts {
            rollout,
            replica_sets: Vec::new(),
            pods: Vec::new(),
            services: Vec::new(),
            endpoint_slices: Vec::new(),
            ingresses: Vec::new(),
            analysis_runs: Vec::new(),
            events: Vec::new(),
            logs: Vec::new(),
            application: None,
            unread: Vec::new(),
            program: program.to_owned(),
            at,
        }
    }

    /// The namespace; empty when the Rollout has none.
    pub fn namespace(&self) -> &str {
        self.rollout.metadata.namespace.as_deref().unwrap_or_default()
    }

    /// A verb of this tool on this Rollout, as it is typed.
    pub(super) fn verb(&self, verb: &str) -> String {
        let name = self.rollout.name();
        match verb.split_once(' ') {
            Some((verb, more)) => format!("{} {verb} {name} {more} -n {}", self.program, self.namespace()),
            None => format!("{} {verb} {name} -n {}", self.program, self.namespace()),
        }
    }

    /// The way back from the new version, as it is typed: by the verb that proves itself where the strategy has it.
    pub(super) fn way_back(&self) -> String {
        let blue_green = self.rollout.spec.strategy.blue_green.is_some();
        let under_way = !self.rollout.fully_promoted() && !self.rollout.aborted();
        self.verb(match (blue_green, under_way) {
            (true, _) => "rollback",
            (false, true) => "abort",
            (false, false) => "undo",
        })
    }

    /// A `kubectl` line in this namespace.
    pub(super) fn kubectl(&self, rest: &str) -> String {
        format!("kubectl -n {} {rest}", self.namespace())
    }

    /// Its ReplicaSets.
    pub(super) fn own(&self) -> impl Iterator<Item = &ReplicaSet> {
        let uid = self.rollout.metadata.uid.as_deref();
        self.replica_sets.iter().filter(move |set| set.owned_by(uid))
    }

    pub(super) fn set(&self, hash: Option<&str>) -> Option<&ReplicaSet> {
        let hash = hash?;
        self.own().find(|set| set.hash() == Some(hash))
    }

    /// The version that is asked for.
    pub(super) fn current(&self) -> Option<&ReplicaSet> {
        self.set(self.rollout.current_hash())
    }

    /// The version that was last fully promoted.
    pub(super) fn stable(&self) -> Option<&ReplicaSet> {
        self.set(self.rollout.stable_hash())
    }

    /// `revision 2 (v2)`.
    pub(super) fn version(&self, set: &ReplicaSet) -> String {
        Version::of(set).map_or_else(|| set.name().to_owned(), |version| version.to_string())
    }

    /// The pods of a version that are not being deleted.
    pub(super) fn pods_of<'a>(&'a self, set: &'a ReplicaSet) -> impl Iterator<Item = &'a Pod> {
        let uid = set.metadata.uid.as_deref();
        self.pods.iter().filter(move |pod| {
            revision::owned_by(&pod.metadata, uid) && pod.metadata.deletion_timestamp.is_none()
        })
    }

    /// The pods of all versions that are to have some, each with its version.
    pub(super) fn live(&self) -> impl Iterator<Item = (&ReplicaSet, &Pod)> {
        self.own()
            .filter(|set| set.desired() > 0)
            .flat_map(|set| self.pods_of(set).map(move |pod| (set, pod)))
    }

    /// Whether the update was given up and its pods are gone: only Events tell of them.
    pub(super) fn only_traces(&self) -> Option<&ReplicaSet> {
        let set = self.current().filter(|_| self.rollout.aborted() && !self.rollout.fully_promoted())?;
        self.pods_of(set).next().is_none().then_some(set)
    }

    /// The newest Event about an object whose name begins with `name`, with this reason and text in its message.
    pub(super) fn event(&self, kind: &str, name: &str, reason: &str, text: &str) -> Option<&Event> {
        let about = |event: &&Event| {
            let object = &event.involved_object;
            object.kind.as_deref() == Some(kind)
                && object.name.as_deref().is_some_and(|found| found.starts_with(name))
                && event.reason.as_deref() == Some(reason)
                && event.message.as_deref().is_some_and(|message| message.contains(text))
        };
        self.events.iter().filter(about).max_by_key(|event| seen(event))
    }

    /// A Service by name.
    pub(super) fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.metadata.name.as_deref() == Some(name))
    }

    /// The Services that the strategy names.
    pub(super) fn named_services(&self) -> Vec<(Role, String)> {
        view::service_names(&self.rollout)
    }

    /// The Service that users reach: the active one, or that of the stable version.
    pub(super) fn front(&self) -> Option<&Service> {
        let named = self.named_services();
        let (_, name) = named.iter().find(|(role, _)| matches!(role, Role::Active | Role::Stable))?;
        self.service(name)
    }

    /// The ready endpoints of a Service.
    pub(super) fn ready_endpoints(&self, service: &str) -> usize {
        self.slices(service)
            .flat_map(|slice| &slice.endpoints)
            .filter(|endpoint| proof::is_ready(endpoint))
            .count()
    }

    /// The EndpointSlices of a Service.
    pub(super) fn slices<'a>(&'a self, service: &'a str) -> impl Iterator<Item = &'a EndpointSlice> {
        self.endpoint_slices.iter().filter(move |slice| {
            let labels = slice.metadata.labels.as_ref();
            labels.and_then(|labels| labels.get(names::SERVICE_NAME)).is_some_and(|name| name == service)
        })
    }

    /// Seconds since a time; `None` when it lies ahead.
    pub(super) fn since(&self, time: Timestamp) -> Option<u64> {
        u64::try_from(self.at.duration_since(time).as_secs()).ok()
    }

    /// The controller's message, with the prefix that names its kind.
    pub(super) fn message(&self) -> String {
        crate::phase::of(&self.rollout).1
    }
}

/// When an Event was last seen.
fn seen(event: &Event) -> Option<Timestamp> {
    let last = event.last_timestamp.as_ref().or(event.first_timestamp.as_ref()).map(|time| time.0);
    last.or(event.event_time.as_ref().map(|time| time.0)).or(event
        .metadata
        .creation_timestamp
        .as_ref()
        .map(|time| time.0))
}

/// An Event as evidence: its message, and how often.
pub(super) fn told(event: &Event) -> String {
    let message = event.message.clone().unwrap_or_default();
    match event.count {
        Some(count) if count > 1 => format!("{message} ({count} times)"),
        _ => message,
    }
}
