//! Whatever is wrong: one clear message on standard error, its own exit code, nothing on standard output, no panic.

#![expect(clippy::unwrap_used, reason = "a test whose fixture cannot be built has failed")]

use std::path::Path;

use task_manager::lock::{Holder, RunLock};
use task_manager::{Status, Store, clock, ledger};
use test_support::bystander;

use crate::bench::{BINARY, Bench, Ran, root};
use crate::crash::OBJECTS;

const RUN: [&str; 2] = ["execute-phase", "2"];

const TASK: &str = "blue-green-implementation/create-kubernetes-namespace";

fn refused(ran: &Ran, code: i32, said: &str) {
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(code), ""), "{said} {}", ran.stderr);
    assert!(ran.stderr.contains(said), "{said}\n{}", ran.stderr);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    assert_eq!(ran.stderr.matches("error:").count(), 1, "{}", ran.stderr);
}

#[test]
fn a_prd_that_is_missing_binary_or_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let binary = folder.path().join("binary.md");
    std::fs::write(&binary, [0_u8, 159, 146, 150]).unwrap();
    let cases = [(folder.path().join("absent.md"), 9), (folder.path().to_owned(), 9), (binary, 9)];
    for (prd, code) in cases {
        let name = prd.file_name().unwrap().to_string_lossy().into_owned();
        let bench = Bench::shipped().on(prd);
        refused(&bench.run(&RUN), code, &name);
        refused(&bench.run(&["plan", "2"]), code, &name);
        assert!(!bench.state().exists());
    }
}

#[test]
fn a_runbook_that_is_missing_or_wrong_names_the_place() {
    let missing = Bench::with_runbook("", Vec::new());
    std::fs::remove_file(missing.folder().join("runbook.yaml")).unwrap();
    refused(&missing.run(&RUN), 9, "runbook.yaml cannot be read");
    let task = "version: 1\ntasks:\n  blue-green-implementation/create-helm-chrt:\n    steps:\n      - check: \
                {rollout: {namespace: a, name: b, gone: v1}}\n    mutation: {delete: {apiVersion: v1, kind: X, name: x}}\n    \
                shows: [mvp-success-criteria/one-blue-green-deployment-working-end-to-ed]\n";
    let cases = [
        (
            task,
            "runbook.yaml:3:3: unknown task `blue-green-implementation/create-helm-chrt`; the nearest is `blue-green-implementation/create-helm-chart`",
        ),
        (task, ":7:13: unknown requirement or criterion"),
        ("version: 1\ntaks: {}\n", ":2:1: unknown field of the runbook `taks`; the nearest is `tasks`"),
        ("version: 1\n\ttasks: {}\n", "runbook.yaml:1:10:"),
        ("\u{0}\u{1}", "runbook.yaml:"),
    ];
    for (text, said) in cases {
        let bench = Bench::with_runbook(text, Vec::new());
        refused(&bench.run(&RUN), 3, said);
        assert!(!bench.state().exists());
    }
}

#[test]
fn a_state_that_is_corrupt_or_newer_is_left_as_it_is() {
    let corrupt = Bench::shipped();
    std::fs::create_dir(corrupt.state()).unwrap();
    std::fs::write(corrupt.state().join("state.db"), "this is no database, however long it is").unwrap();
    let before = corrupt.files();
    refused(&corrupt.run(&RUN), 7, "state.db is corrupt");
    assert!(corrupt.files() == before);

    let newer = Bench::shipped();
    drop(Store::open(&newer.state()).unwrap());
    let database = newer.state().join("state.db");
    let mut bytes = std::fs::read(&database).unwrap();
    // `user_version`, bytes 60..64 of the header of a SQLite database.
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
    std::fs::write(&database, bytes).unwrap();
    refused(&newer.run(&RUN), 7, "schema version 99");
}

