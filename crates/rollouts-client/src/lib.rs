//! Typed Argo Rollouts resources, the operator's verbs as patches, phase and view; and a thin client
