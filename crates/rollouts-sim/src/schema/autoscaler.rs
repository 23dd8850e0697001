//! Defaults and validation of HorizontalPodAutoscalers.

use crate::json::{Value, json};

use super::walk::Fault;
use crate::object::{at, items, number, text};
use crate::quantity;

/// The longest period of a policy and the longest window of a direction, in seconds.
const LONGEST_PERIOD: i64 = 1800;
const LONGEST_WINDOW: i64 = 3600;

/// Fills in what the API server would.
pub(super) fn fill(object: &mut Value) {
    let spec = &mut object["spec"];
    or(spec, "minReplicas", json!(1));
    if items(spec, "/metrics").next().is_none() {
        let target = json!({"type": "Utilization", "averageUtilization": 80});
        spec["metrics"] = json!([{"type": "Resource", "resource": {"name": "cpu", "target": target}}]);
    }
    if spec["behavior"].is_object() {
        let policy = |kind: &str, value: i64| json!({"type": kind, "value": value, "periodSeconds": 15});
        let up = json!({
            "stabilizationWindowSeconds": 0, "selectPolicy": "Max",
            "policies": [policy("Pods", 4), policy("Percent", 100)],
        });
        // How long scaling down waits is a flag of the controller, so that it is no default here.
        let down = json!({"selectPolicy": "Max", "policies": [policy("Percent", 100)]});
        for (direction, rules) in [("scaleUp", up), ("scaleDown", down)] {
            for (field, default) in rules.as_object().into_iter().flatten() {
                or(&mut spec["behavior"][direction], field, default.clone());
            }
            // Behind a feature gate that is off, where the API server drops it.
            if let Some(rules) = spec["behavior"][direction].as_object_mut() {
                rules.shift_remove("tolerance");
            }
        }
    }
    or(object, "status", json!({"currentMetrics": null, "desiredReplicas": 0}));
}

fn or(object: &mut Value, field: &str, default: Value) {
    if object[field].is_null() {
        object[field] = default;
    }
}

fn fault(field: impl Into<String>, why: impl Into<String>) -> Fault {
    (field.into(), why.into())
}

fn invalid(value: &Value, why: &str) -> String {
    format!("Invalid value: {value}: {why}")
}

/// What is wrong with a spec, beyond its schema.
pub(super) fn faults(spec: &Value) -> Vec<Fault> {
    let mut found = Vec::new();
    let (least, most) = (&spec["minReplicas"], &spec["maxReplicas"]);
    if least.as_i64().is_some_and(|least| least < 1) {
        found.push(fault("spec.minReplicas", invalid(least, "must be greater than or equal to 1")));
    }
    if most.as_i64().is_some_and(|most| most < 1) {
        found.push(fault("spec.maxReplicas", invalid(most, "must be greater than 0")));
    }
    if most.as_i64() < least.as_i64() && most.is_number() {
        found
            .push(fault("spec.maxReplicas", invalid(most, "must be greater than or equal to `minReplicas`")));
    }
    for field in ["kind", "name"] {
        if text(&spec["scaleTargetRef"], &format!("/{field}")).is_empty() {
            found.push(fault(format!("spec.scaleTargetRef.{field}"), "Required value"));
        }
    }
    for (index, metric) in items(spec, "/metrics").enumerate() {
        metric_faults(metric, &format!("spec.metrics[{index}]"), &mut found);
    }
    for direction in ["scaleUp", "scaleDown"] {
        if let Some(rules) = at(&spec["behavior"], &format!("/{direction}")) {
            rules_faults(rules, &format!("spec.behavior.{direction}"), &mut found);
        }
    }
    found
}

/// The types of metrics, each with the field that describes it.
const SOURCES: [(&str, &str); 5] = [
    ("ContainerResource", "containerResource"),
    ("External", "external"),
    ("Object", "object"),
    ("Pods", "pods"),
    ("Resource", "resource"),
];

