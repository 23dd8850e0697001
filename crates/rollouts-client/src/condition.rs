//! What a Rollout can be waited for: a level that can be read off it, never a change.

use std::fmt;

use crate::phase::{self, Phase};
use crate::types::{ReplicaSet, Rollout};

/// A condition on a Rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// In this phase, as a client sees it ([`phase::of`]).
    Phase(Phase),
    /// In this phase, with a message that contains this text.
    Message(Phase, String),
    /// Healthy: as asked for, stable, and seen by the controller.
    Healthy,
    /// Paused, for whatever reason.
    Paused,
    /// Settled one way or the other: Healthy, Paused or Degraded.
    Settled,
    /// The active Service selects the version that is asked for, as the controller saw it.
    Switched,
    /// Healthy, and only the stable version has pods: the old one's delay is over.
    ScaledDown,
}

impl Condition {
    /// Whether it holds. `replica_sets` are looked at only when [`Condition::wants_replica_sets`].
    pub fn holds(&self, rollout: &Rollout, replica_sets: &[ReplicaSet]) -> bool {
        let (phase, message) = phase::of(rollout);
        match self {
            Condition::Phase(wanted) => phase == *wanted,
            Condition::Message(wanted, text) => phase == *wanted && message.contains(text),
            Condition::Healthy => healthy(rollout, &phase),
            Condition::Paused => phase == Phase::Paused,
            // An abort that the controller has not taken up yet leaves the phase as it was.
            Condition::Settled => match phase {
                Phase::Degraded => true,
                Phase::Healthy | Phase::Paused => !rollout.aborted(),
                _ => false,
            },
            Condition::Switched => switched(rollout),
            Condition::ScaledDown => healthy(rollout, &phase) && only_stable_runs(rollout, replica_sets),
        }
    }

    /// Whether it can only be told from the ReplicaSets too.
    pub fn wants_replica_sets(&self) -> bool {
        matches!(self, Condition::ScaledDown)
    }
}

/// A Rollout without any status reads as Healthy for want of contrary signs; that is not enough here.
fn healthy(rollout: &Rollout, phase: &Phase) -> bool {
    *phase == Phase::Healthy && rollout.current_hash().is_some()
}

fn switched(rollout: &Rollout) -> bool {
    let status = rollout.status.as_ref().and_then(|status| status.blue_green.as_ref());
    let active = status.and_then(|status| status.active_selector.as_deref());
    phase::unobserved(rollout).is_none() && active.is_some() && active == rollout.current_hash()
}

fn only_stable_runs(rollout: &Rollout, replica_sets: &[ReplicaSet]) -> bool {
    let runs = |replica_set: &ReplicaSet| {
        replica_set.desired() > 0 || replica_set.status.as_ref().is_some_and(|status| status.replicas > 0)
    };
    replica_sets
        .iter()
        .filter(|replica_set| runs(replica_set))
        .all(|replica_set| replica_set.hash() == rollout.stable_hash())
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Condition::Phase(phase) => write!(f, "{phase}"),
            Condition::Message(phase, text) => write!(f, "{phase} ({text})"),
            Condition::Healthy => f.write_str("Healthy"),
            Condition::Paused => f.write_str("Paused"),
            Condition::Settled => f.write_str("Healthy, Paused or Degraded"),
            Condition::Switched => f.write_str("switched to its new version"),
            Condition::ScaledDown => f.write_str("Healthy with its old version scaled down"),
        }
    }
}
