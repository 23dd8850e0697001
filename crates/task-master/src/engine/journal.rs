//! Where everything that the engine says passes: secrets are taken out, facts reach the disk, then readers see it.

use task_manager::event::NewEvent;
use task_manager::{Event as Fact, Ledger, LedgerError, State, clock};

use super::event::{Event, Reader, clean_fact};
use super::logfile::LogFiles;
use crate::redact::Redactor;

/// The event log, the log files, and whoever else reads.
pub(super) struct Journal<'r> {
    ledger: Ledger,
    actor: String,
    redactor: Redactor,
    logs: LogFiles,
    reader: &'r mut dyn Reader,
}

impl<'r> Journal<'r> {
    pub(super) fn new(
        ledger: Ledger,
        actor: &str,
        redactor: Redactor,
        logs: LogFiles,
        reader: &'r mut dyn Reader,
    ) -> Self {
        Self { ledger, actor: actor.to_owned(), redactor, logs, reader }
    }

    /// Records a fact. When this returns, it is on disk; no effect may come before that.
    pub(super) fn fact(&mut self, fact: Fact) -> Result<(), LedgerError> {
        self.facts(vec![fact])
    }

    /// Records facts between which nothing happens: with one sync, all of them or none.
    pub(super) fn facts(&mut self, facts: Vec<Fact>) -> Result<(), LedgerError> {
        let at = clock::now();
        let new = facts.into_iter().map(|mut event| {
            clean_fact(&mut event, &self.redactor);
            NewEvent { at, actor: self.actor.clone(), event }
        });
        for recorded in self.ledger.record_all(new.collect())? {
            self.tell(at, &Event::Fact(recorded.event));
        }
        Ok(())
    }

    /// Says something that is not recorded.
    pub(super) fn say(&mut self, event: Event) {
        let event = event.cleaned(&self.redactor);
        self.tell(clock::now(), &event);
    }

    fn tell(&mut self, at: jiff::Timestamp, event: &Event) {
        self.logs.read(at, event);
        self.reader.read(at, event);
    }

    pub(super) fn state(&self) -> &State {
        self.ledger.state()
    }

    /// A text without secrets.
    pub(super) fn clean(&self, text: &str) -> String {
        self.redactor.clean(text)
    }
}
