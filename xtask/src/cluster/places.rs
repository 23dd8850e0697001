//! Where the host cluster keeps what, and on which addresses it answers.
//!
//! Nothing lies in the working tree: state is in `$XDG_STATE_HOME` (or `/var/lib`), sockets are in `/run`
//! because their paths must be short. Everything listens on loopback, or on one private address that
//! pods reach and the outside does not.

use std::path::{Path, PathBuf};

/// The private address of the host's side; the API server, the kubelet and DNS bind to it.
pub(crate) const ADDRESS: &str = "10.243.0.1";
/// The other side of the same link: components that can only listen on all addresses run there.
pub(crate) const INNER_ADDRESS: &str = "10.243.0.2";
/// Both sides, as the prefix length of their network.
pub(crate) const PREFIX: u8 = 30;
/// The host's end of the link.
pub(crate) const LINK: &str = "bgc0";
/// The network namespace behind it.
pub(crate) const NAMESPACE: &str = "bgc";
/// The bridge that the pods hang on.
pub(crate) const BRIDGE: &str = "bgc-pods";
/// Addresses of pods.
pub(crate) const PODS: &str = "10.244.0.0/24";
/// Addresses of Services.
pub(crate) const SERVICES: &str = "10.96.0.0/16";
/// The first of them, which is always the API server's.
pub(crate) const API_SERVICE: &str = "10.96.0.1";
/// The node's name.
pub(crate) const NODE: &str = "host";
/// The API server as clients outside of pods reach it.
pub(crate) const API: &str = "https://10.243.0.1:6443";
/// Where the ingress answers; the host name chooses the application.
pub(crate) const INGRESS: &str = "127.0.0.1:8880";
/// The ingress's own metrics and health.
pub(crate) const INGRESS_ADMIN: &str = "127.0.0.1:8881";
/// The image registry; the name is part of every shipped image reference.
pub(crate) const REGISTRY: &str = "127.0.0.1:5000";
/// Git over smart HTTP: `http://127.0.0.1:3080/NAME.git`.
pub(crate) const GIT: &str = "127.0.0.1:3080";
/// The forge, for who brings it up.
pub(crate) const FORGE: &str = "127.0.0.1:3081";
/// Argo CD's API server, by TLS with the cluster's own authority.
pub(crate) const ARGO_CD: &str = "127.0.0.1:8443";
/// Prometheus, on the private address, since the Rollouts controller asks it from behind the link.
pub(crate) const PROMETHEUS: &str = "10.243.0.1:9090";

/// The folder for sockets and what lives no longer than the machine.
const RUN: &str = "/run/blue-green-canary";

/// The files of one host cluster.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    state: PathBuf,
    run: PathBuf,
}

impl Places {
    /// The places below `state`, or below the default folder.
    pub(crate) fn new(state: Option<&Path>) -> Places {
        Places { state: state.map_or_else(default_state, Path::to_path_buf), run: PathBuf::from(RUN) }
    }

    /// The folder of all state.
    pub(crate) fn state(&self) -> &Path {
        &self.state
    }

    /// The folder for sockets.
    pub(crate) fn run(&self) -> &Path {
        &self.run
    }

    /// The kubeconfig of a person at this machine: the one place that says where it is.
    ///
    /// `--target host` reads it: `${XDG_STATE_HOME:-/var/lib}/blue-green-canary/host/kubeconfig`.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.state.join("kubeconfig")
    }

    /// Addresses, folders and secrets as `NAME=VALUE` lines, readable by the owner only.
    pub(crate) fn environment(&self) -> PathBuf {
        self.state.join("environment")
    }

    /// The kubeconfig of one component.
    pub(crate) fn kubeconfig_of(&self, name: &str) -> PathBuf {
        self.config(&format!("{name}.kubeconfig"))
    }

    /// A file of the cluster's certificates.
    pub(crate) fn pki(&self, file: &str) -> PathBuf {
        self.state.join("pki").join(file)
    }

    /// A configuration file of a component.
    pub(crate) fn config(&self, file: &str) -> PathBuf {
        self.state.join("config").join(file)
    }

    /// A folder in which a component keeps data.
    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.state.join("data").join(name)
    }

    /// What the supervisors are told and what they report.
    pub(crate) fn units(&self) -> PathBuf {
        self.state.join("units")
    }

    /// Logs; they outlive the cluster, since they are wanted most when it failed.
    pub(crate) fn logs(&self) -> PathBuf {
        self.state.join("log")
    }

    /// The log of one component.
    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.logs().join(format!("{name}.log"))
    }

    /// What people have asked the API server to write, an event of `audit.k8s.io` a line.
    pub(crate) fn audit(&self) -> PathBuf {
        self.logs().join("audit.jsonl")
    }

    /// The bare repositories that are served.
    pub(crate) fn repositories(&self) -> PathBuf {
        self.state.join("data/git")
    }

    /// The container runtime's socket.
    pub(crate) fn containerd(&self) -> PathBuf {
        self.run.join("containerd.sock")
    }
}

fn default_state() -> PathBuf {
    let base = std::env::var_os("XDG_STATE_HOME").filter(|value| !value.is_empty());
    PathBuf::from(base.unwrap_or_else(|| "/var/lib".into())).join("blue-green-canary/host")
}
