//! One pass: the objects as they were when it began, and what it has decided so far.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use crate::json::{Value, json};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use rollouts_client::names;
use rollouts_client::types::{
    AnalysisRun, BlueGreenStatus, BlueGreenStrategy, ReplicaSet, Rollout, RolloutAnalysisRunStatus,
    RolloutStatus, Time, TrafficWeights,
};
use serde::de::DeserializeOwned;

use super::canary::spec::Canary;
use super::hash;
use super::pause::PausePlan;
use crate::object;
use crate::queue::Work;
use crate::refusal::Refusal;
use crate::resource::Resource;
use crate::store::Object;
use crate::world::World;
use crate::write::{Part, ROLLOUTS};

/// The state of one pass.
pub(super) struct Pass {
    pub(super) now: Timestamp,
    pub(super) ns: String,
    /// The Rollout, with its own writes to the main object taken in.
    pub(super) rollout: Arc<Rollout>,
    /// What was read of it when the pass began.
    pub(super) asked: Arc<Asked>,
    /// The standing status as it is written, where that is known.
    pub(super) wired: Option<Value>,
    /// The same as it is stored, for Events.
    pub(super) object: Object,
    /// The ReplicaSets that it controls, oldest first.
    pub(super) sets: Vec<Arc<ReplicaSet>>,
    /// The one of the present template.
    pub(super) new: Option<Arc<ReplicaSet>>,
    /// The one that was last fully promoted, by the standing status.
    stable: Option<Arc<ReplicaSet>>,
    /// The hash of the present template, for when `new` is not there.
    pub(super) template_hash: String,
    /// The hash of the canary's steps.
    pub(super) step_hash: String,
    /// Whether `new` had a deadline that has not passed: going back to it is fast.
    pub(super) new_within_delay: bool,
    /// All AnalysisRuns of the Rollout, oldest first.
    pub(super) runs: Vec<Arc<AnalysisRun>>,
    /// The canary strategy, if it is one.
    pub(super) canary: Option<Arc<Canary>>,
    pub(super) pre: Option<Arc<AnalysisRun>>,
    pub(super) post: Option<Arc<AnalysisRun>>,
    pub(super) step: Option<Arc<AnalysisRun>>,
    pub(super) background: Option<Arc<AnalysisRun>>,
    pub(super) pause: PausePlan,
    /// What the new status begins with; it is built from nothing in each pass.
    pub(super) restarted_at: Option<Time>,
    pub(super) pre_status: Option<RolloutAnalysisRunStatus>,
    pub(super) post_status: Option<RolloutAnalysisRunStatus>,
    pub(super) step_status: Option<RolloutAnalysisRunStatus>,
    pub(super) background_status: Option<RolloutAnalysisRunStatus>,
    /// Those of the last pass, until this one has decided.
    pub(super) weights: Option<TrafficWeights>,
}

/// What is read of a Rollout, once for each state of it.
pub(super) struct Asked {
    rollout: Arc<Rollout>,
    canary: Option<Arc<Canary>>,
    collisions: i64,
    template_hash: String,
    step_hash: String,
    /// Whether its status is as a pass wrote it, and so what writing it again would come to.
    own_status: bool,
    /// The status that was last written over it.
    sent: Mutex<Option<Value>>,
    /// Whether an analysis has a field of the Rollout as an argument, which may come and go with any write.
    by_field: bool,
    /// When it was found valid, as [`crate::store::Store::named`] counts: that hangs on the spec and on what it names.
    valid: Mutex<Option<(u64, u64)>>,
}

impl Asked {
    /// Notes the status that is about to be written over this state.
    pub(super) fn sent(&self, status: &Value) {
        *self.sent.lock().unwrap_or_else(PoisonError::into_inner) = Some(status.clone());
    }

    /// Whether it was found valid, and nothing that it names has changed since.
    pub(super) fn is_valid(&self, named: (u64, u64)) -> bool {
        !self.by_field && *self.valid.lock().unwrap_or_else(PoisonError::into_inner) == Some(named)
    }

    /// Notes that it was found valid.
    pub(super) fn found_valid(&self, named: (u64, u64)) {
        *self.valid.lock().unwrap_or_else(PoisonError::into_inner) = Some(named);
    }

