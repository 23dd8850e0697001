//! The unmodified binary, killed from outside at every sync and at every spawn, and again while it resumes.
//! Whatever the moment, the end is the same, and nothing that has a check is applied twice.
//!
//! `STRACE` names the program that does the killing. Without it the tests say that they were skipped; under
//! `REQUIRE_LIVE=1` that is a failure.

#![expect(clippy::unwrap_used, reason = "a test whose fixture cannot be built has failed")]

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;

use serde_json::{Value, json};
use task_manager::{Status, ledger};
use test_support::gate;

use crate::bench::Bench;
use crate::fakes::Fakes;

const TASKS: [&str; 3] = [
    "infrastructure-setup/install-argocd",
    "infrastructure-setup/install-argo-rollouts",
    "infrastructure-setup/install-prometheus",
];

/// Three tasks with tools whose effects have checks.
const TOOLS: &str = "
version: 1
tasks:
  infrastructure-setup/install-argocd:
    steps:
      - terraform: {folder: deploy, action: apply}
    mutation: {delete: {apiVersion: v1, kind: Namespace, name: x}}
  infrastructure-setup/install-argo-rollouts:
    steps:
      - kubectl: {files: [deploy/namespaces/blue-green.yaml]}
      - static: {application: {file: argocd/applications/blue-green-app.yaml, project: argocd/projects/rollouts-project.yaml}}
    mutation: {delete: {apiVersion: v1, kind: Namespace, name: x}}
  infrastructure-setup/install-prometheus:
    steps:
      - run: {argv: [helm, install, prometheus], check: [helm, status, prometheus]}
    mutation: {delete: {apiVersion: v1, kind: Namespace, name: x}}
";

fn rules() -> Value {
    json!([
        {"tool": "terraform", "args": ["init"]},
        {"tool": "terraform", "args": ["plan"], "unless": "cluster", "exit": 2},
        {"tool": "terraform", "args": ["plan"]},
        {"tool": "terraform", "args": ["apply"], "creates": "cluster"},
        {"tool": "kubectl", "args": ["diff"], "unless": "namespace", "exit": 1},
        {"tool": "kubectl", "args": ["diff"]},
        {"tool": "kubectl", "args": ["apply"], "creates": "namespace"},
        {"tool": "helm", "args": ["status"], "unless": "release", "exit": 1, "stderr": "Error: release: not found"},
        {"tool": "helm", "args": ["status"]},
        {"tool": "helm", "args": ["install"], "creates": "release"},
    ])
}

/// The API's objects of Phase 2, without the long workflows.
pub(crate) const OBJECTS: &str = "
version: 1
tasks:
  blue-green-implementation/create-kubernetes-namespace:
    steps: [apply: {files: [deploy/namespaces/blue-green.yaml]}]
    mutation: {delete: {apiVersion: v1, kind: Namespace, name: blue-green}}
  blue-green-implementation/create-active-and-preview-services:
    steps: [apply: {files: [deploy/blue-green/services.yaml]}]
    mutation: {delete: {apiVersion: v1, kind: Namespace, name: blue-green}}
  blue-green-implementation/create-ingress-for-routing:
    steps: [apply: {files: [deploy/blue-green/ingress.yaml]}]
    mutation: {delete: {apiVersion: v1, kind: Namespace, name: blue-green}}
";

/// The system calls that are killed at: the two syncs, and the ways to start a process or a thread.
const MOMENTS: [&str; 4] = ["fdatasync", "fsync", "clone3", "vfork"];

/// The program that does the killing.
fn strace() -> Option<String> {
    gate::program("STRACE").map(|path| path.to_string_lossy().into_owned())
}

/// Runs `args` and kills the process at the `nth` `call`. Whether it was killed; else it ended by itself.
fn killed(bench: &Bench, strace: &str, call: &str, nth: u32, args: &[&str]) -> bool {
    let inject = format!("--inject={call}:signal=SIGKILL:when={nth}");
    let trace = format!("--trace={call}");
    let through = [strace, "-f", "-qqq", "--output=/dev/null", &trace, &inject];
    let mut command = bench.wrapped(&through, args);
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    status.signal() == Some(9) || status.code() == Some(137)
}

