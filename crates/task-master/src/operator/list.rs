//! Many Rollouts at once.

use jiff::Timestamp;
use rollouts_client::view::RolloutRow;

use super::{OperatorError, on};
use crate::context::Context;

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
