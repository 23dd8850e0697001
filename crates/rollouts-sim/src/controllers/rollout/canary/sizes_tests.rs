//! The tables by which upstream defines its arithmetic (argo-rollouts 1.10.2, utils/replicaset): the same inputs,
//! the same results.

use crate::json::{Value, json};

use super::*;

/// A canary of one step, and the state of its Rollout.
#[derive(Clone)]
struct Case {
    spec: Value,
    at: At,
    replicas: i32,
    others: Set,
}

/// `replicas` pods at the step `setWeight: weight`.
fn at(replicas: i32, weight: i32) -> Case {
    let spec = json!({"maxSurge": 0, "maxUnavailable": 0, "steps": [{"setWeight": weight}]});
    Case { spec, at: At::default(), replicas, others: Set::default() }
}

impl Case {
    fn fences(mut self, surge: &Value, unavailable: &Value) -> Case {
        self.spec["maxSurge"] = surge.clone();
        self.spec["maxUnavailable"] = unavailable.clone();
        self
    }

    fn others(mut self, desired: i32, available: i32) -> Case {
        self.others = Set { desired, available, created: desired };
        self
    }

    fn routed(self) -> Case {
        self.with(&json!({"trafficRouting": {}}))
    }

    fn full(mut self) -> Case {
        self.at.full = true;
        self
    }

    fn aborted(mut self) -> Case {
        self.at.aborted = true;
        self
    }

    fn with(mut self, fields: &Value) -> Case {
        for (key, value) in fields.as_object().unwrap() {
            match key.as_str() {
                "setCanaryScale" => self.spec["steps"][0][key] = value.clone(),
                _ => self.spec[key] = value.clone(),
            }
        }
        self
    }

