//! The kinds that are served, as one table: names, group and version, scope, subresources.
//!
//! A kind that is not in this table does not exist for a client, as on a cluster without its CRD.

use serde::{Deserialize, Serialize};

/// A served kind. The order is the order in which discovery lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(
    clippy::enum_variant_names,
    reason = "the variants are Kubernetes' own kinds, and ResourceQuota is one"
)]
pub(crate) enum Resource {
    Namespace,
    Pod,
    Service,
    Endpoints,
    Event,
    ConfigMap,
    Secret,
    ServiceAccount,
    ResourceQuota,
    LimitRange,
    ReplicaSet,
    Deployment,
    HorizontalPodAutoscaler,
    EndpointSlice,
    Ingress,
    IngressClass,
    NetworkPolicy,
    PodDisruptionBudget,
    Role,
    RoleBinding,
    ClusterRole,
    ClusterRoleBinding,
    CustomResourceDefinition,
    Rollout,
    AnalysisRun,
    AnalysisTemplate,
    ClusterAnalysisTemplate,
    Experiment,
    Application,
    AppProject,
}

/// What discovery says of a kind, and how its writes are treated.
#[derive(Debug)]
pub(crate) struct Info {
    /// Empty for core/v1.
    pub(crate) group: &'static str,
    pub(crate) version: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) singular: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) short: &'static [&'static str],
    pub(crate) categories: &'static [&'static str],
    pub(crate) namespaced: bool,
    /// Whether `/status` is a subresource: then a main write cannot change `status`, and `/status` only `status`.
    pub(crate) status: bool,
    /// Whether `/scale` is served.
    pub(crate) scale: bool,
    /// Whether `metadata.generation` counts changes of what is neither metadata nor status.
    pub(crate) generation: bool,
    /// A custom resource: pruned and defaulted by its CRD; strategic merge does not apply to it.
    pub(crate) custom: bool,
    /// Why creating one is refused, when nothing here would act on it.
    pub(crate) refused: Option<&'static str>,
}

const BASE: Info = Info {
    group: "",
    version: "v1",
    plural: "",
    singular: "",
    kind: "",
    short: &[],
    categories: &[],
    namespaced: true,
    status: false,
    scale: false,
    generation: false,
    custom: false,
    refused: None,
};
const ARGO: Info = Info { group: "argoproj.io", version: "v1alpha1", generation: true, custom: true, ..BASE };
const RBAC: Info = Info { group: "rbac.authorization.k8s.io", ..BASE };
const NET: Info = Info { group: "networking.k8s.io", generation: true, ..BASE };

const NAMESPACE: Info = Info {
    plural: "namespaces",
    singular: "namespace",
    kind: "Namespace",
    short: &["ns"],
    namespaced: false,
    status: true,
    ..BASE
};
const POD: Info = Info {
    plural: "pods",
    singular: "pod",
    kind: "Pod",
    short: &["po"],
    categories: &["all"],
    status: true,
    generation: true,
    ..BASE
};
const SERVICE: Info = Info {
    plural: "services",
    singular: "service",
    kind: "Service",
    short: &["svc"],
    categories: &["all"],
    status: true,
    ..BASE
};
const ENDPOINTS: Info =
    Info { plural: "endpoints", singular: "endpoints", kind: "Endpoints", short: &["ep"], ..BASE };
const EVENT: Info = Info { plural: "events", singular: "event", kind: "Event", short: &["ev"], ..BASE };
const CONFIG_MAP: Info =
    Info { plural: "configmaps", singular: "configmap", kind: "ConfigMap", short: &["cm"], ..BASE };
