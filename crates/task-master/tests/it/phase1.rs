//! Phase 1 of the shipped PRD by the shipped runbook on the host cluster, from nothing, one part a task.
//!
//! It takes the machine's host cluster down and leaves it up, so it only runs where `HOST_CLUSTER=1` asks for it.
//! Without that it says that it was skipped; under `REQUIRE_LIVE=1` that is a failure.

#![expect(clippy::unwrap_used, reason = "a test whose fixture cannot be built has failed")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::{Command, Output};

use serde_json::Value;
use task_manager::{Event, Evidence, Status, ledger};
use task_master::runbook::{self, Action, Binding, Change, Root};
use task_master::target::Target;
use test_support::gate;

use crate::bench::{Bench, root};

/// The verbs of the build system, as the runbook calls them.
#[expect(clippy::disallowed_methods, reason = "the test asks the cluster beside the program that it tests")]
fn cargo(words: &[&str]) -> Output {
    Command::new("cargo").args(words).current_dir(root()).env_clear().envs(environment()).output().unwrap()
}

fn cluster(words: &[&str]) -> Output {
    cargo(&[&["xtask", "cluster"], words].concat())
}

/// The states of the units of a part.
fn states(part: &str) -> Vec<String> {
    let status: Value = serde_json::from_slice(&cluster(&["status", "-o", "json"]).stdout).unwrap();
    let units = status["units"].as_array().unwrap().iter().filter(|unit| unit["part"] == part);
    units.map(|unit| unit["state"].as_str().unwrap().to_owned()).collect()
}

/// The part that a binding's program brings up, and the words that ask for it.
fn part(binding: &Binding) -> (String, Vec<String>) {
    let run = binding.steps.iter().find_map(|step| match &step.action {
        Action::Run(run) => Some(run.clone()),
        _ => None,
    });
    let run = run.unwrap();
    let check = run.check.unwrap();
    assert_eq!(run.argv.last(), check.last());
    (check.last().unwrap().clone(), check)
}

fn holds(check: &[String]) -> bool {
    let words: Vec<&str> = check[1..].iter().map(String::as_str).collect();
    cargo(&words).status.success()
}

/// What programs see of the environment, here and below `task-master`: were it not the same, cargo would compile
/// half of the dependencies again at each call.
fn environment() -> Vec<(OsString, OsString)> {
    let names = [
        "PATH",
        "HOME",
        "CARGO_HOME",
        "CARGO_INCREMENTAL",
        "CARGO_TARGET_DIR",
        "RUSTFLAGS",
        "RUSTUP_HOME",
        "XDG_CACHE_HOME",
        "XDG_STATE_HOME",
    ];
    names.iter().filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?))).collect()
}

fn bench() -> Bench {
    let mut bench = Bench::shipped();
    for (name, value) in environment() {
        bench.set(name.to_str().unwrap(), value.to_str().unwrap());
    }
    bench
}

#[test]
fn every_task_brings_up_its_own_part_and_what_undoes_it_is_seen() {
    if !gate::asked_for("HOST_CLUSTER") {
        return;
    }
    let down = cluster(&["down"]);
    assert!(down.status.success(), "{}", String::from_utf8_lossy(&down.stderr));
    let path = root().join("deploy/runbook.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let shipped = runbook::parse(&path, &text, &Root::new(&root()).unwrap(), &BTreeMap::new()).unwrap();
    let bindings = shipped.on(&Target::Host).bindings;
    let phase: Vec<&Binding> =
        bindings.iter().filter(|binding| binding.task.starts_with("infrastructure-setup/")).collect();
    assert_eq!(phase.len(), 6);

    let bench = bench();
    for binding in &phase {
        let task = binding.task.as_str();
        let (part, check) = part(binding);
        assert!(!holds(&check), "{task}: its check holds before");
        assert!(states(&part).iter().all(|state| state == "absent"), "{task}: {:?}", states(&part));

        let ran = bench.run(&["execute-task", task, "--target", "host"]);
        assert_eq!(ran.code, Some(0), "{task}\n{}{}", ran.stdout, ran.stderr);
        assert!(holds(&check), "{task}: its check does not hold after");
        assert!(states(&part).iter().all(|state| state == "healthy"), "{task}: {:?}", states(&part));
        let log = bench.run(&["logs", "--target", "host"]).stdout;
        assert!(
            log.contains("up and healthy after"),
            "{task}: the program's progress is not in its log\n{log}"
        );
    }
    let (state, events) = ledger::read(&bench.state()).unwrap();
    let evidence: Vec<_> = phase.iter().map(|binding| state.task("host", &binding.task).evidence).collect();
    assert_eq!(evidence[0], Some(Evidence::Static), "the kind cluster of the configuration was not made");
    assert!(evidence[1..].iter().all(|evidence| *evidence == Some(Evidence::Live)), "{evidence:?}");
    assert!(!events.iter().any(|recorded| matches!(&recorded.event, Event::TaskDrifted { .. })));

    for binding in &phase {
        let Change::Run { argv } = &binding.mutations[0].change else { panic!("{}", binding.task) };
        let (part, check) = part(binding);
        let words: Vec<&str> = argv[1..].iter().map(String::as_str).collect();
        assert!(cargo(&words).status.success(), "{argv:?}");
        assert!(!holds(&check), "{part}: its check does not see {argv:?}");
        let ran = bench.run(&["execute-task", &binding.task, "--target", "host"]);
        assert_eq!(ran.code, Some(0), "{part}\n{}{}", ran.stdout, ran.stderr);
        assert!(holds(&check), "{part}: it was not brought up again");
    }
    let again = bench.run(&["execute-phase", "Phase 1", "--target", "host"]);
    assert_eq!(again.code, Some(0), "{}{}", again.stdout, again.stderr);
    assert!(again.stdout.contains("Nothing to do"), "{}", again.stdout);
    let (state, events) = ledger::read(&bench.state()).unwrap();
    assert!(phase.iter().all(|binding| state.status("host", &binding.task) == Status::Completed));
    let drifted = events.iter().filter(|recorded| matches!(&recorded.event, Event::TaskDrifted { .. }));
    assert_eq!(drifted.count(), 6, "each mutation is recorded as drift");
}
