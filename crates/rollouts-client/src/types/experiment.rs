//! Experiments: versions that run beside each other for a while, judged by analyses. The simulator refuses them; a
//! cluster of one's own may have some, as a step of a canary or for themselves.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::analysis::AnalysisPhase;
use super::object::resource;
use super::{Fields, LabelSelector, PodTemplate, Time};

resource! {
    /// An experiment that is running or has run.
    Experiment, group "argoproj.io", version "v1alpha1", plural "experiments";
    /// What runs, and what judges it.
    spec: ExperimentSpec;
    /// What became of it.
    status: ExperimentStatus;
}

/// What an Experiment runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExperimentSpec {
    /// The versions.
    #[serde(default)]
    pub templates: Vec<ExperimentTemplate>,
    /// How long they run once all are available, as Go writes it; until the analyses end when not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
    /// Seconds without progress after which it counts as failed. Default 600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress_deadline_seconds: Option<i32>,
    /// Whether it is asked to end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminate: Option<bool>,
    /// What judges it: names of templates with arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analyses: Option<Vec<Value>>,
    /// All other fields.
    #[serde(flatten)]
    pub other: Fields,
}

/// One version of an Experiment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExperimentTemplate {
    /// Its name, by which its status is found.
    pub name: String,
    /// How many pods. Default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Which pods are its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// The pods.
    #[serde(default)]
    pub template: PodTemplate,
    /// All other fields.
    #[serde(flatten)]
    pub other: Fields,
}

/// What became of an Experiment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExperimentStatus {
    /// The verdict so far, in the words of analyses; absent before the controller has looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<AnalysisPhase>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Since when all versions were available.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available_at: Option<Time>,
    /// The state of each version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_statuses: Option<Vec<Value>>,
    /// Its analysis runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analysis_runs: Option<Vec<Value>>,
    /// All other fields.
    #[serde(flatten)]
    pub other: Fields,
}
