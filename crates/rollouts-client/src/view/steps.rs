//! The steps of a canary in words, as its events name them.

use crate::types::{CanaryStep, IntOrString, Rollout};

/// A line a step, in order.
pub(super) fn words(rollout: &Rollout) -> Vec<String> {
    let steps = rollout.spec.strategy.canary.as_ref().and_then(|canary| canary.steps.as_deref());
    steps.unwrap_or(&[]).iter().map(in_words).collect()
}

fn in_words(step: &CanaryStep) -> String {
    if let Some(weight) = step.set_weight {
        return format!("setWeight: {weight}");
    }
    if let Some(pause) = &step.pause {
        return match &pause.duration {
            None => "pause: until promoted".to_owned(),
            Some(IntOrString::Int(seconds)) => format!("pause: {seconds}s"),
            Some(IntOrString::String(duration)) => format!("pause: {duration}"),
        };
    }
    if let Some(scale) = &step.set_canary_scale {
        return match (scale.weight, scale.replicas) {
            (Some(weight), _) => format!("setCanaryScale: {weight}% of the pods"),
            (None, Some(replicas)) => format!("setCanaryScale: {replicas} pods"),
            (None, None) => "setCanaryScale: as the traffic weight".to_owned(),
        };
    }
    if let Some(analysis) = &step.analysis {
        let names = analysis.templates.iter().flatten().map(|one| one.template_name.as_str());
        return format!("analysis: {}", names.collect::<Vec<_>>().join(", "));
    }
    // Experiments, header and mirror routes, plugins: their key is their name.
    step.other.keys().next().map_or_else(|| "nothing".to_owned(), Clone::clone)
}
