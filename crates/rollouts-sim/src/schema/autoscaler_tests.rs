//! What the API server fills in and refuses, as upstream's tests have it.

use super::*;

fn good() -> Value {
    json!({"spec": {
        "scaleTargetRef": {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "a"},
        "minReplicas": 1, "maxReplicas": 5,
        "metrics": [{"type": "Resource", "resource": {
            "name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70},
        }}],
        "behavior": {"scaleUp": {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 1800}]}},
    }})
}

#[test]
fn what_is_left_out_is_filled_in() {
    let mut object = json!({"spec": {"maxReplicas": 3}});
    fill(&mut object);
    let spec = &object["spec"];
    assert_eq!(spec["minReplicas"], 1);
    assert_eq!(spec["metrics"][0]["resource"]["target"]["averageUtilization"], 80);
    assert!(spec["behavior"].is_null(), "without any rule there are none");
    assert_eq!(object["status"]["desiredReplicas"], 0);

    let mut object = json!({"spec": {"behavior": {"scaleDown": {
        "stabilizationWindowSeconds": 5, "policies": [{"type": "Pods", "value": 2, "periodSeconds": 60}],
        "tolerance": "0.2",
    }}}});
    fill(&mut object);
    let behavior = &object["spec"]["behavior"];
    assert_eq!(behavior["scaleUp"]["stabilizationWindowSeconds"], 0);
    assert_eq!(behavior["scaleUp"]["policies"][0]["value"], 4);
    assert_eq!(behavior["scaleUp"]["policies"][1]["value"], 100);
    assert_eq!(behavior["scaleDown"]["policies"].as_array().map(Vec::len), Some(1));
    assert_eq!(behavior["scaleDown"]["selectPolicy"], "Max");
    assert!(behavior["scaleDown"]["tolerance"].is_null());
}

#[test]
fn what_cannot_be_meant_is_refused_by_field() {
    assert_eq!(faults(&good()["spec"]), []);
    let pods = json!({"type": "Pods", "pods": {"metric": {"name": "x"}, "target": {"type": "AverageValue", "averageValue": "1"}}});
    for (pointer, value, field, part) in [
        ("/spec/minReplicas", json!(0), "spec.minReplicas", "greater than or equal to 1"),
        ("/spec/maxReplicas", json!(-5), "spec.maxReplicas", "greater than 0"),
        ("/spec/minReplicas", json!(7), "spec.maxReplicas", "`minReplicas`"),
        ("/spec/scaleTargetRef/name", json!(""), "spec.scaleTargetRef.name", "Required"),
        ("/spec/metrics/0/type", json!("Cpu"), "spec.metrics[0].type", "Unsupported"),
        ("/spec/metrics/0/type", json!("Pods"), "spec.metrics[0].pods", "must populate information"),
        ("/spec/metrics/0/pods", pods["pods"].clone(), "spec.metrics[0].pods", "source only"),
        (
            "/spec/metrics/0/resource/target/averageUtilization",
            json!(0),
            "spec.metrics[0].resource.target.averageUtilization",
            "greater than 0",
        ),
        (
            "/spec/metrics/0/resource/target/averageUtilization",
            json!(null),
            "spec.metrics[0].resource.target.averageUtilization",
            "must set either",
        ),
        (
            "/spec/metrics/0/resource/target/averageValue",
            json!("5m"),
            "spec.metrics[0].resource.target.averageValue",
            "may not set both",
        ),
        (
            "/spec/metrics/0/resource/target/type",
            json!("Sum"),
            "spec.metrics[0].resource.target.type",
            "must be either",
        ),
        ("/spec/behavior/scaleUp/policies", json!([]), "spec.behavior.scaleUp.policies", "at least one"),
        (
            "/spec/behavior/scaleUp/policies/0/type",
            json!("Half"),
            "spec.behavior.scaleUp.policies[0].type",
            "Unsupported",
        ),
        (
            "/spec/behavior/scaleUp/policies/0/value",
            json!(0),
            "spec.behavior.scaleUp.policies[0].value",
            "greater than zero",
        ),
        (
            "/spec/behavior/scaleUp/policies/0/periodSeconds",
            json!(1801),
            "spec.behavior.scaleUp.policies[0].periodSeconds",
            "1800",
        ),
        (
            "/spec/behavior/scaleUp/stabilizationWindowSeconds",
            json!(3601),
            "spec.behavior.scaleUp.stabilizationWindowSeconds",
            "3600",
        ),
        (
            "/spec/behavior/scaleUp/stabilizationWindowSeconds",
            json!(-1),
            "spec.behavior.scaleUp.stabilizationWindowSeconds",
            "to zero",
        ),
        (
            "/spec/behavior/scaleUp/selectPolicy",
            json!("Any"),
            "spec.behavior.scaleUp.selectPolicy",
            "Unsupported",
        ),
    ] {
        let mut object = good();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        object.pointer_mut(parent).unwrap()[key] = value.clone();
        let found = faults(&object["spec"]);
        assert!(found.iter().all(|(at, _)| at == field), "{pointer} {value}: {found:?}");
        assert!(found[0].1.contains(part), "{pointer} {value}: {found:?}");
    }
}
