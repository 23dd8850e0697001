//! What Argo CD brought to the cluster, from its Application's `status.history`. It keeps the last ten by default
//! (`spec.revisionHistoryLimit`), and none of a sync that failed.

use jiff::Timestamp;
use serde_json::Value;

use super::Sync;

/// The syncs of an Application, the latest first. An entry without commit or time is left out.
pub(super) fn of(application: &Value) -> Vec<Sync> {
    let entries = application.pointer("/status/history").and_then(Value::as_array).into_iter().flatten();
    let mut syncs: Vec<Sync> = entries.filter_map(sync).collect();
    syncs.sort_by_key(|sync| std::cmp::Reverse(sync.at));
    syncs
}

fn sync(entry: &Value) -> Option<Sync> {
    let time = |field: &str| entry[field].as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let at = time("deployedAt")?;
    // Of several sources the first is the one with the manifests, by Argo CD's own display.
    let commit = entry["revision"].as_str().filter(|commit| !commit.is_empty());
    let commit = commit.or_else(|| entry["revisions"][0].as_str())?.to_owned();
    let began = time("deployStartedAt").unwrap_or(at);
    let by = match entry["initiatedBy"]["username"].as_str() {
        Some(user) if !user.is_empty() => Some(user.to_owned()),
        _ => None,
    };
    Some(Sync { began, at, commit, by })
}

/// The commit whose sync brought an update that began then: the controller sees what is applied in a moment.
pub(super) fn commit_of(syncs: &[Sync], began: Timestamp) -> Option<&str> {
    // Times have whole seconds, and each side its own clock.
    let near = jiff::SignedDuration::from_secs(5);
    let brought = |sync: &&Sync| began >= sync.began - near && began <= sync.at + near;
    syncs.iter().find(brought).map(|sync| sync.commit.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn application() -> Value {
        json!({"status": {"history": [
            {"id": 0, "revision": "aaa", "deployStartedAt": "2026-11-30T10:00:00Z", "deployedAt": "2026-11-30T10:00:03Z",
                "initiatedBy": {"automated": true}},
            {"id": 1, "revisions": ["bbb", "ccc"], "deployedAt": "2026-11-30T11:00:00Z", "initiatedBy": {"username": "ada"}},
            {"id": 2, "revision": "", "deployedAt": "2026-11-30T12:00:00Z"},
            {"id": 3, "revision": "ddd", "deployedAt": "yesterday"},
        ]}})
    }

    #[test]
    fn the_latest_comes_first_with_its_commit_and_whoever_asked_for_it() {
        let syncs = of(&application());
        let said: Vec<_> = syncs.iter().map(|sync| (sync.commit.as_str(), sync.by.as_deref())).collect();
        assert_eq!(said, [("bbb", Some("ada")), ("aaa", None)]);
        assert!(of(&json!({})).is_empty() && of(&json!({"status": {"history": "no"}})).is_empty());
    }

    #[test]
    fn an_update_is_that_of_the_sync_in_which_it_began() {
        let syncs = of(&application());
        for (began, commit) in [
            ("2026-11-30T10:00:01Z", Some("aaa")),
            ("2026-11-30T10:00:08Z", Some("aaa")),
            ("2026-11-30T10:00:09Z", None),
            ("2026-11-30T10:59:55Z", Some("bbb")),
            ("2026-11-30T10:30:00Z", None),
        ] {
            assert_eq!(commit_of(&syncs, began.parse().unwrap()), commit, "{began}");
        }
    }
}
