//! kubectl: server-side apply under our field manager, and the questions that tell whether it is needed.

use std::path::PathBuf;
use std::time::Duration;

use super::{Executor, Meaning, Outcome, Place, by_exit_code};
use crate::command::Command;
use crate::runner::Finished;

/// The field manager of everything that this program applies, by kubectl or by the API.
pub const FIELD_MANAGER: &str = "task-master";

/// What can be asked of kubectl.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// Whether the cluster differs from the files.
    Diff {
        /// Manifests, relative to the place's root.
        files: Vec<PathBuf>,
    },
    /// Make the cluster as the files say.
    Apply {
        /// Manifests, relative to the place's root.
        files: Vec<PathBuf>,
    },
    /// Wait until a condition holds, at most so long.
    Wait {
        /// `kind/name`.
        object: String,
        /// Its namespace, if it has one.
        namespace: Option<String>,
        /// As kubectl's `--for`.
        condition: String,
        /// How long.
        timeout: Duration,
    },
    /// Its own version and the server's.
    Version,
}

/// The executor.
#[derive(Debug, Clone, Copy, Default)]
pub struct Kubectl;

impl Executor for Kubectl {
    type Intent = Intent;

    fn command(&self, intent: &Intent, place: &Place) -> Command {
        let mut command = place.command("kubectl");
        if let Some(file) = &place.kubeconfig {
            command = command.env("KUBECONFIG", file.to_string_lossy());
        }
        if let Some(context) = &place.context {
            command = command.arg(format!("--context={context}"));
        }
        let manager = format!("--field-manager={FIELD_MANAGER}");
        match intent {
            Intent::Diff { files } => command
                .args(["diff", "--server-side", "--force-conflicts"])
                .arg(manager)
                .args(filenames(files)),
            Intent::Apply { files } => command
                .args(["apply", "--server-side", "--force-conflicts"])
                .arg(manager)
                .args(filenames(files)),
            Intent::Wait { object, namespace, condition, timeout } => {
                let namespace = namespace.iter().map(|name| format!("--namespace={name}"));
                command
                    .arg("wait")
                    .args(namespace)
                    .arg(format!("--for={condition}"))
                    .arg(format!("--timeout={}s", timeout.as_secs().max(1)))
                    .arg(object)
            }
            Intent::Version => command.args(["version", "--output=json"]),
        }
    }

    fn outcome(&self, intent: &Intent, finished: &Finished) -> Outcome {
        match intent {
            Intent::Diff { .. } => by_exit_code(finished, &[(0, Meaning::Done), (1, Meaning::Differs)]),
            Intent::Apply { .. } | Intent::Wait { .. } | Intent::Version => {
                by_exit_code(finished, &[(0, Meaning::Done)])
            }
        }
    }
}

fn filenames(files: &[PathBuf]) -> impl Iterator<Item = String> {
    files.iter().map(|file| format!("--filename={}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::super::Class;
    use super::super::tests::finished;
    use super::*;

    fn diff() -> Intent {
        Intent::Diff { files: vec!["deploy/a.yaml".into(), "-b.yaml".into()] }
    }

    fn wait() -> Intent {
        Intent::Wait {
            object: "pod/x".to_owned(),
            namespace: Some("blue-green".to_owned()),
            condition: "condition=Ready".to_owned(),
            timeout: Duration::from_millis(200),
        }
    }

    #[test]
    fn commands() {
        let place = Place {
            kubeconfig: Some("/k/config".into()),
            context: Some("kind-x".to_owned()),
            ..Place::default()
        };
        let apply = Intent::Apply { files: vec!["deploy/a.yaml".into()] };
        let side = "--server-side --force-conflicts --field-manager=task-master";
        let cases = [
            (diff(), format!("diff {side} --filename=deploy/a.yaml --filename=-b.yaml")),
            (apply, format!("apply {side} --filename=deploy/a.yaml")),
            (wait(), "wait --namespace=blue-green --for=condition=Ready --timeout=1s pod/x".to_owned()),
            (Intent::Version, "version --output=json".to_owned()),
        ];
        for (intent, rest) in cases {
            let line = format!("KUBECONFIG=/k/config NO_COLOR=1 kubectl --context=kind-x {rest}");
            assert_eq!(Kubectl.command(&intent, &place).to_string(), line);
        }
    }

    #[test]
    fn exit_codes() {
        assert_eq!(Kubectl.outcome(&diff(), &finished(0, "", "")), Outcome::Done);
        assert_eq!(Kubectl.outcome(&diff(), &finished(1, "-a\n+b", "")), Outcome::Differs);
        let cases = [
            (diff(), 2, "error: connection refused", Class::Transient),
            (diff(), 2, "error: no such file", Class::Permanent),
            (wait(), 1, "error: timed out waiting for the condition on pods/x", Class::Permanent),
        ];
        for (intent, code, said, expected) in cases {
            let outcome = Kubectl.outcome(&intent, &finished(code, "", said));
            assert!(matches!(&outcome, Outcome::Failed { class, .. } if *class == expected), "{outcome:?}");
        }
    }
}
