//! Argo CD over a real Git repository.

mod errors;
mod gitops;
mod operations;

use rollouts_client::client::Rollouts;
use rollouts_sim::Simulator;
use serde_json::{Value, json};

use gitops::{APP, GitOps, NS, ZERO, block_on, text};

const ROLLOUT: (&str, &str, &str) = ("argoproj.io/v1alpha1", "Rollout", NS);
const SERVICE: (&str, &str, &str) = ("v1", "Service", NS);
const IMAGE: &str = "127.0.0.1:5000/demo-app";
const CONTAINER: &str = "/spec/template/spec/containers/0/image";

async fn promote(gitops: &GitOps) {
    use kube::api::{Patch, PatchParams};
    let patch = Patch::Merge(json!({"status": {"pauseConditions": null}}));
    let (version, kind, ns) = ROLLOUT;
    gitops.api(version, kind, ns).patch_status(NS, &PatchParams::default(), &patch).await.unwrap();
}

/// A cluster that has what Git states.
async fn deployed(change: impl Fn(&mut Value)) -> GitOps {
    let gitops = GitOps::new(Simulator::in_memory(7));
    gitops.deploy(change).await;
    gitops.until_is(60, "Synced", "Healthy").await;
    gitops
}

/// The names of what is OutOfSync.
fn differing(app: &Value) -> Vec<String> {
    let all = app["status"]["resources"].as_array().unwrap().iter();
    all.filter(|one| one["status"] == "OutOfSync").map(|one| text(one, "/name").to_owned()).collect()
}

fn without_heal(app: &mut Value) {
    app["spec"]["syncPolicy"]["automated"]["selfHeal"] = json!(false);
}

