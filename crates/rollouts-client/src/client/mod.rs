//! The thin part: reads objects, sends the verbs' patches, and waits. Everything that decides is elsewhere.
//!
//! # Guarantees
//! - Every call has a deadline ([`Rollouts::with_deadline`]); nothing here waits without a bound.
//! - A changing call is sent again only after reading back, and only as the same literal patch for the same
//!   version: a promotion whose answer got lost does not become two.
//! - Reading is repeated on transient failures until the deadline.
//!
//! # Assumptions
//! The `kube::Client` has no retry layer of its own ([`crate::connect`] builds one without), and a tokio
//! runtime with time is running.

mod act;
mod analysis;
mod call;
mod error;
mod explain;
mod gather;
mod history;
mod record;
mod rows;
mod schema;
mod waits;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kube::Api;
use kube::api::ListParams;

pub use error::Error;
pub use rows::{Change, Rows};

use crate::pace::{Pace, RealPace};
use crate::types::{AnalysisRun, ReplicaSet, Rollout};
use crate::view::{Objects, RolloutView};

/// The Rollouts of one namespace.
#[derive(Clone)]
pub struct Rollouts {
    client: kube::Client,
    namespace: String,
    pace: Arc<dyn Pace>,
    deadline: Duration,
}

impl Rollouts {
    /// How long one call may take unless said otherwise.
    pub const DEADLINE: Duration = Duration::from_secs(10);

    /// The Rollouts of a namespace, over any client, in real time.
    pub fn new(client: kube::Client, namespace: impl Into<String>) -> Self {
        Rollouts {
            client,
            namespace: namespace.into(),
            pace: Arc::new(RealPace::new()),
            deadline: Self::DEADLINE,
        }
    }

    /// The same with another pace, such as a simulator's.
    #[must_use]
    pub fn with_pace(mut self, pace: Arc<dyn Pace>) -> Self {
        self.pace = pace;
        self
    }

    /// The same with another deadline for each call, in real time.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The client underneath.
    pub fn client(&self) -> &kube::Client {
        &self.client
    }

    /// The pace of waits.
    pub fn pace(&self) -> &dyn Pace {
        &*self.pace
    }

    /// One Rollout.
    ///
    /// # Errors
    /// When there is none of that name, or it cannot be read within the deadline.
    pub async fn get(&self, name: &str) -> Result<Rollout, Error> {
        let api: Api<Rollout> = self.api();
        self.read(format!("get rollout {name}"), || async { api.get(name).await }).await
    }

    /// The Rollouts of the namespace that match a label selector; all of them when it is empty.
    ///
    /// # Errors
    /// When they cannot be read within the deadline.
    pub async fn list(&self, labels: &str) -> Result<Vec<Rollout>, Error> {
        self.list_of("rollouts", labels).await
    }

    /// The same for every namespace.
    ///
    /// # Errors
    /// As [`Rollouts::list`].
    pub async fn list_everywhere(&self, labels: &str) -> Result<Vec<Rollout>, Error> {
        let api: Api<Rollout> = Api::all(self.client.clone());
        let params = ListParams::default().labels(labels);
        let list = self.read("list rollouts".to_owned(), || async { api.list(&params).await }).await?;
        Ok(list.items)
    }

    /// The ReplicaSets that a Rollout owns, the newest revision first.
    ///
    /// # Errors
    /// When they cannot be read within the deadline.
    pub async fn replica_sets(&self, rollout: &Rollout) -> Result<Vec<ReplicaSet>, Error> {
        let uid = rollout.metadata.uid.as_deref();
        let mut own: Vec<ReplicaSet> = self.list_of("replicasets", &gather::selector(rollout)).await?;
        own.retain(|replica_set| replica_set.owned_by(uid));
        own.sort_by_key(|replica_set| std::cmp::Reverse(replica_set.revision()));
        Ok(own)
    }

    /// The AnalysisRuns that a Rollout owns.
    ///
    /// # Errors
    /// When they cannot be read within the deadline.
    pub async fn analysis_runs(&self, rollout: &Rollout) -> Result<Vec<AnalysisRun>, Error> {
        let uid = rollout.metadata.uid.as_deref();
        let mut own: Vec<AnalysisRun> = self.list_of("analysisruns", "").await?;
        own.retain(|run| crate::revision::owned_by(&run.metadata, uid));
        Ok(own)
    }

    /// One picture of a Rollout and all that belongs to it.
    ///
    /// # Errors
    /// When there is none of that name, or something cannot be read within the deadline.
    pub async fn view(&self, name: &str) -> Result<RolloutView, Error> {
        self.view_of(&self.get(name).await?).await
    }

    /// The same of a Rollout that has been read.
    ///
    /// # Errors
    /// When something cannot be read within the deadline.
    pub async fn view_of(&self, rollout: &Rollout) -> Result<RolloutView, Error> {
        // At the same time: a person waits for all of them.
        let (replica_sets, pods, services, analysis_runs) = futures::try_join!(
            self.replica_sets(rollout),
            self.pods(rollout),
            self.services(rollout),
            self.analysis_runs(rollout)
        )?;
        let objects = Objects { replica_sets, pods, services, analysis_runs };
        Ok(RolloutView::new(rollout, &objects, self.pace.now()))
    }

    fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }
}

impl fmt::Debug for Rollouts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rollouts")
            .field("namespace", &self.namespace)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
