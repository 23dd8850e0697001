//! argocd/applicationsets, expanded: each Application that they make, against its project and the files it names.
//!
//! The expansion knows the generators and the expressions that the shipped files use, and refuses all others. Clusters
//! and pull requests, which no file knows, are samples.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::environments::{ENVIRONMENTS, built};
use crate::files::{objects, root, text, title, yaml};

const FILES: [&str; 4] = ["clusters", "environments", "platform", "previews"];

const PULL_REQUESTS: [(&str, &str); 2] =
    [("7", "3f1c0e9d5a0b4c7d8e6f12345678901234567890"), ("12", "90ab0e9d5a0b4c7d8e6f12345678901234567890")];

pub(crate) fn sets() -> Vec<Value> {
    let mut listed: Vec<String> = std::fs::read_dir(root().join("argocd/applicationsets"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    listed.sort_unstable();
    assert_eq!(listed, FILES.map(|name| format!("{name}.yaml")));
    listed.iter().flat_map(|name| objects(&[&format!("argocd/applicationsets/{name}")])).collect()
}

/// The sets of parameters that a generator makes.
fn parameters(generator: &Value) -> Vec<Map<String, Value>> {
    let (kind, of) = generator.as_object().unwrap().iter().next().unwrap();
    assert_eq!(generator.as_object().unwrap().len(), 1, "{generator}");
    let maps = |values: Vec<Value>| values.into_iter().map(|v| v.as_object().unwrap().clone()).collect();
    match kind.as_str() {
        "list" => maps(of["elements"].as_array().unwrap().clone()),
        "matrix" => {
            let both: Vec<_> = of["generators"].as_array().unwrap().iter().map(parameters).collect();
            let [one, other] = both.as_slice() else { panic!("a matrix is of two: {generator}") };
            one.iter()
                .flat_map(|a| other.iter().map(|b| a.clone().into_iter().chain(b.clone()).collect()))
                .collect()
        }
        "git" => {
            maps(of["directories"].as_array().unwrap().iter().flat_map(|d| directories(&d["path"])).collect())
        }
        "clusters" => {
            assert!(of["selector"]["matchLabels"].is_object(), "without labels this cluster is among them");
            maps(vec![json!({ "nameNormalized": "eu-1", "server": "https://eu-1.example.com:6443" })])
        }
        "pullRequest" => {
            assert_eq!(of["github"]["labels"], json!(["preview"]), "every pull request would be let in");
            assert!(of["github"]["tokenRef"].is_object());
            maps(PULL_REQUESTS.map(|(number, head)| json!({ "number": number, "head_sha": head })).into())
        }
        kind => panic!("the expansion does not know {kind}"),
    }
}

/// The folders of this repository that a pattern with one `*` between two slashes names.
fn directories(pattern: &Value) -> Vec<Value> {
    let (before, after) = pattern.as_str().unwrap().split_once("/*/").unwrap();
    let mut found: Vec<String> = std::fs::read_dir(root().join(before))
        .unwrap()
        .map(|entry| format!("{before}/{}/{after}", entry.unwrap().file_name().to_str().unwrap()))
        .filter(|path| root().join(path).is_dir())
        .collect();
    found.sort_unstable();
    let with =
        |path: String| json!({ "path": { "segments": path.split('/').collect::<Vec<_>>(), "path": path } });
    found.into_iter().map(with).collect()
}

/// The value of one expression. A missing key is an error, as `missingkey=error` asks for.
fn expression(words: &str, with: &Map<String, Value>) -> String {
    if let Some((value, function)) = words.split_once('|') {
        let ["replace", from, to] = function.split_whitespace().collect::<Vec<_>>()[..] else {
            panic!("the expansion does not know {function}")
        };
        return expression(value.trim(), with).replace(from.trim_matches('"'), &expression(to, with));
    }
    let words: Vec<&str> = words.split_whitespace().collect();
    let (path, index) = match words[..] {
        ["index", path, index] => (path, Some(index)),
        [path] => (path, None),
        _ => panic!("the expansion does not know {words:?}"),
    };
    let pointer = path.replace('.', "/") + &index.map(|index| format!("/{index}")).unwrap_or_default();
    let value = Value::Object(with.clone());
    let value = value.pointer(&pointer).unwrap_or_else(|| panic!("no parameter {words:?} in {with:?}"));
    value.as_str().unwrap_or_else(|| panic!("{words:?} is no text")).to_owned()
}

/// Every text of a template with its expressions replaced.
fn render(template: &Value, with: &Map<String, Value>) -> Value {
    match template {
        Value::String(text) => {
            let mut parts = text.split("{{");
            let mut out = parts.next().unwrap().to_owned();
            for part in parts {
                let (words, rest) = part.split_once("}}").unwrap();
                out += &expression(words.trim(), with);
                out += rest;
            }
            Value::String(out)
        }
        Value::Array(list) => list.iter().map(|value| render(value, with)).collect(),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(key, value)| (key.clone(), render(value, with))).collect())
        }
        other => other.clone(),
    }
}

