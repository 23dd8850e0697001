//! One pass: the objects as they were when it began, and what it has decided so far.

use std::sync::{Arc, LazyLock};

use crate::json::{Value, json};
use jiff::Timestamp;
use rollouts_client::names;
use rollouts_client::types::{
    AnalysisRun, BlueGreenStatus, BlueGreenStrategy, ReplicaSet, Rollout, RolloutAnalysisRunStatus,
    RolloutStatus, Time, TrafficWeights,
};

use super::canary::spec::Canary;
use super::pause::PausePlan;
use super::typed::{Asked, Typed, typed};
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
        let template_hash = asked.of_spec.template_hash.clone();
        let new = find_new(world, &sets, &template_hash, &object["spec"]["template"]);
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
            canary: asked.of_spec.canary.clone(),
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
            template_hash,
            step_hash: asked.of_spec.step_hash.clone(),
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

    pub(super) fn set_status(&mut self, status: RolloutStatus) {
        Arc::make_mut(&mut self.rollout).status = Some(status);
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
        let hash = self.rollout.stable_hash()?;
        self.new.as_ref().filter(|new| new.hash() == Some(hash)).or_else(|| self.by_hash(hash))
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

/// The objects of a kind that the Rollout controls, oldest first.
fn owned<T: Typed>(world: &World, resource: Resource, ns: &str, uid: &str) -> Result<Vec<Arc<T>>, Refusal> {
    let mut objects: Vec<&Object> =
        world.store.list(resource, ns).filter(|object| object::controlled_by(object, uid)).collect();
    objects.sort_by_key(|object| object::text(object, "/metadata/creationTimestamp"));
    objects.into_iter().map(typed).collect()
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
