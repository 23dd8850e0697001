//! The event log on disk: one append-only SQLite table.
//!
//! Durable on return: the log is in WAL mode with `synchronous=FULL`, and one append is one transaction. Triggers
//! refuse every update, deletion and gap, so not even another program can rewrite history by accident. A reader
//! ([`Store::open_existing`]) creates and changes nothing, not even beside the database.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, params};

use crate::event::{NewEvent, Recorded};

mod error;
mod files;

pub use error::StoreError;
use error::explain;
use files::{FileLook, create_dir, create_file, lock_dir};

/// The version of the schema that this build writes and the newest that it reads.
pub const SCHEMA_VERSION: i64 = 1;

/// Marks a SQLite file as an event log of ours: the letters TMLG.
const APPLICATION_ID: i64 = 0x544d_4c47;

/// How long an append waits for another process's append to end.
const BUSY: Duration = Duration::from_secs(5);

/// After so many pages the journal is begun anew, over its old bytes. A sync of a file that grows has to write down its
/// new size as well, which costs as much again; so it is not let grow for long.
const CHECKPOINT: i64 = 64;

const SCHEMA: &str = "
CREATE TABLE events (
  seq    INTEGER PRIMARY KEY,
  at     TEXT NOT NULL,
  actor  TEXT NOT NULL,
  run    TEXT,
  target TEXT,
  task   TEXT,
  kind   TEXT NOT NULL,
  body   TEXT NOT NULL
) STRICT;
CREATE TRIGGER events_no_update BEFORE UPDATE ON events
  BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END;
CREATE TRIGGER events_no_delete BEFORE DELETE ON events
  BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END;
CREATE TRIGGER events_no_gap BEFORE INSERT ON events
  WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM events)
  BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END;
";

/// The event log. One connection; `Send`, and not to be shared between threads.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
    access: Access,
}

#[derive(Debug, Clone, PartialEq)]
enum Access {
    Write,
    Read,
    /// No process had it open, so it is read as a file that does not change, and what it looked like is kept.
    Still(FileLook),
}

impl Store {
    /// The database of a state folder.
    pub fn path_in(dir: &Path) -> PathBuf {
        dir.join("state.db")
    }

    /// Opens the log of a state folder for appending. Creates the folder (mode 0700) and the database (mode 0600)
    /// where they are not there, durably: the folders that name them are synced too.
    ///
    /// # Errors
    /// Every [`StoreError`] but `Full` may come out of this, and that too when there is no room to create it.
    pub fn open(dir: &Path) -> Result<Store, StoreError> {
        create_dir(dir)?;
        let path = Self::path_in(dir);
        create_file(dir, &path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags).map_err(|error| explain(&path, error))?;
        let store = Store { connection, path, access: Access::Write };
        store.connection.busy_timeout(BUSY).map_err(|error| store.explain(error))?;
        // Before anything is written: it may be somebody else's database.
        let empty = store.version()?.is_none();
        // SQLite does not wait where two processes change the journal's mode at once.
        let _alone = empty.then(|| lock_dir(dir)).transpose()?;
        store.prepare().map_err(|error| store.explain(error))?;
        store.adopt()?;
        Ok(store)
    }

