//! Every verb in every state: the patches as the lines that a person would paste, or why there are none.

use jiff::Timestamp;
use rollouts_client::types::{ReplicaSet, Rollout};
use rollouts_client::verbs::{self, Patches, Promote};
use serde_json::{Value, json};

use crate::fixture::{blue_green, both, canary, replica_set, template};

/// The patches without what is the same in all of them.
fn told(patches: &Patches) -> String {
    match patches {
        Ok(patches) => {
            let lines = patches.iter().map(|patch| {
                let line = patch.to_string();
                let line = line.strip_prefix("kubectl patch rollouts.argoproj.io app -n shop ");
                line.map(str::to_owned).unwrap_or_else(|| patch.to_string())
            });
            lines.collect::<Vec<_>>().join(" && ")
        }
        Err(error) => error.to_string(),
    }
}

fn check(verb: impl Fn(&Rollout) -> Patches, table: Vec<(Rollout, &str)>) {
    for (rollout, expected) in table {
        assert_eq!(
            told(&verb(&rollout)),
            expected,
            "\nspec {:?}\nstatus {:?}",
            rollout.spec.strategy,
            rollout.status
        );
    }
}

/// `h3` is on its way.
fn updating(and: Value) -> Value {
    both(json!({"status": {"currentPodHash": "h3", "phase": "Progressing"}}), and)
}

fn paused(reason: &str) -> Value {
    json!({"status": {"phase": "Paused", "message": reason, "controllerPause": true, "pauseConditions": [{"reason": reason}]}})
}

fn step(index: i64) -> Value {
    json!({"status": {"currentStepIndex": index}})
}

fn all<const N: usize>(differences: [Value; N]) -> Value {
    differences.into_iter().fold(json!({}), both)
}

