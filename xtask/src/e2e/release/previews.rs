//! The shipped previews of pull requests, over a repository on the host cluster's forge.

use scenario::World;
use serde_json::{Value, json};

use super::argo::{self, SHIPPED, shipped};
use super::forge::{Forge, OWNER, REPOSITORY};
use crate::cluster;
use crate::e2e::case::clear;
use crate::e2e::found;
use crate::run::{self, Error};

const SETS: &str = "argocd/applicationsets/previews.yaml";
/// The Secrets by which Argo CD reads the repository, and its pull requests.
const SECRETS: [&str; 2] = ["end-to-end-forge", "github-token"];

/// Gives Argo CD what it reads the repository by.
pub(super) async fn admit(world: &World, forge: &Forge<'_>) -> Result<(), Error> {
    let token = forge.reader("argo-cd")?;
    let [repository, pull_requests] = SECRETS;
    let secret = |name: &str, labels: Value, data: Value| {
        json!({"apiVersion": "v1", "kind": "Secret", "stringData": data,
            "metadata": {"name": name, "namespace": "argocd", "labels": labels}})
    };
    let kind = json!({ "argocd.argoproj.io/secret-type": "repository" });
    let data = json!({ "type": "git", "url": forge.url(), "username": OWNER, "password": token });
    cluster::put(&world.client, "end-to-end", &secret(repository, kind, data)).await?;
    let data = json!({ "token": token });
    cluster::put(&world.client, "end-to-end", &secret(pull_requests, json!({}), data)).await
}

/// The shipped projects and ApplicationSets, over this repository on this forge.
pub(super) async fn bring(world: &World, forge: &Forge<'_>) -> Result<(), Error> {
    let mut objects = Vec::new();
    for project in ["platform", "previews"] {
        objects.push(shipped(&format!("argocd/projects/{project}-project.yaml"), &forge.url())?);
    }
    let text = run::read_file(&run::root().join(SETS))?.replace(SHIPPED, &forge.url());
    for mut set in cluster::objects(&text, SETS)? {
        if to_gitea(&mut set, &cluster::forge()) != 1 {
            return found(&format!("{SETS} does not ask GitHub exactly once in each ApplicationSet"));
        }
        objects.push(set);
    }
    for object in objects {
        cluster::put(&world.client, "end-to-end", &object).await?;
    }
    Ok(())
}

/// Has generators ask Gitea for what they ask GitHub for; says how many.
fn to_gitea(value: &mut Value, api: &str) -> usize {
    match value {
        Value::Object(fields) => {
            let github =
                fields.get_mut("pullRequest").and_then(|asked| asked.as_object_mut()?.remove("github"));
            if let Some(mut asked) = github {
                asked["api"] = json!(api);
                asked["owner"] = json!(OWNER);
                asked["repo"] = json!(REPOSITORY);
                fields["pullRequest"]["gitea"] = asked;
                return 1;
            }
            fields.values_mut().map(|field| to_gitea(field, api)).sum()
        }
        Value::Array(items) => items.iter_mut().map(|item| to_gitea(item, api)).sum(),
        _ => 0,
    }
}

/// Removes all of it with what was deployed to a namespace: whatever makes it anew first, the projects last.
pub(super) async fn gone(world: &World, namespace: &str) -> Result<(), Error> {
    for set in ["previews", "previews-platform"] {
        argo::remove(&argo::api(world, "ApplicationSet"), set).await?;
    }
    clear(world, namespace).await?;
    for project in ["previews", "platform"] {
        argo::remove(&argo::api(world, "AppProject"), project).await?;
    }
    for secret in SECRETS {
        argo::remove(&cluster::api(&world.client, "v1", "Secret", Some("argocd")), secret).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_previews_ask_the_forge_and_are_what_they_were_otherwise() {
        let text = run::read_file(&run::root().join(SETS)).unwrap();
        for set in cluster::objects(&text, SETS).unwrap() {
            let mut changed = set.clone();
            assert_eq!(to_gitea(&mut changed, "http://forge"), 1);
            let (before, after) = (set.to_string(), changed.to_string());
            assert!(!after.contains("\"github\""), "{after}");
            for kept in
                ["\"requeueAfterSeconds\":60", "\"labels\":[\"preview\"]", "\"secretName\":\"github-token\""]
            {
                assert!(before.contains(kept) && after.contains(kept), "{kept}: {after}");
            }
            assert_eq!(to_gitea(&mut changed, "http://forge"), 0);
        }
    }
}
