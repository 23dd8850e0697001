//! Reading what a history and a difference are made of.

use super::{Error, Rollouts};
use crate::diff::{self, TemplateDiff};
use crate::history::{History, Traces};
use crate::types::application_name;

impl Rollouts {
    /// What became of a Rollout's revisions.
    ///
    /// # Errors
    /// When there is none of that name, or something cannot be read within the deadline.
    pub async fn history(&self, name: &str) -> Result<History, Error> {
        let rollout = self.get(name).await?;
        // At the same time: a person waits for all of them.
        let (replica_sets, analysis_runs, events) = futures::try_join!(
            self.replica_sets(&rollout),
            self.analysis_runs(&rollout),
            self.events(&rollout)
        )?;
        let application = match rollout.tracked_by().map(application_name) {
            // Most people may not read it: the history then knows less.
            Some(name) => self.application(name).await.ok().flatten(),
            None => None,
        };
        let traces = Traces { replica_sets, analysis_runs, events, application };
        Ok(History::new(&rollout, &traces, self.pace().now()))
    }

    /// What differs between two revisions ([`diff::between`]).
    ///
    /// # Errors
    /// As [`Rollouts::history`], and those of [`diff::between`].
    pub async fn diff(&self, name: &str, from: Option<i64>, to: Option<i64>) -> Result<TemplateDiff, Error> {
        let rollout = self.get(name).await?;
        let replica_sets = self.replica_sets(&rollout).await?;
        Ok(diff::between(&rollout, &replica_sets, from, to)?)
    }
}
