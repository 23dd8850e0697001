//! A forge's word that something was pushed, in the form that GitLab gives it: Argo CD looks at once instead of at its
//! next poll. GitLab's carries the secret as it is, where others sign the body with it.

use serde_json::{Value, json};

use super::health::{Doctor, chain};
use super::places::{ARGO_CD, Places};
use super::secrets::Secrets;
use crate::run::Error;

/// Tells Argo CD that the main branch of a repository of the cluster's is at this commit now.
///
/// # Errors
/// What Argo CD answers.
pub(crate) async fn pushed(places: &Places, url: &str, commit: &str) -> Result<(), Error> {
    let secret = Secrets::ensure(places)?.webhook;
    let hook = address();
    let failed = |why: String| Error::Found(format!("POST {hook}: {why}"));
    let (client, path) = Doctor::new(places).client(&hook).map_err(failed)?;
    let request = http::Request::post(path)
        .header("content-type", "application/json")
        .header("x-gitlab-event", "Push Hook")
        .header("x-gitlab-token", secret)
        .body(event(url, commit).to_string().into_bytes())
        .map_err(|error| failed(error.to_string()))?;
    client.request_text(request).await.map(drop).map_err(|error| failed(chain(&error)))
}

/// Where Argo CD takes webhooks.
pub(crate) fn address() -> String {
    format!("https://{ARGO_CD}/api/webhook")
}

/// Has Argo CD refuse an event in the form of Gitea's that somebody signed who does not know the secret.
///
/// # Errors
/// When it takes it, or cannot be asked.
pub(crate) async fn refused(places: &Places) -> Result<(), Error> {
    let hook = address();
    let failed = |why: String| Error::Found(format!("POST {hook} with a forged signature: {why}"));
    let (client, path) = Doctor::new(places).client(&hook).map_err(failed)?;
    let request = http::Request::post(path)
        .header("content-type", "application/json")
        .header("x-gogs-event", "push")
        .header("x-gogs-signature", "0".repeat(64))
        .body(b"{}".to_vec().into())
        .map_err(|error| failed(error.to_string()))?;
    let status = client.send(request).await.map_err(|error| failed(chain(&error)))?.status();
    if status.is_client_error() { Ok(()) } else { Err(failed(format!("answered with {status}"))) }
}

/// What of a push event Argo CD reads.
fn event(url: &str, commit: &str) -> Value {
    json!({
        "object_kind": "push", "ref": "refs/heads/main", "checkout_sha": commit, "after": commit,
        "project": {
            "web_url": url.strip_suffix(".git").unwrap_or(url), "git_http_url": url, "default_branch": "main",
        },
        "commits": [],
    })
}
