//! What all resources have in common, and how a type becomes one that `kube::Api` takes.

pub use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, Time};
pub use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// The fields of an object that its type has no field for, kept for the way back.
pub type Fields = serde_json::Map<String, serde_json::Value>;

/// Defines a resource: its head, which is the same for all, `spec` and perhaps `status`, and every other field, kept.
/// It implements `kube::Resource` (namespaced, unless `cluster` is said) and has its constants. Written out instead of
/// derived: the derive would want a schema of every type.
macro_rules! resource {
    (
        $(#[$about:meta])*
        $type:ident, group $group:literal, version $version:literal, plural $plural:literal $(, $cluster:ident)?;
        $(#[$about_spec:meta])* spec: $spec:ty;
        $($(#[$about_status:meta])* status: $status:ty;)?
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $type {
            #[doc = concat!("`", $group, "/", $version, "`; may be missing in an item of a list.")]
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub api_version: Option<String>,
            #[doc = concat!("`", stringify!($type), "`; may be missing in an item of a list.")]
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub kind: Option<String>,
            /// Metadata.
            pub metadata: $crate::types::ObjectMeta,
            $(#[$about_spec])*
            #[serde(default)]
            pub spec: $spec,
            $(
                $(#[$about_status])*
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub status: Option<$status>,
            )?
            /// All other fields.
            #[serde(flatten)]
            pub other: $crate::types::Fields,
        }

        impl $type {
            /// The API group and version, as in `apiVersion`.
            pub const API_VERSION: &'static str = concat!($group, "/", $version);
            /// The kind, as in `kind`.
            pub const KIND: &'static str = stringify!($type);
            /// The plural, as in an address.
            pub const PLURAL: &'static str = $plural;
        }

        impl kube::Resource for $type {
            type DynamicType = ();
            type Scope = $crate::types::object::scope!($($cluster)?);

            fn kind(_: &()) -> std::borrow::Cow<'_, str> {
                stringify!($type).into()
            }

            fn group(_: &()) -> std::borrow::Cow<'_, str> {
                $group.into()
            }

            fn version(_: &()) -> std::borrow::Cow<'_, str> {
                $version.into()
            }

            fn plural(_: &()) -> std::borrow::Cow<'_, str> {
                $plural.into()
            }

            fn meta(&self) -> &$crate::types::ObjectMeta {
                &self.metadata
            }

            fn meta_mut(&mut self) -> &mut $crate::types::ObjectMeta {
                &mut self.metadata
            }
        }
    };
}

macro_rules! scope {
    () => {
        kube::core::NamespaceResourceScope
    };
    (cluster) => {
        kube::core::ClusterResourceScope
    };
}

pub(super) use {resource, scope};
