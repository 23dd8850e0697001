//! A command as a value: what would run, where, and with what environment.
//!
//! Executors build these and nothing else; only [`crate::runner`] turns one into a process.
//! The arguments are argv, never a shell line, so no text can become a second command.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How a command is asked to end before it is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// SIGTERM (or the signal that reached us) to the whole process group.
    Group,
    /// SIGINT, once, to the leader alone, also when this process dies.
    /// Terraform stops and saves its state at the first interrupt and gives up on it at the second.
    LeaderInterrupt,
}

/// A text that is never shown: `Debug` and `Display` print a mask.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the child's environment and the redactor only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("****")
    }
}

/// What to run: program, arguments, environment, folder. Standard input is always empty.
///
/// `Display` is a line that can be pasted into a POSIX shell; a secret stands there as a reference to
/// the variable of the same name, so that the line works where the secret is set and shows nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The program's name, looked up on PATH, or a path.
    pub program: String,
    /// The arguments, without the program.
    pub args: Vec<String>,
    /// Added to the environment that the runner lets through.
    pub env: BTreeMap<String, String>,
    /// As `env`, but redacted by value wherever output is kept or shown.
    pub secrets: BTreeMap<String, Secret>,
    /// The folder to run in; that of this process when absent.
    pub cwd: Option<PathBuf>,
    /// How it is asked to end.
    pub stop: Stop,
    /// How long it may take to end once asked; then its group is killed.
    pub grace: Duration,
}

impl Command {
    /// A command without arguments, with the parent's folder and a grace of 10 s.
    #[must_use]
    pub fn new(program: impl Into<String>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            env: BTreeMap::new(),
            secrets: BTreeMap::new(),
            cwd: None,
            stop: Stop::Group,
            grace: Duration::from_secs(10),
        }
    }

    /// Appends one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Appends several arguments.
    #[must_use]
    pub fn args<I: IntoIterator<Item = S>, S: Into<String>>(mut self, args: I) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets one variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// Sets one variable whose value is never shown.
    #[must_use]
    pub fn secret(mut self, name: impl Into<String>, value: Secret) -> Self {
        self.secrets.insert(name.into(), value);
        self
    }

    /// Sets the folder to run in.
    #[must_use]
    pub fn cwd(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cwd = Some(folder.into());
        self
    }

    /// Sets how it is asked to end, and how long it may take.
    #[must_use]
    pub fn stop(mut self, stop: Stop, grace: Duration) -> Self {
        self.stop = stop;
        self.grace = grace;
        self
    }
}

impl Command {
    /// The line for somebody who stands in `here`, a path without links: a folder inside is named from there, and that
    /// folder itself is not named at all.
    #[must_use]
    pub fn seen_from(&self, here: &Path) -> String {
        let mut seen = self.clone();
        seen.cwd = self.cwd.as_deref().map(|folder| folder.strip_prefix(here).unwrap_or(folder).to_owned());
        seen.cwd.take_if(|folder| folder.as_os_str().is_empty());
        seen.to_string()
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(folder) = &self.cwd {
            write!(f, "cd {} && ", quote(&folder.to_string_lossy()))?;
        }
        for (name, value) in &self.env {
            write!(f, "{name}={} ", quote(value))?;
        }
        for name in self.secrets.keys() {
            write!(f, "{name}=\"${name}\" ")?;
        }
        f.write_str(&quote(&self.program))?;
        for arg in &self.args {
            write!(f, " {}", quote(arg))?;
        }
        Ok(())
    }
}

/// One word of a POSIX shell: plain where that is safe, else in single quotes.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_can_be_pasted() {
        let cases = [
            (Command::new("kubectl").args(["get", "ns"]), "kubectl get ns"),
            (Command::new("echo").arg(""), "echo ''"),
            (Command::new("echo").arg("it's $HOME; rm"), r"echo 'it'\''s $HOME; rm'"),
            (Command::new("terraform").cwd("a b").env("X", "1 2"), "cd 'a b' && X='1 2' terraform"),
            (Command::new("argocd").secret("TOKEN", Secret::new("canary")), "TOKEN=\"$TOKEN\" argocd"),
        ];
        for (command, line) in cases {
            assert_eq!(command.to_string(), line);
        }
    }

    #[test]
    fn a_folder_is_named_from_where_somebody_stands() {
        let command = Command::new("terraform").cwd("/repo/terraform");
        for (here, line) in [
            ("/repo/terraform", "terraform"),
            ("/repo", "cd terraform && terraform"),
            ("/rep", "cd /repo/terraform && terraform"),
            ("/repo/docs", "cd /repo/terraform && terraform"),
            ("", "cd /repo/terraform && terraform"),
        ] {
            assert_eq!(command.seen_from(Path::new(here)), line, "{here}");
        }
    }

    #[test]
    fn a_secret_is_masked_in_debug_output() {
        let command = Command::new("argocd").secret("TOKEN", Secret::new("canary"));
        assert!(!format!("{command:?}").contains("canary"), "{command:?}");
    }
}
