//! Phase 2 of the shipped PRD by the shipped runbook, on the simulated cluster.

use task_manager::{Evidence, Status, ledger};

use crate::bench::Bench;

const PROMOTION: &str = "blue-green-implementation/test-deployment-and-promotion-workflow";
const ROLLBACK: &str = "blue-green-implementation/test-rollback-workflow";

#[test]
fn a_phase_runs_step_by_step_and_a_second_run_does_nothing() {
    let bench = Bench::shipped();
    let first = bench.run(&["execute-phase", "Phase 2"]);
    assert_eq!(first.code, Some(0), "{}{}", first.stdout, first.stderr);
    for said in [
        "Phase 2: Blue-Green Implementation, on sim",
        "applied namespace blue-green",
        "argocd/applications/blue-green-app.yaml fits project rollouts",
        "helm was not run, because it is not on PATH; checked instead",
        "blue-green.local answers v1; blue-green-preview.local answers v2",
        "0 lost (modelled)",
        "v1 is scaled down",
        "8 of 8 tasks completed (6 simulated, 2 static)",
    ] {
        assert!(first.stdout.contains(said), "{said}\n{}", first.stdout);
    }
    assert_eq!(first.stderr, "");

    let (state, _) = ledger::read(&bench.state()).unwrap();
    assert_eq!(state.tasks("sim").filter(|(_, task)| task.status() == Status::Completed).count(), 8);
    assert_eq!(state.task("sim", PROMOTION).evidence, Some(Evidence::Simulated));
    let shown = "blue-green-deployment-features/instant-rollback-capability";
    let by: Vec<_> = state.showings(shown).map(|showing| (showing.by.clone(), showing.evidence)).collect();
    assert_eq!(by, [(ROLLBACK.to_owned(), Evidence::Simulated)]);

    let second = bench.run(&["execute-phase", "2"]);
    assert_eq!(second.code, Some(0), "{}{}", second.stdout, second.stderr);
    assert!(
        second.stdout.contains("Nothing to do: all 8 tasks are completed and still so"),
        "{}",
        second.stdout
    );
    let (state, _) = ledger::read(&bench.state()).unwrap();
    assert!(state.tasks("sim").all(|(_, task)| task.attempts == 1));
}

#[test]
fn phases_are_found_by_number_title_and_slug_and_unknown_ones_list_the_candidates() {
    let bench = Bench::shipped();
    for name in ["2", "Phase 2", "blue-green-implementation", "Blue-Green Implementation"] {
        let ran = bench.run(&["plan", name]);
        assert_eq!(ran.code, Some(0), "{name} {}", ran.stderr);
        assert!(ran.stdout.starts_with("Phase 2: Blue-Green Implementation, on sim"), "{}", ran.stdout);
    }
    let ran = bench.run(&["execute-phase", "Phase 9"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(4), ""));
    assert!(ran.stderr.contains("Phase 2: Blue-Green Implementation"), "{}", ran.stderr);
}

#[test]
fn a_phase_with_only_manual_tasks_lists_them_and_names_one_that_has_bindings() {
    let bench = Bench::shipped();
    let ran = bench.run(&["execute-phase", "6", "--target", "context:none"]);
    assert_eq!(ran.code, Some(5), "{}{}", ran.stdout, ran.stderr);
    for said in [
        "Phase 6: Testing & Validation",
        "- End-to-end blue-green deployment test",
        "Phase 1: Infrastructure Setup: task-master execute-phase \"Phase 1\"",
        "task-manager update testing-validation/end-to-end-blue-green-deployment-test completed",
    ] {
        assert!(ran.stdout.contains(said), "{said}\n{}", ran.stdout);
    }
    assert!(!bench.state().exists(), "nothing was run, so nothing is recorded");
}

#[test]
fn phase_1_claims_no_more_on_the_simulated_cluster_than_was_looked_at() {
    let bench = Bench::shipped();
    let ran = bench.run(&["execute-phase", "Phase 1"]);
    assert_eq!(ran.code, Some(5), "{}{}", ran.stdout, ran.stderr);
    for said in
        ["terraform was not run, because it is not on PATH", "completed (static)", "- Install Argo Rollouts"]
    {
        assert!(ran.stdout.contains(said), "{said}\n{}", ran.stdout);
    }
    let (state, _) = ledger::read(&bench.state()).unwrap();
    let completed = state.tasks("sim").filter(|(_, task)| task.status() == Status::Completed);
    let evidence: Vec<_> = completed.map(|(_, task)| task.evidence).collect();
    assert_eq!(evidence, [Some(Evidence::Static)]);
}

#[test]
fn looking_changes_nothing() {
    let bench = Bench::shipped();
    for args in [&["plan", "2"][..], &["plan", "--all"], &["plan", "2", "-o", "json"]] {
        assert_eq!(bench.run(args).code, Some(0));
        assert!(!bench.state().exists(), "{args:?}");
    }
    assert_eq!(
        bench.run(&["execute-task", "create-kubernetes-namespace"]).code,
        Some(4),
        "two phases have one"
    );
    let task = "blue-green-implementation/create-kubernetes-namespace";
    assert_eq!(bench.run(&["execute-task", task]).code, Some(0));
    let before = bench.files();
    for args in [
        &["plan", "2"][..],
        &["runs"],
        &["runs", "-o", "json"],
        &["logs"],
        &["completions", "bash"],
        &["man", "rollout", "promote"],
    ] {
        let ran = bench.run(args);
        assert_eq!(ran.code, Some(0), "{args:?} {}", ran.stderr);
        assert!(!ran.stdout.is_empty(), "{args:?}");
        assert!(bench.files() == before, "{args:?} changed the state");
    }
}

#[test]
fn a_run_is_one_json_object_a_line() {
    let bench = Bench::shipped();
    let (code, lines) = bench.json(&["execute-task", "blue-green-implementation/create-helm-chart"]);
    assert_eq!(code, Some(0));
    let kinds: Vec<_> = lines.iter().map(|line| line["kind"].as_str().unwrap().to_owned()).collect();
    assert_eq!((kinds[0].as_str(), kinds.last().unwrap().as_str()), ("selection", "result"));
    assert_eq!(lines[0]["schemaVersion"], 1);
    for kind in ["run_started", "task_started", "step_finished", "task_finished", "run_finished"] {
        assert!(kinds.iter().any(|is| is == kind), "{kind} {kinds:?}");
    }
    let result = lines.last().unwrap();
    assert_eq!((&result["exitCode"], &result["tasks"][0]["evidence"]), (&0.into(), &"static".into()));
}

#[test]
fn other_versions_can_be_given() {
    let bench = Bench::shipped();
    let ran = bench.run(&["plan", "2", "--var", "new=v9"]);
    assert!(ran.stdout.contains("to tag v9") && !ran.stdout.contains("to tag v2"), "{}", ran.stdout);
    let ran = bench.run(&["plan", "2", "--var", "newer=v9"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""));
    assert!(ran.stderr.contains("`newer`"), "{}", ran.stderr);
}
