//! The objects of a cluster that are looked at together.

use kube::Api;
use kube::api::{ApiResource, DynamicObject, ListParams};
use kube::core::GroupVersionKind;
use serde_json::Value;

use crate::cluster;
use crate::context::Context;
use crate::operator::{OperatorError, hinted};

/// What stands beside a Rollout and is looked at with it.
const BESIDE: [(&str, &str, &str); 4] = [
    ("", "v1", "Service"),
    ("networking.k8s.io", "v1", "Ingress"),
    ("argoproj.io", "v1alpha1", "AnalysisTemplate"),
    ("autoscaling", "v2", "HorizontalPodAutoscaler"),
];

/// The named Rollouts of a namespace of the context's target, and what stands beside them. A kind that may not be
/// read, or is not served, is left out: the rules that need it then say nothing.
///
/// # Errors
/// When the target cannot be reached, or has no such Rollout.
pub fn live(context: &Context, namespace: &str, names: &[String]) -> Result<Vec<Value>, OperatorError> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(OperatorError::Runtime)?;
    runtime.block_on(async {
        let cluster = cluster::open(context).await.map_err(OperatorError::Target)?;
        let rollouts = cluster.rollouts(namespace);
        let mut objects = Vec::new();
        for name in names {
            let rollout = rollouts.get(name).await.map_err(OperatorError::Client);
            let rollout = hinted(&rollouts, name, rollout).await?;
            objects.push(serde_json::to_value(rollout).unwrap_or_default());
        }
        for (group, version, kind) in BESIDE {
            let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
            let api: Api<DynamicObject> = Api::namespaced_with(cluster.client.clone(), namespace, &resource);
            let Ok(found) = api.list(&ListParams::default()).await else { continue };
            for object in found.items {
                let mut value = serde_json::to_value(object).unwrap_or_default();
                // Items of a list do not say what they are.
                let api_version =
                    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
                value["apiVersion"] = api_version.into();
                value["kind"] = kind.into();
                objects.push(value);
            }
        }
        Ok(objects)
    })
}
