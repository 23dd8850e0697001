//! The one place of this crate that reads the clock; everywhere else time is a value that is passed in.

use jiff::Timestamp;

/// The wall clock's time now, in whole milliseconds, which is what the event log keeps.
#[expect(clippy::disallowed_methods, reason = "the named clock function of this crate")]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}