    /// Most writes are of the status: then all but that is as in the state before.
    fn read(object: &Value, earlier: Option<(Value, Arc<Asked>)>) -> Result<Asked, Refusal> {
        let collisions = object::number(object, "/status/collisionCount", 0);
        let generation = object::at(object, "/metadata/generation").and_then(Value::as_i64);
        let earlier = earlier.map(|(_, earlier)| Arc::try_unwrap(earlier).unwrap_or_else(|it| it.shared()));
        let own_status = earlier.as_ref().is_some_and(|earlier| earlier.has_sent(&object["status"]));
        let same = |earlier: &Asked| {
            let of = &earlier.rollout.metadata;
            generation.is_some() && of.generation == generation && earlier.collisions == collisions
        };
        if let Some(earlier) = earlier.filter(same) {
            let mut rollout = Arc::unwrap_or_clone(earlier.rollout);
            rollout.metadata = parse(&object["metadata"])?;
            rollout.status = parse(&object["status"])?;
            return Ok(Asked { rollout: Arc::new(rollout), own_status, sent: Mutex::default(), ..earlier });
        }
        let strategy = &object["spec"]["strategy"]["canary"];
        Ok(Asked {
            rollout: Arc::new(parse(object)?),
            canary: if strategy.is_null() { None } else { Some(Arc::new(parse(strategy)?)) },
            collisions,
            template_hash: hash::of(&object["spec"]["template"], collisions),
            step_hash: hash::of(&strategy["steps"], 0),
            own_status,
            sent: Mutex::default(),
            by_field: mentions(&object["spec"]["strategy"], "fieldRef"),
            valid: Mutex::default(),
        })
    }

    /// Whether this status was the last that was to be written over this state.
    fn has_sent(&self, status: &Value) -> bool {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.as_ref().is_some_and(|sent| sent == status)
    }

    /// The same, where somebody holds it.
    fn shared(&self) -> Asked {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Asked {
            rollout: Arc::clone(&self.rollout),
            canary: self.canary.clone(),
            collisions: self.collisions,
            template_hash: self.template_hash.clone(),
            step_hash: self.step_hash.clone(),
            own_status: self.own_status,
            sent: Mutex::new(sent),
            by_field: self.by_field,
            valid: Mutex::default(),
        }
    }
}

/// Whether a key stands anywhere in a value.
fn mentions(value: &Value, key: &str) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(known, inner)| known == key || mentions(inner, key)),
        Value::Array(items) => items.iter().any(|inner| mentions(inner, key)),
        _ => false,
    }
}

/// What a pass reads as a type.
pub(super) trait Typed: Send + Sync + Sized + 'static {
    /// Reads one state, given an earlier one and what was read of it.
    fn read(object: &Value, earlier: Option<(Value, Arc<Self>)>) -> Result<Self, Refusal>;

    fn metadata(&self) -> &ObjectMeta;
}

impl Typed for ReplicaSet {
    /// Of most states the template is as it was.
    fn read(object: &Value, earlier: Option<(Value, Arc<ReplicaSet>)>) -> Result<ReplicaSet, Refusal> {
        let template = &object["spec"]["template"];
        let Some((_, earlier)) =
            earlier.filter(|(was, _)| template.is_object() && was["spec"]["template"] == *template)
        else {
            return parse(object);
        };
        let mut rest = object.clone();
        rest["spec"]["template"].take();
        let mut set: ReplicaSet = parse(&rest)?;
        set.spec.template = Arc::unwrap_or_clone(earlier).spec.template;
        Ok(set)
    }

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}

impl Typed for AnalysisRun {
    /// Of most states all but the status is as it was.
    fn read(object: &Value, earlier: Option<(Value, Arc<AnalysisRun>)>) -> Result<AnalysisRun, Refusal> {
        let Some((_, earlier)) = earlier.filter(|(was, _)| was["spec"] == object["spec"]) else {
            return parse(object);
        };
        let mut rest = object.clone();
        rest["spec"] = json!({});
        let mut run: AnalysisRun = parse(&rest)?;
        run.spec = Arc::unwrap_or_clone(earlier).spec;
        Ok(run)
    }

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}

