//! Fake tools on a PATH of their own, and what they were asked.

#![expect(clippy::unwrap_used, reason = "a test whose fixture cannot be built has failed")]

use std::ffi::OsString;
use std::path::PathBuf;

use serde_json::Value;

/// A folder with fake tools on PATH.
pub(crate) struct Fakes {
    folder: tempfile::TempDir,
}

impl Fakes {
    /// Fakes of `tools` that answer by `rules` (see `tests/fake-tool`).
    pub(crate) fn new(tools: &[&str], rules: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("bin")).unwrap();
        std::fs::create_dir_all(folder.path().join("fake/world")).unwrap();
        let fakes = Self { folder };
        for tool in tools {
            let to = fakes.bin().join(tool);
            if std::fs::hard_link(env!("CARGO_BIN_EXE_fake-tool"), &to).is_err() {
                std::fs::copy(env!("CARGO_BIN_EXE_fake-tool"), &to).unwrap();
            }
        }
        fakes.rules(rules);
        fakes
    }

    pub(crate) fn bin(&self) -> PathBuf {
        self.folder.path().join("bin")
    }

    pub(crate) fn rules(&self, rules: &Value) {
        std::fs::write(self.folder.path().join("fake/rules.json"), rules.to_string()).unwrap();
    }

    /// The environment in which the fakes are found.
    pub(crate) fn environment(&self) -> Vec<(OsString, OsString)> {
        vec![("PATH".into(), self.bin().into())]
    }

    /// What was called and which signals arrived, in order.
    pub(crate) fn calls(&self) -> Vec<Value> {
        self.lines("calls.jsonl").iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The signals that arrived.
    pub(crate) fn signals(&self) -> Vec<i64> {
        self.calls().iter().filter_map(|call| call["signal"].as_i64()).collect()
    }

    /// Effects in the order in which they were applied.
    pub(crate) fn effects(&self) -> Vec<String> {
        self.lines("effects.log")
    }

    fn lines(&self, file: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.path().join("fake").join(file)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}
