//! Commands as a person types them on the host cluster: ours, kubectl, and upstream's plugin.

use std::process::Command;
use std::time::{Duration, Instant};

use super::found;
use crate::bench;
use crate::cluster;
use crate::run::{self, Error};

/// A verb of ours on a Rollout of a namespace.
pub(crate) fn rollout(namespace: &str, words: &[&str]) -> Command {
    let mut command = run::command(bench::binary("task-master"));
    command.args(["--target", "host", "rollout", "--namespace", namespace]).args(words);
    command
}

/// A verb of upstream's plugin.
pub(crate) fn upstream(namespace: &str, words: &[&str]) -> Command {
    let mut command = client("kubectl-argo-rollouts");
    command.args(words).args(["--namespace", namespace]);
    command
}

/// kubectl, in the cluster's version.
pub(crate) fn kubectl(words: &[&str]) -> Command {
    let mut command = client("kubectl");
    command.args(words);
    command
}

fn client(name: &str) -> Command {
    let mut command = run::command(cluster::host_client(name));
    command.env("KUBECONFIG", cluster::host_kubeconfig());
    command
}

/// Runs a command to its end in a thread of its own, so that nothing else here stands still. Returns what it printed.
///
/// # Errors
/// When it fails.
pub(crate) async fn said(mut command: Command) -> Result<String, Error> {
    let run = tokio::task::spawn_blocking(move || run::capture(&mut command));
    run.await.or_else(|error| found(&format!("a command was not run: {error}")))?
}

/// Does the same and returns how long it took.
///
/// # Errors
/// When it fails.
pub(crate) async fn timed(command: Command) -> Result<Duration, Error> {
    let start = Instant::now();
    said(command).await.map(|_| start.elapsed())
}
