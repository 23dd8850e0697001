//! Argo CD's Application, of which only annotations are written: what it is told, never what it keeps.

use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::{Cluster, object};
use crate::executor::kubectl::FIELD_MANAGER;
use crate::runbook::ObjectRef;

/// Where Argo CD keeps its Applications unless told otherwise.
pub(crate) const NAMESPACE: &str = "argocd";

/// The Application of a name.
pub(crate) fn reference(namespace: &str, name: &str) -> ObjectRef {
    ObjectRef {
        api_version: "argoproj.io/v1alpha1".to_owned(),
        kind: "Application".to_owned(),
        namespace: Some(namespace.to_owned()),
        name: name.to_owned(),
    }
}

/// Writes annotations; one of no value is taken away.
///
/// # Errors
/// What the API server says; 404 where there is no such Application, or no Argo CD.
pub(crate) async fn annotate(
    cluster: &Cluster,
    application: &ObjectRef,
    annotations: &Value,
) -> Result<(), kube::Error> {
    let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
    let patch = Patch::Merge(json!({"metadata": {"annotations": annotations}}));
    object::api(&cluster.client, application).patch(&application.name, &params, &patch).await.map(drop)
}
