//! `cargo xtask policies`: deploy/policies and all that is rendered, tried on a real API server.
//!
//! In a namespace of its own, which is taken away again: each role does one thing that it may and others that it may
//! not, Pod Security, the limits and the quota each refuse a pod, and every rendering is applied as a dry run. No pod
//! is ever started. Nothing here shows that network policies are enforced: that takes a network plugin.

mod acts;
mod dry_run;

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::run::{self, Error};
use crate::{cluster, gomodule};

/// Which API server.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The kubeconfig of an administrator [default: the host cluster's].
    #[arg(long)]
    kubeconfig: Option<PathBuf>,
}

/// The namespace in which all of this happens.
const NAMESPACE: &str = "policies-check";

/// A `kubectl` of the pinned version with its kubeconfig.
struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
}

impl Kubectl {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = run::command(&self.program);
        command.arg("--kubeconfig").arg(&self.kubeconfig).args(["--namespace", NAMESPACE]).args(words);
        command
    }

    /// Applies objects as they are given; with `more` words, such as a dry run.
    fn apply(&self, objects: &[Value], more: &[&str]) -> Result<(), Error> {
        let list = json!({ "apiVersion": "v1", "kind": "List", "items": objects });
        let mut command = self.command(&["apply", "--server-side", "--filename=-"]);
        run::feed(command.args(more), list.to_string().as_bytes()).map(drop)
    }
}

/// Tries everything and reports all that is not as it should be.
///
/// # Errors
/// An API server that does not answer, a namespace that is there already, or [`Error::Found`] with a line for each
/// act that went otherwise.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let kubectl = Kubectl {
        program: gomodule::ensure(&gomodule::KUBECTL)?,
        kubeconfig: options.kubeconfig.clone().unwrap_or_else(cluster::host_kubeconfig),
    };
    let kubeconfig = kubectl.kubeconfig.display();
    run::capture(&mut kubectl.command(&["get", "--raw", "/readyz"]))?;
    // It is deleted at the end, so it must be one that this made.
    run::capture(&mut kubectl.command(&["create", "namespace", NAMESPACE]))?;
    let tried = prepare(&kubectl).and_then(|()| {
        let mut wrong = acts::run(&kubectl)?;
        wrong.extend(dry_run::run(&kubectl)?);
        Ok(wrong)
    });
    let gone = run::capture(&mut kubectl.command(&["delete", "namespace", NAMESPACE, "--timeout=120s"]));
    let wrong = tried?;
    gone?;
    run::say(&format!("network policies: unverified, no network plugin was asked ({kubeconfig})"));
    if wrong.is_empty() { Ok(()) } else { Err(Error::Found(wrong.join("\n"))) }
}

/// The platform's half of dev, and a Rollout of no pods, in the namespace of this check.
fn prepare(kubectl: &Kubectl) -> Result<(), Error> {
    let built = run::capture(&mut kubectl.command(&["kustomize", "deploy/environments/dev/platform"]))?;
    kubectl.apply(&moved(&built)?, &[])?;
    let mut rollout = moved(&run::read_file(&run::root().join("deploy/blue-green/rollout.yaml"))?)?;
    rollout.iter_mut().for_each(|rollout| rollout["spec"]["replicas"] = json!(0));
    kubectl.apply(&rollout, &[])?;
    // The quota counts once its controller has seen it; a pod needs the account that another one makes.
    let quota =
        ["wait", "resourcequota/two-full-sets", "--for=jsonpath={.status.hard.pods}", "--timeout=60s"];
    run::capture(&mut kubectl.command(&quota))?;
    run::capture(&mut kubectl.command(&["wait", "serviceaccount/default", "--for=create", "--timeout=60s"]))
        .map(drop)
}

/// The objects of a file, in the namespace of this check.
fn moved(text: &str) -> Result<Vec<Value>, Error> {
    let mut objects = cluster::objects(text, "the objects of this check")?;
    for object in &mut objects {
        let field = if object["kind"] == "Namespace" { "name" } else { "namespace" };
        object["metadata"][field] = json!(NAMESPACE);
    }
    Ok(objects)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_move_whatever_namespace_they_had() {
        let text = "kind: Namespace\nmetadata: {name: dev}\n---\n---\nkind: Role\nmetadata: {name: a, namespace: dev}\n";
        let moved = moved(text).unwrap();
        assert_eq!(moved.len(), 2);
        assert_eq!(moved[0]["metadata"]["name"], NAMESPACE);
        assert_eq!(moved[1]["metadata"], json!({ "name": "a", "namespace": NAMESPACE }));
    }
}