    /// Opens the log of a state folder for reading; none when there is no log yet. Writes nothing, takes no lock
    /// that an appending process would wait for, and waits for none.
    ///
    /// # Errors
    /// [`StoreError`] when there is a log that cannot be read.
    pub fn open_existing(dir: &Path) -> Result<Option<Store>, StoreError> {
        let path = Self::path_in(dir);
        let look = match fs::metadata(&path) {
            Ok(_) => FileLook::at(&path),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StoreError::Io { operation: "reading", path, source }),
        };
        let store = match look {
            Some(look) if !look.beside => Self::open_still(&path, look)?,
            _ => Self::open_shared(&path)?,
        };
        match store.version() {
            // A journal of that kind is there only until the log is in WAL mode: its creation was cut off, and the
            // next writer takes it back. Nothing was recorded yet.
            Err(StoreError::ReadOnly { path }) if files::has_rollback_journal(&path) => Ok(None),
            version => Ok(version?.map(|_| store)),
        }
    }

    /// Reads the file as one that does not change. SQLite would otherwise create a shared-memory file beside it.
    fn open_still(path: &Path, look: FileLook) -> Result<Store, StoreError> {
        let mut uri = String::from("file:");
        for byte in std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()) {
            match byte {
                b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                    uri.push(char::from(*byte));
                }
                other => uri.push_str(&format!("%{other:02x}")),
            }
        }
        uri.push_str("?immutable=1");
        let flags =
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let connection = Connection::open_with_flags(uri, flags).map_err(|error| explain(path, error))?;
        Ok(Store { connection, path: path.to_owned(), access: Access::Still(look) })
    }

    fn open_shared(path: &Path) -> Result<Store, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|error| explain(path, error))?;
        connection.busy_timeout(BUSY).map_err(|error| explain(path, error))?;
        Ok(Store { connection, path: path.to_owned(), access: Access::Read })
    }

    fn prepare(&self) -> Result<(), rusqlite::Error> {
        self.connection.pragma_update(None, "journal_mode", "wal")?;
        self.connection.pragma_update(None, "synchronous", "full")?;
        self.connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT)?;
        self.connection.pragma_update(None, "trusted_schema", false)
    }

    /// Makes an empty database an event log, and looks over one that is there.
    fn adopt(&self) -> Result<(), StoreError> {
        if self.version()?.is_some() {
            return self.look_over();
        }
        let create = || {
            let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
            // Another process may have been first.
            let taken: i64 =
                transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
            if taken == 0 {
                transaction.execute_batch(SCHEMA)?;
                transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
                transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
            }
            transaction.commit()
        };
        create().map_err(|error| self.explain(error))?;
        self.version().map(|_| ())
    }

    fn look_over(&self) -> Result<(), StoreError> {
        let found: String = self
            .connection
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
            .map_err(|error| self.explain(error))?;
        if found == "ok" { Ok(()) } else { Err(self.corrupt(found)) }
    }

    /// The schema version; none for a database that is still empty.
    fn version(&self) -> Result<Option<i64>, StoreError> {
        let read = || {
            // One snapshot: another process may be creating the log just now.
            let snapshot = Transaction::new_unchecked(&self.connection, TransactionBehavior::Deferred)?;
            let number = |query| snapshot.query_row(query, [], |row| row.get::<_, i64>(0));
            let tables = number("SELECT count(*) FROM sqlite_schema")?;
            Ok((number("PRAGMA application_id")?, number("PRAGMA user_version")?, tables))
        };
        match read().map_err(|error| self.explain(error))? {
            (0, 0, 0) => Ok(None),
            (APPLICATION_ID, found, _) if found > SCHEMA_VERSION => {
                Err(StoreError::Newer { path: self.path.clone(), found })
            }
            (APPLICATION_ID, SCHEMA_VERSION, _) => Ok(Some(SCHEMA_VERSION)),
            (_, version, _) => {
                Err(self.corrupt(format!("it is a SQLite database, but no event log (version {version})")))
            }
        }
    }

    /// Appends one event. When this returns, it is on disk.
    ///
    /// It does not ask whether the event is legal: [`crate::Ledger`] does, and is what should be used.
    ///
    /// # Errors
    /// [`StoreError`]; the log is as it was then.
    pub fn append(&self, event: &NewEvent) -> Result<Recorded, StoreError> {
        let append = self.begin()?;
        let recorded = append.insert(event.clone())?;
        append.commit()?;
        Ok(recorded)
    }

    /// Begins an append, which keeps other appending processes out until it is committed or dropped.
    pub(crate) fn begin(&self) -> Result<Append<'_>, StoreError> {
        if self.access != Access::Write {
            return Err(StoreError::ReadOnly { path: self.path.clone() });
        }
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)
            .map_err(|error| self.explain(error))?;
        Ok(Append { store: self, transaction })
    }

    /// The whole log, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for a body that is no event, and whatever SQLite says.
    pub fn events(&self) -> Result<Vec<Recorded>, StoreError> {
        let read = self.events_after(0);
        match &self.access {
            // Somebody wrote while we read it as still: read it again as a shared one.
            Access::Still(look) if FileLook::at(&self.path).as_ref() != Some(look) => {
                Self::open_shared(&self.path)?.events_after(0)
            }
            _ => read,
        }
    }

    /// The events after the one with the given number, oldest first.
    pub(crate) fn events_after(&self, seq: u64) -> Result<Vec<Recorded>, StoreError> {
        let read = || {
            let mut statement = self
                .connection
                .prepare_cached("SELECT seq, at, actor, body FROM events WHERE seq > ?1 ORDER BY seq")?;
            let mut rows = statement.query([i64::try_from(seq).unwrap_or(i64::MAX)])?;
            let mut events = Vec::new();
            while let Some(row) = rows.next()? {
                events.push(self.recorded(row)?);
            }
            Ok(events.into_iter().collect::<Result<Vec<_>, StoreError>>())
        };
        read().map_err(|error| self.explain(error))?
    }

    fn recorded(&self, row: &rusqlite::Row<'_>) -> Result<Result<Recorded, StoreError>, rusqlite::Error> {
        let seq: i64 = row.get(0)?;
        let (at, actor, body) = (row.get_ref(1)?, row.get(2)?, row.get_ref(3)?);
        let parse = || -> Result<Recorded, String> {
            let at: Timestamp =
                at.as_str().map_err(|e| e.to_string())?.parse().map_err(|e| format!("{e}"))?;
            let body = body.as_str().map_err(|e| e.to_string())?;
            let event = serde_json::from_str(body).map_err(|e| e.to_string())?;
            Ok(Recorded { seq: u64::try_from(seq).map_err(|e| e.to_string())?, at, actor, event })
        };
        Ok(parse().map_err(|detail| self.corrupt(format!("event {seq}: {detail}"))))
    }

    fn corrupt(&self, detail: impl Into<String>) -> StoreError {
        StoreError::Corrupt { path: self.path.clone(), detail: detail.into() }
    }

    fn explain(&self, error: rusqlite::Error) -> StoreError {
        explain(&self.path, error)
    }
}