/// Reads a stored object as a type, once for each state of it.
pub(super) fn typed<T: Typed>(object: &Object) -> Result<Arc<T>, Refusal> {
    object.read_on(T::read)
}

fn parse<T: DeserializeOwned>(object: &Value) -> Result<T, Refusal> {
    T::deserialize(object).map_err(|error| Refusal::bad_request(format!("{}: {error}", object::name(object))))
}

/// What a Rollout without one has.
static NO_STATUS: LazyLock<RolloutStatus> = LazyLock::new(RolloutStatus::default);
/// See [`NO_STATUS`].
static NO_BLUE_GREEN_STATUS: LazyLock<BlueGreenStatus> = LazyLock::new(BlueGreenStatus::default);
/// See [`NO_STATUS`].
static NO_STRATEGY: LazyLock<BlueGreenStrategy> = LazyLock::new(BlueGreenStrategy::default);

impl Pass {
    pub(super) fn begin(world: &mut World, object: &Object) -> Result<Pass, Refusal> {
        let asked = object.read_on(Asked::read)?;
        let rollout = Arc::clone(&asked.rollout);
        let ns = object::namespace(object).to_owned();
        let uid = object::uid(object);
        let sets = owned(world, Resource::ReplicaSet, &ns, uid)?;
        let runs: Vec<Arc<AnalysisRun>> = owned(world, Resource::AnalysisRun, &ns, uid)?;
        let template_hash = asked.template_hash.clone();
        let new = find_new(world, &sets, &template_hash, &object["spec"]["template"]);
        let stable = find_stable(&rollout, new.as_ref(), &sets);
        let now = world.now();
        let new_within_delay =
            new.as_ref().and_then(|new| new.scale_down_deadline()).is_some_and(|deadline| deadline > now);
        let status = rollout.status.as_ref().unwrap_or(&NO_STATUS);
        let blue_green = status.blue_green.clone().unwrap_or_default();
        let of_canary = status.canary.clone().unwrap_or_default();
        let named = |status: &Option<RolloutAnalysisRunStatus>| {
            let name = status.as_ref().map(|status| status.name.clone())?;
            runs.iter().find(|run| run.metadata.name.as_ref() == Some(&name)).cloned()
        };
        Ok(Pass {
            pre: named(&blue_green.pre_promotion_analysis_run_status),
            post: named(&blue_green.post_promotion_analysis_run_status),
            step: named(&of_canary.current_step_analysis_run_status),
            background: named(&of_canary.current_background_analysis_run_status),
            canary: asked.canary.clone(),
            now,
            ns,
            pause: PausePlan::default(),
            restarted_at: status.restarted_at.clone(),
            pre_status: None,
            post_status: None,
            step_status: None,
            background_status: None,
            weights: of_canary.weights,
            object: object.clone(),
            wired: asked.own_status.then(|| object["status"].clone()),
            rollout,
            sets,
            new,
            stable,
            template_hash,
            step_hash: asked.step_hash.clone(),
            new_within_delay,
            runs,
            asked,
        })
    }

    pub(super) fn name(&self) -> &str {
        self.rollout.name()
    }

    pub(super) fn work(&self) -> Work {
        Work::Rollout { ns: self.ns.clone(), name: self.name().to_owned() }
    }

    /// The blue-green strategy; the default one when there is none, which validation reports.
    pub(super) fn strategy(&self) -> &BlueGreenStrategy {
        self.rollout.spec.strategy.blue_green.as_ref().unwrap_or(&NO_STRATEGY)
    }

    /// The standing status.
    pub(super) fn status(&self) -> &RolloutStatus {
        self.rollout.status.as_ref().unwrap_or(&NO_STATUS)
    }

    pub(super) fn set_new(&mut self, new: Arc<ReplicaSet>) {
        self.new = Some(new);
        self.stable = find_stable(&self.rollout, self.new.as_ref(), &self.sets);
    }

    pub(super) fn set_status(&mut self, status: RolloutStatus) {
        Arc::make_mut(&mut self.rollout).status = Some(status);
        self.stable = find_stable(&self.rollout, self.new.as_ref(), &self.sets);
        self.wired = None;
    }

    pub(super) fn blue_green_status(&self) -> &BlueGreenStatus {
        self.status().blue_green.as_ref().unwrap_or(&NO_BLUE_GREEN_STATUS)
    }

