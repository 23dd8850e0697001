//! What a rollback decides in each state, one state a row; and what it says it leaves alone.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, Service};
use rollouts_client::rollback::{Facts, State, cannot_restore, decide};
use rollouts_client::types::{PodTemplate, ReplicaSet, Rollout};
use serde_json::{Value, json};

use crate::fixture::{blue_green, both, replica_set};
use crate::rollback_canary::canary_promoted;

/// A state is a Rollout, its ReplicaSets, what the active Service selects, and Events.
struct Given {
    rollout: Rollout,
    replica_sets: Vec<ReplicaSet>,
    active: &'static str,
    events: Vec<(&'static str, String)>,
    application: Option<Value>,
}

fn event((reason, message): &(&str, String)) -> Event {
    let object = json!({"metadata": {"name": "e"}, "involvedObject": {"kind": "Rollout", "name": "app"}, "reason": reason, "message": message});
    serde_json::from_value(object).expect("an event")
}

fn decided(given: &Given) -> String {
    let service: Service = serde_json::from_value(json!({"metadata": {"name": "app-active"}, "spec": {"selector": {"rollouts-pod-template-hash": given.active}}})).expect("a service");
    let facts = Facts {
        rollout: given.rollout.clone(),
        replica_sets: given.replica_sets.clone(),
        active: Some(service),
        events: given.events.iter().map(event).collect(),
        application: given.application.clone(),
    };
    let now: Timestamp = "2026-01-01T01:00:00Z".parse().expect("a time");
    match decide(&State::of(&facts, now)) {
        Ok(plan) => plan.to_string(),
        Err(refusal) => refusal.to_string(),
    }
}

pub(crate) fn none_ready() -> Value {
    json!({"status": {"readyReplicas": 0, "availableReplicas": 0}})
}

pub(crate) fn gone() -> Value {
    both(none_ready(), json!({"spec": {"replicas": 0}, "status": {"replicas": 0}}))
}

fn delay(until: &str) -> Value {
    json!({"metadata": {"annotations": {"scale-down-deadline": until}}})
}

pub(crate) fn still_in_delay() -> Value {
    delay("2026-01-01T01:00:20Z")
}

/// Revisions 1, 2 and 3; 2 and 3 differ as said, 1 is gone.
pub(crate) fn revisions(two: Value, three: Value) -> Vec<ReplicaSet> {
    vec![
        replica_set(3, "h3", "app:v3", three),
        replica_set(2, "h2", "app:v2", two),
        replica_set(1, "h1", "app:v1", gone()),
    ]
}

/// Revision 3 is on its way, 2 is stable.
fn updating(and: Value) -> Rollout {
    blue_green(both(json!({"status": {"phase": "Progressing", "currentPodHash": "h3"}}), and))
}

/// Revision 3 is fully promoted.
fn promoted(and: Value) -> Rollout {
    blue_green(both(json!({"status": {"currentPodHash": "h3", "stableRS": "h3"}}), and))
}

pub(crate) fn aborted() -> Value {
    json!({"status": {"abort": true, "phase": "Degraded"}})
}

pub(crate) fn tracked() -> Value {
    json!({"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": "shop:argoproj.io/Rollout:shop/app"}}})
}

fn small_preview() -> Value {
    json!({"spec": {"strategy": {"blueGreen": {"previewReplicaCount": 1}}}})
}

const NO_EVENTS: Vec<(&str, String)> = Vec::new();

