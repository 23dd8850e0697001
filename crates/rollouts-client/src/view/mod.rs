//! One picture of a Rollout and all that belongs to it, built by a pure function from objects.
//!
//! A command line prints it as a tree, with Argo's words, icons and tags; a test or a transcript reads its
//! fields. Source: argo-rollouts 1.10.2, `pkg/kubectl-argo-rollouts/{info,cmd/get}`. Experiments and the
//! Jobs of an AnalysisRun are not shown.

mod age;
mod build;
pub(crate) mod columns;
mod images;
mod list;
mod pod;
mod steps;
mod tree;
mod wide;

use std::fmt;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Pod, Service};
use serde::Serialize;

use crate::phase::Phase;
use crate::types::{AnalysisRun, ReplicaSet, Rollout};

pub use age::human;
pub(crate) use build::{selected_hash, tags};
pub use images::ImageView;
pub use list::{Columns, RolloutRow, table};
pub use wide::Wide;

/// What a view is built from. Objects of others are sorted out by owner.
#[derive(Debug, Clone, Default)]
pub struct Objects {
    /// ReplicaSets.
    pub replica_sets: Vec<ReplicaSet>,
    /// Pods.
    pub pods: Vec<Pod>,
    /// Services, those that the strategy names.
    pub services: Vec<Service>,
    /// AnalysisRuns.
    pub analysis_runs: Vec<AnalysisRun>,
}

/// A Rollout and all that belongs to it at one time. Its `Display` is Argo's `get rollout`; serialised, its fields
/// are the document of `rollout get -o json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RolloutView {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The phase to show.
    pub phase: Phase,
    /// The message that goes with it; empty for none.
    pub message: String,
    /// `BlueGreen` or `Canary`.
    pub strategy: &'static str,
    /// What only a canary has.
    pub canary: Option<CanaryView>,
    /// Images of the running ReplicaSets with their tags, by name.
    pub images: Vec<ImageView>,
    /// Counts of pods.
    pub replicas: Replicas,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// Its revisions, the newest first.
    pub revisions: Vec<RevisionView>,
    /// The Services that its strategy names, and what they select.
    pub services: Vec<ServiceView>,
    /// The steps of a canary, in words; empty without steps.
    pub steps: Vec<String>,
    /// Which pods are its own, as kubectl's `-l` takes it.
    pub selector: String,
    /// The time at which this view was taken; ages count from it.
    pub at: Timestamp,
}

/// How far a canary is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CanaryView {
    /// The running step, from 0, and how many there are; `None` without steps.
    pub step: Option<(i32, usize)>,
    /// The weight that is asked for.
    pub set_weight: i32,
    /// The weight that is: of the router, or the share of pods without one.
    pub actual_weight: i32,
}

/// Counts of pods.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Replicas {
    /// Asked for.
    pub desired: i32,
    /// Of all versions.
    pub current: i32,
    /// Of the current version.
    pub updated: i32,
    /// Ready.
    pub ready: i32,
    /// Available.
    pub available: i32,
}

/// One revision.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RevisionView {
    /// Its number.
    pub number: i64,
    /// Its ReplicaSets; one as a rule.
    pub replica_sets: Vec<ReplicaSetView>,
    /// Its AnalysisRuns.
    pub analysis_runs: Vec<AnalysisRunView>,
}

/// One ReplicaSet.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplicaSetView {
    /// Its name.
    pub name: String,
    /// The hash of its template.
    pub hash: String,
    /// `Healthy`, `Progressing`, `ScaledDown` or `ReplicaFailure`.
    pub status: &'static str,
    /// Images of its containers.
    pub images: Vec<String>,
    /// What it is for the Rollout.
    pub tags: Vec<Tag>,
    /// Pods asked for.
    pub desired: i32,
    /// Pods.
    pub replicas: i32,
    /// Available pods.
    pub available: i32,
    /// When it is scaled down.
    pub scale_down_deadline: Option<Timestamp>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// Its pods, the oldest first.
    pub pods: Vec<PodView>,
}

/// What a ReplicaSet is for its Rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tag {
    /// The active Service selects it.
    Active,
    /// It is the version that a canary is going to.
    Canary,
    /// The preview Service selects it, and not the active one.
    Preview,
    /// It was the last one to be fully promoted.
    Stable,
}

impl Tag {
    /// Argo's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Tag::Active => "active",
            Tag::Canary => "canary",
            Tag::Preview => "preview",
            Tag::Stable => "stable",
        }
    }
}

/// One pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodView {
    /// Its name.
    pub name: String,
    /// What `kubectl get pods` says: a phase, or the reason for which a container waits or ended.
    pub status: String,
    /// Ready containers.
    pub ready: usize,
    /// Containers.
    pub containers: usize,
    /// Restarts of its containers.
    pub restarts: i32,
    /// When it was created.
    pub created: Option<Timestamp>,
}

/// One AnalysisRun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AnalysisRunView {
    /// Its name.
    pub name: String,
    /// Its phase.
    pub status: String,
    /// Successful measurements.
    pub successful: i32,
    /// Failed ones.
    pub failed: i32,
    /// Undecided ones.
    pub inconclusive: i32,
    /// Ones that could not be taken.
    pub error: i32,
    /// When it was created.
    pub created: Option<Timestamp>,
}

/// One Service of the strategy. Argo's tree does not show them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceView {
    /// What it is for.
    pub role: Role,
    /// Its name.
    pub name: String,
    /// The hash that it selects; `None` when it selects all versions.
    pub selects: Option<String>,
    /// The revision of that hash, as far as it is known.
    pub revision: Option<i64>,
    /// The share of traffic that the router gives it; `None` without a router, and before it has one.
    pub weight: Option<i32>,
}

/// What a Service is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Blue-green: what users reach.
    Active,
    /// Blue-green: the next version.
    Preview,
    /// Canary: the stable version.
    Stable,
    /// Canary: the next version.
    Canary,
}

impl Role {
    /// One word.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Active => "active",
            Role::Preview => "preview",
            Role::Stable => "stable",
            Role::Canary => "canary",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The Services that a Rollout's strategy names.
pub fn service_names(rollout: &Rollout) -> Vec<(Role, String)> {
    let strategy = &rollout.spec.strategy;
    let mut names = Vec::new();
    if let Some(blue_green) = &strategy.blue_green {
        names.push((Role::Active, Some(blue_green.active_service.clone())));
        names.push((Role::Preview, blue_green.preview_service.clone()));
    }
    if let Some(canary) = &strategy.canary {
        names.push((Role::Stable, canary.stable_service.clone()));
        names.push((Role::Canary, canary.canary_service.clone()));
    }
    names.into_iter().filter_map(|(role, name)| Some((role, name?))).collect()
}

impl RolloutView {
    /// The view of a Rollout at a time.
    pub fn new(rollout: &Rollout, objects: &Objects, at: Timestamp) -> Self {
        build::view(rollout, objects, at)
    }

    /// The same with steps, weights, Services and selector, as text.
    pub fn wide(&self) -> Wide<'_> {
        Wide(self)
    }

    /// All its ReplicaSets, the newest revision first.
    pub fn replica_sets(&self) -> impl Iterator<Item = &ReplicaSetView> {
        self.revisions.iter().flat_map(|revision| &revision.replica_sets)
    }

    /// The revision of a template hash.
    pub fn revision_of(&self, hash: &str) -> Option<i64> {
        let has = |revision: &&RevisionView| revision.replica_sets.iter().any(|set| set.hash == hash);
        self.revisions.iter().find(has).map(|revision| revision.number)
    }
}

impl fmt::Display for RolloutView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        tree::write(self, f)
    }
}
