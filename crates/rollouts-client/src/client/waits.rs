//! Ready-made waits on a Rollout.

use std::time::Duration;

use super::{Error, Rollouts};
use crate::condition::Condition;
use crate::phase;
use crate::types::Rollout;
use crate::wait;

impl Rollouts {
    /// Waits until a condition holds, at most for `bound` of the world's time, and returns the Rollout.
    ///
    /// # Errors
    /// When the bound is reached ([`Error::Wait`], with the phase when last looked), or a read fails.
    pub async fn wait(&self, name: &str, condition: &Condition, bound: Duration) -> Result<Rollout, Error> {
        let look = || async {
            let rollout = self.get(name).await?;
            let replica_sets = match condition.wants_replica_sets() {
                true => self.replica_sets(&rollout).await?,
                false => Vec::new(),
            };
            Ok::<_, Error>(condition.holds(&rollout, &replica_sets).then_some(rollout))
        };
        let waited = wait::until(self.pace(), bound, format!("rollout {name} to be {condition}"), look).await;
        match waited {
            Ok(rollout) => Ok(rollout),
            Err(wait::WaitError::Look { source, .. }) => Err(source),
            Err(error) => {
                let last =
                    self.get(name).await.map_or_else(|_| "unknown".to_owned(), |now| phase::in_words(&now));
                Err(Error::Wait { name: name.to_owned(), last, source: Box::new(error) })
            }
        }
    }
}
