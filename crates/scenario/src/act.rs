//! What a script does to the cluster: apply, a new version, and the operator's verbs.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use kube::api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use kube::{Api, Client};
use rollouts_client::patch::{PatchKind, PatchRequest, Subresource};
use rollouts_client::types::{ReplicaSet, Rollout};
use rollouts_client::verbs::{self, VerbError};
use serde_json::{Value, json};

use crate::manifest::{self, ManifestError};
use crate::observe;
use crate::script::{Action, Named, Overlay};

/// A call that has no answer after this long is given up. A cluster on loopback answers in milliseconds.
const DEADLINE: Duration = Duration::from_secs(15);

/// The manager under which fields are applied.
pub(crate) const MANAGER: &str = "scenario";

/// Why a command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// The API answered with an error.
    #[error("{operation}")]
    Api {
        /// What was asked.
        operation: String,
        /// The answer.
        #[source]
        source: kube::Error,
    },
    /// The API did not answer.
    #[error("{operation}: no answer within {DEADLINE:?}")]
    Silent {
        /// What was asked.
        operation: String,
    },
    /// The files cannot be applied.
    #[error("apply files")]
    Manifest(#[from] ManifestError),
    /// The verb makes no sense in this state.
    #[error("carry out the verb")]
    Verb(#[from] VerbError),
    /// The answer is not what it should be.
    #[error("{what}: not as expected")]
    Shape {
        /// What was read.
        what: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A kind that no script changes by hand.
    #[error("a script changes Rollouts, Services and Ingresses by hand, and no {0}")]
    Kind(String),
    /// The Rollout has no container to give an image to.
    #[error("rollout {0} has no container")]
    NoContainer(String),
}

/// The cluster as one Rollout's operator sees it.
pub(crate) struct Hands<'a> {
    pub(crate) client: &'a Client,
    pub(crate) rollout: &'a Named,
    pub(crate) root: &'a Path,
    /// The present moment.
    pub(crate) now: Timestamp,
}

impl Hands<'_> {
    /// Carries out a command that writes. Returns the resourceVersion of the Rollout after it, as a number,
    /// where the command wrote the Rollout.
    pub(crate) async fn act(&self, action: &Action) -> Result<u64, ActError> {
        match action {
            Action::Apply { files, overlays } => self.apply(files, overlays).await,
            Action::Set { image, env } => self.set(image, env).await,
            Action::Promote { full: false } => self.send(verbs::promote(&self.read().await?)?).await,
            Action::Promote { full: true } => self.send(verbs::promote_full(&self.read().await?)?).await,
            Action::Abort => self.send(verbs::abort(&self.read().await?)?).await,
            Action::Retry => self.send(verbs::retry(&self.read().await?)?).await,
            Action::Restart => self.send(verbs::restart(&self.read().await?, self.now)?).await,
            Action::Pause => self.send(verbs::pause(&self.read().await?)?).await,
            Action::Resume => self.send(verbs::resume(&self.read().await?)?).await,
            Action::Undo => {
                let rollout = self.read().await?;
                self.send(verbs::undo(&rollout, &self.replica_sets().await?, None)?).await
            }
            Action::Edit(overlay) => self.edit(overlay).await,
            Action::Delete { kind, name } => {
                let (objects, params) = (self.objects(kind)?, DeleteParams::default());
                let deleted = objects.delete(name, &params);
                call(format!("delete {kind}/{name}"), deleted).await.map(|_| 0)
            }
            _ => Ok(0),
        }
    }

    async fn edit(&self, Overlay { kind, name, operation, .. }: &Overlay) -> Result<u64, ActError> {
        let (objects, params) = (self.objects(kind)?, PatchParams::default());
        let patch: Patch<()> = Patch::Json(json_patch::Patch(vec![operation.clone()]));
        let edited = call(format!("edit {kind}/{name}"), objects.patch(name, &params, &patch)).await?;
        Ok(if kind == Rollout::KIND && *name == self.rollout.name { version_of(&edited) } else { 0 })
    }

    /// The objects of a kind that a script may change by hand.
    fn objects(&self, kind: &str) -> Result<Api<DynamicObject>, ActError> {
        let version = match kind {
            Rollout::KIND => Rollout::API_VERSION,
            "Service" => "v1",
            "Ingress" => "networking.k8s.io/v1",
            _ => return Err(ActError::Kind(kind.to_owned())),
        };
        Ok(api(self.client, version, kind, Some(&json!(self.rollout.namespace))))
    }

    async fn apply(&self, files: &[String], overlays: &[Overlay]) -> Result<u64, ActError> {
        let mut version = 0;
        for mut object in manifest::overlaid(self.root, files, overlays)? {
            manifest::adopt(&mut object, &self.rollout.namespace);
            let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            let (kind, name) = (text("/kind"), text("/metadata/name"));
            let api = api(self.client, text("/apiVersion"), kind, object.pointer("/metadata/namespace"));
            let params = PatchParams::apply(MANAGER).force();
            let patch = Patch::Apply(&object);
            let applied = call(format!("apply {kind}/{name}"), api.patch(name, &params, &patch)).await?;
            if kind == Rollout::KIND && name == self.rollout.name {
                version = version_of(&applied);
            }
        }
        Ok(version)
    }

    async fn set(&self, image: &str, env: &[(String, String)]) -> Result<u64, ActError> {
        let object = self.get().await?;
        let mut containers = object.data["spec"]["template"]["spec"]["containers"].clone();
        let container = containers.get_mut(0).and_then(Value::as_object_mut);
        let container = container.ok_or_else(|| ActError::NoContainer(self.rollout.name.clone()))?;
        container.insert("image".to_owned(), json!(image));
        container.remove("env");
        if !env.is_empty() {
            let env: Vec<Value> =
                env.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
            container.insert("env".to_owned(), Value::Array(env));
        }
        let body = json!({ "spec": { "template": { "spec": { "containers": containers } } } });
        let (api, params, patch) = (self.rollouts(), PatchParams::default(), Patch::Merge(&body));
        let patched = api.patch(&self.rollout.name, &params, &patch);
        Ok(version_of(&call(format!("set image of rollout {}", self.rollout.name), patched).await?))
    }

    /// Sends patches in order.
    async fn send(&self, patches: Vec<PatchRequest>) -> Result<u64, ActError> {
        let mut version = 0;
        for request in patches {
            let api = api(
                self.client,
                &request.target.api_version,
                &request.target.kind,
                Some(&json!(self.rollout.namespace)),
            );
            let patch = match request.kind {
                PatchKind::Merge => Patch::Merge(request.body.clone()),
                PatchKind::Json => Patch::Json(operations(&request)?),
            };
            let params = PatchParams::default();
            let operation = format!("patch {}", request.target);
            let patched = match request.subresource {
                Subresource::Main => {
                    call(operation, api.patch(&request.target.name, &params, &patch)).await?
                }
                Subresource::Status => {
                    call(operation, api.patch_status(&request.target.name, &params, &patch)).await?
                }
            };
            version = version_of(&patched);
        }
        Ok(version)
    }

    fn rollouts(&self) -> Api<DynamicObject> {
        api(self.client, Rollout::API_VERSION, Rollout::KIND, Some(&json!(self.rollout.namespace)))
    }

    async fn get(&self) -> Result<DynamicObject, ActError> {
        let name = &self.rollout.name;
        call(format!("get rollout {name}"), self.rollouts().get(name)).await
    }

    async fn read(&self) -> Result<Rollout, ActError> {
        typed(&self.get().await?)
    }

    async fn replica_sets(&self) -> Result<Vec<ReplicaSet>, ActError> {
        let api = api(self.client, "apps/v1", "ReplicaSet", Some(&json!(self.rollout.namespace)));
        let list = call("list replica sets".to_owned(), api.list(&Default::default())).await?;
        list.items.iter().map(typed).collect()
    }
}

