//! The resources of Argo Rollouts, typed as far as this crate and its users look at them.
//!
//! Reading an object and writing it back keeps every field, known or not: what has no field of its own is
//! held in `other`. Optional fields stay optional, so that "not set" and "set to the default" are told
//! apart; accessors apply the defaults. Pod templates have a type of their own for the same reason: one
//! that knew only today's Kubernetes would make an undo write a template that never existed.
//!
//! Field names, defaults and words: argo-rollouts 1.10.2.

mod analysis;
mod experiment;
mod object;
mod replica_set;
mod rollout;
mod status;
mod strategy;
mod template;

pub use analysis::{
    AnalysisPhase, AnalysisRun, AnalysisRunSpec, AnalysisRunStatus, AnalysisTemplate, AnalysisTemplateSpec,
    ClusterAnalysisTemplate, Measurement, Metric, MetricResult,
};
pub use experiment::{Experiment, ExperimentSpec, ExperimentStatus, ExperimentTemplate};
pub use object::{Fields, IntOrString, LabelSelector, ObjectMeta, Time};
pub use replica_set::{ReplicaSet, ReplicaSetSpec, ReplicaSetStatus};
pub use rollout::{ObjectRef, RollbackWindow, Rollout, RolloutSpec, application_name};
pub use status::{
    BlueGreenStatus, CanaryStatus, Condition, PauseCondition, RolloutAnalysisRunStatus, RolloutPhase,
    RolloutStatus, TrafficWeights, WeightDestination,
};
pub use strategy::{
    AnalysisTemplateRef, BackgroundAnalysis, BlueGreenStrategy, CanaryStep, CanaryStrategy, PauseStep,
    RolloutAnalysis, SetCanaryScale, Strategy, TrafficRouting,
};
pub use template::{Container, PodSpec, PodTemplate, TemplateMeta};
