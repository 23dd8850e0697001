//! What the cluster consists of, as values: units that run, and steps that are done once.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::gomodule::Program;

/// A share of the cluster that can be brought up on its own, after the cluster itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Part {
    /// Kubernetes itself with one node, the image registry and the resource metrics.
    Cluster,
    /// Names of Services in pods.
    Dns,
    /// The ingress for class `nginx`.
    Ingress,
    /// The controller of Rollouts.
    ArgoRollouts,
    /// Argo CD with its API server, and Git over HTTP.
    #[value(name = "argocd")]
    #[serde(rename = "argocd")]
    ArgoCd,
    /// Prometheus and the state of objects as metrics.
    Prometheus,
    /// A forge: Git with accounts, pull requests and webhooks. Only when it is asked for.
    Forge,
}

impl Part {
    /// Its name, as `--part` takes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Part::Cluster => "cluster",
            Part::Dns => "dns",
            Part::Ingress => "ingress",
            Part::ArgoRollouts => "argo-rollouts",
            Part::ArgoCd => "argocd",
            Part::Prometheus => "prometheus",
            Part::Forge => "forge",
        }
    }

    /// Whether a whole cluster is without it: it is brought up by name only.
    pub(crate) fn is_extra(self) -> bool {
        self == Part::Forge
    }
}

/// Where a unit's program comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source {
    /// Compiled from its module.
    Go(&'static Program),
    /// The same, without root's rights: a copy, where a user who is not root gets to it.
    Unprivileged(&'static Program),
    /// Debian's; the name on `PATH`.
    Debian(&'static str),
    /// This program itself, with one of its hidden verbs.
    Own,
}

/// When a unit is healthy.
#[derive(Clone, Debug)]
pub(crate) enum Health {
    /// This address answers with success; TLS is checked against the cluster's own authority.
    Answers(String),
    /// This socket takes connections.
    Socket(PathBuf),
    /// This address takes connections.
    Connects(&'static str),
}

/// A process that runs for as long as the cluster does.
#[derive(Clone, Debug)]
pub(crate) struct Unit {
    pub(crate) source: Source,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(&'static str, String)>,
    pub(crate) health: Health,
    /// Behind the link, because it listens on all addresses and cannot be told otherwise.
    pub(crate) behind_link: bool,
}

/// Something that is done once the node's needs are met; doing it again changes nothing.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// These documents are in the API: texts of our own and files of upstream's.
    Apply(Vec<Manifest>),
    /// The image of the pods' first container is in the node.
    PauseImage,
    /// The node takes pods.
    NodeReady,
    /// A person and a script can log in to Argo CD.
    ArgoCdLogin,
    /// The forge has its program, its settings and a folder of its own.
    ForgeHome,
}

/// A part of what is applied.
#[derive(Clone, Debug)]
pub(crate) enum Manifest {
    /// Our own text; `ADDRESS` in it stands for the private address.
    Own(&'static str),
    /// Files that a program's module ships, and the namespace of those that name none.
    Upstream { program: &'static Program, files: &'static [&'static str], namespace: &'static str },
}

/// One line of the table.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) name: &'static str,
    pub(crate) part: Part,
    pub(crate) needs: &'static [&'static str],
    pub(crate) action: Action,
}

/// What a node does.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Run(Unit),
    Do(Step),
}

/// All that a supervisor must know to run a unit, as a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Spec {
    /// The program's file and its arguments.
    pub(crate) command: Vec<String>,
    /// Its whole environment.
    pub(crate) environment: Vec<(String, String)>,
    /// The network namespace that it runs in.
    pub(crate) namespace: Option<String>,
    /// Whose rights it has: this user's and group's; without a number root's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<u32>,
}
