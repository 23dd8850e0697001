//! The two strategies of a Rollout, and what their steps and analyses are made of.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Fields, IntOrString};

/// How a Rollout replaces one version by the next: exactly one of the two.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Strategy {
    /// Two full stacks and a switch of a Service between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blue_green: Option<BlueGreenStrategy>,
    /// A growing share of traffic or pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<CanaryStrategy>,
    /// All other fields.
    #[serde(flatten)]
    pub other: Fields,
}

impl Strategy {
    /// `BlueGreen` or `Canary`, as Argo prints it; empty when neither is set.
    pub fn name(&self) -> &'static str {
        match (&self.canary, &self.blue_green) {
            (Some(_), _) => "Canary",
            (None, Some(_)) => "BlueGreen",
            (None, None) => "",
        }
    }
}

/// The blue-green strategy.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BlueGreenStrategy {
    /// The Service that users reach.
    pub active_service: String,
    /// The Service that points at the next version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview_service: Option<String>,
    /// Pods of a version while it is only previewed; all of them when not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview_replica_count: Option<i32>,
    /// Whether a ready preview is promoted without being asked. Default true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_promotion_enabled: Option<bool>,
    /// Seconds between a ready preview and its automatic promotion. Default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_promotion_seconds: Option<i32>,
    /// Pods that may be missing during a restart. Default 25 %.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_unavailable: Option<IntOrString>,
    /// Seconds for which the old version keeps running after a promotion. Default 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale_down_delay_seconds: Option<i32>,
    /// Old versions that may run at the same time. Default: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale_down_delay_revision_limit: Option<i32>,
    /// Seconds for which an aborted version keeps running; 0 is for ever. Default 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abort_scale_down_delay_seconds: Option<i32>,
    /// Analysis that must succeed before the switch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pre_promotion_analysis: Option<RolloutAnalysis>,
    /// Analysis that must succeed before the new version is called stable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_promotion_analysis: Option<RolloutAnalysis>,
    /// All other fields.
    #[serde(flatten)]
    pub other: Fields,
}

impl BlueGreenStrategy {
    /// Whether a ready preview is promoted without being asked (default true).
    pub fn promotes_by_itself(&self) -> bool {
        self.auto_promotion_enabled.unwrap_or(true)
    }
}

/// The canary strategy.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CanaryStrategy {
    /// The Service that points at the next version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary_service: Option<String>,
    /// The Service that points at the stable version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stable_service: Option<String>,
    /// The steps, taken in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<Vec<CanaryStep>>,
    /// What splits traffic; without it weights are shares of pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic_routing: Option<TrafficRouting>,
    /// Pods above `replicas` at a time. Default 25 %.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_surge: Option<IntOrString>,
    /// Pods that may be missing at a time. Default 25 %.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_unavailable: Option<IntOrString>,
    /// Analysis that runs beside the steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analysis: Option<BackgroundAnalysis>,
    /// All other fields.
    #[serde(flatten)]
    pub other: Fields,
}

/// One step of a canary: exactly one key.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CanaryStep {
    /// Share of traffic, 0 to `maxTrafficWeight`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_weight: Option<i32>,
    /// A pause; without a duration until someone promotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<PauseStep>,
    /// Pods of the canary apart from its weight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_canary_scale: Option<SetCanaryScale>,
    /// Analysis that must succeed before the next step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analysis: Option<RolloutAnalysis>,
    /// Experiments, header and mirror routes, plugins: kept, not typed.
    #[serde(flatten)]
    pub other: Fields,
}

/// A pause step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PauseStep {
    /// Seconds, or a duration such as `2m`; for ever when not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<IntOrString>,
    /// All other fields.
    #[serde(flatten)]
    pub other: Fields,
}

/// A step that sets the size of the canary.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SetCanaryScale {
    /// Per cent of `replicas`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<i32>,
    /// Pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// As many as the traffic weight asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub match_traffic_weight: Option<bool>,
    /// All other fields.
    #[serde(flatten)]
    pub other: Fields,
}

/// What splits the traffic of a canary. The routers are kept, not typed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TrafficRouting {
    /// What a weight of all traffic is. Default 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_traffic_weight: Option<i32>,
    /// All other fields, the router among them.
    #[serde(flatten)]
    pub other: Fields,
}

/// An analysis of a Rollout: which templates, with which arguments.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RolloutAnalysis {
    /// The templates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub templates: Option<Vec<AnalysisTemplateRef>>,
    /// Arguments for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub args: Option<Vec<Value>>,
    /// All other fields.
    #[serde(flatten)]
    pub other: Fields,
}

/// The background analysis of a canary.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackgroundAnalysis {
    /// The templates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub templates: Option<Vec<AnalysisTemplateRef>>,
    /// Index of the step at which it begins, from 0. Default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starting_step: Option<i32>,
    /// All other fields.
    #[serde(flatten)]
    pub other: Fields,
}

/// A reference to an AnalysisTemplate.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnalysisTemplateRef {
    /// Its name.
    pub template_name: String,
    /// Whether it is a ClusterAnalysisTemplate. Default false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_scope: Option<bool>,
    /// All other fields.
    #[serde(flatten)]
    pub other: Fields,
}
