//! The conditions of a Rollout: Available, Progressing, Paused, Healthy, Completed, ReplicaFailure, InvalidSpec.

use jiff::Timestamp;
use rollouts_client::types::{Condition, RolloutStatus};

use super::pass::Pass;
use super::{deadline, persist, status};
use crate::controllers::time::{parse, stamp};
use crate::refusal::Refusal;
use crate::world::World;

const UPDATED: &str = "lastUpdateTime";
const TRANSITION: &str = "lastTransitionTime";

/// A condition as of now.
pub(super) fn new(kind: &str, status: &str, reason: &str, message: &str, now: Timestamp) -> Condition {
    let mut condition = Condition {
        type_: kind.to_owned(),
        status: Some(status.to_owned()),
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        ..Condition::default()
    };
    condition.other.insert(UPDATED.to_owned(), stamp(now).into());
    condition.other.insert(TRANSITION.to_owned(), stamp(now).into());
    condition
}

/// A failure of a ReplicaSet as a condition of the Rollout.
pub(super) fn from_replica_set(failure: &Condition) -> Condition {
    let mut condition = failure.clone();
    if let Some(since) = failure.other.get(TRANSITION).cloned() {
        condition.other.insert(UPDATED.to_owned(), since);
    }
    condition
}

pub(super) fn get<'a>(status: &'a RolloutStatus, kind: &str) -> Option<&'a Condition> {
    status.conditions.iter().flatten().find(|condition| condition.type_ == kind)
}

pub(super) fn reason<'a>(status: &'a RolloutStatus, kind: &str) -> Option<&'a str> {
    get(status, kind)?.reason.as_deref()
}

fn is_true(status: &RolloutStatus, kind: &str) -> bool {
    get(status, kind).is_some_and(|condition| condition.status.as_deref() == Some("True"))
}

/// When a condition was last confirmed.
pub(super) fn updated(condition: &Condition) -> Option<Timestamp> {
    parse(condition.other.get(UPDATED)?.as_str()?)
}

/// The same as [`set`] of a [`new`] one, which most are not, so that they are not made.
fn put(
    status: &mut RolloutStatus,
    (kind, holds, reason): (&str, &str, &str),
    message: &str,
    now: Timestamp,
) -> bool {
    let stands = get(status, kind).is_some_and(|standing| {
        standing.status.as_deref() == Some(holds) && standing.reason.as_deref() == Some(reason)
    });
    !stands && set(status, new(kind, holds, reason, message, now))
}

/// Sets a condition unless it stands with the same status and reason; says whether it did. A changed message alone
/// changes nothing.
pub(super) fn set(status: &mut RolloutStatus, mut condition: Condition) -> bool {
    if let Some(standing) = get(status, &condition.type_) {
        if standing.status == condition.status && standing.reason == condition.reason {
            return false;
        }
        if let Some(since) = standing.other.get(TRANSITION).filter(|_| standing.status == condition.status) {
            condition.other.insert(TRANSITION.to_owned(), since.clone());
        }
    }
    remove(status, &condition.type_);
    status.conditions.get_or_insert_default().push(condition);
    true
}

pub(super) fn remove(status: &mut RolloutStatus, kind: &str) {
    if let Some(conditions) = &mut status.conditions {
        conditions.retain(|condition| condition.type_ != kind);
    }
}

/// Notes a pause that began or ended, and an abort that was taken back, so that the time paused does not count as
/// lack of progress. Says whether it wrote; then the next pass goes on.
pub(super) fn note_pause(world: &mut World, pass: &mut Pass) -> Result<bool, Refusal> {
    let due = pause_notes(pass.status(), pass.rollout.paused(), pass.now);
    if due.is_empty() {
        return Ok(false);
    }
    persist::conditions(world, pass, due)
}

fn pause_notes(standing: &RolloutStatus, by_a_person: bool, now: Timestamp) -> Vec<Condition> {
    let progress = reason(standing, "Progressing");
    let aborted = progress == Some("RolloutAborted");
    let paused = by_a_person || standing.pause_conditions.iter().flatten().next().is_some();
    let mut due = Vec::new();
    if paused != (progress == Some("RolloutPaused")) && !aborted && !status::completed(standing) {
        due.push(if paused {
            new("Progressing", "Unknown", "RolloutPaused", "Rollout is paused", now)
        } else {
            new("Progressing", "Unknown", "RolloutResumed", "Rollout is resumed", now)
        });
    }
    if standing.abort != Some(true) && aborted {
        due.push(new("Progressing", "Unknown", "RolloutRetry", "Retrying Rollout after abort", now));
    }
    if paused != is_true(standing, "Paused") && !aborted {
        let holds = if paused { "True" } else { "False" };
        due.push(new("Paused", holds, "RolloutPaused", "Rollout is paused", now));
    }
    due
}

/// Brings all conditions of a new status up to date, with the Events that belong to their turns.
pub(super) fn calculate(world: &mut World, pass: &Pass, new_status: &mut RolloutStatus) {
    let became_unhealthy = health(pass, new_status);
    let aborted = pass.aborted();
    if aborted {
        abort(world, pass, new_status);
    } else {
        progress(pass, new_status, became_unhealthy);
    }
    let (holds, message) = if status::available(pass, new_status) {
        ("True", "Rollout has minimum availability")
    } else {
        ("False", "Rollout does not have minimum availability")
    };
    put(new_status, ("Available", holds, "AvailableReason"), message, pass.now);
    match status::replica_failure(pass) {
        Some(failure) => {
            set(new_status, failure);
        }
        None => remove(new_status, "ReplicaFailure"),
    }
    completion(world, pass, new_status);
}

