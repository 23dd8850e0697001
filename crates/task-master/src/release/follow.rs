//! From a commit to the cluster: waiting until the Rollout asks for the version, and until it has settled.

use std::time::Duration;

use rollouts_client::client::{Error, Rollouts};
use rollouts_client::condition::Condition;
use rollouts_client::phase::{self, Phase};
use rollouts_client::types::{PodTemplate, Rollout};
use rollouts_client::wait;

use crate::context::Context;
use crate::operator::{OperatorError, hinted, on};

/// How a release went on in the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// The phase in which it has settled; `None` when it has not asked for the version in time.
    pub phase: Option<Phase>,
    /// Phase and message, and for which version.
    pub said: String,
}

/// Waits until the Rollout asks for a tag, and then until it is Healthy, Paused or Degraded. An empty tag is any: the
/// chart's own, which is not known here.
///
/// # Errors
/// When the target cannot be reached, or the Rollout is not there.
pub fn follow(
    context: &Context,
    namespace: &str,
    name: &str,
    tag: &str,
    within: Duration,
) -> Result<Followed, OperatorError> {
    on(context, async |cluster| {
        let rollouts = cluster.rollouts(namespace);
        let followed = until_settled(&rollouts, name, tag, within).await.map_err(OperatorError::Client);
        hinted(&rollouts, name, followed).await
    })
}

async fn until_settled(
    rollouts: &Rollouts,
    name: &str,
    tag: &str,
    within: Duration,
) -> Result<Followed, Error> {
    let look = || async {
        let rollout = rollouts.get(name).await?;
        let done = asks_for(&rollout, tag) && Condition::Settled.holds(&rollout, &[]);
        Ok::<_, Error>(done.then_some(rollout))
    };
    match wait::in_time(rollouts.pace(), within, format!("rollout {name} to settle on {tag}"), look).await? {
        Some(rollout) => {
            let said = format!("rollout {name} at {tag}: {}", phase::in_words(&rollout));
            Ok(Followed { phase: Some(phase::of(&rollout).0), said })
        }
        None => {
            let rollout = rollouts.get(name).await?;
            let (has, is) = (version(&rollout).unwrap_or("no tag"), phase::in_words(&rollout));
            let said = match asks_for(&rollout, tag) {
                true => format!("rollout {name} asks for {tag}, and has not settled within {within:?}: {is}"),
                false => format!(
                    "rollout {name} still asks for {has} after {within:?}: nobody has applied the commit; is there an Argo CD, and does it sync by itself?"
                ),
            };
            Ok(Followed { phase: None, said })
        }
    }
}

fn version(rollout: &Rollout) -> Option<&str> {
    rollout.spec.template.as_ref().and_then(PodTemplate::version)
}

fn asks_for(rollout: &Rollout, tag: &str) -> bool {
    tag.is_empty() || version(rollout) == Some(tag)
}
