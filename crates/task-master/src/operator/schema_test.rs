//! Versions that can, and that cannot, stand on one database, on the simulated cluster: what is applied, promoted,
//! taken up again and gone back to.

use std::time::Duration;

use rollouts_client::condition::Condition;
use rollouts_client::phase;
use rollouts_client::verbs::Promote;
use serde_json::{Value, json};

use super::access_test::Recorded;
use super::{OperatorError, Verb, carry_out};
use crate::cluster::{apply, object};
use crate::lint::{self, Source};

const WITHIN: Duration = Duration::from_secs(600);

const PROMOTE: Verb = promote(false, false);
const PROMOTE_FULL: Verb = promote(true, false);

const fn promote(full: bool, wait: bool) -> Verb {
    Verb::Promote { how: Promote { full, skip_step: false, hash: None }, wait, host: None }
}

/// `WORKS_WITH@IN_PLACE/DATABASE`; nothing is declared by an empty text.
fn declare(rollout: &mut Value, text: &str) {
    let (text, database) = text.split_once('/').unwrap_or((text, ""));
    let Some((versions, in_place)) = text.split_once('@') else { return };
    rollout["spec"]["template"]["metadata"]["annotations"] = json!({
        "progressive-delivery/schema-versions": versions,
        "progressive-delivery/schema-in-place": in_place,
        "progressive-delivery/database": database,
    });
}

