//! What people and programs do on a forge: a repository, a pull request, its merge, a webhook.

use std::time::Duration;

use http::Method;
use rollouts_client::wait;
use scenario::World;
use serde_json::{Value, json};

use super::argo::text_at;
use super::expect;
use crate::cluster::{self, Account};
use crate::e2e::case::with_causes;
use crate::run::Error;

/// Whose repository it is, and what it is called.
pub(super) const OWNER: &str = "developer";
pub(super) const REPOSITORY: &str = "progressive-delivery";

/// The longest that the forge may take to see what was pushed.
const WITHIN: Duration = Duration::from_secs(30);

/// A repository on the host cluster's forge that only its owner sees.
pub(super) struct Forge<'a> {
    world: &'a World,
    account: Account,
    /// The developer's token; who holds it may change the repository.
    token: String,
}

impl<'a> Forge<'a> {
    /// An empty repository of a new account; the forge is brought up where it is down.
    pub(super) async fn begin(world: &'a World) -> Result<Self, Error> {
        // `up` has a runtime of its own.
        let made = tokio::task::spawn_blocking(|| cluster::forge_account(OWNER)).await;
        let account = made.map_err(|error| with_causes(&error))??;
        let token = account.token("developer", "write:repository,write:issue,write:user")?;
        let forge = Forge { world, account, token };
        let body = json!({ "name": REPOSITORY, "private": true, "default_branch": "main" });
        forge.account.call(&forge.token, Method::POST, "/user/repos", &body).await?;
        Ok(forge)
    }

    /// The repository's address, for Git.
    pub(super) fn url(&self) -> String {
        format!("{}.git", self.page())
    }

    /// The repository's page, as its webhooks name it.
    pub(super) fn page(&self) -> String {
        format!("{}/{OWNER}/{REPOSITORY}", cluster::forge())
    }

    /// The developer's token.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// A token for a program that only reads the repository.
    pub(super) fn reader(&self, name: &str) -> Result<String, Error> {
        self.account.token(name, "read:repository")
    }

    /// Has pushes told to Argo CD, signed with this cluster's secret.
    pub(super) async fn tell_argo_cd(&self) -> Result<(), Error> {
        let (url, secret) = cluster::webhook()?;
        let config = json!({ "url": url, "content_type": "json", "secret": secret });
        let hook = json!({ "type": "gitea", "active": true, "events": ["push"], "config": config });
        self.call(Method::POST, "/hooks", &hook).await.map(drop)
    }

    /// Opens a pull request to main with a label, once the forge sees the branch; returns its number.
    pub(super) async fn open(&self, branch: &str, title: &str, label: &str) -> Result<u64, Error> {
        let seen = || async {
            let path = format!("/branches/{branch}");
            Ok::<_, Error>(self.call(Method::GET, &path, &Value::Null).await.ok().map(drop))
        };
        let what = format!("the forge to see branch {branch}");
        wait::until(&*self.world.pace, WITHIN, what, seen).await.map_err(|error| with_causes(&error))?;
        let label = json!({ "name": label, "color": "#1f77b4" });
        let label = self.call(Method::POST, "/labels", &label).await?;
        let asked = json!({ "head": branch, "base": "main", "title": title, "labels": [label["id"]] });
        let opened = self.call(Method::POST, "/pulls", &asked).await?;
        expect(opened["state"] == "open", &format!("the pull request is open: {}", opened["state"]))?;
        opened["number"].as_u64().ok_or_else(|| Error::Found("the pull request has no number".to_owned()))
    }

    /// Waits until the forge has found that a pull request merges without a conflict.
    pub(super) async fn mergeable(&self, number: u64) -> Result<(), Error> {
        let found = || async {
            let request = self.call(Method::GET, &format!("/pulls/{number}"), &Value::Null).await?;
            Ok::<_, Error>((request["mergeable"] == true).then_some(()))
        };
        let what = format!("pull request {number} to be mergeable");
        wait::until(&*self.world.pace, WITHIN, what, found).await.map_err(|error| with_causes(&error))
    }

    /// Merges a pull request; returns the commit that main is at then.
    pub(super) async fn merge(&self, number: u64) -> Result<String, Error> {
        let how = json!({ "Do": "merge", "delete_branch_after_merge": true });
        self.call(Method::POST, &format!("/pulls/{number}/merge"), &how).await?;
        let request = self.call(Method::GET, &format!("/pulls/{number}"), &Value::Null).await?;
        let is_merged = request["merged"] == true && request["state"] == "closed";
        expect(is_merged, &format!("pull request {number} is merged and closed: {}", request["state"]))?;
        Ok(text_at(&request, "/merge_commit_sha").to_owned())
    }

    /// Removes the account with the repository and every token.
    pub(super) fn end(&self) -> Result<(), Error> {
        self.account.delete()
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> Result<Value, Error> {
        let path = format!("/repos/{OWNER}/{REPOSITORY}{path}");
        self.account.call(&self.token, method, &path, body).await
    }
}