/// A project that lies in the folder of the test as a whole, with one task of three done.
fn begun() -> Bench {
    let bench = Bench::with_runbook(OBJECTS, Vec::new());
    for file in [
        "PRD.md",
        "deploy/namespaces/blue-green.yaml",
        "deploy/blue-green/services.yaml",
        "deploy/blue-green/ingress.yaml",
    ] {
        let to = bench.folder().join(file);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(root().join(file), to).unwrap();
    }
    let prd = bench.folder().join("PRD.md");
    let bench = bench.on(prd);
    let ran = bench.run(&["execute-task", TASK]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    bench
}

/// How many tasks the log says are completed.
fn completed(bench: &Bench) -> usize {
    let (state, _) = ledger::read(&bench.state()).unwrap();
    state.tasks("sim").filter(|(_, task)| task.status() == Status::Completed).count()
}

/// Root writes everywhere, so the writer is somebody else there.
#[test]
fn a_read_only_state_stops_a_run_before_it_begins_and_no_reader() {
    let bench = begun();
    let program = bystander::copy(Path::new(BINARY), bench.folder()).unwrap();
    let readers: [&[&str]; 3] = [&["plan", "2"], &["runs"], &["logs"]];
    let answers = readers.map(|reader| bench.run(reader).stdout);
    bystander::open_to_all(bench.folder(), false).unwrap();
    let run = |args: &[&str]| -> Ran {
        bystander::run_as(&mut bench.command_of(&program, args)).output().unwrap().into()
    };
    let (written, read) = (run(&RUN), readers.map(run));
    bystander::open_to_all(bench.folder(), true).unwrap();
    refused(&written, 7, "error: event log ");
    refused(&written, 7, "state.db is read-only\n");
    for (read, answer) in read.iter().zip(answers) {
        assert_eq!((read.code, &read.stdout), (Some(0), &answer), "{}", read.stderr);
    }
    assert_eq!(completed(&bench), 1);
}

/// The disk takes no file that is longer than so many blocks: the run ends where the first does not fit, in the log of
/// events, of an attempt or of the simulator; and goes on when there is room again.
#[test]
fn a_file_that_may_grow_no_more_is_an_error_and_what_was_done_stays_done() {
    let mut refusals = 0;
    // Blocks of 512 or 1024 bytes, as the shell has it. SQLite's shared memory alone is 32 KiB.
    for blocks in [0, 1, 32, 64, 68, 72, 80, 96, 128, 160] {
        let bench = begun();
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let ran: Ran = bench.wrapped(&["/bin/sh", "-c", &script], &RUN).output().unwrap().into();
        if ran.code == Some(5) {
            continue;
        }
        refusals += 1;
        // A limit of the process is a full disk to SQLite in some places, and an error like any other in others.
        assert!(matches!(ran.code, Some(9 | 16)), "{blocks}: {}{}", ran.stdout, ran.stderr);
        assert!(!ran.stderr.contains("panicked"), "{blocks}: {}", ran.stderr);
        let errors = ran.stderr.lines().filter(|line| line.starts_with("error: "));
        assert_eq!(errors.count(), 1, "{blocks}: {}", ran.stderr);
        assert!(completed(&bench) >= 1, "{blocks}");
        let runs = bench.run(&["runs"]);
        assert!(runs.stdout.contains(TASK), "{}", runs.stdout);
        let ran = bench.run(&RUN);
        assert_eq!(ran.code, Some(5), "{blocks}: {}{}", ran.stdout, ran.stderr);
        assert_eq!(completed(&bench), 3, "{blocks}");
    }
    assert!(refusals > 3, "the disk was never full");
}

#[test]
fn a_second_run_is_refused_at_once_and_told_who_has_the_state() {
    let bench = Bench::shipped();
    drop(Store::open(&bench.state()).unwrap());
    let holder = Holder::this_process("task-master execute-phase 2", clock::now());
    let _held = RunLock::acquire(&bench.state(), &holder).unwrap();
    let ran = bench.run(&RUN);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(6), ""), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("task-master execute-phase 2")
            && ran.stderr.contains(&format!("pid {}", std::process::id())),
        "{}",
        ran.stderr
    );
    assert_eq!(bench.run(&["plan", "2"]).code, Some(0), "looking needs no lock");
}

#[test]
fn usage_and_what_is_not_there() {
    let bench = Bench::shipped();
    for args in [
        &["execute-phase", "2", "--all"][..],
        &["execute-task"],
        &["execute-phase", "--target", "moon"],
        &["--var", "x", "runs"],
        &["plan", "--timeout", "0s"],
    ] {
        let ran = bench.run(args);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{args:?} {}", ran.stderr);
    }
    refused(&bench.run(&["execute-task", "no-such-task"]), 4, "no task is called");
    refused(&bench.run(&["resume"]), 4, "no run on sim is left to resume");
    refused(&bench.run(&["logs"]), 4, "no runs on sim yet");
    refused(&bench.run(&["runs"]), 4, "no runs on sim yet");
    assert!(!bench.state().exists());
}

#[test]
fn a_target_that_is_not_there_names_the_next_command() {
    let mut bench = Bench::shipped();
    bench.set("XDG_STATE_HOME", "/nonexistent");
    bench.set("HOME", "/nonexistent");
    for (target, said) in [
        ("host", "cargo xtask cluster up --provider host"),
        ("kind", "cargo xtask cluster up --provider kind"),
        ("context:x", "kubectl config get-contexts"),
    ] {
        let ran = bench.run(&["execute-phase", "2", "--target", target, "--yes"]);
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        assert!(ran.stdout.contains(said), "{}", ran.stdout);
    }
}
