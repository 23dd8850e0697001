//! The real kubectl against the served simulator.
//!
//! `KUBECTL` names the program (1.34). Without it the test says that it was skipped; under `REQUIRE_LIVE=1` that is a
//! failure.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rollouts_sim::Simulator;
use test_support::gate;
use tokio::sync::oneshot;

/// A served simulator, and kubectl with its kubeconfig.
struct Bench {
    kubectl: PathBuf,
    home: tempfile::TempDir,
    stop: Option<oneshot::Sender<()>>,
    server: Option<std::thread::JoinHandle<()>>,
}

impl Bench {
    fn start(kubectl: PathBuf) -> Bench {
        let home = tempfile::tempdir().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let (ready, is_ready) = std::sync::mpsc::channel();
        let kubeconfig = home.path().join("config");
        let server = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let simulator = Simulator::in_memory(7);
                let server = simulator.serve("127.0.0.1:0".parse().unwrap(), 20.0).await.unwrap();
                server.write_kubeconfig(&kubeconfig).unwrap();
                ready.send(()).unwrap();
                let stop = async {
                    let _ = stopped.await;
                };
                server.run(stop).await.unwrap();
            });
        });
        is_ready.recv().unwrap();
        Bench { kubectl, home, stop: Some(stop), server: Some(server) }
    }

    #[expect(clippy::disallowed_methods, reason = "the test runs the tool itself, not the product's runner")]
    fn kubectl(&self, line: &str, stdin: &str) -> (i32, String) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut command = Command::new(&self.kubectl);
        // An argument with spaces is written with ~ for them.
        command.args(line.split(' ').map(|arg| arg.replace('~', " "))).current_dir(root);
        command.env_clear().env("HOME", self.home.path()).env("KUBECONFIG", self.home.path().join("config"));
        // `kubectl diff` runs diff.
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
    }
}

