//! Pods that the API server does not let in.

use super::facts::Facts;
use super::{Cause, Found};
use crate::types::ReplicaSet;

pub(super) const CAUSES: &[Cause] = &[
    Cause::new("pod-security", "the namespace's Pod Security Standard forbids the pods", |facts| {
        found(facts, Why::Security)
    }),
    Cause::new("quota", "the namespace's quota has no room for the pods", |facts| found(facts, Why::Quota)),
    Cause::new("pods-refused", "the API server refuses the pods for another reason", |facts| {
        found(facts, Why::Other)
    }),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    Security,
    Quota,
    Other,
}

fn why(message: &str) -> Why {
    if message.contains("violates PodSecurity") {
        Why::Security
    } else if message.contains("exceeded quota") {
        Why::Quota
    } else {
        Why::Other
    }
}

/// The refusal that stands on a ReplicaSet which has fewer pods than it is to have.
fn refusal(set: &ReplicaSet) -> Option<&str> {
    let status = set.status.as_ref()?;
    if status.replicas >= set.desired() {
        return None;
    }
    let failed = status.conditions.iter().flatten().find(|condition| {
        condition.type_ == "ReplicaFailure" && condition.status.as_deref() == Some("True")
    })?;
    failed.message.as_deref()
}

fn found(facts: &Facts, asked: Why) -> Option<Found> {
    let (set, message) = refused(facts)?;
    if why(message) != asked {
        return None;
    }
    let version = facts.version(set);
    let found = match asked {
        Why::Security => Found::new(format!(
            "{version} gets no pods: they ask for more than the namespace's security allows"
        ))
        .next(format!("kubectl get namespace {} --show-labels", facts.namespace())),
        Why::Quota => Found::new(format!("{version} gets no more pods: the namespace's quota is used up"))
            .next(facts.kubectl("describe resourcequota")),
        Why::Other => Found::new(format!("{version} gets no pods: the API server refuses them"))
            .next(facts.kubectl(&format!("describe replicaset {}", set.name()))),
    };
    Some(found.seen(format!("replicaset {}, condition ReplicaFailure", set.name()), message))
}

/// Of a version that is given up and scaled down only the Event is left.
fn refused(facts: &Facts) -> Option<(&ReplicaSet, &str)> {
    let standing = facts.own().find_map(|set| Some((set, refusal(set)?)));
    standing.or_else(|| {
        let set = facts.only_traces()?;
        let event = facts.event("ReplicaSet", set.name(), "FailedCreate", "")?;
        Some((set, event.message.as_deref()?))
    })
}
