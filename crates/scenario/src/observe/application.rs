//! What Argo CD says of the scenario's Application: facts, conditions, and a line for an error.

use serde_json::Value;

use super::{Kind, Observer, text};
use crate::transcript::{Fact, FactKind};

impl Observer {
    /// Notes a commit; it is called c1, c2 … in this order.
    pub fn committed(&mut self, commit: &str) {
        self.names.committed(commit);
    }

    /// Adds what is new in this step. How often Argo CD goes to and fro while pods become ready is chance, so each state
    /// is told once; and which health comes first, so these are told by name.
    pub(super) fn application_changed(&mut self, name: &str, object: &Value) -> bool {
        let before = self.object(Kind::Application, name);
        // One sync ends like the one before it.
        let ended =
            |application: &Value| text(application, "/status/operationState/finishedAt").map(str::to_owned);
        let another = before.and_then(ended) != ended(object);
        let before = before.map(facts).unwrap_or_default();
        let mut news = false;
        for fact in facts(object) {
            let stands = before.contains(&fact) && !(another && fact.kind == FactKind::Operation);
            if !stands && !self.step.application.contains(&fact) {
                self.step.application.push(fact);
                news = true;
            }
        }
        news
    }

    pub(super) fn application_is(&self, pointer: &str, wanted: &str) -> bool {
        self.of_kind(Kind::Application).any(|application| text(application, pointer) == Some(wanted))
    }

    pub(super) fn was_out_of_sync(&self) -> bool {
        let told = |fact: &Fact| fact.kind == FactKind::Sync && fact.text.starts_with("OutOfSync");
        self.step.application.iter().any(told)
    }

    pub(super) fn is_synced(&self, commit: &str) -> bool {
        self.names.hash(commit).is_some_and(|hash| {
            self.application_is("/status/sync/status", "Synced")
                && self.application_is("/status/sync/revision", hash)
                && self.application_is("/status/operationState/phase", "Succeeded")
                && self.application_is("/status/operationState/syncResult/revision", hash)
        })
    }

    pub(super) fn application_summary(&self, object: &Value) -> String {
        let facts: Vec<String> = facts(object).iter().map(|fact| self.names.normalise(&fact.text)).collect();
        let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
        let conditions: Vec<&str> =
            conditions.into_iter().flatten().filter_map(|condition| text(condition, "/message")).collect();
        let conditions =
            if conditions.is_empty() { String::new() } else { format!(" ({})", conditions.join("; ")) };
        format!("the application is {}{conditions}", facts.join(", "))
    }
}

/// What an Application says now.
fn facts(application: &Value) -> Vec<Fact> {
    let fact = |kind, text: String| Fact { kind, text };
    let at = |pointer: &str| text(application, pointer).filter(|text| !text.is_empty());
    let sync = at("/status/sync/status").map(|status| match at("/status/sync/revision") {
        Some(revision) => format!("{status} {revision}"),
        None => status.to_owned(),
    });
    // That one runs is seen or not; and by a cache older than what it has just applied Argo CD may begin one more.
    let message = at("/status/operationState/message").unwrap_or_default();
    let ended = |phase: &&str| *phase != "Running" && !message.contains("no more tasks");
    let operation = at("/status/operationState/phase").filter(ended).map(|phase| {
        let revision = at("/status/operationState/syncResult/revision").unwrap_or("?");
        format!("{revision} {phase}: {message}")
    });
    let health = at("/status/health/status").map(str::to_owned);
    [(FactKind::Sync, sync), (FactKind::Health, health), (FactKind::Operation, operation)]
        .into_iter()
        .filter_map(|(kind, text)| Some(fact(kind, text?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::script::Condition;

    fn application(sync: [&str; 2], health: &str, operation: [&str; 2]) -> Value {
        json!({
            "metadata": { "name": "app" },
            "status": {
                "sync": { "status": sync[0], "revision": sync[1] },
                "health": { "status": health },
                "operationState": {
                    "phase": operation[0], "message": "done", "syncResult": { "revision": operation[1] },
                },
            },
        })
    }

    #[test]
    fn each_thing_that_argo_cd_says_is_told_once_a_step_with_the_commits_by_their_names() {
        let mut observer = Observer::new("demo");
        observer.committed("aaa");
        observer.committed("bbb");
        for (sync, health, operation) in [
            (["Synced", "aaa"], "Healthy", ["Succeeded", "aaa"]),
            (["OutOfSync", "bbb"], "Healthy", ["Running", "bbb"]),
            (["Synced", "bbb"], "Progressing", ["Succeeded", "bbb"]),
            (["Synced", "bbb"], "Healthy", ["Succeeded", "bbb"]),
            (["Synced", "bbb"], "Suspended", ["Succeeded", "bbb"]),
            (["Synced", "bbb"], "Progressing", ["Succeeded", "bbb"]),
        ] {
            observer.see(Kind::Application, application(sync, health, operation), false);
        }
        let lines = |observer: &mut Observer| -> Vec<String> {
            observer.finish("a step").facts.iter().map(ToString::to_string).collect()
        };
        assert_eq!(
            lines(&mut observer),
            [
                "sync      Synced c1",
                "sync      OutOfSync c2",
                "sync      Synced c2",
                "health    Healthy",
                "health    Progressing",
                "health    Suspended",
                "operation c1 Succeeded: done",
                "operation c2 Succeeded: done",
            ]
        );
        assert_eq!(lines(&mut observer), [""; 0]);
        let mut again = application(["Synced", "bbb"], "Progressing", ["Succeeded", "bbb"]);
        again["status"]["operationState"]["finishedAt"] = json!("later");
        observer.see(Kind::Application, again, false);
        assert_eq!(lines(&mut observer), ["operation c2 Succeeded: done"], "one more sync of it");
        assert_eq!(
            observer.summary(),
            "no phase yet; the application is Synced c2, Progressing, c2 Succeeded: done"
        );
    }

    #[test]
    fn a_sync_that_found_nothing_to_do_is_no_fact() {
        let mut synced = application(["Synced", "aaa"], "Healthy", ["Succeeded", "aaa"]);
        assert_eq!(facts(&synced).len(), 3);
        synced["status"]["operationState"]["message"] = json!("successfully synced (no more tasks)");
        assert_eq!(facts(&synced).len(), 2);
    }

    #[test]
    fn a_commit_is_synced_when_its_sync_has_succeeded() {
        let synced = |commit: &str| Condition::Synced { commit: commit.to_owned() };
        for (sync, operation, holds) in [
            (["Synced", "bbb"], ["Succeeded", "bbb"], true),
            (["OutOfSync", "bbb"], ["Succeeded", "bbb"], false),
            (["Synced", "bbb"], ["Succeeded", "aaa"], false),
            (["Synced", "bbb"], ["Running", "bbb"], false),
            (["Synced", "aaa"], ["Succeeded", "aaa"], false),
        ] {
            let mut observer = Observer::new("demo");
            observer.committed("aaa");
            observer.committed("bbb");
            observer.see(Kind::Application, application(sync, "Healthy", operation), false);
            assert_eq!(observer.holds(&synced("c2")), holds, "{sync:?} {operation:?}");
            assert!(!observer.holds(&synced("c3")), "there is no such commit");
            assert_eq!(observer.holds(&Condition::OutOfSync), sync[0] == "OutOfSync");
            assert!(observer.holds(&Condition::Health("Healthy".into())));
        }
    }
}
