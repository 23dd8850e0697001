//! The Services between the versions: there, two, one's own, and selecting the pods.

use std::collections::BTreeMap;

use super::objects::{BLUE_GREEN, CANARY, name, namespace, text};
use super::{Found, Objects, Rule};
use crate::names::POD_TEMPLATE_HASH;

pub(super) const RULES: &[Rule] = &[
    Rule::error("same-service", "one Service for both versions", same),
    Rule::error("missing-service", "a Service that is not among those beside it", missing),
    Rule::error("shared-service", "a Service that two Rollouts name", shared),
    Rule::error(
        "service-selects-others",
        "a Service that selects by a label which the pods do not have",
        selects,
    ),
    Rule::error(
        "unknown-target-port",
        "a Service that aims at a named port which no container has",
        target_port,
    ),
];

fn same(objects: &Objects) -> Vec<Found> {
    let pairs = [(BLUE_GREEN, "activeService", "previewService"), (CANARY, "stableService", "canaryService")];
    let wrong = objects.rollouts().flat_map(|rollout| {
        pairs.into_iter().filter_map(move |(strategy, one, other)| {
            let [first, second] =
                [one, other].map(|field| text(rollout.value, &format!("{strategy}/{field}")));
            let message = format!("{other} is the same Service as {one}: {first}");
            let found = rollout.found(format!("{strategy}/{other}"), message);
            (!first.is_empty() && first == second).then(|| found.help("two versions need two Services"))
        })
    });
    wrong.collect()
}

fn missing(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for rollout in objects.rollouts() {
        let there: Vec<&str> =
            objects.neighbours(rollout.value, "Service").map(|(_, found)| name(found)).collect();
        // Without any Service at hand they are somewhere else, and nothing is known.
        for (at, service) in rollout.services().into_iter().filter(|_| !there.is_empty()) {
            if !there.contains(&service) {
                let message = format!("Service {service} is not there");
                wrong.push(rollout.found(at, message).help(format!("there are {}", there.join(", "))));
            }
        }
    }
    wrong
}

fn shared(objects: &Objects) -> Vec<Found> {
    let mut owners: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    let mut wrong = Vec::new();
    for rollout in objects.rollouts() {
        for (at, service) in rollout.services() {
            let key = (namespace(rollout.value), service);
            match owners.get(&key) {
                Some(owner) if *owner != name(rollout.value) => {
                    let message = format!("Service {service} is already Rollout {owner}'s");
                    wrong.push(rollout.found(at, message).help("each Rollout needs Services of its own"));
                }
                _ => {
                    owners.insert(key, name(rollout.value));
                }
            }
        }
    }
    wrong
}

fn selects(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for rollout in objects.rollouts() {
        let Some(labels) = rollout.value.pointer("/spec/template/metadata/labels") else { continue };
        for (_, wanted) in rollout.services() {
            let Some((index, service)) = objects.beside(rollout.value, "Service", wanted) else { continue };
            let selector = service.pointer("/spec/selector").and_then(|found| found.as_object());
            for (key, value) in selector.into_iter().flatten() {
                if key != POD_TEMPLATE_HASH && labels.get(key) != Some(value) {
                    let at = format!("/spec/selector/{}", key.replace('~', "~0").replace('/', "~1"));
                    let value = value.as_str().unwrap_or_default();
                    let message =
                        format!("the pods of Rollout {} do not carry {key}={value}", name(rollout.value));
                    wrong.push(Found::new(index, at, message).help("the controller refuses such a Service"));
                }
            }
        }
    }
    wrong
}

fn target_port(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for rollout in objects.rollouts() {
        let containers = objects.containers(rollout);
        if containers.is_empty() {
            continue;
        }
        let ports = containers.iter().flat_map(|(_, container)| super::objects::items(container, "/ports"));
        let known: Vec<&str> =
            ports.map(|(_, port)| text(port, "/name")).filter(|name| !name.is_empty()).collect();
        for (_, wanted) in rollout.services() {
            let Some((index, service)) = objects.beside(rollout.value, "Service", wanted) else { continue };
            for (number, port) in super::objects::items(service, "/spec/ports") {
                let target = text(port, "/targetPort");
                if !target.is_empty() && target.parse::<u16>().is_err() && !known.contains(&target) {
                    let at = format!("/spec/ports/{number}/targetPort");
                    let message = format!("no container has a port named {target}");
                    wrong
                        .push(Found::new(index, at, message).help(format!("they have {}", known.join(", "))));
                }
            }
        }
    }
    wrong
}
