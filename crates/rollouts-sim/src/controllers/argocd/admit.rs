//! What of an Application and an AppProject is refused when it is written, because nothing here carries it out.

use crate::json::Value;

use super::NAMESPACE;
use crate::object::{self, at, items, text};

/// The options of a sync that are carried out.
const OPTIONS: &[&str] =
    &["CreateNamespace", "ServerSideApply", "RespectIgnoreDifferences", "ApplyOutOfSyncOnly", "PruneLast"];

/// # Errors
/// The first part that is not carried out.
pub(in crate::controllers) fn application(app: &Value) -> Result<(), String> {
    place(app)?;
    none(
        app,
        "an Application",
        &[
            "/spec/sources",
            "/spec/sourceHydrator",
            "/spec/source/chart",
            "/spec/source/helm",
            "/spec/source/kustomize",
            "/spec/source/plugin",
            "/spec/source/ref",
            "/spec/source/directory/jsonnet",
            "/spec/source/directory/include",
            "/spec/source/directory/exclude",
            "/spec/source/directory/disableExtensionFilter",
            "/spec/syncPolicy/managedNamespaceMetadata",
            "/spec/syncPolicy/retry/refresh",
            "/operation/retry/refresh",
            "/operation/sync/dryRun",
            "/operation/sync/manifests",
            "/operation/sync/revisions",
            "/operation/sync/sources",
            "/operation/sync/syncStrategy/apply/force",
            "/operation/sync/syncStrategy/hook/force",
        ],
    )?;
    for one in items(app, "/spec/ignoreDifferences") {
        none(one, "ignoreDifferences of an Application", &["/jqPathExpressions", "/managedFieldsManagers"])?;
    }
    options(app, "/spec/syncPolicy/syncOptions")?;
    options(app, "/operation/sync/syncOptions")
}

/// # Errors
/// The first part that is not carried out.
pub(in crate::controllers) fn project(project: &Value) -> Result<(), String> {
    place(project)?;
    none(
        project,
        "an AppProject",
        &[
            "/spec/syncWindows",
            "/spec/sourceNamespaces",
            "/spec/signatureKeys",
            "/spec/sourceIntegrity",
            "/spec/destinationServiceAccounts",
            "/spec/permitOnlyProjectScopedClusters",
        ],
    )?;
    for list in ["clusterResourceWhitelist", "clusterResourceBlacklist"] {
        let named = items(project, &format!("/spec/{list}")).any(|one| !text(one, "/name").is_empty());
        if named {
            return Err(format!("a name in {list} of an AppProject"));
        }
    }
    Ok(())
}

fn place(object: &Value) -> Result<(), String> {
    match object::namespace(object) {
        NAMESPACE => Ok(()),
        other => Err(format!("a {} in namespace {other} ({NAMESPACE} is)", text(object, "/kind"))),
    }
}

/// None of these fields is set to anything.
fn none(object: &Value, of: &str, pointers: &[&str]) -> Result<(), String> {
    let set = |pointer: &&&str| match at(object, pointer) {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(list)) => !list.is_empty(),
        Some(_) => true,
    };
    match pointers.iter().find(set) {
        Some(pointer) => Err(format!("{} of {of}", pointer.trim_start_matches('/').replace('/', "."))),
        None => Ok(()),
    }
}

fn options(app: &Value, list: &str) -> Result<(), String> {
    for option in items(app, list).filter_map(Value::as_str) {
        match option.split_once('=') {
            Some((name, "true" | "false")) if OPTIONS.contains(&name) => {}
            _ => return Err(format!("the sync option {option} of an Application")),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    #[test]
    fn what_is_not_carried_out_is_refused_by_name() {
        let app =
            |spec: Value| json!({"kind": "Application", "metadata": {"namespace": "argocd"}, "spec": spec});
        for (spec, said) in [
            (json!({"source": {"helm": {}}}), "spec.source.helm"),
            (json!({"sources": [{}]}), "spec.sources"),
            (json!({"ignoreDifferences": [{"jqPathExpressions": [".a"]}]}), "jqPathExpressions"),
            (json!({"syncPolicy": {"syncOptions": ["Validate=false"]}}), "sync option Validate=false"),
        ] {
            let refused = application(&app(spec)).unwrap_err();
            assert!(refused.contains(said), "{refused}");
        }
        let good = json!({"sources": [], "syncPolicy": {"syncOptions": ["CreateNamespace=true", "PruneLast=false"]}});
        assert_eq!(application(&app(good)), Ok(()));
        let elsewhere = json!({"kind": "Application", "metadata": {"namespace": "team"}});
        assert!(application(&elsewhere).unwrap_err().contains("namespace team"));
        let windows =
            json!({"kind": "AppProject", "metadata": {"namespace": "argocd"}, "spec": {"syncWindows": [{}]}});
        assert!(project(&windows).unwrap_err().contains("syncWindows"));
    }
}
