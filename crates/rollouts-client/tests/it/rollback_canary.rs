//! What a rollback decides in each state of a canary, one state a row.

use rollouts_client::types::Rollout;
use serde_json::{Value, json};

use crate::fixture::{both, canary};
use crate::rollback::{aborted, check, gone, none_ready, revisions, still_in_delay, tracked};

/// A canary on its way from revision 2 to 3.
fn canary_under_way(weight: i32, and: Value) -> Rollout {
    let weights = json!({"canary": {"weight": weight}, "stable": {"weight": 100 - weight}});
    let under_way = json!({
        "spec": {"strategy": {"canary": {"trafficRouting": {"nginx": {"stableIngress": "web"}}}}},
        "status": {"phase": "Progressing", "currentPodHash": "h3", "currentStepIndex": 2, "canary": {"weights": weights}}
    });
    canary(both(under_way, and))
}

pub(crate) fn canary_promoted(and: Value) -> Rollout {
    canary(both(json!({"status": {"currentPodHash": "h3", "stableRS": "h3"}}), and))
}

/// Without a router: each ready pod has its share.
fn by_pods() -> Value {
    json!({"spec": {"strategy": {"canary": {"trafficRouting": null}}}})
}

fn by_a_person() -> Value {
    json!({"spec": {"paused": true}})
}

#[test]
fn while_a_canary_is_under_way() {
    let fine = || revisions(json!({}), json!({}));
    let at = |share: &str| format!("back to revision 2 (v2) by abort: the update is under way, and {share}");
    let quarter = at("25 per cent of the traffic go to it");
    let paused = json!({"status": {"phase": "Paused", "pauseConditions": [{"reason": "CanaryPauseStep"}], "controllerPause": true}});
    let inconclusive = json!({"status": {"phase": "Paused", "pauseConditions": [{"reason": "InconclusiveAnalysisRun"}], "controllerPause": true}});
    check(vec![
        ("at a step", canary_under_way(25, json!({})), fine(), "h2", &quarter),
        ("at a pause", canary_under_way(25, paused), fine(), "h2", &quarter),
        ("analysis inconclusive", canary_under_way(25, inconclusive), fine(), "h2", &quarter),
        ("paused by a person, a router splits", canary_under_way(25, by_a_person()), fine(), "h2", &quarter),
        ("under Argo CD", canary_under_way(25, tracked()), fine(), "h2", &quarter),
        (
            "its pods crash",
            canary_under_way(0, json!({})),
            revisions(json!({}), none_ready()),
            "h2",
            &at("0 per cent of the traffic go to it"),
        ),
        (
            "all steps done, not stable yet",
            canary_under_way(100, json!({"status": {"currentStepIndex": 4}})),
            fine(),
            "h2",
            &at("100 per cent of the traffic go to it"),
        ),
        ("without a router", canary_under_way(0, by_pods()), fine(), "h2", &at("3 pods of it are ready")),
        (
            "without a router, paused by a person",
            canary_under_way(0, both(by_pods(), by_a_person())),
            fine(),
            "h2",
            "back to revision 2 (v2) by abort, and the end of a person's pause: the update is under way, and 3 pods of it are ready",
        ),
        (
            "the same under Argo CD, where the spec is Git's",
            canary_under_way(0, both(both(by_pods(), by_a_person()), tracked())),
            fine(),
            "h2",
            &at("3 pods of it are ready"),
        ),
        (
            "aborted",
            canary_under_way(0, aborted()),
            fine(),
            "h2",
            "back to revision 2 (v2) by nothing: the update is aborted already, and nothing is sent to it",
        ),
        (
            "aborted, and nobody has taken it up",
            canary_under_way(25, aborted()),
            fine(),
            "h2",
            "back to revision 2 (v2) by abort: the update is aborted already, but 25 per cent of the traffic go to it",
        ),
        (
            "aborted without a router, its last pod still there",
            canary_under_way(0, both(by_pods(), aborted())),
            revisions(json!({}), json!({"status": {"readyReplicas": 1}})),
            "h2",
            "back to revision 2 (v2) by abort: the update is aborted already, but one pod of it is ready",
        ),
        (
            "the stable Service strayed",
            canary_under_way(25, json!({})),
            fine(),
            "h3",
            &at("the stable Service selects revision 3 (v3)"),
        ),
        (
            "no version was ever promoted",
            canary_under_way(25, json!({"status": {"stableRS": null}})),
            fine(),
            "h2",
            "cannot roll rollout app back: no version of it was ever fully promoted, or its ReplicaSet is gone",
        ),
    ]);
}

#[test]
fn when_a_canary_is_fully_promoted() {
    let by_undo = |how: &str| {
        format!(
            "back to revision 2 (v2) by undo, and full promotion of it: revision 3 (v3) is fully promoted; revision 2 (v2) is the one before, and no Event tells whether it was good; {how}"
        )
    };
    let starts = by_undo("its pods must start again, and the controller would take all 4 steps again first");
    check(vec![
        ("long after", canary_promoted(json!({})), revisions(gone(), json!({})), "h3", &starts),
        (
            "within the delay",
            canary_promoted(json!({})),
            revisions(still_in_delay(), json!({})),
            "h3",
            &by_undo("its pods still run, and the controller would take all 4 steps again first"),
        ),
        ("paused by a person", canary_promoted(by_a_person()), revisions(gone(), json!({})), "h3", &starts),
        (
            "without steps",
            canary_promoted(json!({"spec": {"strategy": {"canary": {"steps": null}}}})),
            revisions(gone(), json!({})),
            "h3",
            &by_undo("its pods must start again"),
        ),
        (
            "the stable Service strayed to a dead version",
            canary_promoted(tracked()),
            revisions(none_ready(), json!({})),
            "h2",
            "back to revision 3 (v3) by repair of the stable Service's selector: the stable Service selects revision 2 (v2), which has no ready pod",
        ),
        (
            "under Argo CD",
            canary_promoted(tracked()),
            revisions(gone(), json!({})),
            "h3",
            "cannot roll rollout app back from here: revision 3 (v3) is fully promoted and Argo CD (application shop) would revert an undo; revert the change in Git and refresh the application",
        ),
    ]);
}

#[test]
fn when_the_controller_of_a_canary_is_silent() {
    let unseen = || json!({"metadata": {"generation": 8}});
    let not_yet = "cannot roll rollout app back yet: its controller has not seen the spec, so what is running and what is good cannot be told; is the controller running?";
    let fine = || revisions(json!({}), json!({}));
    check(vec![
        (
            "under way",
            canary_under_way(25, unseen()),
            fine(),
            "h2",
            "back to revision 2 (v2) by turning the canary Service to the stable version: the controller is silent and takes no abort, and 25 per cent of the traffic go to the canary Service",
        ),
        ("nothing goes to it", canary_under_way(0, unseen()), fine(), "h2", not_yet),
        ("without a router", canary_under_way(25, both(by_pods(), unseen())), fine(), "h2", not_yet),
        (
            "the stable version has no pod",
            canary_under_way(25, unseen()),
            revisions(none_ready(), json!({})),
            "h2",
            not_yet,
        ),
        ("fully promoted", canary_promoted(unseen()), fine(), "h3", not_yet),
    ]);
}
