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
    let mut command = cluster::host_client("kubectl-argo-rollouts", words);
    command.args(["--namespace", namespace]);
    command
}

/// kubectl, in the cluster's version.
pub(crate) fn kubectl(words: &[&str]) -> Command {
    cluster::host_client("kubectl", words)
}

/// Does what blocks in a thread of its own, so that nothing else here stands still.
///
/// # Errors
/// When it does not come to its end.
pub(crate) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.or_else(|error| found(&format!("a command was not run: {error}")))
}

/// Runs a command to its end. Returns what it printed.
///
/// # Errors
/// When it fails.
pub(crate) async fn said(mut command: Command) -> Result<String, Error> {
    aside(move || run::capture(&mut command)).await?
}

/// Does the same and returns how long it took.
///
/// # Errors
/// When it fails.
pub(crate) async fn timed(mut command: Command) -> Result<Duration, Error> {
    let run = move || {
        let start = Instant::now();
        run::capture(&mut command).map(|_| start.elapsed())
    };
    aside(run).await?
}
