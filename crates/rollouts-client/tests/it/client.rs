//! What the client does when calls fail. Effects are counted in the objects, not in the calls.

use std::time::Duration;

use rollouts_client::client::Error;
use rollouts_client::condition::Condition;
use rollouts_client::verbs::Promote;
use serde_json::{Value, json};

use crate::api::{Api, Fault, Objects, ROLLOUT, at};
use crate::fixture::{blue_green, both, canary};

/// A canary on its third step, not paused: each promotion that takes effect moves it on by one.
fn on_third_step() -> Objects {
    let running = json!({"status": {"phase": "Progressing", "currentPodHash": "h3", "currentStepIndex": 2}});
    Objects::from([at(ROLLOUT, canary(running))])
}

fn idle(_: &mut Objects) {}

async fn promoted(faults: &[Fault]) -> (String, Value) {
    let api = Api::new(on_third_step(), idle).faults(faults.iter().copied());
    let rollouts = api.rollouts().with_deadline(Duration::from_secs(1));
    let skip = Promote { skip_step: true, ..Promote::default() };
    let ended = match rollouts.promote_as("app", &skip).await {
        Ok(_) => "ok".to_owned(),
        Err(error) => error.to_string(),
    };
    (ended, api.object(ROLLOUT)["status"]["currentStepIndex"].clone())
}

#[tokio::test]
async fn a_promotion_takes_effect_once_whatever_happens_to_its_answers() {
    let ok = || "ok".to_owned();
    assert_eq!(promoted(&[]).await, (ok(), json!(3)));
    assert_eq!(promoted(&[Fault::AnswerLost]).await, (ok(), json!(3)));
    assert_eq!(promoted(&[Fault::Status(503)]).await, (ok(), json!(3)));
    assert_eq!(promoted(&[Fault::Status(503), Fault::AnswerLost]).await, (ok(), json!(3)));
    assert_eq!(promoted(&[Fault::Hangs, Fault::Status(429)]).await, (ok(), json!(3)));
    let never = "promote rollout app: sent 3 times and each time without effect".to_owned();
    assert_eq!(promoted(&[Fault::Status(503); 3]).await, (never, json!(2)));
    let no = "patch rollout app: refused by the API server: no: 403 (403 Whatever)".to_owned();
    assert_eq!(promoted(&[Fault::Status(403)]).await, (no, json!(2)));
    let other = "promote rollout app: it moved on in the meantime; look and decide again".to_owned();
    assert_eq!(promoted(&[Fault::Overtaken]).await, (other.clone(), json!(2)));
    assert_eq!(promoted(&[Fault::OvertakenUnheard]).await, (other, json!(2)));
}

/// The answer to a promotion gets lost, and when it is read back the canary waits at its next pause. That is another
/// one, and nobody has looked at it.
#[tokio::test]
async fn a_promotion_whose_answer_is_lost_does_not_end_the_next_pause_too() {
    let paused = json!({"phase": "Paused", "controllerPause": true, "pauseConditions": [{"reason": "CanaryPauseStep"}]});
    let at_first =
        both(json!({"status": paused}), json!({"status": {"currentPodHash": "h3", "currentStepIndex": 1}}));
    let to_the_next = move |objects: &mut Objects| {
        let status = &mut objects.get_mut(ROLLOUT).expect("the rollout")["status"];
        if status["pauseConditions"].is_null() {
            json_patch::merge(status, &paused);
            status["currentStepIndex"] = json!(3);
        }
    };
    let api =
        Api::new(Objects::from([at(ROLLOUT, canary(at_first))]), to_the_next).faults([Fault::AnswerLost]);
    let promoted = api.rollouts().promote("app").await.expect("promoted");
    assert_eq!(promoted.pause_conditions().len(), 1, "it waits again");
    assert_eq!(api.object(ROLLOUT)["status"]["currentStepIndex"], json!(3));
}

