//! Rollbacks and promotions carried out: against a controller that does as little as upstream does in each
//! state, and proven only when traffic is really back.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use rollouts_client::pace::Pace;
use rollouts_client::promotion::{self, Promotion};
use rollouts_client::proof::Probe;
use rollouts_client::rollback::{self, Order, RollbackError};
use rollouts_client::verbs::Promote;
use serde_json::{Value, json};
use traffic_probe::{Answer, Load, Measured, Outcome, Requests, RunningLoad};

use crate::api::{ACTIVE, Api, Objects, ROLLOUT, at};
use crate::fixture::{blue_green, both, replica_set, template};

const SLICE: &str = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices/app-active";

fn set_path(hash: &str) -> String {
    format!("/apis/apps/v1/namespaces/shop/replicasets/app-{hash}")
}

fn selected(objects: &Objects) -> String {
    objects[ACTIVE]["spec"]["selector"]["rollouts-pod-template-hash"].as_str().unwrap_or_default().to_owned()
}

fn select(objects: &mut Objects, hash: &str) {
    let selector = json!({"spec": {"selector": {"rollouts-pod-template-hash": hash}}});
    json_patch::merge(objects.get_mut(ACTIVE).expect("the service"), &selector);
}

/// What the endpoint controller does: one endpoint for each ready pod of the selected version.
fn endpoints_follow(objects: &mut Objects) {
    let hash = selected(objects);
    let ready =
        objects.get(&set_path(&hash)).map_or(0, |set| set["status"]["readyReplicas"].as_i64().unwrap_or(0));
    let endpoint = |n: i64| json!({"addresses": ["10.0.0.1"], "conditions": {"ready": true}, "targetRef": {"kind": "Pod", "name": format!("app-{hash}-{n}")}});
    let endpoints: Vec<Value> = (0..ready).map(endpoint).collect();
    objects.insert(
        SLICE.to_owned(),
        json!({"metadata": {"name": "app-active"}, "addressType": "IPv4", "endpoints": endpoints}),
    );
}

/// Revision 3 (v3) and 2 (v2), three pods each, and a Service on one of them.
fn world(rollout: Value, two: Value, three: Value, active: &str) -> Objects {
    let mut objects = Objects::from([
        at(
            ROLLOUT,
            blue_green(both(
                json!({"spec": {"template": template("app:v3")}, "status": {"currentPodHash": "h3"}}),
                rollout,
            )),
        ),
        at(&set_path("h2"), replica_set(2, "h2", "app:v2", two)),
        at(&set_path("h3"), replica_set(3, "h3", "app:v3", three)),
        at(
            ACTIVE,
            json!({"metadata": {"name": "app-active", "namespace": "shop"}, "spec": {"selector": {"app": "app", "rollouts-pod-template-hash": active}}}),
        ),
    ]);
    for hash in ["h2", "h3"] {
        for n in 0..3 {
            let name = format!("app-{hash}-{n}");
            let pod = json!({"metadata": {"name": name, "labels": {"app": "app", "rollouts-pod-template-hash": hash}}});
            objects.insert(format!("/api/v1/namespaces/shop/pods/{name}"), pod);
        }
    }
    endpoints_follow(&mut objects);
    objects
}

/// Requests that reach a pod of the selected version, as long as the Service has endpoints.
struct Walk(Api);

impl Requests for Walk {
    fn send(&self, _: &str, _: &str) -> BoxFuture<'_, Answer> {
        let endpoint = self.0.object(SLICE)["endpoints"][0]["targetRef"]["name"].as_str().map(str::to_owned);
        let outcome = match endpoint {
            Some(pod) => Outcome::Answered { status: 200, version: None, pod: Some(pod) },
            None => Outcome::NoRoute("service app-active has no ready endpoint".to_owned()),
        };
        let now = self.0.now();
        std::future::ready(Answer { id: 0, sent: now, done: now, outcome }).boxed()
    }

    fn start(&self, _: Load) -> Box<dyn RunningLoad> {
        panic!("a proof sends single requests")
    }

    fn kind(&self) -> Measured {
        Measured::Modelled
    }
}

fn probe(api: &Api) -> Probe {
    Probe { count: 5, ..Probe::new(Arc::new(Walk(api.clone())), "app.localhost") }
}

