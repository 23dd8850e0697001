//! Which change makes which controller look, and after how long.

use std::time::Duration;

use crate::json::Value;
use jiff::{SignedDuration, Timestamp};
use rollouts_client::names;

use super::time::parse;
use crate::object::{self, items, text};
use crate::queue::{Queue, Work};
use crate::resource::Resource;
use crate::store::{Change, ChangeKind, Object, Store};

// How long a controller takes from a change to its look at it: watch, queue and the calls before. Orders of
// magnitude of a small idle cluster; what matters is that they are not zero and not equal.
const SCHEDULER: Duration = Duration::from_millis(15);
const NODE: Duration = Duration::from_millis(40);
const REPLICA_SETS: Duration = Duration::from_millis(10);
/// The endpoints controller and the ingress that reads its slices, together: later than the node, so that a pod
/// which does not serve on while it stops loses requests here as it does on a cluster.
const ENDPOINTS: Duration = Duration::from_millis(100);
const ROLLOUTS: Duration = Duration::from_millis(20);
/// From a Service to its Rollout. Recorded: while an update is aborted, upstream's passes turn the canary Service to
/// and fro about sixteen times a second, each pass brought by the change of the one before.
const SERVICES: Duration = Duration::from_millis(60);
/// For so long after an abort they do so here as well, and then once in [`TURN`]: the Service's traffic has the weight 0,
/// and half a minute of turns, with two writes and two events each, would cost more than everything else in an update.
const TURNING: SignedDuration = SignedDuration::from_secs(2);
const TURN: Duration = Duration::from_secs(1);
const ANALYSIS: Duration = Duration::from_millis(25);

/// Schedules what has to be looked at again after a change. `queue.now()` is the present moment.
pub(crate) fn on_change(queue: &mut Queue, store: &Store, change: &Change) {
    super::argocd::on_change(queue, store, change);
    let object = &change.object;
    let (ns, name) = (object::namespace(object).to_owned(), object::name(object).to_owned());
    match change.resource {
        Resource::Pod => {
            if let Some(delay) = pod_delay(change) {
                queue.after(delay, Work::Pod { ns, name });
            }
            owner(queue, object, Resource::ReplicaSet, REPLICA_SETS);
            endpoints_of_pod(queue, store, change);
        }
        Resource::ReplicaSet => {
            if spec_changed(change) {
                queue.after(REPLICA_SETS, Work::ReplicaSet { ns, name });
            }
            owner(queue, object, Resource::Rollout, ROLLOUTS);
        }
        Resource::Service => {
            if let Some(rollout) = rollout_of(store, change) {
                let delay = service_delay(store.get(Resource::Rollout, &ns, &rollout), queue.now());
                queue.after(delay, Work::Rollout { ns: ns.clone(), name: rollout });
            }
            queue.after(ENDPOINTS, Work::Endpoints { ns, service: name });
        }
        Resource::Rollout => queue.after(ROLLOUTS, Work::Rollout { ns, name }),
        Resource::Ingress => {
            ingress(queue, store, change);
            if items(object, "/status/loadBalancer/ingress").next().is_none() {
                queue.after(ENDPOINTS, Work::Ingress { ns, name });
            }
        }
        Resource::HorizontalPodAutoscaler if change.kind == ChangeKind::Added => {
            queue.after(super::autoscaler::PERIOD, Work::Autoscaler { ns, name });
        }
        Resource::AnalysisRun => {
            queue.after(ANALYSIS, Work::AnalysisRun { ns, name });
            let phase = |o: &Value| text(o, "/status/phase").to_owned();
            let same = change.before.as_ref().is_some_and(|before| phase(before) == phase(object));
            if change.kind != ChangeKind::Modified || !same {
                owner(queue, object, Resource::Rollout, ROLLOUTS);
            }
        }
        _ => {}
    }
}

/// The Rollout whose canary Ingress it is, and those that split the traffic of it.
fn ingress(queue: &mut Queue, store: &Store, change: &Change) {
    owner(queue, &change.object, Resource::Rollout, ROLLOUTS);
    let (ns, name) = (object::namespace(&change.object), object::name(&change.object));
    for rollout in store.list(Resource::Rollout, ns) {
        let nginx = &rollout["spec"]["strategy"]["canary"]["trafficRouting"]["nginx"];
        if nginx["stableIngress"] == name || items(nginx, "/stableIngresses").any(|one| one == name) {
            queue
                .after(ROLLOUTS, Work::Rollout { ns: ns.to_owned(), name: object::name(rollout).to_owned() });
        }
    }
}

