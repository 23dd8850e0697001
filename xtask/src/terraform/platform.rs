//! terraform/platform over a cluster: planned, applied, destroyed.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::stage::Stage;
use crate::run::{self, Error};

/// The configuration with its variables. Its state is in a folder that goes with this value.
pub(crate) struct Platform {
    stage: Stage,
    variables: Vec<String>,
}

impl Platform {
    /// The configuration with these variables, initialised.
    ///
    /// # Errors
    /// A provider that does not compile, or what Terraform says.
    pub(crate) fn with(terraform: &Path, variables: &[(&str, String)]) -> Result<Self, Error> {
        let variables = variables.iter().map(|(name, value)| format!("-var={name}={value}")).collect();
        Ok(Platform { stage: Stage::of_the_platform(terraform)?, variables })
    }

    /// What the configuration makes on a cluster that has nothing of it, as objects by name.
    ///
    /// # Errors
    /// What Terraform says, or that it plans nothing.
    pub(crate) fn planned(&self) -> Result<Vec<Value>, Error> {
        let plan = self.file("first.tfplan").display().to_string();
        run::capture(self.call("plan").arg(format!("-out={plan}")))?;
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
    ///
    /// # Errors
    /// What Terraform says.
    pub(crate) fn settle(&self, verb: &str) -> Result<(), Error> {
        run::capture(self.call(verb).arg("-auto-approve")).map(drop)
    }

    /// Whether a plan has nothing to do after something was done.
    ///
    /// # Errors
    /// What Terraform says, or that it plans changes.
    pub(crate) fn unchanged(&self, after: &str) -> Result<(), Error> {
        match self.plans_changes()? {
            true => Err(Error::Found(format!("terraform plans changes although {after}"))),
            false => Ok(()),
        }
    }

    /// Terraform ends with 2 where it would change something, and with 1 where it fails.
    ///
    /// # Errors
    /// What Terraform says.
    pub(crate) fn plans_changes(&self) -> Result<bool, Error> {
        match run::capture(self.call("plan").arg("-detailed-exitcode")) {
            Ok(_) => Ok(false),
            Err(Error::Told { status, .. }) if status.code() == Some(2) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// What Terraform has in its state, a line each; empty after a destroy.
    ///
    /// # Errors
    /// What Terraform says.
    pub(crate) fn state(&self) -> Result<String, Error> {
        let told = run::capture(&mut self.stage.terraform(&["state", "list"]))?;
        Ok(told.trim().to_owned())
    }

    /// A file of the folder that goes with this value.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.stage.file(name)
    }

    fn call(&self, verb: &str) -> Command {
        let mut command = self.stage.terraform(&[verb, "-input=false", "-no-color"]);
        command.args(&self.variables);
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
