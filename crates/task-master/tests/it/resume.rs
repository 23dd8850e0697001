//! Runs that are cut off, and what goes on afterwards.

#![expect(clippy::unwrap_used, reason = "a test whose fixture cannot be built has failed")]

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use task_manager::event::RunOutcome;
use task_manager::transition::Condition;
use task_manager::{Event, Ledger, Status, clock, ledger};

use crate::bench::{Bench, eventually};
use crate::fakes::Fakes;

const TASK: &str = "infrastructure-setup/install-argocd";
const NAMESPACE: &str = "blue-green-implementation/create-kubernetes-namespace";
const SERVICES: &str = "blue-green-implementation/create-active-and-preview-services";
const PROMOTION: &str = "blue-green-implementation/test-deployment-and-promotion-workflow";

fn runbook(steps: &str) -> String {
    format!(
        "version: 1\ntasks:\n  {TASK}:\n    steps:\n{steps}\n    holds:\n      - rollout: {{namespace: a, name: b, gone: v1}}\n    \
         mutation: {{delete: {{apiVersion: v1, kind: Namespace, name: x}}}}\n"
    )
}

/// Writes the log of a run that died: `more` follows the start of an attempt at `task`.
fn died(state: &Path, task: &str, more: impl FnOnce(&str) -> Vec<Event>) {
    let mut log = Ledger::open(state).unwrap();
    let (run, target) = ("r1".to_owned(), "sim".to_owned());
    let holder = task_manager::lock::Holder::this_process("task-master execute-phase 2", clock::now());
    let mut events = vec![
        Event::RunStarted { run: run.clone(), target: target.clone(), holder },
        Event::TaskStarted { task: task.to_owned(), target, run: run.clone(), attempt: 1 },
    ];
    events.extend(more(&run));
    for event in events {
        log.record(clock::now(), "test", event).unwrap();
    }
}

fn intended(task: &str, run: &str, what: &str) -> Event {
    let (task, run, target) = (task.to_owned(), run.to_owned(), "sim".to_owned());
    Event::StepIntended { task, target, run, attempt: 1, step: 1, what: what.to_owned() }
}

