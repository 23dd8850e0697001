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

#[test]
fn several_files_are_one_kubeconfig_in_which_the_first_counts() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).expect("a file");
        file
    };
    let first =
        write("first", "clusters: [{name: c, cluster: {server: 'http://first'}}]\ncurrent-context: here\n");
    let second = write(
        "second",
        "clusters: [{name: c, cluster: {server: 'http://second'}}, {name: d, cluster: {server: 'http://d'}}]\n\
         contexts: [{name: here, context: {cluster: d, user: u}}]\ncurrent-context: there\n",
    );
    let read = connect::read(&[folder.path().join("none"), first.clone(), second]).expect("a kubeconfig");
    let servers =
        read.clusters.iter().map(|named| named.cluster.as_ref().and_then(|one| one.server.as_deref()));
    assert_eq!(servers.collect::<Vec<_>>(), [Some("http://first"), Some("http://d")]);
    assert_eq!(read.current_context.as_deref(), Some("here"));
    assert_eq!(read.contexts.len(), 1);
    let bad = write("bad", "clusters: 7\n");
    let error = connect::read(&[first, bad.clone()]).expect_err("not a kubeconfig");
    assert_eq!(error.to_string(), format!("cannot read the kubeconfig {}", bad.display()));
}

/// With each field that names a file, and what kube passes by.
#[test]
fn a_file_is_read_as_kube_reads_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("config");
    let one = "clusters: [{name: c, cluster: {server: 'https://a', certificate-authority: ca.crt}}]
users:
- {name: u, user: {client-certificate: u.crt, client-key: /u.key, tokenFile: t, exec: {command: ./aws, args: [x]}}}
- {name: v, user: {token: abc, exec: {command: aws, apiVersion: v1}}}
contexts: [{name: x, context: {cluster: c, user: u, namespace: n}}]
current-context: x
preferences: {}
more: {a: 1}
";
    let texts = [one.to_owned(), format!("{one}---\n{one}"), String::new(), "clusters:\n".to_owned()];
    for text in texts {
        std::fs::write(&file, &text).expect("a file");
        let (ours, theirs) = (connect::read(std::slice::from_ref(&file)), Kubeconfig::read_from(&file));
        let (ours, theirs) = (ours.expect("a kubeconfig"), theirs.expect("a kubeconfig"));
        assert_eq!(format!("{ours:?}"), format!("{theirs:?}"), "{text}");
    }
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
