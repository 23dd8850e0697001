//! Bringing an earlier template back, and seeing it through to the switch.

use std::time::Duration;

use super::decide::{Mechanism, Refusal};
use super::error::Cause;
use super::report::Deed;
use super::way::Way;
use crate::client::Error;
use crate::types::Rollout;
use crate::{phase, revision, verbs, view, wait};

impl Way<'_> {
    /// Writes the template back and sees it through to the switch.
    pub(super) async fn undo(&mut self, mechanism: Mechanism) -> Result<(), Cause> {
        let Some(target) = revision::by_hash(&self.facts.replica_sets, &self.to.hash) else {
            let (name, because) = (self.order.name.clone(), format!("the ReplicaSet of {} is gone", self.to));
            return Err(Refusal::NoGoodVersion { name, because }.into());
        };
        match self.rollouts.act("undo", &self.order.name, |now| verbs::undo_to(now, target)).await {
            Ok(_) => self.did.push(Deed::Undid { to: self.to.to_string() }),
            Err(error) if error.already_so() => {}
            Err(error) => return Err(error.into()),
        }
        let rollout = self.taken_up().await?;
        let pauses = mechanism == Mechanism::UndoAndPromote || !rollout.pause_conditions().is_empty();
        if pauses {
            self.promote_in_full().await?;
        }
        self.switched_or_paused().await
    }

    /// Waits until the controller works on the template that was written back. Until then a full promotion
    /// would be taken as one of the version that is left, and forgotten.
    async fn taken_up(&self) -> Result<Rollout, Cause> {
        let look = || async {
            let rollout = self.rollouts.get(&self.order.name).await?;
            let taken_up =
                phase::generation_observed(&rollout) && rollout.current_hash() == Some(&self.to.hash);
            Ok(taken_up.then_some(rollout))
        };
        match wait::until(self.rollouts.pace(), self.left(), "the undo to be taken up", look).await {
            Ok(rollout) => Ok(rollout),
            Err(wait::WaitError::Look { source, .. }) => Err(Cause::Client(source)),
            Err(_) => Err(self.not_switched().await),
        }
    }

    /// Whether a canary's version is the stable one, and its Service says so too.
    pub(super) async fn stable(&self) -> Result<bool, Error> {
        let rollout = self.rollouts.get(&self.order.name).await?;
        if rollout.stable_hash() != Some(&self.to.hash) {
            return Ok(false);
        }
        let Some(service) = self.reached().service else { return Ok(true) };
        let service = self.rollouts.service(&service).await?;
        Ok(view::selected_hash(&service).as_ref() == Some(&self.to.hash))
    }

    async fn promote_in_full(&mut self) -> Result<(), Cause> {
        // Whatever the schemas: users are to leave the bad version.
        match self.rollouts.act("promote", &self.order.name, verbs::promote_full).await {
            Ok(_) => self.did.push(Deed::PromotedInFull),
            Err(error) if error.already_so() => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Waits for the switch, and promotes when it pauses after all: whether it does depends on a delay that
    /// may have run out in between.
    async fn switched_or_paused(&mut self) -> Result<(), Cause> {
        loop {
            let look = || async {
                if self.switched().await? {
                    return Ok(Some(true));
                }
                let rollout = self.rollouts.get(&self.order.name).await?;
                Ok((!rollout.pause_conditions().is_empty()).then_some(false))
            };
            match wait::until(self.rollouts.pace(), self.left(), "the switch", look).await {
                Ok(true) => return Ok(()),
                Ok(false) => self.promote_in_full().await?,
                Err(wait::WaitError::Look { source, .. }) => return Err(Cause::Client(source)),
                Err(_) => return Err(self.not_switched().await),
            }
            // A promotion that has not been reacted to still reads as paused.
            self.rollouts.pace().turn(Duration::from_millis(200)).await;
        }
    }

    async fn not_switched(&self) -> Cause {
        if self.facts.rollout.spec.strategy.canary.is_some() {
            return match self.rollouts.get(&self.order.name).await {
                Ok(rollout) => {
                    Cause::NotStable { version: self.to.to_string(), last: phase::in_words(&rollout) }
                }
                Err(error) => Cause::Client(error),
            };
        }
        let last = match self.rollouts.get(&self.order.name).await {
            Ok(rollout) => phase::in_words(&rollout),
            Err(error) => return Cause::Client(error),
        };
        Cause::NotSwitched { service: self.service().to_owned(), version: self.to.to_string(), last }
    }
}