/// The Rollout that upstream looks at after a change of a Service: the one that manages it or names it. Recorded: one
/// that is deleted, or does not select by version, brings no look, also where somebody has just made it anew.
fn rollout_of(store: &Store, change: &Change) -> Option<String> {
    let service = &change.object;
    if change.kind == ChangeKind::Deleted || service["spec"]["selector"][names::POD_TEMPLATE_HASH].is_null() {
        return None;
    }
    if let Some(manager) = object::annotation(service, names::MANAGED_BY_ROLLOUTS) {
        return Some(manager.to_owned());
    }
    let name = object::name(service);
    let mut rollouts = store.list(Resource::Rollout, object::namespace(service));
    let named = rollouts.find(|rollout| NAMED.iter().any(|field| text(rollout, field) == name));
    named.map(|rollout| object::name(rollout).to_owned())
}

/// Where a Rollout names its Services.
const NAMED: &[&str] = &[
    "/spec/strategy/blueGreen/activeService",
    "/spec/strategy/blueGreen/previewService",
    "/spec/strategy/canary/stableService",
    "/spec/strategy/canary/canaryService",
];

/// From a Service to its Rollout.
fn service_delay(rollout: Option<&Object>, now: Timestamp) -> Duration {
    let aborted = rollout.and_then(|rollout| parse(text(rollout, "/status/abortedAt")));
    if aborted.is_some_and(|at| now.duration_since(at) > TURNING) { TURN } else { SERVICES }
}

/// Whether anything but the status differs from before.
fn spec_changed(change: &Change) -> bool {
    let Some(before) = change.before.as_ref().filter(|_| change.kind == ChangeKind::Modified) else {
        return true;
    };
    let differs = |pointer: &str| object::at(before, pointer) != object::at(&change.object, pointer);
    ["/spec", "/metadata/annotations", "/metadata/labels", "/metadata/deletionTimestamp"]
        .into_iter()
        .any(differs)
}

/// The node's own writes to a pod's status need no further look.
fn pod_delay(change: &Change) -> Option<Duration> {
    match change.kind {
        ChangeKind::Added => Some(SCHEDULER),
        ChangeKind::Deleted => Some(Duration::ZERO),
        ChangeKind::Modified => {
            let bound = |o: &Value| !text(o, "/spec/nodeName").is_empty();
            let just_bound =
                change.before.as_ref().is_some_and(|before| !bound(before)) && bound(&change.object);
            (spec_changed(change) || just_bound).then_some(NODE)
        }
    }
}

fn owner(queue: &mut Queue, object: &Value, resource: Resource, delay: Duration) {
    let Some(owner) = object::controller(object).filter(|owner| owner["kind"] == resource.info().kind) else {
        return;
    };
    let (ns, name) = (object::namespace(object).to_owned(), text(owner, "/name").to_owned());
    match resource {
        Resource::ReplicaSet => queue.after(delay, Work::ReplicaSet { ns, name }),
        Resource::Rollout => queue.after(delay, Work::Rollout { ns, name }),
        _ => {}
    }
}

/// The Services that select the pod now or did before, when the change is one that endpoints show.
fn endpoints_of_pod(queue: &mut Queue, store: &Store, change: &Change) {
    let shown = |o: &Value| {
        let of = |pointer: &str| object::at(o, pointer).cloned();
        let ready = super::pods::ready_since(o).is_some();
        (
            of("/metadata/labels"),
            of("/status/podIP"),
            of("/status/phase"),
            of("/metadata/deletionTimestamp"),
            ready,
        )
    };
    if change.kind == ChangeKind::Modified
        && change.before.as_ref().map(|o| shown(o)) == Some(shown(&change.object))
    {
        return;
    }
    let ns = object::namespace(&change.object);
    for service in store.list(Resource::Service, ns) {
        let selects =
            |o: &Value| object::selected_by_map(&service["spec"]["selector"], &o["metadata"]["labels"]);
        if selects(&change.object) || change.before.as_ref().is_some_and(|before| selects(before)) {
            let service = object::name(service).to_owned();
            queue.after(ENDPOINTS, Work::Endpoints { ns: ns.to_owned(), service });
        }
    }
}
