//! What an object of each kind looks like: pruning, defaults, validation, and how its lists and maps merge.
//!
//! The schemas are generated from the published ones (see `schemas/README.md`) and read once a process.

mod admit;
mod autoscaler;
mod defaults;
pub mod generate;
mod names;
mod pod_security;
mod properties;
pub mod published;
mod walk;

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use crate::json::Value;
use serde::Deserialize;

use crate::resource::Resource;

use self::properties::Properties;
pub(crate) use admit::admit;
pub(crate) use names::subdomain_fault;
pub(crate) use pod_security::check as pod_security;
pub(crate) use walk::{item_key, same_item, unknown_fields};

/// A structural schema. Absent parts are as in OpenAPI.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Schema {
    #[serde(rename = "$ref")]
    reference: Option<String>,
    /// What the reference leads to, once it was followed.
    #[serde(skip)]
    target: OnceLock<&'static Schema>,
    #[serde(rename = "type")]
    pub(crate) kind: Option<Type>,
    pub(crate) properties: Properties,
    pub(crate) items: Option<Box<Schema>>,
    pub(crate) additional_properties: Option<Box<Schema>>,
    required: Vec<String>,
    #[serde(rename = "enum")]
    allowed: Vec<Value>,
    format: Option<String>,
    pub(crate) default: Option<Value>,
    nullable: bool,
    minimum: Option<f64>,
    maximum: Option<f64>,
    max_length: Option<usize>,
    #[serde(rename = "x-kubernetes-preserve-unknown-fields")]
    pub(crate) open: bool,
    #[serde(rename = "x-kubernetes-int-or-string")]
    int_or_string: bool,
    #[serde(rename = "x-kubernetes-list-type")]
    list_type: Option<ListType>,
    #[serde(rename = "x-kubernetes-list-map-keys")]
    pub(crate) list_keys: Vec<String>,
    #[serde(rename = "x-kubernetes-map-type")]
    map_type: Option<String>,
    #[serde(rename = "x-kubernetes-patch-merge-key")]
    pub(crate) merge_key: Option<String>,
    #[serde(rename = "x-kubernetes-patch-strategy")]
    strategy: Option<String>,
    #[serde(rename = "x-kubernetes-validations")]
    rules: Vec<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Type {
    Object,
    Array,
    String,
    Integer,
    Number,
    Boolean,
}

/// How two lists merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ListType {
    /// One replaces the other.
    Atomic,
    /// Equal scalars are the same item.
    Set,
    /// Items with equal keys are the same item.
    Map,
}

#[derive(Deserialize)]
struct Document {
    kinds: HashMap<String, Schema>,
    definitions: HashMap<String, Schema>,
}

struct Schemas {
    kinds: HashMap<Resource, Schema>,
    definitions: HashMap<String, Schema>,
}

/// The published texts, as they are also served under `/openapi/v3`.
pub(crate) const DOCUMENTS: [&str; 3] = [
    include_str!("../../schemas/argo-rollouts-1.10.2.json"),
    include_str!("../../schemas/argocd-3.6.1.json"),
    include_str!("../../schemas/kubernetes-1.34.4.json"),
];

static OPEN: LazyLock<Schema> = LazyLock::new(|| Schema { open: true, ..Schema::default() });

#[expect(clippy::expect_used, reason = "the texts are compiled in, and a test reads them")]
static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| {
    let mut kinds = HashMap::new();
    let mut definitions = HashMap::new();
    for text in DOCUMENTS {
        let document: Document = serde_json::from_str(text).expect("a generated schema document");
        definitions.extend(document.definitions);
        let named = document.kinds.into_iter().filter_map(|(id, schema)| {
            let (api_version, kind) = id.rsplit_once('/')?;
            Some((Resource::of_kind(api_version, kind)?, schema))
        });
        kinds.extend(named);
    }
    Schemas { kinds, definitions }
});

/// The schema of a whole object of this kind.
pub(crate) fn of(resource: Resource) -> &'static Schema {
    static BY_KIND: LazyLock<Vec<&Schema>> = LazyLock::new(|| {
        let known = |resource| SCHEMAS.kinds.get(&resource).map_or(&*OPEN, Schema::resolved);
        Resource::ALL.into_iter().map(known).collect()
    });
    // In the order of the kinds; a test asks for each.
    BY_KIND.get(resource as usize).copied().unwrap_or(&OPEN)
}

/// The schema of what no schema describes: anything, merged as open objects are.
pub(crate) fn open() -> &'static Schema {
    &OPEN
}

/// The schema of every object's metadata.
pub(crate) fn metadata() -> &'static Schema {
    static METADATA: LazyLock<&Schema> =
        LazyLock::new(|| definition("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"));
    &METADATA
}

fn definition(name: &str) -> &'static Schema {
    SCHEMAS.definitions.get(name).unwrap_or(&OPEN)
}

impl Schema {
    fn resolved(&'static self) -> &'static Schema {
        match &self.reference {
            Some(name) => self.target.get_or_init(|| definition(name)),
            None => self,
        }
    }

    /// The schema of a field or map key of an object; `None` when the field is not declared.
    pub(crate) fn field(&'static self, name: &str) -> Option<&'static Schema> {
        let declared = self.properties.get(name).or(self.additional_properties.as_deref());
        declared.map(Schema::resolved).or(self.open.then_some(&*OPEN))
    }

    /// The schema of the items of an array.
    pub(crate) fn item(&'static self) -> &'static Schema {
        self.items.as_deref().map_or(&OPEN, Schema::resolved)
    }

    /// Whether an object of this schema is a whole that one manager owns.
    pub(crate) fn atomic_map(&self) -> bool {
        self.map_type.as_deref() == Some("atomic")
    }

    /// How lists of this schema merge under server-side apply.
    pub(crate) fn list_type(&self) -> ListType {
        self.list_type.unwrap_or(ListType::Atomic)
    }

    /// Whether lists of this schema merge under a strategic merge patch.
    pub(crate) fn merges(&self) -> bool {
        self.strategy.as_deref().is_some_and(|s| s.split(',').any(|s| s == "merge"))
    }

    /// Whether a key of this object is a field by name rather than a map's key.
    pub(crate) fn declares(&self, name: &str) -> bool {
        self.properties.contains_key(name)
    }
}

/// The schema of a top-level field: `metadata` is the same for all kinds.
pub(crate) fn top(root: &'static Schema, name: &str) -> Option<&'static Schema> {
    if name == "metadata" { Some(metadata()) } else { root.field(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_but_the_crd_list_has_a_schema() {
        for resource in Resource::ALL {
            let known = SCHEMAS.kinds.contains_key(&resource);
            assert_eq!(known, resource != Resource::CustomResourceDefinition, "{resource:?}");
            let own = SCHEMAS.kinds.get(&resource).map_or(&*OPEN, Schema::resolved);
            assert!(std::ptr::eq(of(resource), own), "{resource:?}");
        }
    }

    #[test]
    fn rollout_containers_merge_by_name() {
        let mut schema = of(Resource::Rollout);
        for field in ["spec", "template", "spec", "containers"] {
            schema = schema.field(field).unwrap();
        }
        assert_eq!(schema.list_type(), ListType::Map);
        assert_eq!(schema.list_keys, ["name"]);
        assert_eq!(schema.item().field("image").unwrap().kind, Some(Type::String));
    }
}
