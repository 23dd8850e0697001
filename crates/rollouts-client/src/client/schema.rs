//! Whether a version can share its database with the one that serves users, asked before it comes nearer to them.

use super::{Error, Rollouts};
use crate::revision;
use crate::schema::{self, Schema};
use crate::types::{PodTemplate, ReplicaSet, Rollout};

impl Rollouts {
    /// Whether a template can stand beside the serving version of a Rollout. Nothing is read for one that declares no
    /// schema versions.
    ///
    /// # Errors
    /// What is in the way, and the ReplicaSets when they cannot be read within the deadline.
    pub async fn schema_fits(
        &self,
        verb: &'static str,
        rollout: &Rollout,
        next: &PodTemplate,
    ) -> Result<(), Error> {
        // An aborted update comes nearer to users by a retry alone.
        let stays = rollout.aborted() && verb != "retry";
        if stays || matches!(Schema::of(next), Ok(None)) {
            return Ok(());
        }
        schemas_fit(verb, rollout, &self.replica_sets(rollout).await?, next)
    }

    /// The template of the version that serves users: the stable one, whatever the Rollout asks for.
    ///
    /// # Errors
    /// When the ReplicaSets cannot be read within the deadline.
    pub async fn serving(&self, rollout: &Rollout) -> Result<Option<PodTemplate>, Error> {
        Ok(serving(rollout, &self.replica_sets(rollout).await?).cloned())
    }
}

fn serving<'a>(rollout: &Rollout, replica_sets: &'a [ReplicaSet]) -> Option<&'a PodTemplate> {
    revision::by_hash(replica_sets, rollout.stable_hash()?)?.spec.template.as_ref()
}

/// The same of ReplicaSets that have been read.
pub(super) fn schemas_fit(
    verb: &'static str,
    rollout: &Rollout,
    replica_sets: &[ReplicaSet],
    next: &PodTemplate,
) -> Result<(), Error> {
    // The first version has nobody beside it.
    let Some(serving) = serving(rollout, replica_sets) else { return Ok(()) };
    let at_once = rollout.spec.strategy.canary.is_some();
    schema::templates_fit(serving, next, at_once).map_err(|conflict| {
        let under_way = rollout.current_hash() != rollout.stable_hash() && !rollout.aborted();
        let next = match under_way {
            true => format!("give it up: rollout abort {}", rollout.name()),
            false => "release a version between the two first".to_owned(),
        };
        Error::Schema { verb, name: rollout.name().to_owned(), next, source: Box::new(conflict) }
    })
}