const SECRET: Info = Info { plural: "secrets", singular: "secret", kind: "Secret", ..BASE };
const SERVICE_ACCOUNT: Info = Info {
    plural: "serviceaccounts",
    singular: "serviceaccount",
    kind: "ServiceAccount",
    short: &["sa"],
    ..BASE
};
const RESOURCE_QUOTA: Info = Info {
    plural: "resourcequotas",
    singular: "resourcequota",
    kind: "ResourceQuota",
    short: &["quota"],
    status: true,
    refused: Some("nothing here would enforce it"),
    ..BASE
};
const LIMIT_RANGE: Info = Info {
    plural: "limitranges",
    singular: "limitrange",
    kind: "LimitRange",
    short: &["limits"],
    refused: Some("nothing here would enforce it"),
    ..BASE
};
const REPLICA_SET: Info = Info {
    group: "apps",
    plural: "replicasets",
    singular: "replicaset",
    kind: "ReplicaSet",
    short: &["rs"],
    categories: &["all"],
    status: true,
    scale: true,
    generation: true,
    ..BASE
};
const DEPLOYMENT: Info = Info {
    group: "apps",
    plural: "deployments",
    singular: "deployment",
    kind: "Deployment",
    short: &["deploy"],
    categories: &["all"],
    status: true,
    scale: true,
    generation: true,
    refused: Some("the simulator has no Deployment controller, so its pods would never appear"),
    ..BASE
};
const HORIZONTAL_POD_AUTOSCALER: Info = Info {
    group: "autoscaling",
    version: "v2",
    plural: "horizontalpodautoscalers",
    singular: "horizontalpodautoscaler",
    kind: "HorizontalPodAutoscaler",
    short: &["hpa"],
    categories: &["all"],
    status: true,
    ..BASE
};
const ENDPOINT_SLICE: Info = Info {
    group: "discovery.k8s.io",
    plural: "endpointslices",
    singular: "endpointslice",
    kind: "EndpointSlice",
    generation: true,
    ..BASE
};
const INGRESS: Info =
    Info { plural: "ingresses", singular: "ingress", kind: "Ingress", short: &["ing"], status: true, ..NET };
const INGRESS_CLASS: Info = Info {
    plural: "ingressclasses",
    singular: "ingressclass",
    kind: "IngressClass",
    namespaced: false,
    ..NET
};
const NETWORK_POLICY: Info = Info {
    plural: "networkpolicies",
    singular: "networkpolicy",
    kind: "NetworkPolicy",
    short: &["netpol"],
    ..NET
};
const POD_DISRUPTION_BUDGET: Info = Info {
    group: "policy",
    plural: "poddisruptionbudgets",
    singular: "poddisruptionbudget",
    kind: "PodDisruptionBudget",
    short: &["pdb"],
    status: true,
    generation: true,
    ..BASE
};
const ROLE: Info = Info { plural: "roles", singular: "role", kind: "Role", ..RBAC };
const ROLE_BINDING: Info =
    Info { plural: "rolebindings", singular: "rolebinding", kind: "RoleBinding", ..RBAC };
const CLUSTER_ROLE: Info =
    Info { plural: "clusterroles", singular: "clusterrole", kind: "ClusterRole", namespaced: false, ..RBAC };
const CLUSTER_ROLE_BINDING: Info = Info {
    plural: "clusterrolebindings",
    singular: "clusterrolebinding",
    kind: "ClusterRoleBinding",
    namespaced: false,
    ..RBAC
};
const CRD: Info = Info {
    group: "apiextensions.k8s.io",
    plural: "customresourcedefinitions",
    singular: "customresourcedefinition",
    kind: "CustomResourceDefinition",
    short: &["crd", "crds"],
    categories: &["api-extensions"],
    namespaced: false,
    status: true,
    generation: true,
    refused: Some("the simulator serves a fixed set of custom resources"),
    ..BASE
};
const ROLLOUT: Info = Info {
    plural: "rollouts",
    singular: "rollout",
    kind: "Rollout",
    short: &["ro"],
    status: true,
    scale: true,
    ..ARGO
};
const ANALYSIS_RUN: Info =
    Info { plural: "analysisruns", singular: "analysisrun", kind: "AnalysisRun", short: &["ar"], ..ARGO };
const ANALYSIS_TEMPLATE: Info = Info {
    plural: "analysistemplates",
    singular: "analysistemplate",
    kind: "AnalysisTemplate",
    short: &["at"],
    ..ARGO
};
const CLUSTER_ANALYSIS_TEMPLATE: Info = Info {
    plural: "clusteranalysistemplates",
    singular: "clusteranalysistemplate",
    kind: "ClusterAnalysisTemplate",
    short: &["cat"],
    namespaced: false,
    ..ARGO
};
const EXPERIMENT: Info =
    Info { plural: "experiments", singular: "experiment", kind: "Experiment", short: &["exp"], ..ARGO };
