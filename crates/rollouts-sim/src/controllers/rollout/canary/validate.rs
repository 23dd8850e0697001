//! What makes the spec of a canary invalid, in upstream's words.

use crate::json::Value;
use rollouts_client::types::RolloutAnalysis;

use super::super::analyses;
use super::super::pass::Pass;
use super::super::validate::{invalid, quoted, services_fit};
use super::spec::Canary;
use super::traffic::no_rule;
use crate::object::{items, text};
use crate::resource::Resource;
use crate::world::World;

const PATH: &str = "spec.strategy";

/// The first thing that is wrong.
pub(in super::super) fn fault(world: &World, pass: &Pass, canary: &Canary) -> Option<String> {
    strategy(canary)
        .or_else(|| steps(canary, &pass.object["spec"]["strategy"]["canary"]))
        .or_else(|| {
            let named = [
                ("stableService", canary.stable_service.as_str()),
                ("canaryService", canary.canary_service.as_str()),
            ];
            services_fit(world, pass, "canary", &named)
        })
        .or_else(|| analyses_fit(world, pass, canary))
        .or_else(|| ingresses(world, pass, canary))
}

fn strategy(canary: &Canary) -> Option<String> {
    let (stable, other) = (canary.stable_service.as_str(), canary.canary_service.as_str());
    let at = |field: &str| format!("{PATH}.{field}");
    if canary.cannot_move() {
        return Some(invalid(&at("maxSurge"), 0, "MaxSurge and MaxUnavailable both can not be zero"));
    }
    if !stable.is_empty() && stable == other {
        let why = "This rollout uses the same service for the stable and canary services, but two different \
                   services are required.";
        return Some(invalid(&at("stableService"), quoted(stable), why));
    }
    if canary.nginx().is_some() {
        let missing = [("stableService", stable), ("canaryService", other)];
        if let Some((field, name)) = missing.into_iter().find(|(_, name)| name.is_empty()) {
            let why = "Canary service and Stable service must to be set to use Traffic Routing";
            return Some(invalid(&at(field), quoted(name), why));
        }
    }
    let delay = canary.states_scale_down_delay();
    match (canary.routed(), delay, canary.dynamic_stable_scale) {
        (false, Some(delay), _) => {
            let why = "Canary scaleDownDelaySeconds can only be used with traffic routing";
            Some(invalid(&at("scaleDownDelaySeconds"), delay, why))
        }
        (false, None, true) => {
            let why = "Canary dynamicStableScale can only be used with traffic routing";
            Some(invalid(&at("dynamicStableScale"), true, why))
        }
        (true, Some(_), true) => {
            let why = "Canary dynamicStableScale cannot be used with scaleDownDelaySeconds";
            Some(invalid(&at("dynamicStableScale"), true, why))
        }
        _ => None,
    }
}

/// The steps: read typed for their values and as they stand for their keys.
fn steps(canary: &Canary, strategy: &Value) -> Option<String> {
    let max = canary.max_weight();
    for (index, (step, raw)) in canary.steps.iter().zip(items(strategy, "/steps")).enumerate() {
        let at = |field: &str| format!("{PATH}.steps[{index}]{field}");
        let has = |field: &str| raw.get(field).is_some_and(|value| !value.is_null());
        if ["setWeight", "pause", "experiment", "analysis"].into_iter().filter(|key| has(key)).count() > 1 {
            let value = format!(
                "step.Experiment: {} step.Pause: {} step.SetWeight: {} step.Analysis: {}",
                has("experiment"),
                has("pause"),
                has("setWeight"),
                has("analysis")
            );
            return Some(invalid(&at(""), quoted(&value), STEP));
        }
        if raw.as_object().is_none_or(crate::json::Map::is_empty) {
            return Some(invalid(&at(""), quoted(NOTHING), STEP));
        }
        if let Some(weight) = step.set_weight.filter(|weight| !(0..=max).contains(weight)) {
            let why = format!("SetWeight needs to be between 0 and {max}");
            return Some(invalid(&at(".setWeight"), weight, why));
        }
        if let Some(seconds) = step.pause.as_ref().map(super::spec::Pause::seconds).filter(|s| *s < 0) {
            return Some(invalid(&at(".pause.duration"), seconds, "Duration needs to be greater than 0"));
        }
        if step.set_canary_scale.is_some() && !canary.routed() {
            let why = "SetCanaryScale requires TrafficRouting to be set";
            return Some(format!("{PATH}.trafficRouting: Required value: {why}"));
        }
        for (field, why) in [
            ("setHeaderRoute", "SetHeaderRoute requires TrafficRouting, supports Istio and ALB and Apisix"),
            ("setMirrorRoute", "SetMirrorRoute requires TrafficRouting, supports Istio and Plugins"),
        ] {
            if has(field) {
                return Some(invalid(&at(&format!(".{field}")), &raw[field], why));
            }
        }
    }
    None
}

