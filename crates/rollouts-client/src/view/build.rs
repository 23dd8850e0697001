//! From objects to the view.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Pod, Service};

use super::{
    AnalysisRunView, CanaryView, Objects, ReplicaSetView, Replicas, RevisionView, Role, RolloutView,
    ServiceView, Tag, images, pod, service_names, steps,
};
use crate::types::{AnalysisRun, CanaryStrategy, ReplicaSet, Rollout};
use crate::{names, phase, revision};

pub(super) fn view(rollout: &Rollout, objects: &Objects, at: Timestamp) -> RolloutView {
    let (phase, message) = phase::of(rollout);
    let revisions = revisions(rollout, objects);
    let sets: Vec<&ReplicaSetView> = revisions.iter().flat_map(|revision| &revision.replica_sets).collect();
    let strategy = &rollout.spec.strategy;
    RolloutView {
        name: rollout.name().to_owned(),
        namespace: rollout.metadata.namespace.clone().unwrap_or_default(),
        phase,
        message,
        strategy: strategy.name(),
        canary: strategy.canary.as_ref().map(|canary| canary_view(rollout, canary, &sets)),
        images: images::running(sets.iter().copied()),
        replicas: replicas(rollout),
        created: rollout.metadata.creation_timestamp.as_ref().map(|time| time.0),
        services: services(rollout, &objects.services, &objects.replica_sets),
        steps: steps::words(rollout),
        selector: selector(rollout),
        revisions,
        at,
    }
}

/// A Rollout's selector in kubectl's syntax.
fn selector(rollout: &Rollout) -> String {
    let Some(selector) = &rollout.spec.selector else { return String::new() };
    let pairs = selector.match_labels.iter().flatten().map(|(key, value)| format!("{key}={value}"));
    let sets = selector.match_expressions.iter().flatten().map(|wanted| {
        let key = &wanted.key;
        let values = wanted.values.as_deref().unwrap_or(&[]).join(",");
        match wanted.operator.as_str() {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "DoesNotExist" => format!("!{key}"),
            _ => key.clone(),
        }
    });
    pairs.chain(sets).collect::<Vec<_>>().join(",")
}

fn replicas(rollout: &Rollout) -> Replicas {
    let status = rollout.status.clone().unwrap_or_default();
    Replicas {
        desired: rollout.replicas(),
        current: status.replicas.unwrap_or_default(),
        updated: status.updated_replicas.unwrap_or_default(),
        ready: status.ready_replicas.unwrap_or_default(),
        available: status.available_replicas.unwrap_or_default(),
    }
}

fn revisions(rollout: &Rollout, objects: &Objects) -> Vec<RevisionView> {
    let uid = rollout.metadata.uid.as_deref();
    let mut revisions: BTreeMap<i64, RevisionView> = BTreeMap::new();
    let empty = |number| RevisionView { number, ..RevisionView::default() };
    for replica_set in objects.replica_sets.iter().filter(|replica_set| replica_set.owned_by(uid)) {
        let number = replica_set.revision();
        let view = replica_set_view(rollout, replica_set, &objects.pods);
        revisions.entry(number).or_insert_with(|| empty(number)).replica_sets.push(view);
    }
    for run in objects.analysis_runs.iter().filter(|run| revision::owned_by(&run.metadata, uid)) {
        let number = revision::of(&run.metadata);
        revisions.entry(number).or_insert_with(|| empty(number)).analysis_runs.push(analysis_run_view(run));
    }
    let mut revisions: Vec<_> = revisions.into_values().rev().collect();
    for revision in &mut revisions {
        revision.replica_sets.sort_by(|a, b| a.name.cmp(&b.name));
        revision.analysis_runs.sort_by(|a, b| (a.created, &b.name).cmp(&(b.created, &a.name)));
    }
    revisions
}

fn replica_set_view(rollout: &Rollout, replica_set: &ReplicaSet, pods: &[Pod]) -> ReplicaSetView {
    let uid = replica_set.metadata.uid.as_deref();
    let own = pods.iter().filter(|pod| revision::owned_by(&pod.metadata, uid));
    let mut pods: Vec<_> = own.map(pod::view).collect();
    pods.sort_by(|a, b| (a.created, &a.name).cmp(&(b.created, &b.name)));
    let template = replica_set.spec.template.as_ref();
    ReplicaSetView {
        name: replica_set.name().to_owned(),
        hash: replica_set.hash().unwrap_or_default().to_owned(),
        status: health(replica_set),
        images: template.map(|template| template.images().map(str::to_owned).collect()).unwrap_or_default(),
        tags: replica_set.hash().map(|hash| tags(rollout, hash)).unwrap_or_default(),
        desired: replica_set.desired(),
        replicas: replica_set.status.as_ref().map_or(0, |status| status.replicas),
        available: replica_set.available(),
        scale_down_deadline: replica_set.scale_down_deadline(),
        created: replica_set.metadata.creation_timestamp.as_ref().map(|time| time.0),
        pods,
    }
}

