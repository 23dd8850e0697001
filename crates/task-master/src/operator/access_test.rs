//! What each verb asks of the API server, recorded on the simulator and compared with what is documented.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rollouts_client::access;
use rollouts_client::analysis::NewRun;
use rollouts_client::condition::Condition;
use rollouts_client::patch::{PatchKind, PatchRequest, Subresource, Target};
use rollouts_client::proof::{self, Reached, Split};
use rollouts_client::verbs::{self, Promote};
use rollouts_sim::Simulator;
use serde_json::{Value, json};
use task_manager::Evidence;

use super::analysis::{begun, terminated};
use super::list::follow_list;
use super::watch::follow;
use super::{Beginning, Scope, Template, Until, Verb, carry_out};
use crate::cluster::{Cluster, object};
use crate::lint;

/// The name of the shipped blue-green Rollout, and of its namespace.
const NAME: &str = "blue-green";
const NS: &str = NAME;
/// How Argo CD marks it.
const TRACKED: &str = "app:argoproj.io/Rollout:blue-green/blue-green";

const WITHIN: Duration = Duration::from_secs(120);

/// Group, resource with its subresource, verb, and whether it is for the whole cluster.
type Asked = (String, String, String, bool);

/// A simulated cluster twice: as it is, and with every request written down.
pub(super) struct Recorded {
    asked: Arc<Mutex<BTreeSet<Asked>>>,
    pub(super) bare: Cluster,
    heard: Cluster,
    /// The Rollout, and its namespace: they are shipped with the same name.
    name: &'static str,
}

impl Recorded {
    fn new(name: &'static str) -> Self {
        let simulator = Simulator::in_memory(7);
        let asked = Arc::new(Mutex::new(BTreeSet::new()));
        let (client, log) = (simulator.client(), asked.clone());
        let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
            let query = request.uri().query().unwrap_or_default();
            log.lock().unwrap().insert(of(request.method().as_str(), request.uri().path(), query));
            let client = client.clone();
            async move { client.send(request).await }
        });
        let bare = Cluster {
            client: simulator.client(),
            pace: simulator.pace(),
            requests: simulator.requests(),
            evidence: Evidence::Simulated,
        };
        let heard = Cluster { client: kube::Client::new(service, name), ..bare.clone() };
        Self { asked, bare, heard, name }
    }

    /// Creates what is in a file of the repository.
    async fn create(&self, path: &str, change: impl Fn(&mut Value)) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
        for mut value in object::of_manifest(&path, &std::fs::read_to_string(&path).unwrap()).unwrap() {
            change(&mut value);
            let api = object::api(&self.bare.client, &object::reference(&value).unwrap());
            api.create(&Default::default(), &serde_json::from_value(value).unwrap()).await.unwrap();
        }
    }

    /// The shipped Rollout of that name, Healthy, after a change to it.
    pub(super) async fn of(name: &'static str, change: impl Fn(&mut Value)) -> Self {
        let recorded = Self::new(name);
        let none = |_: &mut Value| ();
        recorded.create(&format!("deploy/namespaces/{name}.yaml"), none).await;
        for file in ["services", "ingress"] {
            recorded.create(&format!("deploy/{name}/{file}.yaml"), none).await;
        }
        recorded.create(&format!("deploy/{name}/rollout.yaml"), change).await;
        recorded.until(Condition::Healthy).await;
        recorded
    }

    async fn deployed() -> Self {
        Self::of(NAME, |_| ()).await
    }

    /// The shipped canary with v2 at its first weight, waiting for a person.
    async fn canary() -> Self {
        let canary = Self::of("canary", |rollout| {
            let canary = &mut rollout["spec"]["strategy"]["canary"];
            canary["steps"] = json!([{"setWeight": 10}, {"pause": {}}]);
            canary.as_object_mut().unwrap().remove("analysis");
        });
        let canary = canary.await;
        canary.image("v2").await;
        canary.until(Condition::Paused).await;
        canary
    }

    /// The same with v2 in preview.
    async fn paused() -> Self {
        Self::paused_after(|_| ()).await
    }

    /// The same of versions that declare what schema they work with, so that the serving one is looked at too.
    async fn declaring() -> Self {
        let versions = json!({"progressive-delivery/schema-versions": "1"});
        Self::paused_after(|rollout| {
            rollout["spec"]["template"]["metadata"]["annotations"] = versions.clone();
        })
        .await
    }

    async fn paused_after(change: impl Fn(&mut Value)) -> Self {
        let recorded = Self::of(NAME, change).await;
        recorded.image("v2").await;
        recorded.until(Condition::Paused).await;
        recorded
    }

    pub(super) async fn until(&self, condition: Condition) {
        self.bare.rollouts(self.name).wait(self.name, &condition, WITHIN).await.unwrap();
    }

    async fn image(&self, tag: &str) {
        let image = format!("127.0.0.1:5000/demo-app:{tag}");
        self.bare.rollouts(self.name).set_image(self.name, "demo-app", &image).await.unwrap();
    }

    /// Writes to an object unheard.
    async fn patch(&self, kind: (&str, &str, &str), name: &str, body: Value) {
        let (api_version, kind, plural) = kind;
        let target = Target {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            plural: plural.to_owned(),
            namespace: Some(self.name.to_owned()),
            name: name.to_owned(),
        };
        let of = if body.is_array() { PatchKind::Json } else { PatchKind::Merge };
        let patch = PatchRequest { target, subresource: Subresource::Main, kind: of, body };
        self.bare.rollouts(self.name).send(&patch).await.unwrap();
    }

    /// Carries a verb out, heard.
    async fn run(&self, verb: &Verb) {
        let rollouts = self.heard.rollouts(self.name);
        Box::pin(carry_out(&self.heard, &rollouts, self.name, verb, WITHIN)).await.unwrap();
    }

    fn asked(self) -> BTreeSet<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// What a request asks for, as RBAC sees it.
