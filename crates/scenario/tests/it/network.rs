//! deploy/policies: which flows the NetworkPolicies allow, by an evaluation of their text.
//!
//! What is evaluated is Kubernetes' own rule: a pod that no policy selects in a direction is open in it; one that is
//! selected may do what any of these policies allows; a flow needs the sender's side and the receiver's. Only what the
//! shipped policies use is implemented, and anything else fails the test instead of being passed over. No cluster
//! takes part: whether a network plugin enforces it is not shown here.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

use crate::environments::{ENVIRONMENTS, built};
use crate::files::{find, objects, root, text};

/// A pod, or a place outside of the cluster when it has no namespace.
#[derive(Clone)]
struct End {
    /// As the table calls it.
    name: &'static str,
    namespace: Option<String>,
    labels: BTreeMap<String, String>,
    /// Names of ports that it declares.
    ports: BTreeMap<String, u64>,
}

impl End {
    fn pod(name: &'static str, namespace: &str, labels: &[(&str, &str)]) -> End {
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        End { name, namespace: Some(namespace.to_owned()), labels, ports: BTreeMap::new() }
    }

    fn outside(name: &'static str) -> End {
        End { name, namespace: None, labels: BTreeMap::new(), ports: BTreeMap::new() }
    }
}

/// Refuses fields that this does not know.
fn only(value: &Value, known: &[&str]) {
    for field in value.as_object().into_iter().flatten().map(|(field, _)| field) {
        assert!(known.contains(&field.as_str()), "the evaluation does not know {field}: {value}");
    }
}

/// Whether a label selector selects labels; an empty one selects all.
fn selects(selector: &Value, labels: &BTreeMap<String, String>) -> bool {
    only(selector, &["matchLabels", "matchExpressions"]);
    let exact = selector["matchLabels"].as_object().into_iter().flatten();
    let listed = selector["matchExpressions"].as_array().into_iter().flatten();
    exact.into_iter().all(|(key, value)| labels.get(key).map(String::as_str) == value.as_str())
        && listed.into_iter().all(|rule| {
            assert_eq!(rule["operator"], "In", "the evaluation does not know {rule}");
            let label = labels.get(rule["key"].as_str().unwrap());
            label.is_some_and(|label| rule["values"].as_array().unwrap().iter().any(|value| value == label))
        })
}

/// Whether a peer of a policy in `home` is that end.
fn is_peer(peer: &Value, home: &str, end: &End) -> bool {
    only(peer, &["podSelector", "namespaceSelector"]);
    let Some(namespace) = &end.namespace else { return false };
    let there = match peer.get("namespaceSelector") {
        Some(selector) => {
            // The API server gives each namespace this label; no other is asked for here.
            selects(
                selector,
                &BTreeMap::from([("kubernetes.io/metadata.name".to_owned(), namespace.clone())]),
            )
        }
        None => namespace == home,
    };
    there && peer.get("podSelector").is_none_or(|selector| selects(selector, &end.labels))
}

/// Whether some rules of one direction let `other` through to that port of `to`.
fn any_rule(
    policy: &Value,
    side: &str,
    peers: &str,
    other: &End,
    to: &End,
    protocol: &str,
    port: u64,
) -> bool {
    let home = policy["metadata"]["namespace"].as_str().unwrap();
    policy["spec"][side].as_array().into_iter().flatten().any(|rule| {
        only(rule, &[peers, "ports"]);
        let peer = rule
            .get(peers)
            .is_none_or(|list| list.as_array().unwrap().iter().any(|peer| is_peer(peer, home, other)));
        let open = rule.get("ports").is_none_or(|list| {
            list.as_array().unwrap().iter().any(|rule| {
                only(rule, &["protocol", "port"]);
                let number = rule["port"].as_u64();
                let named = rule["port"].as_str().and_then(|name| to.ports.get(name).copied());
                rule["protocol"] == protocol && number.or(named) == Some(port)
            })
        });
        peer && open
    })
}

