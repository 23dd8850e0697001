//! The ReplicaSet, as far as it is a revision of a Rollout; its template whole.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::object::resource;
use super::{Condition, Fields, LabelSelector, PodTemplate};
use crate::names;

resource! {
    /// A ReplicaSet. Unlike the type of k8s-openapi it keeps fields that are newer than this crate.
    #[derive(Default)]
    ReplicaSet, group "apps", version "v1", plural "replicasets";
    /// What is asked for.
    spec: ReplicaSetSpec;
    /// What is.
    status: ReplicaSetStatus;
}

/// What is asked of a ReplicaSet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReplicaSetSpec {
    /// Pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Which pods belong to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// The pod template, with the hash label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<PodTemplate>,
    /// All other fields.
    #[serde(flatten)]
    pub other: Fields,
}

/// What is said of a ReplicaSet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplicaSetStatus {
    /// Pods.
    #[serde(default)]
    pub replicas: i32,
    /// Ready pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_replicas: Option<i32>,
    /// Available pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available_replicas: Option<i32>,
    /// The generation that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Conditions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<Condition>>,
    /// All other fields.
    #[serde(flatten)]
    pub other: Fields,
}

impl ReplicaSet {
    /// Its name; empty when it has none.
    pub fn name(&self) -> &str {
        self.metadata.name.as_deref().unwrap_or_default()
    }

    /// The hash of its template, by label.
    pub fn hash(&self) -> Option<&str> {
        self.metadata.labels.as_ref()?.get(names::POD_TEMPLATE_HASH).map(String::as_str)
    }

    /// The revision number, by annotation; 0 when there is none.
    pub fn revision(&self) -> i64 {
        crate::revision::of(&self.metadata)
    }

    /// When it is to be scaled down; `None` when it stays.
    pub fn scale_down_deadline(&self) -> Option<Timestamp> {
        self.metadata.annotations.as_ref()?.get(names::SCALE_DOWN_DEADLINE)?.parse().ok()
    }

    /// Pods asked for (default 1).
    pub fn desired(&self) -> i32 {
        self.spec.replicas.unwrap_or(1)
    }

    /// Ready pods.
    pub fn ready(&self) -> i32 {
        self.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or_default()
    }

    /// Available pods.
    pub fn available(&self) -> i32 {
        self.status.as_ref().and_then(|status| status.available_replicas).unwrap_or_default()
    }

    /// Whether an object with this uid owns it.
    pub fn owned_by(&self, uid: Option<&str>) -> bool {
        crate::revision::owned_by(&self.metadata, uid)
    }
}
