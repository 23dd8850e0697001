//! Many Rollouts at once.

use std::time::Duration;

use jiff::Timestamp;
use rollouts_client::client::{Change, Rollouts, Rows};
use rollouts_client::view::RolloutRow;

use super::{OperatorError, on};
use crate::context::Context;

/// The longest turn between two looks at the clock.
const TURN: Duration = Duration::from_secs(1);

/// Which Rollouts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Their namespace; all namespaces when absent.
    pub namespace: Option<String>,
    /// A label selector, in kubectl's syntax; empty for all.
    pub labels: String,
}

/// The Rollouts of a scope by namespace and name, and the target's time at which they were read. One request.
///
/// # Errors
/// When the target cannot be reached or refuses it.
pub fn list(context: &Context, scope: &Scope) -> Result<(Vec<RolloutRow>, Timestamp), OperatorError> {
    on(context, async |cluster| {
        let rollouts = cluster.rollouts(scope.namespace.as_deref().unwrap_or_default());
        let found = match &scope.namespace {
            Some(_) => rollouts.list(&scope.labels).await?,
            None => rollouts.list_everywhere(&scope.labels).await?,
        };
        let mut rows: Vec<RolloutRow> = found.iter().map(RolloutRow::new).collect();
        rows.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        Ok((rows, rollouts.pace().now()))
    })
}

/// Shows the Rollouts of a scope to `see` as they are, without a change, and again with each change, at the target's
/// time. `within` bounds it in that time; without it nothing but an error ends it.
///
/// # Errors
/// When the target cannot be reached or refuses it. A watch that breaks is taken up again.
pub fn watch_list(
    context: &Context,
    scope: &Scope,
    within: Option<Duration>,
    see: &mut dyn FnMut(Option<&Change>, &Rows, Timestamp),
) -> Result<(), OperatorError> {
    on(context, async |cluster| {
        let rollouts = cluster.rollouts_at_ease(scope.namespace.as_deref().unwrap_or_default(), TURN);
        Ok(follow_list(&rollouts, scope, within, see).await?)
    })
}

pub(super) async fn follow_list(
    rollouts: &Rollouts,
    scope: &Scope,
    within: Option<Duration>,
    see: &mut dyn FnMut(Option<&Change>, &Rows, Timestamp),
) -> Result<(), rollouts_client::client::Error> {
    let start = rollouts.pace().now();
    let mut rows = rollouts.rows(scope.namespace.is_none(), &scope.labels).await?;
    see(None, &rows, start);
    loop {
        let left = within.map_or(TURN, |within| within.saturating_sub(rollouts.pace().since(start)));
        if left.is_zero() {
            return Ok(());
        }
        if let Some(change) = rows.next(left.min(TURN)).await? {
            see(Some(&change), &rows, rollouts.pace().now());
        }
    }
}
