//! Syncs that somebody asks for, and what their options do.

use rollouts_sim::Simulator;
use serde_json::{Value, json};

use super::gitops::{GitOps, NS, block_on, text};
use super::{IMAGE, deployed, without_heal};

fn manual(app: &mut Value) {
    if let Some(policy) = app["spec"]["syncPolicy"].as_object_mut() {
        policy.remove("automated");
    }
}

fn sync(options: &[&str]) -> Value {
    json!({"operation": {"initiatedBy": {"username": "person"}, "sync": {"syncOptions": options}}})
}

#[test]
fn a_sync_by_hand() {
    block_on(async {
        let gitops = GitOps::new(Simulator::in_memory(7));
        gitops.deploy(manual).await;
        gitops.pass(130).await;
        let app = gitops.application().await;
        assert_eq!(text(&app, "/status/sync/status"), "OutOfSync");
        assert_eq!(text(&app, "/status/health/status"), "Missing");
        gitops.tell(sync(&[])).await;
        let app = gitops.until_is(60, "Synced", "Healthy").await;
        let state = &app["status"]["operationState"];
        assert_eq!(state["operation"]["initiatedBy"]["username"], "person");
        assert_eq!(state["message"], "successfully synced (all tasks run)");
        let said: Vec<&str> = state["syncResult"]["resources"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| text(one, "/message"))
            .collect();
        assert_eq!(
            said,
            [
                "service/blue-green-active created",
                "service/blue-green-preview created",
                "ingress.networking.k8s.io/blue-green created",
                "rollout.argoproj.io/blue-green created",
            ]
        );
        let events = gitops.api("v1", "Event", "argocd").list(&Default::default()).await.unwrap();
        let said: Vec<String> =
            events.items.iter().map(|event| text(&event.data, "/message").to_owned()).collect();
        assert!(
            said.iter().any(|said| said.starts_with("Sync operation to ") && said.ends_with("succeeded")),
            "{said:?}"
        );
    });
}

#[test]
fn a_sync_to_another_revision_and_one_by_server_side_apply() {
    block_on(async {
        let gitops = deployed(without_heal).await;
        let other = "0123456789012345678901234567890123456789";
        gitops.tell(json!({"operation": {"sync": {"revision": other}}})).await;
        let app =
            gitops.until(10, "an error", |app| text(app, "/status/operationState/phase") == "Error").await;
        let message = text(&app, "/status/operationState/message");
        assert!(message.contains("the simulator syncs the revision that it compares"), "{message}");

        gitops.tell(sync(&["ServerSideApply=true"])).await;
        let app =
            gitops.until(10, "a sync", |app| text(app, "/status/operationState/phase") == "Succeeded").await;
        let message = text(&app, "/status/operationState/syncResult/resources/0/message");
        assert_eq!(message, "service/blue-green-active serverside-applied");
    });
}

/// A wave waits until the one before is healthy, and a paused Rollout is not.
#[test]
fn waves_wait_for_a_rollout() {
    block_on(async {
        let gitops = GitOps::new(Simulator::in_memory(7));
        let map = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: last\n  annotations:\n    \
                   argocd.argoproj.io/sync-wave: \"1\"\ndata:\n  of: v1\n";
        std::fs::write(gitops.repository().join("blue-green/map.yaml"), map).unwrap();
        gitops.commit();
        gitops.deploy(|app| app["spec"]["project"] = json!("default")).await;
        let app = gitops
            .until(5, "the first wave", |app| {
                text(app, "/status/operationState/phase") == "Running"
                    && app["status"]["operationState"]["syncResult"]["resources"]
                        .as_array()
                        .is_some_and(|all| all.len() == 4)
            })
            .await;
        let message = text(&app, "/status/operationState/message").to_owned();
        assert!(message.starts_with("waiting for healthy state of "), "{message}");
        let maps = gitops.api("v1", "ConfigMap", NS);
        assert!(maps.get_opt("last").await.unwrap().is_none());
        gitops.until_is(60, "Synced", "Healthy").await;
        assert!(maps.get_opt("last").await.unwrap().is_some());

        gitops.change("rollout.yaml", "demo-app:v1", "demo-app:v2");
        gitops.change("map.yaml", "of: v1", "of: v2");
        gitops.refresh("normal").await;
        gitops.until(30, "the pause", |app| text(app, "/status/health/status") == "Suspended").await;
        gitops.pass(30).await;
        let app = gitops.application().await;
        let message = text(&app, "/status/operationState/message");
        assert_eq!(message, "waiting for healthy state of argoproj.io/Rollout/blue-green");
        super::promote(&gitops).await;
        let app = gitops.until_is(60, "Synced", "Healthy").await;
        assert_eq!(app["status"]["summary"]["images"], json!([format!("{IMAGE}:v2")]));
        let of = serde_json::to_value(maps.get("last").await.unwrap()).unwrap();
        assert_eq!(of["data"]["of"], "v2");
    });
}

