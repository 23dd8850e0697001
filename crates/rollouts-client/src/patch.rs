//! A change as a value: what is sent to the API server, before anything is sent.

use std::fmt;

use serde_json::Value;

use crate::types::Rollout;

/// One patch of one object.
#[derive(Debug, Clone, PartialEq)]
pub struct PatchRequest {
    /// What is patched.
    pub target: Target,
    /// Which part of it.
    pub subresource: Subresource,
    /// The kind of patch.
    pub kind: PatchKind,
    /// The patch.
    pub body: Value,
}

/// The object that a patch is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Group and version, `argoproj.io/v1alpha1`; `v1` for the core group.
    pub api_version: String,
    /// The kind.
    pub kind: String,
    /// The plural in addresses.
    pub plural: String,
    /// The namespace; the client's own when not said.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
}

/// Which part of an object is patched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subresource {
    /// The object without its status.
    Main,
    /// The status, which the API server keeps apart from the rest.
    Status,
}

/// The kind of a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchKind {
    /// JSON merge patch (RFC 7386).
    Merge,
    /// JSON patch (RFC 6902).
    Json,
}

impl PatchKind {
    /// The word of `kubectl patch --type`.
    pub fn as_str(self) -> &'static str {
        match self {
            PatchKind::Merge => "merge",
            PatchKind::Json => "json",
        }
    }
}

impl Target {
    /// A Rollout.
    pub fn of(rollout: &Rollout) -> Self {
        Target {
            api_version: Rollout::API_VERSION.to_owned(),
            kind: Rollout::KIND.to_owned(),
            plural: Rollout::PLURAL.to_owned(),
            namespace: rollout.metadata.namespace.clone(),
            name: rollout.name().to_owned(),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.to_lowercase(), self.name)
    }
}

impl fmt::Display for PatchRequest {
    /// The `kubectl` line that does the same, quoted for a POSIX shell.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = match self.target.api_version.split_once('/') {
            Some((group, _)) => format!("{}.{group}", self.target.plural),
            None => self.target.plural.clone(),
        };
        write!(f, "kubectl patch {plural} {}", self.target.name)?;
        if let Some(namespace) = &self.target.namespace {
            write!(f, " -n {namespace}")?;
        }
        if self.subresource == Subresource::Status {
            f.write_str(" --subresource status")?;
        }
        let body = self.body.to_string().replace('\'', r"'\''");
        write!(f, " --type {} -p '{body}'", self.kind.as_str())
    }
}
