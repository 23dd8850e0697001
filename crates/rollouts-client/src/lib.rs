//! Argo Rollouts for Rust: typed resources, the operator's verbs as patches, phase and view, a rollback
//! that proves itself, and a thin client over any `kube::Client`.
//!
//! Nearly all of this crate is pure: functions from objects to values, which need no cluster to be tried.
//! - [`types`]: Rollout, AnalysisRun, AnalysisTemplate and the ReplicaSet of a revision; no field gets lost.
//! - [`phase`]: phase and message, in Argo's words. [`condition`]: what can be waited for.
//! - [`verbs`]: promote, abort, retry, pause, resume, restart, undo, set image, each as [`patch`] values.
//! - [`access`]: what each verb asks of RBAC.
//! - [`analysis`]: the verbs on AnalysisRuns.
//! - [`view`]: one picture of a Rollout, printed like `kubectl argo rollouts get rollout`.
//! - [`history`]: what became of its revisions; [`diff`]: what differs between two of them.
//! - [`explain`]: why a Rollout does not go on, from evidence.
//! - [`lint`]: what in a declared Rollout cannot happen as declared.
//!
//! What touches the world is thin:
//! - [`client`] reads, sends the verbs, and waits; [`wait`] and [`pace`] know how time passes, in a real
//!   world and in a simulated one; [`connect`] makes a client from a kubeconfig.
//! - [`rollback`] goes back to the last good version, whatever the state; [`promotion`] forward; both ask
//!   Services, endpoints and requests whether users reach it ([`proof`]).
//!
//! ```
//! use rollouts_client::types::Rollout;
//! use rollouts_client::{phase, verbs};
//!
//! let rollout: Rollout = serde_json::from_str(
//!     r#"{"metadata": {"name": "app"}, "spec": {"strategy": {"blueGreen": {"activeService": "app"}}},
//!         "status": {"currentPodHash": "h2", "phase": "Paused", "message": "BlueGreenPause", "controllerPause": true,
//!                    "pauseConditions": [{"reason": "BlueGreenPause"}]}}"#,
//! )?;
//! assert_eq!(phase::in_words(&rollout), "Paused (BlueGreenPause)");
//! let patches = verbs::promote(&rollout)?;
//! // For the version that was read, and for no other.
//! assert_eq!(patches[0].body[0]["value"], "h2");
//! assert_eq!(patches[0].body[1]["path"], "/status/pauseConditions");
//! // A verb that would do nothing says so, instead of "promoted".
//! let nothing = verbs::retry(&rollout).expect_err("its update is not aborted");
//! assert!(nothing.already_so());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A binary that embeds this crate chooses the Kubernetes version: it enables one `v1_*` feature of
//! `k8s-openapi` itself. Examples that compile are in `examples/`.

pub mod access;
pub mod analysis;
pub mod client;
pub mod condition;
pub mod connect;
pub mod diff;
pub mod explain;
pub mod history;
pub mod image;
pub mod lint;
pub mod names;
pub mod pace;
pub mod patch;
pub mod phase;
pub mod promotion;
pub mod proof;
pub mod record;
pub mod revision;
pub mod rollback;
pub mod schema;
pub mod types;
pub mod verbs;
pub mod view;
pub mod wait;
