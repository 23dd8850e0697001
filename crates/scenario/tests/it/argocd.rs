//! argocd/: each Application stays within the project, and the project allows no more than they need.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::applicationsets;
use crate::files::{find, objects, root, text};

/// The Applications with the releases that they make.
const APPLICATIONS: [(&str, &str); 2] = [("blue-green-app", "blue-green"), ("canary-app", "canary")];

fn one(path: &str) -> Value {
    let mut objects = objects(&[path]);
    assert_eq!(objects.len(), 1, "{path}");
    objects.remove(0)
}

fn application(name: &str) -> Value {
    let application = one(&format!("argocd/applications/{name}.yaml"));
    assert_eq!(application["metadata"]["name"], name);
    application
}

fn project() -> Value {
    one("argocd/projects/rollouts-project.yaml")
}

#[test]
fn the_project_allows_exactly_the_kinds_that_the_charts_can_render_and_nothing_cluster_wide() {
    let project = project();
    assert_eq!(project["spec"]["clusterResourceWhitelist"], json!([]));
    // From the templates and not from a rendering, because some kinds are rendered on demand.
    let mut kinds = BTreeSet::new();
    for folder in ["charts/common", "charts/blue-green-app/templates", "charts/canary-app/templates"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            // Argo CD passes the pod of `helm test` by.
            if path.is_file() && !path.ends_with("_test.tpl") {
                kinds.extend(kinds_of(&std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    let previews = &applicationsets::projects()["previews"]["spec"]["namespaceResourceWhitelist"];
    assert_eq!(&project["spec"]["namespaceResourceWhitelist"], previews);
    let allowed = project["spec"]["namespaceResourceWhitelist"].as_array().unwrap();
    let allowed: BTreeSet<(String, String)> = allowed
        .iter()
        .map(|entry| {
            (entry["group"].as_str().unwrap().to_owned(), entry["kind"].as_str().unwrap().to_owned())
        })
        .collect();
    assert_eq!(allowed, kinds);
    assert!(kinds.len() >= 6, "{kinds:?}");
}

/// Group and kind of each object that a template begins.
fn kinds_of(template: &str) -> Vec<(String, String)> {
    let mut lines = template.lines().peekable();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        let (Some(version), Some(next)) = (line.strip_prefix("apiVersion: "), lines.peek()) else { continue };
        let group = version.split_once('/').map_or("", |(group, _)| group);
        found.push((group.to_owned(), next.strip_prefix("kind: ").unwrap().to_owned()));
    }
    found
}

#[test]
fn each_application_names_a_chart_and_values_that_are_there() {
    for (name, release) in APPLICATIONS {
        let source = &application(name)["spec"]["source"];
        assert_eq!(source["path"], format!("charts/{name}"));
        assert_eq!(source["helm"]["releaseName"], release);
        let chart = root().join(source["path"].as_str().unwrap());
        assert!(chart.join("Chart.yaml").is_file());
        for file in source["helm"]["valueFiles"].as_array().unwrap() {
            assert!(chart.join(file.as_str().unwrap()).is_file(), "{file}");
            assert_ne!(file, "values-fast.yaml", "for tests alone");
        }
    }
}

#[test]
fn git_wins_over_drift_without_taking_the_selectors_away() {
    for (name, _) in APPLICATIONS {
        let policy = &application(name)["spec"]["syncPolicy"];
        assert_eq!(policy["automated"], json!({ "prune": true, "selfHeal": true }));
        let options = policy["syncOptions"].as_array().unwrap();
        assert!(options.contains(&json!("RespectIgnoreDifferences=true")));
        assert!(!options.iter().any(|option| option.as_str().unwrap().starts_with("ServerSideApply")));
    }
}

/// What Git states and controllers write as well: the hash in the selectors of the Services that the strategy
/// names. The canary Ingress is the controller's alone, and replicas are not stated where an autoscaler has them.
#[test]
fn what_is_ignored_is_exactly_what_controllers_own() {
    for (name, _) in APPLICATIONS {
        let application = application(name);
        let rendered = objects(&[&format!("charts/{name}/rendered/default.yaml")]);
        let rollout = rendered.iter().find(|object| object["kind"] == "Rollout").unwrap();
        let strategy = &rollout["spec"]["strategy"];
        let services: BTreeSet<&str> = ["blueGreen", "canary"]
            .iter()
            .filter_map(|kind| strategy[kind].as_object())
            .flatten()
            .filter(|(field, _)| field.ends_with("Service"))
            .map(|(_, service)| service.as_str().unwrap())
            .collect();
        let ignored = application["spec"]["ignoreDifferences"].as_array().unwrap();
        let mut names = BTreeSet::new();
        for entry in ignored {
            let service = entry["name"].as_str().unwrap();
            let of = json!({
                "group": "", "kind": "Service", "name": service,
                "jsonPointers": ["/spec/selector/rollouts-pod-template-hash"],
            });
            assert_eq!(*entry, of);
            let stated = &find(&rendered, &format!("Service/{service}"))["spec"]["selector"];
            assert!(stated.get("rollouts-pod-template-hash").is_none(), "Git states what it ignores");
            names.insert(service);
        }
        assert_eq!(names, services);
        assert!(!text(&format!("charts/{name}/rendered/default.yaml")).contains("canary-weight"));
    }
}
