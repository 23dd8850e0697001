//! The order of a blue-green pass. Each step's own rules are in the module that it calls.

use super::pass::Pass;
use super::{analyses, pause, restart, revision, scale, services, status};
use crate::refusal::Refusal;
use crate::world::World;

/// One pass of the strategy.
pub(super) fn reconcile(world: &mut World, pass: &mut Pass) -> Result<(), Refusal> {
    let (mut preview, mut active) = services::targets(world, pass)?;
    revision::sync(world, pass)?;
    // Right after the new version exists, before it has a pod.
    services::reconcile_preview(world, pass, preview.as_mut())?;
    if pass.template_changed() {
        return status::sync(world, pass, preview.as_ref(), &active);
    }
    restart::reconcile(world, pass)?;
    scale::reconcile(world, pass)?;
    pause::reconcile(world, pass, &active);
    services::reconcile_active(world, pass, &mut active)?;
    analyses::reconcile(world, pass)?;
    status::sync(world, pass, preview.as_ref(), &active)
}

/// A pass after `spec.replicas` has changed: sizes only, nothing is promoted.
pub(super) fn sync_replicas_only(world: &mut World, pass: &mut Pass) -> Result<(), Refusal> {
    revision::sync(world, pass)?;
    if services::targets(world, pass).is_err() {
        return Ok(());
    }
    scale::reconcile(world, pass)?;
    status::sync_counts(world, pass)
}
