//! Telling Argo CD to look at Git now, instead of at its next poll.

use rollouts_client::client::Rollouts;
use rollouts_client::names::ARGOCD_REFRESH;
use serde_json::json;

use crate::cluster::{Cluster, api_fault, application};
use crate::context::Context;
use crate::operator::{OperatorError, hinted, on};

/// Refreshes an Application: the named one, else the one that tracks the Rollout. `None` when the target has none.
///
/// # Errors
/// When the target cannot be reached, the Rollout is not there, or the Application may not be changed.
pub fn refresh(
    context: &Context,
    namespace: &str,
    rollout: &str,
    application: Option<&str>,
) -> Result<Option<String>, OperatorError> {
    on(context, async |cluster| {
        let rollouts = cluster.rollouts(namespace);
        let found = of(&rollouts, rollout, application).await;
        let Some((place, name)) = hinted(&rollouts, rollout, found).await? else { return Ok(None) };
        annotated(&cluster, &place, &name).await
    })
}

/// Namespace and name of the Application.
async fn of(
    rollouts: &Rollouts,
    rollout: &str,
    application: Option<&str>,
) -> Result<Option<(String, String)>, OperatorError> {
    let mark = match application {
        Some(named) => Some(named.to_owned()),
        None => rollouts.get(rollout).await?.tracked_by().map(str::to_owned),
    };
    Ok(mark.map(|mark| match mark.split_once('_') {
        Some((place, name)) => (place.to_owned(), name.to_owned()),
        None => (application::NAMESPACE.to_owned(), mark),
    }))
}

async fn annotated(cluster: &Cluster, place: &str, name: &str) -> Result<Option<String>, OperatorError> {
    let application = application::reference(place, name);
    let told = json!({ARGOCD_REFRESH: "normal"});
    let call = application::annotate(cluster, &application, &told);
    match tokio::time::timeout(Rollouts::DEADLINE, call).await {
        Ok(Ok(_)) => Ok(Some(name.to_owned())),
        Ok(Err(kube::Error::Api(status))) if status.code == 404 => Ok(None),
        Ok(Err(error)) => {
            Err(OperatorError::Target(api_fault(&format!("refresh application {name}"), &error)))
        }
        Err(_) => {
            let said = format!("refresh application {name}: no answer within {:?}", Rollouts::DEADLINE);
            Err(OperatorError::Target(crate::fault::Fault::of(crate::executor::Class::TimedOut, said)))
        }
    }
}
