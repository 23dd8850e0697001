//! The Argo CD command line. Its token comes from the environment, never from argv.

use std::time::Duration;

use serde::Deserialize;

use super::{Executor, Meaning, Outcome, Place, by_exit_code};
use crate::command::Command;
use crate::runner::Finished;

/// What can be asked of Argo CD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// Whether the cluster differs from what Git says.
    Diff {
        /// The Application.
        app: String,
    },
    /// Its health and sync state, as JSON on standard output; see [`state`].
    Get {
        /// The Application.
        app: String,
    },
    /// Bring the cluster to what Git says.
    Sync {
        /// The Application.
        app: String,
        /// How long it may take.
        timeout: Duration,
    },
    /// Wait until it is synced and healthy.
    Wait {
        /// The Application.
        app: String,
        /// How long.
        timeout: Duration,
    },
}

/// The executor.
#[derive(Debug, Clone, Copy, Default)]
pub struct ArgoCd;

impl Executor for ArgoCd {
    type Intent = Intent;

    fn command(&self, intent: &Intent, place: &Place) -> Command {
        let mut command = place.command("argocd");
        if let Some(file) = &place.kubeconfig {
            command = command.env("KUBECONFIG", file.to_string_lossy());
        }
        let seconds = |timeout: &Duration| format!("--timeout={}", timeout.as_secs().max(1));
        match intent {
            Intent::Diff { app } => command.args(["app", "diff", app]),
            Intent::Get { app } => command.args(["app", "get", app, "--output=json"]),
            Intent::Sync { app, timeout } => command.args(["app", "sync", app]).arg(seconds(timeout)),
            Intent::Wait { app, timeout } => {
                command.args(["app", "wait", app, "--sync", "--health"]).arg(seconds(timeout))
            }
        }
    }

    fn outcome(&self, intent: &Intent, finished: &Finished) -> Outcome {
        match intent {
            // Its own errors come as 20, and as 2 in the versions whose help says so.
            Intent::Diff { .. } => by_exit_code(finished, &[(0, Meaning::Done), (1, Meaning::Differs)]),
            Intent::Get { .. } => match by_exit_code(finished, &[(0, Meaning::Done)]) {
                Outcome::Done if state(&finished.stdout.text()).is_some_and(|state| state.is_good()) => {
                    Outcome::Done
                }
                Outcome::Done => Outcome::Differs,
                other => other,
            },
            Intent::Sync { .. } | Intent::Wait { .. } => by_exit_code(finished, &[(0, Meaning::Done)]),
        }
    }
}

/// An Application's state, in Argo CD's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// `Synced`, `OutOfSync` or `Unknown`.
    pub sync: String,
    /// `Healthy`, `Progressing`, `Degraded`, `Suspended`, `Missing` or `Unknown`.
    pub health: String,
}

impl State {
    /// Synced and healthy.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.sync == "Synced" && self.health == "Healthy"
    }
}

/// Reads the answer to [`Intent::Get`].
#[must_use]
pub fn state(json: &str) -> Option<State> {
    #[derive(Deserialize)]
    struct App {
        status: Status,
    }
    #[derive(Deserialize)]
    struct Status {
        sync: Word,
        health: Word,
    }
    #[derive(Deserialize)]
    struct Word {
        #[serde(default)]
        status: String,
    }
    let app: App = serde_json::from_str(json).ok()?;
    Some(State { sync: app.status.sync.status, health: app.status.health.status })
}

#[cfg(test)]
mod tests {
    use super::super::Class;
    use super::super::tests::finished;
    use super::*;
    use crate::command::Secret;

    fn app() -> String {
        "blue-green-app".to_owned()
    }

    #[test]
    fn commands_hold_no_token() {
        let mut place = Place::default();
        place.secrets.insert("ARGOCD_AUTH_TOKEN".to_owned(), Secret::new("canary"));
        let timeout = Duration::from_secs(90);
        let cases = [
            (Intent::Diff { app: app() }, "app diff blue-green-app"),
            (Intent::Get { app: app() }, "app get blue-green-app --output=json"),
            (Intent::Sync { app: app(), timeout }, "app sync blue-green-app --timeout=90"),
            (Intent::Wait { app: app(), timeout }, "app wait blue-green-app --sync --health --timeout=90"),
        ];
        for (intent, rest) in cases {
            let line = ArgoCd.command(&intent, &place).to_string();
            assert_eq!(line, format!("NO_COLOR=1 ARGOCD_AUTH_TOKEN=\"$ARGOCD_AUTH_TOKEN\" argocd {rest}"));
        }
    }

    #[test]
    fn exit_codes() {
        let diff = Intent::Diff { app: app() };
        assert_eq!(ArgoCd.outcome(&diff, &finished(0, "", "")), Outcome::Done);
        assert_eq!(ArgoCd.outcome(&diff, &finished(1, "", "")), Outcome::Differs);
        for code in [2, 20] {
            let outcome = ArgoCd.outcome(&diff, &finished(code, "", "rpc error: code = Unavailable"));
            assert!(matches!(outcome, Outcome::Failed { class: Class::Transient, .. }), "{outcome:?}");
            let outcome = ArgoCd.outcome(&diff, &finished(code, "", "rpc error: code = PermissionDenied"));
            assert!(matches!(outcome, Outcome::Failed { class: Class::Permanent, .. }), "{outcome:?}");
        }
    }

    #[test]
    fn an_app_is_good_only_when_synced_and_healthy() {
        let get = Intent::Get { app: app() };
        let json = |sync, health| {
            format!(r#"{{"status":{{"sync":{{"status":"{sync}"}},"health":{{"status":"{health}"}}}}}}"#)
        };
        let cases = [
            (json("Synced", "Healthy"), Outcome::Done),
            (json("Synced", "Suspended"), Outcome::Differs),
            (json("OutOfSync", "Healthy"), Outcome::Differs),
            ("{}".to_owned(), Outcome::Differs),
        ];
        for (text, outcome) in cases {
            assert_eq!(ArgoCd.outcome(&get, &finished(0, &text, "")), outcome, "{text}");
        }
    }
}
