//! Labels and annotations that the Rollouts controller and Argo CD write, by which objects are tied together, and those
//! that people write for the tools here.
//!
//! Source: argo-rollouts 1.10.2 and argo-cd 3.6.1.

/// Label on pods, ReplicaSets and in Service selectors: the hash of the pod template.
pub const POD_TEMPLATE_HASH: &str = "rollouts-pod-template-hash";

/// Annotation on a Rollout and its ReplicaSets: the revision number.
pub const REVISION: &str = "rollout.argoproj.io/revision";

/// Annotation on a ReplicaSet: the revision numbers that it had before, separated by commas.
pub const REVISION_HISTORY: &str = "rollout.argoproj.io/revision-history";

/// Annotation on a ReplicaSet: when it is scaled down (RFC 3339). Upstream's key has no prefix.
pub const SCALE_DOWN_DEADLINE: &str = "scale-down-deadline";

/// Annotation on a Rollout: the generation of the workload that it refers to.
pub const WORKLOAD_GENERATION: &str = "rollout.argoproj.io/workload-generation";

/// Annotation on a Service that a Rollout has adopted: the Rollout's name.
pub const MANAGED_BY_ROLLOUTS: &str = "argo-rollouts.argoproj.io/managed-by-rollouts";

/// Label on an AnalysisRun: `Step`, `Background`, `PrePromotion` or `PostPromotion`.
pub const ROLLOUT_TYPE: &str = "rollout-type";

/// Annotation by which Argo CD marks an object as its own, `app:group/Kind:namespace/name`. The default since 3.0.
pub const ARGOCD_TRACKING_ID: &str = "argocd.argoproj.io/tracking-id";

/// A label often chosen for Argo CD's tracking by label. Its old default, `app.kubernetes.io/instance`, is
/// written by Helm charts as well and therefore says nothing about Argo CD.
pub const ARGOCD_INSTANCE: &str = "argocd.argoproj.io/instance";

/// Annotation on an Application by which a person keeps Argo CD's hands off it for a while: `true`.
pub const ARGOCD_SKIP_RECONCILE: &str = "argocd.argoproj.io/skip-reconcile";

/// Annotation on an Application by which Argo CD is told to compare it now: `normal`. Argo CD takes it away when it has.
pub const ARGOCD_REFRESH: &str = "argocd.argoproj.io/refresh";

/// Label on an EndpointSlice: the name of its Service.
pub const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// Annotation on a Rollout: who did what to it and why, a JSON list ([`crate::record`]).
pub const ACTIONS: &str = "progressive-delivery/actions";

/// Annotation of a pod template: the schema versions that its version works with, separated by commas. People write it.
pub const SCHEMA_VERSIONS: &str = "progressive-delivery/schema-versions";

/// Annotation of a pod template and of a migration: the schema version that stands once it is released.
pub const SCHEMA_IN_PLACE: &str = "progressive-delivery/schema-in-place";

/// Annotation of a pod template and of a migration: the database, where two versions may have different ones.
pub const DATABASE: &str = "progressive-delivery/database";

/// Annotation by which Argo CD runs an object at its time in a sync: `PreSync`, before anything else.
pub const ARGOCD_HOOK: &str = "argocd.argoproj.io/hook";

/// The same in Helm's words, which Argo CD reads as well: `pre-install,pre-upgrade`.
pub const HELM_HOOK: &str = "helm.sh/hook";