const APPLICATION: Info = Info {
    plural: "applications",
    singular: "application",
    kind: "Application",
    short: &["app", "apps"],
    ..ARGO
};
const APP_PROJECT: Info = Info {
    plural: "appprojects",
    singular: "appproject",
    kind: "AppProject",
    short: &["appproj", "appprojs"],
    ..ARGO
};

impl Resource {
    /// Every served kind.
    pub(crate) const ALL: [Resource; 30] = [
        Resource::Namespace,
        Resource::Pod,
        Resource::Service,
        Resource::Endpoints,
        Resource::Event,
        Resource::ConfigMap,
        Resource::Secret,
        Resource::ServiceAccount,
        Resource::ResourceQuota,
        Resource::LimitRange,
        Resource::ReplicaSet,
        Resource::Deployment,
        Resource::HorizontalPodAutoscaler,
        Resource::EndpointSlice,
        Resource::Ingress,
        Resource::IngressClass,
        Resource::NetworkPolicy,
        Resource::PodDisruptionBudget,
        Resource::Role,
        Resource::RoleBinding,
        Resource::ClusterRole,
        Resource::ClusterRoleBinding,
        Resource::CustomResourceDefinition,
        Resource::Rollout,
        Resource::AnalysisRun,
        Resource::AnalysisTemplate,
        Resource::ClusterAnalysisTemplate,
        Resource::Experiment,
        Resource::Application,
        Resource::AppProject,
    ];

    /// What is known of this kind.
    pub(crate) fn info(self) -> &'static Info {
        match self {
            Resource::Namespace => &NAMESPACE,
            Resource::Pod => &POD,
            Resource::Service => &SERVICE,
            Resource::Endpoints => &ENDPOINTS,
            Resource::Event => &EVENT,
            Resource::ConfigMap => &CONFIG_MAP,
            Resource::Secret => &SECRET,
            Resource::ServiceAccount => &SERVICE_ACCOUNT,
            Resource::ResourceQuota => &RESOURCE_QUOTA,
            Resource::LimitRange => &LIMIT_RANGE,
            Resource::ReplicaSet => &REPLICA_SET,
            Resource::Deployment => &DEPLOYMENT,
            Resource::HorizontalPodAutoscaler => &HORIZONTAL_POD_AUTOSCALER,
            Resource::EndpointSlice => &ENDPOINT_SLICE,
            Resource::Ingress => &INGRESS,
            Resource::IngressClass => &INGRESS_CLASS,
            Resource::NetworkPolicy => &NETWORK_POLICY,
            Resource::PodDisruptionBudget => &POD_DISRUPTION_BUDGET,
            Resource::Role => &ROLE,
            Resource::RoleBinding => &ROLE_BINDING,
            Resource::ClusterRole => &CLUSTER_ROLE,
            Resource::ClusterRoleBinding => &CLUSTER_ROLE_BINDING,
            Resource::CustomResourceDefinition => &CRD,
            Resource::Rollout => &ROLLOUT,
            Resource::AnalysisRun => &ANALYSIS_RUN,
            Resource::AnalysisTemplate => &ANALYSIS_TEMPLATE,
            Resource::ClusterAnalysisTemplate => &CLUSTER_ANALYSIS_TEMPLATE,
            Resource::Experiment => &EXPERIMENT,
            Resource::Application => &APPLICATION,
            Resource::AppProject => &APP_PROJECT,
        }
    }

    /// The kind at this group, version and plural, as in a URL.
    pub(crate) fn at(group: &str, version: &str, plural: &str) -> Option<Resource> {
        Resource::ALL.into_iter().find(|r| {
            let i = r.info();
            i.group == group && i.version == version && i.plural == plural
        })
    }

    /// The kind named by an object's `apiVersion` and `kind`.
    pub(crate) fn of_kind(api_version: &str, kind: &str) -> Option<Resource> {
        Resource::ALL.into_iter().find(|r| r.info().kind == kind && r.api_version() == api_version)
    }

    /// `v1`, `apps/v1`, …
    pub(crate) fn api_version(self) -> String {
        let i = self.info();
        if i.group.is_empty() { i.version.to_owned() } else { format!("{}/{}", i.group, i.version) }
    }

    /// `pods`, `rollouts.argoproj.io`: how the API server names the resource in messages.
    pub(crate) fn qualified(self) -> String {
        let i = self.info();
        if i.group.is_empty() { i.plural.to_owned() } else { format!("{}.{}", i.plural, i.group) }
    }
}
