//! Tables, as `kubectl get` prints them: the columns of upstream's printers and of the CRDs.

use crate::json::{Value, json};
use jiff::Timestamp;

use super::render::{Include, partial};
use crate::object::{items, number, text};
use crate::resource::Resource;
use crate::store::Object;
use crate::world::World;

/// A column: its name, its type, and 1 when it is only for wide output.
type Column = (&'static str, &'static str, u8);

const NAME: Column = ("Name", "string", 0);
const AGE: Column = ("Age", "string", 0);

/// The table of these objects.
pub(super) fn of(
    world: &World,
    resource: Resource,
    objects: &[Object],
    include: Include,
    version: &Value,
) -> Value {
    let columns = columns(resource);
    let definitions: Vec<Value> = columns
        .iter()
        .map(|(name, kind, priority)| {
            let format = if *name == "Name" { "name" } else { "" };
            json!({"name": name, "type": kind, "format": format, "description": "", "priority": priority})
        })
        .collect();
    let rows: Vec<Value> = objects
        .iter()
        .map(|object| {
            let cells = cells(resource, object, world.now());
            match include {
                Include::None => json!({"cells": cells}),
                Include::Metadata => json!({"cells": cells, "object": partial(object)}),
                Include::Object => json!({"cells": cells, "object": object.whole()}),
            }
        })
        .collect();
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": version},
        "columnDefinitions": definitions, "rows": rows,
    })
}

fn columns(resource: Resource) -> Vec<Column> {
    let inner: &[Column] = match resource {
        Resource::Namespace => &[("Status", "string", 0)],
        Resource::Pod => &[
            ("Ready", "string", 0),
            ("Status", "string", 0),
            ("Restarts", "string", 0),
            AGE,
            ("IP", "string", 1),
            ("Node", "string", 1),
            ("Nominated Node", "string", 1),
            ("Readiness Gates", "string", 1),
        ],
        Resource::Service => &[
            ("Type", "string", 0),
            ("Cluster-IP", "string", 0),
            ("External-IP", "string", 0),
            ("Port(s)", "string", 0),
            AGE,
            ("Selector", "string", 1),
        ],
        Resource::Endpoints => &[("Endpoints", "string", 0)],
        Resource::Event => {
            return vec![
                ("Last Seen", "string", 0),
                ("Type", "string", 0),
                ("Reason", "string", 0),
                ("Object", "string", 0),
                ("Subobject", "string", 1),
                ("Source", "string", 1),
                ("Message", "string", 0),
                ("First Seen", "string", 1),
                ("Count", "string", 1),
                ("Name", "string", 1),
            ];
        }
        Resource::ConfigMap => &[("Data", "integer", 0)],
        Resource::Secret => &[("Type", "string", 0), ("Data", "integer", 0)],
        Resource::ServiceAccount => &[("Secrets", "integer", 0)],
        Resource::ResourceQuota => &[("Request", "string", 0), ("Limit", "string", 0)],
        Resource::ReplicaSet => &[
            ("Desired", "integer", 0),
            ("Current", "integer", 0),
            ("Ready", "integer", 0),
            AGE,
            ("Containers", "string", 1),
            ("Images", "string", 1),
            ("Selector", "string", 1),
        ],
        Resource::Deployment => {
            &[("Ready", "string", 0), ("Up-to-date", "integer", 0), ("Available", "integer", 0)]
        }
        Resource::HorizontalPodAutoscaler => &[
            ("Reference", "string", 0),
            ("Targets", "string", 0),
            ("MinPods", "string", 0),
            ("MaxPods", "integer", 0),
            ("Replicas", "integer", 0),
        ],
        Resource::EndpointSlice => {
            &[("AddressType", "string", 0), ("Ports", "string", 0), ("Endpoints", "string", 0)]
        }
        Resource::Ingress => &[
            ("Class", "string", 0),
            ("Hosts", "string", 0),
            ("Address", "string", 0),
            ("Ports", "string", 0),
        ],
        Resource::IngressClass => &[("Controller", "string", 0), ("Parameters", "string", 0)],
        Resource::NetworkPolicy => &[("Pod-Selector", "string", 0)],
        Resource::PodDisruptionBudget => &[
            ("Min Available", "string", 0),
            ("Max Unavailable", "string", 0),
            ("Allowed Disruptions", "integer", 0),
        ],
        Resource::RoleBinding | Resource::ClusterRoleBinding => &[("Role", "string", 0)],
        Resource::Rollout => &[
            ("Desired", "integer", 0),
            ("Current", "integer", 0),
            ("Up-to-date", "integer", 0),
            ("Available", "integer", 0),
        ],
        Resource::AnalysisRun | Resource::Experiment => &[("Status", "string", 0)],
        Resource::Application => &[
            ("Sync Status", "string", 0),
            ("Health Status", "string", 0),
            ("Revision", "string", 10),
            ("Project", "string", 10),
        ],
        Resource::LimitRange
        | Resource::Role
        | Resource::ClusterRole
        | Resource::CustomResourceDefinition => {
            return vec![NAME, ("Created At", "date", 0)];
        }
        Resource::AnalysisTemplate | Resource::ClusterAnalysisTemplate | Resource::AppProject => &[],
    };
    let mut all = vec![NAME];
    all.extend(inner);
    if !inner.contains(&AGE) {
        all.push(AGE);
    }
    all
}