fn metric_faults(metric: &Value, path: &str, found: &mut Vec<Fault>) {
    let kind = text(metric, "/type");
    let Some((_, field)) = SOURCES.iter().find(|(name, _)| *name == kind) else {
        let known = SOURCES.map(|(name, _)| format!("\"{name}\"")).join(", ");
        let why = format!("Unsupported value: \"{kind}\": supported values: {known}");
        found.push(fault(format!("{path}.type"), why));
        return;
    };
    let Some(source) = metric.get(*field).filter(|source| source.is_object()) else {
        let why = "Required value: must populate information for the given metric source";
        found.push(fault(format!("{path}.{field}"), why));
        return;
    };
    for (_, other) in SOURCES.iter().filter(|(_, other)| other != field && !metric[*other].is_null()) {
        let why = "Forbidden: must populate the given metric source only";
        found.push(fault(format!("{path}.{other}"), why));
    }
    target_faults(source, kind, &format!("{path}.{field}"), found);
}

fn target_faults(source: &Value, kind: &str, path: &str, found: &mut Vec<Fault>) {
    let target = &source["target"];
    if !["Utilization", "Value", "AverageValue"].contains(&text(target, "/type")) {
        let why = invalid(&target["type"], "must be either Utilization, Value, or AverageValue");
        found.push(fault(format!("{path}.target.type"), why));
    }
    for field in ["value", "averageValue"] {
        if quantity::milli(&target[field]).is_some_and(|milli| milli <= 0) {
            let why = invalid(&target[field], "must be positive");
            found.push(fault(format!("{path}.target.{field}"), why));
        }
    }
    let utilization = &target["averageUtilization"];
    if utilization.as_i64().is_some_and(|utilization| utilization < 1) {
        let why = invalid(utilization, "must be greater than 0");
        found.push(fault(format!("{path}.target.averageUtilization"), why));
    }
    if !kind.ends_with("Resource") {
        return;
    }
    match (utilization.is_null(), target["averageValue"].is_null()) {
        (true, true) => {
            let why = "Required value: must set either a target raw value or a target utilization";
            found.push(fault(format!("{path}.target.averageUtilization"), why));
        }
        (false, false) => {
            let why = "Forbidden: may not set both a target raw value and a target utilization";
            found.push(fault(format!("{path}.target.averageValue"), why));
        }
        _ => {}
    }
}

fn rules_faults(rules: &Value, path: &str, found: &mut Vec<Fault>) {
    let bounded = |value: &Value, least: i64, low: &str, most: i64| match value.as_i64() {
        Some(number) if number < least => Some(invalid(value, low)),
        Some(number) if number > most => {
            Some(invalid(value, &format!("must be less than or equal to {most}")))
        }
        _ => None,
    };
    let window = &rules["stabilizationWindowSeconds"];
    if let Some(why) = bounded(window, 0, "must be greater than or equal to zero", LONGEST_WINDOW) {
        found.push(fault(format!("{path}.stabilizationWindowSeconds"), why));
    }
    let select = text(rules, "/selectPolicy");
    if !["", "Disabled", "Max", "Min"].contains(&select) {
        let known = "supported values: \"Disabled\", \"Max\", \"Min\"";
        found
            .push(fault(format!("{path}.selectPolicy"), format!("Unsupported value: \"{select}\": {known}")));
    }
    if items(rules, "/policies").next().is_none() {
        found.push(fault(format!("{path}.policies"), "Required value: must specify at least one Policy"));
    }
    for (index, policy) in items(rules, "/policies").enumerate() {
        let path = format!("{path}.policies[{index}]");
        let kind = text(policy, "/type");
        if !["Percent", "Pods"].contains(&kind) {
            let known = "supported values: \"Percent\", \"Pods\"";
            found.push(fault(format!("{path}.type"), format!("Unsupported value: \"{kind}\": {known}")));
        }
        if number(policy, "/value", 1) <= 0 {
            found
                .push(fault(format!("{path}.value"), invalid(&policy["value"], "must be greater than zero")));
        }
        let period = &policy["periodSeconds"];
        if let Some(why) = bounded(period, 1, "must be greater than zero", LONGEST_PERIOD) {
            found.push(fault(format!("{path}.periodSeconds"), why));
        }
    }
}

#[cfg(test)]
#[path = "autoscaler_tests.rs"]
mod tests;
