//! Between the ingress and the pods: selectors, endpoints, ports, rules, weights.

use k8s_openapi::api::core::v1::{Service, ServicePort};
use k8s_openapi::api::networking::v1::{Ingress, IngressServiceBackend};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::facts::Facts;
use super::{Cause, Found};
use crate::{names, view};

pub(super) const CAUSES: &[Cause] = &[
    Cause::new(
        "left-on-dead-version",
        "users are sent to a version without pods while a good one runs",
        dead,
    ),
    Cause::new("selects-nothing", "a Service selects a version that is not there", selects_nothing),
    Cause::new("target-port", "a Service aims at a port that no container has", target_port),
    Cause::new("backend-missing", "an Ingress leads to a Service that is not there", backend_missing),
    Cause::new("backend-port", "an Ingress leads to a port that the Service does not have", backend_port),
    Cause::new("split-without-router", "a canary by weight that no router splits", without_router),
    Cause::new("weight-not-taken", "the router has not taken the weight over", weight),
];

/// The Services behind an Ingress, each with the host of its rule; the default one with none.
pub(super) fn backends(ingress: &Ingress) -> impl Iterator<Item = (&str, &IngressServiceBackend)> {
    let spec = ingress.spec.as_ref();
    let default = spec.and_then(|spec| spec.default_backend.as_ref()).map(|backend| ("", backend));
    let rules = spec.and_then(|spec| spec.rules.as_deref()).unwrap_or(&[]);
    let of_rules = rules.iter().flat_map(|rule| {
        let host = rule.host.as_deref().unwrap_or_default();
        rule.http.iter().flat_map(|http| &http.paths).map(move |path| (host, &path.backend))
    });
    default.into_iter().chain(of_rules).filter_map(|(host, backend)| Some((host, backend.service.as_ref()?)))
}

fn name(service: &Service) -> &str {
    service.metadata.name.as_deref().unwrap_or_default()
}

fn ports(service: &Service) -> &[ServicePort] {
    service.spec.as_ref().and_then(|spec| spec.ports.as_deref()).unwrap_or(&[])
}

/// An aborted update whose pods were not ready is left on the active Service by the controller: argo-rollouts#2824.
fn dead(facts: &Facts) -> Option<Found> {
    let front = facts.front()?;
    let stable = facts.stable()?;
    let hash = view::selected_hash(front)?;
    let selected = facts.set(Some(&hash))?;
    if selected.name() == stable.name() || selected.ready() > 0 || stable.ready() == 0 {
        return None;
    }
    let (dead, good) = (facts.version(selected), facts.version(stable));
    let text =
        format!("users reach {dead}, which has no ready pod, while {good} stands ready: requests fail");
    let endpoints = format!("{} ready endpoints", facts.ready_endpoints(name(front)));
    Some(
        Found::new(text)
            .seen(format!("service {}", name(front)), format!("selects {hash}; {endpoints}"))
            .seen(format!("replicaset {}", stable.name()), format!("{} ready pods", stable.ready()))
            .next(facts.way_back()),
    )
}

fn selects_nothing(facts: &Facts) -> Option<Found> {
    facts.named_services().into_iter().find_map(|(role, service)| {
        let found = facts.service(&service)?;
        let hash = view::selected_hash(found)?;
        let owner = found.metadata.annotations.as_ref().and_then(|all| all.get(names::MANAGED_BY_ROLLOUTS));
        let of_another = owner.is_some_and(|owner| owner != facts.rollout.name());
        if of_another || facts.set(Some(&hash)).is_some() || facts.replica_sets.is_empty() {
            return None;
        }
        let text =
            format!("the {role} Service {service} selects a version that does not exist: nobody answers");
        let known: Vec<String> =
            facts.own().filter(|set| set.desired() > 0).map(|set| facts.version(set)).collect();
        Some(
            Found::new(text)
                .seen(format!("service {service}"), format!("selects {hash}"))
                .seen("versions with pods", known.join(", "))
                .next(facts.way_back()),
        )
    })
}

/// A port by name that no container declares leads nowhere. (By number it does not have to be declared.)
fn target_port(facts: &Facts) -> Option<Found> {
    let template = facts.rollout.spec.template.as_ref()?;
    let declared: Vec<String> = template
        .containers()
        .iter()
        .flat_map(|container| {
            container.other.get("ports").and_then(|ports| ports.as_array()).into_iter().flatten()
        })
        .filter_map(|port| Some(port["name"].as_str()?.to_owned()))
        .collect();
    facts.named_services().into_iter().find_map(|(role, service)| {
        let found = facts.service(&service)?;
        let wrong = ports(found).iter().find_map(|port| match &port.target_port {
            Some(IntOrString::String(target)) if !declared.contains(target) => Some(target),
            _ => None,
        })?;
        let text = format!("the {role} Service {service} aims at port {wrong}, which no container has");
        let declared = if declared.is_empty() { "none".to_owned() } else { declared.join(", ") };
        Some(
            Found::new(text)
                .seen("named ports of the containers", declared)
                .next(facts.kubectl(&format!("edit service {service}"))),
        )
    })
}