/// The Applications that a set makes.
fn expanded(set: &Value) -> Vec<Value> {
    assert_eq!(set["spec"]["goTemplate"], true);
    assert_eq!(set["spec"]["goTemplateOptions"], json!(["missingkey=error"]));
    let generators = set["spec"]["generators"].as_array().unwrap();
    generators.iter().flat_map(parameters).map(|with| render(&set["spec"]["template"], &with)).collect()
}

/// All Applications of this repository: those that it states, and those that are made.
pub(crate) fn applications() -> Vec<Value> {
    let stated = ["blue-green-app", "canary-app"].map(|name| format!("argocd/applications/{name}.yaml"));
    let mut all = objects(&stated.each_ref().map(String::as_str));
    all.extend(sets().iter().flat_map(expanded));
    all
}

pub(crate) fn projects() -> BTreeMap<String, Value> {
    let files =
        ["rollouts", "previews", "platform"].map(|name| format!("argocd/projects/{name}-project.yaml"));
    let projects = objects(&files.each_ref().map(String::as_str));
    projects.into_iter().map(|p| (p["metadata"]["name"].as_str().unwrap().to_owned(), p)).collect()
}

/// A pattern with at most one `*`, as a destination of a project has it.
fn matches(pattern: &Value, text: &Value) -> bool {
    let (pattern, text) = (pattern.as_str().unwrap(), text.as_str().unwrap());
    match pattern.split_once('*') {
        Some((start, end)) => {
            text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end)
        }
        None => pattern == text,
    }
}

#[test]
fn each_application_is_within_its_project_and_each_project_allows_no_more() {
    let projects = projects();
    let mut used: BTreeSet<String> = BTreeSet::new();
    for application in applications() {
        let name = &application["metadata"]["name"];
        let project = &projects[application["spec"]["project"].as_str().unwrap()];
        let (source, to) = (&application["spec"]["source"], &application["spec"]["destination"]);
        assert_eq!(project["spec"]["sourceRepos"], json!([source["repoURL"]]), "{name}");
        let allowed = project["spec"]["destinations"].as_array().unwrap();
        let fits: Vec<&Value> = allowed
            .iter()
            .filter(|rule| {
                matches(&rule["server"], &to["server"]) && matches(&rule["namespace"], &to["namespace"])
            })
            .collect();
        assert!(
            !fits.is_empty(),
            "{name} goes to {to}, which {} does not allow",
            project["metadata"]["name"]
        );
        used.extend(fits.iter().map(|rule| format!("{} {rule}", project["metadata"]["name"])));
    }
    let allowed: BTreeSet<String> = projects
        .values()
        .flat_map(|project| {
            let rules = project["spec"]["destinations"].as_array().unwrap();
            rules.iter().map(|rule| format!("{} {rule}", project["metadata"]["name"]))
        })
        .collect();
    assert_eq!(used, allowed, "what nobody needs is not allowed");
}

