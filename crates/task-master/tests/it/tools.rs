//! Tool steps through the engine, with fakes on PATH: what they are asked, and what their answers mean.

use serde_json::{Value, json};
use task_manager::{Evidence, Status, ledger};

use crate::bench::Bench;
use crate::fakes::Fakes;

const TASK: &str = "infrastructure-setup/install-argocd";
/// Tools that change something are run on a real target only; no step here opens its cluster.
const ON: [&str; 3] = ["--target", "context:fake", "--yes"];

/// A runbook that binds one task to `steps`, which may use the variable `region`.
fn runbook(steps: &str) -> String {
    format!(
        "version: 1\nvariables: {{region: north}}\ntasks:\n  {TASK}:\n    steps:\n{steps}\n    mutation:\n      \
         delete: {{apiVersion: v1, kind: Namespace, name: x}}\n"
    )
}

fn bench(fakes: &Fakes, steps: &str) -> Bench {
    let mut bench = Bench::with_runbook(&runbook(steps), fakes.environment());
    bench.set("HOME", "/home/nobody");
    bench
}

const TERRAFORM: &str =
    "      - terraform: {folder: deploy, action: apply, variables: {region: '${region}'}}";

fn terraform() -> Value {
    json!([
        {"tool": "terraform", "args": ["init"], "stderr": "Warning: connection refused\n"},
        {"tool": "terraform", "args": ["plan"], "unless": "cluster", "exit": 2},
        {"tool": "terraform", "args": ["plan"], "when": "cluster"},
        {"tool": "terraform", "args": ["apply"], "unless": "cluster", "creates": "cluster"},
    ])
}

#[test]
fn terraform_plans_applies_the_plan_and_plans_again() {
    let fakes = Fakes::new(&["terraform"], &terraform());
    let mut bench = bench(&fakes, TERRAFORM);
    bench.set("TF_PLUGIN_CACHE_DIR", "/cache");
    bench.set("GITHUB_TOKEN", "not for tools");
    let ran = bench.run(&[&["execute-task", TASK, "--var", "region=south"], &ON[..]].concat());
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let verbs: Vec<_> =
        fakes.calls().iter().map(|call| call["args"][1].as_str().unwrap().to_owned()).collect();
    assert_eq!(verbs, ["init", "plan", "apply", "init", "plan"]);
    let apply = &fakes.calls()[2];
    assert!(apply["args"].as_array().unwrap().last().unwrap().as_str().unwrap().ends_with("deploy.tfplan"));
    let env = &apply["env"];
    assert_eq!((&env["TF_VAR_region"], &env["TF_PLUGIN_CACHE_DIR"]), (&json!("south"), &json!("/cache")));
    assert_eq!(env["GITHUB_TOKEN"], Value::Null);
    assert_eq!(fakes.effects(), ["+cluster"]);
    let (state, _) = ledger::read(&bench.state()).unwrap();
    assert_eq!(state.task("context:fake", TASK).evidence, Some(Evidence::Live));

    let again = bench.run(&[&["execute-task", TASK], &ON[..]].concat());
    assert!(again.stdout.contains("Nothing to do"), "{}", again.stdout);
    assert_eq!(fakes.effects(), ["+cluster"], "nothing is applied twice");
}

#[test]
fn a_difference_is_an_answer_and_not_a_failure() {
    let cases = [
        (
            "kubectl",
            "      - kubectl: {files: [deploy/namespaces/blue-green.yaml]}",
            json!([
                {"tool": "kubectl", "args": ["diff"], "unless": "there", "exit": 1, "stdout": "-a\n+b\n"},
                {"tool": "kubectl", "args": ["diff"]},
                {"tool": "kubectl", "args": ["apply"], "creates": "there"},
            ]),
        ),
        (
            "argocd",
            "      - argocd: {app: blue-green-app}",
            json!([
                {"tool": "argocd", "args": ["app", "get"], "unless": "there",
                 "stdout": "{\"status\":{\"sync\":{\"status\":\"OutOfSync\"},\"health\":{\"status\":\"Missing\"}}}"},
                {"tool": "argocd", "args": ["app", "get"],
                 "stdout": "{\"status\":{\"sync\":{\"status\":\"Synced\"},\"health\":{\"status\":\"Healthy\"}}}"},
                {"tool": "argocd", "args": ["app", "sync"], "creates": "there"},
                {"tool": "argocd", "args": ["app", "wait"]},
            ]),
        ),
    ];
    for (tool, step, rules) in cases {
        let fakes = Fakes::new(&[tool], &rules);
        let bench = bench(&fakes, step);
        let ran = bench.run(&[&["execute-task", TASK], &ON[..]].concat());
        assert_eq!(ran.code, Some(0), "{tool} {}{}", ran.stdout, ran.stderr);
        assert_eq!(fakes.effects(), ["+there"], "{tool}");
    }
}

