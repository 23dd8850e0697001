//! Who did what to a Rollout, and why, in a person's own words: an annotation that is written when a verb is given a
//! reason.
//!
//! A cluster keeps little of this by itself. Events are forgotten after an hour, `managedFields` name programs, and the
//! audit log is out of most people's reach. What is written here stays with the Rollout, and does not survive its
//! deletion. It is a note and no proof: whoever may patch the Rollout may change it, so the audit log remains the
//! authority.
//!
//! The controller copies a Rollout's annotations to its newest ReplicaSet (`SetNewReplicaSetAnnotations`, 1.10.2), this
//! one among them; pods are not touched by it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::names::ACTIONS;
use crate::patch::{PatchKind, PatchRequest, Subresource, Target};
use crate::types::Rollout;

/// How many actions are kept; the oldest give way.
pub const KEPT: usize = 20;

/// How much of a reason is kept, in characters: all annotations of an object share 256 KiB.
pub const LONGEST: usize = 500;

/// What somebody did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Action {
    /// When.
    pub at: Timestamp,
    /// The name by which the API server knows who did it.
    pub who: String,
    /// The verb as it is typed, such as `promote`.
    pub did: String,
    /// The Rollout's revision once the controller had seen it.
    pub revision: i64,
    /// In the words of whoever did it.
    pub why: String,
}

/// What is written down on a Rollout, the latest last. What is not in our form is left out: anyone may have written it.
pub fn of(rollout: &Rollout) -> Vec<Action> {
    let annotations = rollout.metadata.annotations.as_ref();
    let text = annotations.and_then(|annotations| annotations.get(ACTIONS));
    let entries: Vec<serde_json::Value> =
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let read = |entry| serde_json::from_value(entry).ok();
    entries.into_iter().filter_map(read).collect()
}

/// The patch that adds an action to what is written down. It is refused as a conflict when the Rollout has changed since
/// it was read, so that two people do not write over each other.
pub fn add(rollout: &Rollout, action: Action) -> PatchRequest {
    let mut actions = of(rollout);
    actions.push(Action { why: action.why.chars().take(LONGEST).collect(), ..action });
    let kept = actions.get(actions.len().saturating_sub(KEPT)..).unwrap_or_default();
    let text = json!(kept).to_string();
    PatchRequest {
        target: Target::of(rollout),
        subresource: Subresource::Main,
        kind: PatchKind::Merge,
        body: json!({"metadata": {
            "annotations": {ACTIONS: text}, "resourceVersion": rollout.metadata.resource_version,
        }}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rollout(actions: Option<&str>) -> Rollout {
        let mut rollout: Rollout = serde_json::from_value(json!({
            "metadata": {"name": "shop", "namespace": "shop", "resourceVersion": "7"}, "spec": {},
        }))
        .unwrap();
        rollout.metadata.annotations = actions.map(|text| [(ACTIONS.to_owned(), text.to_owned())].into());
        rollout
    }

    fn action(number: i64, why: &str) -> Action {
        let (who, did) = ("alice".to_owned(), "promote".to_owned());
        Action {
            at: Timestamp::from_second(number).unwrap(),
            who,
            did,
            revision: number,
            why: why.to_owned(),
        }
    }

    /// The Rollout as it is after the patch.
    fn after(rollout: &Rollout, action: Action) -> Rollout {
        let patch = add(rollout, action);
        assert_eq!(patch.body["metadata"]["resourceVersion"], "7");
        let text = patch.body["metadata"]["annotations"][ACTIONS].as_str().unwrap();
        self::rollout(Some(text))
    }

    #[test]
    fn the_latest_are_kept_in_their_order() {
        let mut one = rollout(None);
        assert!(of(&one).is_empty());
        for number in 0..=KEPT as i64 {
            one = after(&one, action(number, "looks good"));
        }
        let revisions: Vec<i64> = of(&one).iter().map(|action| action.revision).collect();
        assert_eq!(revisions, (1..=KEPT as i64).collect::<Vec<_>>());
        assert_eq!(of(&one).last(), Some(&action(KEPT as i64, "looks good")));
    }

    #[test]
    fn a_reason_has_its_bound_in_characters() {
        let long = "ü".repeat(LONGEST + 1);
        let one = after(&rollout(None), action(1, &long));
        assert_eq!(of(&one)[0].why.chars().count(), LONGEST);
    }

    #[test]
    fn what_others_wrote_there_is_left_out_and_does_no_harm() {
        let good = json!([{"who": 1}, action(1, "mine"), "no"]).to_string();
        for (text, left) in [("", 0), ("nonsense", 0), ("{}", 0), (good.as_str(), 1)] {
            let one = rollout(Some(text));
            assert_eq!(of(&one).len(), left, "{text}");
            assert_eq!(of(&after(&one, action(2, "next"))).len(), left + 1, "{text}");
        }
    }
}