#[test]
fn the_applications_are_the_ones_that_are_meant_and_no_name_is_given_twice() {
    let names: Vec<String> =
        applications().iter().map(|a| a["metadata"]["name"].as_str().unwrap().to_owned()).collect();
    let unique: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(unique.len(), names.len(), "{names:?}");
    let meant = [
        "blue-green-app",
        "canary-app",
        "blue-green-eu-1",
        "canary-eu-1",
        "blue-green-dev",
        "blue-green-staging",
        "blue-green-prod",
        "canary-dev",
        "canary-staging",
        "canary-prod",
        "platform-dev",
        "platform-staging",
        "platform-prod",
        "preview-7-platform",
        "preview-12-platform",
        "preview-7-blue-green",
        "preview-12-blue-green",
        "preview-7-canary",
        "preview-12-canary",
    ];
    assert_eq!(unique, BTreeSet::from(meant));
}

#[test]
fn each_application_names_files_that_are_there_and_kinds_that_it_may_make() {
    let projects = projects();
    for application in applications() {
        let name = application["metadata"]["name"].as_str().unwrap();
        let source = &application["spec"]["source"];
        let path = source["path"].as_str().unwrap();
        let namespace = application["spec"]["destination"]["namespace"].as_str().unwrap();
        let made = if path.starts_with("charts/") {
            let files: Vec<&str> = source["helm"]["valueFiles"]
                .as_array()
                .unwrap()
                .iter()
                .map(|file| file.as_str().unwrap())
                .collect();
            for file in &files {
                assert!(root().join(path).join(file).is_file(), "{name}: {path}/{file}");
            }
            assert_eq!(files[0], "values.yaml", "{name}");
            let last = files.last().unwrap().trim_start_matches("values").trim_matches(['-', '.']);
            let rendering = last.trim_end_matches("yaml").trim_end_matches('.');
            let rendering = if rendering.is_empty() { "default" } else { rendering };
            objects(&[&format!("{path}/rendered/{rendering}.yaml")])
        } else {
            assert!(root().join(path).join("kustomization.yaml").is_file(), "{name}: {path}");
            let environment = if ENVIRONMENTS.contains(&namespace) { namespace } else { "dev" };
            let whole = built(environment, "platform");
            whole.into_iter().filter(|o| o["kind"] != "Namespace" || path != "deploy/policies").collect()
        };
        let project = &projects[application["spec"]["project"].as_str().unwrap()]["spec"];
        for object in made {
            let version = object["apiVersion"].as_str().unwrap();
            let group = version.split_once('/').map_or("", |(group, _)| group);
            let kinds = match object["kind"] == "Namespace" {
                true => &project["clusterResourceWhitelist"],
                false => &project["namespaceResourceWhitelist"],
            };
            let kind = json!({ "group": group, "kind": object["kind"] });
            assert!(kinds.as_array().unwrap().contains(&kind), "{name}: {} is not allowed", title(&object));
        }
    }
}

/// Values that the ApplicationSet writes are values that the chart knows, and no two previews share a host.
#[test]
fn previews_have_hosts_of_their_own() {
    let mut hosts = BTreeSet::new();
    for application in applications() {
        let source = &application["spec"]["source"];
        let Some(values) = source["helm"]["values"].as_str() else { continue };
        let known = yaml(&text(&format!("{}/values.yaml", source["path"].as_str().unwrap())));
        let values = yaml(values);
        assert_eq!(values.as_object().unwrap().len(), 1);
        for (key, list) in values["ingress"].as_object().unwrap() {
            assert!(known["ingress"][key].is_array(), "{key} is no list of the chart");
            for host in list.as_array().unwrap() {
                assert!(hosts.insert(host.to_string()), "{host} is served twice");
            }
        }
    }
    assert_eq!(hosts.len(), 3 * PULL_REQUESTS.len());
}

