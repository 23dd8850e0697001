//! terraform/platform on a real API server: applied, changed by hand, planned, applied again and destroyed.
//!
//! Argo CD's objects are among it, and no pod of theirs runs: what Argo CD would do is not shown here, which is to
//! sync the root application, and to take away what that made before it goes.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::api::Api;
use super::stage::Stage;
use super::{CONTEXT, manifest};
use crate::gomodule::KUBECTL;
use crate::run::{self, Error};

/// Where the root application would read; nobody asks there.
const REPOSITORY: &str = "https://git.example.org/you/progressive-delivery.git";

/// Changes by hand that a plan must see: words of `kubectl`.
const DRIFTS: &[&[&str]] = &[
    &[
        "patch",
        "application.argoproj.io",
        "root",
        "--type=merge",
        r#"--patch={"spec":{"source":{"path":"charts"}}}"#,
    ],
    &["label", "namespace", "blue-green", "pod-security.kubernetes.io/enforce-"],
    &["delete", "appproject.argoproj.io", "root"],
    &["delete", "service", "argocd-server"],
];

/// What Argo CD does at the end of a deletion, once all that the application made is gone.
const FINISHED: &[&str] = &[
    "patch",
    "application.argoproj.io",
    "root",
    "--type=merge",
    r#"--patch={"metadata":{"finalizers":null}}"#,
];

/// Applies everything to a new API server, and destroys it.
///
/// # Errors
/// An API server that cannot be had, what Terraform says, or [`Error::Found`] with what is not as it should be.
pub(super) fn run(terraform: &Path) -> Result<(), Error> {
    let stage = Stage::of_the_platform(terraform)?;
    let live = Live { stage, api: Api::start()?, kubectl: KUBECTL.file()?, manifest: manifest()? };
    let planned = live.planned()?;
    live.settle("apply")?;
    live.are_there(&planned)?;
    live.unchanged("it was applied")?;
    run::say(&format!(
        "terraform applied {} objects, Argo CD's among them, and then plans no change",
        planned.len()
    ));
    for drift in DRIFTS {
        let line = drift.join(" ");
        run::capture(&mut live.kubectl(drift))?;
        if !live.plans_changes()? {
            return Err(Error::Found(format!("terraform plan does not see: kubectl {line}")));
        }
        live.settle("apply")?;
        live.are_there(&planned)?;
        live.unchanged(&format!("it mended: kubectl {line}"))?;
        run::say(&format!("terraform plan saw, and apply mended: kubectl {line}"));
    }
    run::capture(&mut live.kubectl(FINISHED))?;
    live.settle("destroy")?;
    live.gone(&planned)?;
    run::say(&format!("terraform destroyed it, and none of the {} objects is left", planned.len()));
    run::say(
        "terraform/platform: unverified, no Argo CD ran: neither its pods nor a sync of the root application",
    );
    Ok(())
}

struct Live {
    stage: Stage,
    api: Api,
    kubectl: PathBuf,
    manifest: PathBuf,
}

impl Live {
    /// What the configuration makes on a cluster that has nothing of it.
    fn planned(&self) -> Result<Vec<Value>, Error> {
        let plan = self.stage.file("first.tfplan").display().to_string();
        run::capture(self.variables("plan").arg(format!("-out={plan}")))?;
        let told = run::capture(&mut self.stage.terraform(&["show", "-json", &plan]))?;
        let told = run::json("terraform show", told.as_bytes())?;
        let changes = told["resource_changes"].as_array().map(Vec::as_slice).unwrap_or_default();
        let objects: Vec<Value> = changes.iter().map(|change| object(&change["change"]["after"])).collect();
        match objects.is_empty() {
            true => Err(Error::Found("terraform plans nothing".to_owned())),
            false => Ok(objects),
        }
    }

    /// Applies or destroys without a question.
    fn settle(&self, verb: &str) -> Result<(), Error> {
        run::capture(self.variables(verb).arg("-auto-approve")).map(drop)
    }

    fn unchanged(&self, after: &str) -> Result<(), Error> {
        match self.plans_changes()? {
            true => Err(Error::Found(format!("terraform plans changes although {after}"))),
            false => Ok(()),
        }
    }

    /// Terraform ends with 2 where it would change something, and with 1 where it fails.
    fn plans_changes(&self) -> Result<bool, Error> {
        match run::capture(self.variables("plan").arg("-detailed-exitcode")) {
            Ok(_) => Ok(false),
            Err(Error::Told { status, .. }) if status.code() == Some(2) => Ok(true),
            Err(error) => Err(error),
        }
    }

    fn variables(&self, verb: &str) -> Command {
        let mut command =
            self.stage.terraform(&[verb, "-input=false", "-no-color", "-var=wait_for_argocd=false"]);
        command
            .arg(format!("-var=context={CONTEXT}"))
            .arg(format!("-var=kubeconfig={}", self.api.kubeconfig().display()))
            .arg(format!("-var=repository_url={REPOSITORY}"))
            .arg(format!("-var=argocd_manifest={}", self.manifest.display()));
        command
    }

    fn are_there(&self, objects: &[Value]) -> Result<(), Error> {
        let found = self.names(objects)?;
        if found.len() == objects.len() {
            return Ok(());
        }
        Err(Error::Found(format!("of {} objects these are there: {}", objects.len(), found.join(", "))))
    }

    fn gone(&self, objects: &[Value]) -> Result<(), Error> {
        let state = run::capture(&mut self.stage.terraform(&["state", "list"]))?;
        // Argo CD's own kinds are gone with their definitions, which are among the others.
        let of_kubernetes = |object: &&Value| object["apiVersion"] != "argoproj.io/v1alpha1";
        let objects: Vec<Value> = objects.iter().filter(of_kubernetes).cloned().collect();
        let left = self.names(&objects)?;
        if state.trim().is_empty() && left.is_empty() {
            return Ok(());
        }
        Err(Error::Found(format!("terraform destroy left {left:?}, and in its state: {state}")))
    }

    /// Those of these objects that the cluster has.
    fn names(&self, objects: &[Value]) -> Result<Vec<String>, Error> {
        let list = json!({ "apiVersion": "v1", "kind": "List", "items": objects });
        let mut command = self.kubectl(&["get", "--ignore-not-found", "--output=name", "--filename=-"]);
        let told = run::feed(&mut command, list.to_string().as_bytes())?;
        Ok(told.lines().map(str::to_owned).collect())
    }

    fn kubectl(&self, words: &[&str]) -> Command {
        let mut command = run::command(&self.kubectl);
        command
            .arg("--kubeconfig")
            .arg(self.api.kubeconfig())
            .arg("--cache-dir")
            .arg(self.stage.file("cache"));
        command.arg("--namespace=argocd").args(words);
        command
    }
}

/// An object by name, from what Terraform plans of a `kubectl_manifest`.
fn object(after: &Value) -> Value {
    let mut metadata = json!({ "name": after["name"] });
    if let Some(namespace) = after["namespace"].as_str().filter(|name| !name.is_empty()) {
        metadata["namespace"] = namespace.into();
    }
    json!({ "apiVersion": after["api_version"], "kind": after["kind"], "metadata": metadata })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_planned_object_is_named_as_the_api_names_it() {
        for (after, metadata) in [
            (json!({"name": "canary", "namespace": ""}), json!({"name": "canary"})),
            (json!({"name": "root", "namespace": "argocd"}), json!({"name": "root", "namespace": "argocd"})),
        ] {
            assert_eq!(object(&after)["metadata"], metadata);
        }
    }
}
