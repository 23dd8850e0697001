//! The external tools, one pure module each: an intent becomes a [`Command`], a finished child an [`Outcome`].
//!
//! Nothing here starts a process or reads a file. What an exit code means is a table per verb, because it
//! differs: 1 from `kubectl diff` and `argocd app diff` and 2 from `terraform plan -detailed-exitcode` say
//! "there is a difference". Text on standard error is never a failure by itself; it only tells, once the exit
//! code has said that it failed, whether trying again can help.

pub mod argocd;
pub mod helm;
pub mod kubectl;
pub mod terraform;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::command::{Command, Secret};
use crate::runner::{Ending, Finished};

/// A tool: how to ask it, and what its answer means.
pub trait Executor {
    /// What can be asked of it.
    type Intent;

    /// The command that carries `intent` out at `place`.
    fn command(&self, intent: &Self::Intent, place: &Place) -> Command;

    /// What the end of that command means.
    fn outcome(&self, intent: &Self::Intent, finished: &Finished) -> Outcome;
}

/// Where and with what a tool works.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// The folder that relative paths of an intent start from: the root of the repository.
    pub root: PathBuf,
    /// A folder for files that the tool leaves behind (plans, plugin caches), outside the repository.
    pub scratch: PathBuf,
    /// The kubeconfig of the target, as `KUBECONFIG` names it, where the tool talks to a cluster.
    pub kubeconfig: Option<OsString>,
    /// The kubeconfig's context; its current one when absent.
    pub context: Option<String>,
    /// Variables that the run sets for its tools.
    pub environment: BTreeMap<String, String>,
    /// The same, never shown.
    pub secrets: BTreeMap<String, Secret>,
}

/// What a command came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It did what was asked; for a question, the answer is yes.
    Done,
    /// The question was whether something differs, and it does. This is an answer, not a failure.
    Differs,
    /// It failed.
    Failed {
        /// Whether trying again can help.
        class: Class,
        /// What it said, shortened to the lines that matter. May hold secrets until cleaned.
        message: String,
    },
}

/// Whether a failure may pass by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The network, a server or a lock was in the way.
    Transient,
    /// The same again will fail again.
    Permanent,
    /// It ran into its limit: what it did until then is for the check to find out.
    TimedOut,
    /// We were told to stop, and so was it.
    Interrupted,
}

impl Place {
    /// A command for `tool` with this place's environment.
    pub(crate) fn command(&self, tool: &str) -> Command {
        let mut command = Command::new(tool).env("NO_COLOR", "1");
        command.env.extend(self.environment.clone());
        command.secrets.extend(self.secrets.clone());
        if !self.root.as_os_str().is_empty() {
            command = command.cwd(&self.root);
        }
        command
    }
}

/// The meaning of one exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    Done,
    Differs,
}

/// Reads `finished` by a table of exit codes; a code that is not in it is a failure.
pub(crate) fn by_exit_code(finished: &Finished, table: &[(i32, Meaning)]) -> Outcome {
    let code = match finished.ending {
        Ending::Exited(code) => code,
        Ending::TimedOut(after) => {
            let message = format!("did not end within {} s and was stopped", after.as_secs_f32());
            return Outcome::Failed { class: Class::TimedOut, message };
        }
        Ending::Interrupted(_) => {
            return Outcome::Failed { class: Class::Interrupted, message: "was interrupted".to_owned() };
        }
        Ending::Signalled(signal) => {
            let message = format!("was ended by signal {signal} from outside");
            return Outcome::Failed { class: Class::Transient, message };
        }
    };
    match table.iter().find(|(listed, _)| *listed == code) {
        Some((_, Meaning::Done)) => Outcome::Done,
        Some((_, Meaning::Differs)) => Outcome::Differs,
        None => failed(code, finished),
    }
}

fn failed(code: i32, finished: &Finished) -> Outcome {
    let said = if finished.stderr.text().trim().is_empty() { &finished.stdout } else { &finished.stderr };
    let said = said.text();
    let message = format!("exit code {code}: {}", shorten(&said));
    Outcome::Failed { class: class_of(&said), message }
}

