//! One call with its deadline, and a patch on its way.

use std::time::Duration;

use futures::FutureExt;
use kube::Api;
use kube::api::{ApiResource, DynamicObject, ListParams, Patch, PatchParams};
use serde::de::DeserializeOwned;

use super::{Error, Rollouts};
use crate::patch::{PatchKind, PatchRequest, Subresource, Target};

/// How long a reading call waits before it is sent again after a transient failure.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

/// What this crate is called in `managedFields`, where it is read who wrote a field last.
pub(super) const MANAGER: &str = "rollouts-client";

impl Rollouts {
    /// One call within the deadline.
    pub(super) async fn once<T>(
        &self,
        what: String,
        call: impl Future<Output = kube::Result<T>> + Send,
    ) -> Result<T, Error> {
        match tokio::time::timeout(self.deadline, call).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(Error::of(what, &self.namespace, error)),
            Err(_) => Err(Error::Deadline { what, after: self.deadline }),
        }
    }

    /// A reading call, repeated on transient failures as long as the deadline allows.
    pub(super) async fn read<T, F, Fut>(&self, what: String, call: F) -> Result<T, Error>
    where
        F: Fn() -> Fut + Send,
        Fut: Future<Output = kube::Result<T>> + Send,
    {
        let end = tokio::time::Instant::now() + self.deadline;
        loop {
            match self.once(what.clone(), call().boxed()).await {
                Err(error) if error.transient() && tokio::time::Instant::now() + AGAIN_AFTER < end => {
                    tracing::debug!(%what, %error, "reading again after a transient failure");
                    tokio::time::sleep(AGAIN_AFTER).await;
                }
                settled => return settled,
            }
        }
    }

    /// The objects of a kind that match a label selector; all of them when it is empty.
    pub(super) async fn list_of<K>(&self, plural: &str, labels: &str) -> Result<Vec<K>, Error>
    where
        K: kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>
            + Clone
            + std::fmt::Debug
            + DeserializeOwned
            + Send,
    {
        let api: Api<K> = self.api();
        let params = ListParams::default().labels(labels);
        let list = self.read(format!("list {plural}"), || async { api.list(&params).await }).await?;
        Ok(list.items)
    }

    /// Sends one patch, once.
    ///
    /// # Errors
    /// When the API server refuses it, or its answer does not come within the deadline; it may have been
    /// carried out all the same.
    pub async fn send(&self, request: &PatchRequest) -> Result<DynamicObject, Error> {
        let what = format!("patch {}", request.target);
        let api = self.api_of(&request.target);
        let patch = match request.kind {
            PatchKind::Merge => Patch::Merge(request.body.clone()),
            PatchKind::Json => match serde_json::from_value(request.body.clone()) {
                Ok(patch) => Patch::Json(patch),
                Err(source) => {
                    return Err(Error::Failed { what, source: Box::new(kube::Error::SerdeError(source)) });
                }
            },
        };
        let (name, params) = (
            &request.target.name,
            PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() },
        );
        tracing::debug!(%request, "sending");
        match request.subresource {
            Subresource::Main => self.once(what, api.patch(name, &params, &patch).boxed()).await,
            Subresource::Status => self.once(what, api.patch_status(name, &params, &patch).boxed()).await,
        }
    }

    fn api_of(&self, target: &Target) -> Api<DynamicObject> {
        let (group, version) = target.api_version.split_once('/').unwrap_or(("", &target.api_version));
        let resource = ApiResource {
            group: group.to_owned(),
            version: version.to_owned(),
            api_version: target.api_version.clone(),
            kind: target.kind.clone(),
            plural: target.plural.clone(),
        };
        let namespace = target.namespace.as_deref().unwrap_or(&self.namespace);
        Api::namespaced_with(self.client.clone(), namespace, &resource)
    }
}
