//! The controller of HorizontalPodAutoscalers, as kube-controller-manager's: every [`PERIOD`] it compares the usage of
//! a target's pods with what is aimed at, and writes the target's scale.
//!
//! - [`metrics`]: what the metrics of an autoscaler are and ask for, by [`replicas`]
//! - [`limits`]: how far that is followed, by [`rules`]
//! - [`status`]: what is told of it

mod limits;
mod metrics;
mod replicas;
mod rules;
mod status;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::json::{Value, json};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::limits::{Asked, History};
use self::metrics::{Computed, Failure};
use self::status::{ABLE, ACTIVE, LIMITED, Status};
use crate::api::scale;
use crate::api::select::Selection;
use crate::object::{self, number, text};
use crate::queue::{Work, later};
use crate::resource::Resource;
use crate::store::Object;
use crate::world::World;
use crate::write::CONTROLLER_MANAGER;

/// From an autoscaler's creation to the first look at it, and from one look to the next.
pub(super) const PERIOD: Duration = Duration::from_secs(15);

const KIND: Resource = Resource::HorizontalPodAutoscaler;
const COMPONENT: &str = "horizontal-pod-autoscaler";

/// What the controller remembers of each autoscaler, by namespace and name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Autoscalers(BTreeMap<String, BTreeMap<String, Memory>>);

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Memory {
    uid: String,
    /// The next look.
    due: Timestamp,
    /// Of the target's pods, when it was last looked at.
    selector: String,
    history: History,
}

impl Autoscalers {
    /// The autoscalers of a namespace whose targets have one of these pods, but for one of them.
    fn rivals<'a>(&'a self, ns: &str, name: &'a str, pods: &[Object]) -> Vec<&'a str> {
        let others = self.0.get(ns).into_iter().flatten().filter(|(other, _)| *other != name);
        let selects = |memory: &Memory| {
            let selection = Selection::labels(&memory.selector).ok().filter(|_| !memory.selector.is_empty());
            selection.is_some_and(|selection| pods.iter().any(|pod| selection.holds(pod)))
        };
        others.filter(|(_, memory)| selects(memory)).map(|(other, _)| other.as_str()).collect()
    }
}

/// Looks at one autoscaler, and again after [`PERIOD`].
pub(super) fn run(world: &mut World, ns: &str, name: &str) {
    let known = world.autoscalers.0.get_mut(ns).and_then(|of| of.remove(name));
    let Some(object) = world.store.get(KIND, ns, name).cloned() else { return };
    let now = world.now();
    let known = known.filter(|memory| memory.uid == object::uid(&object));
    let mut memory = known.unwrap_or_else(|| Memory {
        uid: object::uid(&object).to_owned(),
        due: now,
        selector: String::new(),
        history: History::default(),
    });
    // One that was deleted and made again has two looks to come; the sooner one is the one that counts.
    if memory.due <= now {
        memory.due = later(now, PERIOD);
        world.queue.schedule(memory.due, Work::Autoscaler { ns: ns.to_owned(), name: name.to_owned() });
        let mut pass = Pass { world, status: Status::of(&object, now), object, memory };
        pass.reconcile();
        let status = pass.status.into_value();
        memory = pass.memory;
        // An autoscaler that was deleted meanwhile takes no status.
        let _ = world.modify_status(CONTROLLER_MANAGER, KIND, ns, name, |_| status);
    }
    world.autoscalers.0.entry(ns.to_owned()).or_default().insert(name.to_owned(), memory);
}

struct Pass<'a> {
    world: &'a mut World,
    object: Object,
    memory: Memory,
    status: Status,
}

/// How many replicas there are to be, why, and what was measured.
struct Wanted {
    replicas: i64,
    why: String,
    measured: Vec<Value>,
}

