//! Pausing and aborting: what a pass plans, and what it makes of the status.

use std::time::Duration;

use jiff::Timestamp;
use rollouts_client::types::{PauseCondition, RolloutStatus, Time};

use super::pass::Pass;
use super::{analyses, scale, services};
use crate::queue::later;
use crate::world::World;

pub(super) const BLUE_GREEN: &str = "BlueGreenPause";
pub(super) const CANARY: &str = "CanaryPauseStep";
pub(super) const INCONCLUSIVE: &str = "InconclusiveAnalysisRun";

/// What a pass has decided about pauses and aborts.
#[derive(Debug, Default)]
pub(super) struct PausePlan {
    pub(super) add: Vec<&'static str>,
    pub(super) remove: Vec<&'static str>,
    pub(super) clear: bool,
    pub(super) add_abort: Option<String>,
    pub(super) remove_abort: bool,
}

impl PausePlan {
    /// Whether the update is aborted, given whether the status says so.
    pub(super) fn aborted(&self, stands: bool) -> bool {
        !self.remove_abort && (self.add_abort.is_some() || stands)
    }

    /// Writes abort and pauses into a status that was built from nothing, given the standing one.
    pub(super) fn apply(&self, old: &RolloutStatus, new: &mut RolloutStatus, now: Timestamp) {
        // An abort that this pass adds stands even beside its removal, as upstream has it.
        if self.add_abort.is_some() || (!self.remove_abort && old.abort == Some(true)) {
            new.abort = Some(true);
            new.aborted_at = old.aborted_at.clone().or(Some(Time(now)));
            return;
        }
        if self.clear {
            return;
        }
        let standing = old.pause_conditions.as_deref().unwrap_or(&[]);
        let mut conditions: Vec<PauseCondition> =
            standing.iter().filter(|c| !self.remove.contains(&c.reason.as_str())).cloned().collect();
        let mut paused = old.controller_pause;
        for reason in self.add.iter().filter(|reason| !standing.iter().any(|c| c.reason == **reason)) {
            let start_time = Some(Time(now));
            conditions.push(PauseCondition {
                reason: (*reason).to_owned(),
                start_time,
                ..PauseCondition::default()
            });
            paused = Some(true);
        }
        if !conditions.is_empty() {
            new.controller_pause = paused;
            new.pause_conditions = Some(conditions);
        }
    }
}

/// Whether the pause before promotion is over: a person promoted, or the time has passed, or there is none.
pub(super) fn completed(pass: &Pass) -> bool {
    let strategy = pass.strategy();
    let since = pass.pause_condition(BLUE_GREEN);
    if !pass.pause.add.is_empty() {
        return false;
    }
    if pass.blue_green_status().scale_up_preview_check_point == Some(true) {
        return true;
    }
    if !strategy.promotes_by_itself() {
        return pass.rollout.controller_paused() && since.is_none();
    }
    let wait = seconds(strategy.auto_promotion_seconds.unwrap_or(0));
    if wait.is_zero() {
        return true;
    }
    since.flatten().is_some_and(|since| pass.now > later(since, wait))
}

/// Pauses before promotion, or ends the pause.
pub(super) fn reconcile(world: &mut World, pass: &mut Pass, active: &services::Target) {
    if pass.rollout.aborted() || !scale::ready_for_pause(pass) || pass.halted() {
        return;
    }
    let strategy = pass.strategy();
    let wait = strategy.auto_promotion_seconds.unwrap_or(0);
    let unpaused = services::fast_tracked(pass, active)
        || pass.blue_green_status().scale_up_preview_check_point == Some(true)
        || (strategy.promotes_by_itself() && wait == 0);
    if unpaused {
        pass.pause.remove.push(BLUE_GREEN);
        return;
    }
    if !analyses::pre_completed(pass) {
        return;
    }
    match pass.pause_condition(BLUE_GREEN) {
        Some(_) if completed(pass) => pass.pause.remove.push(BLUE_GREEN),
        Some(since) => {
            if let Some(since) = since.filter(|_| wait > 0) {
                // The pause is over strictly after its end.
                let end = later(since, seconds(wait) + Duration::from_millis(1));
                world.queue.schedule(end, pass.work());
            }
        }
        // A pause that stands without its condition was ended by a person.
        None if !pass.rollout.controller_paused() => pass.pause.add.push(BLUE_GREEN),
        None => {}
    }
}

pub(super) fn seconds(value: i32) -> Duration {
    Duration::from_secs(u64::try_from(value).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(reason: &str) -> PauseCondition {
        PauseCondition { reason: reason.to_owned(), ..PauseCondition::default() }
    }

    #[test]
    fn plans_become_status() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let paused = RolloutStatus {
            controller_pause: Some(true),
            pause_conditions: Some(vec![condition(BLUE_GREEN)]),
            ..RolloutStatus::default()
        };
        let promoted = RolloutStatus { controller_pause: Some(true), ..RolloutStatus::default() };
        let aborted = RolloutStatus { abort: Some(true), ..RolloutStatus::default() };
        let plan = |add: &[&'static str], remove: &[&'static str]| PausePlan {
            add: add.to_vec(),
            remove: remove.to_vec(),
            ..PausePlan::default()
        };
        let abort = PausePlan { add_abort: Some("why".into()), ..PausePlan::default() };
        let forgive = PausePlan { remove_abort: true, ..PausePlan::default() };
        let none = RolloutStatus::default();
        for (name, plan, old, reasons, controller, aborts) in [
            ("nothing", plan(&[], &[]), &none, vec![], false, false),
            ("a pause begins", plan(&[BLUE_GREEN], &[]), &none, vec![BLUE_GREEN], true, false),
            ("a pause stands", plan(&[BLUE_GREEN], &[]), &paused, vec![BLUE_GREEN], true, false),
            ("a pause ends", plan(&[], &[BLUE_GREEN]), &paused, vec![], false, false),
            ("a promotion is taken note of", plan(&[], &[]), &promoted, vec![], false, false),
            ("an abort ends all pauses", abort, &paused, vec![], false, true),
            ("an abort stands", plan(&[], &[]), &aborted, vec![], false, true),
            ("an abort is forgiven", forgive, &aborted, vec![], false, false),
        ] {
            let mut new = RolloutStatus::default();
            plan.apply(old, &mut new, now);
            let got: Vec<&str> = new.pause_conditions.iter().flatten().map(|c| c.reason.as_str()).collect();
            assert_eq!(got, reasons, "{name}");
            assert_eq!(new.controller_pause == Some(true), controller, "{name}");
            assert_eq!(new.abort == Some(true), aborts, "{name}");
        }
    }
}