pub(crate) fn check(table: Vec<(&str, Rollout, Vec<ReplicaSet>, &'static str, &str)>) {
    for (state, rollout, replica_sets, active, expected) in table {
        let given = Given { rollout, replica_sets, active, events: NO_EVENTS, application: None };
        assert_eq!(decided(&given), expected, "{state}");
    }
}

#[test]
fn while_an_update_is_under_way() {
    let fine = || revisions(json!({}), json!({}));
    let crashing = || revisions(json!({}), none_ready());
    let abort = "back to revision 2 (v2) by abort: the update is not promoted yet: the active Service still selects the stable version";
    let switch = "back to revision 2 (v2) by abort, and repair of the active Service's selector if need be: the update is promoted but not stable yet: the old version still runs";
    let halted = "back to revision 2 (v2) by abort, and repair of the active Service's selector if need be: the update is promoted but not stable yet, and the controller is paused: it switches nothing back";
    let repair = "back to revision 2 (v2) by repair of the active Service's selector: the update is aborted, but the active Service was not switched back";
    let nothing = "back to revision 2 (v2) by nothing: the update is aborted and the active Service selects the stable version";
    let paused =
        json!({"status": {"pauseConditions": [{"reason": "BlueGreenPause"}], "controllerPause": true}});
    let inconclusive = json!({"status": {"pauseConditions": [{"reason": "InconclusiveAnalysisRun"}], "controllerPause": true}});
    check(vec![
        ("not promoted yet", updating(json!({})), fine(), "h2", abort),
        ("paused before promotion", updating(paused), fine(), "h2", abort),
        ("never ready", updating(json!({})), crashing(), "h2", abort),
        (
            "paused by a person before promotion",
            updating(json!({"spec": {"paused": true}})),
            fine(),
            "h2",
            abort,
        ),
        ("promoted, analysis runs", updating(json!({})), fine(), "h3", switch),
        ("promoted, pods crash", updating(json!({})), crashing(), "h3", switch),
        ("promoted, paused by a person", updating(json!({"spec": {"paused": true}})), fine(), "h3", halted),
        ("promoted, analysis inconclusive", updating(inconclusive), fine(), "h3", halted),
        (
            "aborted after promotion, pods crash (the upstream defect)",
            updating(aborted()),
            crashing(),
            "h3",
            repair,
        ),
        ("the same after the abort delay", updating(aborted()), revisions(json!({}), gone()), "h3", repair),
        ("aborted before promotion", updating(aborted()), fine(), "h2", nothing),
        ("under Argo CD an abort touches nothing of Git's", updating(tracked()), fine(), "h2", abort),
        ("nor does the repair", updating(both(aborted(), tracked())), crashing(), "h3", repair),
        (
            "no version was ever promoted",
            updating(json!({"status": {"stableRS": null}})),
            fine(),
            "h3",
            "cannot roll rollout app back: no version of it was ever fully promoted, or its ReplicaSet is gone",
        ),
        (
            "the stable ReplicaSet is gone",
            updating(json!({"status": {"stableRS": "h0"}})),
            fine(),
            "h3",
            "cannot roll rollout app back: no version of it was ever fully promoted, or its ReplicaSet is gone",
        ),
    ]);
}

#[test]
fn when_the_version_is_fully_promoted() {
    let by = |mechanism: &str, how: &str| {
        format!(
            "back to revision 2 (v2) by {mechanism}: revision 3 (v3) is fully promoted; revision 2 (v2) is the one before, and no Event tells whether it was good; {how}"
        )
    };
    let at_once = by("undo", "its pods still run and the controller switches at once");
    let pauses =
        by("undo, and full promotion of it", "its pods still run, but the controller would pause first");
    let starts = by(
        "undo, and full promotion of it",
        "its pods must start again, and the controller would pause first",
    );
    let in_delay = || revisions(still_in_delay(), json!({}));
    let made_later = json!({"metadata": {"creationTimestamp": "2026-01-01T00:30:00Z"}});
    let strayed = "back to revision 3 (v3) by repair of the active Service's selector: the active Service selects revision 2 (v2), which has no ready pod";
    check(vec![
        ("within the delay", promoted(json!({})), in_delay(), "h3", &at_once),
        (
            "within the delay, its pods crash",
            promoted(json!({})),
            revisions(still_in_delay(), none_ready()),
            "h3",
            &at_once,
        ),
        (
            "within the delay, preview at full size said so",
            promoted(json!({"spec": {"strategy": {"blueGreen": {"previewReplicaCount": 3}}}})),
            in_delay(),
            "h3",
            &at_once,
        ),
        ("within the delay, smaller preview", promoted(small_preview()), in_delay(), "h3", &pauses),
        (
            "within the delay, paused by a person",
            promoted(json!({"spec": {"paused": true}})),
            in_delay(),
            "h3",
            &pauses,
        ),
        (
            "within the delay, but created later",
            promoted(json!({})),
            revisions(both(still_in_delay(), made_later), json!({})),
            "h3",
            &pauses,
        ),
        (
            "within the delay, but not all ready",
            promoted(json!({})),
            revisions(both(still_in_delay(), json!({"status": {"readyReplicas": 2}})), json!({})),
            "h3",
            &starts,
        ),
        (
            "the delay has passed",
            promoted(json!({})),
            revisions(both(delay("2026-01-01T00:59:59Z"), gone()), json!({})),
            "h3",
            &starts,
        ),
        ("long after", promoted(json!({})), revisions(gone(), json!({})), "h3", &starts),
        (
            "the active Service strayed to a dead version",
            promoted(json!({})),
            revisions(none_ready(), json!({})),
            "h2",
            strayed,
        ),
        ("under Argo CD the same", promoted(tracked()), revisions(none_ready(), json!({})), "h2", strayed),
        (
            "under Argo CD",
            promoted(tracked()),
            in_delay(),
            "h3",
            "cannot roll rollout app back from here: revision 3 (v3) is fully promoted and Argo CD (application shop) would revert an undo; revert the change in Git and refresh the application",
        ),
        (
            "under Argo CD, tracked by label",
            promoted(json!({"metadata": {"labels": {"argocd.argoproj.io/instance": "shop"}}})),
            in_delay(),
            "h3",
            "cannot roll rollout app back from here: revision 3 (v3) is fully promoted and Argo CD (application shop) would revert an undo; revert the change in Git and refresh the application",
        ),
        (
            "a label that Helm writes is no mark of Argo CD",
            promoted(json!({"metadata": {"labels": {"app.kubernetes.io/instance": "app"}}})),
            in_delay(),
            "h3",
            &at_once,
        ),
        (
            "the first version",
            promoted(json!({})),
            vec![replica_set(3, "h3", "app:v3", json!({}))],
            "h3",
            "cannot roll rollout app back: revision 3 (v3) is fully promoted, and no good version before it is left",
        ),
    ]);
}

#[test]
fn when_the_controller_is_silent() {
    let unseen = || json!({"metadata": {"generation": 8}});
    let not_yet = "cannot roll rollout app back yet: its controller has not seen the spec, so what is running and what is good cannot be told; is the controller running?";
    let repair = "back to revision 2 (v2) by repair of the active Service's selector: the controller is silent, and the active Service does not select the stable version";
    check(vec![
        ("a spec that nobody has seen", promoted(unseen()), revisions(json!({}), json!({})), "h3", not_yet),
        (
            "the Service is on a dead version",
            updating(unseen()),
            revisions(json!({}), none_ready()),
            "h3",
            repair,
        ),
        (
            "the Service is on a version as good",
            updating(unseen()),
            revisions(json!({}), json!({})),
            "h3",
            not_yet,
        ),
        ("never seen at all", blue_green(json!({"status": null})), Vec::new(), "h3", not_yet),
    ]);
}

#[test]
fn without_a_strategy_nothing_is_done() {
    check(vec![(
        "none",
        blue_green(json!({"spec": {"strategy": {"blueGreen": null}}})),
        Vec::new(),
        "h2",
        "cannot roll rollout app back: its strategy is not set, so its controller does nothing",
    )]);
}

#[test]
fn argo_cd_that_was_told_to_leave_it_alone_is_in_nobodys_way() {
    let application = |annotations: Value| {
        let application = json!({"metadata": {"name": "shop", "annotations": annotations}});
        let (replica_sets, active) = (revisions(gone(), json!({})), "h3");
        let rollout = canary_promoted(tracked());
        decided(&Given { rollout, replica_sets, active, events: NO_EVENTS, application: Some(application) })
    };
    for (annotations, expected) in [
        (json!({"argocd.argoproj.io/skip-reconcile": "true"}), "back to revision 2 (v2) by undo"),
        (json!({"argocd.argoproj.io/skip-reconcile": "false"}), "cannot roll rollout app back from here"),
        (json!(null), "cannot roll rollout app back from here"),
    ] {
        let decided = application(annotations.clone());
        assert!(decided.starts_with(expected), "{annotations}: {decided}");
    }
}

#[test]
fn which_version_was_the_last_good_one() {
    let completed = |revision: i64| {
        (
            "RolloutCompleted",
            format!(
                "Rollout completed update to revision {revision} (h{revision}): Completed blue-green update"
            ),
        )
    };
    let aborted = |revision: i64| {
        (
            "RolloutAborted",
            format!("Rollout aborted update to revision {revision}: Metric \"m\" assessed Failed"),
        )
    };
    let begun = |revision: i64| {
        ("NewReplicaSetCreated", format!("Created ReplicaSet app-h{revision} (revision {revision})"))
    };
    let once = "was fully promoted once";
    let table = [
        (
            vec![completed(3), completed(2)],
            "revision 2 (v2)",
            "revision 2 (v2) before it was fully promoted once",
        ),
        // Revision 2 was aborted on the way from 1 to 3: undo would go there, a rollback must not.
        (vec![completed(3), aborted(2), completed(1)], "revision 1 (v1)", once),
        (vec![completed(3), aborted(2)], "revision 1 (v1)", "no Event tells whether it was good"),
        // Tried again after an abort, and then promoted.
        (vec![completed(3), completed(2), aborted(2)], "revision 2 (v2)", once),
        (vec![], "revision 2 (v2)", "no Event tells whether it was good"),
        (vec![aborted(20)], "revision 2 (v2)", "no Event tells whether it was good"),
        // Replaced in the middle: its beginning is among the Events, its end is not.
        (vec![begun(2)], "revision 1 (v1)", "no Event tells whether it was good"),
        (vec![begun(2), completed(2)], "revision 2 (v2)", once),
        (vec![begun(20)], "revision 2 (v2)", "no Event tells whether it was good"),
    ];
    for (events, version, why) in table {
        let given = Given {
            rollout: promoted(json!({})),
            replica_sets: revisions(gone(), json!({})),
            active: "h3",
            events: events.clone(),
            application: None,
        };
        let decided = decided(&given);
        assert!(decided.starts_with(&format!("back to {version} by")), "{events:?}: {decided}");
        assert!(decided.contains(why), "{events:?}: {decided}");
    }
    // A version that was good, bad as revision 4, and is revision 6 by an undo: its numbers are all its own.
    let history = json!({"metadata": {"annotations": {"rollout.argoproj.io/revision-history": "1,4"}}});
    let replica_sets = vec![
        replica_set(
            3,
            "h3",
            "app:v3",
            json!({"metadata": {"annotations": {"rollout.argoproj.io/revision": "7"}}}),
        ),
        replica_set(6, "h1", "app:v1", history),
    ];
    let given = Given {
        rollout: promoted(json!({})),
        replica_sets,
        active: "h3",
        events: vec![aborted(4)],
        application: None,
    };
    assert_eq!(
        decided(&given),
        "cannot roll rollout app back: revision 7 (v3) is fully promoted, and no good version before it is left"
    );
}

#[test]
fn what_a_template_does_not_bring_back() {
    let template = |flags: &str| -> PodTemplate {
        serde_json::from_value(json!({"spec": {
            "containers": [{"name": "app",
                "envFrom": [{"configMapRef": {"name": "settings"}}, {"secretRef": {"name": "password"}}],
                "env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": flags, "key": "a"}}}]}],
            "initContainers": [{"name": "i", "env": [{"name": "B", "valueFrom": {"secretKeyRef": {"name": "token", "key": "b"}}}]}],
            "volumes": [{"name": "v", "secret": {"secretName": "certificate"}}, {"name": "w", "configMap": {"name": "pages"}},
                {"name": "x", "projected": {"sources": [{"secret": {"name": "key"}}, {"configMap": {"name": "more"}}]}}]
        }}))
        .expect("a template")
    };
    let told = cannot_restore(Some(&template("flags-8f2c")), &template("flags-91ab"));
    insta::assert_snapshot!(told.join("\n"), @"
    ConfigMap more: its name is the same in both versions, so its content is not restored
    ConfigMap pages: its name is the same in both versions, so its content is not restored
    ConfigMap settings: its name is the same in both versions, so its content is not restored
    Secret certificate: its name is the same in both versions, so its content is not restored
    Secret key: its name is the same in both versions, so its content is not restored
    Secret password: its name is the same in both versions, so its content is not restored
    Secret token: its name is the same in both versions, so its content is not restored
    database schemas and other data that the left version may have changed
    ");
    // Without the other version everything that is named may have changed.
    assert!(
        cannot_restore(None, &template("flags-8f2c"))
            .iter()
            .any(|line| line.starts_with("ConfigMap flags-8f2c"))
    );
}
