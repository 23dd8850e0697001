//! The log on the wire.

use jiff::Timestamp;
use serde::Serialize;

use super::SCHEMA_VERSION;
use crate::event::{Event, Recorded};

/// Events, oldest first: kind `history`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryDoc {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// `history`.
    pub kind: &'static str,
    /// The events.
    pub events: Vec<EventDoc>,
}

impl HistoryDoc {
    /// The document of some events.
    pub fn new<'a>(events: impl IntoIterator<Item = &'a Recorded>) -> HistoryDoc {
        let events = events.into_iter().map(EventDoc::from).collect();
        HistoryDoc { schema_version: SCHEMA_VERSION, kind: "history", events }
    }
}

/// One event.
#[derive(Debug, Clone, Serialize)]
pub struct EventDoc {
    /// Its place in the log, from 1.
    pub seq: u64,
    /// When it happened.
    pub at: Timestamp,
    /// Who recorded it.
    pub actor: String,
    /// What happened, with a `kind` of its own.
    pub event: Event,
}

impl From<&Recorded> for EventDoc {
    fn from(recorded: &Recorded) -> Self {
        let Recorded { seq, at, actor, event } = recorded.clone();
        EventDoc { seq, at, actor, event }
    }
}
