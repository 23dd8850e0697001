//! What a person sees, and what a program reads: whole outputs of the built binary.

use serde_json::Value;
use task_manager::event::Event;
use task_manager::status::{Evidence, Status};
use task_manager::transition::Move;

use crate::bench::{Bench, SMALL};
use crate::build::event;

pub(crate) fn id(task: &str) -> String {
    format!("blue-green-implementation/{task}")
}

/// The shipped PRD with a phase half done in every way.
pub(crate) fn used() -> Bench {
    let bench = Bench::shipped();
    let [done, failed, lost, stated] = [
        id("create-kubernetes-namespace"),
        id("create-helm-chart"),
        id("create-argocd-application"),
        id("test-rollback-workflow"),
    ];
    bench.record([
        event(Move::Start, &done, "sim", 1),
        event(Move::Complete, &done, "sim", 1),
        event(Move::Start, &failed, "sim", 1),
        event(Move::Fail, &failed, "sim", 1),
        event(Move::Start, &lost, "sim", 1),
        event(Move::LoseTrack, &lost, "sim", 1),
        event(Move::State(Status::Completed), &stated, "sim", 1),
        Event::Shown {
            ids: vec!["blue-green-deployment-features/instant-rollback-capability".into()],
            target: "sim".into(),
            evidence: Evidence::Simulated,
            by: stated.clone(),
            commit: None,
        },
    ]);
    bench
}

