//! The annotations by which the controller keeps its books on ReplicaSets.

use std::collections::BTreeMap;

use rollouts_client::names;
use rollouts_client::types::{ReplicaSet, Rollout};

/// The Rollout's replicas at the time when the ReplicaSet was last scaled.
pub(super) const DESIRED_REPLICAS: &str = "rollout.argoproj.io/desired-replicas";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
const NOTIFIED: &str = "notified.notifications.argoproj.io";

/// The annotations of a new or current ReplicaSet: the Rollout's own, and its revision. `exists` says whether the
/// ReplicaSet is there already; a new one also gets [`DESIRED_REPLICAS`].
pub(super) fn of_revision(
    rollout: &Rollout,
    present: &BTreeMap<String, String>,
    revision: i64,
    exists: bool,
) -> BTreeMap<String, String> {
    let mut wanted = present.clone();
    for (key, value) in rollout.metadata.annotations.iter().flatten() {
        if ![LAST_APPLIED, names::REVISION, names::REVISION_HISTORY, DESIRED_REPLICAS, NOTIFIED]
            .contains(&key.as_str())
        {
            wanted.insert(key.clone(), value.clone());
        }
    }
    let old = present.get(names::REVISION);
    let old_number = old.and_then(|old| old.parse::<i64>().ok()).unwrap_or_default();
    if old_number < revision {
        wanted.insert(names::REVISION.to_owned(), revision.to_string());
    }
    // A ReplicaSet that changes its revision is being gone back to: it remembers what it was.
    if let Some(old) = old.filter(|_| wanted != *present) {
        let history = present.get(names::REVISION_HISTORY).filter(|history| !history.is_empty());
        let history = history.map_or_else(|| old.clone(), |history| format!("{history},{old}"));
        wanted.insert(names::REVISION_HISTORY.to_owned(), history);
    }
    if !exists {
        wanted.insert(DESIRED_REPLICAS.to_owned(), rollout.replicas().to_string());
    }
    wanted
}

fn annotation<'a>(set: &'a ReplicaSet, key: &str) -> Option<&'a str> {
    set.metadata.annotations.as_ref()?.get(key).map(String::as_str)
}

/// [`DESIRED_REPLICAS`] as a number.
pub(super) fn desired(set: &ReplicaSet) -> Option<i32> {
    annotation(set, DESIRED_REPLICAS)?.parse().ok()
}

/// Whether the ReplicaSet has a deadline for its end, readable or not.
pub(super) fn has_deadline(set: &ReplicaSet) -> bool {
    annotation(set, names::SCALE_DOWN_DEADLINE).is_some_and(|deadline| !deadline.is_empty())
}

/// Whether [`DESIRED_REPLICAS`] has to be written again.
pub(super) fn stale(set: &ReplicaSet, replicas: i32) -> bool {
    annotation(set, DESIRED_REPLICAS) != Some(replicas.to_string().as_str())
        || (replicas == 0 && has_deadline(set))
}

#[cfg(test)]
mod tests {
    use rollouts_client::types::RolloutSpec;

    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn books() {
        let mut rollout = Rollout::new("r", RolloutSpec { replicas: Some(3), ..RolloutSpec::default() });
        rollout.metadata.annotations =
            Some(map(&[("team", "a"), (names::REVISION, "9"), (LAST_APPLIED, "{}")]));
        let fresh = of_revision(&rollout, &BTreeMap::new(), 1, false);
        assert_eq!(fresh, map(&[("team", "a"), (names::REVISION, "1"), (DESIRED_REPLICAS, "3")]));
        assert_eq!(of_revision(&rollout, &fresh, 1, true), fresh, "nothing to do");
        let back = of_revision(&rollout, &fresh, 3, true);
        assert_eq!((back[names::REVISION].as_str(), back[names::REVISION_HISTORY].as_str()), ("3", "1"));
        let again = of_revision(&rollout, &back, 5, true);
        assert_eq!(again[names::REVISION_HISTORY], "1,3");
    }
}
