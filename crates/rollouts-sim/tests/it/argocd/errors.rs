//! What Argo CD cannot read or may not do is a condition of the Application.

use rollouts_sim::Simulator;
use serde_json::{Value, json};

use super::gitops::{GitOps, block_on, text};
use super::{deployed, without_heal};

/// The condition of a type once it is there.
async fn condition(gitops: &GitOps, kind: &str) -> String {
    let find = |app: &Value| {
        let all = app.pointer("/status/conditions").and_then(Value::as_array).cloned().unwrap_or_default();
        all.into_iter().find(|one| one["type"] == kind).map(|one| text(&one, "/message").to_owned())
    };
    find(&gitops.until(60, kind, |app| find(app).is_some()).await).unwrap()
}

#[test]
fn a_repository_that_cannot_be_read() {
    block_on(async {
        let source = |field: &'static str, value: &str| {
            let value = value.to_owned();
            move |app: &mut Value| app["spec"]["source"][field] = json!(value)
        };
        for (field, value, said) in [
            ("targetRevision", "nowhere", "unable to resolve 'nowhere' to a commit SHA"),
            ("targetRevision", "HEAD~1", "the simulator knows HEAD, branches, tags and commits"),
            ("path", "nothing", "nothing: app path does not exist"),
            ("path", "../outside", "not within the repository"),
        ] {
            let gitops = GitOps::new(Simulator::in_memory(7));
            gitops.deploy(source(field, value)).await;
            let message = condition(&gitops, "ComparisonError").await;
            assert!(message.contains(said), "{message}");
            let app = gitops.application().await;
            assert_eq!(text(&app, "/status/sync/status"), "Unknown");
        }
    });
}

#[test]
fn what_has_to_be_rendered_and_what_is_no_manifest() {
    block_on(async {
        for (file, content, said) in [
            ("Chart.yaml", "name: a\n", "the simulator renders no charts"),
            ("Kustomization", "resources: []\n", "the simulator renders no kustomizations"),
            ("broken.yaml", "a: [\n", "broken.yaml"),
            ("other.yaml", "apiVersion: v9\nkind: Thing\nmetadata:\n  name: a\n", "could not find v9/Thing"),
        ] {
            let gitops = GitOps::new(Simulator::in_memory(7));
            std::fs::write(gitops.repository().join("blue-green").join(file), content).unwrap();
            gitops.commit();
            gitops.deploy(|_| {}).await;
            let message = condition(&gitops, "ComparisonError").await;
            assert!(message.contains(said), "{message}");
        }
    });
}

#[test]
fn a_repository_that_goes_away_leaves_the_cluster_alone() {
    block_on(async {
        let gitops = deployed(|_| {}).await;
        std::fs::rename(gitops.repository(), gitops.folder.path().join("elsewhere")).unwrap();
        gitops.refresh("hard").await;
        let message = condition(&gitops, "ComparisonError").await;
        assert!(message.contains("No such file"), "{message}");
        assert_eq!(text(&gitops.rollout().await, "/status/phase"), "Healthy");
        std::fs::rename(gitops.folder.path().join("elsewhere"), gitops.repository()).unwrap();
        gitops.refresh("normal").await;
        let app = gitops.until_is(10, "Synced", "Healthy").await;
        assert_eq!(app["status"].get("conditions"), None);
    });
}

#[test]
fn a_project_that_is_not_there_or_forbids() {
    block_on(async {
        let gitops = GitOps::new(Simulator::in_memory(7));
        gitops.deploy(|app| app["spec"]["project"] = json!("nobody")).await;
        let message = condition(&gitops, "InvalidSpecError").await;
        assert_eq!(message, "Application referencing project nobody which does not exist");
        // The default project is Argo CD's own, and permits everything.
        gitops.tell(json!({"spec": {"project": "default"}})).await;
        gitops.until_is(60, "Synced", "Healthy").await;

        for (field, value, said) in [
            ("sourceRepos", json!(["/elsewhere"]), "is not permitted in project 'rollouts'"),
            ("destinations", json!([]), "do not match any of the allowed destinations in project 'rollouts'"),
        ] {
            let gitops = deployed(without_heal).await;
            let project = ("argoproj.io/v1alpha1", "AppProject", "argocd");
            gitops.merge(project, "rollouts", json!({"spec": {field: value}})).await;
            let message = condition(&gitops, "InvalidSpecError").await;
            assert!(message.contains(said), "{message}");
        }
    });
}

#[test]
fn a_kind_that_the_project_forbids_is_not_synced() {
    block_on(async {
        let gitops = GitOps::new(Simulator::in_memory(7));
        let map = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";
        std::fs::write(gitops.repository().join("blue-green/map.yaml"), map).unwrap();
        gitops.commit();
        gitops.deploy(|app| app["spec"]["syncPolicy"]["retry"] = json!({"limit": 1})).await;
        let app = gitops
            .until(60, "a failed sync", |app| text(app, "/status/operationState/phase") == "Failed")
            .await;
        let message = text(&app, "/status/operationState/message");
        assert!(message.contains("resource :ConfigMap is not permitted in project rollouts"), "{message}");
        assert!(message.ends_with("(retried 1 times)."), "{message}");
        let message = condition(&gitops, "SyncError").await;
        assert!(message.starts_with("Failed last sync attempt to ["), "{message}");
    });
}

#[test]
fn a_served_simulator_reads_what_it_was_given() {
    block_on(async {
        let gitops = GitOps::new(Simulator::in_memory(7));
        gitops.simulator.limit_repositories(None);
        gitops.deploy(|_| {}).await;
        let message = condition(&gitops, "ComparisonError").await;
        assert!(message.contains("was given no folder of repositories"), "{message}");
        gitops.simulator.limit_repositories(Some(gitops.folder.path().to_owned()));
        gitops.refresh("normal").await;
        gitops.until_is(60, "Synced", "Healthy").await;
    });
}
