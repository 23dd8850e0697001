//! `kubectl rollouts`: this binary under the name `kubectl-rollouts`.
//!
//! The verbs are those of `task-master rollout`. What differs is what an operator of a real cluster expects: the
//! kubeconfig's current context, kubectl's flags, and no PRD.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use task_manager::terminal::Colour;
use task_master::{Target, operator};

use super::failure::Failure;
use super::{Global, Output, duration, rollout};

/// Look at Argo Rollouts' Rollouts on a cluster of the kubeconfig, promote them, abort them, roll them back.
///
/// Exit codes: 0 done, 2 usage, 4 nothing matched, 11 cluster not reached, 12 forbidden, 13 the state does not allow
/// it, 14 degraded, 15 paused, 124 out of time.
#[derive(Debug, Parser)]
#[command(name = NAME, bin_name = "kubectl rollouts", version, max_term_width = 110)]
pub(super) struct Plugin {
    #[command(flatten)]
    pub(super) rollout: rollout::Args,
    /// The kubeconfig's context [default: the current one]
    #[arg(long, global = true, value_name = "NAME")]
    context: Option<String>,
    /// The kubeconfig [default: what KUBECONFIG names, else ~/.kube/config]
    #[arg(long, global = true, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Call the API in the name of this user
    #[arg(long = "as", global = true, value_name = "USER")]
    acting_as: Option<String>,
    /// The form of the output
    #[arg(short, long, global = true, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// A bound on what has to be waited for, such as 90s or 5m
    #[arg(long, global = true, value_name = "DURATION", value_parser = duration)]
    timeout: Option<Duration>,
    /// Where the ingress listens, for --host
    #[arg(long, global = true, value_name = "ADDRESS")]
    ingress: Option<SocketAddr>,
    /// When to colour
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = Colour::Auto)]
    color: Colour,
}

/// Under this name the binary is kubectl's plugin.
pub(super) const NAME: &str = "kubectl-rollouts";

impl Plugin {
    /// What the command gets to know, and the environment that it runs in.
    pub(super) fn surroundings(&self) -> Result<(Global, Vec<(OsString, OsString)>), Failure> {
        let mut environment: Vec<(OsString, OsString)> = std::env::vars_os().collect();
        if let Some(file) = &self.kubeconfig {
            environment.retain(|(name, _)| name != "KUBECONFIG");
            environment.push(("KUBECONFIG".into(), file.into()));
        }
        let target = match &self.context {
            Some(name) => Target::Context(name.clone()),
            None => operator::current(&environment)?,
        };
        let global = Global {
            target,
            output: self.output,
            color: self.color,
            timeout: self.timeout,
            ingress: self.ingress,
            acting_as: self.acting_as.clone(),
            ..Global::default()
        };
        Ok((global, environment))
    }
}
