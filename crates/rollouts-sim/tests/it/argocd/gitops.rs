//! A simulated cluster whose Argo CD watches a real Git repository in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use kube::Api;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams};
use rollouts_sim::Simulator;
use serde_json::{Value, json};

use crate::cluster::{documents, repository};

/// The repository that the shipped files name.
const SHIPPED: &str = "https://git.example.com/platform/progressive-delivery.git";
pub(super) const APP: &str = "blue-green-app";
pub(super) const NS: &str = "blue-green";

pub(super) struct GitOps {
    pub(super) simulator: Simulator,
    pub(super) folder: tempfile::TempDir,
}

/// The text at a pointer, or empty.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// What PRD §3.3 states and the Rollouts controller takes away: drift, which only its own test wants.
pub(super) const ZERO: &str = "      autoPromotionSeconds: 0\n";

pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

impl GitOps {
    /// The shipped blue-green manifests in a repository, and a cluster that does not know of them.
    pub(super) fn new(simulator: Simulator) -> GitOps {
        let gitops = GitOps { simulator, folder: tempfile::tempdir().unwrap() };
        let manifests = gitops.repository().join("blue-green");
        std::fs::create_dir_all(&manifests).unwrap();
        for file in ["rollout.yaml", "services.yaml", "ingress.yaml"] {
            let text = std::fs::read_to_string(repository(&format!("deploy/blue-green/{file}"))).unwrap();
            std::fs::write(manifests.join(file), text.replace(ZERO, "")).unwrap();
        }
        gitops.git(&["init", "--quiet", "--initial-branch=main"]);
        gitops.commit();
        gitops
    }

    pub(super) fn repository(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    pub(super) fn git(&self, words: &[&str]) -> String {
        git(&self.repository(), words)
    }

    /// Commits all that is there, and says which commit it is.
    pub(super) fn commit(&self) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "change"]);
        self.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// Changes one place of a manifest and commits.
    pub(super) fn change(&self, file: &str, from: &str, to: &str) -> String {
        let path = self.repository().join("blue-green").join(file);
        let before = std::fs::read_to_string(&path).unwrap();
        assert_eq!(before.matches(from).count(), 1, "{from}");
        std::fs::write(&path, before.replace(from, to)).unwrap();
        self.commit()
    }

    /// The shipped Application over this repository, its project and namespaces.
    pub(super) async fn deploy(&self, change: impl Fn(&mut Value)) {
        self.apply(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argocd"}})).await;
        let url = self.repository().display().to_string();
        for file in [
            "deploy/namespaces/blue-green.yaml",
            "argocd/projects/rollouts-project.yaml",
            "argocd/applications/blue-green-app.yaml",
        ] {
            for mut document in documents(file) {
                if document["kind"] == "Application" {
                    document["spec"]["source"] =
                        json!({"repoURL": SHIPPED, "targetRevision": "main", "path": NS});
                    change(&mut document);
                }
                let document = document.to_string().replace(SHIPPED, &url);
                self.apply(&serde_json::from_str(&document).unwrap()).await;
            }
        }
    }

    pub(super) fn api(&self, version: &str, kind: &str, ns: &str) -> Api<DynamicObject> {
        let (group, version) = version.rsplit_once('/').unwrap_or(("", version));
        let kind = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        match ns {
            "" => Api::all_with(self.simulator.client(), &kind),
            ns => Api::namespaced_with(self.simulator.client(), ns, &kind),
        }
    }

    pub(super) async fn apply(&self, object: &Value) {
        let api =
            self.api(text(object, "/apiVersion"), text(object, "/kind"), text(object, "/metadata/namespace"));
        let params = PatchParams::apply("test").force();
        api.patch(text(object, "/metadata/name"), &params, &Patch::Apply(object)).await.unwrap();
    }

    pub(super) async fn merge(&self, kind: (&str, &str, &str), name: &str, patch: Value) {
        let (version, kind, ns) = kind;
        self.api(version, kind, ns).patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }

    pub(super) async fn get(&self, version: &str, kind: &str, ns: &str, name: &str) -> Value {
        serde_json::to_value(self.api(version, kind, ns).get(name).await.unwrap()).unwrap()
    }

    pub(super) async fn application(&self) -> Value {
        self.get("argoproj.io/v1alpha1", "Application", "argocd", APP).await
    }

    pub(super) async fn rollout(&self) -> Value {
        self.get("argoproj.io/v1alpha1", "Rollout", NS, NS).await
    }

    /// Changes the Application.
    pub(super) async fn tell(&self, patch: Value) {
        self.merge(("argoproj.io/v1alpha1", "Application", "argocd"), APP, patch).await;
    }

    /// Has Argo CD look at Git now.
    pub(super) async fn refresh(&self, how: &str) {
        self.tell(json!({"metadata": {"annotations": {"argocd.argoproj.io/refresh": how}}})).await;
    }

    /// Lets time pass until the Application is so, for at most so many seconds, and gives it.
    pub(super) async fn until(&self, seconds: i64, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let (pace, start) = (self.simulator.pace(), self.simulator.now());
        loop {
            let application = self.application().await;
            if holds(&application) {
                return application;
            }
            let passed = self.simulator.now().duration_since(start).as_secs();
            assert!(passed < seconds, "{what}: {}", serde_json::to_string_pretty(&application).unwrap());
            pace.turn(Duration::from_secs(1)).await;
        }
    }

    /// Sync status and health are these, and nothing is under way.
    pub(super) async fn until_is(&self, seconds: i64, sync: &str, health: &str) -> Value {
        self.until(seconds, &format!("{sync} and {health}"), |app| is(app, sync, health)).await
    }

    /// Lets so many seconds pass.
    pub(super) async fn pass(&self, seconds: i64) {
        let (pace, start) = (self.simulator.pace(), self.simulator.now());
        while self.simulator.now().duration_since(start).as_secs() < seconds {
            pace.turn(Duration::from_secs(1)).await;
        }
    }
}

pub(super) fn is(app: &Value, sync: &str, health: &str) -> bool {
    text(app, "/status/sync/status") == sync
        && text(app, "/status/health/status") == health
        && app.get("operation").is_none()
        && app["metadata"]["annotations"].get("argocd.argoproj.io/refresh").is_none()
}

#[expect(clippy::disallowed_methods, reason = "the test is about a real repository")]
pub(super) fn git(folder: &Path, words: &[&str]) -> String {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(["-c", "commit.gpgsign=false"]).args(words);
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), "developer").env(format!("GIT_{role}_EMAIL"), "d@localhost");
    }
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(name);
    }
    let done = command.output().unwrap();
    assert!(done.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}