/// A pull request decides what is rendered. What guards its namespace must not be its own to change.
#[test]
fn what_a_pull_request_wrote_cannot_touch_what_guards_it() {
    let previews = &projects()["previews"]["spec"];
    assert_eq!(previews["clusterResourceWhitelist"], json!([]));
    for kind in previews["namespaceResourceWhitelist"].as_array().unwrap() {
        let guards = ["ResourceQuota", "LimitRange", "NetworkPolicy", "Role", "RoleBinding", "Secret"];
        assert!(!guards.contains(&kind["kind"].as_str().unwrap()), "{kind}");
    }
    for application in applications() {
        let spec = &application["spec"];
        let of_a_pull_request =
            PULL_REQUESTS.iter().any(|(_, head)| spec["source"]["targetRevision"] == *head);
        assert_eq!(of_a_pull_request, spec["project"] == "previews", "{}", application["metadata"]["name"]);
        let namespace = spec["destination"]["namespace"].as_str().unwrap();
        if spec["project"] == "platform" && namespace.starts_with("preview-") {
            let labels = &spec["syncPolicy"]["managedNamespaceMetadata"]["labels"];
            assert_eq!(labels["pod-security.kubernetes.io/enforce"], "restricted");
        }
    }
}

fn wave(object: &Value) -> i64 {
    let wave = &object["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"];
    wave.as_str().unwrap_or_else(|| panic!("{}: no wave", title(object))).parse().unwrap()
}

#[test]
fn projects_come_before_the_platform_and_that_before_the_applications() {
    for project in projects().values() {
        assert_eq!(wave(project), -3);
    }
    for set in sets() {
        let of_the_platform = set["spec"]["template"]["spec"]["project"] == "platform";
        assert_eq!(wave(&set), if of_the_platform { -2 } else { 0 }, "{}", title(&set));
    }
}

#[test]
fn every_subscription_has_a_trigger_every_trigger_a_template_and_a_service() {
    let config = &objects(&["argocd/notifications/argocd-notifications-cm.yaml"])[0]["data"];
    let of = |key: String| yaml(config[&key].as_str().unwrap_or_else(|| panic!("no {key}")));
    let mut subscribed = BTreeSet::new();
    let applications = applications();
    for application in &applications {
        for key in application["metadata"]["annotations"].as_object().into_iter().flat_map(Map::keys) {
            let Some(key) = key.strip_prefix("notifications.argoproj.io/subscribe.") else { continue };
            let (trigger, service) = key.split_once('.').unwrap();
            of(format!("service.webhook.{service}"));
            for rule in of(format!("trigger.{trigger}")).as_array().unwrap() {
                assert!(rule["oncePer"].is_string(), "{trigger} would be sent again and again");
                for template in rule["send"].as_array().unwrap() {
                    let body = of(format!("template.{}", template.as_str().unwrap()));
                    let body = body["webhook"][service]["body"].as_str().unwrap().to_owned();
                    // As JSON once the expressions are words.
                    let filled = body.replace("{{", "").replace("}}", "");
                    assert!(serde_json::from_str::<Value>(&filled).unwrap()["text"].is_string(), "{body}");
                }
            }
            subscribed.insert(format!("trigger.{trigger}"));
        }
    }
    let triggers: BTreeSet<String> =
        config.as_object().unwrap().keys().filter(|key| key.starts_with("trigger.")).cloned().collect();
    assert_eq!(subscribed, triggers, "a trigger that nobody is subscribed to is never seen");
    assert!(!text("argocd/notifications/argocd-notifications-cm.yaml").contains("https://hooks."));
}

#[test]
fn a_broken_set_is_found() {
    let expand = |from: &str, to: &str| {
        let file = text("argocd/applicationsets/environments.yaml").replace(from, to);
        std::panic::catch_unwind(|| expanded(&yaml(&file)))
    };
    assert!(expand("{{.environment}}", "{{.environmnet}}").is_err(), "a misspelt parameter");
    assert!(expand("- list:", "- lists:").is_err(), "a generator that there is not");
    assert_eq!(expand("", "").unwrap().len(), 6);
}
