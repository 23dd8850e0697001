//! The Application in Argo CD, and the cluster's objects as they are.

use std::time::{Duration, Instant};

use kube::Api;
use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use kube::discovery::ApiResource;
use scenario::World;
use serde_json::{Value, json};

use super::{ROLLOUT, WITHIN};
use crate::e2e::case::with_causes;
use crate::e2e::found;
use crate::run::{self, Error};

const APPLICATION: &str = "blue-green-app";
/// The files that bring it, and the repository that they name. The namespace carries policies, so it is not the
/// Application's to create.
const FILES: &[&str] = &[
    "deploy/namespaces/blue-green.yaml",
    "argocd/projects/rollouts-project.yaml",
    "argocd/applications/blue-green-app.yaml",
];
const SHIPPED: &str = "https://git.example.com/platform/progressive-delivery.git";

/// The shipped Application on the cluster.
pub(super) struct Argo<'a> {
    pub(super) world: &'a World,
}

impl Argo<'_> {
    /// Brings the shipped Application over this repository.
    pub(super) async fn begin(&self, url: &str) -> Result<(), Error> {
        for file in FILES {
            let text = run::read_file(&run::root().join(file))?.replace(SHIPPED, url);
            let object: Value = serde_yaml::from_str(&text).map_err(|error| with_causes(&error))?;
            self.apply(&object).await?;
        }
        Ok(())
    }

    /// Deletes the Application with all that it has made.
    pub(super) async fn clear(&self) -> Result<(), Error> {
        let applications = self.api("argoproj.io/v1alpha1", "Application", "argocd");
        let there = applications.get_opt(APPLICATION).await.map_err(|error| with_causes(&error))?;
        if there.is_some() {
            applications
                .delete(APPLICATION, &DeleteParams::default())
                .await
                .map_err(|error| with_causes(&error))?;
            let deadline = Instant::now() + WITHIN;
            while applications.get_opt(APPLICATION).await.map_err(|error| with_causes(&error))?.is_some() {
                if Instant::now() > deadline {
                    return found("the application is still being deleted");
                }
                self.world.pace.turn(Duration::from_secs(1)).await;
            }
        }
        scenario::clear(self.world, ROLLOUT).await.map_err(|error| with_causes(&error))
    }

    /// Asks Argo CD to look at Git now, as its webhook does.
    pub(super) async fn refresh(&self) -> Result<(), Error> {
        let patch = json!({"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}});
        let applications = self.api("argoproj.io/v1alpha1", "Application", "argocd");
        let patched = applications.patch(APPLICATION, &PatchParams::default(), &Patch::Merge(&patch)).await;
        patched.map(|_| ()).map_err(|error| with_causes(&error))
    }

    async fn apply(&self, object: &Value) -> Result<(), Error> {
        let api = self.api(
            text_at(object, "/apiVersion"),
            text_at(object, "/kind"),
            text_at(object, "/metadata/namespace"),
        );
        let params = PatchParams::apply("end-to-end").force();
        let applied = api.patch(text_at(object, "/metadata/name"), &params, &Patch::Apply(object)).await;
        applied.map(|_| ()).map_err(|error| with_causes(&error))
    }

    pub(super) async fn until(
        &self,
        what: &str,
        within: Duration,
        holds: impl Fn(&Value) -> bool,
    ) -> Result<(), Error> {
        let deadline = Instant::now() + within;
        loop {
            let application =
                self.object("argoproj.io/v1alpha1", "Application", "argocd", APPLICATION).await?;
            if holds(&application) {
                return Ok(());
            }
            if Instant::now() > deadline {
                let status = &application["status"];
                let state = format!(
                    "{} {} {}",
                    status["sync"], status["health"], status["operationState"]["message"]
                );
                return found(&format!("waited {within:?} for {what}: {state}"));
            }
            self.world.pace.turn(Duration::from_secs(1)).await;
        }
    }

    pub(super) async fn object(
        &self,
        version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Value, Error> {
        let object =
            self.api(version, kind, namespace).get(name).await.map_err(|error| with_causes(&error))?;
        serde_json::to_value(object).map_err(|error| with_causes(&error))
    }

    fn api(&self, version: &str, kind: &str, namespace: &str) -> Api<DynamicObject> {
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        match namespace {
            "" => Api::all_with(self.world.client.clone(), &resource),
            namespace => Api::namespaced_with(self.world.client.clone(), namespace, &resource),
        }
    }
}

pub(super) fn settled(application: &Value) -> bool {
    text_at(application, "/status/sync/status") == "Synced"
        && text_at(application, "/status/health/status") == "Healthy"
}

pub(super) fn text_at<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