/// Makes a fresh place to run in, with its fakes.
type Make<'a> = dyn Fn() -> (Bench, Option<Fakes>) + 'a;

/// Every moment of a run, as (call, how many there are before the run ends by itself).
fn moments(strace: &str, make: &Make<'_>, args: &[&str]) -> BTreeMap<&'static str, u32> {
    let count = |call: &&'static str| {
        let mut nth = 1;
        loop {
            let (bench, _fakes) = make();
            if !killed(&bench, strace, call, nth, args) {
                break;
            }
            nth += 1;
            assert!(nth < 2000, "{call} has no end");
        }
        (*call, nth - 1)
    };
    MOMENTS.iter().map(count).collect()
}

/// For every moment: kill there, kill the resumption at another one, go on, and look at the end.
#[expect(clippy::print_stdout, reason = "how often it kills is worth a look with --nocapture")]
fn everywhere(make: &Make<'_>, args: &[&str], on: &[&str], end: impl Fn(&Bench, Option<&Fakes>, &str)) {
    let Some(strace) = strace() else { return };
    let all = moments(&strace, make, args);
    let total: u32 = all.values().sum();
    assert!(total > 20, "so few moments cannot be all: {all:?}");
    println!("killing at {all:?}");
    for (call, count) in &all {
        for nth in 1..=*count {
            let (bench, fakes) = make();
            let place = format!("killed at {call} {nth}");
            assert!(killed(&bench, &strace, call, nth, args), "{place}: it was not");
            // Another moment each time, so that over all of them each moment of a resumption has its turn.
            let (again, most) = all.iter().nth(nth as usize % all.len()).unwrap();
            let then = 1 + nth % (*most).max(1);
            let resume = [&["resume"], on].concat();
            let twice = killed(&bench, &strace, again, then, &resume);
            let place = format!("{place}, then at {again} {then} (killed: {twice})");
            let last = bench.run(args);
            assert!(
                matches!(last.code, Some(0 | 5)),
                "{place}: {:?} {}{}",
                last.code,
                last.stdout,
                last.stderr
            );
            end(&bench, fakes.as_ref(), &place);
        }
    }
}

#[test]
fn tools_are_applied_once_whenever_the_engine_is_killed() {
    let on = ["--target", "context:fake", "--yes"];
    let make = || {
        let fakes = Fakes::new(&["terraform", "kubectl", "helm"], &rules());
        let mut bench = Bench::with_runbook(TOOLS, fakes.environment());
        bench.set("HOME", "/home/nobody");
        (bench, Some(fakes))
    };
    let args = ["execute-phase", "1", "--target", "context:fake", "--yes"];
    everywhere(&make, &args, &on, |bench, fakes, place| {
        let (state, _) = ledger::read(&bench.state()).unwrap();
        for task in TASKS {
            assert_eq!(state.status("context:fake", task), Status::Completed, "{place}: {task}");
        }
        let effects = fakes.unwrap().effects();
        for effect in ["+cluster", "+namespace", "+release"] {
            let times = effects.iter().filter(|applied| *applied == effect).count();
            assert_eq!(times, 1, "{place}: {effect} {effects:?}");
        }
    });
}

#[test]
fn the_simulated_cluster_ends_the_same_whenever_the_engine_is_killed() {
    let make = || (Bench::with_runbook(OBJECTS, vec![("PATH".into(), "/nonexistent".into())]), None);
    let args = ["execute-phase", "2"];
    let (whole, _) = make();
    assert_eq!(whole.run(&args).code, Some(5), "the other tasks are manual");
    let expected = objects(&whole);
    everywhere(&make, &args, &[], |bench, _, place| {
        assert_eq!(objects(bench), expected, "{place}");
        let (state, _) = ledger::read(&bench.state()).unwrap();
        assert_eq!(
            state.tasks("sim").filter(|(_, task)| task.status() == Status::Completed).count(),
            3,
            "{place}"
        );
    });
}

