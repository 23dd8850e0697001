//! What a script does by Git: commits in its own repository, and the Application over that.

use std::path::Path;

use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use crate::act::{ActError, MANAGER, call};
use crate::forge::{self, ForgeError};
use crate::manifest::{self, ManifestError};
use crate::repository::Repository;
use crate::run::World;
use crate::script::Git;
use crate::watch::application;

/// Why nothing was delivered.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// Git or the forge did not do it.
    #[error(transparent)]
    Forge(#[from] ForgeError),
    /// Argo CD's API did not take it.
    #[error("ask argo cd")]
    Act(#[from] ActError),
    /// The files cannot be committed.
    #[error("commit files")]
    Manifest(#[from] ManifestError),
    /// The objects cannot be written as YAML.
    #[error("write manifests")]
    Write(#[from] serde_yaml::Error),
    /// Git was not waited for: the program is about to end.
    #[error("git was not waited for")]
    Ended(#[from] tokio::task::JoinError),
    /// Nothing was committed yet.
    #[error("there is no commit yet: `commit FILE…` comes first")]
    NoCommit,
}

/// The repository of a scenario, once there is one. Its name, and that of the Application, is the scenario's namespace.
#[derive(Default)]
pub(crate) struct Delivery {
    begun: Option<Begun>,
}

struct Begun {
    repository: Repository,
    url: String,
    /// The last commit.
    head: String,
}

impl Delivery {
    /// Carries out a command. Returns the commit, where it made one.
    pub(crate) async fn act(
        &mut self,
        git: &Git,
        world: &World,
        root: &Path,
        namespace: &str,
    ) -> Result<Option<String>, GitError> {
        Ok(match git {
            Git::Commit { files, overlays } => {
                let mut objects = manifest::overlaid(root, files, overlays)?;
                objects.iter_mut().for_each(|object| manifest::adopt(object, namespace));
                let text = manifests(&objects)?;
                if self.begun.is_none() {
                    let place = world.forge.place(namespace).await?;
                    let repository =
                        tokio::task::spawn_blocking(move || Repository::begin(&place.folder)).await??;
                    self.begun = Some(Begun { repository, url: place.url, head: String::new() });
                }
                let message = format!("State {}", files.join(", "));
                let commit = move |repository: &Repository| repository.commit(&text, &message);
                Some(self.begun()?.add(commit).await?)
            }
            Git::Revert => Some(self.begun()?.add(Repository::revert).await?),
            Git::Application { file, overlays } => {
                for object in manifest::overlaid(root, std::slice::from_ref(file), overlays)? {
                    let object = over(object, namespace, &self.begun()?.url);
                    let params = PatchParams::apply(MANAGER).force();
                    let (all, patch) = (application(&world.client), Patch::Apply(&object));
                    let applied = all.patch(namespace, &params, &patch);
                    call(format!("apply application {namespace}"), applied).await?;
                }
                None
            }
            Git::Webhook => {
                world.forge.announce(namespace, &self.begun()?.head).await?;
                None
            }
            Git::Refresh => {
                forge::refresh(&world.client, namespace).await?;
                None
            }
        })
    }

    fn begun(&mut self) -> Result<&mut Begun, GitError> {
        self.begun.as_mut().ok_or(GitError::NoCommit)
    }
}

impl Begun {
    /// Makes a commit in a thread of its own: a load goes on meanwhile.
    async fn add(
        &mut self,
        commit: impl FnOnce(&Repository) -> Result<String, ForgeError> + Send + 'static,
    ) -> Result<String, GitError> {
        let repository = self.repository.clone();
        self.head = tokio::task::spawn_blocking(move || commit(&repository)).await??;
        Ok(self.head.clone())
    }
}

/// A shipped Application over the plain manifests of a repository: its source, project and destination are the
/// scenario's. How it syncs and what it ignores stays as shipped.
fn over(mut application: Value, namespace: &str, url: &str) -> Value {
    application["metadata"]["name"] = json!(namespace);
    application["spec"]["project"] = json!("default");
    application["spec"]["source"] = json!({ "repoURL": url, "targetRevision": "main", "path": "." });
    application["spec"]["destination"]["namespace"] = json!(namespace);
    application
}

fn manifests(objects: &[Value]) -> Result<String, serde_yaml::Error> {
    let documents: Result<Vec<String>, _> = objects.iter().map(serde_yaml::to_string).collect();
    Ok(documents?.join("---\n"))
}