/// The API of a kind, in a namespace or cluster-wide.
pub(crate) fn api(
    client: &Client,
    api_version: &str,
    kind: &str,
    namespace: Option<&Value>,
) -> Api<DynamicObject> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    match namespace.and_then(Value::as_str) {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    }
}

/// Awaits a call, with a deadline of its own: the client has none.
pub(crate) async fn call<T>(
    operation: String,
    future: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, ActError> {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(source)) => Err(ActError::Api { operation, source }),
        Err(_) => Err(ActError::Silent { operation }),
    }
}

fn typed<T: serde::de::DeserializeOwned>(object: &DynamicObject) -> Result<T, ActError> {
    let what = || object.metadata.name.clone().unwrap_or_default();
    let value = serde_json::to_value(object).map_err(|source| ActError::Shape { what: what(), source })?;
    serde_json::from_value(value).map_err(|source| ActError::Shape { what: what(), source })
}

fn operations(request: &PatchRequest) -> Result<json_patch::Patch, ActError> {
    serde_json::from_value(request.body.clone())
        .map_err(|source| ActError::Shape { what: format!("patch {}", request.target), source })
}

fn version_of(object: &DynamicObject) -> u64 {
    observe::version(&json!({ "metadata": { "resourceVersion": object.metadata.resource_version } }))
}
