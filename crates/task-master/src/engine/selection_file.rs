//! What a run was asked for, beside its logs, so that it can be resumed.

use std::fs::{DirBuilder, File};
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::EngineError;

/// The document. A field may be added with a default.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RunDoc {
    schema_version: u32,
    label: String,
    tasks: Vec<String>,
    variables: std::collections::BTreeMap<String, String>,
}

/// What a run was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) label: String,
    pub(super) tasks: Vec<String>,
    pub(super) variables: std::collections::BTreeMap<String, String>,
}

/// Writes it durably.
pub(super) fn write(state: &Path, run: &str, asked: &Asked) -> Result<(), EngineError> {
    let folder = state.join("runs").join(run);
    let path = folder.join("run.json");
    let failed = |source| EngineError::Write { path: path.clone(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed)?;
    let Asked { label, tasks, variables } = asked.clone();
    let document = RunDoc { schema_version: 1, label, tasks, variables };
    let text = serde_json::to_vec(&document).map_err(|error| failed(error.into()))?;
    let mut file = File::create(&path).map_err(failed)?;
    file.write_all(&text).and_then(|()| file.sync_all()).map_err(failed)
}

/// Reads it; none where the run died before it was written.
pub(super) fn read(state: &Path, run: &str) -> Option<Asked> {
    let text = std::fs::read(state.join("runs").join(run).join("run.json")).ok()?;
    let RunDoc { label, tasks, variables, .. } = serde_json::from_slice(&text).ok()?;
    Some(Asked { label, tasks, variables })
}
