//! What a person or a script needs to use the cluster, as one file to source.

use std::path::PathBuf;

use super::certificates::secret;
use super::places::{ARGO_CD, GIT, INGRESS, PROMETHEUS, Places, REGISTRY};
use super::secrets::Secrets;
use crate::run::Error;

/// The folder of the clients: kubectl, helm, argocd, kubectl-argo-rollouts, each in the cluster's version.
pub(crate) fn clients(places: &Places) -> PathBuf {
    places.state().join("bin")
}

/// The file with what a login to Argo CD gave; lines of the environment.
pub(crate) fn argo_cd_file(places: &Places) -> PathBuf {
    places.config("argocd.environment")
}

/// Writes the file; only its owner can read it.
///
/// # Errors
/// A file that cannot be written.
pub(crate) fn write(places: &Places, secrets: &Secrets) -> Result<(), Error> {
    let login = std::fs::read_to_string(argo_cd_file(places)).unwrap_or_default();
    let mut text = String::new();
    for (name, value) in [
        ("KUBECONFIG", places.kubeconfig().display().to_string()),
        ("INGRESS", format!("http://{INGRESS}")),
        ("REGISTRY", REGISTRY.to_owned()),
        ("PROMETHEUS", format!("http://{PROMETHEUS}")),
        ("GIT_URL", format!("http://{GIT}")),
        ("GIT_ROOT", places.repositories().display().to_string()),
    ] {
        text.push_str(&format!("export {name}={value}\n"));
    }
    if !login.is_empty() {
        text.push_str(&format!("export ARGOCD_SERVER={ARGO_CD}\n"));
        text.push_str(&format!("export ARGOCD_OPTS='--server-crt {}'\n", places.pki("ca.crt").display()));
        text.push_str(&format!("export ARGOCD_WEBHOOK_SECRET={}\n", secrets.webhook));
        text.push_str(&login);
    }
    text.push_str(&format!("export PATH={}:$PATH\n", clients(places).display()));
    secret(&places.environment(), &text)
}