async fn roll_back(api: &Api) -> Result<String, RollbackError> {
    let order = Order { within: Duration::from_secs(20), ..Order::of("app").proven_by(probe(api)) };
    rollback::run(&api.rollouts(), &order).await.map(|report| report.to_string())
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}\n  {cause}");
        source = cause.source();
    }
    text
}

fn none_ready() -> Value {
    json!({"status": {"readyReplicas": 0, "availableReplicas": 0}})
}

#[tokio::test]
async fn before_promotion_it_aborts_and_proves() {
    let api = Api::new(world(json!({}), json!({}), json!({}), "h2"), endpoints_follow);
    insta::assert_snapshot!(roll_back(&api).await.expect("back"), @r"
    rollout app is back on revision 2 (v2)
      why:    the update is not promoted yet: the active Service still selects the stable version
      did:    aborted the update
      proof:  service app-active selects it, 3 ready endpoints, 5 requests in a row answered by it (modelled)
      stays:  database schemas and other data that the left version may have changed
      next:   the Rollout still asks for the left version and stays Degraded until it is fixed or undone
    ");
}

#[tokio::test]
async fn after_promotion_the_controller_switches_back_while_the_new_pods_are_ready() {
    let switches_back = |objects: &mut Objects| {
        if objects[ROLLOUT]["status"]["abort"] == json!(true) {
            select(objects, "h2");
        }
        endpoints_follow(objects);
    };
    let api = Api::new(world(json!({}), json!({}), json!({}), "h3"), switches_back);
    let report = roll_back(&api).await.expect("back");
    assert!(report.contains("did:    aborted the update\n  proof:"), "{report}");
}

#[tokio::test]
async fn the_upstream_defect_is_repaired() {
    // Aborted while the promoted pods crash: the controller leaves the active Service where it is.
    let api = Api::new(world(json!({}), json!({}), none_ready(), "h3"), endpoints_follow);
    insta::assert_snapshot!(roll_back(&api).await.expect("back"), @r"
    rollout app is back on revision 2 (v2)
      why:    the update is promoted but not stable yet: the old version still runs
      did:    aborted the update
      did:    switched service app-active from h3 to h2, which the controller had not done
      proof:  service app-active selects it, 3 ready endpoints, 5 requests in a row answered by it (modelled)
      stays:  database schemas and other data that the left version may have changed
      next:   the Rollout still asks for the left version and stays Degraded until it is fixed or undone
    ");
    assert_eq!(
        api.object(ACTIVE)["spec"]["selector"],
        json!({"app": "app", "rollouts-pod-template-hash": "h2"})
    );
}

#[tokio::test]
async fn it_does_not_wait_for_a_controller_that_is_paused() {
    // All pods are ready, but someone paused the Rollout: the controller switches nothing back.
    let by_a_person = json!({"spec": {"paused": true}});
    let takes_the_abort = |objects: &mut Objects| {
        if objects[ROLLOUT]["status"]["abort"] == json!(true) {
            objects.get_mut(ROLLOUT).expect("the rollout")["status"]["phase"] = json!("Degraded");
        }
        endpoints_follow(objects);
    };
    let api = Api::new(world(by_a_person, json!({}), json!({}), "h3"), takes_the_abort);
    let start = api.now();
    let report = roll_back(&api).await.expect("back");
    assert!(report.contains("switched service app-active from h3 to h2"), "{report}");
    assert!(report.contains("it is still paused (spec.paused)"), "{report}");
    let took = Duration::try_from(api.now().duration_since(start)).expect("forwards");
    assert!(took < Order::GRACE, "{took:?}");
}

/// Requests that are all answered in one way, whatever the Service selects.
struct Always(Outcome);

impl Requests for Always {
    fn send(&self, _: &str, _: &str) -> BoxFuture<'_, Answer> {
        let now = jiff::Timestamp::UNIX_EPOCH;
        std::future::ready(Answer { id: 0, sent: now, done: now, outcome: self.0.clone() }).boxed()
    }

    fn start(&self, _: Load) -> Box<dyn RunningLoad> {
        panic!("a proof sends single requests")
    }

    fn kind(&self) -> Measured {
        Measured::Live
    }
}

#[tokio::test]
async fn whose_answers_prove_a_version() {
    let by = |version: Option<&str>, pod: Option<&str>| Outcome::Answered {
        status: 200,
        version: version.map(str::to_owned),
        pod: pod.map(str::to_owned),
    };
    let failing = Outcome::Answered { status: 500, version: Some("v2".to_owned()), pod: None };
    let table = [
        (by(Some("v2"), None), "3 ready endpoints, 5 requests in a row answered by it"),
        (by(None, Some("app-h2-1")), "3 ready endpoints, 5 requests in a row answered by it"),
        // A pod says more than a version, which may be the same in both.
        (by(Some("v2"), Some("app-h3-1")), "request 1 of 5 to app.localhost: answered by pod app-h3-1 of h3"),
        (by(Some("v2"), Some("somebody")), "3 ready endpoints, 5 requests in a row answered by it"),
        (by(Some("v3"), None), "request 1 of 5 to app.localhost: answered by version v3, not v2"),
        (
            by(None, None),
            "request 1 of 5 to app.localhost: answered, but by whom cannot be told: neither pod nor version is named",
        ),
        (failing, "request 1 of 5 to app.localhost: status 500"),
        (Outcome::Refused, "request 1 of 5 to app.localhost: refused"),
    ];
    for (outcome, expected) in table {
        let api = Api::new(world(json!({}), json!({}), json!({}), "h2"), endpoints_follow);
        let probe = Probe { count: 5, ..Probe::new(Arc::new(Always(outcome.clone())), "app.localhost") };
        let order = Order { within: Duration::from_secs(5), ..Order::of("app").proven_by(probe) };
        let told = match rollback::run(&api.rollouts(), &order).await {
            Ok(report) => report.proof.to_string(),
            Err(error) => chain(&error),
        };
        assert!(told.ends_with(expected), "{outcome:?}: {told}");
    }
}

#[tokio::test]
async fn without_requests_a_proof_says_so() {
    let api = Api::new(world(json!({}), json!({}), json!({}), "h2"), endpoints_follow);
    let report = rollback::run(&api.rollouts(), &Order::of("app")).await.expect("back");
    assert!(report.proof.to_string().ends_with("3 ready endpoints, no requests sent"), "{}", report.proof);
}

#[tokio::test]
async fn where_an_undo_would_pause_it_is_promoted() {
    // Takes the new template up, then pauses for ever unless it is promoted in full.
    let pauses = |objects: &mut Objects| {
        let rollout = objects.get_mut(ROLLOUT).expect("the rollout");
        if rollout["spec"]["template"]["spec"]["containers"][0]["image"] == "app:v2" {
            let seen = json!({"status": {"currentPodHash": "h2", "observedGeneration": rollout["metadata"]["generation"].to_string(), "phase": "Paused", "message": "BlueGreenPause"}});
            json_patch::merge(rollout, &seen);
            if rollout["status"]["promoteFull"] == json!(true) {
                json_patch::merge(
                    rollout,
                    &json!({"status": {"phase": "Healthy", "message": null, "stableRS": "h2", "promoteFull": null}}),
                );
                select(objects, "h2");
            }
        }
        endpoints_follow(objects);
    };
    let promoted = json!({"status": {"stableRS": "h3"}, "spec": {"strategy": {"blueGreen": {"previewReplicaCount": 1}}}});
    let delay = json!({"metadata": {"annotations": {"scale-down-deadline": "2026-01-01T01:00:20Z"}}});
    let api = Api::new(world(promoted, delay, json!({}), "h3"), pauses);
    insta::assert_snapshot!(roll_back(&api).await.expect("back"), @r"
    rollout app is back on revision 2 (v2)
      why:    revision 3 (v3) is fully promoted; revision 2 (v2) is the one before, and no Event tells whether it was good; its pods still run, but the controller would pause first
      did:    wrote the template of revision 2 (v2) back
      did:    promoted it in full
      proof:  service app-active selects it, 3 ready endpoints, 5 requests in a row answered by it (modelled)
      stays:  database schemas and other data that the left version may have changed
      next:   the source of the manifest still has the left version: change it there too, or the next apply brings it back
    ");
}

#[tokio::test]
async fn what_is_not_proven_is_no_success() {
    // The selector is right, but endpoints do not follow: the data plane is broken.
    let api = Api::new(world(json!({}), json!({}), none_ready(), "h3"), |_| {});
    let error = roll_back(&api).await.expect_err("no endpoint");
    let told = chain(&error);
    assert!(told.starts_with("rollback of rollout app failed after: aborted the update; switched service app-active from h3 to h2, which the controller had not done\n  not proven within"), "{told}");
    assert!(told.ends_with("service app-active has no ready endpoint"), "{told}");

    let stays_behind = |objects: &mut Objects| {
        select(objects, "h2");
        let old = json!({"endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": true}, "targetRef": {"kind": "Pod", "name": "app-h3-0"}}]});
        json_patch::merge(objects.get_mut(SLICE).expect("the slice"), &old);
    };
    let api = Api::new(world(json!({}), json!({}), json!({}), "h3"), stays_behind);
    let told = chain(&roll_back(&api).await.expect_err("an old endpoint"));
    assert!(told.ends_with("pod app-h3-0 of h3 is still a ready endpoint"), "{told}");

    let taken_back = |objects: &mut Objects| {
        endpoints_follow(objects);
        select(objects, "h3");
    };
    let api = Api::new(world(json!({"status": {"abort": true}}), json!({}), none_ready(), "h3"), taken_back);
    let told = chain(&roll_back(&api).await.expect_err("taken back"));
    assert!(told.ends_with("service app-active selects h3, not h2"), "{told}");
}

