//! The one place here that reads the clock.

use std::time::Instant;

use jiff::Timestamp;

/// A wall clock that was read once and goes on steadily: a correction of the machine's clock in the middle
/// of a load then changes no latency.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    started: Instant,
    at: Timestamp,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "a live request is timed by the real clock")]
    pub(super) fn start() -> Self {
        Clock { started: Instant::now(), at: Timestamp::now() }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.at(Instant::now())
    }

    pub(super) fn at(&self, instant: Instant) -> Timestamp {
        let since = instant.saturating_duration_since(self.started);
        self.at.checked_add(since).unwrap_or(Timestamp::MAX)
    }
}