    /// The standing weights of a canary.
    pub(super) fn standing_weights(&self) -> Option<&TrafficWeights> {
        self.status().canary.as_ref()?.weights.as_ref()
    }

    /// The hash of the present version: of its ReplicaSet, whatever the template hashes to now.
    pub(super) fn new_hash(&self) -> &str {
        self.new.as_ref().and_then(|new| new.hash()).unwrap_or(&self.template_hash)
    }

    pub(super) fn new_name(&self) -> &str {
        self.new.as_ref().map_or("", |new| new.name())
    }

    /// The ReplicaSet that was last fully promoted.
    pub(super) fn stable(&self) -> Option<&Arc<ReplicaSet>> {
        self.stable.as_ref()
    }

    pub(super) fn by_hash(&self, hash: &str) -> Option<&Arc<ReplicaSet>> {
        self.sets.iter().find(|set| set.hash() == Some(hash))
    }

    /// Neither the new one nor the stable one.
    pub(super) fn others(&self) -> Vec<Arc<ReplicaSet>> {
        let stable = self.stable().map(|set| set.name());
        let kept = |set: &&Arc<ReplicaSet>| set.name() != self.new_name() && Some(set.name()) != stable;
        self.sets.iter().filter(kept).cloned().collect()
    }

    /// Whether the pod template differs from the one whose hash the status has.
    pub(super) fn template_changed(&self) -> bool {
        self.rollout.current_hash().is_some_and(|current| current != self.new_hash())
    }

    /// Upstream takes an abort off a Rollout that is fully promoted.
    pub(super) fn drop_abort_of_promoted(&mut self) {
        if self.rollout.fully_promoted() && self.aborted() {
            self.pause.remove_abort = true;
        }
    }

    /// Whether the update is aborted, with what this pass has decided.
    pub(super) fn aborted(&self) -> bool {
        self.pause.aborted(self.rollout.aborted())
    }

    /// Why all progress is halted: a person paused it, or an analysis was undecided.
    pub(super) fn halted(&self) -> bool {
        self.rollout.paused() || self.pause_condition(super::pause::INCONCLUSIVE).is_some()
    }

    /// Since when it pauses for this reason.
    pub(super) fn pause_condition(&self, reason: &str) -> Option<Option<Timestamp>> {
        let condition =
            self.rollout.pause_conditions().iter().find(|condition| condition.reason == reason)?;
        Some(condition.start_time.as_ref().map(|time| time.0))
    }

    /// Writes `spec.replicas`, as an autoscaler needs it.
    pub(super) fn default_replicas(&self, world: &mut World) -> Result<(), Refusal> {
        world
            .modify(ROLLOUTS, Resource::Rollout, &self.ns, self.name(), |rollout| {
                rollout["spec"]["replicas"] = json!(1);
            })
            .map(drop)
    }

    /// Records an Event about the Rollout.
    pub(super) fn event(&self, world: &mut World, warning: bool, reason: &str, message: &str) {
        let kind = if warning { "Warning" } else { "Normal" };
        world.event(super::COMPONENT, (Resource::Rollout, &self.object), kind, reason, message);
    }

    /// Takes in the Rollout as a write has left it; the status that this pass began with stays.
    pub(super) fn take_in(&mut self, object: &Object) -> Result<(), Refusal> {
        let written = object.read_on(Asked::read)?;
        let status = self.rollout.status.clone();
        self.rollout = Arc::new(Rollout { status, ..Rollout::clone(&written.rollout) });
        self.object = object.clone();
        Ok(())
    }
}

/// The objects of a kind that the Rollout controls, oldest first. They are looked at as what is read of them already.
fn owned<T: Typed>(world: &World, resource: Resource, ns: &str, uid: &str) -> Result<Vec<Arc<T>>, Refusal> {
    let mut found: Vec<Arc<T>> = Vec::new();
    for object in world.store.list(resource, ns) {
        match typed::<T>(object) {
            Ok(one) if controls(uid, one.metadata()) => found.push(one),
            // What belongs to others may be as it likes.
            Ok(_) => {}
            Err(refusal) if object::controlled_by(object, uid) => return Err(refusal),
            Err(_) => {}
        }
    }
    found.sort_by_key(|one| one.metadata().creation_timestamp.clone());
    Ok(found)
}

