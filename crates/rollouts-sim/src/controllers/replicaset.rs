//! The ReplicaSet controller: as many pods as asked for, and a status that counts them.

use std::time::Duration;

use crate::json::{Value, json};
use jiff::Timestamp;

use super::pods::{self, Availability};
use crate::object::{self, items, number, text};
use crate::queue::{Work, later};
use crate::resource::Resource;
use crate::store::Object;
use crate::world::World;
use crate::write::CONTROLLER_MANAGER;

/// The component that its Events name.
const COMPONENT: &str = "replicaset-controller";

/// What one look at a ReplicaSet and its pods comes to.
#[derive(Debug, PartialEq)]
struct Decision {
    create: usize,
    /// Names of the pods to delete, first to go first.
    delete: Vec<String>,
    status: Value,
    /// When a ready pod becomes available by mere time.
    again: Option<Timestamp>,
}

/// Decides from the ReplicaSet and the pods that it controls.
fn decide(set: &Value, owned: &[Object], now: Timestamp) -> Decision {
    let mut active: Vec<&Value> = owned.iter().map(|pod| &**pod).filter(|pod| pods::active(pod)).collect();
    let wanted = usize::try_from(number(set, "/spec/replicas", 1)).unwrap_or(0);
    let min_ready = seconds(number(set, "/spec/minReadySeconds", 0));
    let availability: Vec<Availability> =
        active.iter().map(|pod| pods::availability(pod, min_ready, now)).collect();
    let status = status(set, &active, &availability);
    let again = availability.iter().filter_map(Availability::due).min();
    let surplus = active.len().saturating_sub(wanted);
    active.sort_by_cached_key(|pod| rank(pod));
    Decision {
        create: wanted.saturating_sub(active.len()),
        delete: active.iter().take(surplus).map(|pod| object::name(pod).to_owned()).collect(),
        status,
        again,
    }
}

/// Orders pods for deletion: those first whose loss costs least. Not assigned before assigned, pending before
/// running, not ready before ready, recently ready before long ready, often restarted before seldom, young
/// before old; names decide the rest.
fn rank(pod: &Value) -> impl Ord + use<> {
    let newest_first = |at: &str| std::cmp::Reverse(at.to_owned());
    let ready = pods::ready_since(pod);
    let restarts =
        items(pod, "/status/containerStatuses").map(|c| number(c, "/restartCount", 0)).max().unwrap_or(0);
    (
        !text(pod, "/spec/nodeName").is_empty(),
        text(pod, "/status/phase") == "Running",
        ready.is_some(),
        newest_first(ready.unwrap_or_default()),
        std::cmp::Reverse(restarts),
        newest_first(text(pod, "/metadata/creationTimestamp")),
        object::name(pod).to_owned(),
    )
}

fn status(set: &Value, active: &[&Value], availability: &[Availability]) -> Value {
    let template = &set["spec"]["template"]["metadata"]["labels"];
    let labelled = active.iter().filter(|pod| labels_cover(template, &pod["metadata"]["labels"])).count();
    let ready = active.iter().filter(|pod| pods::ready_since(pod).is_some()).count();
    let available = availability.iter().filter(|a| **a == Availability::Available).count();
    let mut status = json!({"replicas": active.len()});
    // Zero is not written, as upstream's omitempty has it.
    for (field, count) in
        [("fullyLabeledReplicas", labelled), ("readyReplicas", ready), ("availableReplicas", available)]
    {
        if count > 0 {
            status[field] = json!(count);
        }
    }
    status["observedGeneration"] = json!(number(set, "/metadata/generation", 0));
    status
}

fn labels_cover(template: &Value, labels: &Value) -> bool {
    template.as_object().is_none_or(|want| want.iter().all(|(key, value)| labels.get(key) == Some(value)))
}

fn seconds(value: i64) -> Duration {
    Duration::from_secs(u64::try_from(value).unwrap_or(0))
}

/// Brings one ReplicaSet towards its spec.
pub(super) fn run(world: &mut World, ns: &str, name: &str) {
    let Some(set) = world.store.get(Resource::ReplicaSet, ns, name).cloned() else { return };
    let uid = object::uid(&set);
    let owned: Vec<Object> =
        world.store.list(Resource::Pod, ns).filter(|pod| object::controlled_by(pod, uid)).cloned().collect();
    let decision = decide(&set, &owned, world.now());
    if !object::deleting(&set) {
        create(world, &set, decision.create);
        for pod in &decision.delete {
            // It was listed in this same moment.
            if world.delete(Resource::Pod, ns, pod, None).is_ok() {
                let message = format!("Deleted pod: {pod}");
                world.event(COMPONENT, (Resource::ReplicaSet, &set), "Normal", "SuccessfulDelete", &message);
            }
        }
    }
    // The status counts the pods as they were before this pass, as upstream; the changes bring the next pass.
    let _ = world.modify_status(CONTROLLER_MANAGER, Resource::ReplicaSet, ns, name, |standing| {
        let mut status = decision.status;
        if let Some(failure) = standing.get("conditions") {
            status["conditions"] = failure.clone();
        }
        status
    });
    if let Some(at) = decision.again {
        world.queue.schedule(at, Work::ReplicaSet { ns: ns.to_owned(), name: name.to_owned() });
    }
}