fn of(method: &str, path: &str, query: &str) -> Asked {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (group, rest) = match parts.as_slice() {
        ["api", _, rest @ ..] => ("", rest),
        ["apis", group, _, rest @ ..] => (*group, rest),
        other => panic!("no resource: {other:?}"),
    };
    let (cluster, rest) = match rest {
        ["namespaces", _, rest @ ..] if !rest.is_empty() => (false, rest),
        rest => (true, rest),
    };
    let (resource, name) = match rest {
        [resource] => ((*resource).to_owned(), false),
        [resource, _] => ((*resource).to_owned(), true),
        [resource, _, sub] => (format!("{resource}/{sub}"), true),
        other => panic!("no resource: {other:?}"),
    };
    let verb = match (method, name) {
        ("GET", _) if query.contains("watch=") => "watch",
        ("GET", true) => "get",
        ("GET", false) => "list",
        ("POST", _) => "create",
        ("PATCH", _) => "patch",
        ("PUT", _) => "update",
        ("DELETE", true) => "delete",
        other => panic!("no verb: {other:?}"),
    };
    (group.to_owned(), resource, verb.to_owned(), cluster)
}

const ROLLOUT: (&str, &str, &str) = ("argoproj.io/v1alpha1", "Rollout", "rollouts");
const SERVICE: (&str, &str, &str) = ("v1", "Service", "services");

