//! Has Argo CD look away from an Application, and look again.
//!
//! The annotation `argocd.argoproj.io/skip-reconcile` keeps Argo CD 3.6 from starting to compare; it does not end a
//! comparison that is under way, which syncs afterwards. One is begun whenever the annotation is taken away, so a
//! change by hand a moment later was seen healed (2 of 6 times live; 0 of 15 after waiting for a refresh to end).
//! Therefore both ways wait until what Argo CD has begun is over.

use std::time::Duration;

use rollouts_client::names::{ARGOCD_REFRESH as REFRESH, ARGOCD_SKIP_RECONCILE as SKIP};
use serde_json::{Value, json};

use super::{Cluster, Look, api_fault, application, object, until};
use crate::fault::Fault;
use crate::runbook::{ObjectRef, Reconcile};

/// Whether it is so, and nothing of before is under way. Where there is no Application, nothing reconciles.
pub(crate) async fn look(cluster: &Cluster, wanted: &Reconcile) -> Result<Look, Fault> {
    let application = reference(wanted);
    let name = object::words(&application);
    let live = object::api(&cluster.client, &application).get_opt(&application.name).await;
    Ok(match live.map_err(|error| api_fault(&format!("get {name}"), &error))? {
        None => Look::So(format!("{name} is not there, so nothing reconciles")),
        Some(live) => judge(&name, wanted.skip, &serde_json::to_value(&live).unwrap_or(Value::Null)),
    })
}

/// Makes it so, at most for `bound`.
pub(crate) async fn act(cluster: &Cluster, wanted: &Reconcile, bound: Duration) -> Result<String, Fault> {
    // Who looks away has nothing under way once one more comparison is over.
    let application = reference(wanted);
    annotate(cluster, &application, &json!({SKIP: null, REFRESH: "normal"})).await?;
    let looked = Reconcile { skip: false, ..wanted.clone() };
    until(cluster, bound, "argo cd", || look(cluster, &looked)).await?;
    if wanted.skip {
        annotate(cluster, &application, &json!({SKIP: "true"})).await?;
    }
    until(cluster, bound, "argo cd", || look(cluster, wanted)).await
}

fn judge(name: &str, skip: bool, live: &Value) -> Look {
    let annotation = |key: &str| live["metadata"]["annotations"][key].as_str();
    let skipped = annotation(SKIP) == Some("true");
    let syncing = live.get("operation").is_some() || live["status"]["operationState"]["phase"] == "Running";
    match (skip, skipped) {
        (true, false) => Look::NotSo(format!("argo cd reconciles {name}")),
        (false, true) => Look::NotSo(format!("argo cd was asked to leave {name} alone")),
        _ if !skip && annotation(REFRESH).is_some() => {
            Look::NotSo(format!("argo cd has not compared {name} yet"))
        }
        _ if syncing => Look::NotSo(format!("argo cd is syncing {name}")),
        (true, true) => Look::So(format!("argo cd leaves {name} alone")),
        (false, false) => Look::So(format!("argo cd reconciles {name}")),
    }
}

async fn annotate(cluster: &Cluster, application: &ObjectRef, annotations: &Value) -> Result<(), Fault> {
    let sent = application::annotate(cluster, application, annotations).await;
    sent.map_err(|error| api_fault(&format!("annotate {}", object::words(application)), &error))
}

fn reference(wanted: &Reconcile) -> ObjectRef {
    application::reference(application::NAMESPACE, &wanted.application)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_way_is_so_while_something_is_under_way() {
        let application = |annotations: Value, rest: Value| {
            let mut live = rest;
            live["metadata"] = json!({"annotations": annotations});
            live
        };
        let syncing = json!({"status": {"operationState": {"phase": "Running"}}});
        let asked = json!({"operation": {"sync": {}}});
        let quiet = json!({"status": {"operationState": {"phase": "Succeeded"}}});
        let (away, looking) = (json!({SKIP: "true"}), json!({}));
        for (live, leaves, reconciles) in [
            (application(away.clone(), quiet.clone()), "so", "leave"),
            (application(away.clone(), syncing.clone()), "is syncing", "leave"),
            (application(away, asked.clone()), "is syncing", "leave"),
            (application(json!({SKIP: "false"}), quiet.clone()), "reconciles", "so"),
            (application(looking.clone(), quiet.clone()), "reconciles", "so"),
            (application(looking.clone(), asked), "reconciles", "is syncing"),
            (application(looking, syncing), "reconciles", "is syncing"),
            (application(json!({REFRESH: "normal"}), quiet), "reconciles", "has not compared"),
        ] {
            for (skip, expected) in [(true, leaves), (false, reconciles)] {
                match judge("application argocd/a", skip, &live) {
                    Look::So(_) => assert_eq!(expected, "so", "{skip} {live}"),
                    Look::NotSo(reason) => {
                        assert!(reason.contains(expected), "{skip} {live}: {reason}");
                    }
                }
            }
        }
    }
}