/// The patch of a promotion: for one version, and one step of a canary, and for no other.
fn guarded(on: &str, hash: &str, step: Option<i64>, changes: &str) -> String {
    let step =
        step.map(|index| format!(r#"{{"op":"test","path":"/status/currentStepIndex","value":{index}}},"#));
    let (step, hash) = (
        step.unwrap_or_default(),
        format!(r#"{{"op":"test","path":"/status/currentPodHash","value":"{hash}"}}"#),
    );
    format!("{on}--type json -p '[{hash},{step}{changes}]'")
}

/// The change of the status that ends the controller's pause.
fn cleared(step: Option<i64>) -> String {
    guarded(STATUS, "h3", step, r#"{"op":"remove","path":"/status/pauseConditions"}"#)
}

/// The change of the spec that ends a person's pause.
fn held_no_more(hash: &str, step: Option<i64>) -> String {
    guarded("", hash, step, r#"{"op":"add","path":"/spec/paused","value":false}"#)
}

fn in_full(hash: &str, step: Option<i64>) -> String {
    guarded(STATUS, hash, step, r#"{"op":"add","path":"/status/promoteFull","value":true}"#)
}

const STATUS: &str = "--subresource status ";
const CLEAR: &str = r#"--subresource status --type merge -p '{"status":{"pauseConditions":null}}'"#;
const UNPAUSE: &str = r#"--type merge -p '{"spec":{"paused":false}}'"#;
const UNSEEN: &str = "waiting for rollout spec update to be observed";

#[test]
fn promote() {
    let by_a_person = json!({"spec": {"paused": true}});
    let promoted_just_now = json!({"status": {"controllerPause": true}});
    let unseen = json!({"metadata": {"generation": 8}});
    let inconclusive = json!({"status": {"canary": {"currentStepAnalysisRunStatus": {"name": "r", "status": "Inconclusive"}}}});
    let two = format!("{} && {}", held_no_more("h3", None), cleared(None));
    check(
        verbs::promote,
        vec![
            (blue_green(updating(paused("BlueGreenPause"))), &cleared(None)),
            (blue_green(updating(paused("InconclusiveAnalysisRun"))), &cleared(None)),
            (blue_green(all([updating(paused("BlueGreenPause")), by_a_person.clone()])), &two),
            (blue_green(updating(by_a_person.clone())), &held_no_more("h3", None)),
            (blue_green(updating(json!({}))), "nothing to do: promote rollout app: it is not paused"),
            (blue_green(json!({})), "nothing to do: promote rollout app: it is not paused"),
            (
                blue_green(updating(promoted_just_now.clone())),
                "nothing to do: promote rollout app: it was promoted just now",
            ),
            (
                blue_green(all([paused("BlueGreenPause"), unseen])),
                &format!("cannot promote rollout app yet: {UNSEEN}"),
            ),
            (canary(all([updating(paused("CanaryPauseStep")), step(1)])), &cleared(Some(1))),
            // The plugin goes past what is running, and past its analysis.
            (
                canary(all([updating(json!({})), step(2)])),
                "cannot promote rollout app: its step 3 of 4 is running; --skip-step goes past it",
            ),
            (canary(all([updating(by_a_person.clone()), step(2)])), &held_no_more("h3", Some(2))),
            (
                canary(updating(json!({"status": {"currentStepIndex": null}}))),
                "cannot promote rollout app: its step 1 of 4 is running; --skip-step goes past it",
            ),
            (
                canary(all([updating(promoted_just_now), step(2)])),
                "nothing to do: promote rollout app: it was promoted just now",
            ),
            (
                canary(all([updating(paused("InconclusiveAnalysisRun")), step(2), inconclusive.clone()])),
                &guarded(
                    STATUS,
                    "h3",
                    Some(2),
                    r#"{"op":"remove","path":"/status/pauseConditions"},{"op":"add","path":"/status/controllerPause","value":false},{"op":"add","path":"/status/currentStepIndex","value":3}"#,
                ),
            ),
            // Without the controller's pause an inconclusive run is just a pause.
            (
                canary(all([
                    updating(paused("InconclusiveAnalysisRun")),
                    step(2),
                    inconclusive,
                    json!({"status": {"controllerPause": false}}),
                ])),
                &cleared(Some(2)),
            ),
            (canary(json!({})), "nothing to do: promote rollout app: all its steps are done"),
            (
                canary(json!({"spec": {"strategy": {"canary": {"steps": null}}}})),
                "nothing to do: promote rollout app: it is not paused",
            ),
            (canary(all([by_a_person, step(4)])), &held_no_more("h2", Some(4))),
        ],
    );
}

#[test]
fn promote_past_a_running_step_when_asked() {
    let skip = Promote { skip_step: true, ..Promote::default() };
    let next = |from: Option<i64>, to: i64| {
        let change = format!(r#"{{"op":"add","path":"/status/currentStepIndex","value":{to}}}"#);
        guarded(STATUS, "h3", from, &change)
    };
    check(
        |rollout| verbs::promote_as(rollout, &skip),
        vec![
            (canary(all([updating(json!({})), step(2)])), &next(Some(2), 3)),
            (canary(updating(json!({"status": {"currentStepIndex": null}}))), &next(None, 1)),
            (canary(all([updating(paused("CanaryPauseStep")), step(1)])), &cleared(Some(1))),
            (canary(json!({})), "nothing to do: promote rollout app: all its steps are done"),
        ],
    );
}

#[test]
fn promote_only_what_was_looked_at() {
    let of = |full: bool, hash: &str| Promote { full, hash: Some(hash.to_owned()), ..Promote::default() };
    let waiting = || blue_green(updating(paused("BlueGreenPause")));
    check(|rollout| verbs::promote_as(rollout, &of(false, "h3")), vec![(waiting(), &cleared(None))]);
    check(|rollout| verbs::promote_as(rollout, &of(true, "h3")), vec![(waiting(), &in_full("h3", None))]);
    let other = "cannot promote rollout app: its new version is h3 now, and not h2; look at it first";
    check(|rollout| verbs::promote_as(rollout, &of(false, "h2")), vec![(waiting(), other)]);
    check(|rollout| verbs::promote_as(rollout, &of(true, "h2")), vec![(waiting(), other)]);
}

#[test]
fn promote_full() {
    let by_a_person = json!({"spec": {"paused": true}});
    let full = in_full("h3", None);
    let two = format!("{full} && {}", held_no_more("h3", None));
    check(
        verbs::promote_full,
        vec![
            (blue_green(updating(paused("BlueGreenPause"))), &full),
            (blue_green(updating(json!({}))), &full),
            (blue_green(all([updating(json!({})), by_a_person.clone()])), &two),
            (blue_green(by_a_person), &held_no_more("h2", None)),
            (blue_green(json!({})), "nothing to do: promote rollout app: it is fully promoted"),
            (
                blue_green(updating(json!({"status": {"promoteFull": true}}))),
                "nothing to do: promote rollout app: a full promotion was asked for",
            ),
            (
                blue_green(json!({"metadata": {"generation": 8}})),
                &format!("cannot promote rollout app yet: {UNSEEN}"),
            ),
            (canary(all([updating(json!({})), step(1)])), &in_full("h3", Some(1))),
            // Upstream allows it on an aborted update too, and the controller takes the abort away.
            (blue_green(updating(json!({"status": {"abort": true}}))), &full),
        ],
    );
}

#[test]
fn abort() {
    const ABORT: &str = r#"--subresource status --type merge -p '{"status":{"abort":true}}'"#;
    check(
        verbs::abort,
        vec![
            (blue_green(updating(paused("BlueGreenPause"))), ABORT),
            (blue_green(updating(json!({"status": {"blueGreen": {"activeSelector": "h3"}}}))), ABORT),
            (canary(all([updating(json!({})), step(2)])), ABORT),
            (
                canary(all([updating(json!({"status": {"promoteFull": true}})), step(4)])),
                r#"--subresource status --type merge -p '{"status":{"abort":true,"promoteFull":null}}'"#,
            ),
            (
                blue_green(updating(json!({"status": {"abort": true}}))),
                "nothing to do: abort rollout app: its update is aborted",
            ),
            (
                blue_green(json!({})),
                "cannot abort rollout app: it is fully promoted and the controller would take the abort back; undo it instead",
            ),
            (
                blue_green(json!({"status": {"stableRS": null}})),
                "cannot abort rollout app: it has no stable version to go back to",
            ),
            (
                blue_green(json!({"metadata": {"generation": 8}})),
                &format!("cannot abort rollout app yet: {UNSEEN}"),
            ),
        ],
    );
}

#[test]
fn retry_pause_and_resume() {
    let by_a_person = json!({"spec": {"paused": true}});
    let two = format!("{UNPAUSE} && {CLEAR}");
    check(
        verbs::retry,
        vec![
            (
                blue_green(updating(json!({"status": {"abort": true}}))),
                r#"--subresource status --type merge -p '{"status":{"abort":false}}'"#,
            ),
            (blue_green(updating(json!({}))), "nothing to do: retry rollout app: its update is not aborted"),
        ],
    );
    check(
        verbs::pause,
        vec![
            (blue_green(json!({})), r#"--type merge -p '{"spec":{"paused":true}}'"#),
            (blue_green(by_a_person.clone()), "nothing to do: pause rollout app: it is paused"),
        ],
    );
    check(
        verbs::resume,
        vec![
            (blue_green(updating(paused("BlueGreenPause"))), CLEAR),
            (blue_green(by_a_person.clone()), UNPAUSE),
            (blue_green(all([updating(paused("BlueGreenPause")), by_a_person])), &two),
            // Unlike promote it skips no step.
            (
                canary(all([updating(json!({})), step(2)])),
                "nothing to do: resume rollout app: it is not paused",
            ),
        ],
    );
}

#[test]
fn restart_at_a_time_of_whole_seconds() {
    let at: Timestamp = "2026-01-01T10:00:00.75Z".parse().expect("a time");
    check(
        |rollout| verbs::restart(rollout, at),
        vec![
            (blue_green(json!({})), r#"--type merge -p '{"spec":{"restartAt":"2026-01-01T10:00:00Z"}}'"#),
            (
                blue_green(json!({"spec": {"restartAt": "2026-01-01T09:00:00Z"}})),
                r#"--type merge -p '{"spec":{"restartAt":"2026-01-01T10:00:00Z"}}'"#,
            ),
            (
                blue_green(json!({"spec": {"restartAt": "2026-01-01T10:00:00Z"}})),
                "nothing to do: restart rollout app: a restart at that time was asked for",
            ),
        ],
    );
}

fn history() -> Vec<ReplicaSet> {
    let of_another = json!({"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "X", "name": "x", "uid": "u-other"}]}});
    vec![
        replica_set(1, "h1", "app:v1", json!({})),
        replica_set(4, "h4", "app:v4", of_another),
        replica_set(3, "h3", "app:v3", json!({})),
        // The API server fills in what a Rollout leaves out.
        replica_set(2, "h2", "app:v2", json!({"spec": {"template": {"spec": {"restartPolicy": "Always"}}}})),
    ]
}

fn undo_line(image: &str) -> String {
    undo_line_to(&template(image))
}

fn undo_line_to(template: &Value) -> String {
    format!(r#"--type json -p '[{{"op":"replace","path":"/spec/template","value":{template}}}]'"#)
}

#[test]
fn undo() {
    let at_three = || json!({"metadata": {"annotations": {"rollout.argoproj.io/revision": "3"}}, "spec": {"template": template("app:v3")}, "status": {"currentPodHash": "h3"}});
    let unseen = || json!({"metadata": {"generation": 8}});
    let referring = |kind: &str| json!({"spec": {"template": null, "workloadRef": {"apiVersion": "apps/v1", "kind": kind, "name": "web"}}});
    let defaulted = both(template("app:v2"), json!({"spec": {"restartPolicy": "Always"}}));
    let table = [
        (blue_green(at_three()), None, undo_line_to(&defaulted)),
        (blue_green(at_three()), Some(0), undo_line_to(&defaulted)),
        (blue_green(at_three()), Some(1), undo_line("app:v1")),
        (blue_green(at_three()), Some(3), "nothing to do: undo rollout app: its template already matches revision 3".to_owned()),
        // The same hash, although the text differs by a default.
        (blue_green(json!({})), Some(2), "nothing to do: undo rollout app: its template already matches revision 2".to_owned()),
        // A spec that the controller has not seen may be anything, whatever the status says.
        (blue_green(all([json!({"spec": {"template": template("app:v9")}}), unseen()])), Some(1), undo_line("app:v1")),
        (blue_green(at_three()), Some(9), "cannot undo rollout app: unable to find revision 9 among 3, 2, 1".to_owned()),
        // Revision 4 belongs to something else.
        (blue_green(at_three()), Some(4), "cannot undo rollout app: unable to find revision 4 among 3, 2, 1".to_owned()),
        (blue_green(referring("Deployment")), Some(1), format!("kubectl patch deployments.apps web -n shop {}", undo_line("app:v1"))),
        (blue_green(referring("PodTemplate")), Some(1), format!("kubectl patch podtemplates web -n shop {}", undo_line("app:v1"))),
        (blue_green(referring("StatefulSet")), Some(1), "cannot undo rollout app: its template is that of a StatefulSet (workloadRef), which this verb does not change".to_owned()),
    ];
    for (rollout, to, expected) in table {
        assert_eq!(told(&verbs::undo(&rollout, &history(), to)), expected, "to {to:?}");
    }
    let first = [replica_set(2, "h2", "app:v2", json!({}))];
    let alone = told(&verbs::undo(&blue_green(json!({})), &first, None));
    assert_eq!(alone, "cannot undo rollout app: it has no revision before the present one");
}

#[test]
fn set_image() {
    let two = json!({"spec": {"template": {"spec": {
        "initContainers": [{"name": "migrate", "image": "app:v2"}],
        "containers": [{"name": "log", "image": "log:1"}, {"name": "app", "image": "app:v2"}]
    }}}});
    let one = |path: &str, name: &str| {
        format!(
            r#"{{"op":"test","path":"/spec/template/spec/{path}/name","value":"{name}"}},{{"op":"add","path":"/spec/template/spec/{path}/image","value":"app:v3"}}"#
        )
    };
    let line = |operations: &[String]| format!("--type json -p '[{}]'", operations.join(","));
    let table = [
        (blue_green(json!({})), "app", line(&[one("containers/0", "app")])),
        (blue_green(two.clone()), "app", line(&[one("containers/1", "app")])),
        (blue_green(two.clone()), "migrate", line(&[one("initContainers/0", "migrate")])),
        (blue_green(two.clone()), "*", line(&[one("initContainers/0", "migrate"), one("containers/0", "log"), one("containers/1", "app")])),
        (blue_green(two), "web", "cannot set image of rollout app: unable to find container \"web\" among migrate, log, app".to_owned()),
        (blue_green(json!({"spec": {"template": template("app:v3")}})), "app", "nothing to do: set image of rollout app: its image is app:v3".to_owned()),
        (blue_green(json!({"spec": {"template": null, "workloadRef": {"kind": "Deployment", "name": "web"}}})), "app", "cannot set image of rollout app: its template is that of a Deployment (workloadRef), which this verb does not change".to_owned()),
    ];
    for (rollout, container, expected) in table {
        assert_eq!(told(&verbs::set_image(&rollout, container, "app:v3")), expected, "{container}");
    }
}

#[test]
fn a_line_can_be_pasted_whatever_it_carries() {
    let quoted = verbs::set_image(&blue_green(json!({})), "app", "it's").expect("a patch");
    let line = quoted.first().expect("one").to_string();
    assert!(line.ends_with(r#""value":"it'\''s"}]'"#), "{line}");
}
