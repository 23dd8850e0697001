//! A Rollout as it changes.

use std::time::Duration;

use rollouts_client::client::Rollouts;
use rollouts_client::condition::Condition;
use rollouts_client::phase::Phase;
use rollouts_client::view::RolloutView;

use super::{OperatorError, hinted, on};
use crate::context::Context;

/// How long nothing is looked at: a look is half a dozen requests. A simulated world, which knows when its next event
/// is, is looked at then.
const EVERY: Duration = Duration::from_secs(1);

/// When a watch ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// When the Rollout is Healthy, Paused or Degraded.
    Settled,
    /// Not before its time.
    Over,
}

/// Shows a Rollout to `see` each time that it looks different but for its ages, and returns its last phase. `within`
/// bounds it in the target's time; without it only [`Until::Settled`] ends it.
///
/// # Errors
/// When the target cannot be reached, or the Rollout is not there or goes away. A read that fails in between is
/// repeated for as long as one call may take.
pub fn watch(
    context: &Context,
    namespace: &str,
    name: &str,
    until: Until,
    within: Option<Duration>,
    see: &mut dyn FnMut(&RolloutView),
) -> Result<Phase, OperatorError> {
    on(context, async |cluster| {
        let rollouts = cluster.rollouts_at_ease(namespace, EVERY);
        let watched = follow(&rollouts, name, until, within, see).await;
        hinted(&rollouts, name, watched).await
    })
}

pub(super) async fn follow(
    rollouts: &Rollouts,
    name: &str,
    until: Until,
    within: Option<Duration>,
    see: &mut dyn FnMut(&RolloutView),
) -> Result<Phase, OperatorError> {
    let start = rollouts.pace().now();
    let mut last: Option<RolloutView> = None;
    loop {
        let rollout = rollouts.get(name).await?;
        let view = rollouts.view_of(&rollout).await?;
        if last.as_ref().is_none_or(|last| !alike(last, &view)) {
            see(&view);
        }
        let settled = Condition::Settled.holds(&rollout, &[]);
        let passed = Duration::try_from(view.at.duration_since(start)).unwrap_or_default();
        let left = within.map_or(EVERY, |within| within.saturating_sub(passed));
        if (settled && until == Until::Settled) || left.is_zero() {
            return Ok(view.phase);
        }
        last = Some(view);
        rollouts.pace().turn(left.min(EVERY)).await;
    }
}

/// Whether two views show the same but for the time at which they were taken.
fn alike(one: &RolloutView, other: &RolloutView) -> bool {
    one == &RolloutView { at: one.at, ..other.clone() }
}
