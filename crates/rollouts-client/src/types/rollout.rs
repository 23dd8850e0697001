//! The Rollout: a Deployment's successor with a strategy.

use serde::{Deserialize, Serialize};

use super::object::resource;
use super::{
    Fields, LabelSelector, ObjectMeta, PauseCondition, PodTemplate, RolloutStatus, Strategy, Time,
    TrafficWeights,
};

resource! {
    /// A Rollout. `kube::Api<Rollout>` works.
    Rollout, group "argoproj.io", version "v1alpha1", plural "rollouts";
    /// What is asked for.
    spec: RolloutSpec;
    /// What is.
    status: RolloutStatus;
}

/// What is asked of a Rollout.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RolloutSpec {
    /// Pods. Default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Which pods belong to it. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// The pod template; absent with a `workloadRef`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<PodTemplate>,
    /// The workload whose template is used instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload_ref: Option<ObjectRef>,
    /// How versions are replaced.
    #[serde(default)]
    pub strategy: Strategy,
    /// Seconds for which a ready pod must stay ready to be available. Default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_ready_seconds: Option<i32>,
    /// Old ReplicaSets that are kept. Default 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision_history_limit: Option<i32>,
    /// Whether a person paused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<bool>,
    /// Seconds without progress after which it is degraded. Default 600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress_deadline_seconds: Option<i32>,
    /// Whether it is also aborted then. Default false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress_deadline_abort: Option<bool>,
    /// Pods created before this time are replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart_at: Option<Time>,
    /// Going back within this window skips pauses and analysis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback_window: Option<RollbackWindow>,
    /// All other fields.
    #[serde(flatten)]
    pub other: Fields,
}

/// A reference to the workload that holds the template.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRef {
    /// Its API group and version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// `Deployment`, `ReplicaSet` or `PodTemplate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// All other fields.
    #[serde(flatten)]
    pub other: Fields,
}

/// The window of `spec.rollbackWindow`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RollbackWindow {
    /// Revisions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revisions: Option<i32>,
    /// All other fields.
    #[serde(flatten)]
    pub other: Fields,
}

impl Rollout {
    /// A Rollout with a name and a spec, and nothing else.
    pub fn new(name: &str, spec: RolloutSpec) -> Self {
        Rollout {
            api_version: Some(Self::API_VERSION.to_owned()),
            kind: Some(Self::KIND.to_owned()),
            metadata: ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() },
            spec,
            status: None,
            other: Fields::default(),
        }
    }

    /// Its name; empty when it has none.
    pub fn name(&self) -> &str {
        self.metadata.name.as_deref().unwrap_or_default()
    }

    /// The Argo CD Application by whose tracking annotation it goes: its mark, of which [`application_name`] is a part.
    pub fn tracked_by(&self) -> Option<&str> {
        let mark = self.metadata.annotations.as_ref()?.get(crate::names::ARGOCD_TRACKING_ID)?;
        mark.split(':').next()
    }

    /// Pods asked for (default 1).
    pub fn replicas(&self) -> i32 {
        self.spec.replicas.unwrap_or(1)
    }

    /// Whether a person paused it.
    pub fn paused(&self) -> bool {
        self.spec.paused.unwrap_or_default()
    }

    /// Whether its update is aborted.
    pub fn aborted(&self) -> bool {
        self.status.as_ref().and_then(|status| status.abort).unwrap_or_default()
    }

    /// The shares of a canary and of the stable version, as the controller says that it has told the router.
    pub fn weights(&self) -> Option<&TrafficWeights> {
        self.status.as_ref()?.canary.as_ref()?.weights.as_ref()
    }

    /// Whether a full promotion is on its way.
    pub fn promoted_in_full(&self) -> bool {
        self.status.as_ref().and_then(|status| status.promote_full).unwrap_or_default()
    }

    /// Hash of the version that is asked for; `None` before the controller has seen it.
    pub fn current_hash(&self) -> Option<&str> {
        self.status.as_ref()?.current_hash()
    }

    /// Hash of the last version that was fully promoted; `None` before the first one was.
    pub fn stable_hash(&self) -> Option<&str> {
        self.status.as_ref()?.stable_hash()
    }

    /// Whether what is asked for is what was last fully promoted: no update is under way.
    pub fn fully_promoted(&self) -> bool {
        self.current_hash() == self.stable_hash()
    }

    /// Why the controller is pausing; empty when it is not.
    pub fn pause_conditions(&self) -> &[PauseCondition] {
        self.status.as_ref().and_then(|status| status.pause_conditions.as_deref()).unwrap_or(&[])
    }

    /// Whether the controller paused and has not gone on yet.
    pub fn controller_paused(&self) -> bool {
        self.status.as_ref().and_then(|status| status.controller_pause).unwrap_or_default()
    }

    /// The revision number, by annotation; 0 when there is none.
    pub fn revision(&self) -> i64 {
        crate::revision::of(&self.metadata)
    }
}

/// The name of the Application of a mark. The mark of one outside of Argo CD's own namespace has both names, as
/// `NAMESPACE_NAME`.
pub fn application_name(mark: &str) -> &str {
    mark.rsplit('_').next().unwrap_or(mark)
}
