//! The Application in Argo CD, and the cluster's objects as they are.

use std::time::Duration;

use kube::Api;
use kube::api::{DeleteParams, DynamicObject, ListParams};
use rollouts_client::wait::{self, WaitError};
use scenario::World;
use serde_json::Value;

use crate::cluster;
use crate::e2e::case::with_causes;
use crate::e2e::found;
use crate::run::{self, Error};

/// The repository that the shipped files name.
pub(super) const SHIPPED: &str = "https://git.example.com/platform/progressive-delivery.git";

/// A shipped Application.
pub(super) struct App {
    /// Its name, which is that of its file.
    pub(super) name: &'static str,
    /// Its namespace, which is the name of its Rollout too, and of the namespace's file.
    pub(super) namespace: &'static str,
    /// Values files beside those that it names.
    pub(super) values: &'static [&'static str],
}

/// An object that is shipped in a file of its own, over another repository than the one that it names.
pub(in crate::e2e) fn shipped(file: &str, url: &str) -> Result<Value, Error> {
    let text = run::read_file(&run::root().join(file))?.replace(SHIPPED, url);
    serde_yaml::from_str(&text).map_err(|error| with_causes(&error))
}

/// A shipped Application on the cluster.
pub(super) struct Argo<'a> {
    pub(super) world: &'a World,
    pub(super) app: &'a App,
}

impl Argo<'_> {
    /// Brings the shipped Application over this repository. The namespace carries policies, so it is not the
    /// Application's to create.
    pub(super) async fn begin(&self, url: &str) -> Result<(), Error> {
        let App { name, namespace, values } = self.app;
        for file in [
            format!("deploy/namespaces/{namespace}.yaml"),
            "argocd/projects/rollouts-project.yaml".to_owned(),
            format!("argocd/applications/{name}.yaml"),
        ] {
            let mut object = shipped(&file, url)?;
            let named = object.pointer_mut("/spec/source/helm/valueFiles").and_then(Value::as_array_mut);
            if let Some(named) = named {
                named.extend(values.iter().map(|file| Value::from(*file)));
            }
            cluster::put(&self.world.client, "end-to-end", &object).await?;
        }
        Ok(())
    }

    /// Asks Argo CD to look at Git now.
    pub(super) async fn refresh(&self) -> Result<(), Error> {
        let asked = scenario::refresh(&self.world.client, self.app.name).await;
        asked.map_err(|error| with_causes(&error))
    }

    /// Waits until the Application is as wanted.
    pub(super) async fn until(
        &self,
        what: &str,
        within: Duration,
        holds: impl Fn(&Value) -> bool + Send + Sync,
    ) -> Result<(), Error> {
        let look = || async { Ok::<_, Error>(holds(&self.application().await?).then_some(())) };
        match wait::until(&*self.world.pace, within, what, look).await {
            Ok(()) => Ok(()),
            Err(WaitError::Look { source, .. }) => Err(source),
            Err(error) => {
                let status = &self.application().await?["status"];
                let message = &status["operationState"]["message"];
                found(&format!("{error}: {} {} {message}", status["sync"], status["health"]))
            }
        }
    }

    /// Waits until Argo CD has synced this commit.
    pub(super) async fn synced(&self, commit: &str, within: Duration) -> Result<(), Error> {
        let synced = |application: &Value| {
            text_at(application, "/status/sync/revision") == commit
                && text_at(application, "/status/operationState/phase") == "Succeeded"
                && text_at(application, "/status/operationState/syncResult/revision") == commit
        };
        self.until("Argo CD to have synced the commit", within, synced).await
    }

    pub(super) async fn application(&self) -> Result<Value, Error> {
        read(&self.applications(), self.app.name).await
    }

    /// A Service of the Rollout.
    pub(super) async fn service(&self, name: &str) -> Result<Value, Error> {
        read(&cluster::api(&self.world.client, "v1", "Service", Some(self.app.namespace)), name).await
    }

    fn applications(&self) -> Api<DynamicObject> {
        api(self.world, "Application")
    }
}

/// Every Application as it is.
pub(super) async fn applications(world: &World) -> Result<Vec<Value>, Error> {
    let list = api(world, "Application").list(&ListParams::default()).await;
    let list = list.map_err(|error| with_causes(&error))?;
    list.items.into_iter().map(|one| serde_json::to_value(one).map_err(|error| with_causes(&error))).collect()
}

/// Waits until ApplicationSets have made all of these.
pub(super) async fn made(world: &World, within: Duration, apps: &[&App]) -> Result<(), Error> {
    let made = || async {
        let known = applications(world).await?;
        let is_there = |app: &&App| known.iter().any(|one| text_at(one, "/metadata/name") == app.name);
        Ok::<_, Error>(apps.iter().all(is_there).then_some(()))
    };
    let what = "the ApplicationSets to have made all applications";
    wait::until(&*world.pace, within, what, made).await.map_err(|error| with_causes(&error))
}

/// Deletes an object. One that is not there is gone.
pub(super) async fn remove(objects: &Api<DynamicObject>, name: &str) -> Result<(), Error> {
    match objects.delete(name, &DeleteParams::default()).await {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        deleted => deleted.map(drop).map_err(|error| with_causes(&error)),
    }
}

/// Objects of Argo CD's, in its namespace.
pub(super) fn api(world: &World, kind: &str) -> Api<DynamicObject> {
    cluster::api(&world.client, "argoproj.io/v1alpha1", kind, Some("argocd"))
}

async fn read(api: &Api<DynamicObject>, name: &str) -> Result<Value, Error> {
    let object = api.get(name).await.map_err(|error| with_causes(&error))?;
    serde_json::to_value(object).map_err(|error| with_causes(&error))
}

pub(super) fn settled(application: &Value) -> bool {
    text_at(application, "/status/sync/status") == "Synced"
        && text_at(application, "/status/health/status") == "Healthy"
}

pub(super) fn text_at<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
