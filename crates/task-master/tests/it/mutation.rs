//! For every binding of the shipped runbook: its named mutation undoes the effect, and its check fails.

#![expect(clippy::unwrap_used, reason = "a test whose fixture cannot be built has failed")]

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use kube::api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use kube::{Api, Client};
use task_manager::{Event, ledger};
use task_master::proof;
use task_master::runbook::{self, Action, Change, ObjectRef, Patch as Fields, Root, Runbook};
use task_master::target::Target;

use crate::bench::{Bench, root};

fn shipped() -> Runbook {
    let path = root().join("deploy/runbook.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let root = Root::new(&root()).unwrap();
    runbook::parse(&path, &text, &root, &BTreeMap::new()).unwrap()
}

/// The tasks of a phase, and those of them that have steps on a target.
fn of_phase(number: u32, target: &Target) -> (Vec<String>, Vec<String>) {
    let plan = prd_parser::parse(&std::fs::read_to_string(root().join("PRD.md")).unwrap()).plan;
    let phase = plan.phases.iter().position(|phase| phase.number == Some(number)).unwrap();
    let tasks = plan.tasks.iter().filter(|task| task.phase == phase).map(|task| task.id.clone());
    let tasks: Vec<String> = tasks.collect();
    let bound = shipped().on(target).bindings.into_iter().map(|binding| binding.task);
    (tasks.clone(), bound.filter(|task| tasks.contains(task)).collect())
}

#[test]
fn the_tasks_of_the_phases_are_bound_where_they_can_be_carried_out() {
    let plan = prd_parser::parse(&std::fs::read_to_string(root().join("PRD.md")).unwrap()).plan;
    let path = root().join("deploy/runbook.yaml");
    runbook::verify(&shipped(), &std::fs::read_to_string(path).unwrap(), &plan).unwrap();
    for target in [Target::Sim, Target::Host] {
        for phase in [2, 3, 4, 5, 6] {
            let (tasks, bound) = of_phase(phase, &target);
            assert_eq!(bound, tasks, "phase {phase} on {target}");
        }
    }
    let (tasks, bound) = of_phase(1, &Target::Host);
    assert_eq!(bound, tasks);
    let (_, bound) = of_phase(1, &Target::Sim);
    assert_eq!(bound, ["infrastructure-setup/create-terraform-configurations-for-kind-cluster"]);
}

/// What runs where the test looks at checks and not at programs: cargo, which says that one test passed.
fn yes(folder: &Path) -> String {
    let bin = folder.join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    let cargo = bin.join("cargo");
    std::fs::write(&cargo, "#!/bin/sh\necho 'test result: ok. 1 passed; 0 failed'\n").unwrap();
    std::fs::set_permissions(&cargo, std::fs::Permissions::from_mode(0o755)).unwrap();
    bin.to_str().unwrap().to_owned()
}

/// The tasks of which a program has shown something that is no longer so: (task, reason).
fn shown_no_more(repository: &Path, state: &Path) -> Vec<String> {
    let root = Root::new(repository).unwrap();
    let mut tasks = Vec::new();
    for binding in shipped().on(&Target::Sim).bindings {
        let runs = binding.steps.iter().filter_map(|step| match &step.action {
            Action::Run(run) if !run.of.is_empty() => Some(run),
            _ => None,
        });
        let lost = runs.filter(|run| proof::look(state, &root, &run.argv, &run.of).unwrap().is_err()).count();
        tasks.extend((lost > 0).then_some(binding.task));
    }
    tasks
}

#[test]
fn every_named_mutation_makes_its_check_fail() {
    let repository = tempfile::tempdir().unwrap();
    for folder in ["deploy", "charts", "argocd", "terraform", "crates", "docs", "scenarios", "scripts"] {
        copy(&root().join(folder), &repository.path().join(folder));
    }
    for file in ["PRD.md", "Makefile"] {
        std::fs::copy(root().join(file), repository.path().join(file)).unwrap();
    }
    let done = Bench::shipped().on(repository.path().join("PRD.md"));
    assert_eq!(done.run(&["execute-phase", "1"]).code, Some(5), "most of it is manual");
    for phase in ["2", "3"] {
        let ran = done.run(&["execute-phase", phase]);
        assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    }
    let mut done = done;
    done.set("PATH", &yes(done.folder()));
    for (phase, code) in [("4", 0), ("5", 0), ("6", 0)] {
        let ran = done.run(&["execute-phase", phase]);
        assert_eq!(ran.code, Some(code), "{}{}", ran.stdout, ran.stderr);
    }
    assert_eq!(shown_no_more(repository.path(), &done.state()), Vec::<String>::new());

    for binding in shipped().on(&Target::Sim).bindings {
        // Each mutation meets the world as the phase left it.
        let bench = Bench::shipped().on(repository.path().join("PRD.md"));
        copy(&done.state(), &bench.state());
        let tries_files =
            binding.steps.iter().any(|step| matches!(&step.action, Action::Run(run) if !run.of.is_empty()));
        let undo = mutate(&binding.mutations[0].change, repository.path(), &bench.state());
        if tries_files {
            assert_eq!(
                shown_no_more(repository.path(), &done.state()),
                std::slice::from_ref(&binding.task),
                "and only it"
            );
        }
        let ran = bench.run(&["execute-task", &binding.task]);
        undo();
        let (_, events) = ledger::read(&bench.state()).unwrap();
        let drifted = events.iter().any(
            |recorded| matches!(&recorded.event, Event::TaskDrifted { task, .. } if *task == binding.task),
        );
        assert!(drifted, "{}: its check did not fail\n{}{}", binding.task, ran.stdout, ran.stderr);
    }
}

/// Applies a mutation; what it returns takes back the change of a file.
fn mutate(mutation: &Change, repository: &Path, state: &Path) -> Box<dyn Fn()> {
    match mutation {
        Change::Edit { file, find, with } => {
            let path = repository.join(file);
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(text.contains(find), "{} does not hold {find:?}", path.display());
            std::fs::write(&path, text.replacen(find, with, 1)).unwrap();
            Box::new(move || std::fs::write(&path, &text).unwrap())
        }
        Change::Delete(object) => {
            on_simulator(state, async |client| {
                api(client, object).delete(&object.name, &DeleteParams::default()).await.unwrap();
            });
            Box::new(|| ())
        }
        Change::Run { argv } => {
            assert!(argv.is_empty(), "a program cannot reach the simulated cluster: {argv:?}");
            Box::new(|| ())
        }
        Change::Patch(Fields { object, merge, .. }) => {
            on_simulator(state, async |client| {
                let params = PatchParams::default();
                api(client, object).patch(&object.name, &params, &Patch::Merge(merge)).await.unwrap();
            });
            Box::new(|| ())
        }
    }
}

fn on_simulator(state: &Path, work: impl AsyncFnOnce(Client)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let simulator = rollouts_sim::Simulator::open(&state.join("sim")).unwrap();
        work(simulator.client()).await;
    });
}

fn api(client: Client, object: &ObjectRef) -> Api<DynamicObject> {
    let (group, version) = object.api_version.split_once('/').unwrap_or(("", &object.api_version));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, &object.kind));
    match &object.namespace {
        Some(namespace) => Api::namespaced_with(client, namespace, &resource),
        None => Api::all_with(client, &resource),
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        // Charts link what they share: a link to a folder is a folder here.
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
