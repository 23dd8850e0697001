//! Everything that can be wrong with files: one message, its own exit code, nothing lost, no panic.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use task_manager::event::Event;
use task_manager::lock::{Holder, RunLock};
use task_manager::status::Status;
use task_manager::transition::{Condition, Move};
use task_manager::{Store, clock};
use test_support::bystander;

use crate::bench::{BINARY, Bench, SMALL, ran};
use crate::build::{event, way_to};

const TASK: &str = "ground/build-the-cluster";

/// Commands that need a project.
const READERS: [&[&str]; 7] =
    [&["report"], &["list"], &["next"], &["show", TASK], &["explain", TASK], &["graph"], &["history"]];

#[test]
fn a_prd_that_is_no_text_file_is_code_9() {
    let bench = Bench::with("");
    fs::create_dir(bench.path("folder.md")).unwrap();
    fs::write(bench.path("binary.md"), [0x7f, b'E', b'L', b'F', 0xff, 0xfe]).unwrap();
    fs::write(bench.path("nul.md"), b"# PRD\n\0\n").unwrap();
    let table = [
        ("missing.md", "PRD missing.md cannot be read: No such file or directory"),
        ("folder.md", "PRD folder.md cannot be read: not a regular file"),
        ("/dev/zero", "PRD /dev/zero cannot be read: not a regular file"),
        ("binary.md", "PRD binary.md is not text: no UTF-8 at byte 4"),
        ("nul.md", "PRD nul.md is not text: a NUL at byte 6"),
    ];
    for (file, message) in table {
        for command in READERS {
            let said = bench.fails(&[command, &["--prd", file]].concat(), 9);
            assert!(said.starts_with(&format!("error: {message}")), "{said}");
        }
        bench.fails(&["parse", file], 9);
    }
    assert!(!bench.state().exists());
}

#[test]
fn no_prd_anywhere_is_code_9_and_says_where_it_was_looked_for() {
    let bench = Bench::with("");
    fs::remove_file(bench.path("PRD.md")).unwrap();
    let said = bench.fails(&["report"], 9);
    assert!(said.contains("or in a folder above it; name one with --prd"), "{said}");
}

