//! The Rollouts controller: one pass over one Rollout, in upstream's order of effects.
//!
//! The order matters more than the outcome: which write comes first decides what a person, a watch or a request
//! sees in between, and two known defects of upstream are nothing but order. So a pass here has the same steps
//! in the same order as argo-rollouts 1.10.2, works on the objects as they were when it began (as upstream does on
//! its caches), and stops after the same writes. What it decides is in pure functions of [`pass::Pass`]; what it
//! does goes through the world's write rules like any client's request.
//!
//! Not carried out, and refused at admission: workloadRef, anti-affinity, ephemeral metadata, experiments, step
//! plugins, ping-pong Services, and every traffic router but nginx'. There is no
//! periodic resync: everything that can change by itself has a deadline of its own.

mod analyses;
mod annotations;
mod blue_green;
mod canary;
mod conditions;
mod deadline;
mod hash;
mod pass;
mod pause;
mod persist;
mod restart;
mod revision;
mod scale;
mod services;
mod status;
mod typed;
mod validate;

use std::time::Duration;

use crate::queue::Work;
use crate::refusal::Refusal;
use crate::resource::Resource;
use crate::store::Object;
use crate::world::World;

use self::pass::Pass;

/// What upstream's Events name as their source.
const COMPONENT: &str = "rollouts-controller";
/// How soon a Rollout whose spec is invalid is looked at again: the Service it names may just be late.
const INVALID_AGAIN: Duration = Duration::from_secs(20);
/// How soon a pass that met a refusal is tried again. Upstream's limiter begins lower and doubles.
const REFUSED_AGAIN: Duration = Duration::from_secs(1);

/// Looks at one Rollout.
pub(super) fn run(world: &mut World, ns: &str, name: &str) {
    let Some(object) = world.store.get(Resource::Rollout, ns, name).cloned() else {
        services::release(world, ns, name);
        return;
    };
    if crate::object::deleting(&object) {
        return;
    }
    let again = || Work::Rollout { ns: ns.to_owned(), name: name.to_owned() };
    if let Err(refusal) = reconcile(world, &object) {
        tracing::debug!(rollout = name, "a write was refused: {refusal}");
        world.queue.after(REFUSED_AGAIN, again());
    }
}

fn reconcile(world: &mut World, object: &Object) -> Result<(), Refusal> {
    let mut pass = Pass::begin(world, object)?;
    if pass.rollout.status.is_none() && pass.rollout.revision() == 0 {
        let message = format!("Rollout resource added to informer: {}/{}", pass.ns, pass.name());
        pass.event(world, false, "RolloutAddedToInformer", &message);
    }
    if let Some(fault) = validate::standing_fault(world, &pass) {
        validate::report(world, &mut pass, &fault)?;
        world.queue.after(INVALID_AGAIN, pass.work());
        return Ok(());
    }
    if pass.new.is_none() {
        // What this writes brings the next pass.
        return revision::create(world, &mut pass);
    }
    pass.drop_abort_of_promoted();
    if pass.rollout.spec.replicas.is_none() {
        return pass.default_replicas(world);
    }
    if conditions::note_pause(world, &mut pass)? {
        return Ok(());
    }
    revision::sync(world, &mut pass)?;
    let scaling = scale::is_scaling(&pass);
    match pass.canary.clone() {
        Some(canary) if scaling => canary::sync_replicas_only(world, &mut pass, &canary),
        Some(canary) => canary::reconcile(world, &mut pass, &canary),
        None if scaling => blue_green::sync_replicas_only(world, &mut pass),
        None => blue_green::reconcile(world, &mut pass),
    }
}
