//! A project in a folder of its own, and the built binary run in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use task_manager::Ledger;
use task_manager::event::Event;

use crate::build::at;

/// The PRD that we ship.
pub(crate) fn shipped_prd() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../PRD.md")
}

/// The built binary.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_task-manager");

/// A folder with a PRD.
pub(crate) struct Bench {
    dir: tempfile::TempDir,
}

/// What a run of the binary left.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Bench {
    /// A folder with the shipped PRD.
    pub(crate) fn shipped() -> Bench {
        Self::with(&fs::read_to_string(shipped_prd()).unwrap())
    }

    /// A folder with a PRD of the given text.
    pub(crate) fn with(prd: &str) -> Bench {
        let bench = Bench { dir: tempfile::tempdir().unwrap() };
        fs::write(bench.path("PRD.md"), prd).unwrap();
        bench
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The state folder.
    pub(crate) fn state(&self) -> PathBuf {
        self.path(".task-master")
    }

    /// Records events, a second apart.
    pub(crate) fn record(&self, events: impl IntoIterator<Item = Event>) {
        let mut ledger = Ledger::open(&self.state()).unwrap();
        for event in events {
            let seconds = i64::try_from(ledger.state().seq()).unwrap();
            ledger.record(at(seconds), "ann", event).unwrap();
        }
    }

    /// The binary with the arguments, to be run in the folder with an environment that says nothing.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.command_of(Path::new(BINARY), arguments)
    }

    /// The same of another program, or of a copy of the binary.
    #[expect(clippy::disallowed_methods, reason = "the one spawn site of these tests")]
    pub(crate) fn command_of(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.dir.path()).stdin(Stdio::null()).env_clear();
        command
    }

    /// Runs the binary.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        ran(self.command(arguments).output().unwrap())
    }

    /// Runs the binary, which must succeed and say nothing on stderr.
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{arguments:?}: {}", ran.stdout);
        ran.stdout
    }

    /// Runs the binary, which must fail so, with nothing on stdout, one message, and no panic.
    pub(crate) fn fails(&self, arguments: &[&str], code: i32) -> String {
        let ran = self.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (code, ""), "{arguments:?}: {}", ran.stderr);
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        assert_eq!(ran.stderr.matches("error:").count(), 1, "{}", ran.stderr);
        ran.stderr
    }
}

/// What a finished process left.
pub(crate) fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A short PRD with dependencies of every kind.
pub(crate) const SMALL: &str = "\
# Small

## 4. Feature Requirements

### 4.1 Release
- [ ] Instant rollback

## 6. Implementation Phases

### Phase 1: Ground (Priority: Critical)
- [ ] Build the cluster
- [ ] Install the controller (depends on Build the cluster)
  - with its CRDs

### Phase 2: Release (Priority: High)
Phase 2 depends on Phase 1.
- [ ] Deploy
- [ ] Promote (depends on Deploy)

## 13. Success Criteria

### 13.1 MVP
- [ ] One release working
";
