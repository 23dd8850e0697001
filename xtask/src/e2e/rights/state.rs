//! The states in which verbs are tried, and the way from any of them to any other.

use rollouts_client::client::Rollouts;
use rollouts_client::condition::Condition;
use rollouts_client::phase::{self, Phase};
use scenario::World;

use super::{NAMESPACE, ROLLOUT, WITHIN};
use crate::e2e::case::with_causes;
use crate::run::Error;

/// What the Rollout is like before a verb is tried.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    Healthy,
    /// A new version waits in preview.
    Preview,
    Aborted,
    /// By a person, while it is healthy.
    Held,
}

/// Has the Rollout in a state, by the verbs of the one who may do everything.
pub(super) async fn bring(world: &World, state: State) -> Result<(), Error> {
    let rollouts = Rollouts::new(world.client.clone(), NAMESPACE);
    let failed = |error: rollouts_client::client::Error| with_causes(&error);
    let rollout = rollouts.wait(ROLLOUT, &Condition::Settled, WITHIN).await.map_err(failed)?;
    if phase::of(&rollout).0 == Phase::Degraded && !rollout.aborted() {
        // Taken up again a moment ago, and the controller has not said so yet.
        rollouts.wait(ROLLOUT, &Condition::Paused, WITHIN).await.map_err(failed)?;
        return Box::pin(bring(world, state)).await;
    }
    let now = match phase::of(&rollout).0 {
        Phase::Degraded => State::Aborted,
        Phase::Paused if rollout.paused() => State::Held,
        Phase::Paused => State::Preview,
        _ => State::Healthy,
    };
    match (now, state) {
        _ if now == state => {}
        (State::Healthy, State::Held) => {
            rollouts.pause(ROLLOUT).await.map_err(failed)?;
            rollouts.wait(ROLLOUT, &Condition::Paused, WITHIN).await.map_err(failed)?;
        }
        (State::Healthy, _) => {
            let current = rollout
                .spec
                .template
                .as_ref()
                .and_then(|template| template.containers().first())
                .and_then(|container| container.image.clone());
            let tag = if current.is_some_and(|image| image.ends_with(":v1")) { "v2" } else { "v1" };
            let image = format!("127.0.0.1:5000/demo-app:{tag}");
            rollouts.set_image(ROLLOUT, "demo-app", &image).await.map_err(failed)?;
            rollouts.wait(ROLLOUT, &Condition::Paused, WITHIN).await.map_err(failed)?;
            Box::pin(bring(world, state)).await?;
        }
        (State::Preview, State::Aborted) => {
            rollouts.abort(ROLLOUT).await.map_err(failed)?;
            rollouts.wait(ROLLOUT, &Condition::Settled, WITHIN).await.map_err(failed)?;
        }
        (State::Aborted, _) => {
            rollouts.retry(ROLLOUT).await.map_err(failed)?;
            rollouts.wait(ROLLOUT, &Condition::Paused, WITHIN).await.map_err(failed)?;
            Box::pin(bring(world, state)).await?;
        }
        (State::Held, _) => {
            rollouts.resume(ROLLOUT).await.map_err(failed)?;
            rollouts.wait(ROLLOUT, &Condition::Settled, WITHIN).await.map_err(failed)?;
            Box::pin(bring(world, state)).await?;
        }
        (State::Preview, _) => {
            rollouts.promote(ROLLOUT).await.map_err(failed)?;
            rollouts.wait(ROLLOUT, &Condition::Healthy, WITHIN).await.map_err(failed)?;
            Box::pin(bring(world, state)).await?;
        }
    }
    Ok(())
}
