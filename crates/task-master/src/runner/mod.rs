//! The only place where a process is started.
//!
//! A child gets a process group of its own, an empty standard input, an environment by allow-list, and is
//! started through a small shim (see [`shim`]) that waits for our word before it becomes the program. So
//! the child's identity can be on disk before it does anything, and it ends when this process dies.
//!
//! What it does not do: it gives no terminal, keeps no more than the caps of [`Limits`] in memory or on
//! disk, and never waits without a bound.

mod capture;
mod environment;
mod identity;
mod interrupts;
pub mod shim;
mod wait;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::time::Duration;

pub use capture::{Captured, Stream};
pub use identity::ChildId;
pub use interrupts::Interrupts;

use crate::command::{Command, Stop};

/// Bounds on one run of a command.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long it may run.
    pub timeout: Duration,
    /// Bytes of each stream kept in memory for the caller; the rest is counted and dropped.
    pub keep: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(600), keep: 4 << 20 }
    }
}

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this code.
    Exited(i32),
    /// By a signal that we did not send.
    Signalled(i32),
    /// We ended it: it ran longer than its limit.
    TimedOut(Duration),
    /// We ended it because we were told to stop by this signal.
    Interrupted(i32),
}

/// A child that has ended.
#[derive(Debug, Clone)]
pub struct Finished {
    /// How it ended.
    pub ending: Ending,
    /// Its standard output, as far as kept. May hold secrets: clean it before showing it.
    pub stdout: Captured,
    /// Its standard error, likewise.
    pub stderr: Captured,
    /// From the word to begin to the end.
    pub elapsed: Duration,
}

/// Why a command could not be run. None of these means that the program did anything.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// No such executable on PATH.
    #[error("{program} is not on PATH")]
    Missing {
        /// The name looked for.
        program: String,
    },
    /// The operating system refused to start it.
    #[error("cannot start {program}")]
    Start {
        /// The program.
        program: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It was started but could not be waited for, even after SIGKILL.
    #[error("lost sight of {program} (pid {pid})")]
    Lost {
        /// The program.
        program: String,
        /// Its process id.
        pid: u32,
    },
}

/// Through what a child is started.
#[derive(Debug, Clone)]
pub enum Shim {
    /// This executable, which must call [`shim::run_if_asked`] first thing in `main`.
    Exe(PathBuf),
    /// Nothing: the program is started at once, and may outlive this process.
    /// For programs that embed the library and cannot call the shim.
    None,
}

/// Starts commands.
#[derive(Debug, Clone)]
pub struct Runner {
    shim: Shim,
    environment: BTreeMap<OsString, OsString>,
    path: OsString,
    interrupts: Interrupts,
}

impl Runner {
    /// A runner whose children see the allowed part of `environment`; `TF_*`, `HELM_*`, `ARGOCD_*`, proxies and the like.
    ///
    /// Programs are looked up on the PATH of `environment`, not on that of this process.
    pub fn new(
        shim: Shim,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        interrupts: Interrupts,
    ) -> Self {
        let environment = environment::allowed(environment);
        let path = environment.get(std::ffi::OsStr::new("PATH")).cloned().unwrap_or_default();
        Self { shim, environment, path, interrupts }
    }

    /// The interrupts that this runner hands on to children.
    #[must_use]
    pub fn interrupts(&self) -> &Interrupts {
        &self.interrupts
    }

    /// Where `program` is, if anywhere: a path as it is, a name on PATH.
    #[must_use]
    pub fn find(&self, program: &str) -> Option<PathBuf> {
        if program.contains('/') {
            return Some(PathBuf::from(program)).filter(|path| executable(path));
        }
        std::env::split_paths(&self.path).map(|folder| folder.join(program)).find(|path| executable(path))
    }

    /// Starts `command`, held back until [`Running::finish`] gives the word.
    ///
    /// # Errors
    /// When the program is missing or cannot be started.
    pub fn start(&self, command: &Command) -> Result<Running, RunError> {
        let name = &command.program;
        let program = self.find(name).ok_or_else(|| RunError::Missing { program: name.clone() })?;
        let start_error = |source| RunError::Start { program: name.clone(), source };
        let mut process = self.process(&program, command);
        let mut child = process.spawn().map_err(start_error)?;
        let word = child.stdin.take().filter(|_| matches!(self.shim, Shim::Exe(_)));
        let id = ChildId::of(child.id()).map_err(start_error)?;
        Ok(Running {
            child,
            word,
            id,
            program: name.clone(),
            stop: command.stop,
            grace: command.grace,
            interrupts: self.interrupts.clone(),
        })
    }

    #[expect(clippy::disallowed_methods, reason = "the one spawn site")]
    fn process(&self, program: &Path, command: &Command) -> std::process::Command {
        let mut process = match &self.shim {
            Shim::Exe(exe) => {
                let mut process = std::process::Command::new(exe);
                process.args(shim::arguments(command.stop)).arg(program).stdin(Stdio::piped());
                process
            }
            Shim::None => {
                let mut process = std::process::Command::new(program);
                process.stdin(Stdio::null());
                process
            }
        };
        process.args(&command.args).env_clear().envs(&self.environment).envs(&command.env);
        process.envs(command.secrets.iter().map(|(name, secret)| (name, secret.expose())));
        if let Some(folder) = &command.cwd {
            process.current_dir(folder);
        }
        process.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
        process
    }
}

/// A child that has been started and waits for the word to begin.
#[derive(Debug)]
pub struct Running {
    child: Child,
    word: Option<ChildStdin>,
    id: ChildId,
    program: String,
    stop: Stop,
    grace: Duration,
    interrupts: Interrupts,
}

impl Running {
    /// Which process it is, to find it again after a crash.
    #[must_use]
    pub fn id(&self) -> ChildId {
        self.id
    }

    /// Lets the child begin and waits for its end, within `limits` and the command's grace.
    /// `line` gets each line of output as it comes.
    ///
    /// A child that was never let begin (this value is dropped instead) ends without having run the program.
    ///
    /// # Errors
    /// When the child cannot be waited for.
    pub fn finish(self, limits: &Limits, mut line: impl FnMut(Stream, &str)) -> Result<Finished, RunError> {
        wait::until_ended(self, limits, &mut line)
    }
}

fn executable(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