/// Everything that a verb is seen to ask for, over the states in which it asks for different things.
async fn seen(verb: &str) -> BTreeSet<Asked> {
    let mut all = BTreeSet::new();
    let promote =
        |full, wait| Verb::Promote { how: Promote { full, ..Promote::default() }, wait, host: None };
    match verb {
        "list" => {
            let cluster = Recorded::deployed().await;
            let rollouts = cluster.heard.rollouts(NS);
            rollouts.list("").await.unwrap();
            rollouts.list_everywhere("").await.unwrap();
            for namespace in [Some(NS.to_owned()), None] {
                let scope = Scope { namespace, labels: String::new() };
                follow_list(&rollouts, &scope, Some(Duration::from_secs(5)), &mut |_, _, _| ())
                    .await
                    .unwrap();
            }
            all.extend(cluster.asked());
        }
        "watch" => {
            let cluster = Recorded::deployed().await;
            let rollouts = cluster.heard.rollouts(NS);
            follow(&rollouts, NAME, Until::Settled, None, &mut |_| ()).await.unwrap();
            all.extend(cluster.asked());
        }
        "get" | "status" | "history" | "diff" => {
            let cluster = Recorded::paused().await;
            let tracked = json!({"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": TRACKED}}});
            cluster.patch(ROLLOUT, NAME, tracked).await;
            let verb = match verb {
                "get" => Verb::Get,
                "status" => Verb::Status,
                "history" => Verb::History { of: None },
                _ => Verb::Diff { from: None, to: None },
            };
            cluster.run(&verb).await;
            all.extend(cluster.asked());
        }
        "explain" => {
            let cluster = Recorded::deployed().await;
            let tracked = json!({"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": TRACKED}}});
            cluster.patch(ROLLOUT, NAME, tracked).await;
            let crashing = json!([{"op": "add", "path": "/spec/template/spec/containers/0/env",
                "value": [{"name": "CRASH_AFTER", "value": "1s"}]}]);
            cluster.patch(ROLLOUT, NAME, crashing).await;
            let rollouts = cluster.bare.rollouts(NS);
            for _ in 0..200 {
                rollouts.pace().turn(Duration::from_millis(200)).await;
            }
            cluster.run(&Verb::Explain { program: "x".to_owned() }).await;
            all.extend(cluster.asked());
        }
        "lint" => {
            let cluster = Recorded::deployed().await;
            lint::live_of(&cluster.heard, NS, &[NAME.to_owned()]).await.unwrap();
            lint::serving_of(&cluster.heard, NS, &[NAME.to_owned()]).await.unwrap();
            all.extend(cluster.asked());
        }
        "wait" => {
            let cluster = Recorded::deployed().await;
            cluster.run(&Verb::Wait(Condition::Healthy)).await;
            cluster.run(&Verb::Wait(Condition::ScaledDown)).await;
            all.extend(cluster.asked());
        }
        "promote" => {
            for (full, wait) in [(false, false), (false, true), (true, true)] {
                let cluster = Recorded::paused().await;
                cluster.run(&promote(full, wait)).await;
                all.extend(cluster.asked());
            }
            let cluster = Recorded::paused().await;
            cluster.bare.rollouts(NS).pause(NAME).await.unwrap();
            cluster.run(&promote(false, false)).await;
            all.extend(cluster.asked());
        }
        "abort" | "retry" => {
            let cluster = Recorded::declaring().await;
            if verb == "retry" {
                cluster.bare.rollouts(NS).abort(NAME).await.unwrap();
                cluster.until(Condition::Settled).await;
            }
            cluster.run(if verb == "abort" { &Verb::Abort } else { &Verb::Retry }).await;
            all.extend(cluster.asked());
        }
        "pause" | "restart" | "set-image" => {
            let cluster = Recorded::deployed().await;
            let image = "127.0.0.1:5000/demo-app:v2".to_owned();
            let verb = match verb {
                "pause" => Verb::Pause,
                "restart" => Verb::Restart,
                _ => Verb::SetImage { container: "demo-app".to_owned(), image },
            };
            cluster.run(&verb).await;
            all.extend(cluster.asked());
        }
        "resume" => {
            let cluster = Recorded::declaring().await;
            cluster.bare.rollouts(NS).pause(NAME).await.unwrap();
            cluster.run(&Verb::Resume).await;
            all.extend(cluster.asked());
        }
        "undo" => {
            let cluster = Recorded::paused().await;
            cluster.run(&Verb::Undo { to: None }).await;
            let rollouts = cluster.heard.rollouts(NS);
            let (mut rollout, sets) = (rollouts.get(NAME).await.unwrap(), vec![]);
            let sets = [sets, rollouts.replica_sets(&rollout).await.unwrap()].concat();
            for kind in ["Deployment", "ReplicaSet", "PodTemplate"] {
                let reference = json!({"apiVersion": "apps/v1", "kind": kind, "name": "x"});
                rollout.spec.workload_ref = Some(serde_json::from_value(reference).unwrap());
                rollout.spec.template = None;
                let old = sets.iter().find(|set| set.hash() != rollout.current_hash()).unwrap();
                for patch in verbs::undo_to(&rollout, old).unwrap() {
                    // The simulator has none, and that it was asked is what counts.
                    rollouts.send(&patch).await.unwrap_err();
                }
            }
            all.extend(cluster.asked());
        }
        "create" => {
            let cluster = Recorded::deployed().await;
            for kind in ["AnalysisTemplate", "ClusterAnalysisTemplate"] {
                let metrics = json!([{"name": "one", "provider": {"prometheus": {"query": "vector(1)"}}}]);
                let mut template = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": kind,
                    "metadata": {"name": "one"}, "spec": {"metrics": metrics}});
                let global = kind == "ClusterAnalysisTemplate";
                if !global {
                    template["metadata"]["namespace"] = json!(NS);
                }
                let api = object::api(&cluster.bare.client, &object::reference(&template).unwrap());
                api.create(&Default::default(), &serde_json::from_value(template).unwrap()).await.unwrap();
                let template = Template::Named("one".to_owned());
                let new = NewRun::default();
                let beginning = Beginning { template, global, new, within: Some(WITHIN) };
                begun(&cluster.heard.rollouts(NS), &beginning).await.unwrap();
            }
            all.extend(cluster.asked());
        }
        "terminate" => {
            let cluster = Recorded::deployed().await;
            let metrics = json!([{"name": "one", "interval": "1h", "provider": {"prometheus": {"query": "vector(1)"}}}]);
            let template = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate",
                "metadata": {"name": "one"}, "spec": {"metrics": metrics}});
            let new = NewRun { name: Some("one".to_owned()), ..NewRun::default() };
            cluster.bare.rollouts(NS).create_analysis_run(&template, false, &new).await.unwrap();
            terminated(&cluster.heard.rollouts(NS), "one").await.unwrap();
            all.extend(cluster.asked());
        }
        "rollback" => {
            for by in
                [Verb::Rollback { host: None }, Verb::Rollback { host: Some("canary.local".to_owned()) }]
            {
                let cluster = Recorded::canary().await;
                cluster.run(&by).await;
                all.extend(cluster.asked());
            }
            // What its proof looks at while a canary Service is not turned back yet, which is soon over here.
            let cluster = Recorded::canary().await;
            let rollouts = cluster.heard.rollouts("canary");
            let rollout = rollouts.get("canary").await.unwrap();
            let hash = rollout.stable_hash().unwrap().to_owned();
            let (service, split) = (Some("canary-stable".to_owned()), Split::of(&rollout));
            let reached = Reached { service, hash, tag: None, split };
            proof::prove(&rollouts, &rollout, &reached, None, Duration::from_secs(1)).await.unwrap_err();
            all.extend(cluster.asked());
            // Fully promoted; and tracked by Argo CD.
            let cluster = Recorded::canary().await;
            cluster.bare.rollouts("canary").promote_full("canary").await.unwrap();
            cluster.until(Condition::Healthy).await;
            cluster.run(&Verb::Rollback { host: None }).await;
            all.extend(cluster.asked());
            let cluster = Recorded::paused().await;
            let tracked = json!({"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": TRACKED}}});
            cluster.patch(ROLLOUT, NAME, tracked).await;
            cluster.run(&Verb::Rollback { host: None }).await;
            all.extend(cluster.asked());
            // Given up before the promotion; gone back to after it; and a selector that has to be repaired.
            let cluster = Recorded::paused().await;
            cluster.run(&Verb::Rollback { host: None }).await;
            all.extend(cluster.asked());
            let cluster = Recorded::paused().await;
            cluster.bare.rollouts(NS).promote(NAME).await.unwrap();
            cluster.until(Condition::Healthy).await;
            cluster.run(&Verb::Rollback { host: None }).await;
            all.extend(cluster.asked());
            let cluster = Recorded::paused().await;
            cluster.bare.rollouts(NS).pause(NAME).await.unwrap();
            let hash = cluster.bare.rollouts(NS).get(NAME).await.unwrap().current_hash().unwrap().to_owned();
            let selector = json!({"spec": {"selector": {"rollouts-pod-template-hash": hash}}});
            cluster.patch(SERVICE, "blue-green-active", selector).await;
            cluster.run(&Verb::Rollback { host: None }).await;
            all.extend(cluster.asked());
        }
        access::REASON => {
            let cluster = Recorded::deployed().await;
            cluster.heard.rollouts(NS).record(NAME, "pause", "tried").await.unwrap();
            all.extend(cluster.asked());
        }
        unknown => panic!("how {unknown} is tried is not known"),
    }
    all
}

#[test]
fn each_verb_asks_for_exactly_what_is_documented() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut wrong = Vec::new();
    for access in access::ALL {
        let documented: BTreeSet<Asked> = access
            .rules
            .iter()
            .map(|rule| (rule.group.to_owned(), rule.resource.to_owned(), rule.verb.to_owned(), rule.cluster))
            .collect();
        assert_eq!(documented.len(), access.rules.len(), "{}: a rule twice", access.verb);
        let seen = runtime.block_on(Box::pin(seen(access.verb)));
        for asked in seen.difference(&documented) {
            wrong.push(format!("{} asks for {asked:?}, which is not documented", access.verb));
        }
        for rule in documented.difference(&seen) {
            wrong.push(format!("{} was not seen to ask for {rule:?}", access.verb));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
