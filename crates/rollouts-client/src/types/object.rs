//! What all resources have in common, and how a type becomes one that `kube::Api` takes.

pub use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, Time};
pub use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// The fields of an object that its type has no field for, kept for the way back.
pub type Fields = serde_json::Map<String, serde_json::Value>;

/// Implements `kube::Resource` for a type (namespaced, unless `cluster` is said) with `metadata: ObjectMeta`, and gives it its
/// constants. Written out instead of derived: the derive would want a schema of every type.
macro_rules! resource {
    ($type:ty, group $group:literal, version $version:literal, kind $kind:literal, plural $plural:literal) => {
        resource!($type, group $group, version $version, kind $kind, plural $plural, in NamespaceResourceScope);
    };
    ($type:ty, group $group:literal, version $version:literal, kind $kind:literal, plural $plural:literal, cluster) => {
        resource!($type, group $group, version $version, kind $kind, plural $plural, in ClusterResourceScope);
    };
    ($type:ty, group $group:literal, version $version:literal, kind $kind:literal, plural $plural:literal, in $scope:ident) => {
        impl $type {
            /// The API group and version, as in `apiVersion`.
            pub const API_VERSION: &'static str = concat!($group, "/", $version);
            /// The kind, as in `kind`.
            pub const KIND: &'static str = $kind;
            /// The plural, as in an address.
            pub const PLURAL: &'static str = $plural;
        }

        impl kube::Resource for $type {
            type DynamicType = ();
            type Scope = kube::core::$scope;

            fn kind(_: &()) -> std::borrow::Cow<'_, str> {
                $kind.into()
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

pub(super) use resource;
