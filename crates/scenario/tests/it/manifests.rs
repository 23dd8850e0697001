//! deploy/ against what the PRD asks for.

use serde_json::{Value, json};

use crate::files::{find, objects, text, yaml};

pub(crate) const DEPLOY: [&str; 3] =
    ["deploy/blue-green/services.yaml", "deploy/blue-green/rollout.yaml", "deploy/blue-green/ingress.yaml"];

/// The first YAML block below a heading of the PRD.
fn block_below(heading: &str) -> Value {
    let prd = text("PRD.md");
    let (_, below) = prd.split_once(&format!("#### {heading}\n")).unwrap();
    let (_, from_block) = below.split_once("```yaml\n").unwrap();
    yaml(from_block.split_once("```").unwrap().0)
}

/// Every path to a leaf, with the leaf.
fn leaves(value: &Value, path: &str, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| leaves(value, &format!("{path}/{key}"), found));
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(key, value)| leaves(value, &format!("{path}/{key}"), found));
        }
        leaf => found.push((path.to_owned(), leaf.clone())),
    }
}

#[test]
fn the_strategy_is_the_one_of_the_prd() {
    let objects = objects(&DEPLOY);
    let rollout = find(&objects, "Rollout/blue-green");
    // No decision changes a field of this block, so it is equal and not merely contained.
    assert_eq!(
        json!({ "strategy": rollout["spec"]["strategy"] }),
        block_below("Blue-Green Rollout Configuration")
    );
    let mut found = Vec::new();
    leaves(&rollout["spec"]["strategy"], "", &mut found);
    assert_eq!(found.len(), 6, "the block of the PRD was not read: {found:?}");
}

#[test]
fn a_failed_health_check_rolls_back_without_a_person() {
    let objects = objects(&DEPLOY);
    let spec = &find(&objects, "Rollout/blue-green")["spec"];
    assert_eq!(spec["progressDeadlineAbort"], true);
    assert!(
        spec["progressDeadlineSeconds"].as_i64().unwrap() > spec["minReadySeconds"].as_i64().unwrap_or(0)
    );
    let container = &spec["template"]["spec"]["containers"][0];
    assert_eq!(container["readinessProbe"]["httpGet"]["path"], "/readyz");
    assert_eq!(container["livenessProbe"]["httpGet"]["path"], "/healthz");
}

#[test]
fn pods_stop_within_the_grace_period_of_the_prd() {
    let objects = objects(&DEPLOY);
    let pod = &find(&objects, "Rollout/blue-green")["spec"]["template"]["spec"];
    assert_eq!(pod["terminationGracePeriodSeconds"], 30);
    let sleep = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"].as_i64().unwrap();
    // What demo-app needs at most after that: 5 s of draining and 15 s of last answers.
    assert!((1..=10).contains(&sleep), "{sleep} s of preStop leave no time to drain");
}

#[test]
fn each_host_of_the_prd_leads_to_its_service_and_has_a_localhost_twin() {
    let objects = objects(&DEPLOY);
    let ingress = &find(&objects, "Ingress/blue-green")["spec"];
    assert_eq!(ingress["ingressClassName"], "nginx");
    let backend = |host: &str| {
        let rules = ingress["rules"].as_array().unwrap();
        let rule =
            rules.iter().find(|rule| rule["host"] == host).unwrap_or_else(|| panic!("no rule for {host}"));
        rule["http"]["paths"][0]["backend"]["service"].clone()
    };
    for name in ["active", "preview"] {
        let host = if name == "active" { "blue-green" } else { "blue-green-preview" };
        assert!(text("PRD.md").contains(&format!("`http://{host}.local`")));
        for domain in ["local", "localhost"] {
            let expected = json!({ "name": format!("blue-green-{name}"), "port": { "number": 80 } });
            assert_eq!(backend(&format!("{host}.{domain}")), expected);
        }
    }
}

#[test]
fn services_leave_the_version_to_the_controller_and_reach_the_container() {
    let objects = objects(&DEPLOY);
    let rollout = &find(&objects, "Rollout/blue-green")["spec"];
    let ports = rollout["template"]["spec"]["containers"][0]["ports"].as_array().unwrap();
    for field in ["activeService", "previewService"] {
        let name = rollout["strategy"]["blueGreen"][field].as_str().unwrap();
        let service = &find(&objects, &format!("Service/{name}"))["spec"];
        assert_eq!(service["selector"], rollout["selector"]["matchLabels"]);
        let target = &service["ports"][0]["targetPort"];
        assert!(
            ports.iter().any(|port| port["containerPort"] == *target),
            "{name}: nothing listens on {target}"
        );
    }
}

#[test]
fn the_namespace_enforces_restricted_pods_and_the_pods_are() {
    let namespace = &objects(&["deploy/namespaces/blue-green.yaml"])[0];
    assert_eq!(namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"], "restricted");
    let objects = objects(&DEPLOY);
    let pod = &find(&objects, "Rollout/blue-green")["spec"]["template"]["spec"];
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
    for container in pod["containers"].as_array().unwrap() {
        let context = &container["securityContext"];
        assert_eq!(context["allowPrivilegeEscalation"], false);
        assert_eq!(context["readOnlyRootFilesystem"], true);
        assert_eq!(context["capabilities"]["drop"], json!(["ALL"]));
    }
}

#[test]
fn everything_lives_in_the_namespace_that_is_shipped() {
    let namespace = &objects(&["deploy/namespaces/blue-green.yaml"])[0]["metadata"]["name"];
    for object in objects(&DEPLOY) {
        assert_eq!(&object["metadata"]["namespace"], namespace);
    }
}
