//! Times as Kubernetes writes them.

use std::time::Duration;

use jiff::Timestamp;

pub(crate) use crate::world::stamp;

/// Reads a time written by [`stamp`] or with a fraction; `None` for anything else.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// From `from` to `to`; zero when `to` is earlier.
pub(crate) fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}