#[test]
fn a_namespace_is_made_where_that_is_asked_for() {
    block_on(async {
        let gitops = GitOps::new(Simulator::in_memory(7));
        let folder = gitops.repository().join("deeper/down");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(
            folder.join("map.json"),
            r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}"#,
        )
        .unwrap();
        gitops.commit();
        let asked = |options: Value| {
            move |app: &mut Value| {
                app["spec"]["project"] = json!("default");
                app["spec"]["destination"]["namespace"] = json!("fresh");
                app["spec"]["source"]["path"] = json!("deeper");
                app["spec"]["source"]["directory"] = json!({"recurse": true});
                app["spec"]["syncPolicy"]["syncOptions"] = options.clone();
                app["spec"]["syncPolicy"]["retry"] = json!({"limit": 0});
            }
        };
        gitops.deploy(asked(json!([]))).await;
        let app = gitops
            .until(10, "a failed sync", |app| text(app, "/status/operationState/phase") == "Failed")
            .await;
        let result = text(&app, "/status/operationState/syncResult/resources/0/message");
        assert!(result.contains("namespaces \"fresh\" not found"), "{result}");
        gitops.tell(sync(&["CreateNamespace=true"])).await;
        gitops.until_is(10, "Synced", "Healthy").await;
        assert!(gitops.api("v1", "ConfigMap", "fresh").get_opt("a").await.unwrap().is_some());
    });
}

#[test]
fn argo_cd_looks_away_when_it_is_told_to() {
    block_on(async {
        let gitops = deployed(|_| {}).await;
        let skip =
            |value: Value| json!({"metadata": {"annotations": {"argocd.argoproj.io/skip-reconcile": value}}});
        gitops.tell(skip(json!("true"))).await;
        gitops.merge(super::ROLLOUT, NS, json!({"spec": {"replicas": 2}})).await;
        gitops.pass(300).await;
        assert_eq!(gitops.rollout().await["spec"]["replicas"], 2);
        gitops.tell(skip(Value::Null)).await;
        gitops.pass(20).await;
        assert_eq!(gitops.rollout().await["spec"]["replicas"], 3);
    });
}

#[test]
fn what_is_ignored_is_neither_reported_nor_synced() {
    block_on(async {
        let gitops = deployed(|app| {
            let rollout =
                json!({"group": "argoproj.io", "kind": "Rollout", "jsonPointers": ["/spec/replicas"]});
            app["spec"]["ignoreDifferences"].as_array_mut().unwrap().push(rollout);
        })
        .await;
        gitops.merge(super::ROLLOUT, NS, json!({"spec": {"replicas": 2}})).await;
        gitops.pass(10).await;
        assert_eq!(text(&gitops.application().await, "/status/sync/status"), "Synced");
        gitops.change("rollout.yaml", "scaleDownDelaySeconds: 30", "scaleDownDelaySeconds: 31");
        gitops.refresh("normal").await;
        gitops.until_is(30, "Synced", "Healthy").await;
        let spec = gitops.rollout().await["spec"].clone();
        assert_eq!(spec["strategy"]["blueGreen"]["scaleDownDelaySeconds"], 31);
        assert_eq!(spec["replicas"], 2, "RespectIgnoreDifferences");
    });
}

#[test]
fn what_no_application_has_is_warned_of() {
    block_on(async {
        let gitops = deployed(|_| {}).await;
        let map =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "stray", "namespace": NS}});
        gitops.apply(&map).await;
        gitops.refresh("normal").await;
        let warned = |app: &Value| text(app, "/status/conditions/0/type") == "OrphanedResourceWarning";
        let app = gitops.until(10, "a warning", warned).await;
        assert_eq!(text(&app, "/status/conditions/0/message"), "Application has 1 orphaned resources");
        assert!(super::gitops::is(&app, "Synced", "Healthy"), "{app}");
    });
}
