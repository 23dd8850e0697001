//! Components and API versions that are no longer there, or no longer kept.

use super::objects::{CANARY, text};
use super::{Found, Objects, Rule};

pub(super) const RULES: &[Rule] = &[
    Rule::error("retired-api", "an API version that Kubernetes no longer serves", api),
    Rule::warning("retired-router", "a router that nobody maintains any more", router),
    Rule::warning("retired-component", "a program that nobody maintains any more", component),
];

/// What was removed: version, kind, and what stands in its place. Kubernetes' deprecation guide; Traefik's for 3.0.
const REMOVED: &[(&str, &str, &str)] = &[
    ("extensions/v1beta1", "Ingress", "networking.k8s.io/v1"),
    ("networking.k8s.io/v1beta1", "Ingress", "networking.k8s.io/v1"),
    ("autoscaling/v2beta1", "HorizontalPodAutoscaler", "autoscaling/v2"),
    ("autoscaling/v2beta2", "HorizontalPodAutoscaler", "autoscaling/v2"),
    ("policy/v1beta1", "PodDisruptionBudget", "policy/v1"),
    ("discovery.k8s.io/v1beta1", "EndpointSlice", "discovery.k8s.io/v1"),
    ("traefik.containo.us/v1alpha1", "TraefikService", "traefik.io/v1alpha1"),
    ("traefik.containo.us/v1alpha1", "IngressRoute", "traefik.io/v1alpha1"),
];

fn api(objects: &Objects) -> Vec<Found> {
    let all = objects.0.iter().enumerate().filter_map(|(index, object)| {
        let (version, kind) = (text(&object.value, "/apiVersion"), text(&object.value, "/kind"));
        let (_, _, now) = REMOVED.iter().find(|(old, of, _)| *old == version && *of == kind)?;
        let message = format!("{kind} is no longer served as {version}");
        Some(Found::new(index, "/apiVersion", message).help(format!("{now} is its version")))
    });
    all.collect()
}

/// Routers of projects that are archived or at their end.
const ROUTERS: [(&str, &str); 2] = [
    ("smi", "the Service Mesh Interface is archived"),
    ("appMesh", "AWS App Mesh ends on 30 September 2026"),
];

fn router(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for rollout in objects.rollouts() {
        for router in rollout.routers() {
            if let Some((_, why)) = ROUTERS.iter().find(|(name, _)| *name == router) {
                let at = format!("{CANARY}/trafficRouting/{router}");
                wrong.push(
                    rollout
                        .found(at, format!("router {router}: {why}"))
                        .help("nginx, traefik, istio, alb, plugins"),
                );
            }
        }
    }
    wrong
}

/// The controller of ingress-nginx got its last release in March 2026. Its annotations live on: others read them.
fn component(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for (index, object) in objects.0.iter().enumerate() {
        let class = text(&object.value, "/kind") == "IngressClass"
            && text(&object.value, "/spec/controller") == "k8s.io/ingress-nginx";
        let chart =
            text(&object.value, "/spec/source/repoURL").contains("kubernetes.github.io/ingress-nginx");
        let at = if class {
            "/spec/controller"
        } else if chart {
            "/spec/source/repoURL"
        } else {
            continue;
        };
        let message = "ingress-nginx is retired: nothing is mended in it since March 2026";
        let help = "Traefik reads the same annotations (provider kubernetesIngressNGINX)";
        wrong.push(Found::new(index, at, message).help(help));
    }
    wrong
}
