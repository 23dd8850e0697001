//! The images that run, and what they are for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use super::{ReplicaSetView, Tag};

/// One image that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageView {
    /// The image.
    pub image: String,
    /// What the ReplicaSets are for that run it.
    pub tags: Vec<Tag>,
}

/// The images of all ReplicaSets that have pods, by name.
pub(super) fn running<'a>(replica_sets: impl Iterator<Item = &'a ReplicaSetView>) -> Vec<ImageView> {
    let mut images: BTreeMap<&str, (BTreeSet<Tag>, Vec<Tag>)> = BTreeMap::new();
    for replica_set in replica_sets.filter(|replica_set| replica_set.replicas > 0) {
        for image in &replica_set.images {
            let (tags, in_order) = images.entry(image).or_default();
            tags.extend(&replica_set.tags);
            // One ReplicaSet: its own order. Several: merged ones are sorted, as Argo has them.
            *in_order = match in_order.is_empty() {
                true => replica_set.tags.clone(),
                false => tags.iter().copied().collect(),
            };
        }
    }
    let view = |(image, (_, tags)): (&str, _)| ImageView { image: image.to_owned(), tags };
    images.into_iter().map(view).collect()
}

impl fmt::Display for ImageView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.image)?;
        if self.tags.is_empty() {
            return Ok(());
        }
        let tags: Vec<_> = self.tags.iter().map(|tag| tag.as_str()).collect();
        write!(f, " ({})", tags.join(", "))
    }
}
