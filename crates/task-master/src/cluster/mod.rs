//! What steps do to a cluster, through one `kube::Client` whatever is behind it.
//!
//! Nothing here knows whether the cluster is real. Every function takes the cluster, does one thing, and
//! answers in words that a person can read in a log.

pub(crate) mod application;
pub(crate) mod apply;
pub(crate) mod condition;
pub(crate) mod load;
pub(crate) mod metrics;
pub(crate) mod object;
mod open;
pub(crate) mod probe;
pub(crate) mod reconcile;
pub(crate) mod rollout;

pub(crate) use open::open;

use std::sync::Arc;
use std::time::Duration;

use rollouts_client::client::Rollouts;
use rollouts_client::pace::{Pace, RealPace};
use task_manager::Evidence;
use traffic_probe::Requests;

use crate::executor::Class;
use crate::fault::Fault;
use crate::runbook::{Action, Step};

/// A cluster: its API, its requests, its time, and what seeing something on it is worth.
#[derive(Clone)]
pub(crate) struct Cluster {
    /// The API.
    pub(crate) client: kube::Client,
    /// How its time passes.
    pub(crate) pace: Arc<dyn Pace>,
    /// How requests reach its ingress.
    pub(crate) requests: Arc<dyn Requests>,
    /// What is seen on it counts as this.
    pub(crate) evidence: Evidence,
}

impl Cluster {
    /// The Rollouts of a namespace.
    pub(crate) fn rollouts(&self, namespace: &str) -> Rollouts {
        Rollouts::new(self.client.clone(), namespace).with_pace(self.pace.clone())
    }

    /// The same for a person who looks on for long: a real cluster is asked no more often than each `step`.
    pub(crate) fn rollouts_at_ease(&self, namespace: &str, step: Duration) -> Rollouts {
        match self.evidence {
            Evidence::Live => self.rollouts(namespace).with_pace(Arc::new(RealPace::with_step(step))),
            _ => self.rollouts(namespace),
        }
    }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("evidence", &self.evidence).finish_non_exhaustive()
    }
}

/// Whether what a step does is so already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Look {
    /// It is, and this is what was seen.
    So(String),
    /// It is not, for this reason.
    NotSo(String),
}

/// Carries out a step that works on the cluster alone, or on its requests. Those with a check are looked at
/// first where they stand under a load; by itself such a step has been looked at before.
pub(crate) async fn step(cluster: &Cluster, step: &Step, limit: Duration) -> Result<String, Fault> {
    match &step.action {
        Action::Load(load) => {
            let work = async {
                let mut done = Vec::new();
                for step in &load.steps {
                    done.push(Box::pin(single(cluster, step, step.timeout.min(limit))).await?);
                }
                Ok(done)
            };
            Box::pin(load::around(cluster, load, work)).await
        }
        _ => Box::pin(single(cluster, step, limit)).await,
    }
}

async fn single(cluster: &Cluster, step: &Step, limit: Duration) -> Result<String, Fault> {
    match &step.action {
        Action::Rollout(verb) => match rollout::look(cluster, verb).await? {
            Look::So(seen) => Ok(format!("already so: {seen}")),
            Look::NotSo(_) => Box::pin(rollout::act(cluster, verb, limit)).await,
        },
        Action::Probe(probe) => probe::versions(cluster, probe).await,
        Action::Http(http) => probe::status(cluster, http).await,
        Action::Metrics(metrics) => Box::pin(metrics::present(cluster, metrics)).await,
        Action::Wait(wanted) => {
            until(cluster, limit, "the condition", || condition::look(cluster, wanted)).await
        }
        Action::Check(wanted) => match condition::look(cluster, wanted).await? {
            Look::So(seen) => Ok(seen),
            Look::NotSo(reason) => Err(Fault::permanent(reason)),
        },
        Action::Apply(_)
        | Action::Reconcile(_)
        | Action::Load(_)
        | Action::Static(_)
        | Action::Tool(_)
        | Action::Run(_) => Err(Fault::permanent("this step is not one on the cluster alone")),
    }
}

/// Looks until it is so, at most for `bound` of the cluster's time. A failing look ends it.
pub(crate) async fn until<F, Fut>(
    cluster: &Cluster,
    bound: Duration,
    what: &str,
    look: F,
) -> Result<String, Fault>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<Look, Fault>>,
{
    let start = cluster.pace.now();
    loop {
        let reason = match look().await? {
            Look::So(seen) => return Ok(seen),
            Look::NotSo(reason) => reason,
        };
        let passed = cluster.pace.since(start);
        if passed >= bound {
            return Err(Fault::of(Class::TimedOut, format!("waited {bound:?} for {what}: {reason}")));
        }
        cluster.pace.turn(bound - passed).await;
    }
}

/// A failure of the Rollouts client.
pub(crate) fn rollouts_fault(error: &rollouts_client::client::Error) -> Fault {
    use rollouts_client::client::Error;
    let class = match error {
        Error::Wait { .. } | Error::Unended { .. } => Class::TimedOut,
        error if error.transient() => Class::Transient,
        _ => Class::Permanent,
    };
    Fault::chain(class, error)
}

/// A failure of a plain API call.
pub(crate) fn api_fault(what: &str, error: &kube::Error) -> Fault {
    match error {
        kube::Error::Api(status) => {
            let class = match status.code {
                409 | 429 | 500 | 502 | 503 | 504 => Class::Transient,
                _ => Class::Permanent,
            };
            Fault::of(
                class,
                format!("{what}: refused by the API server: {} ({})", status.message, status.code),
            )
        }
        kube::Error::HyperError(_) | kube::Error::Service(_) => {
            Fault::of(Class::Transient, format!("{what}: {}", task_manager::render::causes(error)))
        }
        other => Fault::permanent(format!("{what}: {}", task_manager::render::causes(other))),
    }
}
