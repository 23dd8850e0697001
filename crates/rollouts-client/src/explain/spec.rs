//! A spec that the controller refuses, and the objects it refers to.

use std::collections::BTreeMap;

use k8s_openapi::api::networking::v1::Ingress;

use super::facts::Facts;
use super::{Cause, Found};
use crate::names;
use crate::view::Role;

pub(super) const CAUSES: &[Cause] = &[
    Cause::new("service-missing", "a Service that the strategy names is not there", service_missing),
    Cause::new("service-of-another", "a Service belongs to another Rollout", service_of_another),
    Cause::new(
        "service-selects-others",
        "a Service selects by a label that the pods do not have",
        service_strange,
    ),
    Cause::new("ingress-missing", "an Ingress that the router is to split is not there", ingress_missing),
    Cause::new("ingress-skips-stable", "that Ingress does not lead to the stable Service", ingress_skips),
    Cause::new("template-missing", "an AnalysisTemplate is not there", template_missing),
    Cause::last("invalid-spec", "the controller refuses the spec", invalid),
];

fn named(role: Role, name: &str) -> String {
    format!("the {} Service {name}", role.to_string().to_lowercase())
}

/// What the controller says of a spec that it refuses.
fn refusal(facts: &Facts) -> Option<String> {
    facts.message().strip_prefix("InvalidSpec: ").map(str::to_owned)
}

fn service_missing(facts: &Facts) -> Option<Found> {
    let (role, name) = facts
        .named_services()
        .into_iter()
        .find(|(_, name)| facts.service(name).is_none() && !unread(facts))?;
    let there: Vec<_> =
        facts.services.iter().filter_map(|service| service.metadata.name.as_deref()).collect();
    let text = format!("{} does not exist, so the controller does nothing", named(role, &name));
    Some(
        Found::new(text)
            .seen_if("status of the Rollout", refusal(facts))
            .seen(format!("Services of namespace {}", facts.namespace()), list(&there))
            .next(facts.kubectl("get services")),
    )
}

/// Whether absence says nothing, because the lists could not be read.
fn unread(facts: &Facts) -> bool {
    facts.unread.iter().any(|what| what.contains("services") || what.contains("ingresses"))
}

fn list(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn service_of_another(facts: &Facts) -> Option<Found> {
    facts.named_services().into_iter().find_map(|(role, name)| {
        let service = facts.service(&name)?;
        let owner = service.metadata.annotations.as_ref()?.get(names::MANAGED_BY_ROLLOUTS)?;
        if owner == facts.rollout.name() {
            return None;
        }
        let text =
            format!("{} belongs to Rollout {owner}: two Rollouts cannot share one", named(role, &name));
        Some(
            Found::new(text)
                .seen(format!("service {name}, annotation {}", names::MANAGED_BY_ROLLOUTS), owner)
                .seen_if("status of the Rollout", refusal(facts))
                .next(facts.kubectl("get services")),
        )
    })
}

fn service_strange(facts: &Facts) -> Option<Found> {
    let template = facts.rollout.spec.template.as_ref()?;
    let labels = template.metadata.as_ref().and_then(|meta| meta.labels.clone()).unwrap_or_default();
    facts.named_services().into_iter().find_map(|(role, name)| {
        let selector: BTreeMap<String, String> = facts.service(&name)?.spec.as_ref()?.selector.clone()?;
        let strange = selector
            .iter()
            .find(|(key, value)| *key != names::POD_TEMPLATE_HASH && labels.get(*key) != Some(value))?;
        let (key, value) = strange;
        let have = match labels.get(key) {
            Some(other) => format!("they have {key}={other}"),
            None => format!("they have no label {key}"),
        };
        let text = format!("{} selects {key}={value}, and the pods do not match: {have}", named(role, &name));
        Some(
            Found::new(text)
                .seen_if("status of the Rollout", refusal(facts))
                .next(facts.kubectl(&format!("edit service {name}"))),
        )
    })
}

/// The Ingresses that nginx' router is to split.
fn split_ingresses(facts: &Facts) -> Vec<String> {
    let routing =
        facts.rollout.spec.strategy.canary.as_ref().and_then(|canary| canary.traffic_routing.as_ref());
    let Some(nginx) = routing.and_then(|routing| routing.other.get("nginx")) else { return Vec::new() };
    let one = nginx["stableIngress"].as_str().into_iter();
    let several = nginx["stableIngresses"].as_array().into_iter().flatten().filter_map(|name| name.as_str());
    one.chain(several).map(str::to_owned).collect()
}

fn ingress<'a>(facts: &'a Facts, name: &str) -> Option<&'a Ingress> {
    facts.ingresses.iter().find(|ingress| ingress.metadata.name.as_deref() == Some(name))
}

fn ingress_missing(facts: &Facts) -> Option<Found> {
    let name =
        split_ingresses(facts).into_iter().find(|name| ingress(facts, name).is_none() && !unread(facts))?;
    let there: Vec<_> =
        facts.ingresses.iter().filter_map(|ingress| ingress.metadata.name.as_deref()).collect();
    Some(
        Found::new(format!("Ingress {name}, which is to be split, does not exist"))
            .seen_if("status of the Rollout", refusal(facts))
            .seen(format!("Ingresses of namespace {}", facts.namespace()), list(&there))
            .next(facts.kubectl("get ingresses")),
    )
}

fn ingress_skips(facts: &Facts) -> Option<Found> {
    let stable = facts.rollout.spec.strategy.canary.as_ref()?.stable_service.clone()?;
    let name = split_ingresses(facts).into_iter().find(|name| {
        ingress(facts, name)
            .is_some_and(|found| !super::traffic::backends(found).any(|(_, to)| to.name == stable))
    })?;
    let leads: Vec<_> = ingress(facts, &name).into_iter().flat_map(super::traffic::backends).collect();
    let leads: Vec<_> = leads.iter().map(|(_, to)| to.name.as_str()).collect();
    Some(
        Found::new(format!(
            "Ingress {name} does not lead to the stable Service {stable}, so there is nothing to split"
        ))
        .seen(format!("ingress {name}, Services behind it"), list(&leads))
        .seen_if("status of the Rollout", refusal(facts))
        .next(facts.kubectl(&format!("edit ingress {name}"))),
    )
}

fn template_missing(facts: &Facts) -> Option<Found> {
    let message = refusal(facts)?;
    let (_, rest) = message.split_once("AnalysisTemplate '")?;
    let (name, after) = rest.split_once('\'')?;
    after.trim_start().starts_with("not found").then_some(())?;
    let cluster = message.contains("ClusterAnalysisTemplate '");
    let (kind, command) = if cluster {
        ("ClusterAnalysisTemplate", "kubectl get clusteranalysistemplates".to_owned())
    } else {
        ("AnalysisTemplate", facts.kubectl("get analysistemplates"))
    };
    let text = format!("{kind} {name} does not exist, so the controller does nothing");
    Some(Found::new(text).seen("status of the Rollout", message.clone()).next(command))
}

fn invalid(facts: &Facts) -> Option<Found> {
    let message = refusal(facts)?;
    let text = "the controller refuses the spec and does nothing until it is right";
    let command = format!("{} lint --live {} -n {}", facts.program, facts.rollout.name(), facts.namespace());
    Some(Found::new(text).seen("status of the Rollout", message).next(command))
}