const STEP: &str =
    "Step must have one of the following set: experiment, setWeight, setCanaryScale, plugin or pause";
/// Upstream's words, in which true means that the key is missing.
const NOTHING: &str = "step.Experiment: true step.Pause: true step.SetWeight: true step.Analysis: true \
                       step.SetCanaryScale: true step.SetHeaderRoute: true step.SetMirrorRoute: true step.Plugin: true";

fn analyses_fit(world: &World, pass: &Pass, canary: &Canary) -> Option<String> {
    let fault = |asked: &RolloutAnalysis, path: String, endless: bool| {
        analyses::fault(world, pass, asked, &path, endless)
    };
    let of_steps = canary.steps.iter().enumerate().find_map(|(index, step)| {
        fault(step.analysis.as_ref()?, format!("{PATH}.canary.steps[{index}].analysis.templates"), false)
    });
    of_steps.or_else(|| {
        let beside = canary.analysis.as_ref()?;
        fault(&beside.analysis, format!("{PATH}.canary.analysis.templates"), true)
    })
}

fn ingresses(world: &World, pass: &Pass, canary: &Canary) -> Option<String> {
    let nginx = canary.nginx()?;
    let path = format!("{PATH}.canary.trafficRouting.nginx");
    let several = nginx.stable_ingresses.is_some();
    if several != nginx.stable_ingress.is_empty() {
        let which = if several { "Both" } else { "Neither" };
        let why =
            format!("Either StableIngress or StableIngresses must be configured. {which} are configured.");
        return Some(format!("{path}: Internal error: {why}"));
    }
    let field = if several { "stableIngresses" } else { "stableIngress" };
    nginx.ingresses().into_iter().find_map(|name| {
        let Some(ingress) = world.store.get(Resource::Ingress, &pass.ns, name) else {
            let why = format!("ingress.networking.k8s.io \"{name}\" not found");
            return Some(invalid(&format!("{path}.{field}"), quoted(name), why));
        };
        let mut paths = items(ingress, "/spec/rules").flat_map(|rule| items(rule, "/http/paths"));
        let led = paths.any(|path| text(path, "/backend/service/name") == canary.stable_service);
        let service = &canary.stable_service;
        (!led).then(|| invalid(&format!("{path}.{field}"), quoted(name), no_rule(name, service)))
    })
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    #[test]
    fn what_is_invalid() {
        let nginx = json!({"nginx": {"stableIngress": "i"}});
        for (spec, said) in [
            (json!({"maxSurge": 0, "maxUnavailable": 0}), "both can not be zero"),
            (json!({"stableService": "a", "canaryService": "a"}), "two different services"),
            (
                json!({"stableService": "a", "trafficRouting": nginx}),
                "spec.strategy.canaryService: Invalid value: \"\": Canary service and Stable service must",
            ),
            (json!({"scaleDownDelaySeconds": 30}), "can only be used with traffic routing"),
            (json!({"dynamicStableScale": true}), "can only be used with traffic routing"),
            (
                json!({"dynamicStableScale": true, "scaleDownDelaySeconds": 1, "trafficRouting": {}}),
                "cannot be used with",
            ),
            (
                json!({"steps": [{"setWeight": 10}, {"setWeight": 101}]}),
                "spec.strategy.steps[1].setWeight: Invalid value: 101: SetWeight needs to be between 0 and 100",
            ),
            (json!({"steps": [{"setWeight": 10, "pause": {}}]}), "Step must have one"),
            (json!({"steps": [{}]}), "Step must have one"),
            (json!({"steps": [{"pause": {"duration": "soon"}}]}), "Duration needs to be greater than 0"),
            (json!({"steps": [{"setCanaryScale": {"weight": 5}}]}), "SetCanaryScale requires TrafficRouting"),
            (
                json!({"steps": [{"setHeaderRoute": {"name": "h"}}], "trafficRouting": {}}),
                "supports Istio and ALB and Apisix",
            ),
            (
                json!({"steps": [{"setMirrorRoute": {"name": "m"}}], "trafficRouting": {}}),
                "supports Istio and Plugins",
            ),
        ] {
            let canary: Canary = crate::json::from_value(&spec).unwrap();
            let fault = strategy(&canary).or_else(|| steps(&canary, &spec));
            assert!(fault.as_ref().is_some_and(|fault| fault.contains(said)), "{spec}: {fault:?}");
        }
        let good = json!({
            "trafficRouting": {"maxTrafficWeight": 1000},
            "steps": [{"setWeight": 1000}, {"pause": {}}, {"setCanaryScale": {"replicas": 1}}, {"analysis": {}}],
        });
        let canary: Canary = crate::json::from_value(&good).unwrap();
        assert_eq!(strategy(&canary).or_else(|| steps(&canary, &good)), None);
    }
}
