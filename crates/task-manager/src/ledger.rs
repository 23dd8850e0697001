//! The log and its fold together: what may be recorded is asked before it is on disk.
//!
//! Several processes may append to one log (a run, and a person stating something by hand). So every record first
//! takes in what others have appended, judges by that, and appends, all in one transaction.

use std::path::Path;

use jiff::Timestamp;

use crate::event::{Event, NewEvent, Recorded};
use crate::exit::Code;
use crate::state::{IllegalEvent, State};
use crate::store::{Append, Store, StoreError};

/// Why something was not recorded. The log is as it was in every case.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The log cannot be opened, read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The table of moves does not allow it.
    #[error(transparent)]
    Illegal(#[from] IllegalEvent),
    /// The log itself holds what the table does not allow: somebody else wrote it.
    #[error("event log holds event {seq}, which is not legal there")]
    Inconsistent {
        /// The number of the event.
        seq: u64,
        /// Why not.
        source: IllegalEvent,
    },
}

/// The log, open for recording, and the state that it amounts to.
#[derive(Debug)]
pub struct Ledger {
    store: Store,
    state: State,
}

impl Ledger {
    /// Opens the log of a state folder, creating both where they are not there, and folds it.
    ///
    /// # Errors
    /// [`LedgerError::Store`], or [`LedgerError::Inconsistent`] for a log that cannot be folded.
    pub fn open(dir: &Path) -> Result<Ledger, LedgerError> {
        let store = Store::open(dir)?;
        let mut state = State::default();
        take_all(&mut state, &store.events()?)?;
        Ok(Ledger { store, state })
    }

    /// The state after everything that this process has recorded or seen.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Records one event, if it is legal. When this returns, it is on disk and in the state.
    ///
    /// # Errors
    /// [`LedgerError`]; neither log nor state has the event then.
    pub fn record(
        &mut self,
        at: Timestamp,
        actor: impl Into<String>,
        event: Event,
    ) -> Result<Recorded, LedgerError> {
        let new = NewEvent { at, actor: actor.into(), event };
        self.append(|append, state| insert(append, state, new))
    }

    /// Records several events in one transaction and with one sync: all of them, or none.
    ///
    /// # Errors
    /// [`LedgerError`]; neither log nor state has any of the events then.
    pub fn record_all(&mut self, new: Vec<NewEvent>) -> Result<Vec<Recorded>, LedgerError> {
        self.append(|append, state| new.into_iter().map(|event| insert(append, state, event)).collect())
    }

    /// One transaction: takes in what others have appended, inserts, commits.
    fn append<T>(
        &mut self,
        insert: impl FnOnce(&Append<'_>, &mut State) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let append = self.store.begin()?;
        let newer = append.events_after(self.state.seq())?;
        take_all(&mut self.state, &newer)?;
        let before = self.state.seq();
        let inserted = insert(&append, &mut self.state).and_then(|inserted| {
            append.commit()?;
            Ok(inserted)
        });
        if inserted.is_err() && self.state.seq() != before {
            // The state has what the log has not. Folding again now costs less than a copy before every record.
            self.state = State::default();
            take_all(&mut self.state, &self.store.events()?)?;
        }
        inserted
    }
}

/// Folds the log of a state folder without writing anything; the empty state where there is no log.
///
/// # Errors
/// [`LedgerError::Store`] or [`LedgerError::Inconsistent`].
pub fn read(dir: &Path) -> Result<(State, Vec<Recorded>), LedgerError> {
    let Some(store) = Store::open_existing(dir)? else { return Ok((State::default(), Vec::new())) };
    let events = store.events()?;
    let mut state = State::default();
    take_all(&mut state, &events)?;
    Ok((state, events))
}

/// Inserts an event, if it is legal, and takes it in.
fn insert(append: &Append<'_>, state: &mut State, new: NewEvent) -> Result<Recorded, LedgerError> {
    state.check(&new.event)?;
    let recorded = append.insert(new)?;
    state.apply(&recorded)?;
    Ok(recorded)
}

fn take_all(state: &mut State, events: &[Recorded]) -> Result<(), LedgerError> {
    for recorded in events {
        state.apply(recorded).map_err(|source| LedgerError::Inconsistent { seq: recorded.seq, source })?;
    }
    Ok(())
}

impl LedgerError {
    /// The exit code that this error ends a command with.
    pub fn code(&self) -> Code {
        match self {
            LedgerError::Store(StoreError::Full { .. }) => Code::DiskFull,
            LedgerError::Store(StoreError::Io { source, .. }) => Code::of_io(source),
            LedgerError::Store(StoreError::Sqlite { .. }) => Code::InputOutput,
            LedgerError::Store(StoreError::Busy { .. }) => Code::Locked,
            LedgerError::Store(
                StoreError::Corrupt { .. } | StoreError::Newer { .. } | StoreError::ReadOnly { .. },
            )
            | LedgerError::Inconsistent { .. } => Code::State,
            LedgerError::Illegal(_) => Code::Usage,
        }
    }
}
