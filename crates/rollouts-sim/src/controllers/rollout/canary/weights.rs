//! How much traffic the canary should have: decided from a state, without touching anything.

use super::sizes::{Shares, Sizing};

/// What the Rollout is doing, of which the first that fits counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// Going back to the stable version before the update has ended, with `dynamicStableScale` and a stable
    /// version that is not complete yet.
    GoingBack,
    /// Nothing: the version is the stable one.
    Settled,
    /// Giving the update up.
    Aborting,
    /// Waiting for the first pod of the canary.
    Starting,
    /// Skipping what is left.
    PromotingInFull,
    /// The steps.
    Stepping,
}

/// The weight of the canary now, given the present shares.
pub(super) fn desired(doing: Doing, sizing: &Sizing<'_>, shares: Option<Shares>) -> i32 {
    match doing {
        Doing::GoingBack | Doing::Aborting => backwards(sizing, shares),
        Doing::Settled | Doing::Starting => 0,
        Doing::PromotingInFull if sizing.canary.dynamic_stable_scale => {
            let available = sizing.new.map_or(0, |new| new.available);
            sizing.canary.max_weight() * available / sizing.replicas.max(1)
        }
        Doing::PromotingInFull => shares.map_or(0, |shares| shares.canary),
        Doing::Stepping => forwards(sizing),
    }
}

/// The weight of the steps, or that of the step before while the pods are not there.
fn forwards(sizing: &Sizing<'_>) -> i32 {
    let Some(index) = sizing.canary.index(sizing.at.index) else { return 0 };
    if sizing.at_desired(None) || sizing.at.full {
        return if index == sizing.canary.step_count() {
            sizing.canary.max_weight()
        } else {
            sizing.set_weight()
        };
    }
    let before = usize::try_from(index).unwrap_or(0).min(sizing.canary.steps.len());
    sizing.canary.steps[..before].iter().rev().find_map(|step| step.set_weight).unwrap_or(0)
}

/// At once to nothing, unless the stable version has to grow for it (`dynamicStableScale`).
fn backwards(sizing: &Sizing<'_>, shares: Option<Shares>) -> i32 {
    let (true, Some(stable), Some(_)) =
        (sizing.canary.dynamic_stable_scale && sizing.replicas > 0, sizing.stable, sizing.new)
    else {
        return 0;
    };
    let max = sizing.canary.max_weight();
    let by_steps = sizing.desired_weight();
    let carried = max * stable.available / sizing.replicas;
    let not_carried = (max - carried).max(0);
    let Some(shares) = shares else { return not_carried.max(by_steps) };
    if by_steps <= 0 {
        not_carried.min(shares.canary)
    } else if carried < max - by_steps {
        shares.canary
    } else {
        by_steps.min(shares.canary)
    }
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::super::sizes::{At, Set};
    use super::super::spec::Canary;
    use super::*;

    fn canary(dynamic: bool) -> Canary {
        let steps = json!([{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {}}]);
        crate::json::from_value(&json!({"trafficRouting": {}, "dynamicStableScale": dynamic, "steps": steps}))
            .unwrap()
    }

    #[test]
    fn the_weight_follows_the_pods() {
        // Index, pods of the canary as (asked for, available), the weight.
        for (index, pods, want, why) in [
            (0, (1, 1), 25, "the pod is there"),
            (0, (0, 0), 0, "no pod yet"),
            (1, (1, 1), 25, "a pause keeps the weight"),
            (2, (1, 1), 25, "the second pod is not there yet: the weight before"),
            (2, (2, 1), 25, "nor available"),
            (2, (2, 2), 50, "now it is"),
            (4, (2, 2), 50, "behind the last step, waiting for all"),
            (4, (4, 4), 100, "all of it"),
        ] {
            let canary = canary(false);
            let set = |(desired, available)| Some(Set { desired, available, created: desired });
            let sizing = Sizing {
                canary: &canary,
                at: At { index: Some(index), ..At::default() },
                replicas: 4,
                new: set(pods),
                stable: set((4, 4)),
                apart: true,
                others: Set::default(),
            };
            assert_eq!(desired(Doing::Stepping, &sizing, None), want, "{why}");
            for (doing, want) in [(Doing::Settled, 0), (Doing::Starting, 0), (Doing::Aborting, 0)] {
                assert_eq!(desired(doing, &sizing, Some(Shares { canary: 25, stable: 75 })), want);
            }
            let full = desired(Doing::PromotingInFull, &sizing, Some(Shares { canary: 25, stable: 75 }));
            assert_eq!(full, 25, "a full promotion keeps the weight until all pods are there");
        }
    }

    #[test]
    fn an_abort_waits_for_a_stable_version_that_has_to_grow() {
        for (stable, new, present, want, why) in [
            (2, 2, 50, 50, "the stable version carries no more yet"),
            (3, 2, 50, 25, "down to the step that it carries"),
            (4, 1, 25, 0, "all of it"),
            (3, 1, 25, 25, "not yet"),
            (4, 0, 0, 0, "stays down"),
        ] {
            let canary = canary(true);
            let set = |available| Some(Set { desired: available, available, created: available });
            let sizing = Sizing {
                canary: &canary,
                at: At { aborted: true, ..At::default() },
                replicas: 4,
                new: set(new),
                stable: set(stable),
                apart: true,
                others: Set::default(),
            };
            let shares = Some(Shares { canary: present, stable: 100 - present });
            assert_eq!(desired(Doing::Aborting, &sizing, shares), want, "{why}");
        }
    }
}