#[test]
fn a_prd_with_errors_is_code_3_with_every_finding_and_records_nothing() {
    let bench = Bench::with(
        "# P\n\n## Tasks\n\n### Phase 1: A\n- [ ] One (depends on Moon)\n- [ ] Two (depends on Sun)\n",
    );
    let said = bench.fails(&["parse"], 3);
    insta::assert_snapshot!(said, @r#"
PRD.md:6: error[unknown-dependency]: dependency "Moon" is no task and no phase of this document (name a task by its id or its exact title, or a phase as Phase N)
PRD.md:7: error[unknown-dependency]: dependency "Sun" is no task and no phase of this document (name a task by its id or its exact title, or a phase as Phase N)
error: PRD PRD.md is invalid: line 6: dependency "Moon" is no task and no phase of this document (and 1 more)
"#);
    bench.fails(&["report"], 3);
    assert!(!bench.state().exists());

    fs::write(bench.path("PRD.md"), "# P\n\nNothing to do here.\n").unwrap();
    assert!(bench.fails(&["parse"], 3).contains("no-tasks"));

    fs::write(
        bench.path("PRD.md"),
        "# P\n\n## Tasks\n\n### Phase 1: A\n- [ ] One (depends on Two)\n- [ ] Two (depends on One)\n",
    )
    .unwrap();
    insta::assert_snapshot!(bench.fails(&["next"], 3), @"error: PRD PRD.md is invalid: the dependencies form a cycle: a/one → a/two (explicit, line 6) → a/one (explicit, line 7)");
}

#[test]
fn a_bad_state_is_code_7_for_readers_and_writers() {
    let bench = Bench::with(SMALL);
    bench.record(way_to(Condition::Completed, TASK, "sim"));
    let path = Store::path_in(&bench.state());
    let good = fs::read(&path).unwrap();
    let writers: [&[&str]; 2] = [&["parse"], &["update", TASK, "failed"]];
    let all = || READERS.into_iter().chain(writers);

    Connection::open(&path).unwrap().pragma_update(None, "user_version", 9).unwrap();
    for command in all() {
        let said = bench.fails(command, 7);
        assert!(said.contains("has schema version 9, and this build knows versions up to 1"), "{said}");
    }
    fs::write(&path, &good[..good.len() / 2]).unwrap();
    for command in all() {
        assert!(bench.fails(command, 7).contains("is corrupt"));
    }
    fs::write(&path, "not a database, whatever its name says; long enough to have a header of its own")
        .unwrap();
    for command in all() {
        assert!(bench.fails(command, 7).contains("is corrupt"));
    }
    fs::write(&path, &good).unwrap();
    assert!(bench.ok(&["list"]).contains("✓ completed"));
}

#[test]
fn a_log_with_an_illegal_move_is_code_7_and_names_it() {
    let bench = Bench::with(SMALL);
    // The store appends what it is given; only the ledger asks whether it is legal.
    let store = Store::open(&bench.state()).unwrap();
    store.append(&crate::build::new(event(Move::Complete, TASK, "sim", 1))).unwrap();
    drop(store);
    let said = bench.fails(&["report"], 7);
    assert!(said.contains("event 1, which is not legal there: task ground/build-the-cluster on target sim is pending and cannot become completed"), "{said}");
}

#[test]
fn a_state_folder_that_cannot_be_made_is_an_error_and_readers_do_not_need_it() {
    let bench = Bench::with(SMALL);
    fs::write(bench.path("file"), "").unwrap();
    let said = bench.fails(&["parse", "--state", "file/state"], 9);
    assert_eq!(said, "error: reading file/state/state.db failed: Not a directory (os error 20)\n");
    assert!(bench.fails(&["parse", "--state", "/proc/no-such/state"], 9).contains("creating"));
    assert!(!bench.state().exists());
}

/// Root writes everywhere, so the writer is somebody else there.
#[test]
fn a_read_only_state_is_code_7_for_writers_and_no_matter_for_readers() {
    let bench = Bench::with(SMALL);
    bench.record(way_to(Condition::Completed, TASK, "sim"));
    let program = bystander::copy(Path::new(BINARY), &bench.path("")).unwrap();
    let before: Vec<_> = READERS.map(|command| bench.run(command)).into();
    let writers: [&[&str]; 2] = [&["parse"], &["update", "deploy", "completed"]];
    bystander::open_to_all(&bench.path(""), false).unwrap();
    let run = |arguments: &[&str]| {
        ran(bystander::run_as(&mut bench.command_of(&program, arguments)).output().unwrap())
    };
    let (written, read) = (writers.map(run), READERS.map(run));
    bystander::open_to_all(&bench.path(""), true).unwrap();
    for ran in written {
        assert_eq!((ran.code, ran.stdout.as_str()), (7, ""), "{}", ran.stderr);
        assert_eq!(ran.stderr, "error: event log .task-master/state.db is read-only\n");
    }
    assert_eq!(Vec::from(read), before);
    bench.ok(writers[1]);
}

/// The fault is a limit on the size of a file, with its signal ignored, so that a write answers an error as it does on
/// a full disk. (The code that SQLite gives a disk that is really full is tested in the store itself.)
#[test]
fn a_write_that_does_not_fit_is_code_16_and_loses_nothing() {
    let bench = Bench::with(SMALL);
    bench.ok(&["parse"]);
    bench.ok(&["update", "deploy", "completed", "--message", "by hand"]);
    let all = || READERS.map(|command| bench.run(command));
    let before = all();
    // A shell sets the limit, which only a process can set for itself.
    let script = "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\"";
    let long = "x".repeat(5000);
    let update = ["-c", script, BINARY, "update", TASK, "failed", "--message", &long];
    let ran = ran(bench.command_of(Path::new("/bin/sh"), &update).output().unwrap());
    assert_eq!((ran.code, ran.stdout.as_str()), (16, ""), "{}", ran.stderr);
    let said = "error: no space left for event log .task-master/state.db; nothing was recorded";
    assert!(ran.stderr.starts_with(said) && ran.stderr.lines().count() == 1, "{}", ran.stderr);
    assert_eq!(all(), before);
    assert!(before[0].stdout.contains("1/4"), "{}", before[0].stdout);
    bench.ok(&["update", TASK, "failed"]);
}

#[test]
fn a_full_stdout_is_code_16() {
    let bench = Bench::with(SMALL);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ran = ran(bench.command(&["report"]).stdout(full).output().unwrap());
    assert_eq!(ran.code, 16);
    assert!(ran.stderr.starts_with("error: stdout cannot be written"), "{}", ran.stderr);
}

#[test]
fn a_reader_that_stops_early_is_no_error() {
    let bench = Bench::shipped();
    for command in
        [&["report"][..], &["list"], &["parse", "--dry-run"], &["completions", "bash"], &["man"], &["--help"]]
    {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ran = ran(bench.command(command).stdout(writer).output().unwrap());
        assert_eq!(ran.code, 0, "{command:?}: {}", ran.stderr);
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    }
}

#[test]
fn a_task_under_way_is_not_touched_while_a_run_holds_the_lock() {
    let bench = Bench::with(SMALL);
    bench.record([event(Move::Start, TASK, "sim", 1)]);
    let holder = Holder::this_process("task-master execute-phase 1", clock::now());
    let lock = RunLock::acquire(&bench.state(), &holder).unwrap();
    let said = bench.fails(&["update", TASK, "failed"], 6);
    assert!(said.contains("the state is locked by `task-master execute-phase 1` (pid "), "{said}");
    // Readers are not blocked, and another task is nobody's.
    assert!(bench.ok(&["list"]).contains("▸ in progress"));
    bench.ok(&["update", "deploy", "completed"]);
    drop(lock);
    bench.ok(&["update", TASK, "failed"]);
}

#[test]
fn a_removed_task_that_is_running_keeps_the_old_plan() {
    let bench = Bench::with(SMALL);
    bench.ok(&["parse"]);
    bench.record([event(Move::Start, "release/promote", "sim", 1)]);
    fs::write(bench.path("PRD.md"), SMALL.replace("- [ ] Promote (depends on Deploy)\n", "")).unwrap();
    let said = bench.fails(&["parse"], 6);
    assert!(said.contains("release/promote was removed from the PRD and is running on target sim"), "{said}");
}

#[test]
fn what_is_not_there_is_code_4_with_candidates() {
    let bench = Bench::shipped();
    insta::assert_snapshot!(bench.fails(&["show", "instal-argocd"], 4), @r#"
error: no task is called "instal-argocd"; did you mean
  infrastructure-setup/install-argocd
  infrastructure-setup/install-argo-rollouts
"#);
    insta::assert_snapshot!(bench.fails(&["show", "create-helm-chart"], 4), @r#"
error: "create-helm-chart" is more than one task; it may be
  blue-green-implementation/create-helm-chart
  canary-implementation/create-helm-chart
"#);
    insta::assert_snapshot!(bench.fails(&["list", "--phase", "7"], 4), @r#"
error: no phase is called "7"; did you mean
  Phase 1: Infrastructure Setup
  Phase 2: Blue-Green Implementation
  Phase 3: Canary Implementation
  Phase 4: Task Management System
  Phase 5: Documentation & Automation
  Phase 6: Testing & Validation
"#);
    insta::assert_snapshot!(bench.fails(&["list", "--text", "no such words"], 4), @"error: no task matches");
}

#[test]
fn a_wrong_command_line_is_code_2() {
    let bench = Bench::with(SMALL);
    let lines: [&[&str]; 6] = [
        &["repot"],
        &["list", "--status", "done"],
        &["list", "--priority", "urgent"],
        &["report", "--target", "prod"],
        &["tick"],
        &["tick", "--in-place", "--output", "x"],
    ];
    for line in lines {
        bench.fails(line, 2);
    }
    let event = Event::StatusStated {
        task: TASK.into(),
        target: "sim".into(),
        status: Status::Completed,
        message: None,
        who: "ann".into(),
    };
    bench.record([event]);
    bench.fails(&["update", TASK, "failed"], 2);
    bench.fails(&["update", TASK, "pending"], 2);
}
