//! What Argo CD makes of it, where its Application may be read.

use serde_json::Value;

use super::facts::Facts;
use super::{Cause, Found};

pub(super) const CAUSES: &[Cause] = &[
    Cause::new("argocd-cannot-compare", "Argo CD cannot read what Git asks for", compare),
    Cause::new("argocd-sync-failed", "Argo CD's last sync failed", sync_failed),
    Cause::new("argocd-out-of-sync", "Git asks for something else than the cluster has", out_of_sync),
];

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn application(facts: &Facts) -> Option<(&Value, &str)> {
    let application = facts.application.as_ref()?;
    Some((application, text(application, "/metadata/name")))
}

fn conditions(application: &Value) -> impl Iterator<Item = &Value> {
    application.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten()
}

fn compare(facts: &Facts) -> Option<Found> {
    let (application, name) = application(facts)?;
    let condition = conditions(application)
        .find(|condition| matches!(text(condition, "/type"), "ComparisonError" | "InvalidSpecError"))?;
    let says = format!("{}: {}", text(condition, "/type"), text(condition, "/message"));
    let summary = format!("Argo CD cannot tell what Git asks for, so application {name} stands still");
    Some(
        Found::new(summary)
            .seen(format!("application {name}"), says)
            .next(format!("argocd app get {name} --refresh")),
    )
}

fn sync_failed(facts: &Facts) -> Option<Found> {
    let (application, name) = application(facts)?;
    let phase = text(application, "/status/operationState/phase");
    matches!(phase, "Failed" | "Error").then_some(())?;
    let refused = application
        .pointer("/status/operationState/syncResult/resources")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .find(|resource| text(resource, "/status") == "SyncFailed");
    let refused = refused.map(|resource| {
        let [kind, name, message] = ["/kind", "/name", "/message"].map(|pointer| text(resource, pointer));
        format!("{kind} {name}: {message}")
    });
    Some(
        Found::new(format!("Argo CD could not bring application {name} to what Git asks for"))
            .seen(
                format!("application {name}, last sync"),
                text(application, "/status/operationState/message"),
            )
            .seen_if("what was refused", refused)
            .next(format!("argocd app sync {name}")),
    )
}

fn out_of_sync(facts: &Facts) -> Option<Found> {
    let (application, name) = application(facts)?;
    let failed = matches!(text(application, "/status/operationState/phase"), "Failed" | "Error");
    if text(application, "/status/sync/status") != "OutOfSync" || failed || compare(facts).is_some() {
        return None;
    }
    let resources = application.pointer("/status/resources").and_then(Value::as_array).into_iter().flatten();
    let differing: Vec<String> = resources
        .filter(|resource| text(resource, "/status") == "OutOfSync")
        .map(|resource| format!("{} {}", text(resource, "/kind"), text(resource, "/name")))
        .collect();
    let heals = application.pointer("/spec/syncPolicy/automated/selfHeal") == Some(&Value::Bool(true));
    let summary = if heals {
        format!(
            "the cluster differs from Git, and Argo CD will take that back (self-heal of application {name})"
        )
    } else {
        format!("Git asks for something else than the cluster has, and nobody has synced application {name}")
    };
    let revision = text(application, "/status/sync/revision");
    Some(
        Found::new(summary)
            .seen(format!("application {name}, OutOfSync"), differing.join(", "))
            .seen_if("revision in Git", Some(revision).filter(|revision| !revision.is_empty()))
            .next(format!("argocd app diff {name}")),
    )
}
