//! What a canary strategy asks for, read once a pass, with upstream's defaults.

use std::collections::BTreeMap;
use std::time::Duration;

use rollouts_client::types::{IntOrString, RolloutAnalysis};
use serde::Deserialize;

use super::super::pause::seconds;

/// Seconds for which an old or an aborted version runs on, with traffic routing.
const DELAY: i32 = 30;
/// What a share is when the spec is silent. It has no percent sign upstream either, and means per cent.
const SHARE: &str = "25";

/// `spec.strategy.canary`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Canary {
    pub(crate) stable_service: String,
    pub(crate) canary_service: String,
    pub(crate) steps: Vec<Step>,
    pub(crate) traffic_routing: Option<Routing>,
    max_surge: Option<IntOrString>,
    max_unavailable: Option<IntOrString>,
    pub(crate) analysis: Option<Background>,
    scale_down_delay_seconds: Option<i32>,
    pub(crate) scale_down_delay_revision_limit: Option<i32>,
    abort_scale_down_delay_seconds: Option<i32>,
    pub(crate) dynamic_stable_scale: bool,
    pub(crate) min_pods_per_replica_set: Option<i32>,
    pub(crate) replica_progress_threshold: Option<Threshold>,
}

/// One step: exactly one of these.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Step {
    pub(crate) set_weight: Option<i32>,
    pub(crate) pause: Option<Pause>,
    pub(crate) set_canary_scale: Option<Scale>,
    pub(crate) analysis: Option<RolloutAnalysis>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Pause {
    pub(crate) duration: Option<IntOrString>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Scale {
    pub(crate) weight: Option<i32>,
    pub(crate) replicas: Option<i32>,
    pub(crate) match_traffic_weight: bool,
}

/// How many pods of the canary count as all.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Threshold {
    /// `Percent` or `Pods`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) value: i32,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Routing {
    pub(crate) max_traffic_weight: Option<i32>,
    pub(crate) nginx: Option<Nginx>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Nginx {
    pub(crate) stable_ingress: String,
    pub(crate) stable_ingresses: Option<Vec<String>>,
    annotation_prefix: String,
    pub(crate) additional_ingress_annotations: BTreeMap<String, String>,
    pub(crate) canary_ingress_annotations: BTreeMap<String, String>,
}

/// The analysis beside the steps.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Background {
    pub(crate) starting_step: Option<i32>,
    #[serde(flatten)]
    pub(crate) analysis: RolloutAnalysis,
}

impl Nginx {
    pub(crate) fn ingresses(&self) -> Vec<&str> {
        match &self.stable_ingresses {
            Some(list) => list.iter().map(String::as_str).collect(),
            None => vec![self.stable_ingress.as_str()],
        }
    }

    pub(crate) fn prefix(&self) -> &str {
        if self.annotation_prefix.is_empty() {
            "nginx.ingress.kubernetes.io"
        } else {
            &self.annotation_prefix
        }
    }
}

impl Pause {
    /// Seconds; 0 without a duration, -1 for one that cannot be read.
    pub(crate) fn seconds(&self) -> i32 {
        match &self.duration {
            None => 0,
            Some(IntOrString::Int(seconds)) => *seconds,
            Some(IntOrString::String(text)) => text.parse().ok().unwrap_or_else(|| {
                let read = crate::controllers::analysis::duration(text);
                read.map_or(-1, |read| i32::try_from(read.as_secs()).unwrap_or(i32::MAX))
            }),
        }
    }
}

impl Step {
    /// The step as upstream's Events call it.
    pub(crate) fn words(&self) -> String {
        if let Some(weight) = self.set_weight {
            return format!("setWeight: {weight}");
        }
        if let Some(pause) = &self.pause {
            return match &pause.duration {
                None => "pause".to_owned(),
                Some(IntOrString::Int(seconds)) => format!("pause: {seconds}"),
                Some(IntOrString::String(text)) => format!("pause: {text}"),
            };
        }
        if self.analysis.is_some() {
            return "analysis".to_owned();
        }
        let scale = self.set_canary_scale.clone().unwrap_or_default();
        match (scale.weight, scale.match_traffic_weight, scale.replicas) {
            (Some(weight), _, _) => format!("setCanaryScale{{weight: {weight}}}"),
            (None, true, _) => "setCanaryScale{matchTrafficWeight: true}".to_owned(),
            (None, false, Some(replicas)) => format!("setCanaryScale{{replicas: {replicas}}}"),
            (None, false, None) => "invalid".to_owned(),
        }
    }
}

impl Canary {
    pub(crate) fn nginx(&self) -> Option<&Nginx> {
        self.traffic_routing.as_ref()?.nginx.as_ref()
    }

    pub(crate) fn routed(&self) -> bool {
        self.traffic_routing.is_some()
    }

    /// What a weight of all traffic is.
    pub(crate) fn max_weight(&self) -> i32 {
        self.traffic_routing.as_ref().and_then(|routing| routing.max_traffic_weight).unwrap_or(100)
    }

    /// Pods above `replicas`, and pods that may be missing. Never both zero.
    pub(crate) fn fence_posts(&self, replicas: i32) -> (i32, i32) {
        let default = IntOrString::String(SHARE.to_owned());
        let surge = share(self.max_surge.as_ref().unwrap_or(&default), replicas, true);
        let unavailable = share(self.max_unavailable.as_ref().unwrap_or(&default), replicas, false);
        (surge, if surge == 0 && unavailable == 0 { 1 } else { unavailable })
    }

