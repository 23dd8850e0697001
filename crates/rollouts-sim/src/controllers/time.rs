//! Times as Kubernetes writes them.

use std::time::Duration;

use jiff::Timestamp;

/// RFC 3339 in whole seconds, as `metav1.Time` is written: a fraction is cut off.
pub(crate) fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Reads a time written by [`stamp`] or with a fraction; `None` for anything else.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// From `from` to `to`; zero when `to` is earlier.
pub(crate) fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}
