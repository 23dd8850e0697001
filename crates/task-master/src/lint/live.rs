//! The objects of a cluster that are looked at together.

use kube::api::ListParams;
use rollouts_client::client::Rollouts;
use rollouts_client::types::Rollout;
use serde_json::Value;

use crate::cluster::{Cluster, api_fault, object};
use crate::context::Context;
use crate::executor::Class;
use crate::fault::Fault;
use crate::operator::{OperatorError, hinted, on};
use crate::runbook::ObjectRef;

/// What stands beside a Rollout and is looked at with it.
const BESIDE: [(&str, &str); 4] = [
    ("v1", "Service"),
    ("networking.k8s.io/v1", "Ingress"),
    ("argoproj.io/v1alpha1", "AnalysisTemplate"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
];

/// The named Rollouts of a namespace of the context's target, and what stands beside them. A kind that may not be
/// read, or is not served, is left out: the rules that need it then say nothing.
///
/// # Errors
/// When the target cannot be reached, or has no such Rollout.
pub fn live(context: &Context, namespace: &str, names: &[String]) -> Result<Vec<Value>, OperatorError> {
    on(context, async |cluster| of(&cluster, namespace, names).await)
}

/// The named Rollouts with the template of the version that serves users, which an update may be about to replace.
///
/// # Errors
/// When the target cannot be reached, or has no such Rollout.
pub fn serving(context: &Context, namespace: &str, names: &[String]) -> Result<Vec<Value>, OperatorError> {
    on(context, async |cluster| serving_of(&cluster, namespace, names).await)
}

/// The same of an open cluster.
pub(crate) async fn serving_of(
    cluster: &Cluster,
    namespace: &str,
    names: &[String],
) -> Result<Vec<Value>, OperatorError> {
    let rollouts = cluster.rollouts(namespace);
    let mut objects = Vec::new();
    for mut rollout in named(&rollouts, names).await? {
        rollout.spec.template = rollouts.serving(&rollout).await?.or(rollout.spec.template);
        objects.push(serde_json::to_value(rollout).unwrap_or_default());
    }
    Ok(objects)
}

/// The Rollouts of these names.
async fn named(rollouts: &Rollouts, names: &[String]) -> Result<Vec<Rollout>, OperatorError> {
    let mut found = Vec::new();
    for name in names {
        let rollout = rollouts.get(name).await.map_err(OperatorError::Client);
        found.push(hinted(rollouts, name, rollout).await?);
    }
    Ok(found)
}

/// [`live`] of an open cluster.
pub(crate) async fn of(
    cluster: &Cluster,
    namespace: &str,
    names: &[String],
) -> Result<Vec<Value>, OperatorError> {
    let rollouts = named(&cluster.rollouts(namespace), names).await?;
    let json = |rollout| serde_json::to_value(rollout).unwrap_or_default();
    let mut objects: Vec<Value> = rollouts.into_iter().map(json).collect();
    for (api_version, kind) in BESIDE {
        objects.extend(beside(cluster, namespace, api_version, kind).await?);
    }
    Ok(objects)
}

/// The objects of a kind; none where it may not be read or is not served.
async fn beside(
    cluster: &Cluster,
    namespace: &str,
    api_version: &str,
    kind: &str,
) -> Result<Vec<Value>, OperatorError> {
    let (namespace, api_version) = (Some(namespace.to_owned()), api_version.to_owned());
    let any = ObjectRef { api_version, kind: kind.to_owned(), namespace, name: String::new() };
    let api = object::api(&cluster.client, &any);
    let found = match tokio::time::timeout(Rollouts::DEADLINE, api.list(&ListParams::default())).await {
        Ok(Ok(found)) => found.items,
        Ok(Err(kube::Error::Api(status))) if matches!(status.code, 403 | 404) => Vec::new(),
        Ok(Err(error)) => return Err(OperatorError::Target(api_fault(&format!("list {kind}"), &error))),
        Err(_) => {
            let said = format!("list {kind}: no answer within {:?}", Rollouts::DEADLINE);
            return Err(OperatorError::Target(Fault::of(Class::TimedOut, said)));
        }
    };
    let stated = |object| {
        let mut value = serde_json::to_value(object).unwrap_or_default();
        // Items of a list do not say what they are.
        value["apiVersion"] = any.api_version.as_str().into();
        value["kind"] = kind.into();
        value
    };
    Ok(found.into_iter().map(stated).collect())
}