fn create(world: &mut World, set: &Value, count: usize) {
    let ns = object::namespace(set);
    let mut failure = None;
    for _ in 0..count {
        let template = &set["spec"]["template"];
        let mut pod = json!({});
        pod["metadata"] = template["metadata"].clone();
        pod["spec"] = template["spec"].clone();
        if !pod["metadata"].is_object() {
            pod["metadata"] = json!({});
        }
        pod["metadata"]["generateName"] = json!(format!("{}-", object::name(set)));
        pod["metadata"]["namespace"] = json!(ns);
        pod["metadata"]["ownerReferences"] = json!([object::owner_reference(Resource::ReplicaSet, set)]);
        match world.create(CONTROLLER_MANAGER, Resource::Pod, pod) {
            Ok(pod) => {
                let message = format!("Created pod: {}", object::name(&pod));
                world.event(COMPONENT, (Resource::ReplicaSet, set), "Normal", "SuccessfulCreate", &message);
            }
            Err(refusal) => {
                let message = format!("Error creating: {refusal}");
                world.event(COMPONENT, (Resource::ReplicaSet, set), "Warning", "FailedCreate", &message);
                failure = Some(refusal.message);
                break;
            }
        }
    }
    fail(world, set, failure);
}

/// Writes or takes away the `ReplicaFailure` condition. A refused creation is tried again after a while.
fn fail(world: &mut World, set: &Value, failure: Option<String>) {
    let stands = items(set, "/status/conditions").next().is_some();
    if failure.is_none() && !stands {
        return;
    }
    let (ns, name) = (object::namespace(set), object::name(set));
    let now = super::time::stamp(world.now());
    let again = failure.is_some();
    let _ = world.modify_status(CONTROLLER_MANAGER, Resource::ReplicaSet, ns, name, |standing| {
        let mut status = standing.clone();
        match failure {
            Some(message) if !stands => {
                status["conditions"] = json!([{
                    "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message,
                    "lastTransitionTime": now,
                }]);
            }
            Some(_) => {}
            None => {
                if let Some(status) = status.as_object_mut() {
                    status.remove("conditions");
                }
            }
        }
        status
    });
    if again {
        let at = later(world.now(), Duration::from_secs(10));
        world.queue.schedule(at, Work::ReplicaSet { ns: ns.to_owned(), name: name.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(name: &str, ready: Option<&str>, restarts: i64, node: &str) -> Object {
        let mut pod = json!({
            "metadata": {"name": name, "creationTimestamp": "2026-01-01T00:00:00Z", "labels": {"a": "b"}},
            "spec": {"nodeName": node},
            "status": {"phase": "Running", "containerStatuses": [{"restartCount": restarts}]},
        });
        if let Some(since) = ready {
            pod["status"]["conditions"] =
                json!([{"type": "Ready", "status": "True", "lastTransitionTime": since}]);
        }
        Object::new(pod)
    }

    fn set(replicas: i64, min_ready: i64) -> Value {
        json!({
            "metadata": {"name": "s", "generation": 3},
            "spec": {
                "replicas": replicas, "minReadySeconds": min_ready,
                "template": {"metadata": {"labels": {"a": "b"}}},
            },
        })
    }

    const NOW: &str = "2026-01-01T00:01:00Z";

    #[test]
    fn those_go_first_whose_loss_costs_least() {
        let pods = [
            pod("old", Some("2026-01-01T00:00:10Z"), 0, "n"),
            pod("recent", Some("2026-01-01T00:00:40Z"), 0, "n"),
            pod("unready", None, 0, "n"),
            pod("crashing", None, 4, "n"),
            pod("unassigned", None, 0, ""),
        ];
        let decision = decide(&set(0, 0), &pods, NOW.parse().unwrap());
        assert_eq!(decision.delete, ["unassigned", "crashing", "unready", "recent", "old"]);
        assert_eq!(decide(&set(3, 0), &pods, NOW.parse().unwrap()).delete, ["unassigned", "crashing"]);
        assert_eq!(decide(&set(7, 0), &pods, NOW.parse().unwrap()).create, 2);
    }

    #[test]
    fn deleted_and_finished_pods_do_not_count() {
        let mut going = Value::clone(&pod("going", Some("2026-01-01T00:00:10Z"), 0, "n"));
        going["metadata"]["deletionTimestamp"] = json!(NOW);
        let mut failed = Value::clone(&pod("failed", None, 0, "n"));
        failed["status"]["phase"] = json!("Failed");
        let decision = decide(&set(2, 0), &[Object::new(going), Object::new(failed)], NOW.parse().unwrap());
        assert_eq!((decision.create, decision.status), (2, json!({"replicas": 0, "observedGeneration": 3})));
    }

    #[test]
    fn availability_waits_for_min_ready_seconds() {
        let pods = [
            pod("a", Some("2026-01-01T00:00:10Z"), 0, "n"),
            pod("b", Some("2026-01-01T00:00:50Z"), 0, "n"),
            pod("c", None, 0, "n"),
        ];
        let decision = decide(&set(3, 30), &pods, NOW.parse().unwrap());
        let status = json!({
            "replicas": 3, "fullyLabeledReplicas": 3, "readyReplicas": 2, "availableReplicas": 1,
            "observedGeneration": 3,
        });
        assert_eq!(decision.status, status);
        assert_eq!(decision.again, Some("2026-01-01T00:01:20Z".parse().unwrap()));
    }
}
