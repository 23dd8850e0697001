//! The log on disk: durable, append-only, and honest about every way in which a disk can be bad.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rusqlite::Connection;
use task_manager::event::Event;
use task_manager::ledger::{self, Ledger, LedgerError};
use task_manager::status::Status;
use task_manager::store::{Store, StoreError};
use task_manager::transition::{Condition, Move};

use crate::build::{T, at, event, new, way_to};

fn shown() -> Event {
    Event::Shown {
        ids: vec!["a".into()],
        target: "sim".into(),
        evidence: task_manager::Evidence::Simulated,
        by: T.into(),
        commit: None,
    }
}

#[test]
fn what_is_appended_is_read_back_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join(".task-master");
    let written: Vec<_> = {
        let store = Store::open(&state).unwrap();
        way_to(Condition::Completed, T, "sim")
            .into_iter()
            .chain([shown()])
            .map(|event| store.append(&new(event)).unwrap())
            .collect()
    };
    assert_eq!(written.iter().map(|recorded| recorded.seq).collect::<Vec<_>>(), [1, 2, 3]);
    let read = Store::open_existing(&state).unwrap().unwrap().events().unwrap();
    assert_eq!(read, written);
}

#[test]
fn the_folder_and_the_files_are_for_their_owner_only() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join(".task-master");
    let store = Store::open(&state).unwrap();
    store.append(&new(shown())).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&state), 0o700);
    for entry in fs::read_dir(&state).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn a_reader_creates_nothing_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join(".task-master");
    assert!(Store::open_existing(&state).unwrap().is_none());
    assert!(!state.exists(), "a reader created the state folder");

    drop(Store::open(&state).unwrap().append(&new(shown())).unwrap());
    let before = contents(&state);
    let reader = Store::open_existing(&state).unwrap().unwrap();
    assert_eq!(reader.events().unwrap().len(), 1);
    assert!(matches!(reader.append(&new(shown())), Err(StoreError::ReadOnly { .. })));
    drop(reader);
    assert_eq!(contents(&state), before);
}

fn contents(dir: &Path) -> Vec<(std::ffi::OsString, Vec<u8>)> {
    let mut all: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap()))
        .collect();
    all.sort();
    all
}

#[test]
fn a_reader_sees_what_a_writer_at_work_has_appended() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let still = Store::open_existing(dir.path()).unwrap().unwrap();
    store.append(&new(shown())).unwrap();
    assert_eq!(Store::open_existing(dir.path()).unwrap().unwrap().events().unwrap().len(), 1);
    assert_eq!(still.events().unwrap().len(), 1, "opened before the append, read after it");
}

#[test]
fn a_reader_that_opened_a_resting_log_sees_what_was_appended_since() {
    let dir = tempfile::tempdir().unwrap();
    drop(Store::open(dir.path()).unwrap());
    let still = Store::open_existing(dir.path()).unwrap().unwrap();
    let store = Store::open(dir.path()).unwrap();
    store.append(&new(shown())).unwrap();
    assert_eq!(still.events().unwrap().len(), 1);
}

#[test]
fn the_log_is_append_only_for_every_program() {
    let dir = tempfile::tempdir().unwrap();
    drop(Store::open(dir.path()).unwrap().append(&new(shown())).unwrap());
    let raw = Connection::open(Store::path_in(dir.path())).unwrap();
    for statement in [
        "UPDATE events SET actor = 'somebody else'",
        "DELETE FROM events",
        "INSERT OR REPLACE INTO events SELECT seq, at, 'somebody else', run, target, task, kind, body FROM events",
        "INSERT INTO events SELECT seq + 2, at, actor, run, target, task, kind, body FROM events",
    ] {
        let error = raw.execute_batch(statement).expect_err(statement);
        assert!(error.to_string().contains("append-only"), "{statement}: {error}");
    }
}

#[test]
fn a_newer_log_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    drop(Store::open(dir.path()).unwrap());
    Connection::open(Store::path_in(dir.path())).unwrap().pragma_update(None, "user_version", 2).unwrap();
    let before = fs::read(Store::path_in(dir.path())).unwrap();
    for error in [Store::open(dir.path()).unwrap_err(), Store::open_existing(dir.path()).unwrap_err()] {
        assert!(matches!(error, StoreError::Newer { found: 2, .. }), "{error:?}");
        assert!(error.to_string().ends_with("has schema version 2, and this build knows versions up to 1"));
    }
    assert_eq!(fs::read(Store::path_in(dir.path())).unwrap(), before);
}