fn cells(resource: Resource, o: &Object, now: Timestamp) -> Vec<Value> {
    let age = json!(since(text(o, "/metadata/creationTimestamp"), now));
    let count = |pointer: &str| json!(number(o, pointer, 0));
    let size = |field: &str| o[field].as_object().map_or(0, crate::json::Map::len);
    let inner = match resource {
        Resource::Namespace => vec![json!(text(o, "/status/phase"))],
        Resource::Pod => return pod(o, age, now),
        Resource::Service => return service(o, age),
        Resource::Endpoints => vec![json!(limited(&addresses(o)))],
        Resource::Event => return event(o, now),
        Resource::ConfigMap => vec![json!(size("data") + size("binaryData"))],
        Resource::Secret => vec![json!(text(o, "/type")), json!(size("data"))],
        Resource::ServiceAccount => vec![json!(items(o, "/secrets").count())],
        Resource::ResourceQuota => vec![json!(""), json!("")],
        Resource::ReplicaSet => {
            let containers: Vec<&Value> = items(o, "/spec/template/spec/containers").collect();
            let joined =
                |field: &str| containers.iter().map(|c| text(c, field)).collect::<Vec<_>>().join(",");
            return vec![
                json!(text(o, "/metadata/name")),
                count("/spec/replicas"),
                count("/status/replicas"),
                count("/status/readyReplicas"),
                age,
                json!(joined("/name")),
                json!(joined("/image")),
                json!(pairs(&o["spec"]["selector"]["matchLabels"])),
            ];
        }
        Resource::Deployment => vec![json!("0/0"), json!(0), json!(0)],
        Resource::HorizontalPodAutoscaler => autoscaler(o),
        Resource::EndpointSlice => {
            let ports: Vec<String> = items(o, "/ports").map(|p| p["port"].to_string()).collect();
            let ends = items(o, "/endpoints").flat_map(|e| items(e, "/addresses")).filter_map(Value::as_str);
            vec![
                json!(text(o, "/addressType")),
                json!(limited(&ports)),
                json!(limited(&ends.map(str::to_owned).collect::<Vec<_>>())),
            ]
        }
        Resource::Ingress => ingress(o),
        Resource::IngressClass => vec![json!(text(o, "/spec/controller")), json!("<none>")],
        Resource::NetworkPolicy => vec![json!(pairs(&o["spec"]["podSelector"]["matchLabels"]))],
        Resource::PodDisruptionBudget => {
            let or_none = |field: &str| o["spec"].get(field).map_or(json!("N/A"), |v| json!(plain(v)));
            vec![or_none("minAvailable"), or_none("maxUnavailable"), count("/status/disruptionsAllowed")]
        }
        Resource::RoleBinding | Resource::ClusterRoleBinding => {
            vec![json!(format!("{}/{}", text(o, "/roleRef/kind"), text(o, "/roleRef/name")))]
        }
        Resource::Rollout => {
            ["/spec/replicas", "/status/replicas", "/status/updatedReplicas", "/status/availableReplicas"]
                .iter()
                .map(|p| o.pointer(p).cloned().unwrap_or_default())
                .collect()
        }
        Resource::AnalysisRun | Resource::Experiment => vec![json!(text(o, "/status/phase"))],
        Resource::Application => {
            ["/status/sync/status", "/status/health/status", "/status/sync/revision", "/spec/project"]
                .iter()
                .map(|pointer| json!(text(o, pointer)))
                .collect()
        }
        Resource::LimitRange
        | Resource::Role
        | Resource::ClusterRole
        | Resource::CustomResourceDefinition => {
            return vec![json!(text(o, "/metadata/name")), o["metadata"]["creationTimestamp"].clone()];
        }
        Resource::AnalysisTemplate | Resource::ClusterAnalysisTemplate | Resource::AppProject => vec![],
    };
    let mut all = vec![json!(text(o, "/metadata/name"))];
    all.extend(inner);
    all.push(age);
    all
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn pairs(map: &Value) -> String {
    let pairs: Vec<String> =
        map.as_object().into_iter().flatten().map(|(k, v)| format!("{k}={}", plain(v))).collect();
    if pairs.is_empty() { "<none>".to_owned() } else { pairs.join(",") }
}

/// At most three, and how many more there are.
fn limited(all: &[String]) -> String {
    match all.len() {
        0 => "<none>".to_owned(),
        1..=3 => all.join(","),
        n => format!("{} + {} more...", all[..3].join(","), n - 3),
    }
}

fn addresses(endpoints: &Value) -> Vec<String> {
    let subsets = items(endpoints, "/subsets");
    let each = |subset: &Value| -> Vec<String> {
        let ports: Vec<i64> = items(subset, "/ports").map(|p| number(p, "/port", 0)).collect();
        let ips = items(subset, "/addresses").map(|a| text(a, "/ip").to_owned());
        ips.flat_map(|ip| ports.iter().map(move |port| format!("{ip}:{port}")).collect::<Vec<_>>()).collect()
    };
    subsets.flat_map(each).collect()
}

fn pod(o: &Value, age: Value, now: Timestamp) -> Vec<Value> {
    let total = items(o, "/spec/containers").count();
    let statuses: Vec<&Value> = items(o, "/status/containerStatuses").collect();
    let ready = statuses.iter().filter(|s| s["ready"] == json!(true)).count();
    let restarts: i64 = statuses.iter().map(|s| number(s, "/restartCount", 0)).sum();
    let waiting = statuses.iter().map(|s| text(s, "/state/waiting/reason")).find(|r| !r.is_empty());
    let terminated = statuses.iter().map(|s| text(s, "/state/terminated/reason")).find(|r| !r.is_empty());
    let phase = match text(o, "/status/reason") {
        "" => text(o, "/status/phase"),
        reason => reason,
    };
    let status = match () {
        () if crate::object::deleting(o) => "Terminating",
        () => waiting.or(terminated).unwrap_or(phase),
    };
    let last = statuses.iter().map(|s| text(s, "/lastState/terminated/finishedAt")).max().unwrap_or_default();
    let restarts = match (restarts, last) {
        (0, _) | (_, "") => restarts.to_string(),
        (n, at) => format!("{n} ({} ago)", since(at, now)),
    };
    let or_none = |pointer: &str| match text(o, pointer) {
        "" => json!("<none>"),
        found => json!(found),
    };
    vec![
        json!(text(o, "/metadata/name")),
        json!(format!("{ready}/{total}")),
        json!(status),
        json!(restarts),
        age,
        or_none("/status/podIP"),
        or_none("/spec/nodeName"),
        json!("<none>"),
        json!("<none>"),
    ]
}

fn service(o: &Value, age: Value) -> Vec<Value> {
    let port = |p: &Value| match number(p, "/nodePort", 0) {
        0 => format!("{}/{}", p["port"], text(p, "/protocol")),
        node => format!("{}:{node}/{}", p["port"], text(p, "/protocol")),
    };
    let ports: Vec<String> = items(o, "/spec/ports").map(port).collect();
    let kind = text(o, "/spec/type");
    let external = match kind {
        "ExternalName" => text(o, "/spec/externalName"),
        "LoadBalancer" => "<pending>",
        _ => "<none>",
    };
    let cluster = Some(text(o, "/spec/clusterIP")).filter(|ip| !ip.is_empty()).unwrap_or("<none>");
    let ports = if ports.is_empty() { "<none>".to_owned() } else { ports.join(",") };
    vec![
        json!(text(o, "/metadata/name")),
        json!(kind),
        json!(cluster),
        json!(external),
        json!(ports),
        age,
        json!(pairs(&o["spec"]["selector"])),
    ]
}

fn event(o: &Value, now: Timestamp) -> Vec<Value> {
    let first = [text(o, "/firstTimestamp"), text(o, "/eventTime")].into_iter().find(|t| !t.is_empty());
    let first = since(first.unwrap_or_default(), now);
    let last = Some(text(o, "/lastTimestamp"))
        .filter(|t| !t.is_empty())
        .map_or_else(|| first.clone(), |t| since(t, now));
    let about =
        format!("{}/{}", text(o, "/involvedObject/kind").to_lowercase(), text(o, "/involvedObject/name"));
    vec![
        json!(last),
        json!(text(o, "/type")),
        json!(text(o, "/reason")),
        json!(about),
        json!(text(o, "/involvedObject/fieldPath")),
        json!(text(o, "/source/component")),
        json!(text(o, "/message").trim()),
        json!(first),
        json!(number(o, "/count", 1).to_string()),
        json!(text(o, "/metadata/name")),
    ]
}

fn ingress(o: &Value) -> Vec<Value> {
    let class = Some(text(o, "/spec/ingressClassName")).filter(|c| !c.is_empty()).unwrap_or("<none>");
    let hosts: Vec<String> =
        items(o, "/spec/rules").map(|r| text(r, "/host").to_owned()).filter(|h| !h.is_empty()).collect();
    let hosts = if hosts.is_empty() { "*".to_owned() } else { limited(&hosts) };
    let entry = items(o, "/status/loadBalancer/ingress");
    let address: Vec<&str> = entry
        .map(|i| if text(i, "/ip").is_empty() { text(i, "/hostname") } else { text(i, "/ip") })
        .collect();
    let ports = if items(o, "/spec/tls").next().is_some() { "80, 443" } else { "80" };
    vec![json!(class), json!(hosts), json!(address.join(",")), json!(ports)]
}

fn autoscaler(o: &Value) -> Vec<Value> {
    let target = &o["spec"]["scaleTargetRef"];
    let current: Vec<&Value> = items(o, "/status/currentMetrics").collect();
    let targets = items(o, "/spec/metrics").enumerate().map(|(index, metric)| {
        let (wanted, is) =
            (&metric["resource"]["target"], current.get(index).map(|m| &m["resource"]["current"]));
        let field = if wanted["averageValue"].is_null() { "averageUtilization" } else { "averageValue" };
        let unit = if field == "averageValue" { "" } else { "%" };
        let shown = |value: &Value| format!("{}{unit}", plain(value));
        let is = is.map(|is| &is[field]).filter(|is| !is.is_null()).map_or("<unknown>".to_owned(), shown);
        format!("{}: {is}/{}", text(metric, "/resource/name"), shown(&wanted[field]))
    });
    vec![
        json!(format!("{}/{}", text(target, "/kind"), text(target, "/name"))),
        json!(targets.collect::<Vec<_>>().join(", ")),
        json!(number(o, "/spec/minReplicas", 1).to_string()),
        json!(number(o, "/spec/maxReplicas", 0)),
        json!(number(o, "/status/currentReplicas", 0)),
    ]
}

/// How long ago, as kubectl writes durations.
fn since(at: &str, now: Timestamp) -> String {
    let Ok(at) = at.parse::<Timestamp>() else { return "<unknown>".to_owned() };
    let seconds = now.duration_since(at).as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let both = |n: i64, unit: &str, rest: i64, small: &str| {
        if rest == 0 { format!("{n}{unit}") } else { format!("{n}{unit}{rest}{small}") }
    };
    match seconds {
        ..-1 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        120..600 => both(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => both(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => both(days, "d", hours % 24, "h"),
        691_200..63_072_000 => format!("{days}d"),
        _ => format!("{}y", days / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_row_lengths() {
        let now: Timestamp = "2026-01-03T00:00:00Z".parse().unwrap();
        for (at, want) in [
            ("2026-01-03T00:00:00Z", "0s"),
            ("2026-01-02T23:58:01Z", "119s"),
            ("2026-01-02T23:57:00Z", "3m"),
            ("2026-01-02T23:56:30Z", "3m30s"),
            ("2026-01-02T23:00:00Z", "60m"),
            ("2026-01-02T20:30:00Z", "3h30m"),
            ("2026-01-01T00:00:00Z", "2d"),
            ("", "<unknown>"),
        ] {
            assert_eq!(since(at, now), want, "{at}");
        }
        for resource in Resource::ALL {
            let row = cells(resource, &Object::new(json!({"metadata": {"name": "x"}})), now);
            assert_eq!(row.len(), columns(resource).len(), "{resource:?}");
        }
    }
}