/// Every object that a task made, without what differs between two clusters anyhow.
fn objects(bench: &Bench) -> Vec<Value> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let simulator = rollouts_sim::Simulator::open(&bench.state().join("sim")).unwrap();
        let mut all = Vec::new();
        for (group, kind) in [("", "Namespace"), ("", "Service"), ("networking.k8s.io", "Ingress")] {
            let kind = kube::core::GroupVersionKind::gvk(group, "v1", kind);
            let api: kube::Api<kube::api::DynamicObject> =
                kube::Api::all_with(simulator.client(), &kube::api::ApiResource::from_gvk(&kind));
            for object in api.list(&kube::api::ListParams::default()).await.unwrap() {
                let mut object = serde_json::to_value(object).unwrap();
                for field in ["uid", "resourceVersion", "creationTimestamp", "managedFields", "generation"] {
                    object["metadata"].as_object_mut().unwrap().remove(field);
                }
                for field in ["clusterIP", "clusterIPs"] {
                    object["spec"].as_object_mut().map(|spec| spec.remove(field));
                }
                all.push(object);
            }
        }
        all
    })
}

/// A child that is killed on its way to becoming its program has done nothing, so it is started again; and a run
/// in which none ever gets there fails, says so, and can be resumed.
#[test]
fn children_that_are_killed_at_their_exec_have_done_nothing() {
    let Some(strace) = strace() else { return };
    let fakes = Fakes::new(&["terraform", "kubectl", "helm"], &rules());
    let mut bench = Bench::with_runbook(TOOLS, fakes.environment());
    bench.set("HOME", "/home/nobody");
    let args = ["execute-phase", "1", "--target", "context:fake", "--yes"];
    // The first exec of a child is the shim's, the second one the program's.
    let inject = "--inject=execve:signal=SIGKILL:when=2";
    let through = [&strace, "-f", "-qqq", "--output=/dev/null", "--trace=execve", inject];
    let status = bench.wrapped(&through, &args).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(1));
    assert_eq!(fakes.calls(), Vec::<Value>::new());
    let ran = bench.run(&args);
    assert_eq!(ran.code, Some(5), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(fakes.effects(), ["+cluster", "+namespace", "+release"]);
}

/// The disk is full from the `nth` write of the event log on.
#[test]
fn a_full_disk_is_one_message_and_loses_nothing() {
    let Some(strace) = strace() else { return };
    let mut refused = 0;
    for nth in [1, 2, 5, 9, 14, 20, 27, 35, 44, 54] {
        let bench = Bench::with_runbook(OBJECTS, vec![("PATH".into(), "/nonexistent".into())]);
        let inject = format!("--inject=pwrite64:error=ENOSPC:when={nth}+");
        let through = [&strace, "-f", "-qqq", "--output=/dev/null", "--trace=pwrite64", inject.as_str()];
        let output = bench.wrapped(&through, &["execute-phase", "2"]).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(!stderr.contains("panicked"), "{nth}: {stderr}");
        if output.status.code() == Some(16) {
            refused += 1;
            assert!(stderr.contains("no space left for event log"), "{nth}: {stderr}");
            assert_eq!(
                stderr.lines().filter(|line| line.starts_with("error: ")).count(),
                1,
                "{nth}: {stderr}"
            );
        } else {
            assert_eq!(output.status.code(), Some(5), "{nth}: {stderr}");
        }
        let ran = bench.run(&["execute-phase", "2"]);
        assert_eq!(ran.code, Some(5), "{nth}: {}{}", ran.stdout, ran.stderr);
        let (state, _) = ledger::read(&bench.state()).unwrap();
        assert_eq!(
            state.tasks("sim").filter(|(_, task)| task.status() == Status::Completed).count(),
            3,
            "{nth}"
        );
    }
    assert!(refused > 5, "the disk was never full");
}
