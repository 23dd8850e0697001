//! What the API says of itself: versions, groups, resources, health.

use crate::json::{Value, json};
use http::Response;

use super::{VERSION, json_response, metrics, openapi};
use crate::resource::{Info, Resource};

/// Answers the paths that are about no resource; `None` for all others.
pub(super) fn answer(method: &str, path: &str, accept: &str) -> Option<Response<Vec<u8>>> {
    let path = path.trim_end_matches('/');
    if method != "GET" {
        return None;
    }
    if let "/healthz" | "/readyz" | "/livez" = path {
        return Response::builder()
            .header("content-type", "text/plain; charset=utf-8")
            .body(b"ok".to_vec())
            .ok();
    }
    if let Some(rest) = path.strip_prefix("/openapi/v3") {
        return openapi::answer(rest);
    }
    let aggregated = accept.split(',').any(|a| a.contains("g=apidiscovery.k8s.io") && a.contains("v=v2;"));
    if aggregated && matches!(path, "/api" | "/apis") {
        let core = path == "/api";
        let body = aggregate(core).to_string().into_bytes();
        let media = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
        return Response::builder().header("content-type", media).body(body).ok();
    }
    let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
    let value = match parts.as_slice() {
        ["version"] => version(),
        ["api"] => json!({
            "kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1"}],
        }),
        ["apis"] => json!({
            "kind": "APIGroupList", "apiVersion": "v1",
            "groups": groups().into_iter().filter(|(g, _)| !g.is_empty()).map(group).collect::<Vec<_>>(),
        }),
        ["apis", name] => {
            let found = groups().into_iter().find(|(g, _)| g == name)?;
            let mut value = group(found);
            value["kind"] = json!("APIGroup");
            value["apiVersion"] = json!("v1");
            value
        }
        ["api", "v1"] => resources("", "v1")?,
        ["apis", group, version] => resources(group, version)?,
        _ => return None,
    };
    Some(json_response(200, &value, &[]))
}

fn version() -> Value {
    json!({
        "major": "1", "minor": "34", "gitVersion": VERSION, "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z", "goVersion": "", "compiler": "rollouts-sim", "platform": "linux/amd64",
    })
}

/// The served groups with their version, in the order of the kinds, and last the one of which nothing is stored.
pub(super) fn groups() -> Vec<(&'static str, &'static str)> {
    let mut found: Vec<(&str, &str)> = Vec::new();
    for info in Resource::ALL.map(Resource::info) {
        if !found.contains(&(info.group, info.version)) {
            found.push((info.group, info.version));
        }
    }
    found.push(metrics::GROUP);
    found
}

fn group((name, version): (&str, &str)) -> Value {
    let version = json!({"groupVersion": format!("{name}/{version}"), "version": version});
    json!({"name": name, "versions": [version], "preferredVersion": version})
}

fn in_group<'a>(
    group: &'a str,
    version: &'a str,
) -> impl Iterator<Item = (Resource, &'static Info)> + use<'a> {
    let all = Resource::ALL.into_iter().map(|r| (r, r.info()));
    all.filter(move |(_, i)| i.group == group && i.version == version)
}

fn verbs(info: &Info) -> Vec<&'static str> {
    if info.kind == "CustomResourceDefinition" {
        return vec!["get", "list", "watch"];
    }
    let mut verbs = vec!["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    if info.kind == "Namespace" {
        verbs.retain(|v| *v != "deletecollection");
    }
    verbs
}

fn resources(group: &str, version: &str) -> Option<Value> {
    let mut list = Vec::new();
    for (_, i) in in_group(group, version) {
        let mut entry = json!({
            "name": i.plural, "singularName": i.singular, "namespaced": i.namespaced, "kind": i.kind, "verbs": verbs(i),
        });
        if !i.short.is_empty() {
            entry["shortNames"] = json!(i.short);
        }
        if !i.categories.is_empty() {
            entry["categories"] = json!(i.categories);
        }
        list.push(entry);
        for sub in subresources(i) {
            let mut entry = json!({
                "name": format!("{}/{}", i.plural, sub.name), "singularName": "", "namespaced": i.namespaced,
                "kind": sub.kind, "verbs": sub.verbs,
            });
            if let Some((group, version)) = sub.of {
                entry["group"] = json!(group);
                entry["version"] = json!(version);
            }
            list.push(entry);
        }
    }
    if (group, version) == metrics::GROUP {
        list.push(metrics::resource());
    }
    if list.is_empty() {
        return None;
    }
    let name = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    Some(json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": list}))
}

struct Sub {
    name: &'static str,
    kind: &'static str,
    verbs: &'static [&'static str],
    of: Option<(&'static str, &'static str)>,
}

fn subresources(info: &Info) -> Vec<Sub> {
    let mut found = Vec::new();
    let verbs: &[&str] = &["get", "patch", "update"];
    if info.status {
        found.push(Sub { name: "status", kind: info.kind, verbs, of: None });
    }
    if info.scale {
        found.push(Sub { name: "scale", kind: "Scale", verbs, of: Some(("autoscaling", "v1")) });
    }
    if info.kind == "Pod" {
        found.push(Sub {
            name: "eviction",
            kind: "Eviction",
            verbs: &["create"],
            of: Some(("policy", "v1")),
        });
    }
    found
}

/// The aggregated discovery document of the core group or of all others.
fn aggregate(core: bool) -> Value {
    let of = |(name, version): &(&str, &str)| {
        let mut resources: Vec<Value> =
            in_group(name, version).map(|(_, i)| aggregated_resource(i)).collect();
        if (*name, *version) == metrics::GROUP {
            resources.push(metrics::aggregated());
        }
        let metadata = if name.is_empty() { json!({}) } else { json!({"name": name}) };
        json!({"metadata": metadata, "versions": [{"version": version, "resources": resources, "freshness": "Current"}]})
    };
    let items: Vec<Value> = groups().iter().filter(|(name, _)| name.is_empty() == core).map(of).collect();
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items})
}

fn aggregated_resource(i: &Info) -> Value {
    let kind =
        |group: &str, version: &str, kind: &str| json!({"group": group, "version": version, "kind": kind});
    let subs: Vec<Value> = subresources(i)
        .into_iter()
        .map(|s| {
            let (group, version) = s.of.unwrap_or((i.group, i.version));
            json!({"subresource": s.name, "responseKind": kind(group, version, s.kind), "verbs": s.verbs})
        })
        .collect();
    let mut value = json!({
        "resource": i.plural, "responseKind": kind(i.group, i.version, i.kind),
        "scope": if i.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": i.singular, "verbs": verbs(i),
    });
    for (field, list) in [("shortNames", i.short), ("categories", i.categories)] {
        if !list.is_empty() {
            value[field] = json!(list);
        }
    }
    if !subs.is_empty() {
        value["subresources"] = json!(subs);
    }
    value
}
