//! What in Git works against the controller, or against Argo CD.

use serde_json::Value;

use super::objects::{items, name, text};
use super::{Found, Objects, Rule};
use crate::names::POD_TEMPLATE_HASH;

pub(super) const RULES: &[Rule] = &[
    Rule::error("hash-in-git", "a selector in a file that holds one version's hash", hash),
    Rule::warning("operation-in-git", "a pause or a restart that every sync repeats", operation),
    Rule::warning(
        "server-side-apply-takes-selector",
        "an Application that replaces the Services' selectors",
        apply,
    ),
    Rule::warning("floating-image", "an image that is not one version", image),
];

/// The objects that come from files.
fn files(objects: &Objects) -> impl Iterator<Item = (usize, &Value)> {
    objects
        .0
        .iter()
        .enumerate()
        .filter(|(_, object)| !object.live)
        .map(|(index, object)| (index, &object.value))
}

fn hash(objects: &Objects) -> Vec<Found> {
    let wrong = files(objects).filter(|(_, value)| text(value, "/kind") == "Service").filter_map(
        |(index, service)| {
            let at = format!("/spec/selector/{POD_TEMPLATE_HASH}");
            let hash = service.pointer(&at)?.as_str()?.to_owned();
            let message = format!(
                "{POD_TEMPLATE_HASH} {hash} is the controller's to write: each apply sends users back to it"
            );
            Some(Found::new(index, at, message).help("leave it out"))
        },
    );
    wrong.collect()
}

fn operation(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for rollout in objects.rollouts() {
        if objects.0.get(rollout.index).is_some_and(|object| object.live) {
            continue;
        }
        for field in ["paused", "restartAt"] {
            let at = format!("/spec/{field}");
            if rollout.value.pointer(&at).is_some() {
                let message = format!(
                    "spec.{field} in a file: each sync writes it over what a person has decided since"
                );
                wrong.push(
                    rollout.found(at, message).help("leave it out; pause, resume and restart write it"),
                );
            }
        }
    }
    wrong
}

fn apply(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for (index, application) in objects.of("Application") {
        let mut options = items(application, "/spec/syncPolicy/syncOptions");
        let Some((option, _)) = options.find(|(_, option)| *option == "ServerSideApply=true") else {
            continue;
        };
        let keeps = items(application, "/spec/ignoreDifferences").any(|(_, ignored)| {
            let said = ignored.to_string();
            text(ignored, "/kind") == "Service"
                && (said.contains("selector") || said.contains("rollouts-controller"))
        });
        let respects = items(application, "/spec/syncPolicy/syncOptions")
            .any(|(_, option)| *option == "RespectIgnoreDifferences=true");
        if !(keeps && respects) {
            let message = format!(
                "application {} applies on the server's side, which replaces a Service's selector whole: the \
                 controller's {POD_TEMPLATE_HASH} is taken away at each sync, and both versions are served",
                name(application)
            );
            let at = format!("/spec/syncPolicy/syncOptions/{option}");
            let help = "leave ServerSideApply out, or ignore /spec/selector of these Services and add \
                        RespectIgnoreDifferences=true";
            wrong.push(Found::new(index, at, message).help(help));
        }
    }
    wrong
}

fn image(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for rollout in objects.rollouts() {
        for (at, container) in objects.containers(rollout) {
            let image = text(container, "/image");
            let last = image.rsplit('/').next().unwrap_or_default();
            let tag = last.split_once(':').map(|(_, tag)| tag);
            if !image.is_empty()
                && !image.contains('@')
                && tag.is_none_or(|tag| tag.is_empty() || tag == "latest")
            {
                let message =
                    format!("image {image} is not one version: the same template may run two of them");
                let help =
                    "a tag that is never moved, or a digest: without one there is nothing to roll back to";
                wrong.push(rollout.found(format!("{at}/image"), message).help(help));
            }
        }
    }
    wrong
}
