//! What Argo CD said of the applications all along, and what of it was not to be. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::argo::text_at;

/// What an application is expected to be like while a commit is brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It goes on by itself, without a pause.
    Automatic,
    /// It pauses on its way, which Argo CD calls Suspended.
    Pausing,
    /// It pauses, and an autoscaler belongs to it: Degraded to Argo CD while pods that have just started are not measured.
    Autoscaled,
}

impl Kind {
    fn expects(self, health: &str) -> bool {
        match health {
            "Healthy" | "Progressing" => true,
            "Suspended" => self != Kind::Automatic,
            "Degraded" => self == Kind::Autoscaled,
            _ => false,
        }
    }
}

/// How often a commit may be synced. Argo CD heals by what it has cached, which may be older than what it has just
/// applied: a second sync then follows a second after the first, and changes nothing. More would be a quarrel.
const SYNCS: usize = 2;

/// What was seen that was not to be.
#[derive(Debug, Default)]
pub(super) struct Unexpected {
    /// A line each, and each once.
    lines: BTreeSet<String>,
    applications: BTreeMap<String, Seen>,
}

/// What was seen of an application so far.
#[derive(Debug, Default)]
struct Seen {
    /// It was Synced on the commit: from then on it stays so.
    synced: bool,
    /// In the last look it was not, and nothing was under way that changes it.
    differs: bool,
    /// When each sync of the commit began.
    syncs: BTreeSet<String>,
}

impl Unexpected {
    /// Takes an Application in as it is now; `commit` is what is being brought.
    pub(super) fn see(&mut self, application: &Value, kind: Kind, commit: &str) {
        let name = text_at(application, "/metadata/name");
        let health = text_at(application, "/status/health/status");
        if !kind.expects(health) {
            self.lines.insert(format!("{name} was {health}"));
        }
        let seen = self.applications.entry(name.to_owned()).or_default();
        if text_at(application, "/status/operationState/syncResult/revision") == commit {
            seen.syncs.insert(text_at(application, "/status/operationState/startedAt").to_owned());
        }
        if seen.syncs.len() > SYNCS {
            self.lines.insert(format!("{name} was synced more than {SYNCS} times"));
        }
        let sync = text_at(application, "/status/sync/status");
        seen.synced |= sync == "Synced" && text_at(application, "/status/sync/revision") == commit;
        let at_work = text_at(application, "/status/operationState/phase") == "Running";
        let differs = seen.synced && sync != "Synced" && !at_work;
        // What was applied is compared a moment later.
        if differs && seen.differs {
            let which = out_of_sync(application);
            self.lines.insert(format!("{name} was {sync}{which}"));
        }
        seen.differs = differs;
    }

    /// All of it; nothing when all was as expected.
    pub(super) fn lines(&self) -> Vec<String> {
        self.lines.iter().cloned().collect()
    }
}

/// The objects that differ, in brackets.
fn out_of_sync(application: &Value) -> String {
    let resources = application.pointer("/status/resources").and_then(Value::as_array).into_iter().flatten();
    let differs = |resource: &&Value| text_at(resource, "/status") == "OutOfSync";
    let named = |resource: &Value| format!("{} {}", text_at(resource, "/kind"), text_at(resource, "/name"));
    let names: Vec<String> = resources.filter(differs).map(named).collect();
    if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SYNCED: (&str, &str, &str) = ("Synced", "Healthy", "Succeeded");
    const DIFFERS: (&str, &str, &str) = ("OutOfSync", "Healthy", "Succeeded");

    fn health(health: &str) -> (&str, &str, &str) {
        ("Synced", health, "Succeeded")
    }

    /// What is told of an application that was like this, one after the other: sync, health, operation.
    fn told(kind: Kind, looks: &[(&str, &str, &str)]) -> Vec<String> {
        let mut unexpected = Unexpected::default();
        for (sync, health, phase) in looks {
            unexpected.see(&application(sync, health, phase, "10:00"), kind, "new");
        }
        unexpected.lines()
    }

    fn application(sync: &str, health: &str, phase: &str, began: &str) -> Value {
        json!({"metadata": {"name": "shop"}, "status": {
            "sync": {"status": sync, "revision": "new"}, "health": {"status": health},
            "operationState": {"phase": phase, "startedAt": began, "syncResult": {"revision": "new"}},
        }})
    }

    #[test]
    fn what_was_not_to_be_is_told() {
        let nothing: [&str; 0] = [];
        for (kind, looks, expected) in [
            // Until the commit is applied Git and the cluster differ, as they should.
            (Kind::Automatic, &[DIFFERS, DIFFERS, health("Progressing"), SYNCED][..], &nothing[..]),
            (Kind::Automatic, &[SYNCED, DIFFERS, SYNCED, DIFFERS], &nothing),
            (Kind::Automatic, &[SYNCED, ("OutOfSync", "Healthy", "Running"), DIFFERS], &nothing),
            (Kind::Automatic, &[SYNCED, DIFFERS, DIFFERS], &["shop was OutOfSync"]),
            (Kind::Automatic, &[health("Suspended")], &["shop was Suspended"]),
            (Kind::Pausing, &[health("Suspended"), SYNCED], &nothing),
            (Kind::Pausing, &[health("Degraded")], &["shop was Degraded"]),
            (Kind::Autoscaled, &[health("Degraded")], &nothing),
            (Kind::Autoscaled, &[health("Missing")], &["shop was Missing"]),
        ] {
            assert_eq!(told(kind, looks), expected, "{kind:?} {looks:?}");
        }
    }

    #[test]
    fn a_quarrel_about_a_field_is_told() {
        for (syncs, expected) in [(2, 0), (3, 1)] {
            let mut unexpected = Unexpected::default();
            for number in 0..syncs {
                let began = format!("10:0{number}");
                unexpected.see(&application("Synced", "Healthy", "Succeeded", &began), Kind::Pausing, "new");
            }
            assert_eq!(unexpected.lines().len(), expected, "{syncs} syncs");
        }
    }
}
