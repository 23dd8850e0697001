//! deploy/environments: dev, staging and prod, as kustomize builds them and as the charts render them.

use std::process::Command;

use serde_json::Value;
use test_support::gate;

use crate::files::{find, objects, root, text, title, yaml};

pub(crate) const ENVIRONMENTS: [&str; 3] = ["dev", "staging", "prod"];

/// The platform's half and the applications' half of an environment.
const HALVES: [&str; 2] = ["platform", "apps"];

/// What `kubectl kustomize` makes of one half, as it is committed.
pub(crate) fn built(environment: &str, half: &str) -> Vec<Value> {
    objects(&[&format!("deploy/environments/rendered/{environment}-{half}.yaml")])
}

/// Both applications of an environment as the charts render them.
pub(crate) fn charts(environment: &str) -> Vec<Value> {
    let files = ["blue-green-app", "canary-app"].map(|c| format!("charts/{c}/rendered/{environment}.yaml"));
    objects(&files.each_ref().map(String::as_str))
}

#[test]
fn kubectl_builds_what_is_committed() {
    let Some(kubectl) = gate::program_or_on_path("KUBECTL", "kubectl") else { return };
    for environment in ENVIRONMENTS {
        for half in HALVES {
            #[expect(
                clippy::disallowed_methods,
                reason = "a test that asks the real tool, where there is one"
            )]
            let output = Command::new(&kubectl)
                .current_dir(root())
                .args(["kustomize", &format!("deploy/environments/{environment}/{half}")])
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let fresh = String::from_utf8(output.stdout).unwrap();
            let fresh: Vec<Value> = fresh.split("\n---\n").map(yaml).collect();
            assert_eq!(
                fresh,
                built(environment, half),
                "build it again into deploy/environments/rendered/{environment}-{half}.yaml"
            );
        }
    }
}

/// Whoever uses the plain manifests and whoever uses the charts gets the same environment.
#[test]
fn the_charts_and_the_manifests_say_the_same_of_each_environment() {
    for environment in ENVIRONMENTS {
        let plain = built(environment, "apps");
        let mut rendered = charts(environment);
        assert_eq!(rendered.len(), plain.len(), "{environment}");
        for object in &mut rendered {
            let labels = object["metadata"]["labels"].as_object_mut().unwrap();
            assert_eq!(labels.remove("app.kubernetes.io/managed-by").unwrap(), "Helm");
            labels.remove("helm.sh/chart").unwrap();
            let title = title(object);
            assert_eq!(object, find(&plain, &title), "{environment}: {title}");
        }
    }
}

#[test]
fn everything_lies_in_the_namespace_of_its_environment_which_enforces_restricted_pods() {
    for environment in ENVIRONMENTS {
        let platform = built(environment, "platform");
        let namespace = find(&platform, &format!("Namespace/{environment}"));
        for (label, value) in
            [("enforce", "restricted"), ("enforce-version", "v1.34"), ("audit", "restricted")]
        {
            let label = format!("pod-security.kubernetes.io/{label}");
            assert_eq!(namespace["metadata"]["labels"][&label], value, "{environment}: {label}");
        }
        for object in platform.iter().chain(&built(environment, "apps")).chain(&charts(environment)) {
            if object["kind"] != "Namespace" {
                assert_eq!(object["metadata"]["namespace"], environment, "{}", title(object));
            }
        }
    }
}

/// Two environments on one cluster answer on one ingress, which goes by host.
#[test]
fn no_host_is_served_twice() {
    let mut seen = std::collections::BTreeSet::new();
    let shipped = objects(&["deploy/blue-green/ingress.yaml", "deploy/canary/ingress.yaml"]);
    let everything = shipped.into_iter().chain(ENVIRONMENTS.iter().flat_map(|e| built(e, "apps")));
    for ingress in everything.filter(|object| object["kind"] == "Ingress") {
        for rule in ingress["spec"]["rules"].as_array().unwrap() {
            assert!(seen.insert(rule["host"].to_string()), "{} is served twice", rule["host"]);
        }
    }
    assert_eq!(seen.len(), 24);
}

/// An analysis that asks for the counters of another namespace passes by what happens there.
#[test]
fn each_analysis_asks_for_the_counters_of_its_own_namespace() {
    for environment in ENVIRONMENTS {
        let templates = built(environment, "apps");
        let templates: Vec<&Value> = templates.iter().filter(|o| o["kind"] == "AnalysisTemplate").collect();
        assert_eq!(templates.len(), 4);
        for template in templates {
            let backend = &template["spec"]["args"][0];
            assert_eq!(backend["value"], format!("{environment}-canary-canary-stable-80"));
        }
    }
}

#[test]
fn where_an_autoscaler_scales_git_states_no_replicas_and_elsewhere_it_does() {
    for environment in ENVIRONMENTS {
        let objects = built(environment, "apps");
        let mut scaled = 0;
        for rollout in objects.iter().filter(|object| object["kind"] == "Rollout") {
            let by = objects.iter().any(|object| {
                object["kind"] == "HorizontalPodAutoscaler"
                    && object["spec"]["scaleTargetRef"]["name"] == rollout["metadata"]["name"]
            });
            assert_eq!(rollout["spec"]["replicas"].is_null(), by, "{environment}: {}", title(rollout));
            scaled += usize::from(by);
        }
        assert_eq!(scaled, if environment == "prod" { 2 } else { 0 });
    }
}

/// Folders that are applied with `kubectl apply -f` must hold no kustomization.yaml, which it takes for an object.
#[test]
fn the_bases_are_passed_by_when_their_folders_are_applied() {
    for base in ["deploy/blue-green", "deploy/canary"] {
        let listed = yaml(&text(&format!("{base}/Kustomization")));
        let mut files: Vec<String> = std::fs::read_dir(root().join(base))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "Kustomization")
            .collect();
        files.sort_unstable();
        let mut resources: Vec<&str> =
            listed["resources"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        resources.sort_unstable();
        assert_eq!(resources, files);
    }
}
