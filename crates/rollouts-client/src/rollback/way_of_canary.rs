//! Giving a canary up: by the controller, and where that is silent, by its Services.

use super::decide::Mechanism;
use super::error::Cause;
use super::report::Deed;
use super::way::Way;

impl Way<'_> {
    /// Aborts, and sees that the controller takes it up; what the controller does then is for the proof to see.
    pub(super) async fn leave_canary(&mut self, mechanism: Mechanism) -> Result<(), Cause> {
        self.give_up().await?;
        if mechanism == Mechanism::AbortAndResume {
            match self.rollouts.resume(&self.order.name).await {
                Ok(_) => self.did.push(Deed::Resumed),
                Err(error) if error.already_so() => {}
                Err(error) => return Err(error.into()),
            }
        }
        if self.taken_as_aborted().await? {
            return Ok(());
        }
        if !self.rollouts.get(&self.order.name).await?.aborted() {
            return Err(Cause::TakenBack);
        }
        self.unseen.push(
            "the controller has not taken the abort up, is it running? until it does, the canary's pods stay"
                .to_owned(),
        );
        self.both_services().await
    }

    /// The same for a controller that has not even seen the spec.
    pub(super) async fn divert(&mut self) -> Result<(), Cause> {
        self.unseen.push(
            "the controller has not seen the spec, is it running? when it comes back it goes on with the update, unless that is aborted or undone"
                .to_owned(),
        );
        self.both_services().await
    }

    /// Turns what leads elsewhere to the stable version, as the controller would.
    async fn both_services(&mut self) -> Result<(), Cause> {
        let canary = self.facts.rollout.spec.strategy.canary.clone().unwrap_or_default();
        let grace = self.order.grace;
        if canary.traffic_routing.is_none() {
            let because = "without a router only it can take the canary's pods out of service";
            return Err(Cause::Silent { grace, because });
        }
        let Some(service) = canary.canary_service else {
            let because = "there is no canary Service that could be turned to the stable version";
            return Err(Cause::Silent { grace, because });
        };
        if !self.service().is_empty() {
            self.repair().await?;
        }
        self.turn(&service).await
    }
}
