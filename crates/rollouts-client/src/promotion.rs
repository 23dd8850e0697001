//! A promotion that is proven: not "the patch was accepted", but "users reach the new version".

use std::time::Duration;

use futures::FutureExt;

use crate::client::{Error, Rollouts};
use crate::phase::{self, Phase};
use crate::proof::{self, Probe, Proof, ProofError, Reached, Split};
use crate::types::{PodTemplate, ReplicaSet, Rollout};
use crate::verbs::Promote;
use crate::{revision, view, wait};

/// What is asked for.
#[derive(Clone)]
pub struct Promotion {
    /// The Rollout.
    pub name: String,
    /// How it is asked for.
    pub how: Promote,
    /// The requests that prove it; without them only selector and endpoints do.
    pub probe: Option<Probe>,
    /// How long all of it may take, in the world's time.
    pub within: Duration,
}

/// A promotion that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promoted {
    /// The version that users reach, by image tag.
    pub tag: Option<String>,
    /// How that is known.
    pub proof: Proof,
}

/// Why a promotion is not known to have succeeded.
#[derive(Debug, thiserror::Error)]
pub enum PromotionError {
    /// Only blue-green promotions are proven here: one of a canary goes one step, and not to an end.
    #[error("cannot promote rollout {name} with proof: that is for blue-green only; promote it without")]
    Strategy {
        /// The Rollout.
        name: String,
    },
    /// A call failed, or the verb is not possible in this state.
    #[error(transparent)]
    Client(#[from] Error),
    /// The active Service was not switched in time, or no longer will be.
    #[error("promoted rollout {name}, but its active service was not switched: the rollout is {last}")]
    NotSwitched {
        /// The Rollout.
        name: String,
        /// Phase and message when last looked.
        last: String,
    },
    /// It was switched, and still users do not reach the version.
    #[error("promoted rollout {name}, and its active service was switched")]
    NotProven {
        /// The Rollout.
        name: String,
        /// What is missing.
        source: ProofError,
    },
}

/// Promotes a blue-green Rollout, and returns when users reach its version.
///
/// When it was promoted just now, or is fully promoted, only the proof is left to do.
///
/// # Errors
/// When the verb is not possible, when the switch does not come in time or the update is given up before,
/// or when the proof fails.
pub async fn promote(rollouts: &Rollouts, order: &Promotion) -> Result<Promoted, PromotionError> {
    let name = &order.name;
    let start = rollouts.pace().now();
    let left = || order.within.saturating_sub(rollouts.pace().since(start));
    let rollout = patched(rollouts, order).boxed().await?;
    let replica_sets = rollouts.replica_sets(&rollout).await?;
    let reached =
        reached(&rollout, &replica_sets).ok_or_else(|| PromotionError::Strategy { name: name.clone() })?;
    switched(rollouts, name, &reached, left()).await?;
    let tag = reached.tag.clone();
    match proof::prove(rollouts, &rollout, &reached, order.probe.as_ref(), left()).await {
        Ok(proof) => Ok(Promoted { tag, proof }),
        Err(source) => Err(PromotionError::NotProven { name: name.clone(), source }),
    }
}

async fn patched(rollouts: &Rollouts, order: &Promotion) -> Result<Rollout, PromotionError> {
    let before = rollouts.get(&order.name).await?;
    if before.spec.strategy.blue_green.is_none() {
        return Err(PromotionError::Strategy { name: order.name.clone() });
    }
    match rollouts.promote_as(&order.name, &order.how).await {
        Err(error) if error.already_so() => {
            let now = rollouts.get(&order.name).await?;
            let on_its_way = phase::unpausing(&now) || now.fully_promoted() || order.how.full;
            if on_its_way { Ok(now) } else { Err(error.into()) }
        }
        sent => Ok(sent?),
    }
}

fn reached(rollout: &Rollout, replica_sets: &[ReplicaSet]) -> Option<Reached> {
    let hash = rollout.current_hash()?;
    let set = revision::by_hash(replica_sets, hash);
    let template = set.and_then(|set| set.spec.template.as_ref());
    Some(Reached {
        service: Some(rollout.spec.strategy.blue_green.as_ref()?.active_service.clone()),
        split: Split::None,
        hash: hash.to_owned(),
        tag: template.and_then(PodTemplate::version).map(str::to_owned),
    })
}

/// Waits until the active Service selects the version; ends early when the update was given up or replaced.
async fn switched(
    rollouts: &Rollouts,
    name: &str,
    reached: &Reached,
    bound: Duration,
) -> Result<(), PromotionError> {
    let look = || async {
        let service = rollouts.service(reached.service.as_deref().unwrap_or_default()).await?;
        if view::selected_hash(&service).as_ref() == Some(&reached.hash) {
            return Ok(Some(true));
        }
        let rollout = rollouts.get(name).await?;
        let (phase, _) = phase::of(&rollout);
        let given_up = phase == Phase::Degraded || rollout.current_hash() != Some(&reached.hash);
        Ok::<_, Error>(given_up.then_some(false))
    };
    match wait::until(rollouts.pace(), bound, "the active Service to be switched", look).await {
        Ok(true) => Ok(()),
        Err(wait::WaitError::Look { source, .. }) => Err(source.into()),
        Ok(false) | Err(_) => {
            let last = phase::in_words(&rollouts.get(name).await?);
            Err(PromotionError::NotSwitched { name: name.to_owned(), last })
        }
    }
}