#[test]
fn what_was_cut_off_and_has_a_check_is_settled_by_the_world() {
    let bench = Bench::shipped();
    died(&bench.state(), NAMESPACE, |run| vec![intended(NAMESPACE, run, "apply")]);
    let ran = bench.run(&["execute-phase", "2"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("Create Kubernetes namespace (attempt 2)"), "{}", ran.stdout);
    let (state, events) = ledger::read(&bench.state()).unwrap();
    assert_eq!(state.task("sim", NAMESPACE).attempts, 2, "attempts are counted across runs");
    assert_eq!(state.run("r1").unwrap().finished.unwrap().1, RunOutcome::Interrupted);
    assert!(events.iter().any(|e| matches!(&e.event, Event::TaskInterrupted { attempt: 1, .. })));
}

#[test]
fn what_was_cut_off_and_has_no_check_waits_for_a_person() {
    let fakes = Fakes::new(&["helm"], &json!([{"tool": "helm", "creates": "effect"}]));
    let bench = Bench::with_runbook(&runbook("      - run: {argv: [helm, install, x]}"), fakes.environment());
    let what = bench.run(&["plan", "--task", TASK, "-o", "json"]).stdout;
    let what: Value = serde_json::from_str(&what).unwrap();
    let what = what["tasks"][0]["steps"][0]["what"].as_str().unwrap().to_owned();
    died(&bench.state(), TASK, |run| vec![intended(TASK, run, &what)]);
    for _ in 0..2 {
        let ran = bench.run(&["resume"]);
        assert_eq!(ran.code, Some(10), "{}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains("has no check that tells what became of it"), "{}", ran.stdout);
        let (state, _) = ledger::read(&bench.state()).unwrap();
        assert_eq!(state.task("sim", TASK).condition, Condition::Unknown);
        assert_eq!(fakes.effects(), Vec::<String>::new(), "nothing is guessed");
    }
    let stated = Event::StatusStated {
        task: TASK.to_owned(),
        target: "sim".to_owned(),
        status: Status::Pending,
        message: Some("looked: nothing was installed".to_owned()),
        who: "a person".to_owned(),
    };
    Ledger::open(&bench.state()).unwrap().record(clock::now(), "a person", stated).unwrap();
    let ran = bench.run(&["resume"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(fakes.effects(), ["+effect"]);
}

#[test]
fn what_was_done_without_a_check_is_not_done_again() {
    let rules = json!([
        {"tool": "helm", "args": ["one"], "creates": "one"},
        {"tool": "helm", "args": ["two"], "unless": "ready", "exit": 1, "creates": "ready"},
        {"tool": "helm", "args": ["two"], "creates": "two"},
    ]);
    let fakes = Fakes::new(&["helm"], &rules);
    let steps = "      - run: {argv: [helm, one]}\n      - run: {argv: [helm, two]}";
    let bench = Bench::with_runbook(&runbook(steps), fakes.environment());
    assert_eq!(bench.run(&["execute-task", TASK]).code, Some(1));
    assert_eq!(bench.run(&["execute-task", TASK]).code, Some(0));
    assert_eq!(fakes.effects(), ["+one", "+ready", "+two"]);
}

#[test]
fn an_object_deleted_between_kill_and_resume_makes_its_task_run_again() {
    let bench = Bench::shipped();
    let mut command = bench.command(&["execute-phase", "2"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let is_done = |state: &task_manager::State| state.status("sim", SERVICES) == Status::Completed;
    eventually("the services", || ledger::read(&bench.state()).is_ok_and(|(state, _)| is_done(&state)));
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9), "it was killed before its end");
    delete_service(&bench.state());
    let ran = bench.run(&["resume"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let (state, events) = ledger::read(&bench.state()).unwrap();
    let drifted: Vec<_> = events
        .iter()
        .filter_map(|recorded| match &recorded.event {
            Event::TaskDrifted { task, reason, .. } => Some((task.as_str(), reason.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(drifted, [(SERVICES, "service blue-green/blue-green-preview is not there")]);
    assert_eq!(state.task("sim", SERVICES).attempts, 2);
    assert_eq!(state.task("sim", NAMESPACE).attempts, 1);
}

fn delete_service(state: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let simulator = rollouts_sim::Simulator::open(&state.join("sim")).unwrap();
        let api: kube::Api<k8s_openapi::api::core::v1::Service> =
            kube::Api::namespaced(simulator.client(), "blue-green");
        api.delete("blue-green-preview", &kube::api::DeleteParams::default()).await.unwrap();
    });
}

#[test]
fn resume_takes_up_what_the_last_run_was_asked_for() {
    let bench = Bench::shipped();
    let ran = bench.run(&["execute-phase", "2", "--timeout", "1ms"]);
    assert_eq!(ran.code, Some(124), "{}{}", ran.stdout, ran.stderr);
    let ran = bench.run(&["resume"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.starts_with("Phase 2: Blue-Green Implementation, on sim"), "{}", ran.stdout);
    let (state, _) = ledger::read(&bench.state()).unwrap();
    assert_eq!(state.status("sim", PROMOTION), Status::Completed);
    assert_eq!(bench.run(&["resume"]).code, Some(4), "nothing is left");
}

#[test]
fn a_recorded_child_that_is_still_alive_is_found_first() {
    let fakes = Fakes::new(&["helm"], &json!([{"tool": "helm", "hang": 1}]));
    let bench = Bench::with_runbook(&runbook("      - run: {argv: [helm, x]}"), fakes.environment());
    // Any living process of this boot will do: this one is still there when the patience has run out.
    let id = task_master::runner::ChildId::of(std::process::id()).unwrap();
    died(&bench.state(), TASK, |run| {
        let (task, target) = (TASK.to_owned(), "sim".to_owned());
        let spawned = Event::StepSpawned {
            task,
            target,
            run: run.to_owned(),
            attempt: 1,
            step: 1,
            pid: id.pid,
            start_time: id.start_time,
            boot_id: task_manager::lock::boot_id(),
        };
        vec![intended(TASK, run, "helm x"), spawned]
    });
    let ran = bench.run(&["resume", "--patience", "100ms"]);
    assert_eq!(ran.code, Some(6), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains(&format!("pid {}", id.pid)), "{}", ran.stderr);
    assert_eq!(fakes.calls(), Vec::<Value>::new(), "no second one is started");
}
