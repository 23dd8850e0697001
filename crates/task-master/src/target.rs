//! Where steps take effect.
//!
//! The default is the simulated cluster, so that nobody touches a real one by accident. What was done on one
//! target counts on no other.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A target, by the name that status is kept under.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Target {
    /// The embedded simulated cluster, which lives in the state folder.
    #[default]
    Sim,
    /// The real stack as processes of this host.
    Host,
    /// A kind cluster.
    Kind,
    /// Any context of the kubeconfig.
    Context(String),
}

/// A text that names no target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown target `{0}`: one of sim, host, kind, context:NAME")]
pub struct UnknownTarget(pub String);

impl FromStr for Target {
    type Err = UnknownTarget;

    fn from_str(text: &str) -> Result<Self, UnknownTarget> {
        match text {
            "sim" => Ok(Self::Sim),
            "host" => Ok(Self::Host),
            "kind" => Ok(Self::Kind),
            _ => match text.strip_prefix("context:") {
                Some(name) if !name.is_empty() && !name.starts_with('-') => {
                    Ok(Self::Context(name.to_owned()))
                }
                _ => Err(UnknownTarget(text.to_owned())),
            },
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sim => f.write_str("sim"),
            Self::Host => f.write_str("host"),
            Self::Kind => f.write_str("kind"),
            Self::Context(name) => write!(f, "context:{name}"),
        }
    }
}

impl Target {
    /// Whether it is somebody's cluster, so that a person is asked before the first write.
    #[must_use]
    pub fn needs_consent(&self) -> bool {
        matches!(self, Self::Context(_))
    }

    /// The kubeconfig and context that tools use there; none on the simulator, which tools cannot reach.
    /// `root` is the repository, `default` the user's own kubeconfig.
    #[must_use]
    pub fn kubeconfig(&self, root: &Path, default: Option<PathBuf>) -> Option<(PathBuf, Option<String>)> {
        match self {
            Self::Sim => None,
            Self::Host => Some((root.join(HOST_KUBECONFIG), None)),
            Self::Kind => Some((default?, Some(KIND_CONTEXT.to_owned()))),
            Self::Context(name) => Some((default?, Some(name.clone()))),
        }
    }
}

/// Where `cargo xtask cluster up --provider host` leaves the kubeconfig, relative to the repository.
pub const HOST_KUBECONFIG: &str = ".cluster/host/kubeconfig";

/// The context that kind creates for the cluster of `terraform/`.
pub const KIND_CONTEXT: &str = "kind-progressive-delivery";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for name in ["sim", "host", "kind", "context:prod-eu"] {
            assert_eq!(name.parse::<Target>().unwrap().to_string(), name);
        }
        for wrong in ["", "prod", "context:", "context:-x", "Sim"] {
            assert_eq!(wrong.parse::<Target>(), Err(UnknownTarget(wrong.to_owned())));
        }
    }
}
