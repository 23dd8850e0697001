//! AnalysisTemplates and AnalysisRuns. Metric providers are kept, not typed: there are a dozen of them.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::object::resource;
use super::{Fields, IntOrString, Time};

resource! {
    /// An analysis that is running or has run.
    AnalysisRun, group "argoproj.io", version "v1alpha1", plural "analysisruns";
    /// What is measured.
    spec: AnalysisRunSpec;
    /// What was measured.
    status: AnalysisRunStatus;
}

/// What an AnalysisRun measures.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AnalysisRunSpec {
    /// The metrics.
    #[serde(default)]
    pub metrics: Vec<Metric>,
    /// Arguments, resolved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub args: Option<Vec<Value>>,
    /// Whether it is asked to end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminate: Option<bool>,
    /// All other fields.
    #[serde(flatten)]
    pub other: Fields,
}

/// One metric.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// Time between measurements; one measurement only when not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<String>,
    /// How many measurements. One without an interval; without end with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<IntOrString>,
    /// When a measurement is a success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success_condition: Option<String>,
    /// When it is a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_condition: Option<String>,
    /// Failures that are tolerated. Default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_limit: Option<IntOrString>,
    /// Where the value comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Value>,
    /// All other fields.
    #[serde(flatten)]
    pub other: Fields,
}

/// What an AnalysisRun has found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnalysisRunStatus {
    /// The verdict so far.
    pub phase: AnalysisPhase,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// By metric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric_results: Option<Vec<MetricResult>>,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// All other fields.
    #[serde(flatten)]
    pub other: Fields,
}

/// What was found for one metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetricResult {
    /// The metric.
    pub name: String,
    /// The verdict so far.
    pub phase: AnalysisPhase,
    /// The last measurements (10 by default).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measurements: Option<Vec<Measurement>>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Successful measurements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successful: Option<i32>,
    /// Failed ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<i32>,
    /// Undecided ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inconclusive: Option<i32>,
    /// Ones that could not be taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<i32>,
    /// All other fields.
    #[serde(flatten)]
    pub other: Fields,
}

/// One measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Its verdict.
    pub phase: AnalysisPhase,
    /// The value, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// All other fields.
    #[serde(flatten)]
    pub other: Fields,
}

/// The verdict of an analysis, a metric or a measurement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AnalysisPhase {
    /// Not begun.
    Pending,
    /// Begun.
    Running,
    /// Good.
    Successful,
    /// Bad.
    Failed,
    /// Could not be measured.
    Error,
    /// Neither good nor bad.
    Inconclusive,
    /// A word that this version of the crate does not know; empty before the controller has looked.
    #[serde(untagged)]
    Other(String),
}

impl AnalysisPhase {
    /// Argo's word.
    pub fn as_str(&self) -> &str {
        match self {
            AnalysisPhase::Pending => "Pending",
            AnalysisPhase::Running => "Running",
            AnalysisPhase::Successful => "Successful",
            AnalysisPhase::Failed => "Failed",
            AnalysisPhase::Error => "Error",
            AnalysisPhase::Inconclusive => "Inconclusive",
            AnalysisPhase::Other(word) => word,
        }
    }

    /// Whether it is final.
    pub fn completed(&self) -> bool {
        use AnalysisPhase::{Error, Failed, Inconclusive, Successful};
        matches!(self, Successful | Failed | Error | Inconclusive)
    }
}

impl fmt::Display for AnalysisPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

resource! {
    /// A template of analyses.
    AnalysisTemplate, group "argoproj.io", version "v1alpha1", plural "analysistemplates";
    /// What is measured.
    spec: AnalysisTemplateSpec;
}

resource! {
    /// The same for all namespaces; a Rollout names it with `clusterScope: true`.
    ClusterAnalysisTemplate, group "argoproj.io", version "v1alpha1", plural "clusteranalysistemplates", cluster;
    /// What is measured.
    spec: AnalysisTemplateSpec;
}

/// What runs of a template measure.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AnalysisTemplateSpec {
    /// The metrics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Vec<Metric>>,
    /// Arguments with their defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub args: Option<Vec<Value>>,
    /// All other fields.
    #[serde(flatten)]
    pub other: Fields,
}