/// What is done to the bytes of a good log, by name.
type Damage = (&'static str, fn(&mut Vec<u8>));

#[test]
fn a_damaged_log_is_refused_without_a_panic() {
    let dir = tempfile::tempdir().unwrap();
    {
        let store = Store::open(dir.path()).unwrap();
        for _ in 0..200 {
            store.append(&new(shown())).unwrap();
        }
    }
    let path = Store::path_in(dir.path());
    let good = fs::read(&path).unwrap();
    let damages: [Damage; 5] = [
        ("not a database at all", |bytes| *bytes = b"# PRD\n".repeat(500)),
        ("a bad header", |bytes| bytes[..16].fill(0)),
        ("a page of zeros", |bytes| bytes[4096 * 2..4096 * 4].fill(0)),
        ("cut off in the middle", |bytes| bytes.truncate(4096 * 4 + 100)),
        ("a page of noise", |bytes| bytes[4096 * 3..4096 * 5].fill(0xa5)),
    ];
    for (what, damage) in damages {
        let mut bytes = good.clone();
        damage(&mut bytes);
        fs::write(&path, &bytes).unwrap();
        let written = Store::open(dir.path()).map(|_| ());
        assert!(matches!(written, Err(StoreError::Corrupt { .. })), "{what}, to write: {written:?}");
        let read = Store::open_existing(dir.path()).and_then(|store| store.unwrap().events());
        assert!(
            matches!(read, Err(StoreError::Corrupt { .. })),
            "{what}, to read: {:?}",
            read.map(|e| e.len())
        );
        assert_eq!(fs::read(&path).unwrap(), bytes, "{what}: the file was changed");
    }
    fs::write(&path, &good).unwrap();
    assert_eq!(Store::open(dir.path()).unwrap().events().unwrap().len(), 200);
}

#[test]
fn an_event_that_is_none_is_corruption_and_named() {
    let dir = tempfile::tempdir().unwrap();
    drop(Store::open(dir.path()).unwrap());
    Connection::open(Store::path_in(dir.path()))
        .unwrap()
        .execute_batch("INSERT INTO events VALUES (1, '2026-01-01T00:00:00Z', 'x', NULL, NULL, NULL, 'x', '{\"kind\":\"moon\"}')")
        .unwrap();
    let error = Ledger::open(dir.path()).unwrap_err();
    assert!(error.to_string().contains("event 1: unknown variant `moon`"), "{error}");
}

#[test]
fn an_empty_database_is_adopted_as_a_crash_may_have_left_it() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(Store::path_in(dir.path()), b"").unwrap();
    assert!(Store::open_existing(dir.path()).unwrap().is_none());
    Store::open(dir.path()).unwrap().append(&new(shown())).unwrap();
}

#[test]
fn another_programs_database_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = Store::path_in(dir.path());
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    let before = fs::read(&path).unwrap();
    let error = Store::open(dir.path()).unwrap_err();
    assert!(error.to_string().contains("no event log"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before, "it was changed");
}

#[test]
fn an_illegal_event_reaches_neither_disk_nor_state() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    let error = ledger.record(at(0), "test", event(Move::Complete, T, "sim", 1)).unwrap_err();
    assert!(matches!(error, LedgerError::Illegal(_)), "{error:?}");
    assert_eq!(error.to_string(), format!("task {T} on target sim is pending and cannot become completed"));
    let both = vec![new(event(Move::Start, T, "sim", 1)), new(event(Move::Start, T, "sim", 2))];
    ledger.record_all(both).unwrap_err();
    assert_eq!(ledger.state().seq(), 0);
    assert_eq!(ledger.state().status("sim", T), Status::Pending);
    assert_eq!(ledger::read(dir.path()).unwrap().1, []);
    let both = vec![new(event(Move::Start, T, "sim", 1)), new(event(Move::Complete, T, "sim", 1))];
    assert_eq!(ledger.record_all(both).unwrap()[1].seq, 2);
    assert_eq!(ledger.state().status("sim", T), Status::Completed);
}

#[test]
fn two_writers_judge_by_what_the_other_has_appended() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = Ledger::open(dir.path()).unwrap();
    let mut second = Ledger::open(dir.path()).unwrap();
    first.record(at(0), "one", event(Move::Start, T, "sim", 1)).unwrap();
    let error = second.record(at(0), "two", event(Move::Start, T, "sim", 1)).unwrap_err();
    assert!(error.to_string().contains("is running and cannot become running"), "{error}");
    assert_eq!(second.state().status("sim", T), Status::InProgress);
    second.record(at(0), "two", event(Move::Complete, T, "sim", 1)).unwrap();
    let skip = event(Move::Skip, "p/other", "sim", 0);
    assert_eq!(first.record(at(0), "one", skip).unwrap().seq, 3);
    assert_eq!(first.state().status("sim", T), Status::Completed);
}

#[test]
fn what_a_killed_writer_left_is_read_and_gone_on_with() {
    let dir = tempfile::tempdir().unwrap();
    let writer = Store::open(&dir.path().join("alive")).unwrap();
    let written = writer.append(&new(shown())).unwrap();
    // What is on disk while the writer lives is what a kill would leave; the index may be lost with it.
    for (name, left) in [
        ("with", &["state.db", "state.db-wal", "state.db-shm"][..]),
        ("without", &["state.db", "state.db-wal"]),
    ] {
        let dead = dir.path().join(name);
        fs::create_dir(&dead).unwrap();
        for file in left {
            fs::copy(dir.path().join("alive").join(file), dead.join(file)).unwrap();
        }
        let log = |file: &str| fs::read(dead.join(file)).unwrap();
        let before = (log("state.db"), log("state.db-wal"));
        let reader = Store::open_existing(&dead).unwrap().unwrap();
        assert_eq!(reader.events().unwrap(), std::slice::from_ref(&written));
        drop(reader);
        assert_eq!((log("state.db"), log("state.db-wal")), before, "{name}: the reader wrote");
        let next = Store::open(&dead).unwrap();
        assert_eq!(next.append(&new(shown())).unwrap().seq, 2);
    }
}

#[test]
fn many_who_open_a_log_that_is_not_there_all_get_it() {
    for _ in 0..10 {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("deep/.task-master");
        let append = || Store::open(&state).and_then(|store| store.append(&new(shown()))).unwrap().seq;
        let mut all: Vec<u64> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(append)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        all.sort_unstable();
        assert_eq!(all, [1, 2, 3, 4, 5, 6, 7, 8]);
    }
}
