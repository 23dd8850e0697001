//! The functions of PRD §7.2, as a program that embeds the library calls them.

use serde_json::json;
use task_manager::project::Place;
use task_master::command::Secret;
use task_master::{Context, Target, execute_phase, execute_task};

use crate::bench::{Bench, root};
use crate::fakes::Fakes;

fn context(bench: &Bench) -> Context {
    let mut context = Context::new(Place { prd: root().join("PRD.md"), state: bench.state() });
    context.inherited = vec![("PATH".into(), "/nonexistent".into())];
    context
}

#[test]
fn a_task_and_a_phase_have_the_results_that_the_prd_names() {
    let bench = Bench::shipped();
    let context = context(&bench);
    let result = execute_task("blue-green-implementation/create-kubernetes-namespace", &context);
    assert!(result.success, "{result:?}");
    assert_eq!((result.output.as_str(), result.error), ("applied namespace blue-green", None));
    let result = execute_phase("Phase 2", &context);
    assert!(result.success, "{result:?}");
    assert_eq!((result.tasks_completed, result.tasks_failed, result.results.len()), (8, 0, 8));
    assert!(result.results.iter().all(|task| task.success && !task.output.is_empty()));
}

#[test]
fn what_goes_wrong_before_anything_began_is_in_the_result() {
    let bench = Bench::shipped();
    let context = context(&bench);
    let result = execute_task("no-such-task", &context);
    assert!(!result.success && result.error.as_ref().unwrap().contains("no task is called"), "{result:?}");
    let elsewhere = Context { target: Target::Context("none".to_owned()), ..context };
    let result = execute_phase("Phase 6", &elsewhere);
    assert_eq!((result.success, result.tasks_completed, result.tasks_failed), (false, 0, 0));
    assert!(result.results[0].error.as_ref().unwrap().contains("manual"), "{result:?}");
}

/// Environment, secrets, variables and target: each arrives at the step, and a secret in nothing that is kept.
#[test]
fn the_context_reaches_every_step() {
    let fakes = Fakes::new(&["helm", "kubectl"], &json!([{"tool": "helm"}, {"tool": "kubectl"}]));
    let text = "version: 1\nvariables: {name: x}\ntasks:\n  infrastructure-setup/install-argocd:\n    steps:\n      \
                - run: {argv: [helm, install, '${name}']}\n      - kubectl: {files: [deploy/namespaces/blue-green.yaml]}\n    \
                mutation: {delete: {apiVersion: v1, kind: Namespace, name: x}}\n";
    let bench = Bench::with_runbook(text, Vec::new());
    let mut context = context(&bench);
    context.inherited = fakes.environment();
    context.inherited.push(("KUBECONFIG".into(), "/k/config:/k/more".into()));
    context.runbook = Some(bench.folder().join("runbook.yaml"));
    context.environment.insert("STAGE".to_owned(), "test".to_owned());
    context.secrets.insert("PIN".to_owned(), Secret::new("canary-77"));
    context.variables.insert("name".to_owned(), "two words; $HOME".to_owned());
    context.target = Target::Context("prod".to_owned());
    context.ask = Some(std::sync::Arc::new(|_: &str| true));
    let result = execute_task("infrastructure-setup/install-argocd", &context);
    assert!(result.success, "{result:?}");
    let calls = fakes.calls();
    assert_eq!(calls[0]["args"], json!(["install", "two words; $HOME"]), "one value stays one argument");
    assert_eq!(calls[1]["args"][0], "--context=prod");
    for call in &calls {
        assert_eq!((&call["env"]["STAGE"], &call["env"]["PIN"]), (&json!("test"), &json!("canary-77")));
    }
    assert_eq!(calls[1]["env"]["KUBECONFIG"], "/k/config:/k/more");
    for (path, bytes) in bench.files() {
        assert!(!String::from_utf8_lossy(&bytes).contains("canary-77"), "{}", path.display());
    }
}
