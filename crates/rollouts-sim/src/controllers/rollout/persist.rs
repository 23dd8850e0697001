//! Writing the status: only when something differs, with phase and message computed last.

use crate::json::Value;
use rollouts_client::phase;
use rollouts_client::types::{Condition, RolloutStatus};

use super::pass::Pass;
use super::{conditions as of_rollout, deadline};
use crate::refusal::Refusal;
use crate::resource::Resource;
use crate::world::World;
use crate::write::ROLLOUTS;

/// Completes and writes the status of a pass. Without a change nothing is written, and the deadline is watched.
pub(super) fn status(world: &mut World, pass: &mut Pass, mut new: RolloutStatus) -> Result<(), Refusal> {
    observe(pass, &mut new);
    deadline::abort(world, pass, &new);
    let old = pass.status().clone();
    pass.pause.apply(&old, &mut new, pass.now);
    of_rollout::calculate(world, pass, &mut new);
    phase(pass, &mut new);
    if !write(world, pass, &new)? {
        deadline::watch(world, pass, &new);
        return Ok(());
    }
    let paused = |status: &RolloutStatus| status.pause_conditions.iter().flatten().next().cloned();
    match (paused(&old), paused(&new)) {
        (None, Some(pause)) => {
            pass.event(world, false, "RolloutPaused", &format!("Rollout is paused ({})", pause.reason));
        }
        // An abort takes the pauses along; that is no resumption.
        (Some(_), None) if new.aborted_at.is_none() => {
            pass.event(world, false, "RolloutResumed", "Rollout is resumed");
        }
        _ => {}
    }
    Ok(())
}

/// Writes conditions into the standing status. Says whether anything changed.
pub(super) fn conditions(world: &mut World, pass: &Pass, list: Vec<Condition>) -> Result<bool, Refusal> {
    let mut new = pass.status().clone();
    for condition in list {
        of_rollout::set(&mut new, condition);
    }
    observe(pass, &mut new);
    phase(pass, &mut new);
    write(world, pass, &new)
}

/// Writes one condition into the standing status and nothing else: neither phase nor observed generation.
pub(super) fn initial(world: &mut World, pass: &mut Pass, condition: Condition) -> Result<(), Refusal> {
    let mut new = pass.status().clone();
    of_rollout::set(&mut new, condition);
    write(world, pass, &new)?;
    pass.set_status(new);
    Ok(())
}

fn observe(pass: &Pass, new: &mut RolloutStatus) {
    new.observed_generation = pass.rollout.metadata.generation.map(|generation| generation.to_string());
}

fn phase(pass: &Pass, new: &mut RolloutStatus) {
    let (phase, message) = phase::computed(&pass.rollout, new);
    new.phase = Some(phase);
    new.message = Some(message);
}

fn write(world: &mut World, pass: &Pass, new: &RolloutStatus) -> Result<bool, Refusal> {
    if new == pass.status() {
        return Ok(false);
    }
    let new = wire(new);
    let standing = pass.wired.clone().unwrap_or_else(|| wire(pass.status()));
    debug_assert_eq!(standing, wire(pass.status()), "what was written is read as it was meant");
    if new == standing {
        return Ok(false);
    }
    pass.asked.sent(&new);
    world.modify_status(ROLLOUTS, Resource::Rollout, &pass.ns, pass.name(), |_| new)?;
    Ok(true)
}

/// The status as upstream writes it: what is zero, false or empty is left out, but for the index of the first step,
/// which is a pointer there.
fn wire(status: &RolloutStatus) -> Value {
    let mut value = crate::json::to_value(status).unwrap_or_default();
    for part in ["blueGreen", "canary"] {
        if let Some(part) = value.get_mut(part) {
            leave_out_zeros(part);
        }
    }
    leave_out_zeros(&mut value);
    value
}

fn leave_out_zeros(value: &mut Value) {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|name, field| match field {
            Value::Null => false,
            Value::Bool(is) => *is,
            Value::Number(number) => number.as_i64() != Some(0) || *name == "currentStepIndex",
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => !items.is_empty(),
            Value::Object(_) => true,
        });
    }
}

#[cfg(test)]
mod tests {
    use rollouts_client::types::BlueGreenStatus;

    use super::*;
    use crate::json::json;

    #[test]
    fn zeros_are_left_out_and_parts_are_kept() {
        let status = RolloutStatus {
            replicas: Some(0),
            current_step_index: Some(0),
            ready_replicas: Some(2),
            message: Some(String::new()),
            conditions: Some(Vec::new()),
            blue_green: Some(BlueGreenStatus {
                active_selector: Some("a".into()),
                preview_selector: Some(String::new()),
                scale_up_preview_check_point: Some(false),
                ..BlueGreenStatus::default()
            }),
            ..RolloutStatus::default()
        };
        assert_eq!(
            wire(&status),
            json!({"currentStepIndex": 0, "readyReplicas": 2, "blueGreen": {"activeSelector": "a"}})
        );
    }

    #[test]
    fn what_was_written_is_written_again_as_it_was() {
        let condition =
            of_rollout::new("Healthy", "False", "Reason", "", "2026-01-01T00:00:00Z".parse().unwrap());
        let mut status = RolloutStatus {
            conditions: Some(vec![condition]),
            abort: Some(true),
            promote_full: Some(false),
            restarted_at: crate::json::from_value(&json!("2026-01-01T00:00:00Z")).unwrap(),
            pause_conditions: crate::json::from_value(&json!([{"reason": "r", "startTime": "2026-01-01T00:00:00Z"}])).unwrap(),
            canary: crate::json::from_value(&json!({"weights": {
                "canary": {"weight": 0, "podTemplateHash": "a", "serviceName": "s"}, "stable": {"weight": 100},
            }})).unwrap(),
            ..RolloutStatus::default()
        };
        status.other.insert("HPAReplicas".to_owned(), 1.into());
        let written = wire(&status);
        let read: RolloutStatus = crate::json::from_value(&written).unwrap();
        assert_eq!(wire(&read).to_string(), written.to_string());
    }
}