fn health(replica_set: &ReplicaSet) -> &'static str {
    let status = replica_set.status.clone().unwrap_or_default();
    let observed = status.observed_generation.unwrap_or_default();
    let failure =
        status.conditions.iter().flatten().any(|condition| {
            condition.type_ == "ReplicaFailure" && condition.status.as_deref() == Some("True")
        });
    if replica_set.metadata.generation.unwrap_or_default() > observed {
        "Progressing"
    } else if failure {
        "ReplicaFailure"
    } else if replica_set.available() < replica_set.desired() {
        "Progressing"
    } else if replica_set.desired() == 0 {
        "ScaledDown"
    } else {
        "Healthy"
    }
}

/// In the order in which Argo prints them.
pub(crate) fn tags(rollout: &Rollout, hash: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let stable = rollout.stable_hash() == Some(hash);
    if stable {
        tags.push(Tag::Stable);
    }
    let status = rollout.status.clone().unwrap_or_default();
    if rollout.spec.strategy.canary.is_some() && !stable && rollout.current_hash() == Some(hash) {
        tags.push(Tag::Canary);
    }
    if rollout.spec.strategy.blue_green.is_some() {
        let blue_green = status.blue_green.unwrap_or_default();
        if blue_green.active_selector.as_deref() == Some(hash) {
            tags.push(Tag::Active);
        } else if blue_green.preview_selector.as_deref() == Some(hash) {
            tags.push(Tag::Preview);
        }
    }
    tags
}

fn analysis_run_view(run: &AnalysisRun) -> AnalysisRunView {
    let status = run.status.as_ref();
    let results = status.and_then(|status| status.metric_results.as_deref()).unwrap_or(&[]);
    let sum = |count: fn(&crate::types::MetricResult) -> Option<i32>| results.iter().filter_map(count).sum();
    AnalysisRunView {
        name: run.metadata.name.clone().unwrap_or_default(),
        status: status.map(|status| status.phase.to_string()).unwrap_or_default(),
        successful: sum(|result| result.successful),
        failed: sum(|result| result.failed),
        inconclusive: sum(|result| result.inconclusive),
        error: sum(|result| result.error),
        created: run.metadata.creation_timestamp.as_ref().map(|time| time.0),
    }
}

fn services(rollout: &Rollout, services: &[Service], replica_sets: &[ReplicaSet]) -> Vec<ServiceView> {
    let weights = rollout.weights();
    let weight = |role| match role {
        Role::Canary => weights.map(|weights| weights.canary.weight),
        Role::Stable => weights.map(|weights| weights.stable.weight),
        Role::Active | Role::Preview => None,
    };
    let view = |(role, name): (Role, String)| {
        let service = services.iter().find(|service| service.metadata.name.as_ref() == Some(&name))?;
        let selects = selected_hash(service);
        let revision = selects.as_deref().and_then(|hash| revision::by_hash(replica_sets, hash));
        let revision = revision.map(ReplicaSet::revision);
        Some(ServiceView { role, name, revision, selects, weight: weight(role) })
    };
    service_names(rollout).into_iter().filter_map(view).collect()
}

/// The template hash that a Service selects; `None` when it selects pods of every version.
pub(crate) fn selected_hash(service: &Service) -> Option<String> {
    service.spec.as_ref()?.selector.as_ref()?.get(names::POD_TEMPLATE_HASH).cloned()
}

fn canary_view(rollout: &Rollout, canary: &CanaryStrategy, sets: &[&ReplicaSetView]) -> CanaryView {
    let status = rollout.status.clone().unwrap_or_default();
    let steps = canary.steps.as_deref().unwrap_or(&[]);
    let routing = canary.traffic_routing.as_ref();
    let most = routing.and_then(|routing| routing.max_traffic_weight).unwrap_or(100);
    let index = status.current_step_index.unwrap_or_default();
    let running = usize::try_from(index).ok().filter(|&index| index < steps.len());
    let set_weight = match running {
        _ if rollout.aborted() => 0,
        None => most,
        Some(index) => steps[..=index].iter().rev().find_map(|step| step.set_weight).unwrap_or(0),
    };
    let available = status.available_replicas.unwrap_or_default();
    let router = rollout.weights().map(|weights| weights.canary.weight);
    let of_pods = || {
        let canary = sets.iter().find(|set| set.tags.contains(&Tag::Canary));
        canary.map_or(0, |set| set.available * most / available)
    };
    let actual_weight = match (running, routing) {
        (None, _) => most,
        _ if available <= 0 => 0,
        (Some(_), None) => of_pods(),
        (Some(_), Some(_)) => router.unwrap_or(set_weight),
    };
    let step = status.current_step_index.filter(|_| !steps.is_empty()).map(|index| (index, steps.len()));
    CanaryView { step, set_weight, actual_weight }
}
