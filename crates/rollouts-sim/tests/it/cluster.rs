//! A world driven by requests, as a client would, with the clock moved by hand.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy's exemption for tests does not reach their helpers"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use http::Request;
use jiff::Timestamp;
use rollouts_client::phase;
use rollouts_client::types::Rollout;
use rollouts_sim::World;
use serde::Deserialize;
use serde_json::{Value, json};
use traffic_probe::{Account, Answer, Load, Outcome};

/// The namespace and the name of the Rollout of the shipped blue-green files.
pub(crate) const NS: &str = "blue-green";
const HASH: &str = "rollouts-pod-template-hash";

pub(crate) struct Cluster {
    pub(crate) world: World,
    /// What the Rollout's phase and message have been, in order, equal neighbours once.
    pub(crate) phases: Vec<String>,
    /// The namespace, by whose name its Rollout goes as well.
    pub(crate) ns: &'static str,
}

pub(crate) fn repository(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// The documents of a shipped file.
pub(crate) fn documents(path: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(repository(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_yaml::Deserializer::from_str(&text)
        .map(|document| Value::deserialize(document).unwrap())
        .filter(|document| !document.is_null())
        .collect()
}

impl Cluster {
    pub(crate) fn new() -> Cluster {
        Cluster { world: World::new(7, start()), phases: Vec::new(), ns: NS }
    }

    /// The shipped canary files, each object changed first.
    pub(crate) fn canary(change: impl Fn(&mut Value)) -> Cluster {
        let mut cluster = Cluster { ns: "canary", ..Cluster::new() };
        for path in [
            "namespaces/canary",
            "canary/analysis-template",
            "canary/services",
            "canary/ingress",
            "canary/rollout",
        ] {
            for mut document in documents(&format!("deploy/{path}.yaml")) {
                change(&mut document);
                cluster.apply(&document);
            }
        }
        cluster.wait("healthy", 60, |c| c.phase() == "Healthy");
        cluster.pass(1);
        cluster
    }

    fn path(&self) -> String {
        format!("/apis/argoproj.io/v1alpha1/namespaces/{0}/rollouts/{0}", self.ns)
    }

    /// The shipped blue-green files, the Rollout changed first.
    pub(crate) fn deployed(change: impl Fn(&mut Value)) -> Cluster {
        let mut cluster = Cluster::new();
        for path in ["deploy/namespaces/blue-green.yaml", "scenarios/blue-green/analysis/templates.yaml"] {
            documents(path).iter().for_each(|document| cluster.apply(document));
        }
        cluster.apply(&undecided());
        for path in ["services", "ingress", "rollout"] {
            for mut document in documents(&format!("deploy/blue-green/{path}.yaml")) {
                if document["kind"] == "Rollout" {
                    change(&mut document);
                }
                cluster.apply(&document);
            }
        }
        cluster.wait("healthy", 60, |c| c.phase() == "Healthy");
        // The ingress hears of the last ready pods a moment after the controller.
        cluster.pass(1);
        cluster
    }

    /// A call that succeeds.
    pub(crate) fn call(&mut self, method: &str, path: &str, kind: &str, body: &Value) -> Value {
        let (status, value) = self.try_call(method, path, kind, body);
        assert!((200..300).contains(&status), "{method} {path}: {status} {value}");
        value
    }

    pub(crate) fn try_call(&mut self, method: &str, path: &str, kind: &str, body: &Value) -> (u16, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", kind)
            .header("accept", "application/json")
            .body(if body.is_null() { Vec::new() } else { body.to_string().into_bytes() })
            .unwrap();
        let response = self.world.handle(&request);
        let value = serde_json::from_slice(response.body()).unwrap_or(Value::Null);
        (response.status().as_u16(), value)
    }

    /// Server-side apply.
    pub(crate) fn apply(&mut self, object: &Value) {
        let version = object["apiVersion"].as_str().unwrap();
        let plural = match object["kind"].as_str().unwrap() {
            "Namespace" => "namespaces",
            "Service" => "services",
            "Ingress" => "ingresses",
            "Rollout" => "rollouts",
            "AnalysisTemplate" => "analysistemplates",
            other => panic!("{other}"),
        };
        let base = if version.contains('/') { "apis" } else { "api" };
        let ns = object["metadata"]["namespace"]
            .as_str()
            .map(|ns| format!("/namespaces/{ns}"))
            .unwrap_or_default();
        let name = object["metadata"]["name"].as_str().unwrap();
        let path = format!("/{base}/{version}{ns}/{plural}/{name}?fieldManager=test&force=true");
        self.call("PATCH", &path, "application/apply-patch+yaml", object);
    }

    pub(crate) fn get(&mut self, path: &str) -> Value {
        self.call("GET", path, "", &Value::Null)
    }

    pub(crate) fn items(&mut self, group: &str, plural: &str) -> Vec<Value> {
        let list = self.get(&format!("/{group}/namespaces/{}/{plural}", self.ns));
        list["items"].as_array().cloned().unwrap_or_default()
    }

    pub(crate) fn merge(&mut self, subresource: &str, body: &Value) {
        let path = format!("{}{subresource}", self.path());
        self.call("PATCH", &path, "application/merge-patch+json", body);
    }

    pub(crate) fn promote(&mut self) {
        self.merge("/status", &json!({"status": {"pauseConditions": null}}));
    }

    pub(crate) fn abort(&mut self) {
        self.merge("/status", &json!({"status": {"abort": true}}));
    }

    /// Changes the image's tag, and the environment when `env` is given.
    pub(crate) fn set_image(&mut self, tag: &str, env: &[(&str, &str)]) {
        let mut rollout = self.rollout();
        let container = &mut rollout["spec"]["template"]["spec"]["containers"][0];
        container["image"] = json!(format!("127.0.0.1:5000/demo-app:{tag}"));
        if !env.is_empty() {
            let env: Vec<Value> =
                env.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
            container["env"] = json!(env);
        }
        let path = self.path();
        self.call("PUT", &path, "application/json", &rollout);
    }

    /// As `kubectl argo rollouts undo`: the template of that revision without its hash label.
    pub(crate) fn undo(&mut self, revision: u32) {
        let set = self.set(revision).unwrap();
        let mut template = set["spec"]["template"].clone();
        template["metadata"]["labels"].as_object_mut().unwrap().remove(HASH);
        let patch = json!([{"op": "replace", "path": "/spec/template", "value": template}]);
        let path = self.path();
        self.call("PATCH", &path, "application/json-patch+json", &patch);
    }

    pub(crate) fn rollout(&mut self) -> Value {
        let path = self.path();
        self.get(&path)
    }

    pub(crate) fn phase(&mut self) -> String {
        let rollout: Rollout = serde_json::from_value(self.rollout()).unwrap();
        let (phase, message) = phase::of(&rollout);
        if message.is_empty() { phase.to_string() } else { format!("{phase} {message}") }
    }

    /// The ReplicaSet of a revision.
    pub(crate) fn set(&mut self, revision: u32) -> Option<Value> {
        let revision = json!(revision.to_string());
        let of = |set: &Value| set["metadata"]["annotations"]["rollout.argoproj.io/revision"] == revision;
        self.items("apis/apps/v1", "replicasets").into_iter().find(of)
    }

    /// (spec.replicas, readyReplicas) by image tag.
    pub(crate) fn sizes(&mut self) -> BTreeMap<String, (i64, i64)> {
        let tag = |set: &Value| {
            let image =
                set["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap_or_default();
            image.rsplit(':').next().unwrap_or_default().to_owned()
        };
        let size = |set: &Value| {
            (
                set["spec"]["replicas"].as_i64().unwrap_or(1),
                set["status"]["readyReplicas"].as_i64().unwrap_or(0),
            )
        };
        self.items("apis/apps/v1", "replicasets").iter().map(|set| (tag(set), size(set))).collect()
    }

    /// The image tag that a Service selects; empty when it selects none in particular.
    pub(crate) fn selects(&mut self, service: &str) -> String {
        let service = self.get(&format!("/api/v1/namespaces/{}/services/{service}", self.ns));
        let hash = service["spec"]["selector"][HASH].clone();
        let sets = self.items("apis/apps/v1", "replicasets");
        let set = sets.iter().find(|set| !hash.is_null() && set["metadata"]["labels"][HASH] == hash);
        let image = set.map(|set| set["spec"]["template"]["spec"]["containers"][0]["image"].clone());
        image.and_then(|image| image.as_str()?.rsplit(':').next().map(str::to_owned)).unwrap_or_default()
    }

    /// The reasons of the Rollout's Events in order, each as often as it happened.
    pub(crate) fn events(&mut self) -> Vec<String> {
        let mut events = self.items("api/v1", "events");
        events.retain(|event| event["involvedObject"]["kind"] == "Rollout");
        events.sort_by_key(|event| {
            event["metadata"]["resourceVersion"].as_str().unwrap().parse::<u64>().unwrap()
        });
        events
            .iter()
            .map(|e| format!("{}: {}", e["reason"].as_str().unwrap(), e["message"].as_str().unwrap()))
            .collect()
    }

    pub(crate) fn ask(&mut self, host: &str) -> Answer {
        let request = traffic_probe::Request {
            id: 0,
            method: http::Method::GET,
            host: host.to_owned(),
            path: "/".to_owned(),
            at: self.world.now(),
        };
        self.world.answer(&request)
    }

    /// The version that answers on a host, or what became of the request.
    pub(crate) fn version(&mut self, host: &str) -> String {
        match self.ask(host).outcome {
            Outcome::Answered { status: 200, version, .. } => version.unwrap_or_default(),
            other => format!("{other:?}"),
        }
    }

    pub(crate) fn load(&mut self, host: &str, per_second: u32) -> u64 {
        self.world.start_load(Load::on(host, per_second))
    }

    pub(crate) fn stop(&mut self, load: u64) -> Account {
        self.world.stop_load(load).unwrap()
    }

    /// Lets everything happen that happens within so many seconds.
    pub(crate) fn pass(&mut self, seconds: u64) {
        let end = self.world.now() + Duration::from_secs(seconds);
        self.run_until(end, |_| false);
        self.world.advance_to(end);
    }

    /// Goes from change to change until a condition holds; panics when it does not within so many seconds.
    pub(crate) fn wait(&mut self, what: &str, seconds: u64, holds: impl Fn(&mut Cluster) -> bool) {
        let end = self.world.now() + Duration::from_secs(seconds);
        if !self.run_until(end, holds) {
            let (phase, sizes) = (self.phase(), self.sizes());
            panic!("not {what} within {seconds} s: {phase} {sizes:?}\n{:#?}", self.phases);
        }
    }

    fn run_until(&mut self, end: Timestamp, holds: impl Fn(&mut Cluster) -> bool) -> bool {
        loop {
            self.note();
            if holds(self) {
                return true;
            }
            match self.world.next_deadline() {
                Some(next) if next <= end => self.world.advance_to(next),
                _ => return false,
            }
        }
    }

    fn note(&mut self) {
        let found = self.items("apis/argoproj.io/v1alpha1", "rollouts");
        if found.is_empty() {
            return;
        }
        let phase = self.phase();
        if self.phases.last() != Some(&phase) {
            self.phases.push(phase);
        }
    }
}

/// An analysis that is neither good nor bad.
fn undecided() -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate",
        "metadata": {"name": "undecided", "namespace": NS},
        "spec": {"metrics": [{
            "name": "constant", "successCondition": "result[0] > 1", "failureCondition": "result[0] < 1",
            "provider": {"prometheus": {"query": "vector(1)"}},
        }]},
    })
}

pub(crate) fn start() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}
