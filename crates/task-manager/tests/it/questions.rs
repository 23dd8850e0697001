//! Questions about one task: which is next, how does it stand, why can it not start.

use serde_json::Value;

use crate::bench::{Bench, SMALL};
use crate::output::{id, used};

#[test]
fn next_goes_on_as_things_get_done_and_ends() {
    let bench = Bench::with(SMALL);
    let next = || bench.run(&["next", "-n", "9"]);
    assert_eq!(next().stdout, "ground/build-the-cluster\n");
    bench.ok(&["update", "ground/build", "completed"]);
    assert_eq!(next().stdout, "ground/install-the-controller\n");
    bench.ok(&["update", "install-the-controller", "failed", "-m", "no network"]);
    assert_eq!(next().stdout, "ground/install-the-controller  (stated: no network)\n");
    bench.ok(&["update", "install-the-controller", "in_progress"]);
    let none = next();
    assert_eq!((none.code, none.stdout.as_str()), (5, ""));
    insta::assert_snapshot!(none.stderr, @"3 tasks left on target sim: none can start; `task-manager list` and `explain ID` say why");
    for task in ["install-the-controller", "release/deploy", "release/promote"] {
        bench.ok(&["update", task, "completed"]);
    }
    let none = next();
    assert_eq!((none.code, none.stdout.as_str()), (0, ""));
    assert_eq!(none.stderr, "every task is completed on target sim\n");
}

#[test]
fn show_tells_all_about_a_task() {
    insta::assert_snapshot!(used().ok(&["show", &id("create-helm")]), @r#"
Create Helm chart
  id          blue-green-implementation/create-helm-chart
  phase       Phase 2: Blue-Green Implementation
  priority    High
  where       PRD.md:250
  status      ✗ failed since 2026-01-01T00:00:03Z
  reason      failed: it broke
  evidence    simulated
  attempts    1
  log         .task-master/runs/r1/log
  needs       nothing
"#);
    insta::assert_snapshot!(Bench::with(SMALL).ok(&["show", "install-the-controller"]), @r#"
Install the controller
  id          ground/install-the-controller
  phase       Phase 1: Ground
  priority    Critical
  where       PRD.md:12
  status      · pending
  evidence    -
  attempts    0
  log         -
  needs       ground/build-the-cluster (explicit, line 12): pending
  - with its CRDs
"#);
}

#[test]
fn explain_names_the_edge_its_origin_and_its_line() {
    let bench = Bench::with(SMALL);
    insta::assert_snapshot!(bench.ok(&["explain", "promote"]), @r#"
release/promote cannot start on target sim.
  It is pending.
  It waits for ground (phase dependency, PRD.md:16):
    · pending      ground/build-the-cluster
    · pending      ground/install-the-controller
  It waits for release/deploy (explicit dependency, PRD.md:18):
    · pending      release/deploy
"#);
    insta::assert_snapshot!(bench.ok(&["explain", "build-the-cluster"]), @r#"
ground/build-the-cluster can start on target sim.
  It is pending.
  The PRD states no dependency of it.
"#);
    insta::assert_snapshot!(used().ok(&["explain", &id("create-argocd-application")]), @r#"
blue-green-implementation/create-argocd-application cannot start on target sim.
  It is in progress (unknown: no check): nothing can tell how the last attempt ended: a person has to look and say so with `update`.
  The PRD states no dependency of it.
"#);
    let found: Value = serde_json::from_str(&bench.ok(&["explain", "promote", "-o", "json"])).unwrap();
    assert_eq!(found["can_start"], Value::Null);
    assert_eq!(found["canStart"], false);
    assert_eq!(found["open"][1]["origin"], "explicit");
    assert_eq!(found["open"][1]["line"], 18);
}
