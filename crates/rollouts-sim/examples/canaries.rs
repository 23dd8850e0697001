//! How fast the simulator is: the shipped canary, from version 1 running to version 2 alone, so many times in one
//! cluster: `cargo run --release -p rollouts-sim --example canaries -- 1 100 1000`
//!
//! Each has a namespace of its own, its analyses, and one request a second, and all are updated at the same moment.
//! Prints one line of JSON: seconds of real time by number. `cargo xtask bench` reads it.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use http::Request;
use jiff::{SignedDuration, Timestamp};
use rollouts_sim::World;
use serde::Deserialize as _;
use serde_json::{Value, json};
use traffic_probe::Load;

/// The one of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const FILES: [&str; 5] = [
    "namespaces/canary.yaml",
    "canary/analysis-template.yaml",
    "canary/services.yaml",
    "canary/ingress.yaml",
    "canary/rollout.yaml",
];
/// The update takes eight minutes of pauses, and half a minute until the old pods go.
const UPDATE: SignedDuration = SignedDuration::from_secs(540);
const DEPLOYMENT: SignedDuration = SignedDuration::from_secs(30);
const V1: &str = "demo-app:v1";
const V2: &str = "demo-app:v2";

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The shipped files, in the namespace of this number.
fn files(number: usize) -> Outcome<Vec<Value>> {
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy");
    let mut objects = Vec::new();
    for file in FILES {
        let text = std::fs::read_to_string(deploy.join(file))?
            .replace("namespace: canary\n", &format!("namespace: canary-{number}\n"))
            .replace("value: canary-canary-", &format!("value: canary-{number}-canary-"))
            .replace("host: canary.", &format!("host: canary-{number}."));
        for document in serde_yaml::Deserializer::from_str(&text) {
            let mut object = Value::deserialize(document)?;
            if object["kind"] == "Namespace" {
                object["metadata"]["name"] = json!(format!("canary-{number}"));
            }
            objects.push(object);
        }
    }
    Ok(objects)
}

fn call(world: &mut World, method: &str, path: &str, kind: &str, body: &Value) -> Outcome<Value> {
    let body = if body.is_null() { Vec::new() } else { serde_json::to_vec(body)? };
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", kind)
        .header("accept", "application/json")
        .body(body)?;
    let answer = world.handle(&request);
    if !answer.status().is_success() {
        return Err(format!("{method} {path}: {}", String::from_utf8_lossy(answer.body())).into());
    }
    Ok(serde_json::from_slice(answer.body())?)
}

fn apply(world: &mut World, object: &Value) -> Outcome<()> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let version = text("/apiVersion");
    let base = if version.contains('/') { "apis" } else { "api" };
    let plural = match text("/kind") {
        "Ingress" => "ingresses".to_owned(),
        kind => format!("{}s", kind.to_lowercase()),
    };
    let ns = match text("/metadata/namespace") {
        "" => String::new(),
        ns => format!("/namespaces/{ns}"),
    };
    let name = text("/metadata/name");
    let path = format!("/{base}/{version}{ns}/{plural}/{name}?fieldManager=bench&force=true");
    call(world, "PATCH", &path, "application/apply-patch+yaml", object).map(drop)
}

fn rollout(number: usize) -> String {
    format!("/apis/argoproj.io/v1alpha1/namespaces/canary-{number}/rollouts/canary")
}

fn healthy(world: &mut World, number: usize, image: &str) -> Outcome<()> {
    let rollout = call(world, "GET", &rollout(number), "", &Value::Null)?;
    let (phase, stable) = (&rollout["status"]["phase"], &rollout["status"]["stableRS"]);
    if phase == "Healthy"
        && stable == &rollout["status"]["currentPodHash"]
        && rollout["spec"]["template"]["spec"]["containers"][0]["image"]
            .as_str()
            .is_some_and(|is| is.ends_with(image))
    {
        return Ok(());
    }
    Err(format!("canary {number} is {phase} {}", rollout["status"]["message"]).into())
}

fn pass(world: &mut World, time: SignedDuration) -> Outcome<()> {
    let to: Timestamp = world.now().checked_add(time)?;
    world.advance_to(to);
    Ok(())
}

/// Real time of so many updates.
fn updates(count: usize) -> Outcome<Duration> {
    let mut world = World::new(1, "2026-01-01T00:00:00Z".parse()?);
    for number in 0..count {
        files(number)?.iter().try_for_each(|object| apply(&mut world, object))?;
    }
    pass(&mut world, DEPLOYMENT)?;
    (0..count).try_for_each(|number| healthy(&mut world, number, V1))?;
    let loads: Vec<u64> =
        (0..count).map(|number| world.start_load(Load::on(format!("canary-{number}.local"), 1))).collect();
    let started = Instant::now();
    let patch = json!([{
        "op": "replace", "path": "/spec/template/spec/containers/0/image", "value": format!("127.0.0.1:5000/{V2}"),
    }]);
    for number in 0..count {
        call(&mut world, "PATCH", &rollout(number), "application/json-patch+json", &patch)?;
    }
    pass(&mut world, UPDATE)?;
    let took = started.elapsed();
    (0..count).try_for_each(|number| healthy(&mut world, number, V2))?;
    for load in loads {
        let account = world.stop_load(load).ok_or("a load that has ended")?;
        if account.lost() > 0 || account.sent() < 500 {
            return Err(format!("{account}").into());
        }
    }
    Ok(took)
}

fn main() -> Outcome<()> {
    let mut figures = BTreeMap::new();
    for count in std::env::args().skip(1) {
        let count: usize = count.parse()?;
        // The fastest of a few, where they are cheap: what else runs can only add to it.
        let runs = (200 / count.max(1)).clamp(1, 20);
        let mut fastest = Duration::MAX;
        for _ in 0..runs {
            fastest = fastest.min(updates(count)?);
        }
        figures.insert(count, fastest.as_secs_f64());
    }
    writeln!(std::io::stdout(), "{}", json!(figures))?;
    Ok(())
}
