//! `cargo xtask fault NAME`: the shipped application on a new simulated cluster, and then what goes wrong with it.
//!
//! The troubleshooting guide begins each of its entries with one of these, so that its commands are run where the
//! trouble really is. A fault is what somebody might have done: another image, another spec, an edit of a Service, a
//! component that is down. Nothing of the status is written.

use std::path::PathBuf;
use std::time::Duration;

use http::Request;
use rollouts_sim::Simulator;
use serde_json::{Value, json};

use crate::cluster;
use crate::run::{self, Error};

mod table;

use table::FAULTS;

/// Which fault, and where.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// What is to go wrong; without it, the list.
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Start the components again that are down, in the cluster as it is
    #[arg(long, conflicts_with = "name")]
    mend: bool,
    /// The state folder whose simulated cluster is made anew. Give one of its own: what was there is gone.
    #[arg(long, env = "TASK_MASTER_STATE", value_name = "DIR")]
    state: Option<PathBuf>,
}

/// A thing that goes wrong.
struct Fault {
    name: &'static str,
    /// The cause that `explain` names then.
    cause: &'static str,
    app: App,
    steps: &'static [Step],
}

/// A shipped application; Rollout and namespace have its name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum App {
    BlueGreen,
    Canary,
}

impl App {
    fn name(self) -> &'static str {
        match self {
            App::BlueGreen => "blue-green",
            App::Canary => "canary",
        }
    }
}

/// One act of whoever brings the fault about.
enum Step {
    /// Another tag, with these variables of the container.
    Update(&'static str, &'static [(&'static str, &'static str)]),
    /// A field of the container, as JSON.
    Container(&'static str, &'static str),
    /// A merge patch, as JSON, of an object of the namespace: its path after that.
    Merge(&'static str, &'static str),
    /// An object that is created, as JSON; its path without the name.
    Create(&'static str, &'static str),
    /// A component: see the simulator's own faults.
    Component(&'static str),
    /// Time, seconds.
    Pass(u64),
}

/// Brings the fault about and says what to ask.
///
/// # Errors
/// An unknown name, no state folder of its own, or what the simulator refuses.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    if options.mend {
        return mend(options);
    }
    let Some(name) = &options.name else {
        return FAULTS.iter().try_for_each(|fault| run::out(&format!("{:<18} {}", fault.name, fault.cause)));
    };
    let known = || FAULTS.iter().map(|fault| fault.name).collect::<Vec<_>>().join(", ");
    let fault = FAULTS.iter().find(|fault| fault.name == *name);
    let fault = fault.ok_or_else(|| Error::Found(format!("no fault {name}; there are: {}", known())))?;
    let folder = folder(options)?;
    rollouts_sim::reset(&folder).map_err(said)?;
    run::create_folder(&folder)?;
    block(async { bring(fault, &Simulator::open(&folder).map_err(said)?).await })?;
    let app = fault.app.name();
    run::say(&format!("{name}: now ask task-master rollout -n {app} explain {app}"));
    Ok(())
}

/// Where the simulated cluster is kept.
fn folder(options: &Options) -> Result<PathBuf, Error> {
    let none = "the simulated cluster is made anew: name a state folder of its own by --state";
    options.state.as_ref().map(|state| state.join("sim")).ok_or_else(|| Error::Found(none.to_owned()))
}

/// The Rollouts controller is started again, and gets time to look at everything.
fn mend(options: &Options) -> Result<(), Error> {
    let folder = folder(options)?;
    block(async {
        let simulator = Simulator::open(&folder).map_err(said)?;
        let hands = Hands { client: simulator.client(), simulator: &simulator, app: App::BlueGreen };
        hands.step(&Step::Component("rollouts-controller?runs=true")).await?;
        hands.pass(30).await;
        Ok(())
    })
}

fn block<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|source| Error::Start { program: "the simulator".to_owned(), source })?.block_on(work)
}

fn said(error: impl std::error::Error) -> Error {
    Error::Found(format!("{error}"))
}

/// The shipped files of both applications, healthy, then the fault.
async fn bring(fault: &Fault, simulator: &Simulator) -> Result<(), Error> {
    let hands = Hands { client: simulator.client(), simulator, app: fault.app };
    for app in [App::BlueGreen, App::Canary] {
        let name = app.name();
        let analysis: &[&str] = if app == App::Canary { &["canary/analysis-template"] } else { &[] };
        let namespace = format!("namespaces/{name}");
        let parts = ["services", "ingress", "rollout"].map(|part| format!("{name}/{part}"));
        let files = [namespace.as_str()].into_iter().chain(analysis.iter().copied());
        for file in files.chain(parts.iter().map(String::as_str)) {
            hands.apply(&format!("deploy/{file}.yaml")).await?;
        }
    }
    hands.pass(60).await;
    for step in fault.steps {
        hands.step(step).await?;
    }
    Ok(())
}