/// Whether one side of a flow is allowed: `Egress` at the sender, `Ingress` at the receiver.
fn side_allows(policies: &[Value], direction: &str, from: &End, to: &End, protocol: &str, port: u64) -> bool {
    let (own, other, side, peers) = match direction {
        "Egress" => (from, to, "egress", "to"),
        _ => (to, from, "ingress", "from"),
    };
    let Some(namespace) = &own.namespace else { return true };
    let mut selected = policies.iter().filter(|policy| {
        only(&policy["spec"], &["podSelector", "policyTypes", "ingress", "egress"]);
        policy["metadata"]["namespace"] == *namespace
            && policy["spec"]["policyTypes"].as_array().unwrap().iter().any(|kind| kind == direction)
            && selects(&policy["spec"]["podSelector"], &own.labels)
    });
    let mut any = false;
    let allowed = selected.any(|policy| {
        any = true;
        any_rule(policy, side, peers, other, to, protocol, port)
    });
    allowed || !any
}

fn allows(policies: &[Value], flow: &Flow) -> bool {
    let Flow { from, to, protocol, port, .. } = flow;
    ["Egress", "Ingress"].iter().all(|way| side_allows(policies, way, from, to, protocol, *port))
}

struct Flow {
    from: End,
    to: End,
    protocol: &'static str,
    port: u64,
    allowed: bool,
    why: &'static str,
}

/// The flows that the policies are written for, with what they shall say.
fn flows(environment: &str) -> Vec<Flow> {
    let applications = built(environment, "apps");
    let app = |name: &'static str, rollout: &str| {
        let template = &find(&applications, rollout)["spec"]["template"];
        let labels = template["metadata"]["labels"].as_object().unwrap();
        let ports = template["spec"]["containers"][0]["ports"].as_array().unwrap();
        End {
            name,
            namespace: Some(environment.to_owned()),
            labels: labels
                .iter()
                .map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned()))
                .collect(),
            ports: ports
                .iter()
                .map(|port| {
                    (port["name"].as_str().unwrap().to_owned(), port["containerPort"].as_u64().unwrap())
                })
                .collect(),
        }
    };
    let blue_green = || app("blue-green", "Rollout/blue-green");
    let canary = || app("canary", "Rollout/canary");
    let traefik =
        |namespace| End::pod("ingress controller", namespace, &[("app.kubernetes.io/name", "traefik")]);
    let nginx = || End::pod("ingress-nginx", "ingress-nginx", &[("app.kubernetes.io/name", "ingress-nginx")]);
    let prometheus =
        |namespace| End::pod("Prometheus", namespace, &[("app.kubernetes.io/name", "prometheus")]);
    let test = || {
        let pod = &objects(&["charts/blue-green-app/rendered/tests.yaml"])[0]["metadata"]["labels"];
        let mut end = End::pod("chart test", environment, &[]);
        end.labels = serde_json::from_value(pod.clone()).unwrap();
        end
    };
    let dns = || End::pod("DNS", "kube-system", &[("k8s-app", "kube-dns")]);
    let other =
        || End::pod("a pod of another namespace", "elsewhere", &[("app.kubernetes.io/name", "traefik")]);
    let api = || End::pod("a pod of kube-system", "kube-system", &[("component", "kube-apiserver")]);
    let flow = |from, to, protocol, port, allowed, why| Flow { from, to, protocol, port, allowed, why };
    vec![
        flow(traefik("traefik"), blue_green(), "TCP", 8080, true, "users reach the application"),
        flow(traefik("traefik"), canary(), "TCP", 8080, true, "users reach the application"),
        flow(nginx(), canary(), "TCP", 8080, true, "the other controller may take its place"),
        flow(traefik("traefik"), blue_green(), "TCP", 9090, false, "no other port"),
        flow(traefik("traefik"), blue_green(), "UDP", 8080, false, "no other protocol"),
        flow(prometheus("monitoring"), blue_green(), "TCP", 8080, true, "metrics"),
        flow(prometheus("monitoring"), canary(), "TCP", 8080, true, "metrics"),
        flow(
            prometheus("elsewhere"),
            canary(),
            "TCP",
            8080,
            false,
            "a pod of that name in another namespace",
        ),
        flow(other(), blue_green(), "TCP", 8080, false, "a pod that calls itself traefik elsewhere"),
        flow(
            End::outside("the internet"),
            blue_green(),
            "TCP",
            8080,
            false,
            "users come through the ingress",
        ),
        flow(blue_green(), canary(), "TCP", 8080, false, "the applications do not know each other"),
        flow(blue_green(), dns(), "UDP", 53, true, "names"),
        flow(canary(), dns(), "TCP", 53, true, "names with long answers"),
        flow(blue_green(), dns(), "TCP", 443, false, "nothing else of it"),
        flow(blue_green(), api(), "TCP", 6443, false, "the application does not use the API"),
        flow(canary(), End::outside("the internet"), "TCP", 443, false, "nothing leaves"),
        flow(
            canary(),
            prometheus("monitoring"),
            "TCP",
            9090,
            false,
            "the controller asks Prometheus, not the pod",
        ),
        flow(test(), blue_green(), "TCP", 8080, true, "helm test"),
        flow(test(), canary(), "TCP", 8080, true, "helm test"),
        flow(test(), dns(), "UDP", 53, true, "helm test finds the Service"),
        flow(test(), End::outside("the internet"), "TCP", 443, false, "and nothing else"),
        flow(traefik("traefik"), test(), "TCP", 8080, false, "nobody asks the test"),
    ]
}