#[test]
fn only_transient_failures_are_tried_again_and_every_try_is_in_one_log() {
    let refused = "Error: dial tcp: connection refused\n";
    let flaky = json!([
        {"tool": "terraform", "args": ["init"]},
        {"tool": "terraform", "args": ["plan"], "unless": "warm", "exit": 1, "stderr": refused, "creates": "warm"},
        {"tool": "terraform", "args": ["plan"]},
    ]);
    let fakes = Fakes::new(&["terraform"], &flaky);
    let bench_flaky = bench(&fakes, TERRAFORM);
    let ran = bench_flaky.run(&[&["execute-task", TASK], &ON[..]].concat());
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let logs = bench_flaky.run(&["logs", "--target", "context:fake"]).stdout;
    assert!(logs.contains("connection refused") && logs.contains("is tried again"), "{logs}");
    assert_eq!(logs.matches("==>").count(), 1, "{logs}");

    let wrong = json!([
        {"tool": "terraform", "args": ["init"]},
        {"tool": "terraform", "args": ["plan"], "exit": 1, "stderr": "Error: Unsupported argument\n"},
    ]);
    let fakes = Fakes::new(&["terraform"], &wrong);
    let bench = bench(&fakes, TERRAFORM);
    let ran = bench.run(&[&["execute-task", TASK], &ON[..]].concat());
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
    assert!(ran.stdout.contains("Unsupported argument"), "{}", ran.stdout);
    let log = ran.stdout.lines().find_map(|line| line.trim().strip_prefix("log: ")).unwrap();
    let kept = std::fs::read_to_string(bench.folder().join(log)).unwrap();
    assert!(kept.contains("Unsupported argument"), "{log}: {kept}");
    assert_eq!(fakes.calls().len(), 2, "a permanent failure is not tried again");
    let (state, _) = ledger::read(&bench.state()).unwrap();
    assert_eq!(state.task("context:fake", TASK).status(), Status::Failed);
}

#[test]
fn a_missing_tool_is_said_unless_the_runbook_names_what_is_checked_instead() {
    let fakes = Fakes::new(&[], &json!([]));
    let bench_missing = bench(&fakes, TERRAFORM);
    let ran = bench_missing.run(&[&["execute-task", TASK], &ON[..]].concat());
    assert_eq!(ran.code, Some(8), "{}", ran.stdout);
    let why = "terraform was not run, because it is not on PATH";
    assert!(ran.stdout.contains(why), "{}", ran.stdout);
    assert!(ran.stderr.starts_with(&format!("error: {TASK} failed: step 1: {why}")), "{}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);

    let steps = "      - argocd:\n          app: blue-green-app\n          without:\n            - application: \
                 {file: argocd/applications/blue-green-app.yaml, project: argocd/projects/rollouts-project.yaml}";
    let bench = bench(&fakes, steps);
    let ran = bench.run(&[&["execute-task", TASK], &ON[..]].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    assert!(ran.stdout.contains("argocd was not run") && ran.stdout.contains("(static)"), "{}", ran.stdout);
}

#[test]
fn one_that_hangs_is_stopped_at_its_limit() {
    let rules = json!([
        {"tool": "terraform", "args": ["init"]},
        {"tool": "terraform", "args": ["plan"], "hang": 1},
    ]);
    // The step's own limit, and one for the whole run.
    for (timeout, flags) in [("\n        timeout: 400ms", &[][..]), ("", &["--timeout", "400ms"])] {
        let fakes = Fakes::new(&["terraform"], &rules);
        let bench = bench(&fakes, &format!("{TERRAFORM}{timeout}"));
        let ran = bench.run(&[&["execute-task", TASK], &ON[..], flags].concat());
        assert_eq!(ran.code, Some(124), "{}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.starts_with(&format!("error: {TASK} failed: ")), "{}", ran.stderr);
        assert_eq!(fakes.signals(), [2], "Terraform is interrupted once, and not killed");
    }
}

#[test]
fn nobody_changes_a_cluster_of_a_context_unasked() {
    let fakes = Fakes::new(&["terraform"], &terraform());
    let bench = bench(&fakes, TERRAFORM);
    let ran = bench.run(&["execute-task", TASK, "--target", "context:fake"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
    assert!(ran.stdout.contains("is not changed without --yes or a terminal to ask on"), "{}", ran.stdout);
    assert_eq!(fakes.effects(), Vec::<String>::new());
}

#[test]
fn tools_do_not_reach_past_the_simulator() {
    let fakes = Fakes::new(&["terraform", "kubectl"], &terraform());
    let bench = bench(&fakes, TERRAFORM);
    let ran = bench.run(&["execute-task", TASK]);
    assert_eq!(ran.code, Some(8), "{}", ran.stdout);
    assert_eq!(fakes.calls(), Vec::<Value>::new());
}

#[test]
fn a_secret_is_in_no_artefact() {
    let canary = "canary-5e1f0c";
    let rules = json!([
        {"tool": "terraform", "args": ["init"], "stdout": format!("token is {canary}\n")},
        {"tool": "terraform", "args": ["plan"], "exit": 1, "stderr": format!("Error: denied for {canary}\n")},
    ]);
    let fakes = Fakes::new(&["terraform"], &rules);
    let mut bench = bench(&fakes, TERRAFORM);
    bench.set("TF_TOKEN_app", canary);
    let ran = bench.run(&[&["execute-task", TASK, "-v"], &ON[..]].concat());
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains("token is ****") && ran.stdout.contains("denied for ****"), "{}", ran.stdout);
    assert!(!ran.stdout.contains(canary) && !ran.stderr.contains(canary));
    assert_eq!(fakes.calls()[0]["env"]["TF_TOKEN_app"], canary, "the tool itself has it");
    for (path, bytes) in bench.files() {
        let found = bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
        assert!(!found, "{} holds the secret", path.display());
    }
}
