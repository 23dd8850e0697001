//! The pods that Prometheus is to scrape, served to it over HTTP.
//!
//! Debian's Prometheus is built without discovery in Kubernetes (2.42 knows no `kubernetes_sd_configs`), but
//! with discovery over HTTP. This asks the API server with Prometheus' own certificate and answers in the
//! form that it reads; when the API server does not answer, Prometheus keeps what it knew.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use k8s_openapi::api::core::v1::Pod;
use kube::Client;
use kube::api::{Api, ListParams};
use serde::Serialize;

use super::health::chain;
use super::login;
use crate::run::Error;

/// A pod asks to be scraped by these annotations, as is the custom.
const SCRAPE: &str = "prometheus.io/scrape";
const PORT: &str = "prometheus.io/port";
const PATH: &str = "prometheus.io/path";
/// By this label Argo Rollouts tells the pods of one version from those of another.
const HASH: &str = "rollouts-pod-template-hash";

/// One group of Prometheus' discovery over HTTP.
#[derive(Debug, PartialEq, Serialize)]
struct Target {
    targets: Vec<String>,
    labels: BTreeMap<&'static str, String>,
}

/// Serves `/pods` until it is ended.
///
/// # Errors
/// A kubeconfig that cannot be read or an address that is taken.
pub(crate) fn serve(listen: SocketAddr, kubeconfig: &Path) -> Result<(), Error> {
    let failed = |source| Error::Start { program: format!("the list of pods on {listen}"), source };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let kubeconfig: PathBuf = kubeconfig.to_path_buf();
    runtime.block_on(async {
        let client = login::client(&kubeconfig).await?;
        let router = Router::new().route("/healthz", get(|| async { "ok\n" })).route("/pods", get(pods));
        let listener = tokio::net::TcpListener::bind(listen).await.map_err(failed)?;
        axum::serve(listener, router.with_state(client)).await.map_err(failed)
    })
}

async fn pods(State(client): State<Client>) -> Result<impl IntoResponse, (StatusCode, String)> {
    let refused = |error: &dyn std::error::Error| (StatusCode::BAD_GATEWAY, chain(error));
    let pods = Api::<Pod>::all(client).list(&ListParams::default()).await.map_err(|error| refused(&error))?;
    let targets: Vec<Target> = pods.items.iter().filter_map(target).collect();
    let text = serde_json::to_string(&targets).map_err(|error| refused(&error))?;
    Ok(([(CONTENT_TYPE, "application/json")], text))
}

/// The pod as a target, when it asks for that and has an address.
fn target(pod: &Pod) -> Option<Target> {
    let annotations = pod.metadata.annotations.as_ref()?;
    let status = pod.status.as_ref()?;
    if annotations.get(SCRAPE)? != "true" || status.phase.as_deref() != Some("Running") {
        return None;
    }
    let port = annotations.get(PORT).cloned().or_else(|| first_port(pod))?;
    let mut labels =
        BTreeMap::from([("namespace", pod.metadata.namespace.clone()?), ("pod", pod.metadata.name.clone()?)]);
    labels.extend(annotations.get(PATH).map(|path| ("__metrics_path__", path.clone())));
    let hash = pod.metadata.labels.as_ref().and_then(|labels| labels.get(HASH));
    labels.extend(hash.map(|hash| ("rollouts_pod_template_hash", hash.clone())));
    Some(Target { targets: vec![format!("{}:{port}", status.pod_ip.as_ref()?)], labels })
}

fn first_port(pod: &Pod) -> Option<String> {
    let containers = &pod.spec.as_ref()?.containers;
    let port = containers.iter().flat_map(|container| container.ports.iter().flatten()).next()?;
    Some(port.container_port.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(annotations: &serde_json::Value, phase: &str) -> Pod {
        serde_json::from_value(json!({
            "metadata": {
                "name": "a", "namespace": "blue-green", "annotations": annotations, "labels": { HASH: "5d" },
            },
            "spec": { "containers": [{ "name": "app", "ports": [{ "containerPort": 8080 }] }] },
            "status": { "phase": phase, "podIP": "10.244.0.7" },
        }))
        .unwrap()
    }

    #[test]
    fn a_pod_is_scraped_when_it_asks_and_runs() {
        let asks = json!({ SCRAPE: "true", PATH: "/metrics" });
        let found = target(&pod(&asks, "Running")).unwrap();
        assert_eq!(
            serde_json::to_value(&found).unwrap(),
            json!({
                "targets": ["10.244.0.7:8080"],
                "labels": {
                    "__metrics_path__": "/metrics", "namespace": "blue-green", "pod": "a",
                    "rollouts_pod_template_hash": "5d",
                },
            })
        );
        let other = target(&pod(&json!({ SCRAPE: "true", PORT: "9000" }), "Running")).unwrap();
        assert_eq!(other.targets, ["10.244.0.7:9000"]);
        for (annotations, phase) in
            [(asks, "Pending"), (json!({ SCRAPE: "false" }), "Running"), (json!({}), "Running")]
        {
            assert_eq!(target(&pod(&annotations, phase)), None, "{annotations} {phase}");
        }
    }
}
