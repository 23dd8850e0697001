//! Carrying a plan out, in small steps that each look first.

use jiff::Timestamp;

use super::decide::{Mechanism, Plan, decide};
use super::error::{Cause, RollbackError};
use super::report::{Deed, Report};
use super::state::{Facts, State, argo_cd, skips};
use super::way::Way;
use super::{Order, cannot_restore};
use crate::client::{Error, Rollouts};
use crate::proof;
use crate::types::{PodTemplate, Rollout, application_name};
use crate::{phase, revision, wait};

/// What a rollback would do now, and nothing done.
///
/// # Errors
/// When there is no way back from here, or something cannot be read.
pub async fn plan(rollouts: &Rollouts, name: &str) -> Result<Plan, Cause> {
    let facts = facts(rollouts, name).await?;
    Ok(decide(&State::of(&facts, rollouts.pace().now()))?)
}

/// Rolls back, and returns only when it is proven.
///
/// # Errors
/// When there is no way back from here, when a step does not succeed in time, or when the proof fails. The
/// error says what was done by then.
pub async fn run(rollouts: &Rollouts, order: &Order) -> Result<Report, RollbackError> {
    let mut did = Vec::new();
    let mut ended = Box::pin(attempt(rollouts, order, &mut did)).await;
    if matches!(ended, Err(Cause::TakenBack)) {
        // It is fully promoted now, and there is another way back from that.
        ended = Box::pin(attempt(rollouts, order, &mut did)).await;
    }
    ended.map_err(|cause| RollbackError { name: order.name.clone(), did, cause })
}

async fn attempt(rollouts: &Rollouts, order: &Order, did: &mut Vec<Deed>) -> Result<Report, Cause> {
    let until = rollouts.pace().now().checked_add(order.within).unwrap_or(Timestamp::MAX);
    let facts = Box::pin(observed(rollouts, order)).await?;
    let state = State::of(&facts, rollouts.pace().now());
    let plan = decide(&state)?;
    tracing::info!(rollout = order.name, %plan, "rolling back");
    let (to, halted, unseen) = (&plan.to, state.halted, Vec::new());
    let mut way = Way { rollouts, order, facts: &facts, to, halted, until, did, unseen };
    match plan.mechanism {
        Mechanism::Nothing => {}
        Mechanism::Abort | Mechanism::AbortAndResume if state.canary.is_some() => {
            Box::pin(way.leave_canary(plan.mechanism)).await?;
        }
        Mechanism::Abort | Mechanism::AbortAndSwitch | Mechanism::AbortAndResume => way.abort().await?,
        Mechanism::Divert => Box::pin(way.divert()).await?,
        Mechanism::Repair | Mechanism::RepairStable => way.repair().await?,
        Mechanism::Undo | Mechanism::UndoAndPromote => Box::pin(way.undo(plan.mechanism)).await?,
    }
    let (reached, unseen) = (way.reached(), std::mem::take(&mut way.unseen));
    let proof = proof::prove(rollouts, &facts.rollout, &reached, order.probe.as_ref(), way.left()).await?;
    Ok(Report {
        name: order.name.clone(),
        did: std::mem::take(did),
        proof,
        unseen,
        cannot_restore: unrestored(&facts, &plan),
        next: next(&facts, &plan),
        plan,
    })
}

/// The facts once the controller has seen the spec, or as they are when it does not in time.
async fn observed(rollouts: &Rollouts, order: &Order) -> Result<Facts, Error> {
    let look = || async {
        let facts = facts(rollouts, &order.name).await?;
        Ok::<_, Error>(phase::generation_observed(&facts.rollout).then_some(facts))
    };
    match wait::in_time(rollouts.pace(), order.grace, "the controller to see the spec", look).await? {
        Some(facts) => Ok(facts),
        None => facts(rollouts, &order.name).await,
    }
}

async fn facts(rollouts: &Rollouts, name: &str) -> Result<Facts, Error> {
    let rollout = rollouts.get(name).await?;
    let replica_sets = rollouts.replica_sets(&rollout).await?;
    let active = match users_service(&rollout) {
        Some(service) => Some(rollouts.service(service).await?),
        None => None,
    };
    let events = rollouts.events(&rollout).await?;
    let application = match argo_cd(&rollout) {
        // Most people may not read it; then it is taken to do its work.
        Some(mark) => rollouts.application(application_name(&mark)).await.unwrap_or_default(),
        None => None,
    };
    Ok(Facts { rollout, replica_sets, active, events, application })
}

/// The Service that users reach, whatever the strategy.
pub(super) fn users_service(rollout: &Rollout) -> Option<&str> {
    let strategy = &rollout.spec.strategy;
    match (&strategy.blue_green, &strategy.canary) {
        (Some(blue_green), _) => Some(&blue_green.active_service),
        (None, canary) => canary.as_ref()?.stable_service.as_deref(),
    }
}

fn unrestored(facts: &Facts, plan: &Plan) -> Vec<String> {
    let template = |hash: &str| -> Option<&PodTemplate> {
        revision::by_hash(&facts.replica_sets, hash)?.spec.template.as_ref()
    };
    let left = plan.from.as_ref().and_then(|from| template(&from.hash));
    template(&plan.to.hash).map(|good| cannot_restore(left, good)).unwrap_or_default()
}

/// What is left to people: a spec that still asks for the bad version.
fn next(facts: &Facts, plan: &Plan) -> Option<String> {
    let rollout = &facts.rollout;
    let asks_for_bad = rollout.current_hash() != Some(&plan.to.hash);
    let mut next = Vec::new();
    match plan.mechanism {
        Mechanism::Undo | Mechanism::UndoAndPromote if skips(facts.application.as_ref()) => next.push(
            "Argo CD was told to leave its application alone (skip-reconcile): change Git before that ends, or it brings the left version back",
        ),
        Mechanism::Undo | Mechanism::UndoAndPromote => {
            next.push("the source of the manifest still has the left version: change it there too, or the next apply brings it back");
        }
        _ if asks_for_bad => {
            next.push(
                "the Rollout still asks for the left version and stays Degraded until it is fixed or undone",
            );
        }
        _ => {}
    }
    let resumed =
        matches!(plan.mechanism, Mechanism::Undo | Mechanism::UndoAndPromote | Mechanism::AbortAndResume);
    if rollout.paused() && !resumed {
        next.push("it is still paused (spec.paused)");
    }
    (!next.is_empty()).then(|| next.join("; "))
}