#[test]
fn kubectl_applies_gets_patches_waits_and_deletes() {
    let Some(kubectl) = gate::program("KUBECTL") else { return };
    let bench = Bench::start(kubectl);
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {a: '1'}\n";
    let unknown = map.replace("\ndata:", "\ndatum:");
    let rollout = "patch -n blue-green ro blue-green";
    let service = "patch -n blue-green svc blue-green-preview";
    let cases: Vec<(String, &str, i32, &str)> = vec![
        ("version".into(), "", 0, "Server Version: v1.34."),
        ("get ns".into(), "", 0, "kube-system       Active"),
        ("apply --server-side -f deploy/namespaces/blue-green.yaml".into(), "", 0, "namespace/blue-green serverside-applied"),
        ("apply --server-side -f deploy/blue-green".into(), "", 0, "rollout.argoproj.io/blue-green serverside-applied"),
        ("apply --server-side -f deploy/blue-green --dry-run=server".into(), "", 0, "serverside-applied (server dry run)"),
        ("wait -n blue-green ro/blue-green --for=jsonpath={.status.phase}=Healthy --timeout=60s".into(), "", 0, "condition met"),
        ("wait -n blue-green pod -l app.kubernetes.io/name=blue-green-app --for=condition=Ready --timeout=60s".into(), "", 0, "condition met"),
        ("wait crd/rollouts.argoproj.io --for=condition=Established --timeout=5s".into(), "", 0, "condition met"),
        ("get ro -n blue-green".into(), "", 0, "NAME         DESIRED   CURRENT   UP-TO-DATE   AVAILABLE   AGE"),
        ("get pods,rs,endpointslices,ingresses,events -n blue-green -o wide".into(), "", 0, "READY   STATUS    RESTARTS"),
        ("get svc -n blue-green -o name".into(), "", 0, "service/blue-green-active"),
        ("get ro blue-green -n blue-green -o jsonpath={.status.phase}".into(), "", 0, "Healthy"),
        ("get pods -A --field-selector=status.phase=Running --no-headers".into(), "", 0, "1/1"),
        ("describe pods -n blue-green".into(), "", 0, "Readiness:"),
        // The controller switched the selector, so applying the file without the hash is a conflict, as on a cluster.
        ("apply --server-side -f deploy/blue-green/services.yaml".into(), "", 1, "conflict with \"rollouts-controller\" using v1: .spec.selector"),
        (format!("{rollout} --type=merge -p {{\"spec\":{{\"revisionHistoryLimit\":6}}}}"), "", 0, "rollout.argoproj.io/blue-green patched"),
        (format!("{rollout} --type=json -p [{{\"op\":\"replace\",\"path\":\"/spec/revisionHistoryLimit\",\"value\":5}}]"), "", 0, "patched"),
        (format!("{rollout} --type=strategic -p {{\"spec\":{{\"paused\":true}}}}"), "", 1, "application/strategic-merge-patch+json is not supported"),
        (format!("{rollout} --subresource=status --type=merge -p {{\"status\":{{\"abort\":false}}}}"), "", 0, "patched"),
        (format!("{service} --type=strategic -p {{\"metadata\":{{\"labels\":{{\"a\":\"b\"}}}}}}"), "", 0, "patched"),
        (format!("{service} --type=json -p [{{\"op\":\"test\",\"path\":\"/metadata/labels/a\",\"value\":\"c\"}}]"), "", 1, "The request is invalid"),
        ("scale -n blue-green ro/blue-green --replicas=2".into(), "", 0, "scaled"),
        ("label -n blue-green svc blue-green-preview a-".into(), "", 0, "unlabeled"),
        ("annotate -n blue-green ro blue-green why=because".into(), "", 0, "annotated"),
        ("apply -f -".into(), map, 0, "configmap/m created"),
        ("apply -f -".into(), map, 0, "configmap/m unchanged"),
        ("apply -f -".into(), unknown.as_str(), 1, "unknown field \"datum\""),
        ("apply -f - --server-side".into(), map, 0, "configmap/m serverside-applied"),
        ("get cm m -o yaml --show-managed-fields".into(), "", 0, "manager: kubectl"),
        ("diff -f -".into(), map, 0, ""),
        ("replace -f -".into(), map, 0, "configmap/m replaced"),
        ("create -f -".into(), map, 1, "configmaps \"m\" already exists"),
        ("delete -f -".into(), map, 0, "configmap \"m\" deleted"),
        ("create configmap x --from-literal=a=b".into(), "", 1, "`kubectl create -f` send JSON"),
        ("get deploy -A".into(), "", 0, "No resources found"),
        ("get jobs".into(), "", 1, "the server doesn't have a resource type \"jobs\""),
        ("get all -n blue-green".into(), "", 0, "service/blue-green-active"),
        ("get hpa -A".into(), "", 0, "No resources found"),
        ("top pods -n blue-green".into(), "", 0, "CPU(cores)"),
        ("top pods -n blue-green --no-headers".into(), "", 0, "1m"),
        ("api-resources --api-group=argoproj.io".into(), "", 0, "clusteranalysistemplates   cat"),
        ("explain ro.spec.strategy.blueGreen".into(), "", 0, "autoPromotionSeconds"),
        ("get cm -A -w --request-timeout=1s".into(), "", 0, ""),
        ("delete pod -n blue-green --all --wait=false".into(), "", 0, "deleted"),
        ("delete -f deploy/blue-green --timeout=60s".into(), "", 0, "rollout.argoproj.io \"blue-green\" deleted"),
        ("delete ns blue-green --timeout=60s".into(), "", 0, "namespace \"blue-green\" deleted"),
        ("get ns blue-green".into(), "", 1, "(NotFound): namespaces \"blue-green\" not found"),
    ];
    for (line, stdin, code, said) in cases {
        let (got, output) = bench.kubectl(&line, stdin);
        assert_eq!(got, code, "kubectl {line}: {output}");
        assert!(output.contains(said), "kubectl {line}: {output}");
    }
}
