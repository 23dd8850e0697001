//! An empty namespace before a run and none after it.

use std::time::Duration;

use kube::api::DeleteParams;

use crate::act::{ActError, api, call};
use crate::run::World;

/// How long the deletion of a namespace may take: pods have 30 s of grace, their namespace a little more.
const WITHIN: Duration = Duration::from_secs(120);

/// Why a namespace is still there.
#[derive(Debug, thiserror::Error)]
pub enum ClearError {
    /// The API refused.
    #[error("delete namespace {namespace}")]
    Act {
        /// Its name.
        namespace: String,
        /// Why.
        #[source]
        source: ActError,
    },
    /// It is still being deleted.
    #[error("namespace {namespace} is still there after {WITHIN:?}")]
    TimedOut {
        /// Its name.
        namespace: String,
    },
}

/// Deletes a namespace with all that is in it, and waits until it is gone. One that is not there is gone.
///
/// # Errors
/// When the API refuses, or when it is not gone in time.
pub async fn clear(world: &World, namespace: &str) -> Result<(), ClearError> {
    let act = |source| ClearError::Act { namespace: namespace.to_owned(), source };
    let namespaces = api(&world.client, "v1", "Namespace", None);
    let start = world.pace.now();
    let mut asked = false;
    loop {
        let found = call(format!("get namespace {namespace}"), namespaces.get_opt(namespace)).await;
        if found.map_err(act)?.is_none() {
            return Ok(());
        }
        if !asked {
            let params = DeleteParams::default();
            let deletion =
                call(format!("delete namespace {namespace}"), namespaces.delete(namespace, &params));
            deletion.await.map_err(act)?;
            asked = true;
        }
        let passed = Duration::try_from(world.pace.now().duration_since(start)).unwrap_or_default();
        let left = WITHIN.saturating_sub(passed);
        if left.is_zero() {
            return Err(ClearError::TimedOut { namespace: namespace.to_owned() });
        }
        world.pace.turn(left).await;
    }
}
