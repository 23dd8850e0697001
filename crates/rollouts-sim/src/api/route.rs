//! What a URL asks for: a resource, an object, a subresource, and the query's parameters.

use std::collections::HashMap;

use http::Uri;

use crate::refusal::Refusal;
use crate::resource::Resource;

/// A parsed resource URL.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Route {
    pub(crate) resource: Resource,
    /// Empty for cluster-scoped kinds and for a list over all namespaces.
    pub(crate) ns: String,
    /// Absent for a collection.
    pub(crate) name: Option<String>,
    pub(crate) subresource: Option<String>,
}

/// The query's parameters, decoded. A repeated parameter keeps its last value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(HashMap<String, String>);

impl Query {
    pub(crate) fn of(uri: &Uri) -> Query {
        let pairs = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let decoded = pairs.map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent_decoded(key), percent_decoded(value))
        });
        Query(decoded.collect())
    }

    /// A parameter that is present and not empty.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str).filter(|v| !v.is_empty())
    }

    /// A boolean parameter: `true` or `1`.
    pub(crate) fn is(&self, key: &str) -> bool {
        matches!(self.get(key), Some("true" | "1"))
    }
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = bytes.get(at + 1..at + 3).and_then(|h| std::str::from_utf8(h).ok());
        match (byte, hex.and_then(|h| u8::from_str_radix(h, 16).ok())) {
            (b'%', Some(decoded)) => {
                out.push(decoded);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            _ => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The refusal of a path that names nothing, as a cluster without it answers.
fn unknown(path: &str) -> Refusal {
    let hint = match path {
        p if p.starts_with("/apis/batch/") => " (the simulator has no Job controller)",
        p if p.contains("/applicationsets") => " (of Argo CD the simulator has Applications and AppProjects)",
        p if p.starts_with("/apis/autoscaling/") => " (of autoscaling the simulator has v2)",
        p if p.starts_with("/apis/apps/") => " (of apps/v1 the simulator has ReplicaSets)",
        _ => "",
    };
    Refusal::new(404, "NotFound", format!("the server could not find the requested resource{hint}"))
}

/// Parses a path below `/api/v1` or `/apis/GROUP/VERSION`.
///
/// # Errors
/// 404 when it names no served resource, or names it in the wrong scope.
pub(crate) fn parse(path: &str) -> Result<Route, Refusal> {
    let parts: Vec<String> = path.split('/').filter(|p| !p.is_empty()).map(percent_decoded).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let (group, version, rest) = match parts.as_slice() {
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return Err(unknown(path)),
    };
    let find = |plural: &str| Resource::at(group, version, plural).ok_or_else(|| unknown(path));
    let (ns, rest) = match rest {
        // `namespaces/NAME`, `namespaces/NAME/status` are about the namespace itself.
        ["namespaces", ns, plural, inner @ ..] if !matches!(*plural, "status" | "finalize") => {
            (Some(*ns), [&[*plural], inner].concat())
        }
        other => (None, other.to_vec()),
    };
    let [plural, rest @ ..] = rest.as_slice() else { return Err(unknown(path)) };
    let resource = find(plural)?;
    if rest.len() > 2 || (ns.is_some() && !resource.info().namespaced) {
        return Err(unknown(path));
    }
    let name = rest.first().map(|n| (*n).to_owned());
    if name.is_some() && ns.is_none() && resource.info().namespaced {
        return Err(unknown(path));
    }
    let subresource = rest.get(1).map(|s| (*s).to_owned());
    Ok(Route { resource, ns: ns.unwrap_or_default().to_owned(), name, subresource })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let cases = [
            ("/api/v1/pods", Some((Resource::Pod, "", None, None))),
            ("/api/v1/namespaces", Some((Resource::Namespace, "", None, None))),
            ("/api/v1/namespaces/a", Some((Resource::Namespace, "", Some("a"), None))),
            ("/api/v1/namespaces/a/status", Some((Resource::Namespace, "", Some("a"), Some("status")))),
            ("/api/v1/namespaces/a/pods", Some((Resource::Pod, "a", None, None))),
            ("/api/v1/namespaces/a/pods/p", Some((Resource::Pod, "a", Some("p"), None))),
            (
                "/apis/argoproj.io/v1alpha1/namespaces/a/rollouts/r/status",
                Some((Resource::Rollout, "a", Some("r"), Some("status"))),
            ),
            (
                "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Ax",
                Some((Resource::ClusterRole, "", Some("system:x"), None)),
            ),
            ("/api/v1/pods/p", None),
            ("/apis/apps/v1/namespaces/a/statefulsets", None),
            ("/apis/argoproj.io/v1alpha1/namespaces/a/clusteranalysistemplates", None),
            ("/apis/batch/v1/namespaces/a/jobs", None),
            ("/api/v1/namespaces/a/pods/p/log/x", None),
            ("/", None),
        ];
        for (path, want) in cases {
            let got = parse(path).ok();
            let got = got
                .as_ref()
                .map(|r| (r.resource, r.ns.as_str(), r.name.as_deref(), r.subresource.as_deref()));
            assert_eq!(got, want, "{path}");
        }
    }

    #[test]
    fn queries_are_decoded() {
        let uri: Uri = "/x?labelSelector=a%3Db%2Cc+in+%28d%29&force=true&empty=&broken=%zz".parse().unwrap();
        let query = Query::of(&uri);
        assert_eq!(query.get("labelSelector"), Some("a=b,c in (d)"));
        assert!(query.is("force") && query.get("empty").is_none());
        assert_eq!(query.get("broken"), Some("%zz"));
    }
}