/// Says whether a healthy Rollout has just stopped being so.
fn health(pass: &Pass, new_status: &mut RolloutStatus) -> bool {
    let paused = pass.rollout.paused() || new_status.pause_conditions.iter().flatten().next().is_some();
    if !paused && status::healthy(pass, new_status) {
        put(new_status, ("Healthy", "True", "RolloutHealthy"), "Rollout is healthy", pass.now);
        return false;
    }
    get(pass.status(), "Healthy").is_some()
        && put(new_status, ("Healthy", "False", "RolloutHealthy"), "Rollout is not healthy", pass.now)
}

fn abort(world: &mut World, pass: &Pass, new_status: &mut RolloutStatus) {
    let mut message = format!("Rollout aborted update to revision {}", pass.rollout.revision());
    if let Some(why) = pass.pause.add_abort.as_ref().filter(|why| !why.is_empty()) {
        message = format!("{message}: {why}");
    }
    if put(new_status, ("Progressing", "False", "RolloutAborted"), &message, pass.now) {
        pass.event(world, true, "RolloutAborted", &message);
    }
}

fn progress(pass: &Pass, new_status: &mut RolloutStatus, became_unhealthy: bool) {
    let set_name = pass.new_name();
    if status::healthy(pass, new_status) {
        let message = format!("ReplicaSet \"{set_name}\" has successfully progressed.");
        put(new_status, ("Progressing", "True", "NewReplicaSetAvailable"), &message, pass.now);
    } else if status::progressing(pass.status(), new_status) || became_unhealthy {
        let condition = if became_unhealthy && status::completed(new_status) {
            let message = "Rollout does not have minimum availability";
            new("Progressing", "True", "ReplicaSetNotAvailable", message, pass.now)
        } else {
            let message = format!("ReplicaSet \"{set_name}\" is progressing.");
            new("Progressing", "True", "ReplicaSetUpdated", &message, pass.now)
        };
        confirm(pass, new_status, condition);
    } else if !deadline::indefinite(pass)
        && !super::scale::waits_for_deadline(pass)
        && deadline::passed(pass, new_status)
    {
        let message = deadline::message(pass);
        put(new_status, ("Progressing", "False", "ProgressDeadlineExceeded"), &message, pass.now);
    }
}

/// Sets `Progressing` even if it stands: any progress renews its time, from which the deadline counts.
fn confirm(pass: &Pass, new_status: &mut RolloutStatus, mut condition: Condition) {
    if let Some(standing) = get(pass.status(), "Progressing") {
        if let Some(since) =
            standing.other.get(TRANSITION).filter(|_| standing.status.as_deref() == Some("True"))
        {
            condition.other.insert(TRANSITION.to_owned(), since.clone());
        }
        remove(new_status, "Progressing");
    }
    set(new_status, condition);
}

fn completion(world: &mut World, pass: &Pass, new_status: &mut RolloutStatus) {
    let is = |holds: &'static str| ("Completed", holds, "RolloutCompleted");
    if status::completed(new_status) {
        put(new_status, is("True"), "RolloutCompleted", pass.now);
    } else if put(new_status, is("False"), "RolloutCompleted", pass.now) {
        let revision = pass.rollout.revision();
        let hash = new_status.current_pod_hash.as_deref().unwrap_or_default();
        let message = format!("Rollout not completed, started update to revision {revision} ({hash})");
        pass.event(world, false, "RolloutNotCompleted", &message);
    }
}

#[cfg(test)]
mod tests {
    use rollouts_client::types::PauseCondition;

    use super::*;

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_condition_changes_only_with_its_status_or_reason() {
        let mut status = RolloutStatus::default();
        assert!(set(&mut status, new("A", "True", "r", "m", now())));
        let later = crate::queue::later(now(), std::time::Duration::from_secs(5));
        assert!(!set(&mut status, new("A", "True", "r", "other", later)));
        assert!(set(&mut status, new("A", "True", "other", "m", later)));
        let standing = get(&status, "A").unwrap();
        assert_eq!(standing.other[TRANSITION], stamp(now()), "the status has not changed");
        assert_eq!(updated(standing), Some(later));
    }

    #[test]
    fn pauses_are_noted_once() {
        let with = |progress: &str, paused: bool, noted: &str| {
            let mut status = RolloutStatus::default();
            set(&mut status, new("Progressing", "True", progress, "", now()));
            if !noted.is_empty() {
                set(&mut status, new("Paused", noted, "RolloutPaused", "", now()));
            }
            status.pause_conditions = paused.then(|| vec![PauseCondition::default()]);
            status
        };
        for (name, standing, by_a_person, expected) in [
            ("at rest", with("ReplicaSetUpdated", false, "False"), false, vec![]),
            ("begun", with("ReplicaSetUpdated", true, ""), false, vec!["RolloutPaused", "Paused=True"]),
            ("noted", with("RolloutPaused", true, "True"), false, vec![]),
            ("ended", with("RolloutPaused", false, "True"), false, vec!["RolloutResumed", "Paused=False"]),
            ("by a person", with("ReplicaSetUpdated", false, ""), true, vec!["RolloutPaused", "Paused=True"]),
            ("retried", with("RolloutAborted", false, ""), false, vec!["RolloutRetry"]),
        ] {
            let notes: Vec<String> = pause_notes(&standing, by_a_person, now())
                .into_iter()
                .map(|condition| match condition.type_.as_str() {
                    "Paused" => format!("Paused={}", condition.status.unwrap()),
                    _ => condition.reason.unwrap(),
                })
                .collect();
            assert_eq!(notes, expected, "{name}");
        }
    }
}
