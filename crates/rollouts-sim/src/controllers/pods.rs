//! Reading pods as the controllers of Kubernetes read them.

use std::time::Duration;

use crate::json::Value;
use jiff::Timestamp;

use super::time::parse;
use crate::object::{self, items, text};
use crate::queue::later;

/// Whether a pod still counts: neither finished nor being deleted.
pub(crate) fn active(pod: &Value) -> bool {
    !matches!(text(pod, "/status/phase"), "Succeeded" | "Failed") && !object::deleting(pod)
}

/// Since when a pod is Ready; `None` when it is not.
pub(crate) fn ready_since(pod: &Value) -> Option<&str> {
    items(pod, "/status/conditions")
        .find(|condition| text(condition, "/type") == "Ready" && text(condition, "/status") == "True")
        .map(|condition| text(condition, "/lastTransitionTime"))
}

/// Whether a pod is available: ready for long enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Availability {
    /// Not ready.
    Unready,
    /// Ready, and available at this moment if it stays so.
    Waiting(Timestamp),
    Available,
}

impl Availability {
    pub(crate) fn due(&self) -> Option<Timestamp> {
        match self {
            Availability::Waiting(at) => Some(*at),
            Availability::Unready | Availability::Available => None,
        }
    }
}

/// The availability of a pod under `minReadySeconds`.
pub(crate) fn availability(pod: &Value, min_ready: Duration, now: Timestamp) -> Availability {
    let Some(since) = ready_since(pod) else { return Availability::Unready };
    if min_ready.is_zero() {
        return Availability::Available;
    }
    match parse(since).map(|since| later(since, min_ready)) {
        Some(at) if at > now => Availability::Waiting(at),
        _ => Availability::Available,
    }
}
