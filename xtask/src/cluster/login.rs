//! Logging in to Argo CD once it runs, so that its command line and scripts can use it.
//!
//! Argo CD makes up its first password itself and keeps it in a Secret. With it a token is asked for that
//! belongs to an account without a password and with rights on applications only.

use std::path::Path;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};
use serde_json::{Value, json};

use super::certificates::secret;
use super::environment;
use super::health::{Doctor, chain};
use super::pace;
use super::places::{ARGO_CD, Places};
use crate::run::Error;

/// The longest wait for the first password and for an answer that is not an error.
const BOUND: Duration = Duration::from_secs(30);

/// A client with a person's rights.
///
/// # Errors
/// As [`client`].
pub(crate) async fn admin(places: &Places) -> Result<Client, Error> {
    client(&places.kubeconfig()).await
}

/// A client with the rights of a kubeconfig, without retries: each call ends soon, well or badly.
///
/// # Errors
/// A kubeconfig that cannot be read.
pub(crate) async fn client(kubeconfig: &Path) -> Result<Client, Error> {
    let refused = |error: &dyn std::error::Error| {
        Error::Found(format!("cannot use {}: {}", kubeconfig.display(), chain(error)))
    };
    let file = kube::config::Kubeconfig::read_from(kubeconfig).map_err(|error| refused(&error))?;
    let options = kube::config::KubeConfigOptions::default();
    let mut config =
        kube::Config::from_custom_kubeconfig(file, &options).await.map_err(|error| refused(&error))?;
    config.default_retry = false;
    config.connect_timeout = Some(Duration::from_secs(2));
    config.read_timeout = Some(Duration::from_secs(20));
    Client::try_from(config).map_err(|error| refused(&error))
}

/// Makes the token and the file that holds it, unless the file is there.
///
/// # Errors
/// When Argo CD does not let in.
pub(crate) async fn ensure(places: &Places, doctor: &Doctor, client: &Client) -> Result<(), Error> {
    let file = environment::argo_cd_file(places);
    if file.is_file() {
        return Ok(());
    }
    let secrets: Api<Secret> = Api::namespaced(client.clone(), "argocd");
    let deadline = Instant::now() + BOUND;
    loop {
        match log_in(doctor, &secrets).await {
            Ok((password, token)) => {
                let text =
                    format!("export ARGOCD_ADMIN_PASSWORD={password}\nexport ARGOCD_AUTH_TOKEN={token}\n");
                return secret(&file, &text);
            }
            Err(reason) if Instant::now() > deadline => {
                return Err(Error::Found(format!("cannot log in to Argo CD: {reason}")));
            }
            Err(_) => tokio::time::sleep(pace::LOOK).await,
        }
    }
}

async fn log_in(doctor: &Doctor, secrets: &Api<Secret>) -> Result<(String, String), String> {
    let initial = secrets.get("argocd-initial-admin-secret").await.map_err(|error| chain(&error))?;
    let password = initial.data.and_then(|mut data| data.remove("password")).ok_or("no first password")?;
    let password = String::from_utf8(password.0).map_err(|error| error.to_string())?;
    let session = json!({ "username": "admin", "password": password });
    let session = post(doctor, "/api/v1/session", None, &session).await?;
    let token = session["token"].as_str().ok_or("no session")?;
    // The account has an entry in Argo CD's configuration, which it may not have read yet.
    let asked = json!({ "name": "operator", "id": "host-cluster", "expiresIn": 0 });
    let answer = post(doctor, "/api/v1/account/operator/token", Some(token), &asked).await?;
    Ok((password, answer["token"].as_str().ok_or("no token")?.to_owned()))
}

async fn post(doctor: &Doctor, path: &str, token: Option<&str>, body: &Value) -> Result<Value, String> {
    let (client, path) = doctor.client(&format!("https://{ARGO_CD}{path}"))?;
    let mut request = http::Request::post(path).header("content-type", "application/json");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let request = request.body(body.to_string().into_bytes()).map_err(|error| error.to_string())?;
    let call = client.request::<Value>(request);
    match tokio::time::timeout(Duration::from_secs(5), call).await {
        Ok(answer) => answer.map_err(|error| chain(&error)),
        Err(_) => Err("no answer in 5 s".to_owned()),
    }
}