    fn sizing<T>(&self, stable: Option<Set>, new: Option<Set>, then: impl FnOnce(&Sizing<'_>) -> T) -> T {
        let canary: Canary = crate::json::from_value(&self.spec).unwrap();
        let (at, replicas, others) = (self.at, self.replicas, self.others);
        let apart = stable.is_some() && stable != new;
        then(&Sizing { canary: &canary, at, replicas, new, stable, apart, others })
    }
}

fn set((desired, available): (i32, i32)) -> Set {
    Set { desired, available, created: desired }
}

/// The case; stable and canary as (asked for, available); what stable and canary should have.
type Row = (Case, (i32, i32), (i32, i32), (i32, i32));

#[test]
fn sizes_of_a_step() {
    let table: Vec<Row> = vec![
        (at(10, 100).fences(&json!(3), &json!(0)), (7, 8), (6, 3), (7, 6)),
        (at(10, 20).fences(&json!(2), &json!(0)), (10, 10), (0, 0), (10, 2)),
        (at(10, 20).fences(&json!("20%"), &json!(0)), (10, 10), (0, 0), (10, 2)),
        (at(10, 20).fences(&json!("20%"), &json!(0)), (10, 10), (2, 2), (8, 2)),
        (at(10, 30).fences(&json!(2), &json!(0)), (10, 10), (0, 0), (10, 2)),
        (at(10, 20).fences(&json!(0), &json!(2)), (10, 10), (0, 0), (8, 0)),
        (at(10, 20).fences(&json!(0), &json!("20%")), (10, 10), (0, 0), (8, 0)),
        (at(10, 30).fences(&json!(0), &json!(2)), (10, 10), (0, 0), (8, 0)),
        (at(10, 50).fences(&json!(2), &json!(1)), (10, 10), (0, 0), (9, 2)),
        (at(10, 0).fences(&json!(1), &json!(1)), (10, 10), (1, 1), (10, 0)),
        (at(10, 100).fences(&json!(1), &json!(1)), (1, 1), (10, 10), (0, 10)),
        (at(1, 20).fences(&json!(1), &json!(0)), (1, 1), (0, 0), (1, 1)),
        (at(1, 90).fences(&json!(1), &json!(0)), (1, 1), (0, 0), (1, 1)),
        (at(1, 49).fences(&json!(0), &json!(1)), (1, 1), (0, 0), (1, 0)),
        (at(1, 51).fences(&json!(0), &json!(1)), (1, 1), (0, 0), (0, 0)),
        (at(1, 51).fences(&json!(0), &json!(1)), (0, 0), (0, 0), (0, 1)),
        (at(10, 30).fences(&json!(1), &json!(0)).others(3, 3), (1, 1), (0, 0), (7, 1)),
        (at(10, 30).fences(&json!(0), &json!(3)), (8, 5), (4, 4), (7, 3)),
        (at(10, 100).fences(&json!(1), &json!(0)), (10, 2), (10, 8), (2, 9)),
        (at(10, 30).fences(&json!(0), &json!(1)).others(3, 3), (8, 6), (4, 2), (8, 4)),
        (at(10, 5).fences(&json!(0), &json!(1)), (10, 10), (0, 0), (9, 0)),
        (at(10, 5).fences(&json!(0), &json!(1)), (9, 9), (0, 0), (9, 1)),
        (at(10, 10).fences(&json!("0%"), &json!("0%")), (10, 10), (0, 0), (9, 0)),
        (at(1, 100).routed().with(&json!({"setCanaryScale": {"replicas": 9, "weight": null, "matchTrafficWeight": false}})), (1, 1), (0, 0), (1, 9)),
        (at(4, 100).routed().with(&json!({"setCanaryScale": {"replicas": null, "weight": 200, "matchTrafficWeight": false}})), (4, 4), (0, 0), (4, 8)),
        (at(10, 20).fences(&json!("20%"), &json!(0)).routed().with(&json!({"setCanaryScale": {"replicas": 9, "weight": 100, "matchTrafficWeight": true}})), (10, 10), (0, 0), (10, 2)),
        (at(10, 20).fences(&json!("20%"), &json!(0)).with(&json!({"setCanaryScale": {"replicas": 9, "weight": 100, "matchTrafficWeight": false}})), (10, 10), (0, 0), (10, 2)),
        (at(4, 100).fences(&json!(1), &json!(0)), (4, 1), (0, 0), (4, 1)),
        (at(3, 99).fences(&json!(0), &json!(2)), (3, 3), (0, 0), (1, 0)),
        (at(3, 99).fences(&json!(0), &json!(2)), (1, 1), (0, 0), (1, 2)),
        (at(4, 0).fences(&json!(1), &json!(0)), (0, 0), (4, 4), (1, 4)),
        (at(4, 0).fences(&json!(1), &json!(0)), (1, 0), (4, 4), (1, 4)),
        (at(4, 0).fences(&json!(1), &json!(0)), (1, 1), (4, 4), (1, 3)),
        (at(4, 1).fences(&json!(4), &json!(4)).full(), (4, 4), (0, 0), (0, 4)),
        (at(4, 1).fences(&json!(3), &json!(0)).full(), (4, 4), (0, 0), (4, 3)),
        (at(1, 0).routed().aborted().with(&json!({"setCanaryScale": {"replicas": 1, "weight": null, "matchTrafficWeight": false}, "abortScaleDownDelaySeconds": 0})), (1, 1), (1, 1), (1, 1)),
        (at(1, 0).routed().aborted().with(&json!({"setCanaryScale": {"replicas": 1, "weight": null, "matchTrafficWeight": false}, "abortScaleDownDelaySeconds": 30})), (1, 1), (1, 1), (1, 0)),
        (at(10, 5).routed().with(&json!({"minPodsPerReplicaSet": 2})), (10, 10), (0, 0), (10, 2)),
        (at(1, 100).routed().full().with(&json!({"minPodsPerReplicaSet": 2})), (1, 1), (0, 0), (1, 1)),
    ];
    assert_eq!(table.len(), 39);
    for (case, stable, new, (want_stable, want_canary)) in table {
        // Versions may happen to have equal numbers; they are two all the same.
        let canary: Canary = crate::json::from_value(&case.spec).unwrap();
        let sizing = Sizing {
            canary: &canary,
            at: case.at,
            replicas: case.replicas,
            new: Some(set(new)),
            stable: Some(set(stable)),
            apart: true,
            others: case.others,
        };
        let want = Counts { canary: want_canary, stable: want_stable };
        assert_eq!(sizing.counts(None), want, "{} {:?} {stable:?} {new:?}", case.spec, case.at);
    }
}

/// Replicas and surge; then weight, canary, stable.
type Splits = (i32, i32, &'static [(i32, i32, i32)]);

#[test]
fn the_nearest_split_of_pods() {
    let table: [Splits; 10] = [
        (0, 0, &[(0, 0, 0), (50, 0, 0), (100, 0, 0)]),
        (0, 1, &[(0, 0, 0), (50, 0, 0), (100, 0, 0)]),
        (1, 0, &[(0, 0, 1), (1, 0, 1), (49, 0, 1), (50, 1, 0), (99, 1, 0), (100, 1, 0)]),
        (1, 1, &[(0, 0, 1), (1, 1, 1), (49, 1, 1), (50, 1, 1), (99, 1, 1), (100, 1, 0)]),
        (2, 0, &[(0, 0, 2), (1, 1, 1), (50, 1, 1), (99, 1, 1), (100, 2, 0)]),
        (2, 1, &[(0, 0, 2), (1, 1, 2), (50, 1, 1), (99, 2, 1), (100, 2, 0)]),
        (3, 0, &[(10, 1, 2), (25, 1, 2), (33, 1, 2), (34, 1, 2), (49, 1, 2), (50, 2, 1)]),
        (3, 1, &[(10, 1, 3), (25, 1, 3), (33, 1, 2), (34, 1, 2), (49, 2, 2), (50, 2, 2)]),
        (
            10,
            1,
            &[
                (0, 0, 10),
                (100, 10, 0),
                (1, 1, 10),
                (18, 2, 9),
                (19, 2, 9),
                (20, 2, 8),
                (23, 2, 8),
                (24, 3, 8),
                (25, 3, 8),
                (99, 10, 1),
            ],
        ),
        (10, 0, &[(1, 1, 9), (14, 1, 9), (15, 2, 8), (16, 2, 8), (99, 9, 1)]),
    ];
    for (replicas, surge, rows) in table {
        for (weight, canary, stable) in rows {
            let want = Counts { canary: *canary, stable: *stable };
            assert_eq!(approximate(replicas, *weight, 100, surge), want, "{replicas}+{surge} at {weight}");
        }
    }
}

#[test]
fn a_first_version_follows_no_steps() {
    let case = at(10, 10).fences(&json!(0), &json!(1));
    let all = Counts { canary: 10, stable: 0 };
    let (starting, running) = (Some(set((10, 0))), Some(set((9, 9))));
    // The stable version is the new one, or there is none.
    assert_eq!(case.sizing(starting, starting, |sizing| sizing.counts(None)), all);
    assert_eq!(case.sizing(None, running, |sizing| sizing.counts(None)), all);
    assert_eq!(case.sizing(running, running, |sizing| sizing.counts(None)), all);
    let routed = case.routed();
    assert_eq!(routed.sizing(None, None, |sizing| sizing.counts(None)), Counts { canary: 1, stable: 10 });
}

#[test]
fn a_stable_version_that_follows_its_traffic() {
    let steps =
        |case: Case, weight: i32| case.with(&json!({"steps": [{"setWeight": weight}, {"setWeight": 60}]}));
    let dynamic = |weight: i32| at(10, weight).routed().with(&json!({"dynamicStableScale": true}));
    let none = None;
    // The case, shares of canary and stable, pods of stable and canary, the wanted pods of canary and stable.
    for (case, shares, stable, new, want) in [
        (steps(dynamic(20), 20).aborted(), (60, 40), Some((4, 4)), Some((6, 6)), (6, 8)),
        (steps(dynamic(20), 20).aborted(), (60, 40), Some((4, 4)), Some((1, 1)), (6, 8)),
        (steps(dynamic(20), 20).aborted(), (60, 40), Some((8, 4)), Some((2, 2)), (6, 8)),
        (steps(dynamic(20), 20).aborted(), (60, 40), none, none, (6, 10)),
        (dynamic(10), (10, 90), none, none, (1, 9)),
        (dynamic(20), (10, 90), none, none, (2, 9)),
        (dynamic(20).aborted(), (20, 80), none, none, (2, 10)),
        (dynamic(20).aborted(), (10, 90), none, none, (1, 10)),
    ] {
        let shares = Shares { canary: shares.0, stable: shares.1 };
        let got = case.sizing(stable.map(set), new.map(set), |sizing| sizing.counts(Some(shares)));
        assert_eq!(got, Counts { canary: want.0, stable: want.1 }, "{} {shares:?} {new:?}", case.spec);
    }
}

#[test]
fn whether_the_sizes_are_reached() {
    let case = |weight: i32| at(4, weight).fences(&json!(1), &json!(1));
    let there = |desired, available, created| Some(Set { desired, available, created });
    for (weight, new, stable, want, why) in [
        (50, there(2, 2, 2), there(2, 2, 2), true, "both"),
        (50, there(2, 1, 2), there(2, 2, 2), false, "the new one is not available"),
        (75, there(3, 3, 3), there(2, 2, 2), false, "the stable one is too large"),
        (
            75,
            there(3, 3, 1),
            there(1, 0, 1),
            true,
            "of the stable one only the pods count, not that they serve",
        ),
        (50, there(2, 2, 2), there(2, 2, 3), false, "a pod too many is still there"),
    ] {
        let canary: Canary = crate::json::from_value(&case(weight).spec).unwrap();
        let (at, others) = (At::default(), Set::default());
        let sizing = Sizing { canary: &canary, at, replicas: 4, new, stable, apart: true, others };
        assert_eq!(sizing.at_desired(Some(Shares { canary: weight, stable: 100 - weight })), want, "{why}");
    }
}

#[test]
fn progress_by_threshold() {
    for (threshold, pods, desired, want) in [
        (json!({"type": "Percent", "value": 90}), Some((10, 9)), 10, true),
        (json!({"type": "Pods", "value": 9}), Some((10, 9)), 10, true),
        (json!({"type": "Percent", "value": 90}), Some((10, 8)), 10, false),
        (json!({"type": "Pods", "value": 8}), Some((10, 7)), 10, false),
        (json!({"type": "Pods", "value": -100}), Some((10, 10)), 10, true),
        (json!(null), Some((5, 10)), 10, false),
        (json!({"type": "Pods", "value": 5}), None, 10, false),
        (json!({"type": "Percent", "value": 100}), Some((10, 100)), 10, true),
        (json!({"type": "Percent", "value": 90}), Some((10, 0)), 0, true),
    ] {
        let case = at(10, 50).with(&json!({"replicaProgressThreshold": threshold}));
        let got = case.sizing(None, pods.map(set), |sizing| sizing.enough(sizing.new, desired));
        assert_eq!(got, want, "{threshold} {pods:?} of {desired}");
    }
    for (replicas, weight, want) in
        [(10, 0, 0), (10, 20, 2), (10, 25, 3), (10, 33, 4), (10, 99, 10), (10, 100, 10)]
    {
        assert_eq!(pods(replicas, weight, 100), want, "{replicas} {weight}");
    }
    assert_eq!(pods(23, 100_000_000, 100_000_000), 23);
}