fn policies(environment: &str) -> Vec<Value> {
    let all = built(environment, "platform");
    let policies: Vec<Value> = all.into_iter().filter(|object| object["kind"] == "NetworkPolicy").collect();
    assert_eq!(policies.len(), 6);
    policies
}

#[test]
fn each_flow_is_allowed_or_refused_as_the_table_says() {
    for environment in ENVIRONMENTS {
        for flow in flows(environment) {
            let (from, to) = (flow.from.name, flow.to.name);
            let says = allows(&policies(environment), &flow);
            assert_eq!(says, flow.allowed, "{environment}: {from} → {to} {} {}", flow.protocol, flow.port);
        }
    }
}

/// Each policy does something: without it some flow of the table changes.
#[test]
fn no_policy_can_be_taken_away_without_the_table_noticing() {
    let all = policies("dev");
    for policy in &all {
        let rest: Vec<Value> = all.iter().filter(|other| *other != policy).cloned().collect();
        let changed = flows("dev").iter().any(|flow| allows(&rest, flow) != flow.allowed);
        assert!(changed, "{} can go and no flow changes", policy["metadata"]["name"]);
    }
}

#[test]
fn the_environments_have_the_same_policies() {
    let bare = |environment| {
        let mut policies = policies(environment);
        policies.iter_mut().for_each(|policy| policy["metadata"]["namespace"] = Value::Null);
        policies
    };
    assert_eq!(bare("dev"), bare("prod"));
    assert_eq!(bare("staging"), bare("prod"));
}

const TABLE: &str = "docs/reference/network-flows.md";

/// The table for people; `UPDATE=1` writes it.
#[test]
fn the_documented_table_is_the_evaluated_one() {
    let mut page = String::from(
        "# Network flows\n\nWho may talk to whom in each environment (`deploy/policies/network-policies.yaml`). Written \
         by `UPDATE=1 cargo test -p scenario network::`, which evaluates\nthe policies' text; a test compares.\n\n\
         **Unverified on a cluster**: a NetworkPolicy does nothing without a network plugin that enforces it. Calico, \
         Cilium and kindnet do; the host\ncluster has none, so that every flow is open there. What runs on the node \
         itself (the kubelet's probes) is let through by every plugin.\n\n\
         | from | to | port | | why |\n|---|---|---|---|---|\n",
    );
    for flow in flows("dev") {
        let Flow { from, to, protocol, port, why, .. } = &flow;
        let word = if allows(&policies("dev"), &flow) { "allowed" } else { "refused" };
        writeln!(page, "| {} | {} | {port}/{protocol} | {word} | {why} |", from.name, to.name).unwrap();
    }
    if std::env::var("UPDATE").is_ok_and(|value| value == "1") {
        std::fs::write(root().join(TABLE), &page).unwrap();
    }
    assert_eq!(text(TABLE), page, "write it again: UPDATE=1 cargo test -p scenario network::");
}