/// The last lines with text in them, on one line.
fn shorten(text: &str) -> String {
    const LINES: usize = 4;
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let kept = &lines[lines.len().saturating_sub(LINES)..];
    if kept.is_empty() { "no output".to_owned() } else { kept.join(" | ") }
}

/// What a tool says when the network, a server or a lock was in the way. Compared in lower case.
const TRANSIENT: &[&str] = &[
    // Nobody answered, or not in time.
    "connection refused",
    "connection reset",
    "connection timed out",
    "broken pipe",
    "no route to host",
    "network is unreachable",
    "i/o timeout",
    "tls handshake timeout",
    "client.timeout exceeded",
    "context deadline exceeded",
    "temporary failure in name resolution",
    "unexpected eof",
    "http2: client connection lost",
    "transport is closing",
    // The server answered that it cannot now.
    "too many requests",
    "internal server error",
    "bad gateway",
    "service unavailable",
    "serviceunavailable",
    "gateway timeout",
    "etcdserver: request timed out",
    "etcdserver: leader changed",
    "the server is currently unable to handle the request",
    "code = unavailable",
    // Somebody else is at it.
    "error acquiring the state lock",
    "another operation is already in progress",
    "another operation (install/upgrade/rollback) is in progress",
    "the object has been modified; please apply your changes to the latest version",
];

/// Whether what a failed tool said is in the table of transient causes.
pub(crate) fn class_of(said: &str) -> Class {
    let said = said.to_lowercase();
    let listed = TRANSIENT.iter().any(|cause| said.contains(cause));
    if listed { Class::Transient } else { Class::Permanent }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use super::*;

    /// A child that ended with `code` and said these.
    pub(crate) fn finished(code: i32, stdout: &str, stderr: &str) -> Finished {
        Finished {
            ending: Ending::Exited(code),
            stdout: stdout.into(),
            stderr: stderr.into(),
            elapsed: Duration::ZERO,
        }
    }

    #[test]
    fn text_on_standard_error_is_not_a_failure() {
        let warned = finished(0, "", "Warning: connection refused, retried");
        assert_eq!(by_exit_code(&warned, &[(0, Meaning::Done)]), Outcome::Done);
    }

    #[test]
    fn only_listed_causes_are_transient() {
        let transient = [
            "The connection to the server 127.0.0.1:6443 was refused: dial tcp: connect: connection refused",
            "Unable to connect to the server: net/http: TLS handshake timeout",
            "Error from server (ServiceUnavailable): the server is currently unable to handle the request",
            "Error: Error acquiring the state lock",
            "Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress",
            "rpc error: code = Unavailable desc = transport is closing",
        ];
        let permanent = [
            "",
            "error: You must be logged in to the server (Unauthorized)",
            "Error from server (NotFound): namespaces \"x\" not found",
            "Error: Unsupported argument",
            "Error from server (Forbidden): rollouts is forbidden",
        ];
        for said in transient {
            assert_eq!(class_of(said), Class::Transient, "{said}");
        }
        for said in permanent {
            assert_eq!(class_of(said), Class::Permanent, "{said}");
        }
    }

    #[test]
    fn an_end_by_a_limit_a_signal_or_an_interrupt_is_its_own_class() {
        let cases = [
            (Ending::TimedOut(Duration::from_secs(2)), Class::TimedOut),
            (Ending::Interrupted(2), Class::Interrupted),
            (Ending::Signalled(9), Class::Transient),
        ];
        for (ending, expected) in cases {
            let ended = Finished { ending, ..finished(0, "", "") };
            let outcome = by_exit_code(&ended, &[(0, Meaning::Done)]);
            assert!(matches!(&outcome, Outcome::Failed { class, .. } if *class == expected), "{outcome:?}");
        }
    }

    #[test]
    fn a_failure_shows_the_last_lines_and_falls_back_on_standard_output() {
        let ended = finished(1, "on stdout", " \n");
        let expected =
            Outcome::Failed { class: Class::Permanent, message: "exit code 1: on stdout".to_owned() };
        assert_eq!(by_exit_code(&ended, &[(0, Meaning::Done)]), expected);
    }
}
