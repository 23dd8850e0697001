//! The examples of `rollouts-client`, run on the shipped Rollout: they are what an embedder copies.

use std::path::Path;
use std::time::Duration;

use kube::Api;
use kube::api::{ApiResource, DynamicObject, PostParams};
use kube::core::GroupVersionKind;
use rollouts_client::client::Rollouts;
use rollouts_client::condition::Condition;
use rollouts_client::proof::Probe;
use rollouts_sim::Simulator;
use serde_json::{Value, json};

use crate::cluster::{NS, documents};

#[path = "../../../rollouts-client/examples/allow.rs"]
#[expect(dead_code, unreachable_pub, reason = "an example has a main of its own")]
mod allow;
#[path = "../../../rollouts-client/examples/analyse.rs"]
#[expect(dead_code, unreachable_pub, reason = "an example has a main of its own")]
mod analyse;
#[path = "../../../rollouts-client/examples/check.rs"]
#[expect(dead_code, unreachable_pub, reason = "an example has a main of its own")]
mod check;
#[path = "../../../rollouts-client/examples/deliver.rs"]
#[expect(dead_code, unreachable_pub, reason = "an example has a main of its own")]
mod deliver;
#[path = "../../../rollouts-client/examples/explain.rs"]
#[expect(dead_code, unreachable_pub, reason = "an example has a main of its own")]
mod explain;
#[path = "../../../rollouts-client/examples/give_up.rs"]
#[expect(dead_code, unreachable_pub, reason = "an example has a main of its own")]
mod give_up;
#[path = "../../../rollouts-client/examples/go_back.rs"]
#[expect(dead_code, unreachable_pub, reason = "an example has a main of its own")]
mod go_back;
#[path = "../../../rollouts-client/examples/hold.rs"]
#[expect(dead_code, unreachable_pub, reason = "an example has a main of its own")]
mod hold;
#[path = "../../../rollouts-client/examples/look_back.rs"]
#[expect(dead_code, unreachable_pub, reason = "an example has a main of its own")]
mod look_back;
#[path = "../../../rollouts-client/examples/show.rs"]
#[expect(dead_code, unreachable_pub, reason = "an example has a main of its own")]
mod show;

const NAME: &str = "blue-green";
const WITHIN: Duration = Duration::from_secs(120);

/// The shipped Rollout, Healthy, its simulator, and a template that succeeds.
async fn deployed() -> (Simulator, Rollouts) {
    let simulator = Simulator::in_memory(7);
    let template = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate",
        "metadata": {"name": "constant", "namespace": NS},
        "spec": {"args": [{"name": "least"}], "metrics": [{"name": "one", "successCondition": "result[0] >= {{args.least}}",
            "provider": {"prometheus": {"query": "vector(1)"}}}]}});
    let files = ["namespaces/blue-green", "blue-green/services", "blue-green/ingress", "blue-green/rollout"];
    let shipped = files.into_iter().flat_map(|file| documents(&format!("deploy/{file}.yaml")));
    for object in shipped.chain([template]) {
        create(&simulator.client(), object).await;
    }
    let rollouts = Rollouts::new(simulator.client(), NS).with_pace(simulator.pace());
    rollouts.wait(NAME, &Condition::Healthy, WITHIN).await.unwrap();
    (simulator, rollouts)
}

async fn create(client: &kube::Client, object: Value) {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (group, version) = text("/apiVersion").split_once('/').unwrap_or(("", text("/apiVersion")));
    let kind = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, text("/kind")));
    let api: Api<DynamicObject> = match text("/metadata/namespace") {
        "" => Api::all_with(client.clone(), &kind),
        namespace => Api::namespaced_with(client.clone(), namespace, &kind),
    };
    api.create(&PostParams::default(), &serde_json::from_value(object).unwrap()).await.unwrap();
}

async fn preview(rollouts: &Rollouts) {
    rollouts.set_image(NAME, "demo-app", "127.0.0.1:5000/demo-app:v2").await.unwrap();
    rollouts.wait(NAME, &Condition::Paused, WITHIN).await.unwrap();
}

/// What an example prints.
fn printed(example: impl AsyncFnOnce(Simulator, Rollouts) -> Vec<u8>) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let out = runtime.block_on(async {
        let (simulator, rollouts) = deployed().await;
        example(simulator, rollouts).await
    });
    String::from_utf8(out).unwrap()
}

#[test]
fn show_and_hold() {
    let out = printed(async |_, rollouts| {
        let mut out = Vec::new();
        show::run(&rollouts, NAME, &mut out).await.unwrap();
        hold::run(&rollouts, NAME, &mut out).await.unwrap();
        out
    });
    assert!(out.starts_with("blue-green: Healthy\n"), "{out}");
    assert!(out.contains("kubectl patch rollouts.argoproj.io blue-green"), "{out}");
}

#[test]
fn deliver_and_go_back() {
    let out = printed(async |simulator, rollouts| {
        let (mut out, image) = (Vec::new(), ("demo-app", "127.0.0.1:5000/demo-app:v2"));
        let probe = || Probe::new(simulator.requests(), "blue-green.local");
        Box::pin(deliver::run(&rollouts, NAME, image, probe(), &mut out)).await.unwrap();
        Box::pin(go_back::run(&rollouts, NAME, probe(), &mut out)).await.unwrap();
        out
    });
    assert!(out.contains("blue-green-active"), "{out}");
}

#[test]
fn give_up_explain_look_back_and_check() {
    let out = printed(async |_, rollouts| {
        let mut out = Vec::new();
        preview(&rollouts).await;
        explain::run(&rollouts, NAME, &mut out).await.unwrap();
        check::run(&rollouts, NAME, &mut out).await.unwrap();
        give_up::run(&rollouts, NAME, &mut out).await.unwrap();
        look_back::run(&rollouts, NAME, &mut out).await.unwrap();
        out
    });
    for part in [
        "awaits-promotion: ",
        "aborted: Degraded",
        "retried: Paused",
        "undone: Healthy",
        "3 went back",
        "1 promoted",
    ] {
        assert!(out.contains(part), "no {part}: {out}");
    }
}

#[test]
fn analyse_and_allow() {
    let out = printed(async |_, rollouts| {
        let mut out = Vec::new();
        let least = vec![("least".to_owned(), "1".to_owned())];
        analyse::run(&rollouts, "constant", least, &mut out).await.unwrap();
        allow::run("promote", NS, &mut out).unwrap();
        out
    });
    assert!(out.contains(": Successful\n") && out.contains(": terminated\n"), "{out}");
    assert!(out.contains("\"rollout-promote\""), "{out}");
}

#[test]
fn every_example_is_run_here() {
    let own = include_str!("examples.rs");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rollouts-client/examples");
    for entry in std::fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let name = file.strip_suffix(".rs").unwrap();
        assert!(own.contains(&format!("{name}::run(")), "{file} is not run");
    }
}
