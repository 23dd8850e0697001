//! Names of targets: what was done on one counts on no other.

use std::str::FromStr;

/// The target that is meant when none is named: nobody touches a real cluster by accident.
pub const DEFAULT: &str = "sim";

/// A target's name: `sim`, `host`, `kind` or `context:NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target(String);

impl Target {
    /// The name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

/// A word that is no target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown target \"{0}\": one of sim, host, kind, context:NAME")]
pub struct UnknownTarget(pub String);

impl FromStr for Target {
    type Err = UnknownTarget;

    fn from_str(name: &str) -> Result<Self, UnknownTarget> {
        let known = matches!(name, "sim" | "host" | "kind");
        let context = name.strip_prefix("context:").is_some_and(|context| !context.is_empty());
        if known || context { Ok(Target(name.to_owned())) } else { Err(UnknownTarget(name.to_owned())) }
    }
}
