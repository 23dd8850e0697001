//! What has something go wrong on a cluster, a simulated or a real one: it sees only a [`World`].

use std::time::Duration;

use http::Request;
use rollouts_client::client::Rollouts;
use rollouts_client::condition::Condition;
use rollouts_client::explain::Explanation;
use scenario::{World, manifest};
use serde_json::{Value, json};

use super::{App, Fault, Step, said};
use crate::cluster;
use crate::run::{self, Error};

/// The longest until the shipped application is healthy.
const HEALTHY: Duration = Duration::from_secs(180);

/// The longest until a fault is explained: the shipped canary alone waits two minutes before its first analysis.
const EXPLAINED: Duration = Duration::from_secs(300);

/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);

/// So long its causes have to stay, and alone: what passes by has explained nothing.
const STAYS: Duration = Duration::from_secs(3);

/// How a verb is typed, for what an explanation proposes.
const PROGRAM: &str = "task-master rollout";

/// An application in a namespace of a cluster.
pub(crate) struct Hands<'w> {
    world: &'w World,
    app: App,
    namespace: String,
}

impl<'w> Hands<'w> {
    /// In a namespace that may be another than the shipped one; the hosts of the Ingress then are others too.
    pub(crate) fn new(world: &'w World, app: App, namespace: impl Into<String>) -> Self {
        Hands { world, app, namespace: namespace.into() }
    }

    fn rollouts(&self) -> Rollouts {
        Rollouts::new(self.world.client.clone(), self.namespace.as_str()).with_pace(self.world.pace.clone())
    }

    /// Applies the shipped files and waits until the Rollout is healthy.
    pub(crate) async fn deploy(&self) -> Result<(), Error> {
        let name = self.app.name();
        self.apply(&format!("deploy/namespaces/{name}.yaml")).await?;
        let analysis: &[&str] = if self.app == App::Canary { &["analysis-template"] } else { &[] };
        for part in analysis.iter().chain(&["services", "ingress", "rollout"]) {
            self.apply(&format!("deploy/{name}/{part}.yaml")).await?;
        }
        self.rollouts().wait(name, &Condition::Healthy, HEALTHY).await.map(drop).map_err(said)
    }

    /// The scenario of a fault, the same on every target. The shipped application is healthy, and nothing is named;
    /// then the fault, and all of its causes are named, no other, and stay. `ask` says how it is asked for the causes.
    /// Returns how long it took until they were named, and what was named before.
    pub(crate) async fn show(
        &self,
        fault: &Fault,
        ask: impl AsyncFn() -> Result<Vec<String>, Error>,
    ) -> Result<(Duration, Vec<String>), Error> {
        let expect = async |causes: &[&str]| match ask().await? {
            found if found == causes => Ok(()),
            found => Err(Error::Found(format!("{found:?} and not {causes:?}"))),
        };
        self.deploy().await?;
        expect(&[]).await?;
        let start = self.world.pace.now();
        let before = self.bring(fault).await?;
        let took = self.world.pace.since(start);
        self.world.pace.pass(STAYS).await;
        expect(fault.causes).await?;
        Ok((took, before))
    }

    /// Brings a fault about and waits until it is explained by its causes. Returns what was named before that.
    pub(super) async fn bring(&self, fault: &Fault) -> Result<Vec<String>, Error> {
        for step in fault.steps {
            self.step(step).await?;
        }
        self.until(fault.causes).await
    }

    /// The causes that are at work, without the program in between.
    #[cfg(test)]
    pub(super) async fn causes(&self) -> Result<Vec<String>, Error> {
        self.explain().await.map(|explanation| names(&explanation))
    }

    async fn explain(&self) -> Result<Explanation, Error> {
        self.rollouts().explain(self.app.name(), PROGRAM).await.map_err(said)
    }

    /// Starts again what a fault has stopped.
    pub(crate) async fn mend(&self, fault: &Fault) -> Result<(), Error> {
        for component in fault.steps.iter().filter_map(Step::stops) {
            self.world.faults.component(component, true).await.map_err(said)?;
        }
        Ok(())
    }

    async fn until(&self, causes: &[&str]) -> Result<Vec<String>, Error> {
        let start = self.world.pace.now();
        let mut before: Vec<String> = Vec::new();
        loop {
            let explanation = self.explain().await?;
            let found = names(&explanation);
            if found == causes {
                return Ok(before);
            }
            if self.world.pace.since(start) > EXPLAINED {
                return Err(Error::Found(format!("{found:?} and not {causes:?}: {explanation}")));
            }
            before.extend(found.into_iter().filter(|cause| !before.contains(cause)).collect::<Vec<_>>());
            self.world.pace.pass(LOOK).await;
        }
    }

    fn path(&self, rest: &str) -> String {
        let (group, rest) = rest.rsplit_once("//").unwrap_or(("", rest));
        format!("/{group}/namespaces/{}/{rest}", self.namespace)
    }

    async fn ask(&self, method: &str, path: &str, kind: &str, body: &str) -> Result<Value, Error> {
        let request = Request::builder().method(method).uri(path).header("content-type", kind);
        let request = request.body(body.as_bytes().to_vec()).map_err(said)?;
        self.world.client.request(request).await.map_err(said)
    }

    async fn apply(&self, file: &str) -> Result<(), Error> {
        let text = run::read_file(&run::root().join(file))?;
        for mut object in cluster::objects(&text, file)? {
            manifest::adopt(&mut object, &self.namespace);
            cluster::put(&self.world.client, "task-master", &object).await?;
        }
        Ok(())
    }

    async fn step(&self, step: &Step) -> Result<(), Error> {
        let name = self.app.name();
        match step {
            Step::Update(tag, variables) => {
                let list: Vec<Value> =
                    variables.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
                let image = json!(format!("127.0.0.1:5000/demo-app:{tag}"));
                self.container(&[("image", image), ("env", Value::Array(list))]).await
            }
            Step::Container(field, value) => {
                let value: Value = serde_json::from_str(value).map_err(said)?;
                self.container(&[(field, value)]).await
            }
            Step::Merge(object, patch) => {
                self.ask("PATCH", &self.path(object), "application/merge-patch+json", patch).await.map(drop)
            }
            Step::Create(path, object) => {
                self.ask("POST", &self.path(path), "application/json", object).await.map(drop)
            }
            Step::Delete(path) => {
                self.ask("DELETE", &self.path(path), "application/json", "").await.map(drop)
            }
            Step::Stop(component) => self.world.faults.component(*component, false).await.map_err(said),
            Step::Until(causes) => self.until(causes).await.map(drop),
            Step::Abort => self.rollouts().abort(name).await.map(drop).map_err(said),
        }
    }

    /// Other fields of the Rollout's one container, by a patch: the controller writes to the same object.
    async fn container(&self, fields: &[(&str, Value)]) -> Result<(), Error> {
        let rollout = self.path(&format!("apis/argoproj.io/v1alpha1//rollouts/{}", self.app.name()));
        let set = |(field, value): &(&str, Value)| json!({ "op": "add", "path": format!("/spec/template/spec/containers/0/{field}"), "value": value });
        let patch = Value::Array(fields.iter().map(set).collect());
        self.ask("PATCH", &rollout, "application/json-patch+json", &patch.to_string()).await.map(drop)
    }
}

fn names(explanation: &Explanation) -> Vec<String> {
    explanation.findings.iter().map(|finding| finding.cause.to_owned()).collect()
}
