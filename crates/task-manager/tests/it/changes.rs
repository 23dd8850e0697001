//! What changes the state or the PRD: parse, update, tick; and the PRD's section 7.1 as a library.

use std::fs;

use task_manager::event::{Event, TaskOutcome};
use task_manager::status::{Evidence, Status};
use task_manager::transition::Move;
use task_manager::{Filters, actor, get_tasks, parse_prd, update_task_status};

use crate::bench::{Bench, SMALL};
use crate::build::event;

#[test]
fn parse_prints_the_account_and_what_changed() {
    let bench = Bench::with(SMALL);
    insta::assert_snapshot!(bench.ok(&["parse"]), @r#"
PRD.md: 4 tasks, 1 requirement, 1 criterion; 0 ignored checkbox lines
  + added    ground/build-the-cluster
  + added    ground/install-the-controller
  + added    release/deploy
  + added    release/promote
4 added, 0 renamed, 0 moved, 0 removed; recorded
"#);
    insta::assert_snapshot!(bench.ok(&["parse"]), @r#"
PRD.md: 4 tasks, 1 requirement, 1 criterion; 0 ignored checkbox lines
nothing changed
"#);
    let edited = SMALL
        .replace("- [ ] Build the cluster\n", "- [ ] Look around\n- [ ] Build the cluster\n")
        .replace("Install the controller (", "Install the controllers (")
        .replace("- [ ] Promote (depends on Deploy)\n", "")
        .replace("\n## 13.", "\n### Phase 3: Later\n- [ ] Deploy\n\n## 13.")
        .replacen("- [ ] Deploy\n", "- [ ] Clean up\n", 1);
    fs::write(bench.path("PRD.md"), edited).unwrap();
    insta::assert_snapshot!(bench.ok(&["parse", "--dry-run"]), @r#"
PRD.md: 5 tasks, 1 requirement, 1 criterion; 0 ignored checkbox lines
  + added    ground/look-around
  + added    release/clean-up
  ~ renamed  ground/install-the-controller -> ground/install-the-controllers  (similar title; --no-renames makes it a new task)
  > moved    release/deploy -> later/deploy
  - removed  release/promote
2 added, 1 renamed, 1 moved, 1 removed; nothing was recorded
"#);
    insta::assert_snapshot!(bench.ok(&["parse"]), @r#"
PRD.md: 5 tasks, 1 requirement, 1 criterion; 0 ignored checkbox lines
  + added    ground/look-around
  + added    release/clean-up
  ~ renamed  ground/install-the-controller -> ground/install-the-controllers  (similar title; --no-renames makes it a new task)
  > moved    release/deploy -> later/deploy
  - removed  release/promote
2 added, 1 renamed, 1 moved, 1 removed; recorded
"#);
}

#[test]
fn the_shipped_prd_is_accounted_for() {
    let bench = Bench::shipped();
    let first = bench.run(&["parse"]).stdout;
    assert!(
        first.starts_with("PRD.md: 39 tasks, 28 requirements, 14 criteria; 0 ignored checkbox lines\n"),
        "{first}"
    );
    assert!(first.ends_with("39 added, 0 renamed, 0 moved, 0 removed; recorded\n"), "{first}");
}

#[test]
fn parse_as_json_and_as_yaml_is_the_same_document() {
    let bench = Bench::with(SMALL);
    let json: serde_json::Value = serde_json::from_str(&bench.ok(&["parse", "-o", "json"])).unwrap();
    let yaml: serde_json::Value = serde_yaml::from_str(&bench.ok(&["parse", "-o", "yaml"])).unwrap();
    assert_eq!(json, yaml);
    assert_eq!((&json["schemaVersion"], &json["kind"]), (&1.into(), &"plan".into()));
}

#[test]
fn an_edited_prd_keeps_ids_and_state() {
    let bench = Bench::with(SMALL);
    bench.ok(&["update", "build-the-cluster", "completed"]);
    bench.ok(&["update", "release/deploy", "failed", "-m", "no image"]);
    // A phase before the others, another order, ticks, emphasis, and a new title for a task.
    let edited = SMALL
        .replace("### Phase 1: Ground", "### Phase 1: Prepare\n- [ ] Think\n\n### Phase 2: Ground")
        .replace("### Phase 2: Release", "### Phase 3: Release")
        .replace("Phase 2 depends on Phase 1.", "Phase 3 depends on Phase 2.")
        .replace("- [ ] Build the cluster", "- [x] **Build** the cluster")
        .replace("Install the controller", "Install a controller")
        .replace("- [ ] Deploy\n", "- [ ] Deploy it\n")
        .replace("depends on Deploy)", "depends on Deploy it)");
    fs::write(bench.path("PRD.md"), edited).unwrap();
    let statuses =
        || bench.ok(&["list", "--status", "completed"]) + &bench.ok(&["list", "--status", "failed"]);
    let before = statuses();
    insta::assert_snapshot!(before, @r#"
  STATUS       EVIDENCE   PRIORITY  ID                        TITLE
✓ completed    stated     Critical  ground/build-the-cluster  Build the cluster
  STATUS       EVIDENCE   PRIORITY  ID                 TITLE
✗ failed       stated     High      release/deploy-it  Deploy it
"#);
    bench.ok(&["parse"]);
    assert_eq!(statuses(), before, "recorded or not, it is read the same");
    let shown = bench.ok(&["show", "ground/install-the-controller"]);
    assert!(shown.starts_with("Install a controller\n"), "the old id finds it: {shown}");
}

#[test]
fn a_rename_can_be_refused() {
    let bench = Bench::with(SMALL);
    bench.ok(&["update", "build-the-cluster", "completed"]);
    let edited = SMALL.replace("Build the cluster", "Build the clusters");
    fs::write(bench.path("PRD.md"), edited).unwrap();
    let said = bench.ok(&["parse", "--no-renames"]);
    assert!(said.contains("  + added    ground/build-the-clusters\n"), "{said}");
    assert!(said.contains("  - removed  ground/build-the-cluster\n"), "{said}");
    assert!(bench.ok(&["show", "build-the-clusters"]).contains("· pending"));
    // Gone, not forgotten.
    fs::write(bench.path("PRD.md"), SMALL).unwrap();
    bench.ok(&["parse", "--no-renames"]);
    assert!(bench.ok(&["show", "build-the-cluster"]).contains("✓ completed"));
}

#[test]
fn update_is_audited() {
    let bench = Bench::with(SMALL);
    let who = actor::current();
    let said = bench.ok(&["update", "build-the-cluster", "completed", "--message", "did it by hand"]);
    assert_eq!(said, format!("ground/build-the-cluster is completed on target sim, says {who}\n"));
    let said = bench.ok(&["update", "build-the-cluster", "completed"]);
    assert_eq!(said, "ground/build-the-cluster is completed on target sim already\n");
    let history = bench.ok(&["history", "build-the-cluster"]);
    assert_eq!(history.lines().count(), 1, "{history}");
    let line = format!("ground/build-the-cluster on sim: {who} states completed: did it by hand\n");
    assert!(history.ends_with(&line), "{history}");
    assert!(bench.ok(&["list", "--status", "completed"]).contains("stated"));
}

#[test]
fn taking_a_completed_task_back_is_a_drift_with_a_reason() {
    let bench = Bench::with(SMALL);
    bench.ok(&["update", "build-the-cluster", "completed"]);
    insta::assert_snapshot!(bench.fails(&["update", "build-the-cluster", "pending"], 2), @"error: task ground/build-the-cluster is completed on target sim: taking that back needs a --message that says why");
    insta::assert_snapshot!(bench.fails(&["update", "build-the-cluster", "failed"], 2), @"error: task ground/build-the-cluster on target sim is completed and cannot become failed: only after it is recorded as drifted");
    bench.ok(&["update", "build-the-cluster", "pending", "-m", "it was another one"]);
    let history = bench.ok(&["history", "build-the-cluster"]);
    assert!(history.ends_with("ground/build-the-cluster on sim: drifted: it was another one\n"), "{history}");
}

/// A PRD with everything that could go wrong when one byte is written: no last line end, CRLF, tabs, wide letters.
const TRICKY: &str = "# P\r\n\r\n## Tasks\r\n\r\n### Phase 1: 部署\r\n- [ ] 蓝绿发布 — eins\r\n* [ ]\tZwei\r\n- [x] Drei\r\n- [ ] Vier";

#[test]
fn tick_writes_one_byte_for_each_box_with_live_evidence_and_no_other() {
    for prd in [SMALL, TRICKY, &fs::read_to_string(crate::bench::shipped_prd()).unwrap()] {
        let bench = Bench::with(prd);
        let ids: Vec<String> = prd_parser::parse(prd).plan.tasks.into_iter().map(|task| task.id).collect();
        for (place, id) in ids.iter().enumerate() {
            let evidence = Evidence::ALL[place % 4];
            let finished = Event::TaskFinished {
                task: id.clone(),
                target: "kind".into(),
                run: "r".into(),
                attempt: 1,
                outcome: TaskOutcome::Completed,
                evidence,
                reason: None,
                log: None,
            };
            bench.record([event(Move::Start, id, "kind", 1), finished]);
        }
        let said = bench.ok(&["tick", "--target", "sim", "--output", "sim.md"]);
        assert!(said.starts_with("0 boxes ticked"), "{said}");
        assert_eq!(fs::read_to_string(bench.path("sim.md")).unwrap(), prd);

        bench.ok(&["tick", "--target", "kind", "--output", "copy.md"]);
        let copy = fs::read(bench.path("copy.md")).unwrap();
        assert_eq!(fs::read_to_string(bench.path("PRD.md")).unwrap(), prd, "the PRD itself was written");
        assert_eq!(copy.len(), prd.len());
        let changed: Vec<usize> = (0..copy.len()).filter(|at| copy[*at] != prd.as_bytes()[*at]).collect();
        let live = ids.len().div_ceil(4);
        assert_eq!(changed.len(), live);
        assert!(changed.iter().all(|at| &copy[at - 1..at + 2] == b"[x]"));

        bench.ok(&["tick", "--target", "kind", "--in-place"]);
        assert_eq!(fs::read(bench.path("PRD.md")).unwrap(), copy);
        let again = bench.ok(&["tick", "--target", "kind", "--in-place"]);
        assert!(again.starts_with("0 boxes ticked"), "{again}");
        let names: Vec<_> =
            fs::read_dir(bench.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(!names.iter().any(|name| name.to_string_lossy().ends_with(".tmp")), "{names:?}");
    }
}

#[test]
fn a_requirement_is_ticked_when_it_is_shown_live() {
    let bench = Bench::with(SMALL);
    let shown = |evidence| Event::Shown {
        ids: vec!["release/instant-rollback".into(), "mvp/one-release-working".into()],
        target: "kind".into(),
        evidence,
        by: "undo".into(),
        commit: None,
    };
    bench.record([shown(Evidence::Simulated)]);
    assert!(bench.ok(&["tick", "--output", "copy.md"]).starts_with("0 boxes"));
    bench.record([shown(Evidence::Live)]);
    insta::assert_snapshot!(bench.ok(&["tick", "--output", "copy.md"]), @r#"
  [x] release/instant-rollback
  [x] mvp/one-release-working
2 boxes ticked in copy.md by live evidence on target sim
"#);
}

#[test]
fn a_showing_goes_stale_when_the_commit_changes() {
    let bench = Bench::with(SMALL);
    let commit = |letter: &str| {
        fs::create_dir_all(bench.path(".git")).unwrap();
        fs::write(bench.path(".git/HEAD"), letter.repeat(40)).unwrap();
    };
    commit("a");
    bench.record([Event::Shown {
        ids: vec!["release/instant-rollback".into()],
        target: "kind".into(),
        evidence: Evidence::Live,
        by: "undo".into(),
        commit: Some("a".repeat(40)),
    }]);
    let line =
        || bench.ok(&["report"]).lines().find(|line| line.contains("Instant rollback")).unwrap().to_owned();
    insta::assert_snapshot!(line(), @"  ● live       Instant rollback  by undo on kind, aaaaaaaaaaaa");
    commit("b");
    insta::assert_snapshot!(line(), @"  ○ not shown  Instant rollback  stale: live by undo on kind, aaaaaaaaaaaa");
}

#[test]
fn the_library_has_the_names_and_fields_of_the_prd() {
    let bench = Bench::with(SMALL);
    bench.ok(&["update", "build-the-cluster", "completed"]);
    let document = parse_prd(bench.path("PRD.md")).unwrap();
    assert_eq!(document.metadata.title.as_deref(), Some("Small"));
    assert_eq!(document.phases.len(), 2);
    let task = &document.tasks[1];
    assert_eq!(task.id, "ground/install-the-controller");
    assert_eq!(task.title, "Install the controller");
    assert_eq!(task.phase, "Phase 1: Ground");
    assert_eq!(task.priority, Some(prd_parser::Priority::Critical));
    assert_eq!(task.status, Status::Pending);
    assert_eq!(task.dependencies, ["ground/build-the-cluster"]);
    assert_eq!(document.tasks[0].status, Status::Completed);
}

/// The functions without a path work on the current folder, which belongs to the whole process: so this test runs
/// itself again as a process in a folder of its own.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the current folder belongs to a process, so the test needs one"
)]
fn the_library_finds_the_project_that_the_current_folder_is_in() {
    const THIS: &str = "changes::the_library_finds_the_project_that_the_current_folder_is_in";
    if std::env::var_os("IN_A_FOLDER_OF_ITS_OWN").is_some() {
        return in_a_folder_of_its_own();
    }
    let bench = Bench::with(SMALL);
    fs::create_dir(bench.path("deep")).unwrap();
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", THIS])
        .env("IN_A_FOLDER_OF_ITS_OWN", "1")
        .current_dir(bench.path("deep"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(bench.ok(&["history"]).contains("states completed: it is up"));
}

fn in_a_folder_of_its_own() {
    let task = "ground/build-the-cluster";
    let ids = |filters: &Filters| -> Vec<String> {
        get_tasks(filters).unwrap().into_iter().map(|task| task.id).collect()
    };
    let completed = Filters { status: Some(Status::Completed), ..Filters::default() };
    assert_eq!(ids(&Filters::default()).len(), 4);
    assert_eq!(ids(&Filters { phase: Some("Phase 2".into()), ..Filters::default() }).len(), 2);
    assert_eq!(ids(&completed), [] as [&str; 0]);
    assert!(update_task_status(task, Status::Completed, Some("it is up")).unwrap());
    assert!(!update_task_status(task, Status::Completed, None).unwrap(), "it stands so already");
    assert_eq!(ids(&completed), [task]);
    let error = update_task_status("moon", Status::Completed, None).unwrap_err();
    assert!(
        error.to_string().contains("no task is called \"moon\"; all of them: task-manager list"),
        "{error}"
    );
    let error = update_task_status(task, Status::Failed, None).unwrap_err();
    assert!(error.to_string().contains("is completed and cannot become failed"), "{error}");
}
