//! Routers: those that are not there, what they need, and the steps that they ignore.

use super::objects::{CANARY, items, name, text};
use super::{Found, Objects, Rule};

pub(super) const RULES: &[Rule] = &[
    Rule::error("router-needs-services", "a router without the two Services that it splits", needs_services),
    Rule::error("step-needs-router", "a step that only a router can carry out", needs_router),
    Rule::error("step-ignored-by-router", "a step that this router cannot carry out", ignored),
    Rule::error("route-not-managed", "a route that is not among managedRoutes", managed),
    Rule::warning("services-without-router", "two Services that nothing splits", without_router),
    Rule::error(
        "ingress-skips-stable",
        "an Ingress to split that does not lead to the stable Service",
        skips,
    ),
];

/// Routers that split between two Services.
const BY_SERVICE: [&str; 6] = ["nginx", "traefik", "smi", "ambassador", "appMesh", "apisix"];

fn needs_services(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for rollout in objects.rollouts() {
        let Some(router) = rollout.routers().find(|router| BY_SERVICE.contains(router)) else { continue };
        for field in ["stableService", "canaryService"] {
            if text(rollout.value, &format!("{CANARY}/{field}")).is_empty() {
                let message = format!("router {router} needs {field}");
                wrong.push(rollout.found(format!("{CANARY}/trafficRouting"), message));
            }
        }
    }
    wrong
}

const ROUTES: [&str; 2] = ["setHeaderRoute", "setMirrorRoute"];

fn needs_router(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for rollout in objects.rollouts().filter(|rollout| rollout.routers().next().is_none()) {
        for (at, step) in rollout.steps() {
            for key in ROUTES.into_iter().chain(["setCanaryScale"]).filter(|key| step.get(key).is_some()) {
                let message = format!("{key} needs trafficRouting");
                wrong.push(
                    rollout.found(format!("{at}/{key}"), message).help("the controller refuses such a spec"),
                );
            }
        }
        for field in ["scaleDownDelaySeconds", "dynamicStableScale"] {
            if rollout.canary().is_some_and(|canary| canary.get(field).is_some()) {
                let message =
                    format!("{field} needs trafficRouting: without a router a pod that runs is served");
                wrong.push(rollout.found(format!("{CANARY}/{field}"), message));
            }
        }
    }
    wrong
}

/// What each step wants of a router.
fn able(key: &str, router: &str) -> bool {
    match key {
        "setHeaderRoute" => matches!(router, "istio" | "alb" | "apisix" | "plugins"),
        _ => matches!(router, "istio" | "plugins"),
    }
}

fn ignored(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for rollout in objects.rollouts() {
        let routers: Vec<&str> = rollout.routers().collect();
        for (at, step) in rollout.steps().into_iter().filter(|_| !routers.is_empty()) {
            for key in ROUTES.into_iter().filter(|key| step.get(key).is_some()) {
                if !routers.iter().any(|router| able(key, router)) {
                    let with = if key == "setHeaderRoute" {
                        "istio, alb, apisix and plugins"
                    } else {
                        "istio and plugins"
                    };
                    let message = format!("router {} does not carry out {key}", routers.join(", "));
                    wrong.push(rollout.found(format!("{at}/{key}"), message).help(format!("{with} do")));
                }
            }
        }
    }
    wrong
}

fn managed(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for rollout in objects.rollouts().filter(|rollout| rollout.routers().next().is_some()) {
        let pointer = format!("{CANARY}/trafficRouting/managedRoutes");
        let known: Vec<&str> =
            items(rollout.value, &pointer).map(|(_, route)| text(route, "/name")).collect();
        for (at, step) in rollout.steps() {
            for key in ROUTES.into_iter().filter(|key| step.get(key).is_some()) {
                let route = text(step, &format!("/{key}/name"));
                if !known.contains(&route) {
                    let message = format!("route {route} is not among trafficRouting.managedRoutes");
                    wrong.push(rollout.found(format!("{at}/{key}"), message));
                }
            }
        }
    }
    wrong
}

fn without_router(objects: &Objects) -> Vec<Found> {
    let wrong = objects.rollouts().filter_map(|rollout| {
        let both = ["stableService", "canaryService"]
            .into_iter()
            .all(|field| !text(rollout.value, &format!("{CANARY}/{field}")).is_empty());
        let message = "stableService and canaryService without trafficRouting: behind an Ingress that leads to the \
                       stable one the canary gets no traffic, whatever its weight";
        let help = "add trafficRouting, or leave both Services out and send traffic to a Service of all versions";
        let silent = both && rollout.routers().next().is_none();
        silent.then(|| rollout.found(CANARY, message).help(help))
    });
    wrong.collect()
}

fn skips(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for rollout in objects.rollouts() {
        let stable = text(rollout.value, &format!("{CANARY}/stableService"));
        let nginx = format!("{CANARY}/trafficRouting/nginx");
        let one = (format!("{nginx}/stableIngress"), text(rollout.value, &format!("{nginx}/stableIngress")));
        let pointer = format!("{nginx}/stableIngresses");
        let several = items(rollout.value, &pointer)
            .map(|(index, name)| (format!("{pointer}/{index}"), name.as_str().unwrap_or_default()));
        let there: Vec<&str> =
            objects.neighbours(rollout.value, "Ingress").map(|(_, found)| name(found)).collect();
        let wanted =
            std::iter::once(one).chain(several).filter(|(_, name)| !name.is_empty() && !there.is_empty());
        for (at, ingress) in wanted {
            let Some((_, found)) = objects.beside(rollout.value, "Ingress", ingress) else {
                let message = format!("Ingress {ingress} is not there");
                wrong.push(rollout.found(at, message).help(format!("there are {}", there.join(", "))));
                continue;
            };
            let mut paths = items(found, "/spec/rules").flat_map(|(_, rule)| items(rule, "/http/paths"));
            if !paths.any(|(_, path)| text(path, "/backend/service/name") == stable) {
                let message = format!("Ingress {ingress} does not lead to the stable Service {stable}");
                wrong.push(rollout.found(at, message).help("there is nothing to split"));
            }
        }
    }
    wrong
}