/// The shipped Rollout with this version, which declares this; a canary waits for a person at its first weight.
fn wanted(name: &str, tag: &str, declared: &str) -> Value {
    let path = format!("{}/../../deploy/{name}/rollout.yaml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    let mut rollout = object::of_manifest(path.as_ref(), &text).unwrap().remove(0);
    let container = &mut rollout["spec"]["template"]["spec"]["containers"][0];
    container["image"] = json!(format!("127.0.0.1:5000/demo-app:{tag}"));
    shorten(&mut rollout);
    declare(&mut rollout, declared);
    rollout
}

fn shorten(rollout: &mut Value) {
    if let Some(canary) = rollout.pointer_mut("/spec/strategy/canary").and_then(Value::as_object_mut) {
        canary.insert("steps".to_owned(), json!([{"setWeight": 10}, {"pause": {}}]));
        canary.remove("analysis");
    }
}

/// The shipped application, whose v1 declares this.
async fn serving(name: &'static str, declared: &str) -> Recorded {
    Recorded::of(name, |rollout| {
        shorten(rollout);
        declare(rollout, declared);
    })
    .await
}

/// Applies it as the runbook does.
async fn applied(at: &Recorded, wanted: Value) -> Result<(), String> {
    let keep = vec!["/spec/replicas".to_owned()];
    let objects = apply::Objects { list: vec![("rollout.yaml".into(), wanted)], keep };
    apply::act(&at.bare, &objects).await.map(drop).map_err(|fault| fault.to_string())
}

/// Puts a template in place as whoever does not ask first, Argo CD for one.
async fn synced(at: &Recorded, wanted: Value) {
    let api = object::api(&at.bare.client, &object::reference(&wanted).unwrap());
    let patch = json!({"spec": {"template": wanted["spec"]["template"]}});
    let name = wanted["metadata"]["name"].as_str().unwrap();
    api.patch(name, &Default::default(), &kube::api::Patch::Merge(patch)).await.unwrap();
    at.until(Condition::Paused).await;
}

/// Carries a verb out; the error with its causes.
async fn tried(at: &Recorded, name: &str, verb: &Verb) -> Result<(), String> {
    let done = Box::pin(carry_out(&at.bare, &at.bare.rollouts(name), name, verb, WITHIN)).await;
    done.map(drop).map_err(|error| chain(&error))
}

fn chain(error: &OperatorError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

async fn healthy_on(at: &Recorded, name: &str, tag: &str) {
    at.until(Condition::Healthy).await;
    let rollout = at.bare.rollouts(name).get(name).await.unwrap();
    assert_eq!(rollout.spec.template.unwrap().version(), Some(tag));
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(Box::pin(test));
}

/// Three releases, each of which passes: what is added, what relies on it, what is taken away. And the ways back.
#[test]
fn a_change_that_expands_and_then_contracts_passes_as_a_canary() {
    run(async {
        let at = serving("canary", "1@1").await;
        for (tag, declared) in [("v2", "1,2@1"), ("v3", "2@2")] {
            applied(&at, wanted("canary", tag, declared)).await.unwrap();
            at.until(Condition::Paused).await;
            tried(&at, "canary", &PROMOTE).await.unwrap();
            healthy_on(&at, "canary", tag).await;
        }
        let far = tried(&at, "canary", &Verb::Undo { to: Some(1) }).await.unwrap_err();
        assert!(far.contains("works with schema 1, the serving one with 2: none serves both"), "{far}");
        tried(&at, "canary", &Verb::Undo { to: Some(2) }).await.unwrap();
        at.until(Condition::Paused).await;
        tried(&at, "canary", &PROMOTE).await.unwrap();
        healthy_on(&at, "canary", "v2").await;
    });
}

#[test]
fn what_the_serving_version_cannot_stand_beside_is_not_begun_by_an_apply() {
    const NONE: &str = "none serves both";
    run(async {
        for (name, serves, next, expected) in [
            ("canary", "1@1", "2@2", NONE),
            ("canary", "1@1", "1,2@2", "the serving version works with 1 only"),
            ("canary", "1@1/shop", "2@2/shop-2", "two databases at once"),
            ("canary", "1@1", "one@1", "\"one\" is not a list of whole numbers"),
            ("canary", "", "2@1", "the version works with 2 only"),
            ("blue-green", "1@1", "2@2", NONE),
            ("canary", "1@1", "1@1", ""),
            ("canary", "1@1", "", ""),
            ("canary", "", "2@2", ""),
            ("blue-green", "1@1/shop", "2@2/shop-2", ""),
        ] {
            let at = serving(name, serves).await;
            let said = applied(&at, wanted(name, "v2", next)).await.err().unwrap_or_default();
            let same = if expected.is_empty() { said.is_empty() } else { said.contains(expected) };
            assert!(same, "{name} {serves} {next}: {said:?}");
            let rollout = at.bare.rollouts(name).get(name).await.unwrap();
            let begun = rollout.spec.template.unwrap().version() == Some("v2");
            assert_eq!(begun, expected.is_empty(), "{name} {serves} {next}");
        }
    });
}

#[test]
fn a_canary_that_came_by_git_is_not_taken_nearer_to_users_and_can_be_left() {
    run(async {
        let at = serving("canary", "1@1").await;
        synced(&at, wanted("canary", "v2", "2@2")).await;
        let before = at.bare.rollouts("canary").get("canary").await.unwrap();
        let refused = "cannot promote rollout canary: the versions' schemas do not fit; give it up: rollout abort canary \
                       (docs/blue-green-guide.md): the new version works with schema 2, the serving one with 1: none \
                       serves both";
        for verb in [&PROMOTE, &PROMOTE_FULL, &promote(false, true)] {
            let said = tried(&at, "canary", verb).await.unwrap_err();
            let by_proof = said.contains("that is for blue-green only");
            assert!(said == refused || by_proof, "{verb:?}: {said}");
        }
        let said = tried(&at, "canary", &Verb::Resume).await.unwrap_err();
        assert!(said.starts_with("cannot resume rollout canary: the versions' schemas do not fit"), "{said}");
        let now = at.bare.rollouts("canary").get("canary").await.unwrap();
        assert_eq!(phase::in_words(&now), phase::in_words(&before), "nothing was sent");
        assert_eq!(now.weights(), before.weights());
        tried(&at, "canary", &Verb::Abort).await.unwrap();
        at.until(Condition::Settled).await;
        let said = tried(&at, "canary", &Verb::Retry).await.unwrap_err();
        assert!(said.starts_with("cannot retry rollout canary: the versions' schemas do not fit"), "{said}");
        tried(&at, "canary", &Verb::Rollback { host: Some("canary.local".to_owned()) }).await.unwrap();
    });
}

#[test]
fn a_breaking_change_is_promoted_as_blue_green_with_a_database_of_its_own_alone() {
    run(async {
        for (serves, next, expected) in
            [("1@1/shop", "2@2/shop-2", ""), ("1@1/shop", "2@2/shop", "none serves both")]
        {
            let at = serving("blue-green", serves).await;
            synced(&at, wanted("blue-green", "v2", next)).await;
            let verb = Verb::Promote {
                how: Promote::default(),
                wait: true,
                host: Some("blue-green.local".to_owned()),
            };
            let said = tried(&at, "blue-green", &verb).await.err().unwrap_or_default();
            assert!(said.contains(expected) && said.is_empty() == expected.is_empty(), "{next}: {said}");
            // A rollback works whatever the schemas are: here to the version whose database it is.
            tried(&at, "blue-green", &Verb::Rollback { host: Some("blue-green.local".to_owned()) })
                .await
                .unwrap();
        }
    });
}

#[test]
fn lint_compares_a_file_with_what_serves_in_the_target() {
    run(async {
        let at = serving("canary", "1@1").await;
        // The update that is under way is not what serves.
        synced(&at, wanted("canary", "v2", "2@2")).await;
        for (next, expected) in [("2@2", &["schema-not-shared"][..]), ("1,2@1", &[])] {
            let text = wanted("canary", "v3", next).to_string();
            let source = Source { name: "v3.json".to_owned(), text };
            let serving = lint::serving_of(&at.bare, "canary", &["canary".to_owned()]).await.unwrap();
            let report = lint::files_after(&[source], serving);
            let rules: Vec<&str> = report.findings.iter().map(|finding| finding.rule).collect();
            assert_eq!(rules, expected, "{next}: {:#?}", report.findings);
            assert!(report.findings.iter().all(|finding| finding.file == "v3.json"));
        }
    });
}