/// Whether the object with this uid is the controller.
fn controls(uid: &str, metadata: &ObjectMeta) -> bool {
    let owner = metadata.owner_references.iter().flatten().find(|owner| owner.controller == Some(true));
    owner.is_some_and(|owner| owner.uid == uid)
}

/// The ReplicaSet of the hash that the status calls stable.
fn find_stable(
    rollout: &Rollout,
    new: Option<&Arc<ReplicaSet>>,
    sets: &[Arc<ReplicaSet>],
) -> Option<Arc<ReplicaSet>> {
    let hash = rollout.stable_hash()?;
    new.into_iter().chain(sets).find(|set| set.hash() == Some(hash)).cloned()
}

/// The ReplicaSet of a template: by its hash, or by an equal template. The second happens after an undo, which
/// writes a template with the defaults that the API server has filled in.
fn find_new(
    world: &mut World,
    sets: &[Arc<ReplicaSet>],
    hash: &str,
    template: &Value,
) -> Option<Arc<ReplicaSet>> {
    if let Some(set) = sets.iter().find(|set| set.hash() == Some(hash)) {
        return Some(set.clone());
    }
    if sets.is_empty() {
        return None;
    }
    let wanted = defaulted(world, template);
    let equal = |set: &&Arc<ReplicaSet>| {
        let template = set.spec.template.as_ref().map(|template| template.without_hash());
        crate::json::to_value(&template).is_ok_and(|template| template == wanted)
    };
    sets.iter().find(equal).cloned()
}

/// A template with the defaults that it would have in a ReplicaSet, without the hash label.
fn defaulted(world: &mut World, template: &Value) -> Value {
    let mut carrier = json!({
        "metadata": {"name": "template", "namespace": "default"},
        "spec": {"replicas": 0, "selector": {"matchLabels": template["metadata"]["labels"]}, "template": template},
    });
    // A template that the API server would refuse equals none of those it has taken.
    let _ = crate::schema::admit(world, Resource::ReplicaSet, Part::Main, &mut carrier, None);
    let mut template = carrier["spec"]["template"].take();
    if let Some(labels) = template["metadata"]["labels"].as_object_mut() {
        labels.remove(names::POD_TEMPLATE_HASH);
    }
    template
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::Managers;

    /// Reads two states of one object, and the second one by itself.
    fn read<T: Typed + PartialEq + std::fmt::Debug>(first: &Value, second: &Value) {
        let state = |json: &Value| Object::with(json.clone(), Managers::default());
        for held in [false, true] {
            let before = state(first);
            let known = typed::<T>(&before).unwrap();
            let known = held.then_some(known);
            let after = state(second).after(&before);
            assert_eq!(typed::<T>(&after).unwrap(), typed::<T>(&state(second)).unwrap(), "{second}");
            assert!(known.is_none_or(|known| known == typed::<T>(&state(first)).unwrap()), "{first}");
        }
    }

    #[test]
    fn a_state_is_read_the_same_whatever_was_before_it() {
        let set = |replicas: i64, image: &str, ready: i64| {
            json!({
                "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "a", "generation": replicas},
                "spec": {"replicas": replicas, "selector": {}, "minReadySeconds": 1, "template": {
                    "metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": image}]},
                }},
                "status": {"replicas": replicas, "readyReplicas": ready},
            })
        };
        let first = set(1, "x", 0);
        for second in
            [set(1, "x", 1), set(2, "x", 1), set(2, "y", 1), json!({"metadata": {"name": "a"}, "spec": {}})]
        {
            read::<ReplicaSet>(&first, &second);
            read::<ReplicaSet>(&second, &first);
        }
        let run = |count: i64, terminate: bool, phase: &str| {
            json!({
                "metadata": {"name": "a"}, "spec": {"metrics": [{"name": "m", "count": count}], "terminate": terminate},
                "status": {"phase": phase},
            })
        };
        let first = run(1, false, "Running");
        for second in [run(1, false, "Failed"), run(2, false, "Running"), run(1, true, "Running")] {
            read::<AnalysisRun>(&first, &second);
        }
    }
}
