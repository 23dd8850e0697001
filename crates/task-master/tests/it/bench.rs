//! The built binary on the shipped PRD, with a state folder and perhaps a runbook of its own.

#![expect(clippy::unwrap_used, reason = "a test whose fixture cannot be built has failed")]

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The built binary.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_task-master");

/// Waits for something that another process brings about; a test in which it does not has failed.
pub(crate) fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < end, "{what} did not happen");
        std::thread::yield_now();
    }
}

/// Where a test runs the binary.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
    environment: Vec<(OsString, OsString)>,
    runbook: Option<PathBuf>,
    prd: PathBuf,
}

/// What a process came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Bench {
    /// The shipped PRD and runbook, an empty state, and no tool on PATH.
    pub(crate) fn shipped() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            environment: vec![("PATH".into(), "/nonexistent".into())],
            runbook: None,
            prd: root().join("PRD.md"),
        }
    }

    /// The same with another runbook and environment.
    pub(crate) fn with_runbook(text: &str, environment: Vec<(OsString, OsString)>) -> Self {
        let mut bench = Self { environment, ..Self::shipped() };
        let runbook = bench.folder.path().join("runbook.yaml");
        std::fs::write(&runbook, text).unwrap();
        bench.runbook = Some(runbook);
        bench
    }

    /// The same on another PRD.
    pub(crate) fn on(mut self, prd: PathBuf) -> Self {
        self.prd = prd;
        self
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.into(), value.into()));
    }

    /// The binary with these arguments, ready to be started.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        self.command_of(Path::new(BINARY), args)
    }

    /// The same, started through another program.
    pub(crate) fn wrapped(&self, through: &[&str], args: &[&str]) -> Command {
        let words = [through, &[BINARY], args].concat();
        self.command_of(Path::new(words[0]), &words[1..])
    }

    /// The same of another program, or of a copy of the binary.
    #[expect(clippy::disallowed_methods, reason = "the test starts the binary that it tests")]
    pub(crate) fn command_of(&self, program: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).arg("--prd").arg(&self.prd).arg("--state").arg(self.state());
        if let Some(runbook) = &self.runbook {
            command.arg("--runbook").arg(runbook);
        }
        command.env_clear().envs(self.environment.iter().cloned()).current_dir(self.folder.path());
        command
    }

    /// Runs the binary to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.command(args).output().unwrap().into()
    }

    /// Runs it with JSON lines as output.
    pub(crate) fn json(&self, args: &[&str]) -> (Option<i32>, Vec<Value>) {
        let ran = self.run(&[args, &["-o", "json"]].concat());
        let lines = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (ran.code, lines)
    }

    /// Every file below the state folder with its bytes.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        collect(&self.state(), &mut files);
        files.sort();
        files
    }
}

fn collect(folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            let bytes = std::fs::read(&path).unwrap();
            files.push((path, bytes));
        }
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
