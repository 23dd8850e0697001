//! The metrics of an autoscaler: usage of the processor by the target's pods. Any other fails, as one does whose API
//! a cluster lacks.

use crate::json::{Value, json};

use super::replicas::{self, Pod, Target};
use crate::object::{self, items, number, text};
use crate::quantity;
use crate::store::Object;
use crate::usage::{self, Usage};
use crate::world::World;

const NOT_IMPLEMENTED: &str = "not implemented by the simulator (usage of cpu by pods is)";

/// What came of all metrics.
#[derive(Debug)]
pub(super) struct Computed {
    /// The status of each.
    pub(super) measured: Vec<Value>,
    pub(super) failures: Vec<Failure>,
    /// How many replicas the metrics ask for, and which of them asks for most; or why nothing is to be done.
    pub(super) outcome: Result<(i64, String), String>,
}

/// A metric that could not be had.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) reason: &'static str,
    pub(super) said: String,
    /// The metric, as the whole names it.
    what: String,
}

/// Asks every metric; the one that asks for most counts. With one that fails nothing is scaled down.
pub(super) fn compute(world: &World, object: &Object, pods: &[Object], current: i64) -> Computed {
    let mut computed =
        Computed { measured: Vec::new(), failures: Vec::new(), outcome: Ok((0, String::new())) };
    let mut most: (i64, String) = (0, String::new());
    let all = items(object, "/spec/metrics").count();
    for metric in items(object, "/spec/metrics") {
        match one(world, metric, pods, current) {
            Ok((replicas, name, status)) => {
                computed.measured.push(status);
                if most.0 == 0 || replicas > most.0 {
                    most = (replicas, name);
                }
            }
            Err(failure) => {
                computed.measured.push(json!({"type": ""}));
                computed.failures.push(failure);
            }
        }
    }
    let failed = computed.failures.len();
    computed.outcome = match computed.failures.first() {
        Some(first) if failed == all || most.0 < current => Err(format!(
            "invalid metrics ({failed} invalid out of {all}), first error is: failed to get {} metric value: {}",
            first.what, first.said
        )),
        _ => Ok(most),
    };
    computed
}

/// One metric: how many replicas it asks for, its name, its status.
fn one(
    world: &World,
    metric: &Value,
    pods: &[Object],
    current: i64,
) -> Result<(i64, String, Value), Failure> {
    let (reason, what) = match text(metric, "/type") {
        "Resource" => return resource(world, &metric["resource"], pods, current),
        "ContainerResource" => ("FailedGetContainerResourceMetric", "container"),
        "External" => ("FailedGetExternalMetric", "external"),
        "Object" => ("FailedGetObjectMetric", "object"),
        _ => ("FailedGetPodsMetric", "pods"),
    };
    Err(Failure { reason, said: format!("unable to get metric: {NOT_IMPLEMENTED}"), what: what.to_owned() })
}

fn resource(
    world: &World,
    source: &Value,
    pods: &[Object],
    current: i64,
) -> Result<(i64, String, Value), Failure> {
    let name = text(source, "/name");
    let (target, measure) = match quantity::milli(&source["target"]["averageValue"]) {
        Some(value) => (Target::AverageValue(value), "usage"),
        None => (Target::Utilization(number(source, "/target/averageUtilization", 100)), "utilization"),
    };
    let failure = |why: String| Failure {
        reason: "FailedGetResourceMetric",
        said: format!("failed to get {name} {measure}: {why}"),
        what: format!("{name} resource"),
    };
    if name != "cpu" {
        return Err(failure(format!("unable to get metrics for resource {name}: {NOT_IMPLEMENTED}")));
    }
    let proposal = read(world, pods, target).and_then(|pods| replicas::propose(target, &pods, current));
    let proposal = proposal.map_err(failure)?;
    let mut is = json!({"averageValue": quantity::of_milli(proposal.average)});
    let mut said = "cpu resource".to_owned();
    if let Some(utilization) = proposal.utilization {
        is["averageUtilization"] = json!(utilization);
        said.push_str(" utilization (percentage of request)");
    }
    let status = json!({"type": "Resource", "resource": {"name": name, "current": is}});
    Ok((proposal.replicas, said, status))
}

/// The pods with their usage and what they request.
fn read(world: &World, pods: &[Object], target: Target) -> Result<Vec<Pod>, String> {
    let measured: Vec<(&Object, Option<Usage>)> =
        pods.iter().map(|pod| (pod, usage::of(world, pod))).collect();
    if measured.iter().all(|(_, usage)| usage.is_none()) {
        return Err("unable to get metrics for resource cpu: no metrics returned from resource metrics API"
            .to_owned());
    }
    let now = world.now();
    let read = |(pod, usage): &(&Object, Option<Usage>)| {
        let request = match target {
            Target::Utilization(_) => request(pod)?,
            Target::AverageValue(_) => 0,
        };
        let standing = replicas::standing(pod, usage.as_ref(), now);
        Ok(Pod { standing, usage: usage.map_or(0, |usage| usage.milli), request })
    };
    measured.iter().map(read).collect()
}

/// What the containers of a pod request of the processor, in thousandths.
fn request(pod: &Value) -> Result<i64, String> {
    let of = |container: &Value| {
        quantity::milli(&container["resources"]["requests"]["cpu"]).ok_or_else(|| {
            let (container, pod) = (text(container, "/name"), object::name(pod));
            format!("missing request for cpu in container {container} of Pod {pod}")
        })
    };
    items(pod, "/spec/containers").map(of).sum()
}
