//! What makes a spec invalid for the controller, and the condition that says so.
//!
//! The schema has been checked by the API; here is what it cannot say: contradictions, and references to objects
//! that are not there or do not fit. Messages are those of upstream, since people search for them.

use crate::json::Value;
use rollouts_client::names;
use rollouts_client::types::RolloutAnalysis;

use super::pass::Pass;
use super::{analyses, canary, conditions, persist};
use crate::object;
use crate::refusal::Refusal;
use crate::resource::Resource;
use crate::world::World;

/// A value that does not do, as Kubernetes writes it: `path: Invalid value: value: why`.
pub(super) fn invalid(path: &str, value: impl std::fmt::Display, why: impl std::fmt::Display) -> String {
    format!("{path}: Invalid value: {value}: {why}")
}

pub(super) fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// The first thing that is wrong. Most passes come to a Rollout that is as valid as it was.
pub(super) fn standing_fault(world: &World, pass: &Pass) -> Option<String> {
    let named = world.store.named(&pass.ns);
    if pass.asked.of_spec.is_valid(named) {
        return None;
    }
    let fault = fault(world, pass);
    if fault.is_none() {
        pass.asked.of_spec.found_valid(named);
    }
    fault
}

fn fault(world: &World, pass: &Pass) -> Option<String> {
    if let Some(canary) = &pass.canary {
        return of_any(pass).or_else(|| canary::validate::fault(world, pass, canary));
    }
    spec(pass).or_else(|| services(world, pass)).or_else(|| {
        let strategy = pass.strategy();
        let of = |analysis: &Option<RolloutAnalysis>, field: &str| {
            let path = format!("spec.strategy.blueGreen.{field}.templates");
            analysis.as_ref().and_then(|analysis| analyses::fault(world, pass, analysis, &path, false))
        };
        of(&strategy.pre_promotion_analysis, "prePromotionAnalysis")
            .or_else(|| of(&strategy.post_promotion_analysis, "postPromotionAnalysis"))
    })
}

/// What is wrong with a spec whatever its strategy.
fn of_any(pass: &Pass) -> Option<String> {
    let spec = &pass.rollout.spec;
    let object = &pass.object["spec"];
    if !object["selector"].is_object() {
        let why = "Rollout has missing field '.spec.selector'";
        return Some(format!("spec.selector: Required value: {why}"));
    }
    let labels = &object["template"]["metadata"]["labels"];
    if !object::selected_by(&object["selector"], labels) {
        let why = "`selector` does not match template `labels`";
        return Some(invalid("spec.template.metadata.labels", labels, why));
    }
    let deadline = spec.progress_deadline_seconds.unwrap_or(600);
    if deadline <= spec.min_ready_seconds.unwrap_or(0) {
        return Some(invalid(
            "spec.progressDeadlineSeconds",
            deadline,
            "must be greater than minReadySeconds",
        ));
    }
    let strategy = &spec.strategy;
    (strategy.blue_green.is_some() && pass.canary.is_some()).then(|| {
        let value = quoted("blueGreen: true canary: true");
        invalid("spec.strategy.strategy", value, "Multiple Strategies can not be listed")
    })
}

fn spec(pass: &Pass) -> Option<String> {
    if let Some(fault) = of_any(pass) {
        return Some(fault);
    }
    let spec = &pass.rollout.spec;
    let Some(strategy) = &spec.strategy.blue_green else {
        let why = "Rollout has missing field '.spec.strategy.canary or .spec.strategy.blueGreen'";
        return Some(format!("spec.strategy.strategy: Required value: {why}"));
    };
    if strategy.preview_service.as_deref() == Some(strategy.active_service.as_str()) {
        let why = "This rollout uses the same service for the active and preview services, but two different \
                   services are required.";
        return Some(invalid("spec.strategy.activeService", quoted(&strategy.active_service), why));
    }
    let limit = strategy.scale_down_delay_revision_limit?;
    let why = "This rollout's revision history limit can not be smaller than the rollout's scale down limit";
    (spec.revision_history_limit.unwrap_or(10) < limit)
        .then(|| invalid("spec.strategy.scaleDownDelayRevisionLimit", limit, why))
}

fn services(world: &World, pass: &Pass) -> Option<String> {
    let strategy = pass.strategy();
    let preview = strategy.preview_service.as_deref().unwrap_or_default();
    let named = [("activeService", strategy.active_service.as_str()), ("previewService", preview)];
    services_fit(world, pass, "blueGreen", &named)
}

/// Whether the Services of a strategy, by field and name, are there and fit.
pub(super) fn services_fit(
    world: &World,
    pass: &Pass,
    strategy: &str,
    named: &[(&str, &str)],
) -> Option<String> {
    let path = |field: &str| format!("spec.strategy.{strategy}.{field}");
    let mut found = Vec::new();
    for (field, name) in named.iter().copied().filter(|(_, name)| !name.is_empty()) {
        match world.store.get(Resource::Service, &pass.ns, name) {
            Some(service) => found.push((field, service)),
            None => {
                return Some(invalid(&path(field), quoted(name), format!("service \"{name}\" not found")));
            }
        }
    }
    found.into_iter().find_map(|(field, service)| {
        let why = misfit(pass, service)?;
        Some(invalid(&path(field), quoted(object::name(service)), why))
    })
}

/// Why a Service cannot serve this Rollout.
fn misfit(pass: &Pass, service: &Value) -> Option<String> {
    let name = object::name(service);
    let labels = &pass.object["spec"]["template"]["metadata"]["labels"];
    let selector = service["spec"]["selector"].as_object();
    let strange = selector.into_iter().flatten().find(|(key, value)| {
        key.as_str() != names::POD_TEMPLATE_HASH && labels.get(key.as_str()) != Some(value)
    });
    if let Some((key, _)) = strange {
        return Some(format!("Service \"{name}\" has unmatch label \"{key}\" in rollout"));
    }
    let manager = object::annotation(service, names::MANAGED_BY_ROLLOUTS)?;
    (manager != pass.name()).then(|| format!("Service \"{name}\" is managed by another Rollout"))
}

/// Says in the status what is wrong, once.
pub(super) fn report(world: &mut World, pass: &mut Pass, fault: &str) -> Result<(), Refusal> {
    let message = format!("The Rollout \"{}\" is invalid: {fault}", pass.name());
    let known = conditions::get(pass.status(), "InvalidSpec").and_then(|c| c.message.as_ref());
    if known.is_some_and(|known| *known != message) {
        let mut standing = pass.status().clone();
        conditions::remove(&mut standing, "InvalidSpec");
        pass.set_status(standing);
    }
    let condition = conditions::new("InvalidSpec", "True", "InvalidSpec", &message, pass.now);
    persist::conditions(world, pass, vec![condition]).map(drop)
}
