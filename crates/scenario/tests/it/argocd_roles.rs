//! The roles of the Argo CD projects, asked of Argo CD itself: `argocd admin settings rbac can`, which needs no server.

use std::process::Command;

use serde_json::json;
use test_support::gate;

use crate::applicationsets::projects;

const VERBS: [&str; 5] = ["resume", "promote-full", "pause", "abort", "retry"];

#[test]
fn each_role_may_what_its_description_says_and_nothing_beside() {
    let Some(argocd) = gate::program("ARGOCD") else { return };
    let projects = projects();
    let roles = projects["rollouts"]["spec"]["roles"].as_array().unwrap();
    let policies = roles.iter().flat_map(|role| role["policies"].as_array().unwrap());
    let policies: Vec<&str> = policies.map(|line| line.as_str().unwrap()).collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.csv");
    std::fs::write(&file, policies.join("\n")).unwrap();
    // It wants a kubeconfig, and asks nobody when it has a policy file.
    let kubeconfig = folder.path().join("kubeconfig");
    let nowhere = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "nowhere",
        "users": [{ "name": "nobody", "user": { "token": "none" } }],
        "clusters": [{ "name": "nowhere", "cluster": { "server": "https://127.0.0.1:1" } }],
        "contexts": [{ "name": "nowhere", "context": { "cluster": "nowhere", "user": "nobody" } }],
    });
    std::fs::write(&kubeconfig, nowhere.to_string()).unwrap();

    let can = |role: &str, act: &str, object: &str| {
        #[expect(clippy::disallowed_methods, reason = "a test that asks the real tool, where there is one")]
        let mut command = Command::new(&argocd);
        command.args([
            "admin",
            "settings",
            "rbac",
            "can",
            &format!("proj:rollouts:{role}"),
            act,
            "applications",
        ]);
        command.arg(object).arg("--policy-file").arg(&file).env("KUBECONFIG", &kubeconfig);
        let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
        match said.trim() {
            "Yes" => true,
            "No" => false,
            other => panic!("{role} {act} {object}: {other}"),
        }
    };
    let own = "rollouts/blue-green-dev";
    for role in ["viewer", "promoter"] {
        assert!(can(role, "get", own), "{role}");
        for act in ["create", "update", "delete", "override"] {
            assert!(!can(role, act, own), "{role} {act}");
        }
        assert!(!can(role, "get", "platform/platform-dev"), "{role}: another project");
    }
    for verb in VERBS {
        let act = format!("action/argoproj.io/Rollout/{verb}");
        assert!(can("promoter", &act, own), "{verb}");
        assert!(!can("viewer", &act, own), "{verb}");
    }
    assert!(can("promoter", "sync", own) && !can("viewer", "sync", own));
    for act in ["action/argoproj.io/Rollout/restart", "action/argoproj.io/Rollout/skip-current-step"] {
        assert!(!can("promoter", act, own), "{act}");
    }
    for project in ["platform", "previews"] {
        assert!(projects[project]["spec"]["roles"].is_null(), "{project} has no role that was looked at");
    }
}