impl Pass<'_> {
    fn reconcile(&mut self) {
        let (resource, scale) = match self.scale() {
            Ok(found) => found,
            Err(why) => {
                self.warn("FailedGetScale", &why);
                let message =
                    format!("the HPA controller was unable to get the target's current scale: {why}");
                self.status.set(ABLE, false, "FailedGetScale", &message);
                return;
            }
        };
        let message = "the HPA controller was able to get the target's current scale";
        self.status.set(ABLE, true, "SucceededGetScale", message);
        let current = number(&scale, "/spec/replicas", 0);
        self.memory.history.begin(current, self.world.now());
        match self.wanted(current, text(&scale, "/status/selector")) {
            Ok(wanted) if wanted.replicas == current => {
                self.status.counts(current, current, wanted.measured);
            }
            Ok(wanted) => self.rescale(resource, scale, current, wanted),
            Err((measured, said)) => {
                self.status.counts(current, self.status.desired(), measured);
                self.warn("FailedComputeMetricsReplicas", &said);
            }
        }
    }

    fn warn(&mut self, reason: &str, message: &str) {
        self.world.event(COMPONENT, (KIND, &self.object), "Warning", reason, message);
    }

    /// The scale of the target.
    fn scale(&self) -> Result<(Resource, Value), String> {
        let target = &self.object["spec"]["scaleTargetRef"];
        let (version, kind, name) =
            (text(target, "/apiVersion"), text(target, "/kind"), text(target, "/name"));
        let group = version.split_once('/').map_or("", |(group, _)| group);
        let resource = Resource::of_kind(version, kind)
            .ok_or_else(|| format!("no matches for kind \"{kind}\" in group \"{group}\""))?;
        if !resource.info().scale {
            return Err("the server could not find the requested resource".to_owned());
        }
        let found = self.world.existing(resource, object::namespace(&self.object), name);
        found.map(|object| (resource, scale::view(resource, &object))).map_err(|refusal| refusal.message)
    }

    /// How many replicas there are to be; or what was measured all the same, and why nothing can be said.
    fn wanted(&mut self, current: i64, selector: &str) -> Result<Wanted, (Vec<Value>, String)> {
        let spec = &self.object["spec"];
        let (least, most) = (number(spec, "/minReplicas", 1), number(spec, "/maxReplicas", 1));
        let plain = |replicas, why: &str| Wanted { replicas, why: why.to_owned(), measured: Vec::new() };
        if current == 0 && least != 0 {
            let message = "scaling is disabled since the replica count of the target is zero";
            self.status.set(ACTIVE, false, "ScalingDisabled", message);
            return Ok(plain(0, ""));
        }
        if current > most {
            return Ok(plain(most, "Current number of replicas above Spec.MaxReplicas"));
        }
        if current < least {
            return Ok(plain(least, "Current number of replicas below Spec.MinReplicas"));
        }
        let pods = self.pods(selector).map_err(|said| (Vec::new(), said))?;
        let Computed { measured, failures, outcome } =
            metrics::compute(self.world, &self.object, &pods, current);
        for Failure { reason, said, .. } in &failures {
            self.warn(reason, said);
        }
        let (desired, metric) = match outcome {
            Ok(found) => found,
            Err(said) => {
                if let Some(Failure { reason, said, .. }) = failures.first() {
                    let message = format!("the HPA was unable to compute the replica count: {said}");
                    self.status.set(ACTIVE, false, reason, &message);
                }
                return Err((measured, said));
            }
        };
        let message = format!("the HPA was able to successfully calculate a replica count from {metric}");
        self.status.set(ACTIVE, true, "ValidMetricFound", &message);
        let asked = Asked { current, desired, least, most };
        let now = self.world.now();
        let decision = self.memory.history.decide(asked, &self.object["spec"]["behavior"], now);
        self.status.set(ABLE, true, decision.able.0, decision.able.1);
        let (limited, (reason, message)) = decision.limited;
        self.status.set(LIMITED, limited, reason, message);
        let why = if desired > current {
            format!("{metric} above target")
        } else {
            "All metrics below target".to_owned()
        };
        Ok(Wanted { replicas: decision.replicas, why, measured })
    }

    /// The pods of the target, which must be no other autoscaler's.
    fn pods(&mut self, selector: &str) -> Result<Vec<Object>, String> {
        if selector.is_empty() {
            let said = "selector is required".to_owned();
            self.warn("SelectorRequired", &said);
            self.status.set(ACTIVE, false, "InvalidSelector", "the HPA target's scale is missing a selector");
            return Err(said);
        }
        selector.clone_into(&mut self.memory.selector);
        let selection = Selection::labels(selector).map_err(|refusal| refusal.message)?;
        let (ns, name) = (object::namespace(&self.object), object::name(&self.object));
        let all = self.world.store.list(Resource::Pod, ns);
        let pods: Vec<Object> = all.filter(|pod| selection.holds(pod)).cloned().collect();
        let mut rivals = self.world.autoscalers.rivals(ns, name, &pods);
        if rivals.is_empty() {
            return Ok(pods);
        }
        rivals.push(name);
        rivals.sort_unstable();
        let all: Vec<String> = rivals.iter().map(|name| format!("{{{name} {ns}}}")).collect();
        let said =
            format!("pods by selector {selector} are controlled by multiple HPAs: [{}]", all.join(" "));
        self.warn("AmbiguousSelector", &said);
        self.status.set(ACTIVE, false, "AmbiguousSelector", &said);
        Err(said)
    }

    fn rescale(&mut self, resource: Resource, mut scale: Value, current: i64, wanted: Wanted) {
        let Wanted { replicas, why, measured } = wanted;
        scale["spec"]["replicas"] = json!(replicas);
        let (ns, name) = (object::namespace(&self.object), text(&scale, "/metadata/name").to_owned());
        let target = (resource, ns, name.as_str());
        if let Err(refusal) = scale::set(self.world, CONTROLLER_MANAGER, target, &scale) {
            let error = &refusal.message;
            self.warn("FailedRescale", &format!("New size: {replicas}; reason: {why}; error: {error}"));
            let message = format!("the HPA controller was unable to update the target scale: {error}");
            self.status.set(ABLE, false, "FailedUpdateScale", &message);
            self.status.counts(current, self.status.desired(), measured);
            return;
        }
        let message = format!("the HPA controller was able to update the target scale to {replicas}");
        self.status.set(ABLE, true, "SucceededRescale", &message);
        let message = format!("New size: {replicas}; reason: {why}");
        self.world.event(COMPONENT, (KIND, &self.object), "Normal", "SuccessfulRescale", &message);
        self.memory.history.changed(current, replicas, self.world.now());
        self.status.counts(current, replicas, measured);
        self.status.rescaled();
    }
}
