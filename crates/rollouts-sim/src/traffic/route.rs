//! From a Host header and a path to a Service, by Ingresses of class `nginx`, as Traefik reads them.
//!
//! An Ingress with the annotation `canary` is no way of its own: it splits the way of another one whose namespace,
//! host, path and path type are all the same. The split belongs to the Service behind that way, so that every rule
//! of the namespace that leads to the same Service and port is split too (traefik#12906).

use crate::json::Value;

use crate::controllers;
use crate::object::{self, items, number, text};
use crate::resource::Resource;
use crate::store::Object;
use crate::world::World;

/// The class that is served.
const CLASS: &str = "nginx";
const LEGACY_CLASS: &str = "kubernetes.io/ingress.class";
const ANNOTATIONS: &str = "nginx.ingress.kubernetes.io/";

/// Where a request goes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Backend {
    pub(crate) ns: String,
    pub(crate) service: String,
    /// What the ingress calls this way in its metrics: `NAMESPACE-INGRESS-SERVICE-PORT`.
    pub(crate) label: String,
    pub(crate) split: Option<Split>,
}

/// A second Service that has a share of the requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Split {
    pub(crate) service: String,
    /// Of `total` requests so many.
    pub(crate) weight: u32,
    pub(crate) total: u32,
}

/// How well a path of an Ingress fits. More is better: an exact path, then the longest prefix.
type Fit = (bool, usize);

/// The Service behind a host and path.
///
/// # Errors
/// Says where the way ended: at the rules, or at a Service that is not there.
pub(super) fn backend(world: &World, host: &str, path: &str) -> Result<Backend, String> {
    let host = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let path = path.split('?').next().unwrap_or_default();
    let path = if path.is_empty() { "/" } else { path };
    let best = served(world.store.ingresses_for(&host), false)
        .flat_map(|ingress| {
            let rules = items(ingress, "/spec/rules").filter(|rule| host_fits(text(rule, "/host"), &host));
            let paths = rules.flat_map(|rule| items(rule, "/http/paths"));
            paths.filter_map(move |candidate| Some((fit(candidate, path)?, ingress, candidate)))
        })
        // The first of equals wins: the one that is older by name.
        .reduce(|best, other| if other.0 > best.0 { other } else { best });
    let Some((_, ingress, found)) = best else {
        return Err(format!("no rule of an Ingress of class {CLASS} for {host}{path}"));
    };
    let (ns, service) = (object::namespace(ingress), text(found, "/backend/service/name"));
    let Some(target) = world.store.get(Resource::Service, ns, service) else {
        return Err(format!("Service {ns}/{service} of Ingress {} is not there", object::name(ingress)));
    };
    if !has_port(target, &found["backend"]["service"]["port"]) {
        let ingress = object::name(ingress);
        return Err(format!("Service {ns}/{service} has not the port that Ingress {ingress} names"));
    }
    let port = port_text(&found["backend"]["service"]["port"]);
    Ok(Backend {
        ns: ns.to_owned(),
        service: service.to_owned(),
        label: format!("{ns}-{}-{service}-{port}", object::name(ingress)),
        split: split(world, ns, &found["backend"]["service"]),
    })
}

/// The Ingresses that are served: those of canaries, or all others.
fn served<'a>(
    ingresses: impl Iterator<Item = &'a Object>,
    canaries: bool,
) -> impl Iterator<Item = &'a Object> {
    ingresses.filter(move |ingress| class(ingress) == CLASS && is_canary(ingress) == canaries)
}

fn is_canary(ingress: &Value) -> bool {
    canary_annotation(ingress, "") == Some("true")
}

/// The annotation `canary` or, with a suffix, one of its details.
fn canary_annotation<'a>(ingress: &'a Value, suffix: &str) -> Option<&'a str> {
    object::annotation(ingress, &format!("{ANNOTATIONS}canary{suffix}"))
}

fn port_text(port: &Value) -> String {
    match text(port, "/name") {
        "" => number(port, "/number", 0).to_string(),
        name => name.to_owned(),
    }
}

/// Host, path and path type of each rule, with the Service that it leads to.
fn rules(ingress: &Value) -> impl Iterator<Item = ((&str, &str, &str), &Value)> {
    items(ingress, "/spec/rules").flat_map(|rule| {
        items(rule, "/http/paths").map(move |path| {
            let key = (text(rule, "/host"), text(path, "/path"), text(path, "/pathType"));
            (key, &path["backend"]["service"])
        })
    })
}

/// The canary of a Service, if it has one: the last that fits, of those the youngest Ingress.
fn split(world: &World, ns: &str, primary: &Value) -> Option<Split> {
    let of_namespace = || world.store.list(Resource::Ingress, ns);
    let mut canaries: Vec<&Object> = served(of_namespace(), true).collect();
    canaries.sort_by_key(|ingress| text(ingress, "/metadata/creationTimestamp"));
    let same =
        |a: &Value, b: &Value| a["name"] == b["name"] && port_text(&a["port"]) == port_text(&b["port"]);
    let leads_here = |key: (&str, &str, &str)| {
        let here = served(of_namespace(), false);
        here.flat_map(|ingress| rules(ingress)).any(|(other, service)| other == key && same(service, primary))
    };
    let mut found = None;
    for ingress in canaries {
        for (key, service) in rules(ingress).filter(|(_, service)| !same(service, primary)) {
            let name = text(service, "/name");
            if leads_here(key) && has_endpoints(world, ns, name) {
                let annotated = |suffix: &str| canary_annotation(ingress, suffix)?.parse::<u32>().ok();
                let total = annotated("-weight-total").unwrap_or(0).max(100);
                let weight = annotated("-weight").unwrap_or(0).min(total);
                found = Some(Split { service: name.to_owned(), weight, total });
            }
        }
    }
    found
}