#[tokio::test]
async fn it_does_not_switch_to_pods_that_cannot_answer() {
    let api = Api::new(world(json!({}), none_ready(), none_ready(), "h3"), endpoints_follow);
    let told = chain(&roll_back(&api).await.expect_err("nobody is ready"));
    assert_eq!(
        told,
        "rollback of rollout app failed after: aborted the update\n  revision 2 (v2) has 0 of 3 pods ready, too few to switch to"
    );
    assert_eq!(selected_in(&api), "h3");
}

fn selected_in(api: &Api) -> String {
    api.object(ACTIVE)["spec"]["selector"]["rollouts-pod-template-hash"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test]
async fn a_refusal_changes_nothing() {
    let tracked = json!({"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": "shop:argoproj.io/Rollout:shop/app"}}, "status": {"stableRS": "h3"}});
    let api = Api::new(world(tracked, json!({}), json!({}), "h3"), endpoints_follow);
    let before = api.object(ROLLOUT);
    let told = chain(&roll_back(&api).await.expect_err("only Git"));
    assert!(
        told.starts_with("rollback of rollout app changed nothing\n  cannot roll rollout app back from here"),
        "{told}"
    );
    assert_eq!(api.object(ROLLOUT), before);
}

async fn promote(api: &Api) -> String {
    let order = Promotion {
        name: "app".to_owned(),
        how: Promote::default(),
        probe: Some(probe(api)),
        within: Duration::from_secs(20),
    };
    match promotion::promote(&api.rollouts(), &order).await {
        Ok(promoted) => format!("{}: {}", promoted.tag.unwrap_or_default(), promoted.proof),
        Err(error) => chain(&error),
    }
}

