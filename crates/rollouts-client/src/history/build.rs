//! From objects to the history.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Event;

use super::{Analysis, Happening, History, Outcome, Past, Traces, syncs, writers};
use crate::types::{ReplicaSet, Rollout};
use crate::view::tags;
use crate::{diff, record, revision};

/// Annotation by which kubectl's users say why.
const CHANGE_CAUSE: &str = "kubernetes.io/change-cause";

pub(super) fn history(rollout: &Rollout, traces: &Traces, at: Timestamp) -> History {
    let writers = writers::of(&rollout.metadata);
    let written = record::of(rollout);
    let syncs = traces.application.as_ref().map(syncs::of).unwrap_or_default();
    let numbered = diff::revisions(rollout, &traces.replica_sets);
    let numbers: Vec<i64> = numbered.iter().map(|(number, _)| *number).collect();
    let mut events = by_revision(&traces.events, &numbers);
    let began: Vec<Option<Timestamp>> =
        numbered.iter().map(|(number, set)| began(*number, set, events.get(number))).collect();
    let stable_before = stable_before(&numbered, &events);
    let mut revisions = Vec::new();
    for (index, (number, set)) in numbered.iter().enumerate() {
        let events = events.remove(number).unwrap_or_default();
        let next = index.checked_sub(1).and_then(|newer| began.get(newer).copied().flatten());
        let ending = ending(rollout, set, index == 0, &events, next);
        let (outcome, ended, why) = match stable_before[index] {
            // The controller says nothing when what is stable is asked for again.
            true if !events.iter().any(|event| event.reason == "RolloutCompleted") => {
                (Outcome::Restored, began[index], None)
            }
            _ => ending,
        };
        let author = writers.iter().find(|writer| writer.fields.iter().any(|field| field == "spec.template"));
        let program = author.filter(|_| index == 0).map(|writer| writer.manager.clone());
        let actions: Vec<_> = written.iter().filter(|action| action.revision == *number).cloned().collect();
        let last = actions.last();
        let cause = set.metadata.annotations.as_ref().and_then(|annotations| annotations.get(CHANGE_CAUSE));
        let seconds = began[index].map(|began| {
            let end = if outcome == Outcome::UnderWay { Some(at) } else { ended };
            end.map(|end| end.duration_since(began).as_secs())
        });
        revisions.push(Past {
            revision: *number,
            replica_set: set.name().to_owned(),
            tags: match set.hash() {
                Some(hash) if set.revision() == *number => tags(rollout, hash),
                _ => Vec::new(),
            },
            images: set.spec.template.iter().flat_map(|one| one.images()).map(str::to_owned).collect(),
            changes: numbered.get(index + 1).map(|before| diff::of_sets(*before, (*number, set)).changes),
            began: began[index],
            ended,
            seconds: seconds.flatten(),
            outcome,
            who: last.map(|action| action.who.clone()).or(program),
            why: last
                .map(|action| action.why.clone())
                .or(cause.filter(|_| set.revision() == *number).cloned())
                .or(why),
            commit: began[index].and_then(|began| syncs::commit_of(&syncs, began)).map(str::to_owned),
            actions,
            analyses: analyses(rollout, traces, *number),
            events,
            template: diff::template_yaml(set),
        });
    }
    History {
        name: rollout.name().to_owned(),
        namespace: rollout.metadata.namespace.clone().unwrap_or_default(),
        at,
        argo_cd: rollout.tracked_by().map(str::to_owned),
        syncs,
        revisions,
        writers,
    }
}

/// Of each revision, whether its version was the stable one before it began: that of the last one promoted.
fn stable_before(numbered: &[(i64, &ReplicaSet)], events: &BTreeMap<i64, Vec<Happening>>) -> Vec<bool> {
    let mut stable: Option<&str> = None;
    let mut before: Vec<bool> = Vec::new();
    for (number, set) in numbered.iter().rev() {
        before.push(stable.is_some() && stable == set.hash());
        let happened = events.get(number).into_iter().flatten();
        if happened.into_iter().any(|event| event.reason == "RolloutCompleted") {
            stable = set.hash();
        }
    }
    before.reverse();
    before
}

