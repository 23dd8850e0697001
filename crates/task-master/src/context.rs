//! What a run is told from outside: where the project is, where steps take effect, and with what.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use task_manager::project::Place;

use crate::command::Secret;
use crate::runner::{Interrupts, Shim};
use crate::target::Target;

/// Asks a person whether to go on; the text says with what.
pub type Ask = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// The context of a run. It reaches every step: tools see `environment` and `secrets`, the runbook's
/// `${name}` stand for `variables`, and everything takes effect on `target`.
#[derive(Clone)]
pub struct Context {
    /// The PRD and the state folder. Paths of the runbook start beside the PRD.
    pub place: Place,
    /// The runbook; `deploy/runbook.yaml` beside the PRD when absent.
    pub runbook: Option<PathBuf>,
    /// Where steps take effect.
    pub target: Target,
    /// Variables for tools and programs, over those that are let through from `inherited`.
    pub environment: BTreeMap<String, String>,
    /// The same, never shown or kept.
    pub secrets: BTreeMap<String, Secret>,
    /// Values for the runbook's variables, which must be declared there.
    pub variables: BTreeMap<String, String>,
    /// Whether independent tasks go on after one has failed.
    pub keep_going: bool,
    /// A bound on the whole run.
    pub timeout: Option<Duration>,
    /// How long a process that a dead run left behind is waited for: Terraform saves its state after its interrupt.
    pub patience: Duration,
    /// Where the ingress of a real cluster listens, when it is not where the target says.
    pub ingress: Option<SocketAddr>,
    /// Where the person stands: commands are shown as they are typed there. Nothing runs by it.
    pub here: PathBuf,
    /// In whose name the API of a real cluster is called; the kubeconfig's own user when absent. Tools do not hear of it.
    pub acting_as: Option<String>,
    /// The environment that tools may see a part of, and in which they are found.
    pub inherited: Vec<(OsString, OsString)>,
    /// Through what children are started.
    pub shim: Shim,
    /// What tells the run to stop.
    pub interrupts: Interrupts,
    /// Who is recorded as the one who ran it.
    pub actor: String,
    /// What is recorded as the command that ran it, for whoever meets the lock.
    pub command: String,
    /// Asked before the first write to somebody's cluster; absent: refused there.
    pub ask: Option<Ask>,
}

impl Context {
    /// A context for the project at `place`: simulated target, this process's environment, nothing else.
    ///
    /// Children are started without the shim; set [`Context::shim`] if your program calls
    /// [`crate::runner::shim::run_if_asked`] first thing in `main`, or names one that does.
    #[must_use]
    pub fn new(place: Place) -> Self {
        Self {
            place,
            runbook: None,
            target: Target::Sim,
            environment: BTreeMap::new(),
            secrets: BTreeMap::new(),
            variables: BTreeMap::new(),
            keep_going: false,
            timeout: None,
            patience: Duration::from_secs(30),
            ingress: None,
            acting_as: None,
            here: std::env::current_dir().unwrap_or_default(),
            inherited: std::env::vars_os().collect(),
            shim: Shim::None,
            interrupts: Interrupts::none(),
            actor: "task-master".to_owned(),
            command: "task-master".to_owned(),
            ask: None,
        }
    }

    /// The runbook's path.
    #[must_use]
    pub fn runbook_path(&self) -> PathBuf {
        self.runbook.clone().unwrap_or_else(|| self.place.root().join("deploy/runbook.yaml"))
    }

    /// Everything whose value must not be shown: the secrets, and what is called like one in the environment.
    pub(crate) fn all_secrets(&self) -> Vec<Secret> {
        let called_so = |name: &str| {
            let name = name.to_uppercase();
            ["TOKEN", "PASSWORD", "PASSWD", "SECRET", "PRIVATE_KEY", "API_KEY"]
                .iter()
                .any(|word| name.contains(word))
        };
        let inherited =
            self.inherited.iter().filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)));
        let given = self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let named =
            inherited.chain(given).filter(|(name, _)| called_so(name)).map(|(_, value)| Secret::new(value));
        self.secrets.values().cloned().chain(named).collect()
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("place", &self.place)
            .field("target", &self.target)
            .field("variables", &self.variables)
            .finish_non_exhaustive()
    }
}
