//! Scheduler and node: what carries a pod from its creation to its end.

mod lifecycle;
mod prober;
mod spec;
mod status;
mod workload;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::json::{Value, json};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::lifecycle::{Notice, PodRun};
use self::spec::PodSpec;
use super::time::between;
use crate::object::{self, number, text};
use crate::queue::Work;
use crate::refusal::Refusal;
use crate::resource::Resource;
use crate::world::World;
use crate::write::{KUBELET, SCHEDULER};

pub(crate) use self::spec::refuse;
pub(crate) use self::workload::Workload;

/// From the binding of a pod to the node's hearing of it.
const KUBELET_HEARS: Duration = Duration::from_millis(50);

/// What the node remembers: the processes behind the pods, by `namespace/name`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Node {
    pods: BTreeMap<String, PodRun>,
    /// Addresses given out.
    addresses: u32,
}

/// A process that can be asked for an answer.
#[derive(Debug)]
pub(crate) struct Process {
    /// Since it started.
    pub(crate) age: Duration,
    /// The container's restarts so far: together with the pod's uid it names the process.
    pub(crate) restarts: u32,
}

impl Node {
    /// The process of the first container of a pod, if it runs.
    pub(crate) fn process(&self, ns: &str, name: &str, uid: &str, now: Timestamp) -> Option<Process> {
        let run = self.pods.get(&key(ns, name)).filter(|run| run.uid == uid && !run.gone(now))?;
        let container = run.containers.first()?;
        let since = container.running()?;
        Some(Process { age: between(since, now), restarts: container.restarts })
    }

    fn address(&mut self) -> String {
        self.addresses += 1;
        let [_, b, c, d] = self.addresses.to_be_bytes();
        format!("10.{}.{c}.{d}", 128_u8.wrapping_add(b))
    }
}

fn key(ns: &str, name: &str) -> String {
    [ns, "/", name].concat()
}

/// Looks at one pod: binds it, or carries its processes to this moment and publishes what they are.
pub(super) fn run(world: &mut World, ns: &str, name: &str) {
    let Some(pod) = world.store.get(Resource::Pod, ns, name).cloned() else {
        world.node.pods.remove(&key(ns, name));
        return;
    };
    if text(&pod, "/spec/nodeName").is_empty() {
        bind(world, &pod);
        return;
    }
    let spec = PodSpec::of(&pod);
    let now = world.now();
    let mut run = match world.node.pods.remove(&key(ns, name)) {
        Some(run) if run.uid == object::uid(&pod) => run,
        _ => {
            let jitter = u64::from_be_bytes(world.draw()[..8].try_into().unwrap_or_default());
            PodRun::new(object::uid(&pod), world.node.address(), &spec, now, jitter)
        }
    };
    let mut notices = Vec::new();
    if object::deleting(&pod) {
        let asked = number(&pod, "/metadata/deletionGracePeriodSeconds", 30);
        let grace = Duration::from_secs(u64::try_from(asked).unwrap_or(0))
            .min(spec.grace.max(Duration::from_secs(1)));
        notices.extend(run.stop(&spec, grace, now));
    }
    notices.extend(run.advance(&spec, now));
    let gone = run.gone(now);
    if !gone && let Some(next) = run.next(&spec) {
        world.queue.schedule(next, Work::Pod { ns: ns.to_owned(), name: name.to_owned() });
    }
    let status = status::of(&pod, &spec, &run, now);
    world.node.pods.insert(key(ns, name), run);
    tell(world, &pod, &notices);
    publish(world, &pod, status);
    if gone {
        world.node.pods.remove(&key(ns, name));
        let _ = world.delete(Resource::Pod, ns, name, Some(0));
    }
}

/// Kills the process of a pod's first container, as SIGKILL does.
///
/// # Errors
/// When there is no such pod, or its process does not run.
pub(crate) fn kill(world: &mut World, ns: &str, name: &str) -> Result<(), Refusal> {
    let pod = world.store.get(Resource::Pod, ns, name);
    let spec = PodSpec::of(pod.ok_or_else(|| Refusal::not_found(Resource::Pod, name))?);
    let now = world.now();
    let killed = world.node.pods.get_mut(&key(ns, name)).is_some_and(|run| run.kill(&spec, now));
    if !killed {
        return Err(Refusal::conflict(Resource::Pod, name, "its process does not run"));
    }
    world.queue.schedule(now, Work::Pod { ns: ns.to_owned(), name: name.to_owned() });
    Ok(())
}

fn bind(world: &mut World, pod: &Value) {
    let (ns, name) = (object::namespace(pod), object::name(pod));
    let _ =
        world.modify(SCHEDULER, Resource::Pod, ns, name, |pod| pod["spec"]["nodeName"] = json!(status::NODE));
    let _ = world.modify_status(SCHEDULER, Resource::Pod, ns, name, |_| status::pending());
    let message = format!("Successfully assigned {ns}/{name} to {}", status::NODE);
    world.event("default-scheduler", (Resource::Pod, pod), "Normal", "Scheduled", &message);
    world.queue.after(KUBELET_HEARS, Work::Pod { ns: ns.to_owned(), name: name.to_owned() });
}

fn tell(world: &mut World, pod: &Value, notices: &[Notice]) {
    for notice in notices {
        let kind = if notice.warning { "Warning" } else { "Normal" };
        world.event("kubelet", (Resource::Pod, pod), kind, notice.reason, &notice.message);
    }
}

fn publish(world: &mut World, pod: &Value, status: Value) {
    // A pod that was deleted meanwhile takes no status: nothing is lost by that.
    let _ =
        world.modify_status(KUBELET, Resource::Pod, object::namespace(pod), object::name(pod), |_| status);
}