/// The Ingresses that have to do with this Rollout: one of its Services is behind them.
fn own_ingresses(facts: &Facts) -> impl Iterator<Item = &Ingress> {
    let named = facts.named_services();
    facts.ingresses.iter().filter(move |ingress| {
        backends(ingress).any(|(_, to)| named.iter().any(|(_, name)| *name == to.name))
    })
}

fn backend_missing(facts: &Facts) -> Option<Found> {
    let known = |service: &str| facts.service(service).is_some();
    let named = facts.named_services();
    own_ingresses(facts).find_map(|ingress| {
        let (host, to) = backends(ingress)
            .find(|(_, to)| !known(&to.name) && !named.iter().any(|(_, name)| *name == to.name))?;
        let ingress = ingress.metadata.name.as_deref().unwrap_or_default();
        let there: Vec<&str> = facts.services.iter().map(name).collect();
        let text =
            format!("Ingress {ingress} sends host {host} to Service {}, which does not exist", to.name);
        Some(
            Found::new(text)
                .seen(format!("Services of namespace {}", facts.namespace()), there.join(", "))
                .next(facts.kubectl(&format!("edit ingress {ingress}"))),
        )
    })
}

fn backend_port(facts: &Facts) -> Option<Found> {
    own_ingresses(facts).find_map(|ingress| {
        let (service, asked, host) = backends(ingress).find_map(|(host, to)| {
            let service = facts.service(&to.name)?;
            let port = to.port.as_ref()?;
            let fits = |own: &ServicePort| match (&port.name, port.number) {
                (Some(wanted), _) => own.name.as_ref() == Some(wanted),
                (None, number) => Some(own.port) == number,
            };
            let asked = port.name.clone().or_else(|| port.number.map(|number| number.to_string()))?;
            (!ports(service).iter().any(fits)).then_some((service, asked, host))
        })?;
        let ingress = ingress.metadata.name.as_deref().unwrap_or_default();
        let have: Vec<String> = ports(service)
            .iter()
            .map(|port| {
                port.name.as_ref().map_or(port.port.to_string(), |name| format!("{} ({name})", port.port))
            })
            .collect();
        let text = format!(
            "Ingress {ingress} sends host {host} to port {asked} of Service {}, which has no such port",
            name(service)
        );
        Some(
            Found::new(text)
                .seen(format!("service {}, ports", name(service)), have.join(", "))
                .next(facts.kubectl(&format!("edit ingress {ingress}"))),
        )
    })
}

/// Weights without a router are shares of pods; behind an Ingress that leads to the stable Service only, the canary
/// gets nothing at all.
fn without_router(facts: &Facts) -> Option<Found> {
    let canary = facts.rollout.spec.strategy.canary.as_ref()?;
    if canary.traffic_routing.is_some() || facts.rollout.fully_promoted() || facts.rollout.aborted() {
        return None;
    }
    let (stable, other) = (canary.stable_service.as_deref()?, canary.canary_service.as_deref()?);
    let leads = |service: &str| {
        facts.ingresses.iter().any(|ingress| backends(ingress).any(|(_, to)| to.name == service))
    };
    if !leads(stable) || leads(other) {
        return None;
    }
    let text = format!(
        "the canary gets no traffic: there is no trafficRouting, and the Ingress leads to Service {stable}, which \
         selects the stable version only"
    );
    Some(
        Found::new(text)
            .seen("spec.strategy.canary.trafficRouting", "not set")
            .seen(format!("Ingresses that lead to Service {other}"), "none")
            .next(facts.verb("abort")),
    )
}

fn weight(facts: &Facts) -> Option<Found> {
    let weights = facts.rollout.weights()?;
    if weights.other.get("verified") != Some(&serde_json::Value::Bool(false)) {
        return None;
    }
    let text = format!("the router has not taken the weight of {} over yet", weights.canary.weight);
    let said = format!("canary {}, stable {}, verified false", weights.canary.weight, weights.stable.weight);
    Some(
        Found::new(text)
            .seen("status of the Rollout, canary.weights", said)
            .next(facts.kubectl(&format!("describe rollout {}", facts.rollout.name()))),
    )
}