fn has_endpoints(world: &World, ns: &str, service: &str) -> bool {
    let slice = controllers::slice_of(world, ns, service);
    slice.is_some_and(|slice| {
        items(slice, "/endpoints").any(|endpoint| endpoint["conditions"]["ready"] == true)
    })
}

fn class(ingress: &Value) -> &str {
    match text(ingress, "/spec/ingressClassName") {
        "" => object::annotation(ingress, LEGACY_CLASS).unwrap_or_default(),
        class => class,
    }
}

/// A rule's host: equal, a wildcard for one label, or absent for any.
fn host_fits(rule: &str, host: &str) -> bool {
    match rule.strip_prefix("*.") {
        _ if rule.is_empty() => true,
        Some(domain) => host.split_once('.').is_some_and(|(first, rest)| !first.is_empty() && rest == domain),
        None => rule.eq_ignore_ascii_case(host),
    }
}

fn fit(candidate: &Value, path: &str) -> Option<Fit> {
    let rule = text(candidate, "/path");
    if text(candidate, "/pathType") == "Exact" {
        return (rule == path).then_some((true, rule.len()));
    }
    // A prefix matches whole path elements.
    let prefix = rule.trim_end_matches('/');
    let rest = path.strip_prefix(prefix)?;
    (rest.is_empty() || rest.starts_with('/')).then_some((false, prefix.len()))
}

fn has_port(service: &Value, port: &Value) -> bool {
    let name = text(port, "/name");
    items(service, "/spec/ports").any(|candidate| {
        if name.is_empty() {
            number(candidate, "/port", -1) == number(port, "/number", 0)
        } else {
            text(candidate, "/name") == name
        }
    })
}

/// What of an Ingress the simulator would not carry out.
///
/// # Errors
/// Names the first field that an ingress controller obeys and the simulator does not.
pub(crate) fn refuse(ingress: &Value) -> Result<(), String> {
    if class(ingress) != CLASS {
        // Nobody serves it here; on a cluster without that controller neither.
        return Ok(());
    }
    if items(ingress, "/spec/tls").next().is_some() {
        return Err("spec.tls of an Ingress (requests are plain HTTP)".to_owned());
    }
    if ingress.pointer("/spec/defaultBackend").is_some_and(|backend| !backend.is_null()) {
        return Err("spec.defaultBackend of an Ingress".to_owned());
    }
    let annotations = ingress.pointer("/metadata/annotations").and_then(Value::as_object);
    let known = ["canary", "canary-weight", "canary-weight-total"].map(|key| format!("{ANNOTATIONS}{key}"));
    let mut keys = annotations.into_iter().flat_map(crate::json::Map::keys);
    if let Some(key) =
        keys.find(|key| key.starts_with(ANNOTATIONS) && !known.iter().any(|known| **key == **known))
    {
        return Err(format!("the annotation {key} of an Ingress"));
    }
    let paths = items(ingress, "/spec/rules").flat_map(|rule| items(rule, "/http/paths"));
    for path in paths {
        if path.pointer("/backend/service").is_none() {
            return Err("a backend of an Ingress that is no Service".to_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    #[test]
    fn hosts() {
        for (rule, host, fits) in [
            ("a.local", "a.local", true),
            ("A.local", "a.local", true),
            ("a.local", "b.local", false),
            ("*.local", "a.local", true),
            ("*.local", "a.b.local", false),
            ("*.local", "local", false),
            ("", "anything", true),
        ] {
            assert_eq!(host_fits(rule, host), fits, "{rule} {host}");
        }
    }

    #[test]
    fn paths() {
        for (kind, rule, path, expected) in [
            ("Prefix", "/", "/", Some((false, 0))),
            ("Prefix", "/", "/a", Some((false, 0))),
            ("Prefix", "/a", "/a/b", Some((false, 2))),
            ("Prefix", "/a/", "/a", Some((false, 2))),
            ("Prefix", "/a", "/ab", None),
            ("Exact", "/a", "/a", Some((true, 2))),
            ("Exact", "/a", "/a/", None),
        ] {
            assert_eq!(fit(&json!({"path": rule, "pathType": kind}), path), expected, "{kind} {rule} {path}");
        }
    }

    #[test]
    fn what_is_not_carried_out_is_refused() {
        let ingress = |spec: Value, annotation: &str| {
            let annotations = if annotation.is_empty() { json!({}) } else { json!({annotation: "x"}) };
            let mut ingress = json!({"metadata": {"annotations": annotations}, "spec": spec});
            ingress["spec"]["ingressClassName"] = json!("nginx");
            ingress
        };
        for (object, said) in [
            (ingress(json!({"tls": [{}]}), ""), "tls"),
            (ingress(json!({"defaultBackend": {}}), ""), "defaultBackend"),
            (ingress(json!({}), "nginx.ingress.kubernetes.io/canary-by-header"), "annotation"),
        ] {
            let refused = refuse(&object).unwrap_err();
            assert!(refused.contains(said), "{refused}");
        }
        assert_eq!(refuse(&json!({"spec": {"ingressClassName": "other", "tls": [{}]}})), Ok(()));
    }
}