#[tokio::test]
async fn a_promotion_is_proven_or_says_why_not() {
    let paused = || json!({"status": {"phase": "Paused", "controllerPause": true, "pauseConditions": [{"reason": "BlueGreenPause"}]}});
    let switches = |objects: &mut Objects| {
        if objects[ROLLOUT]["status"]["pauseConditions"].is_null() {
            select(objects, "h3");
        }
        endpoints_follow(objects);
    };
    let proven =
        "v3: service app-active selects it, 3 ready endpoints, 5 requests in a row answered by it (modelled)";
    let api = Api::new(world(paused(), json!({}), json!({}), "h2"), switches);
    assert_eq!(promote(&api).await, proven);
    // Once more: promoted just now.
    assert_eq!(promote(&api).await, proven);

    let gives_up = |objects: &mut Objects| {
        let aborted = json!({"status": {"phase": "Degraded", "message": "RolloutAborted: Rollout aborted update to revision 3", "abort": true, "controllerPause": false}});
        json_patch::merge(objects.get_mut(ROLLOUT).expect("the rollout"), &aborted);
    };
    let api = Api::new(world(paused(), json!({}), json!({}), "h2"), gives_up);
    assert_eq!(
        promote(&api).await,
        "promoted rollout app, but its active service was not switched: the rollout is Degraded (RolloutAborted: Rollout aborted update to revision 3)"
    );

    let api = Api::new(world(json!({}), json!({}), json!({}), "h2"), endpoints_follow);
    assert_eq!(promote(&api).await, "nothing to do: promote rollout app: it is not paused");
}
