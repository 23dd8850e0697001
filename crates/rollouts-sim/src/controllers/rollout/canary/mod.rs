//! The canary strategy: the order of its pass. Each step's own rules are in the module that it calls.
//!
//! - [`spec`]: what the strategy asks for
//! - [`sizes`], [`weights`]: the arithmetic of pods and of traffic, pure
//! - [`services`], [`traffic`], [`scale`], [`pause`], [`status`]: the steps of a pass, in upstream's order
//! - [`validate`]: what makes a canary's spec invalid
//!
//! Upward the pods come first and the weight after them; downward the weight comes first. That is nothing but the
//! order of these calls: services and weight look at the pods as they were before this pass scales them.

mod pause;
mod scale;
pub(super) mod services;
mod sizes;
pub(super) mod spec;
mod status;
mod traffic;
pub(super) mod validate;
mod weights;

pub(super) use self::status::{available, healthy, progressing};

use std::sync::Arc;

use self::sizes::{At, Set, Shares, Sizing};
use self::spec::Canary;
use super::pass::Pass;
use super::{analyses, restart, revision, scale as sets};
use crate::refusal::Refusal;
use crate::world::World;
use rollouts_client::types::{ReplicaSet, TrafficWeights};

/// One pass of the strategy.
pub(super) fn reconcile(world: &mut World, pass: &mut Pass, canary: &Canary) -> Result<(), Refusal> {
    if pass.template_changed() || status::steps_changed(pass) {
        revision::sync(world, pass)?;
        return status::sync(world, pass, canary);
    }
    revision::sync(world, pass)?;
    if restart::reconcile(world, pass)? > 0 {
        // What is available now is known in the next pass only.
        return Ok(());
    }
    sets::forget(world, pass, &pass.others())?;
    services::reconcile(world, pass, canary)?;
    traffic::reconcile(world, pass, canary)?;
    analyses::reconcile(world, pass)?;
    let undecided = !pass.pause.add.is_empty();
    // Each of these ends the pass when it has something to wait for.
    let _ = undecided || scale::reconcile(world, pass, canary)? || pause::reconcile(world, pass, canary);
    status::sync(world, pass, canary)
}

/// A pass after `spec.replicas` has changed: sizes only, no step is completed.
pub(super) fn sync_replicas_only(world: &mut World, pass: &mut Pass, canary: &Canary) -> Result<(), Refusal> {
    revision::sync(world, pass)?;
    scale::reconcile(world, pass, canary)?;
    status::sync_counts(world, pass)
}

impl Set {
    fn of(set: &Arc<ReplicaSet>) -> Set {
        Set { desired: set.desired(), available: set.available(), created: sets::created(set) }
    }
}

impl Shares {
    fn of(weights: Option<&TrafficWeights>) -> Option<Shares> {
        weights.map(|weights| Shares { canary: weights.canary.weight, stable: weights.stable.weight })
    }
}

/// The pass as the arithmetic sees it.
fn sizing<'a>(pass: &Pass, canary: &'a Canary) -> Sizing<'a> {
    let status = pass.rollout.status.as_ref();
    let others = pass.others().iter().map(Set::of).fold(Set::default(), |sum, set| Set {
        desired: sum.desired + set.desired,
        available: sum.available + set.available,
        created: sum.created + set.created,
    });
    Sizing {
        canary,
        at: At {
            full: status.and_then(|status| status.promote_full) == Some(true),
            settled: pass.rollout.stable_hash().is_none() || pass.rollout.fully_promoted(),
            aborted: pass.rollout.aborted(),
            index: status.and_then(|status| status.current_step_index),
        },
        replicas: pass.rollout.replicas(),
        new: pass.new.as_ref().map(Set::of),
        stable: pass.stable().map(Set::of),
        apart: apart(pass),
        others,
    }
}

/// Whether the stable version is there and another than the new one.
fn apart(pass: &Pass) -> bool {
    pass.stable().is_some_and(|stable| pass.new.as_ref().is_none_or(|new| new.name() != stable.name()))
}