    /// The second of [`Canary::fence_posts`], no more than there are.
    pub(crate) fn max_unavailable(&self, replicas: i32) -> i32 {
        if replicas == 0 { 0 } else { self.fence_posts(replicas).1.min(replicas) }
    }

    /// Whether the spec states zero for both, which upstream refuses.
    pub(crate) fn cannot_move(&self) -> bool {
        let zero = |value: &Option<IntOrString>| match value {
            None => false,
            Some(IntOrString::Int(count)) => *count == 0,
            Some(IntOrString::String(text)) => text.trim_end_matches('%').parse() == Ok(0),
        };
        zero(&self.max_surge) && zero(&self.max_unavailable)
    }

    /// For how long the previous version runs on after the update. Zero without routing.
    pub(crate) fn scale_down_delay(&self) -> Duration {
        if self.routed() { seconds(self.scale_down_delay_seconds.unwrap_or(DELAY)) } else { Duration::ZERO }
    }

    pub(crate) fn states_scale_down_delay(&self) -> Option<i32> {
        self.scale_down_delay_seconds
    }

    /// For how long an aborted version runs on; `None` for ever.
    pub(crate) fn abort_delay(&self) -> Option<Duration> {
        if !self.routed() {
            return Some(Duration::ZERO);
        }
        let delay = self.abort_scale_down_delay_seconds.unwrap_or(DELAY);
        (delay != 0).then(|| seconds(delay))
    }

    /// Whether an aborted version runs on for [`Canary::abort_delay`] before it is scaled down.
    pub(crate) fn delays_on_abort(&self) -> bool {
        self.routed()
            && self.abort_delay().is_some()
            && (!self.dynamic_stable_scale || self.abort_scale_down_delay_seconds.is_some())
    }

    pub(crate) fn step_count(&self) -> i32 {
        i32::try_from(self.steps.len()).unwrap_or(i32::MAX)
    }

    /// The index at which the Rollout is, given that of the status; `None` without steps.
    pub(crate) fn index(&self, stands: Option<i32>) -> Option<i32> {
        (!self.steps.is_empty()).then(|| stands.unwrap_or(0))
    }

    /// The step at an index; `None` behind the last one.
    pub(crate) fn step(&self, index: Option<i32>) -> Option<&Step> {
        self.steps.get(usize::try_from(index?).ok()?)
    }

    /// The steps up to and with the one at an index, the last first. Nothing behind the last step.
    pub(crate) fn back_from(&self, index: Option<i32>) -> impl Iterator<Item = &Step> {
        let at = index.and_then(|index| usize::try_from(index).ok()).filter(|at| *at < self.steps.len());
        at.and_then(|at| self.steps.get(..=at)).unwrap_or_default().iter().rev()
    }
}

/// A number of pods, or a share of all of them.
fn share(value: &IntOrString, all: i32, round_up: bool) -> i32 {
    match value {
        IntOrString::Int(count) => *count,
        IntOrString::String(text) => {
            let percent: i64 = text.trim_end_matches('%').parse().unwrap_or(25);
            let scaled = percent * i64::from(all);
            let rounded = if round_up { (scaled + 99).div_euclid(100) } else { scaled.div_euclid(100) };
            i32::try_from(rounded).unwrap_or(i32::MAX)
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    fn canary(spec: &crate::json::Value) -> Canary {
        crate::json::from_value(spec).unwrap()
    }

    #[test]
    fn fence_posts() {
        for (spec, replicas, expected) in [
            (json!({}), 4, (1, 1)),
            (json!({}), 1, (1, 0)),
            (json!({"maxSurge": "25%", "maxUnavailable": 0}), 4, (1, 0)),
            (json!({"maxSurge": "25"}), 10, (3, 2)),
            (json!({"maxSurge": "0%", "maxUnavailable": "0%"}), 10, (0, 1)),
            (json!({"maxSurge": 0, "maxUnavailable": "1%"}), 10, (0, 1)),
        ] {
            assert_eq!(canary(&spec).fence_posts(replicas), expected, "{spec} of {replicas}");
        }
        assert!(canary(&json!({"maxSurge": 0, "maxUnavailable": 0})).cannot_move());
        assert!(!canary(&json!({"maxSurge": 0})).cannot_move());
    }

    #[test]
    fn steps_in_words_and_pauses_in_seconds() {
        for (step, words, seconds) in [
            (json!({"setWeight": 10}), "setWeight: 10", 0),
            (json!({"pause": {}}), "pause", 0),
            (json!({"pause": {"duration": "2m"}}), "pause: 2m", 120),
            (json!({"pause": {"duration": "15"}}), "pause: 15", 15),
            (json!({"pause": {"duration": 7}}), "pause: 7", 7),
            (json!({"pause": {"duration": "soon"}}), "pause: soon", -1),
            (json!({"analysis": {}}), "analysis", 0),
            (json!({"setCanaryScale": {"weight": 5}}), "setCanaryScale{weight: 5}", 0),
            (json!({"setCanaryScale": {"replicas": 5}}), "setCanaryScale{replicas: 5}", 0),
            (
                json!({"setCanaryScale": {"matchTrafficWeight": true}}),
                "setCanaryScale{matchTrafficWeight: true}",
                0,
            ),
        ] {
            let step: Step = crate::json::from_value(&step).unwrap();
            assert_eq!(step.words(), words);
            assert_eq!(step.pause.unwrap_or_default().seconds(), seconds, "{words}");
        }
    }
}