#[tokio::test]
async fn of_two_patches_only_the_one_without_effect_is_sent_again() {
    let paused = json!({
        "spec": {"paused": true},
        "status": {"phase": "Paused", "currentPodHash": "h3", "controllerPause": true, "pauseConditions": [{"reason": "BlueGreenPause"}]}
    });
    // The spec is carried out and its answer lost; once the controller has seen it, only the status is left.
    let seeing = |objects: &mut Objects| {
        let seen = objects[ROLLOUT]["metadata"]["generation"].to_string();
        let seen = json!({"status": {"observedGeneration": seen}});
        json_patch::merge(objects.get_mut(ROLLOUT).expect("the rollout"), &seen);
    };
    let api = Api::new(Objects::from([at(ROLLOUT, blue_green(paused))]), seeing).faults([Fault::AnswerLost]);
    api.rollouts().promote("app").await.expect("promoted");
    let rollout = api.object(ROLLOUT);
    assert_eq!(rollout["spec"]["paused"], json!(false));
    assert_eq!(rollout["status"]["pauseConditions"], Value::Null);
}

#[tokio::test]
async fn a_verb_waits_for_the_controller_to_see_the_spec() {
    let unseen = || blue_green(json!({"metadata": {"generation": 8}}));
    let seeing = |objects: &mut Objects| {
        let seen = json!({"status": {"observedGeneration": "8", "currentPodHash": "h3"}});
        json_patch::merge(objects.get_mut(ROLLOUT).expect("the rollout"), &seen);
    };
    let api = Api::new(Objects::from([at(ROLLOUT, unseen())]), seeing);
    api.rollouts().abort("app").await.expect("aborted");
    assert_eq!(api.object(ROLLOUT)["status"]["abort"], json!(true));
    let blind = Api::new(Objects::from([at(ROLLOUT, unseen())]), idle);
    let error = blind.rollouts().abort("app").await.expect_err("nobody sees the spec");
    assert_eq!(
        error.to_string(),
        "cannot abort rollout app yet: waiting for rollout spec update to be observed"
    );
}

#[tokio::test]
async fn reads_are_repeated_and_end_with_the_deadline() {
    let objects = || Objects::from([at(ROLLOUT, blue_green(json!({})))]);
    Api::new(objects(), idle).read_faults(1).rollouts().get("app").await.expect("read again");
    let away =
        Api::new(objects(), idle).read_faults(1000).rollouts().with_deadline(Duration::from_millis(500));
    let error = away.get("app").await.expect_err("never");
    assert_eq!(error.to_string(), "get rollout app: refused by the API server: no: 503 (503 Whatever)");
    let error = Api::new(Objects::new(), idle).rollouts().get("app").await.expect_err("nothing there");
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
    assert_eq!(error.to_string(), "get rollout app in namespace shop: not found");
}

#[tokio::test]
async fn a_wait_says_how_things_stood_when_it_gave_up() {
    let paused = json!({"status": {"phase": "Paused", "message": "BlueGreenPause"}});
    let api = Api::new(Objects::from([at(ROLLOUT, blue_green(paused))]), idle);
    let rollouts = api.rollouts();
    let error = rollouts.wait("app", &Condition::Healthy, Duration::from_secs(5)).await.expect_err("paused");
    assert_eq!(error.to_string(), "rollout app is Paused (BlueGreenPause)");
    let cause = std::error::Error::source(&error).expect("a cause").to_string();
    assert_eq!(cause, "waited 5s for rollout app to be Healthy");
    rollouts.wait("app", &Condition::Paused, Duration::ZERO).await.expect("it is paused");
}

#[tokio::test]
async fn undo_goes_back_once_although_the_revision_before_changes() {
    use crate::fixture::{replica_set, template};
    let promoted = json!({"spec": {"template": template("app:v3")}, "status": {"currentPodHash": "h3", "stableRS": "h3"}});
    let path = |hash: &str| format!("/apis/apps/v1/namespaces/shop/replicasets/app-{hash}");
    let objects = Objects::from([
        at(ROLLOUT, blue_green(promoted)),
        at(&path("h3"), replica_set(3, "h3", "app:v3", json!({}))),
        at(
            &path("h2"),
            replica_set(2, "h2", "app:v2", both(json!({}), json!({"metadata": {"namespace": "shop"}}))),
        ),
    ]);
    let api = Api::new(objects, idle).faults([Fault::AnswerLost]);
    api.rollouts().undo("app", None).await.expect("undone");
    let image = &api.object(ROLLOUT)["spec"]["template"]["spec"]["containers"][0]["image"];
    assert_eq!(image, "app:v2");
}
