//! The pod template: what a revision is made of. Nothing of it may get lost between a ReplicaSet and an undo.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Fields;
use crate::names;

/// A pod template.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PodTemplate {
    /// Labels and annotations of the pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<TemplateMeta>,
    /// What runs in them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<PodSpec>,
    /// All other fields.
    #[serde(flatten)]
    pub other: Fields,
}

/// Metadata of a pod template.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TemplateMeta {
    /// Labels of the pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// Annotations of the pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<BTreeMap<String, String>>,
    /// All other fields.
    #[serde(flatten)]
    pub other: Fields,
}

/// The part of a pod's spec that is looked at here: its containers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodSpec {
    /// Init containers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init_containers: Option<Vec<Container>>,
    /// Containers.
    #[serde(default)]
    pub containers: Vec<Container>,
    /// All other fields.
    #[serde(flatten)]
    pub other: Fields,
}

/// One container of a template.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Container {
    /// Its name, unique within the pod.
    pub name: String,
    /// Its image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// All other fields.
    #[serde(flatten)]
    pub other: Fields,
}

impl PodTemplate {
    /// The template as it stood in the Rollout: without the label that the controller adds to each revision.
    ///
    /// Ephemeral metadata and anti-affinity that the controller injects stay in, as they do in upstream's undo.
    #[must_use]
    pub fn without_hash(&self) -> PodTemplate {
        let mut template = self.clone();
        if let Some(labels) = template.metadata.as_mut().and_then(|meta| meta.labels.as_mut()) {
            labels.remove(names::POD_TEMPLATE_HASH);
        }
        template
    }

    /// The containers; empty when there is no spec.
    pub fn containers(&self) -> &[Container] {
        self.spec.as_ref().map_or(&[], |spec| &spec.containers)
    }

    /// The init containers; empty when there are none.
    pub fn init_containers(&self) -> &[Container] {
        self.spec.as_ref().and_then(|spec| spec.init_containers.as_deref()).unwrap_or(&[])
    }

    /// The images of the containers, in order.
    pub fn images(&self) -> impl Iterator<Item = &str> {
        self.containers().iter().filter_map(|container| container.image.as_deref())
    }

    /// The version that the template declares: the tag of its first container's image.
    ///
    /// `None` without an image, a tag, or for a digest alone: a digest names content, not a version.
    pub fn version(&self) -> Option<&str> {
        crate::image::split(self.images().next()?).1
    }
}
