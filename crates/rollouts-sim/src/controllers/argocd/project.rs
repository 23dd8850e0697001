//! What an AppProject permits.

use crate::json::{Value, json};

use super::{CONTROLLER, NAMESPACE};
use crate::object::{self, items, text};
use crate::resource::Resource;
use crate::store::Object;
use crate::world::World;

/// The one cluster there is, by its address and its name.
const SERVER: &str = "https://kubernetes.default.svc";
const CLUSTER: &str = "in-cluster";

/// The project of an Application.
pub(super) fn name(app: &Value) -> &str {
    Some(text(app, "/spec/project")).filter(|name| !name.is_empty()).unwrap_or("default")
}

/// The Application's project, when it is there and permits its source and its destination.
///
/// # Errors
/// What is wrong with the Application's spec, in upstream's words.
pub(super) fn permitted(world: &mut World, app: &Value) -> Result<Object, Vec<String>> {
    let name = name(app);
    if name == "default" && world.store.get(Resource::AppProject, NAMESPACE, name).is_none() {
        create_default(world);
    }
    let Some(project) = world.store.get(Resource::AppProject, NAMESPACE, name).cloned() else {
        return Err(vec![format!("Application referencing project {name} which does not exist")]);
    };
    let spec = &app["spec"];
    let mut wrong = Vec::new();
    let (url, path) = (text(spec, "/source/repoURL"), text(spec, "/source/path"));
    if url.is_empty() || path.is_empty() {
        wrong.push("spec.source.repoURL and spec.source.path are required".to_owned());
    } else if !listed(items(&project["spec"], "/sourceRepos").filter_map(Value::as_str), url) {
        wrong.push(format!("application repo {url} is not permitted in project '{name}'"));
    }
    let (server, cluster) = (text(spec, "/destination/server"), text(spec, "/destination/name"));
    match (server, cluster) {
        ("", "") => wrong.push("Destination server missing from app spec".to_owned()),
        (SERVER, "") | ("", CLUSTER) => {
            if !destination(&project, text(spec, "/destination/namespace")) {
                wrong.push(format!(
                    "application destination server '{}' and namespace '{}' do not match any of the allowed \
                     destinations in project '{name}'",
                    if cluster.is_empty() { server } else { cluster },
                    text(spec, "/destination/namespace")
                ));
            }
        }
        (_, "") => wrong.push(format!("cluster {server:?} not found: the simulator has {SERVER}")),
        ("", _) => wrong.push(format!("there are no clusters with this name: {cluster}")),
        _ => wrong.push(format!(
            "application destination can't have both name and server defined: {cluster} {server}"
        )),
    }
    if wrong.is_empty() { Ok(project) } else { Err(wrong) }
}

/// The project that Argo CD makes for itself, which permits everything.
fn create_default(world: &mut World) {
    let anything = json!({"group": "*", "kind": "*"});
    let project = json!({
        "metadata": {"name": "default", "namespace": NAMESPACE},
        "spec": {
            "sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}],
            "clusterResourceWhitelist": [anything],
        },
    });
    // The namespace holds an Application, so that it is there; one that is going away takes nothing more.
    let _ = world.create(CONTROLLER, Resource::AppProject, project);
}

/// Whether a pattern of a list fits and no pattern that begins with `!` does.
fn listed<'a>(patterns: impl Iterator<Item = &'a str>, text: &str) -> bool {
    let mut fit = false;
    for pattern in patterns {
        match denied(pattern) {
            (true, pattern) if fits(pattern, text) => return false,
            (true, _) => {}
            (false, pattern) => fit |= fits(pattern, text),
        }
    }
    fit
}

fn destination(project: &Value, namespace: &str) -> bool {
    let mut fit = false;
    for one in items(&project["spec"], "/destinations") {
        let (not_server, server) = denied(text(one, "/server"));
        let (not_space, space) = denied(text(one, "/namespace"));
        let here = if server.is_empty() { fits(text(one, "/name"), CLUSTER) } else { fits(server, SERVER) };
        if here && fits(space, namespace) {
            if not_server || not_space {
                return false;
            }
            fit = true;
        }
    }
    fit
}

/// Whether a pattern denies, and what fits it.
fn denied(pattern: &str) -> (bool, &str) {
    pattern.strip_prefix('!').map_or((false, pattern), |pattern| (true, pattern))
}

/// Why an object of this kind and namespace may not be synced in this project.
pub(super) fn refuses(project: &Value, resource: Resource, ns: &str) -> Option<String> {
    let info = resource.info();
    let spec = &project["spec"];
    let on = |list: &str| {
        items(spec, list)
            .any(|one| fits(text(one, "/group"), info.group) && fits(text(one, "/kind"), info.kind))
    };
    let permitted = if info.namespaced {
        // Without a list every kind is permitted in a namespace, and none outside.
        let white = spec["namespaceResourceWhitelist"].is_null() || on("/namespaceResourceWhitelist");
        white && !on("/namespaceResourceBlacklist")
    } else {
        on("/clusterResourceWhitelist") && !on("/clusterResourceBlacklist")
    };
    let name = object::name(project);
    if !permitted {
        return Some(format!("resource {}:{} is not permitted in project {name}", info.group, info.kind));
    }
    (info.namespaced && !destination(project, ns))
        .then(|| format!("namespace {ns} is not permitted in project '{name}'"))
}

/// Whether a pattern with `*` and `?` is all of a text.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut seen) = (0, 0);
    // After the last `*`: where the pattern goes on, and how much of the text that `*` has.
    let mut star = None;
    while seen < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at + 1, seen));
                at += 1;
            }
            Some(one) if *one == '?' || *one == text[seen] => {
                at += 1;
                seen += 1;
            }
            _ => {
                let Some((after, had)) = star else { return false };
                star = Some((after, had + 1));
                (at, seen) = (after, had + 1);
            }
        }
    }
    pattern[at..].iter().all(|one| *one == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, fit) in [
            ("*", "", true),
            ("preview-*", "preview-1", true),
            ("preview-*", "prod", false),
            ("a?c*", "abcd", true),
            ("", "a", false),
            ("*a*b", "xxaxbxb", true),
            ("*a*b", "xxaxbx", false),
            ("/srv/*/x", "/srv/a/b/x", true),
        ] {
            assert_eq!(fits(pattern, text), fit, "{pattern} {text}");
        }
        assert!(listed(["*", "!b*"].into_iter(), "a") && !listed(["*", "!b*"].into_iter(), "bc"));
    }

    #[test]
    fn a_project_permits_kinds_and_namespaces() {
        let project = json!({"metadata": {"name": "p"}, "spec": {
            "destinations": [{"server": SERVER, "namespace": "a*"}, {"name": "in-cluster", "namespace": "n"},
                {"server": "*", "namespace": "!ab"}],
            "namespaceResourceWhitelist": [{"group": "", "kind": "Service"}],
        }});
        let refused = |resource, ns: &str| refuses(&project, resource, ns);
        assert_eq!(refused(Resource::Service, "a"), None);
        assert_eq!(refused(Resource::Service, "n"), None);
        assert!(refused(Resource::Service, "ab").unwrap().contains("namespace ab is not permitted"));
        assert!(refused(Resource::Rollout, "a").unwrap().contains("argoproj.io:Rollout is not permitted"));
        assert!(refused(Resource::Namespace, "").unwrap().contains(":Namespace is not permitted"));
    }
}
