//! Which earlier version was good. Kubernetes keeps no record of it; Events are one, for an hour.

use k8s_openapi::api::core::v1::Event;

use super::state::Version;
use crate::revision;
use crate::types::ReplicaSet;

/// An earlier version that was good, as far as can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastGood {
    /// The version.
    pub version: Version,
    /// How it is known.
    pub evidence: Evidence,
}

/// How it is known that a version was good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// An Event says that it was fully promoted.
    Promoted,
    /// No Event says so or otherwise; it is the nearest revision before.
    Order,
}

impl Evidence {
    /// One clause.
    pub fn as_str(self) -> &'static str {
        match self {
            Evidence::Promoted => "an Event says that it was fully promoted",
            Evidence::Order => "the revision before; no Event tells more",
        }
    }
}

/// The last good version before this one: the nearest that an Event calls fully promoted, else the nearest
/// that no Event calls aborted or shows the beginning of without an end. (Events of newer versions outlive those of older ones, so a nearer version
/// without any Event is the more doubtful one.)
pub(super) fn last_before(current: &Version, own: &[&ReplicaSet], events: &[Event]) -> Option<LastGood> {
    let mut earlier: Vec<&ReplicaSet> = own.to_vec();
    earlier.retain(|set| set.revision() < current.revision && set.revision() > 0);
    earlier.sort_by_key(|set| std::cmp::Reverse(set.revision()));
    let promoted = earlier.iter().find(|set| was_promoted(set, events));
    let unblamed = || earlier.iter().find(|set| !was_aborted(set, events) && !never_promoted(set, events));
    let (set, evidence) = match promoted {
        Some(set) => (set, Evidence::Promoted),
        None => (unblamed()?, Evidence::Order),
    };
    Some(LastGood { version: Version::of(set)?, evidence })
}

/// `Rollout completed update to revision 2 (6c8f9d): …`
fn was_promoted(set: &ReplicaSet, events: &[Event]) -> bool {
    let hash = format!("({})", set.hash().unwrap_or_default());
    messages(events, "RolloutCompleted").any(|message| message.contains(&hash))
}

/// `Created ReplicaSet app-6c8f9d (revision 2)`: the Event of its beginning is still there, and none of its promotion,
/// which would be younger. So an update that was replaced in the middle is not taken for a good version.
fn never_promoted(set: &ReplicaSet, events: &[Event]) -> bool {
    let created = format!("ReplicaSet {} ", set.name());
    !was_promoted(set, events)
        && messages(events, "NewReplicaSetCreated").any(|message| message.contains(&created))
}

/// `Rollout aborted update to revision 2: …`
fn was_aborted(set: &ReplicaSet, events: &[Event]) -> bool {
    let revisions = revision::all_of(set);
    messages(events, "RolloutAborted").any(|message| {
        let after = message.split("revision ").nth(1).unwrap_or_default();
        let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().is_ok_and(|revision| revisions.contains(&revision))
    })
}

fn messages<'a>(events: &'a [Event], reason: &'a str) -> impl Iterator<Item = &'a str> {
    let of_reason = events.iter().filter(move |event| event.reason.as_deref() == Some(reason));
    of_reason.filter_map(|event| event.message.as_deref())
}
