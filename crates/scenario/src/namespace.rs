//! An empty namespace before a run, and none of it left after it.

use std::time::Duration;

use kube::Api;
use kube::api::{DeleteParams, DynamicObject, ListParams};
use rollouts_client::wait::{self, WaitError};
use serde_json::{Value, json};

use crate::act::{ActError, api, call};
use crate::run::World;

/// How long a deletion may take: pods have 30 s of grace, their namespace a little more.
const WITHIN: Duration = Duration::from_secs(120);

/// Why a namespace is still there.
#[derive(Debug, thiserror::Error)]
pub enum ClearError {
    /// The API refused.
    #[error("delete {object}")]
    Act {
        /// Kind and name.
        object: String,
        /// Why.
        #[source]
        source: ActError,
    },
    /// It is still being deleted.
    #[error("{object} is still there after {WITHIN:?}")]
    TimedOut {
        /// Kind and name.
        object: String,
    },
}

/// Deletes a namespace with all that is in it, and waits until it is gone. One that is not there is gone. The
/// Applications of Argo CD that deploy there are deleted before: they would bring it back, or revert the update
/// in the middle of a run.
///
/// # Errors
/// When the API refuses, or when something is not gone in time.
pub async fn clear(world: &World, namespace: &str) -> Result<(), ClearError> {
    for (home, name) in applications(world, namespace).await? {
        let home = api(&world.client, ARGO_CD, "Application", Some(&json!(home)));
        delete(world, &home, "application", &name).await?;
    }
    delete(world, &api(&world.client, "v1", "Namespace", None), "namespace", namespace).await
}

/// Begins to delete a namespace with all that is in it, and what deploys there, and does not wait: its pods take their
/// time to end.
///
/// # Errors
/// When the API refuses.
pub async fn discard(world: &World, namespace: &str) -> Result<(), ClearError> {
    for (home, name) in applications(world, namespace).await? {
        begin(&api(&world.client, ARGO_CD, "Application", Some(&json!(home))), "application", &name).await?;
    }
    begin(&api(&world.client, "v1", "Namespace", None), "namespace", namespace).await
}

/// Begins to delete an object. One that is not there is gone.
async fn begin(objects: &Api<DynamicObject>, kind: &str, name: &str) -> Result<(), ClearError> {
    let params = DeleteParams::default();
    match call(format!("delete {kind} {name}"), objects.delete(name, &params)).await {
        Ok(_) => Ok(()),
        Err(ActError::Api { source: kube::Error::Api(status), .. }) if status.code == 404 => Ok(()),
        Err(source) => Err(ClearError::Act { object: format!("{kind} {name}"), source }),
    }
}

const ARGO_CD: &str = "argoproj.io/v1alpha1";

/// Namespace and name of each Application that deploys to a namespace; none where there is no Argo CD.
async fn applications(world: &World, destination: &str) -> Result<Vec<(String, String)>, ClearError> {
    let all = api(&world.client, ARGO_CD, "Application", None);
    let found = match call("list applications".to_owned(), all.list(&ListParams::default())).await {
        Ok(list) => list.items,
        Err(ActError::Api { source: kube::Error::Api(status), .. }) if status.code == 404 => Vec::new(),
        Err(source) => {
            return Err(ClearError::Act {
                object: format!("what deploys to namespace {destination}"),
                source,
            });
        }
    };
    let there = |application: &DynamicObject| {
        application.data.pointer("/spec/destination/namespace").and_then(Value::as_str) == Some(destination)
    };
    let named = |application: DynamicObject| {
        let metadata = application.metadata;
        (metadata.namespace.unwrap_or_default(), metadata.name.unwrap_or_default())
    };
    Ok(found.into_iter().filter(there).map(named).collect())
}

/// Deletes an object and waits until it is gone.
async fn delete(
    world: &World,
    objects: &Api<DynamicObject>,
    kind: &str,
    name: &str,
) -> Result<(), ClearError> {
    begin(objects, kind, name).await?;
    let object = || format!("{kind} {name}");
    let act = |source| ClearError::Act { object: object(), source };
    let there = || async { call(format!("get {kind} {name}"), objects.get_opt(name)).await };
    let gone = || async { Ok(there().await?.is_none().then_some(())) };
    wait::until(&*world.pace, WITHIN, format!("{kind} {name} to be gone"), gone).await.map_err(|error| {
        match error {
            WaitError::Look { source, .. } => act(source),
            WaitError::TimedOut { .. } | WaitError::Stalled { .. } => {
                ClearError::TimedOut { object: object() }
            }
        }
    })
}