#[test]
fn a_report_on_a_fresh_clone_shows_the_plan_and_creates_nothing() {
    let bench = Bench::shipped();
    let report = bench.ok(&["report"]);
    insta::assert_snapshot!(report.split_inclusive('\n').take(29).collect::<String>(), @r#"
Product Requirements Document: Blue-Green and Canary Deployment System
PRD.md · target sim · commit unknown (evidence cannot go stale)

  Phase 1: Infrastructure Setup        Critical  ····················     0/6   0 %
  Phase 2: Blue-Green Implementation   High      ····················     0/8   0 %
  Phase 3: Canary Implementation       High      ····················     0/9   0 %
  Phase 4: Task Management System      High      ····················     0/3   0 %
  Phase 5: Documentation & Automation  Medium    ····················     0/7   0 %
  Phase 6: Testing & Validation        Medium    ····················     0/6   0 %
  Total                                          ····················    0/39   0 %
                                                 █ live  ▓ simulated  ▒ static  ░ stated  ✗ failed  · open

39 tasks: 0 completed (0 live, 0 simulated, 0 static, 0 stated), 0 in progress, 0 failed, 39 pending
28 requirements: 0 shown live, 0 shown on the simulator only, 28 not shown
14 criteria: 0 shown live, 0 shown on the simulator only, 14 not shown

Next
  infrastructure-setup/create-terraform-configurations-for-kind-cluster
  infrastructure-setup/install-argocd
  infrastructure-setup/install-argo-rollouts
  infrastructure-setup/install-ingress-nginx
  infrastructure-setup/install-prometheus

Requirements: Blue-Green Deployment Features
  ○ not shown  Deploy application with blue-green strategy
  ○ not shown  Access preview environment before promotion
  ○ not shown  Manual promotion of new version
  ○ not shown  Instant rollback capability
  ○ not shown  Scale down old version after promotion
"#);
    assert_eq!(report.matches("○ not shown").count(), 28 + 14);
    assert!(!bench.state().exists());
}

#[test]
fn a_report_tells_evidence_apart_and_names_what_failed_and_what_is_next() {
    let report = used().ok(&["report"]);
    insta::assert_snapshot!(report.split_inclusive('\n').skip(3).take(38).collect::<String>(), @r#"
  Phase 1: Infrastructure Setup        Critical  ····················     0/6   0 %
  Phase 2: Blue-Green Implementation   High      ▓▓░░✗✗··············     2/8  25 %  1 simulated, 1 stated, 1 failed, 1 in progress
  Phase 3: Canary Implementation       High      ····················     0/9   0 %
  Phase 4: Task Management System      High      ····················     0/3   0 %
  Phase 5: Documentation & Automation  Medium    ····················     0/7   0 %
  Phase 6: Testing & Validation        Medium    ····················     0/6   0 %
  Total                                          ▓░✗·················    2/39   5 %  1 simulated, 1 stated, 1 failed, 1 in progress
                                                 █ live  ▓ simulated  ▒ static  ░ stated  ✗ failed  · open

39 tasks: 2 completed (0 live, 1 simulated, 0 static, 1 stated), 1 in progress, 1 failed, 35 pending
28 requirements: 0 shown live, 1 shown on the simulator only, 27 not shown
14 criteria: 0 shown live, 0 shown on the simulator only, 14 not shown

Failed
  ✗ blue-green-implementation/create-helm-chart
      failed: it broke
      log: .task-master/runs/r1/log

Unfinished
  ▸ blue-green-implementation/create-argocd-application
      unknown: no check

Next
  infrastructure-setup/create-terraform-configurations-for-kind-cluster
  infrastructure-setup/install-argocd
  infrastructure-setup/install-argo-rollouts
  infrastructure-setup/install-ingress-nginx
  infrastructure-setup/install-prometheus

Requirements: Blue-Green Deployment Features
  ○ not shown  Deploy application with blue-green strategy
  ○ not shown  Access preview environment before promotion
  ○ not shown  Manual promotion of new version
  ◐ simulator  Instant rollback capability                              by blue-green-implementation/test-rollback-workflow on sim, no commit
  ○ not shown  Scale down old version after promotion
  ○ not shown  Health check validation before serving traffic

Requirements: Canary Deployment Features
"#);
}

#[test]
fn what_was_done_on_one_target_counts_on_no_other() {
    let report = used().ok(&["report", "--target", "kind"]);
    assert!(report.contains("39 tasks: 0 completed"), "{report}");
    // A requirement is shown or not, wherever that was.
    assert!(report.contains("0 shown live, 1 shown on the simulator only, 27 not shown"), "{report}");
}

#[test]
fn a_report_as_markdown_is_tables() {
    let report = used().ok(&["report", "-o", "markdown"]);
    insta::assert_snapshot!(report.split_inclusive('\n').take(39).collect::<String>(), @r#"
# Product Requirements Document: Blue-Green and Canary Deployment System

`PRD.md`, target `sim`, commit `unknown`

| Phase | Priority | Completed | Live | Simulated | Static | Stated | Failed |
|---|---|---:|---:|---:|---:|---:|---:|
| Phase 1: Infrastructure Setup | Critical | 0/6 | 0 | 0 | 0 | 0 | 0 |
| Phase 2: Blue-Green Implementation | High | 2/8 | 0 | 1 | 0 | 1 | 1 |
| Phase 3: Canary Implementation | High | 0/9 | 0 | 0 | 0 | 0 | 0 |
| Phase 4: Task Management System | High | 0/3 | 0 | 0 | 0 | 0 | 0 |
| Phase 5: Documentation & Automation | Medium | 0/7 | 0 | 0 | 0 | 0 | 0 |
| Phase 6: Testing & Validation | Medium | 0/6 | 0 | 0 | 0 | 0 | 0 |
| **Total** |  | 2/39 | 0 | 1 | 0 | 1 | 1 |

## Phase 1: Infrastructure Setup

| | Status | Evidence | Task | Id |
|---|---|---|---|---|
| · | pending |  | Create Terraform configurations for kind cluster | `infrastructure-setup/create-terraform-configurations-for-kind-cluster` |
| · | pending |  | Install ArgoCD | `infrastructure-setup/install-argocd` |
| · | pending |  | Install Argo Rollouts | `infrastructure-setup/install-argo-rollouts` |
| · | pending |  | Install Ingress-nginx | `infrastructure-setup/install-ingress-nginx` |
| · | pending |  | Install Prometheus | `infrastructure-setup/install-prometheus` |
| · | pending |  | Configure DNS (local hosts file) | `infrastructure-setup/configure-dns-local-hosts-file` |

## Phase 2: Blue-Green Implementation

| | Status | Evidence | Task | Id |
|---|---|---|---|---|
| ✓ | completed | simulated | Create Kubernetes namespace | `blue-green-implementation/create-kubernetes-namespace` |
| · | pending |  | Create Rollout manifest with blue-green strategy | `blue-green-implementation/create-rollout-manifest-with-blue-green-strategy` |
| · | pending |  | Create active and preview services | `blue-green-implementation/create-active-and-preview-services` |
| · | pending |  | Create ingress for routing | `blue-green-implementation/create-ingress-for-routing` |
| ▸ | in progress (unknown: no check) |  | Create ArgoCD application | `blue-green-implementation/create-argocd-application` |
| ✗ | failed (failed: it broke); log `.task-master/runs/r1/log` | simulated | Create Helm chart | `blue-green-implementation/create-helm-chart` |
| · | pending |  | Test deployment and promotion workflow | `blue-green-implementation/test-deployment-and-promotion-workflow` |
| ✓ | completed (stated: by hand) | stated | Test rollback workflow | `blue-green-implementation/test-rollback-workflow` |

## Phase 3: Canary Implementation
"#);
}

#[test]
fn a_report_as_json_has_the_sums_that_scripts_read() {
    let report: Value = serde_json::from_str(&used().ok(&["report", "-o", "json"])).unwrap();
    assert_eq!(report["schemaVersion"], 1);
    insta::assert_snapshot!(serde_json::to_string(&report["totals"]).unwrap(), @r#"{"tasks":39,"requirements":28,"criteria":14,"pending":35,"in_progress":1,"completed":2,"failed":1,"evidence":{"live":0,"simulated":1,"static":0,"stated":1},"shown":{"requirements":{"live":0,"simulated":1,"not_shown":27},"criteria":{"live":0,"simulated":0,"not_shown":14}}}"#);
    let phases: Vec<_> = report["phases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|phase| {
            format!("{} {} {}", phase["title"], phase["priority"], phase["tasks"].as_array().unwrap().len())
        })
        .collect();
    insta::assert_snapshot!(phases.join("\n"), @r#"
"Infrastructure Setup" "Critical" 6
"Blue-Green Implementation" "High" 8
"Canary Implementation" "High" 9
"Task Management System" "High" 3
"Documentation & Automation" "Medium" 7
"Testing & Validation" "Medium" 6
"#);
    insta::assert_snapshot!(serde_json::to_string_pretty(&report["phases"][1]["tasks"][5]).unwrap(), @r#"
{
  "id": "blue-green-implementation/create-helm-chart",
  "title": "Create Helm chart",
  "phase": "blue-green-implementation",
  "priority": "High",
  "status": "failed",
  "evidence": "simulated",
  "reason": {
    "kind": "failed",
    "text": "it broke"
  },
  "attempts": 1,
  "since": "2026-01-01T00:00:03Z",
  "log": "runs/r1/log",
  "dependencies": [],
  "line": 250
}
"#);
}

#[test]
fn a_list_is_a_table_that_filters_narrow() {
    let bench = used();
    insta::assert_snapshot!(bench.ok(&["list", "--phase", "Phase 2"]), @r#"
  STATUS       EVIDENCE   PRIORITY  ID                                                                          TITLE
✓ completed    simulated  High      blue-green-implementation/create-kubernetes-namespace                       Create Kubernetes namespace
· pending      -          High      blue-green-implementation/create-rollout-manifest-with-blue-green-strategy  Create Rollout manifest with blue-green strategy
· pending      -          High      blue-green-implementation/create-active-and-preview-services                Create active and preview services
· pending      -          High      blue-green-implementation/create-ingress-for-routing                        Create ingress for routing
▸ in progress  -          High      blue-green-implementation/create-argocd-application                         Create ArgoCD application
✗ failed       simulated  High      blue-green-implementation/create-helm-chart                                 Create Helm chart
· pending      -          High      blue-green-implementation/test-deployment-and-promotion-workflow            Test deployment and promotion workflow
✓ completed    stated     High      blue-green-implementation/test-rollback-workflow                            Test rollback workflow
"#);
    let count = |arguments: &[&str]| bench.ok(&[&["list"], arguments].concat()).lines().count() - 1;
    assert_eq!(count(&[]), 39);
    assert_eq!(count(&["--status", "failed"]), 1);
    assert_eq!(count(&["--status", "in-progress"]), 1);
    assert_eq!(count(&["--phase", "blue-green-implementation"]), 8);
    assert_eq!(count(&["--phase", "Canary Implementation"]), 9);
    assert_eq!(count(&["--priority", "critical"]), 6);
    assert_eq!(count(&["--text", "HELM"]), 2);
    assert_eq!(count(&["--text", "extract metadata"]), 1, "details are looked through too");
    assert_eq!(count(&["--phase", "3", "--text", "helm"]), 1);
}

#[test]
fn a_list_as_json_and_as_yaml_is_the_same_document() {
    let bench = Bench::with(SMALL);
    let json: Value = serde_json::from_str(&bench.ok(&["list", "--phase", "2", "-o", "json"])).unwrap();
    let yaml: Value = serde_yaml::from_str(&bench.ok(&["list", "--phase", "2", "-o", "yaml"])).unwrap();
    assert_eq!(json, yaml);
    insta::assert_snapshot!(serde_json::to_string_pretty(&json["tasks"][1]).unwrap(), @r#"
{
  "id": "release/promote",
  "title": "Promote",
  "phase": "release",
  "priority": "High",
  "status": "pending",
  "evidence": null,
  "reason": null,
  "attempts": 0,
  "since": null,
  "log": null,
  "dependencies": [
    {
      "on": "ground",
      "origin": "phase",
      "line": 16,
      "satisfied": false,
      "openCount": 2,
      "open": [
        {
          "id": "ground/build-the-cluster",
          "status": "pending"
        },
        {
          "id": "ground/install-the-controller",
          "status": "pending"
        }
      ]
    },
    {
      "on": "release/deploy",
      "origin": "explicit",
      "line": 18,
      "satisfied": false,
      "openCount": 1,
      "open": [
        {
          "id": "release/deploy",
          "status": "pending"
        }
      ]
    }
  ],
  "line": 18
}
"#);
}

#[test]
fn the_graph_is_drawn_three_ways() {
    let bench = Bench::with(SMALL);
    insta::assert_snapshot!(bench.ok(&["graph"]), @r#"
digraph plan {
  rankdir=LR;
  node [shape=box];
  subgraph "cluster/ground" {
    label="Phase 1: Ground";
    "ground" [shape=point, label=""];
    "ground/build-the-cluster" [label="Build the cluster\npending", class="pending"];
    "ground/install-the-controller" [label="Install the controller\npending", class="pending"];
  }
  subgraph "cluster/release" {
    label="Phase 2: Release";
    "release" [shape=point, label=""];
    "release/deploy" [label="Deploy\npending", class="pending"];
    "release/promote" [label="Promote\npending", class="pending"];
  }
  "ground" -> "release" [label="phase, line 16", style=solid];
  "ground/build-the-cluster" -> "ground/install-the-controller" [label="explicit, line 12", style=solid];
  "release/deploy" -> "release/promote" [label="explicit, line 18", style=solid];
}
"#);
    insta::assert_snapshot!(bench.ok(&["graph", "-o", "mermaid"]), @r#"
flowchart LR
  subgraph n0["Phase 1: Ground"]
    n2["Build the cluster<br/>pending"]
    n3["Install the controller<br/>pending"]
  end
  subgraph n1["Phase 2: Release"]
    n4["Deploy<br/>pending"]
    n5["Promote<br/>pending"]
  end
  n0 -->|phase| n1
  n2 -->|explicit| n3
  n4 -->|explicit| n5
"#);
    let graph: Value = serde_json::from_str(&bench.ok(&["graph", "-o", "json"])).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&graph["edges"]).unwrap(), @r#"
[
  {
    "from": "release",
    "to": "ground",
    "origin": "phase",
    "hard": true,
    "line": 16
  },
  {
    "from": "ground/install-the-controller",
    "to": "ground/build-the-cluster",
    "origin": "explicit",
    "hard": true,
    "line": 12
  },
  {
    "from": "release/promote",
    "to": "release/deploy",
    "origin": "explicit",
    "hard": true,
    "line": 18
  }
]
"#);
}

#[test]
fn history_is_one_line_an_event() {
    let bench = used();
    insta::assert_snapshot!(bench.ok(&["history"]), @r#"
1  2026-01-01T00:00:00Z      ann  blue-green-implementation/create-kubernetes-namespace on sim: attempt 1 started
2  2026-01-01T00:00:01Z      ann  blue-green-implementation/create-kubernetes-namespace on sim: attempt 1 completed (simulated); log runs/r1/log
3  2026-01-01T00:00:02Z      ann  blue-green-implementation/create-helm-chart on sim: attempt 1 started
4  2026-01-01T00:00:03Z      ann  blue-green-implementation/create-helm-chart on sim: attempt 1 failed (simulated): it broke; log runs/r1/log
5  2026-01-01T00:00:04Z      ann  blue-green-implementation/create-argocd-application on sim: attempt 1 started
6  2026-01-01T00:00:05Z      ann  blue-green-implementation/create-argocd-application on sim: outcome unknown: no check
7  2026-01-01T00:00:06Z      ann  blue-green-implementation/test-rollback-workflow on sim: ann states completed: by hand
8  2026-01-01T00:00:07Z      ann  blue-green-implementation/test-rollback-workflow on sim showed (simulated): blue-green-deployment-features/instant-rollback-capability
"#);
    assert_eq!(bench.ok(&["history", &id("create-helm-chart")]).lines().count(), 2);
    let history: Value = serde_json::from_str(&bench.ok(&["history", "-o", "json"])).unwrap();
    insta::assert_snapshot!(serde_json::to_string(&history["events"][3]).unwrap(), @r#"{"seq":4,"at":"2026-01-01T00:00:03Z","actor":"ann","event":{"kind":"task_finished","task":"blue-green-implementation/create-helm-chart","target":"sim","run":"r1","attempt":1,"outcome":"failed","evidence":"simulated","reason":"it broke","log":"runs/r1/log"}}"#);
    let fresh = Bench::shipped().run(&["history"]);
    assert_eq!((fresh.code, fresh.stderr.as_str()), (0, "nothing has happened yet\n"));
}

#[test]
fn colour_is_for_terminals_and_for_those_who_ask() {
    let bench = Bench::with(SMALL);
    let coloured = |arguments: &[&str], variable: Option<&str>| {
        let mut command = bench.command(&[&["list"], arguments].concat());
        variable.map(|name| command.env(name, "1"));
        String::from_utf8(command.output().unwrap().stdout).unwrap().contains('\x1b')
    };
    assert!(!coloured(&[], None), "no terminal");
    assert!(coloured(&[], Some("FORCE_COLOR")));
    assert!(coloured(&[], Some("CLICOLOR_FORCE")));
    assert!(!coloured(&[], Some("NO_COLOR")));
    assert!(coloured(&["--color", "always"], Some("NO_COLOR")), "a flag is nearer than the environment");
    assert!(!coloured(&["--color", "never"], Some("FORCE_COLOR")));
}

#[test]
fn looking_changes_nothing() {
    let bench = used();
    assert_eq!(bench.run(&["parse"]).code, 0);
    let look = || {
        let mut files: Vec<_> = std::fs::read_dir(bench.state())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect();
        files.sort();
        (files, std::fs::read(bench.path("PRD.md")).unwrap())
    };
    let before = look();
    let helm = id("create-helm-chart");
    let commands: [&[&str]; 10] = [
        &["report"],
        &["list"],
        &["next"],
        &["show", &helm],
        &["explain", &helm],
        &["graph"],
        &["history"],
        &["parse", "--dry-run"],
        &["completions", "bash"],
        &["man", "report"],
    ];
    for command in commands {
        assert_eq!(bench.run(command).code, 0, "{command:?}");
        assert_eq!(look(), before, "{command:?}");
    }
}
