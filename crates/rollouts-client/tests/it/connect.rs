//! A client from a kubeconfig, as far as that goes without a cluster.

use std::error::Error;
use std::time::Duration;

use kube::config::Kubeconfig;
use rollouts_client::client::Rollouts;
use rollouts_client::connect;

/// A cluster behind a port on loopback at which nobody listens.
fn nobody_home(port: u16) -> Kubeconfig {
    let yaml = format!(
        "apiVersion: v1
kind: Config
current-context: here
clusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:{port}'}}}}]
users: [{{name: u, user: {{}}}}]
contexts: [{{name: here, context: {{cluster: c, user: u, namespace: shop}}}}]
"
    );
    Kubeconfig::from_yaml(&yaml).expect("a kubeconfig")
}

fn closed_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a bound socket").port()
}

#[tokio::test]
async fn a_context_that_is_not_there() {
    let error = connect::from(nobody_home(1), Some("there")).await.err().expect("no such context");
    assert_eq!(error.to_string(), "cannot use context there of the kubeconfig");
    assert!(error.source().expect("a cause").to_string().contains("there"));
}

#[tokio::test]
async fn a_server_that_is_away_is_an_error_within_the_deadline() {
    let (client, namespace) = connect::from(nobody_home(closed_port()), None).await.expect("a client");
    assert_eq!(namespace, "shop");
    // With kube's own retries this would go on for half an hour.
    let rollouts = Rollouts::new(client, namespace).with_deadline(Duration::from_millis(300));
    let look = tokio::time::timeout(Duration::from_secs(20), rollouts.get("app"));
    let error = look.await.expect("an answer in time").expect_err("nobody is home");
    assert!(error.transient(), "{error}");
}
