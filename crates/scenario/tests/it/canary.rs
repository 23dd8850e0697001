//! deploy/canary and deploy/analysis against what the PRD asks for.

use serde_json::{Value, json};

use crate::files::{find, objects, text, title, yaml};

pub(crate) const DEPLOY: [&str; 4] = [
    "deploy/canary/analysis-template.yaml",
    "deploy/canary/services.yaml",
    "deploy/canary/ingress.yaml",
    "deploy/canary/rollout.yaml",
];
pub(crate) const NGINX: &str = "deploy/analysis/ingress-nginx.yaml";

fn strategy() -> Value {
    find(&objects(&DEPLOY), "Rollout/canary")["spec"]["strategy"]["canary"].clone()
}

fn templates(path: &str) -> Vec<Value> {
    objects(&[path]).into_iter().filter(|object| object["kind"] == "AnalysisTemplate").collect()
}

#[test]
fn the_strategy_is_the_one_of_the_prd_but_for_what_is_decided() {
    let prd = text("PRD.md");
    let block = prd.split_once("#### Canary Rollout Configuration\n").unwrap().1;
    let block = block.split_once("```yaml\n").unwrap().1.split_once("```").unwrap().0;
    let asked = yaml(block)["strategy"]["canary"].clone();
    let shipped = strategy();
    for field in ["maxSurge", "maxUnavailable"] {
        assert_eq!(shipped[field], asked[field], "{field}");
    }
    let is_gate = |step: &&Value| step.get("analysis").is_some();
    let steps = shipped["steps"].as_array().unwrap();
    let own: Vec<&Value> = steps.iter().filter(|step| !is_gate(step)).collect();
    assert_eq!(json!(own), asked["steps"]);
    assert_eq!(asked["steps"].as_array().unwrap().len(), 8, "the block of the PRD was not read");
    assert_eq!(steps.iter().filter(is_gate).count(), 1, "one gate, at the first weight");
    assert_eq!(shipped["analysis"]["startingStep"], asked["analysis"]["startingStep"]);
    assert_eq!(shipped["analysis"]["templates"][0], asked["analysis"]["templates"][0]);
    // The interval is no field of a Rollout: the templates have it.
    assert!(shipped["analysis"].get("interval").is_none());
    for template in templates(DEPLOY[0]).iter().filter(|template| title(template) != GATE) {
        assert_eq!(template["spec"]["metrics"][0]["interval"], asked["analysis"]["interval"]);
    }
}

const GATE: &str = "AnalysisTemplate/first-weight";

#[test]
fn weights_are_shares_of_traffic() {
    let (shipped, objects) = (strategy(), objects(&DEPLOY));
    let ingress = shipped["trafficRouting"]["nginx"]["stableIngress"].as_str().unwrap();
    let ingress = &find(&objects, &format!("Ingress/{ingress}"))["spec"];
    assert_eq!(ingress["ingressClassName"], "nginx");
    let stable = json!({ "name": shipped["stableService"], "port": { "number": 80 } });
    let rules = ingress["rules"].as_array().unwrap();
    for (rule, host) in rules.iter().zip(["canary.local", "canary.localhost"]) {
        assert_eq!((&rule["host"], &rule["http"]["paths"][0]["backend"]["service"]), (&json!(host), &stable));
    }
    assert_eq!(rules.len(), 2);
    let rollout = &find(&objects, "Rollout/canary")["spec"];
    for field in ["stableService", "canaryService"] {
        let service = &find(&objects, &format!("Service/{}", shipped[field].as_str().unwrap()))["spec"];
        assert_eq!(service["selector"], rollout["selector"]["matchLabels"]);
        assert_eq!(
            service["ports"][0]["targetPort"],
            rollout["template"]["spec"]["containers"][0]["ports"][0]["containerPort"]
        );
    }
}

#[test]
fn a_measurement_without_data_is_neither_a_success_nor_a_failure() {
    for path in [DEPLOY[0], NGINX] {
        let templates = templates(path);
        assert_eq!(templates.len(), 4, "{path}");
        for template in &templates {
            for metric in template["spec"]["metrics"].as_array().unwrap() {
                for field in ["successCondition", "failureCondition"] {
                    let condition = metric[field].as_str().unwrap();
                    // NaN compares false with everything, so that the comparison alone covers it.
                    assert!(condition.starts_with("len(result) > 0 && result[0] "), "{condition}");
                }
                assert!(metric["provider"]["prometheus"].get("address").is_none(), "the controller has it");
            }
        }
    }
}

#[test]
fn each_analysis_of_the_rollout_has_its_template_and_the_gate_ends() {
    let shipped = strategy();
    let inline = shipped["steps"].as_array().unwrap().iter().find_map(|step| step.get("analysis")).unwrap();
    for path in [DEPLOY[0], NGINX] {
        let templates = templates(path);
        for reference in [inline, &shipped["analysis"]].map(|analysis| &analysis["templates"]) {
            for reference in reference.as_array().unwrap() {
                find(
                    &templates,
                    &format!("AnalysisTemplate/{}", reference["templateName"].as_str().unwrap()),
                );
            }
        }
        for metric in find(&templates, GATE)["spec"]["metrics"].as_array().unwrap() {
            assert!(metric["count"].as_i64().unwrap() > 0, "without a count the step would never end");
        }
    }
}

#[test]
fn the_queries_name_the_objects_that_are_shipped() {
    let shipped = strategy();
    let arguments = |path: &str| {
        let template = templates(path).remove(0);
        let args = template["spec"]["args"].as_array().unwrap().clone();
        move |name: &str| {
            args.iter().find(|arg| arg["name"] == name).map(|arg| arg["value"].as_str().unwrap().to_owned())
        }
    };
    let (ingress, stable, canary) =
        ("canary", shipped["stableService"].as_str().unwrap(), shipped["canaryService"].as_str().unwrap());
    assert_eq!(arguments(DEPLOY[0])("backend"), Some(format!("canary-{ingress}-{stable}-80")));
    let nginx = arguments(NGINX);
    assert_eq!(nginx("ingress").as_deref(), Some(ingress));
    assert_eq!(nginx("canary"), Some(format!("canary-{canary}-80")));
}

#[test]
fn the_pods_are_those_of_blue_green() {
    let pod = |path: &str, name: &str| {
        find(&objects(&[path]), &format!("Rollout/{name}"))["spec"]["template"]["spec"].clone()
    };
    assert_eq!(
        pod("deploy/canary/rollout.yaml", "canary"),
        pod("deploy/blue-green/rollout.yaml", "blue-green")
    );
    let namespace = |name: &str| {
        let mut namespace = objects(&[&format!("deploy/namespaces/{name}.yaml")]).remove(0);
        assert_eq!(namespace["metadata"]["name"].take(), name);
        namespace
    };
    assert_eq!(namespace("canary"), namespace("blue-green"));
    for object in objects(&DEPLOY) {
        assert_eq!(object["metadata"]["namespace"], "canary", "{}", title(&object));
    }
}
