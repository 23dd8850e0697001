//! terraform/platform on a real API server: applied, changed by hand, planned, applied again and destroyed.
//!
//! Argo CD's objects are among it, and no pod of theirs runs: what Argo CD does with the root application is shown on
//! the host cluster (`crate::e2e`, `platform-by-terraform`).

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::api::Api;
use super::platform::Platform;
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
    let api = Api::start()?;
    let variables = [
        ("wait_for_argocd", "false".to_owned()),
        ("context", CONTEXT.to_owned()),
        ("kubeconfig", api.kubeconfig().display().to_string()),
        ("repository_url", REPOSITORY.to_owned()),
        ("argocd_manifest", manifest()?.display().to_string()),
    ];
    let live = Live { platform: Platform::with(terraform, &variables)?, api, kubectl: KUBECTL.file()? };
    let planned = live.platform.planned()?;
    live.platform.settle("apply")?;
    live.are_there(&planned)?;
    live.platform.unchanged("it was applied")?;
    run::say(&format!(
        "terraform applied {} objects, Argo CD's among them, and then plans no change",
        planned.len()
    ));
    for drift in DRIFTS {
        let line = drift.join(" ");
        run::capture(&mut live.kubectl(drift))?;
        if !live.platform.plans_changes()? {
            return Err(Error::Found(format!("terraform plan does not see: kubectl {line}")));
        }
        live.platform.settle("apply")?;
        live.are_there(&planned)?;
        live.platform.unchanged(&format!("it mended: kubectl {line}"))?;
        run::say(&format!("terraform plan saw, and apply mended: kubectl {line}"));
    }
    run::capture(&mut live.kubectl(FINISHED))?;
    live.platform.settle("destroy")?;
    live.gone(&planned)?;
    run::say(&format!("terraform destroyed it, and none of the {} objects is left", planned.len()));
    run::say(
        "terraform/platform: no Argo CD ran here. The sync of the root application, and what it makes: \
         cargo xtask e2e --target host --scenario platform-by-terraform",
    );
    Ok(())
}

struct Live {
    platform: Platform,
    api: Api,
    kubectl: PathBuf,
}

impl Live {
    fn are_there(&self, objects: &[Value]) -> Result<(), Error> {
        let found = self.names(objects)?;
        if found.len() == objects.len() {
            return Ok(());
        }
        Err(Error::Found(format!("of {} objects these are there: {}", objects.len(), found.join(", "))))
    }

    fn gone(&self, objects: &[Value]) -> Result<(), Error> {
        let state = self.platform.state()?;
        // Argo CD's own kinds are gone with their definitions, which are among the others.
        let of_kubernetes = |object: &&Value| object["apiVersion"] != "argoproj.io/v1alpha1";
        let objects: Vec<Value> = objects.iter().filter(of_kubernetes).cloned().collect();
        let left = self.names(&objects)?;
        if state.is_empty() && left.is_empty() {
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
            .arg(self.platform.file("cache"));
        command.arg("--namespace=argocd").args(words);
        command
    }
}
