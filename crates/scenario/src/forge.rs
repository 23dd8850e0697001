//! The seam for Git: where a target keeps repositories, how its Argo CD reads them, and who tells it of a commit.

use std::path::PathBuf;
use std::sync::OnceLock;

use futures::future::BoxFuture;
use kube::Client;
use kube::api::{ListParams, Patch, PatchParams};
use rollouts_client::names::ARGOCD_REFRESH;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::act::{ActError, api, call};
use crate::watch::application;

/// The namespace of Argo CD and its Applications.
pub(crate) const ARGO_CD: &str = "argocd";

/// Where a repository is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its folder on this machine, in which commits are made.
    pub folder: PathBuf,
    /// The address by which Argo CD reads it.
    pub url: String,
}

/// Why a target's Git cannot do it, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ForgeError(pub String);

/// The Git server of a target.
pub trait Forge: Send + Sync {
    /// Where the repository of a name is, or is to be made.
    fn place(&self, name: &str) -> BoxFuture<'_, Result<Place, ForgeError>>;

    /// Tells Argo CD that the main branch of a repository is at this commit now.
    fn announce(&self, name: &str, commit: &str) -> BoxFuture<'_, Result<(), ForgeError>>;
}

/// The Git of a simulated cluster: a folder of this machine, gone when it is dropped. Nothing there takes a webhook,
/// so what Argo CD does on one is done in its stead: every Application over the repository is asked to refresh.
pub struct SimulatedForge {
    client: Client,
    folder: OnceLock<TempDir>,
}

impl SimulatedForge {
    /// For the cluster of this client.
    pub fn new(client: Client) -> Self {
        SimulatedForge { client, folder: OnceLock::new() }
    }

    fn at(&self, name: &str) -> Result<Place, ForgeError> {
        if self.folder.get().is_none() {
            let made = tempfile::tempdir();
            let made = made.map_err(|error| ForgeError(format!("make a folder of repositories: {error}")))?;
            // Another made one meanwhile: this one goes as it came.
            let _ = self.folder.set(made);
        }
        let folder = self.folder.get().map(|folder| folder.path().join(format!("{name}.git")));
        let folder = folder.ok_or_else(|| ForgeError("no folder of repositories".to_owned()))?;
        Ok(Place { url: format!("file://{}", folder.display()), folder })
    }

    /// A simulated cluster has Argo CD's controller and not its namespace.
    async fn space(&self) -> Result<(), ActError> {
        let space = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": ARGO_CD } });
        let (spaces, patch) = (api(&self.client, "v1", "Namespace", None), Patch::Apply(&space));
        let params = PatchParams::apply(ARGO_CD);
        let applied = spaces.patch(ARGO_CD, &params, &patch);
        call(format!("apply namespace {ARGO_CD}"), applied).await.map(drop)
    }

    async fn refresh(&self, url: &str) -> Result<(), ActError> {
        let all = application(&self.client);
        let list = call("list applications".to_owned(), all.list(&ListParams::default())).await?;
        for found in list.items {
            let reads = found.data.pointer("/spec/source/repoURL").and_then(Value::as_str) == Some(url);
            if let Some(name) = found.metadata.name.filter(|_| reads) {
                refresh(&self.client, &name).await?;
            }
        }
        Ok(())
    }
}

impl Forge for SimulatedForge {
    fn place(&self, name: &str) -> BoxFuture<'_, Result<Place, ForgeError>> {
        let place = self.at(name);
        Box::pin(async { self.space().await.map_err(|error| said(&error)).and(place) })
    }

    fn announce(&self, name: &str, _: &str) -> BoxFuture<'_, Result<(), ForgeError>> {
        let place = self.at(name);
        Box::pin(async { self.refresh(&place?.url).await.map_err(|error| said(&error)) })
    }
}

/// A target without a Git server.
#[derive(Debug, Clone, Copy)]
pub struct NoForge;

impl Forge for NoForge {
    fn place(&self, _: &str) -> BoxFuture<'_, Result<Place, ForgeError>> {
        Box::pin(async { Err(none()) })
    }

    fn announce(&self, _: &str, _: &str) -> BoxFuture<'_, Result<(), ForgeError>> {
        Box::pin(async { Err(none()) })
    }
}

fn none() -> ForgeError {
    ForgeError("this target has no Git server: run it on sim or on host".to_owned())
}

/// Asks Argo CD to look at Git for an Application now.
///
/// # Errors
/// When the API refuses.
pub async fn refresh(client: &Client, name: &str) -> Result<(), ActError> {
    let patch = json!({ "metadata": { "annotations": { ARGOCD_REFRESH: "normal" } } });
    let (all, params, patch) = (application(client), PatchParams::default(), Patch::Merge(&patch));
    call(format!("refresh application {name}"), all.patch(name, &params, &patch)).await.map(drop)
}

fn said(error: &ActError) -> ForgeError {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    ForgeError(format!("{error}{cause}"))
}
