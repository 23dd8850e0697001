//! The real kubectl against the served simulator, driven by the engine: its own step, and API steps beside it
//! through the same kubeconfig.
//!
//! `KUBECTL` names the program (1.34). Without it the test says that it was skipped; under `REQUIRE_LIVE=1` that is
//! a failure.

#![expect(clippy::unwrap_used, reason = "a test whose fixture cannot be built has failed")]

use std::path::Path;

use rollouts_sim::Simulator;
use task_manager::Evidence;
use task_manager::ledger;
use test_support::gate;
use tokio::sync::oneshot;

use crate::bench::Bench;

const RUNBOOK: &str = "
version: 1
tasks:
  blue-green-implementation/create-kubernetes-namespace:
    steps:
      - kubectl: {files: [deploy/namespaces/blue-green.yaml]}
    mutation: {delete: {apiVersion: v1, kind: Namespace, name: blue-green}}
  blue-green-implementation/create-ingress-for-routing:
    steps:
      - kubectl: {files: [deploy/blue-green/ingress.yaml]}
      - apply: {files: [deploy/blue-green/ingress.yaml]}
    mutation: {delete: {apiVersion: v1, kind: Namespace, name: blue-green}}
";

/// Serves a simulated cluster while `work` goes on with its kubeconfig.
pub(crate) fn served(kubeconfig: &Path, work: impl FnOnce()) {
    let (stop, stopped) = oneshot::channel::<()>();
    let (ready, is_ready) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let server =
                    Simulator::in_memory(7).serve("127.0.0.1:0".parse().unwrap(), 20.0).await.unwrap();
                server.write_kubeconfig(kubeconfig).unwrap();
                ready.send(()).unwrap();
                let stop = async {
                    let _ = stopped.await;
                };
                server.run(stop).await.unwrap();
            });
        });
        is_ready.recv().unwrap();
        work();
        drop(stop);
    });
}

#[test]
fn kubectl_finds_the_difference_applies_and_finds_none() {
    let Some(kubectl) = gate::program("KUBECTL") else { return };
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(kubectl, folder.path().join("kubectl")).unwrap();
    let kubeconfig = folder.path().join("config");
    // kubectl diff runs diff.
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let environment = vec![
        ("PATH".into(), path.into()),
        ("HOME".into(), folder.path().into()),
        ("KUBECONFIG".into(), kubeconfig.clone().into()),
    ];
    let bench = Bench::with_runbook(RUNBOOK, environment);
    let target = "context:rollouts-sim";
    let args = ["execute-phase", "2", "--target", target, "--yes"];
    served(&kubeconfig, || {
        let ran = bench.run(&args);
        assert_eq!(ran.code, Some(5), "{}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.stdout.matches("kubectl applied the files").count(), 2, "{}", ran.stdout);
        assert!(
            ran.stdout.contains("already so: as in the file: ingress blue-green/blue-green"),
            "{}",
            ran.stdout
        );
        let ran = bench.run(&args);
        assert_eq!(
            ran.stdout.matches("is completed and still so").count(),
            2,
            "{}{}",
            ran.stdout,
            ran.stderr
        );
    });
    let (state, _) = ledger::read(&bench.state()).unwrap();
    let task = state.task(target, "blue-green-implementation/create-ingress-for-routing");
    assert_eq!(task.evidence, Some(Evidence::Live));
}
