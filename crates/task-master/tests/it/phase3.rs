//! Phase 3 of the shipped PRD by the shipped runbook, on the simulated cluster, at the shipped times.

use task_manager::{Evidence, Status, ledger};

use crate::bench::Bench;

const PROGRESS: &str = "canary-implementation/test-progressive-rollout-workflow";
const FAILURE: &str = "canary-implementation/test-automated-analysis-and-rollback";

#[test]
fn a_canary_goes_through_its_weights_and_a_bad_one_is_given_up() {
    let bench = Bench::shipped();
    let first = bench.run(&["execute-phase", "Phase 3"]);
    assert_eq!(first.code, Some(0), "{}{}", first.stdout, first.stderr);
    for said in [
        "Phase 3: Canary Implementation, on sim",
        "argocd/applications/canary-app.yaml fits project rollouts",
        "all 2 queries have an answer",
        "0 lost (modelled)",
        "Degraded; active is v1",
        "9 of 9 tasks completed (7 simulated, 2 static)",
    ] {
        assert!(first.stdout.contains(said), "{said}\n{}", first.stdout);
    }
    for weight in [10, 25, 50, 75] {
        assert!(first.stdout.contains(&format!("{{\"weight\":{weight}}}")), "{weight}\n{}", first.stdout);
    }
    let (state, _) = ledger::read(&bench.state()).unwrap();
    let shown = |name: &str| {
        let id = format!("canary-deployment-features/{name}");
        state.showings(&id).map(|showing| (showing.by.clone(), showing.evidence)).collect::<Vec<_>>()
    };
    for (name, by) in [
        ("gradual-traffic-shifting-10-25-50-75-100", PROGRESS),
        ("automatic-promotion-on-success", PROGRESS),
        ("automatic-rollback-on-failure", FAILURE),
    ] {
        assert_eq!(shown(name), [(by.to_owned(), Evidence::Simulated)], "{name}");
    }

    let second = bench.run(&["execute-phase", "3"]);
    assert_eq!(second.code, Some(0), "{}{}", second.stdout, second.stderr);
    assert!(second.stdout.contains("Nothing to do"), "{}", second.stdout);
    let (state, _) = ledger::read(&bench.state()).unwrap();
    assert!(state.tasks("sim").all(|(_, task)| task.attempts == 1 && task.status() == Status::Completed));
}

#[test]
fn a_canary_whose_metrics_are_absent_does_not_start() {
    let text = r#"
version: 1
variables: {new: v2}
tasks:
  canary-implementation/create-kubernetes-namespace:
    steps:
      - apply:
          files:
            - deploy/namespaces/canary.yaml
            - deploy/canary/services.yaml
            - deploy/canary/ingress.yaml
            - deploy/canary/analysis-template.yaml
            - deploy/canary/rollout.yaml
      - rollout: {namespace: canary, name: canary, verb: settle, on: v1}
      - metrics: {namespace: canary, present: ["vector(1)", "vector(1) < 0.5"], within: 10s}
      - rollout: {namespace: canary, name: canary, verb: set-image, container: demo-app, tag: "${new}"}
    holds:
      - rollout: {namespace: canary, name: canary, revisions: [v1]}
    mutation:
      delete: {apiVersion: v1, kind: Service, namespace: canary, name: canary-canary}
"#;
    let bench = Bench::with_runbook(text, vec![("PATH".into(), "/nonexistent".into())]);
    let task = "canary-implementation/create-kubernetes-namespace";
    let ran = bench.run(&["execute-task", task]);
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    let said = "nothing to judge a canary by: vector(1) < 0.5: the answer is []";
    assert!(ran.stdout.contains(said), "{}", ran.stdout);
    assert!(!ran.stdout.contains("image of demo-app set"), "{}", ran.stdout);
}