#[test]
fn a_commit_is_deployed_promoted_and_reverted() {
    block_on(async {
        let gitops = deployed(|_| {}).await;
        let first = gitops.git(&["rev-parse", "HEAD"]).trim().to_owned();
        let app = gitops.application().await;
        assert_eq!(text(&app, "/status/sync/revision"), first);
        assert_eq!(text(&app, "/status/operationState/syncResult/revision"), first);
        assert_eq!(app["status"]["history"].as_array().map(Vec::len), Some(1));
        assert_eq!(app["status"]["summary"]["images"], json!([format!("{IMAGE}:v1")]));
        assert_eq!(app["status"].get("conditions"), None, "{app}");
        assert_eq!(
            gitops.rollout().await["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"],
            format!("{APP}:argoproj.io/Rollout:{NS}/{NS}")
        );

        let second = gitops.change("rollout.yaml", "demo-app:v1", "demo-app:v2");
        // Nobody has told Argo CD: it looks by itself, after two minutes at the latest.
        gitops.until(125, "the commit", |app| text(app, "/status/sync/revision") == second).await;
        gitops.until(10, "Progressing", |app| text(app, "/status/health/status") == "Progressing").await;
        gitops.until_is(60, "Synced", "Suspended").await;
        promote(&gitops).await;
        gitops.until_is(60, "Synced", "Healthy").await;
        assert_eq!(text(&gitops.rollout().await, CONTAINER), format!("{IMAGE}:v2"));

        gitops.git(&["revert", "--no-edit", "HEAD"]);
        gitops.refresh("normal").await;
        gitops.until_is(60, "Synced", "Suspended").await;
        promote(&gitops).await;
        let app = gitops.until_is(60, "Synced", "Healthy").await;
        assert_eq!(text(&gitops.rollout().await, CONTAINER), format!("{IMAGE}:v1"));
        let ids: Vec<&Value> =
            app["status"]["history"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
        assert_eq!(ids, [0, 1, 2]);
    });
}

#[test]
fn drift_is_healed_where_that_is_wanted_and_else_reported() {
    block_on(async {
        let gitops = deployed(|_| {}).await;
        let image = json!({"spec": {"template": {"spec": {"containers": [{"name": "demo-app", "image": format!("{IMAGE}:v9")}]}}}});
        // As `undo` does it: the template is written, and Git does not know.
        gitops.merge(ROLLOUT, NS, image).await;
        let app = gitops.until(5, "the drift", |app| text(app, "/status/sync/status") == "OutOfSync").await;
        assert_eq!(differing(&app), [NS]);
        let app = gitops.until_is(60, "Synced", "Healthy").await;
        assert_eq!(text(&gitops.rollout().await, CONTAINER), format!("{IMAGE}:v1"));
        assert_eq!(app["status"]["operationState"]["operation"]["sync"]["autoHealAttemptsCount"], 1);
        assert_eq!(app["status"]["history"].as_array().map(Vec::len), Some(1), "a healing is no deployment");

        // What a controller owns of a Service is no drift, what a person changes is.
        gitops.merge(SERVICE, "blue-green-active", json!({"metadata": {"labels": {"hand": "made"}}})).await;
        gitops.pass(3).await;
        assert_eq!(
            text(&gitops.application().await, "/status/sync/status"),
            "Synced",
            "Git says nothing of it"
        );

        let reported = deployed(without_heal).await;
        reported.merge(ROLLOUT, NS, json!({"spec": {"replicas": 2}})).await;
        reported.pass(300).await;
        let app = reported.application().await;
        assert_eq!(differing(&app), [NS]);
        assert_eq!(reported.rollout().await["spec"]["replicas"], 2);
        // A new commit is synced nevertheless, once.
        reported.change("rollout.yaml", "scaleDownDelaySeconds: 30", "scaleDownDelaySeconds: 31");
        reported.refresh("normal").await;
        reported.until_is(60, "Synced", "Healthy").await;
        assert_eq!(reported.rollout().await["spec"]["replicas"], 3);
    });
}

/// Recorded: the controller's first update of a Rollout drops it, and Argo CD applies it once more.
#[test]
fn a_zero_that_the_rollouts_controller_drops_is_drift() {
    block_on(async {
        let reported = deployed(without_heal).await;
        let keep = "      scaleDownDelaySeconds: 30\n";
        reported.change("rollout.yaml", keep, &format!("{keep}{ZERO}      # and another version\n"));
        reported.change("rollout.yaml", "demo-app:v1", "demo-app:v2");
        reported.refresh("normal").await;
        let app = reported.until_is(60, "OutOfSync", "Suspended").await;
        assert_eq!(differing(&app), [NS]);
    });
}

#[test]
fn healing_again_and_again_takes_longer_each_time() {
    block_on(async {
        let gitops = deployed(|_| {}).await;
        let mut took = Vec::new();
        for _ in 0..3 {
            gitops.merge(ROLLOUT, NS, json!({"spec": {"replicas": 2}})).await;
            let start = gitops.simulator.now();
            gitops.until(5, "the drift", |app| text(app, "/status/sync/status") == "OutOfSync").await;
            gitops.until(60, "the healing", |app| text(app, "/status/sync/status") == "Synced").await;
            took.push(gitops.simulator.now().duration_since(start).as_secs());
        }
        assert_eq!(took[0], 0, "{took:?}");
        assert!(took[1] >= 1 && took[2] > took[1] + 1, "{took:?}");
    });
}

#[test]
fn what_git_states_no_more_is_pruned_and_deletion_takes_everything_along() {
    block_on(async {
        let gitops = deployed(|_| {}).await;
        std::fs::remove_file(gitops.repository().join("blue-green/ingress.yaml")).unwrap();
        gitops.commit();
        gitops.refresh("normal").await;
        let app = gitops.until_is(30, "Synced", "Healthy").await;
        let (version, kind) = ("networking.k8s.io/v1", "Ingress");
        assert!(gitops.api(version, kind, NS).get_opt(NS).await.unwrap().is_none());
        let results = app["status"]["operationState"]["syncResult"]["resources"].as_array().unwrap();
        assert!(
            results.iter().any(|one| one["kind"] == "Ingress" && one["status"] == "Pruned"),
            "{results:?}"
        );

        let apps = gitops.api("argoproj.io/v1alpha1", "Application", "argocd");
        apps.delete(APP, &Default::default()).await.unwrap();
        gitops.pass(60).await;
        assert!(apps.get_opt(APP).await.unwrap().is_none());
        let (version, kind, ns) = ROLLOUT;
        assert!(gitops.api(version, kind, ns).get_opt(NS).await.unwrap().is_none());
    });
}

#[test]
fn explain_names_what_argo_cd_makes_of_it() {
    block_on(async {
        let gitops = deployed(without_heal).await;
        let rollouts = Rollouts::new(gitops.simulator.client(), NS).with_pace(gitops.simulator.pace());
        let causes = async || -> Vec<&str> {
            let explained = rollouts.explain(NS, "task-master rollout").await.unwrap();
            explained.findings.iter().map(|finding| finding.cause).collect()
        };
        assert_eq!(causes().await, [""; 0]);
        gitops.merge(ROLLOUT, NS, json!({"spec": {"replicas": 2}})).await;
        gitops.pass(60).await;
        assert_eq!(causes().await, ["argocd-out-of-sync"]);
        gitops.git(&["branch", "--move", "main", "gone"]);
        gitops.refresh("normal").await;
        gitops.pass(1).await;
        assert_eq!(causes().await, ["argocd-cannot-compare"]);
    });
}

#[test]
fn a_world_is_the_same_again_without_its_repository() {
    block_on(async {
        let world = tempfile::tempdir().unwrap();
        let gitops = GitOps::new(Simulator::open(world.path()).unwrap());
        gitops.deploy(|_| {}).await;
        gitops.until(10, "a sync", |app| text(app, "/status/sync/status") == "Synced").await;
        let copy = tempfile::tempdir().unwrap();
        for file in std::fs::read_dir(world.path()).unwrap().map(Result::unwrap) {
            std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
        }
        let journal: String = std::fs::read_dir(copy.path())
            .unwrap()
            .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
            .collect();
        assert!(journal.contains(r#""repository":"#) && journal.contains("scaleDownDelaySeconds: 30"));
        let before = gitops.simulator.snapshot();
        drop(gitops);
        assert_eq!(Simulator::open(copy.path()).unwrap().snapshot(), before);
    });
}
