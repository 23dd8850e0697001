//! Where steps take effect.
//!
//! The default is the simulated cluster, so that nobody touches a real one by accident. What was done on one
//! target counts on no other.

use std::ffi::OsString;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
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

/// The kinds of targets, as a runbook's `on` names them.
pub const KINDS: [&str; 4] = ["sim", "host", "kind", "context"];

impl Target {
    /// Which of [`KINDS`] it is.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Sim => "sim",
            Self::Host => "host",
            Self::Kind => "kind",
            Self::Context(_) => "context",
        }
    }

    /// Whether it is somebody's cluster, so that a person is asked before the first write.
    #[must_use]
    pub fn needs_consent(&self) -> bool {
        matches!(self, Self::Context(_))
    }

    /// The files of the kubeconfig, and the context, that tools use there; none on the simulator, which tools cannot
    /// reach. `environment` is that of the run.
    #[must_use]
    pub fn kubeconfig(&self, environment: &[(OsString, OsString)]) -> Option<(Vec<PathBuf>, Option<String>)> {
        match self {
            Self::Sim => None,
            Self::Host => Some((vec![host_kubeconfig(environment)], None)),
            Self::Kind => Some((user_kubeconfig(environment), Some(KIND_CONTEXT.to_owned()))),
            Self::Context(name) => Some((user_kubeconfig(environment), Some(name.clone()))),
        }
    }
}

/// Where `cargo xtask cluster up --provider host` leaves the kubeconfig.
fn host_kubeconfig(environment: &[(OsString, OsString)]) -> PathBuf {
    let state = find(environment, "XDG_STATE_HOME").map_or_else(|| PathBuf::from("/var/lib"), PathBuf::from);
    state.join("blue-green-canary/host/kubeconfig")
}

/// The files of the user's own kubeconfig: those that `KUBECONFIG` names, else the one at the usual place; none where
/// neither `KUBECONFIG` nor `HOME` is set.
pub(crate) fn user_kubeconfig(environment: &[(OsString, OsString)]) -> Vec<PathBuf> {
    match (find(environment, "KUBECONFIG"), find(environment, "HOME")) {
        (Some(named), _) => {
            std::env::split_paths(named).filter(|file| !file.as_os_str().is_empty()).collect()
        }
        (None, Some(home)) => vec![PathBuf::from(home).join(".kube/config")],
        (None, None) => Vec::new(),
    }
}

fn find<'a>(environment: &'a [(OsString, OsString)], name: &str) -> Option<&'a OsString> {
    environment.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value)
}

/// Where the ingress of the host cluster answers.
pub const HOST_INGRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8880);

/// Where the ingress of other clusters answers unless the run is told otherwise.
pub const INGRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 80);

/// The context that kind creates for the cluster of `terraform/`.
pub const KIND_CONTEXT: &str = "kind-blue-green-canary";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kubeconfig_is_the_files_that_are_named_or_the_one_at_home() {
        let files = |environment: &[(&str, &str)]| {
            let environment: Vec<_> = environment.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
            user_kubeconfig(&environment)
        };
        let paths = |list: &[&str]| list.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(files(&[("KUBECONFIG", "/a::/b"), ("HOME", "/h")]), paths(&["/a", "/b"]));
        assert_eq!(files(&[("KUBECONFIG", ""), ("HOME", "/h")]), paths(&["/h/.kube/config"]));
        assert_eq!(files(&[]), paths(&[]));
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for name in ["sim", "host", "kind", "context:prod-eu"] {
            let target = name.parse::<Target>().unwrap();
            assert_eq!(target.to_string(), name);
            assert!(KINDS.contains(&target.kind()) && name.starts_with(target.kind()));
        }
        for wrong in ["", "prod", "context:", "context:-x", "Sim"] {
            assert_eq!(wrong.parse::<Target>(), Err(UnknownTarget(wrong.to_owned())));
        }
    }
}