/// What acts on the simulated cluster.
struct Hands<'s> {
    client: kube::Client,
    simulator: &'s Simulator,
    app: App,
}

impl Hands<'_> {
    fn path(&self, rest: &str) -> String {
        let (group, rest) = rest.rsplit_once("//").unwrap_or(("", rest));
        format!("/{group}/namespaces/{}/{rest}", self.app.name())
    }

    async fn ask(&self, method: &str, path: &str, kind: &str, body: &str) -> Result<Value, Error> {
        let request = Request::builder().method(method).uri(path).header("content-type", kind);
        let request = request.body(body.as_bytes().to_vec()).map_err(said)?;
        self.client.request(request).await.map_err(said)
    }

    async fn apply(&self, file: &str) -> Result<(), Error> {
        let text = run::read_file(&run::root().join(file))?;
        for object in cluster::objects(&text, file)? {
            cluster::put(&self.client, "task-master", &object).await?;
        }
        Ok(())
    }

    async fn step(&self, step: &Step) -> Result<(), Error> {
        let rollout = self.path(&format!("apis/argoproj.io/v1alpha1//rollouts/{}", self.app.name()));
        match step {
            Step::Update(tag, variables) => {
                let list: Vec<Value> =
                    variables.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
                let fields = json!({ "image": format!("127.0.0.1:5000/demo-app:{tag}"), "env": list });
                self.container(&rollout, fields).await
            }
            Step::Container(field, value) => {
                let value: Value = serde_json::from_str(value).map_err(said)?;
                self.container(&rollout, json!({ *field: value })).await
            }
            Step::Merge(object, patch) => {
                self.ask("PATCH", &self.path(object), "application/merge-patch+json", patch).await.map(drop)
            }
            Step::Create(path, object) => {
                self.ask("POST", &self.path(path), "application/json", object).await.map(drop)
            }
            Step::Component(query) => {
                let path = format!("/faults/v1/components/{query}");
                self.ask("POST", &path, "application/json", "").await.map(drop)
            }
            Step::Pass(seconds) => {
                self.pass(*seconds).await;
                Ok(())
            }
        }
    }

    /// Other fields of the Rollout's one container.
    async fn container(&self, rollout: &str, fields: Value) -> Result<(), Error> {
        let mut object = self.ask("GET", rollout, "application/json", "").await?;
        let container = object.pointer_mut("/spec/template/spec/containers/0").and_then(Value::as_object_mut);
        if let (Some(container), Value::Object(fields)) = (container, fields) {
            container.extend(fields);
        }
        self.ask("PUT", rollout, "application/json", &object.to_string()).await.map(drop)
    }

    async fn pass(&self, seconds: u64) {
        self.simulator.pace().pass(Duration::from_secs(seconds)).await;
    }
}

/// Where the guide is.
#[cfg(test)]
fn guide() -> PathBuf {
    run::root().join("docs/troubleshooting-guide.md")
}

#[cfg(test)]
mod tests {
    use rollouts_client::client::Rollouts;

    use super::*;

    #[test]
    fn each_fault_is_explained_by_its_cause() {
        for fault in FAULTS {
            let explanation = block(async {
                let simulator = Simulator::in_memory(1);
                bring(fault, &simulator).await?;
                let rollouts =
                    Rollouts::new(simulator.client(), fault.app.name()).with_pace(simulator.pace());
                rollouts.explain(fault.app.name(), "task-master rollout").await.map_err(said)
            });
            let explanation = explanation.unwrap_or_else(|error| panic!("{}: {error}", fault.name));
            let causes: Vec<&str> = explanation.findings.iter().map(|finding| finding.cause).collect();
            assert!(causes.contains(&fault.cause), "{}: {causes:?}\n{explanation}", fault.name);
        }
    }

    #[test]
    fn each_fault_is_an_entry_of_the_guide_with_its_four_parts() {
        let text = run::read_file(&guide()).unwrap();
        let entries: Vec<&str> = text.split("\n### ").skip(1).collect();
        assert!(entries.len() >= 15, "{}", entries.len());
        let mut produced = Vec::new();
        for entry in &entries {
            let title = entry.lines().next().unwrap();
            for part in ["**Cause.**", "**Cure.**", "```sh"] {
                assert!(entry.contains(part), "{title}: no {part}");
            }
            let Some(rest) = entry.split("cargo xtask fault ").nth(1) else { continue };
            produced.push(rest.split_whitespace().next().unwrap());
        }
        let names: Vec<&str> = FAULTS.iter().map(|fault| fault.name).collect();
        assert_eq!(produced, names, "each fault has its entry, in this order");
        for fault in FAULTS {
            assert!(text.contains(&format!("`{}`", fault.cause)), "{}", fault.cause);
        }
    }
}
