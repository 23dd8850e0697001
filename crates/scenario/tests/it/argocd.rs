//! argocd/: the Application stays within its project, and the project allows no more than is needed.

use serde_json::Value;

use crate::files::{objects, root};

fn one(path: &str) -> Value {
    let mut objects = objects(&[path]);
    assert_eq!(objects.len(), 1, "{path}");
    objects.remove(0)
}

fn application() -> Value {
    one("argocd/applications/blue-green-app.yaml")
}

fn project() -> Value {
    one("argocd/projects/rollouts-project.yaml")
}

#[test]
fn the_application_is_within_its_project() {
    let (application, project) = (application(), project());
    assert_eq!(application["spec"]["project"], project["metadata"]["name"]);
    assert_eq!(application["metadata"]["namespace"], project["metadata"]["namespace"]);
    let sources = project["spec"]["sourceRepos"].as_array().unwrap();
    assert!(sources.contains(&application["spec"]["source"]["repoURL"]));
    let destinations = project["spec"]["destinations"].as_array().unwrap();
    assert!(destinations.contains(&application["spec"]["destination"]));
}

#[test]
fn the_project_allows_every_kind_that_the_chart_renders_and_nothing_cluster_wide() {
    let project = project();
    assert_eq!(project["spec"]["clusterResourceWhitelist"], serde_json::json!([]));
    let allowed = project["spec"]["namespaceResourceWhitelist"].as_array().unwrap();
    for object in objects(&["charts/blue-green-app/rendered/default.yaml"]) {
        let api_version = object["apiVersion"].as_str().unwrap();
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        let entry = serde_json::json!({ "group": group, "kind": object["kind"] });
        assert!(allowed.contains(&entry), "{entry} is not allowed");
    }
    for entry in allowed.iter().chain(project["spec"]["destinations"].as_array().unwrap()) {
        assert!(!entry.to_string().contains('*'), "a wildcard in {entry}");
    }
}

#[test]
fn the_application_names_a_chart_and_values_that_are_there() {
    let source = &application()["spec"]["source"];
    let chart = root().join(source["path"].as_str().unwrap());
    assert!(chart.join("Chart.yaml").is_file());
    for file in source["helm"]["valueFiles"].as_array().unwrap() {
        assert!(chart.join(file.as_str().unwrap()).is_file(), "{file}");
    }
}

#[test]
fn git_wins_over_drift_and_the_release_has_the_names_of_the_manifests() {
    let application = application();
    assert_eq!(
        application["spec"]["syncPolicy"]["automated"],
        serde_json::json!({ "prune": true, "selfHeal": true })
    );
    assert_eq!(application["spec"]["source"]["helm"]["releaseName"], "blue-green");
}