/// An append that is under way; dropped without [`Append::commit`], nothing has happened.
pub(crate) struct Append<'store> {
    store: &'store Store,
    transaction: Transaction<'store>,
}

impl Append<'_> {
    pub(crate) fn events_after(&self, seq: u64) -> Result<Vec<Recorded>, StoreError> {
        self.store.events_after(seq)
    }

    pub(crate) fn insert(&self, new: NewEvent) -> Result<Recorded, StoreError> {
        let NewEvent { at, actor, event } = new;
        let body = serde_json::to_string(&event)
            .map_err(|error| self.store.corrupt(format!("an event cannot be written as JSON: {error}")))?;
        let insert = || {
            let mut statement = self.transaction.prepare_cached(
                "INSERT INTO events (seq, at, actor, run, target, task, kind, body)
                 SELECT coalesce(max(seq), 0) + 1, ?1, ?2, ?3, ?4, ?5, ?6, ?7 FROM events RETURNING seq",
            )?;
            statement.query_row(
                params![at.to_string(), actor, event.run(), event.target(), event.task(), event.kind(), body],
                |row| row.get::<_, i64>(0),
            )
        };
        let seq = insert().map_err(|error| self.store.explain(error))?;
        let seq = u64::try_from(seq).map_err(|_| self.store.corrupt("a negative event number"))?;
        Ok(Recorded { seq, at, actor, event })
    }

    pub(crate) fn commit(self) -> Result<(), StoreError> {
        let store = self.store;
        self.transaction.commit().map_err(|error| store.explain(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;
    use crate::status::Evidence;

    fn shown(by: &str) -> NewEvent {
        let event = Event::Shown {
            ids: vec!["a".into()],
            target: "sim".into(),
            evidence: Evidence::Simulated,
            by: by.to_owned(),
            commit: None,
        };
        NewEvent { at: Timestamp::UNIX_EPOCH, actor: "test".into(), event }
    }

    #[test]
    fn every_commit_is_synced() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let pragma = |name| {
            store.connection.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
        };
        assert_eq!(pragma("journal_mode").unwrap(), rusqlite::types::Value::Text("wal".into()));
        // 2 is FULL. NORMAL would survive a kill and lose commits on a power cut.
        assert_eq!(pragma("synchronous").unwrap(), rusqlite::types::Value::Integer(2));
    }

    /// The fault is SQLite's own page limit: a small file system cannot be mounted without privileges. SQLite answers
    /// both with the same code, SQLITE_FULL, and rolls the transaction back the same way.
    #[test]
    fn a_full_disk_loses_nothing_and_goes_on_when_there_is_room_again() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let limit = |pages: u32| {
            store
                .connection
                .query_row(&format!("PRAGMA max_page_count = {pages}"), [], |row| row.get::<_, i64>(0))
                .unwrap()
        };
        limit(8);
        let long = "x".repeat(1000);
        let mut durable = Vec::new();
        let error = loop {
            match store.append(&shown(&long)) {
                Ok(recorded) => durable.push(recorded),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
        assert!(!durable.is_empty());
        assert_eq!(store.events().unwrap(), durable);
        limit(1000);
        durable.push(store.append(&shown("room again")).unwrap());
        drop(store);
        assert_eq!(Store::open(dir.path()).unwrap().events().unwrap(), durable);
    }
}