fn analyses(rollout: &Rollout, traces: &Traces, number: i64) -> Vec<Analysis> {
    let uid = rollout.metadata.uid.as_deref();
    let own = traces.analysis_runs.iter().filter(|run| revision::owned_by(&run.metadata, uid));
    let of_number = own.filter(|run| revision::of(&run.metadata) == number);
    let analysis = |run: &crate::types::AnalysisRun| Analysis {
        name: run.metadata.name.clone().unwrap_or_default(),
        phase: run.status.as_ref().map(|status| status.phase.to_string()).unwrap_or_default(),
    };
    let mut analyses: Vec<_> = of_number.map(analysis).collect();
    analyses.sort_by(|a, b| a.name.cmp(&b.name));
    analyses
}

/// The Events by the revision that they name, and those that name none by the last one that was named before them.
fn by_revision(events: &[Event], known: &[i64]) -> BTreeMap<i64, Vec<Happening>> {
    let mut happenings: Vec<Happening> = events.iter().filter_map(happening).collect();
    happenings.sort_by_key(|happening| happening.at);
    let mut by_revision: BTreeMap<i64, Vec<Happening>> = BTreeMap::new();
    let mut going_on = None;
    for happening in happenings {
        let named = named(&happening.message).filter(|number| known.contains(number));
        if happening.reason == "RolloutUpdated" {
            going_on = named;
        }
        if let Some(number) = named.or(going_on) {
            by_revision.entry(number).or_default().push(happening);
        }
    }
    by_revision
}

fn happening(event: &Event) -> Option<Happening> {
    let first = event.first_timestamp.as_ref().map(|time| time.0);
    let at = first.or_else(|| event.event_time.as_ref().map(|time| time.0))?;
    let reason = event.reason.clone().unwrap_or_default();
    Some(Happening { at, reason, message: event.message.clone().unwrap_or_default() })
}

/// The number in `… revision 7 …`.
fn named(message: &str) -> Option<i64> {
    let (_, rest) = message.split_once("revision ")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// When the update began: by its Event; a ReplicaSet that never had another number was made for it.
fn began(number: i64, set: &ReplicaSet, events: Option<&Vec<Happening>>) -> Option<Timestamp> {
    let updated = events.into_iter().flatten().find(|event| event.reason == "RolloutUpdated");
    let first = revision::all_of(set).into_iter().min() == Some(number);
    let made = set.metadata.creation_timestamp.as_ref().map(|time| time.0).filter(|_| first);
    updated.map(|event| event.at).or(made)
}

/// How the update ended, when, and why. `next` is when the one after it began.
fn ending(
    rollout: &Rollout,
    set: &ReplicaSet,
    newest: bool,
    events: &[Happening],
    next: Option<Timestamp>,
) -> (Outcome, Option<Timestamp>, Option<String>) {
    // The last one counts: what was aborted may have been retried.
    let last = |reason: &str| events.iter().rev().find(|event| event.reason == reason);
    let reason = |event: &Happening| {
        event.message.split_once(": ").map(|(_, why)| why.to_owned()).filter(|why| !why.is_empty())
    };
    if let Some(completed) = last("RolloutCompleted") {
        return (Outcome::Promoted, Some(completed.at), reason(completed));
    }
    let stable = set.hash().is_some() && set.hash() == rollout.stable_hash();
    if newest && stable {
        return (Outcome::Promoted, None, None);
    }
    let aborted = last("RolloutAborted");
    if newest && !rollout.aborted() {
        return (Outcome::UnderWay, None, None);
    }
    match (aborted, next) {
        (Some(aborted), _) => (Outcome::Aborted, Some(aborted.at), reason(aborted)),
        (None, _) if newest => (Outcome::Aborted, None, None),
        (None, Some(next)) if !events.is_empty() => (Outcome::Superseded, Some(next), None),
        (None, _) => (Outcome::Unknown, None, None),
    }
}
