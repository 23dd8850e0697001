//! Giving an update up, and bringing the active Service back.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Service;
use serde_json::json;

use super::Order;
use super::error::Cause;
use super::report::Deed;
use super::run::users_service;
use super::state::{Facts, Version};
use crate::client::{Error, Rollouts};
use crate::patch::{PatchKind, PatchRequest, Subresource, Target};
use crate::phase::{self, Phase};
use crate::proof::{Reached, Split};
use crate::types::ReplicaSet;
use crate::{names, revision, view, wait};

/// One rollback on its way.
pub(super) struct Way<'a> {
    pub(super) rollouts: &'a Rollouts,
    pub(super) order: &'a Order,
    pub(super) facts: &'a Facts,
    pub(super) to: &'a Version,
    pub(super) halted: bool,
    pub(super) until: Timestamp,
    pub(super) did: &'a mut Vec<Deed>,
    /// What could not be seen to have had its effect.
    pub(super) unseen: Vec<String>,
}

impl Way<'_> {
    pub(super) fn left(&self) -> Duration {
        let left = self.until.duration_since(self.rollouts.pace().now());
        Duration::try_from(left).unwrap_or_default()
    }

    /// The Service that users reach; empty for a canary that names none.
    pub(super) fn service(&self) -> &str {
        users_service(&self.facts.rollout).unwrap_or_default()
    }

    pub(super) fn reached(&self) -> Reached {
        let service = users_service(&self.facts.rollout).map(str::to_owned);
        let (hash, tag) = (self.to.hash.clone(), self.to.tag.clone());
        Reached { service, split: Split::of(&self.facts.rollout), hash, tag }
    }

    /// Gives the update up. The Service may have been switched while that was decided, so whether it has to
    /// come back is asked afterwards.
    pub(super) async fn abort(&mut self) -> Result<(), Cause> {
        self.give_up().await?;
        if !self.switched_back().await? {
            self.repair().await?;
        }
        self.taken_as_aborted().await?;
        Ok(())
    }

    pub(super) async fn give_up(&mut self) -> Result<(), Cause> {
        match self.rollouts.abort(&self.order.name).await {
            Ok(_) => self.did.push(Deed::Aborted),
            Err(error) if error.already_so() => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Gives the controller time to take the abort up, so that nothing it was about to do comes afterwards.
    /// A controller that does not is no reason to stop: the Service can be helped without it. Whether it did.
    pub(super) async fn taken_as_aborted(&self) -> Result<bool, Error> {
        let look = || async {
            let rollout = self.rollouts.get(&self.order.name).await?;
            Ok::<_, Error>((phase::of(&rollout).0 == Phase::Degraded).then_some(()))
        };
        let bound = self.order.grace.min(self.left());
        let taken = wait::in_time(self.rollouts.pace(), bound, "the abort to be taken up", look).await?;
        Ok(taken.is_some())
    }

    /// Whether the controller switches the active Service back. Where it will not, that is known at once:
    /// it does so only while all pods of the left version are ready and nothing halts it. No request should
    /// be lost to waiting for it.
    async fn switched_back(&self) -> Result<bool, Error> {
        let look = || async {
            let service = self.rollouts.service(self.service()).await?;
            let selected = view::selected_hash(&service);
            if selected.as_ref() == Some(&self.to.hash) {
                return Ok(Some(true));
            }
            let sets = self.rollouts.replica_sets(&self.facts.rollout).await?;
            let saturated = ready_of(&sets, selected.as_deref()) >= self.facts.rollout.replicas();
            Ok::<_, Error>((!saturated || self.halted).then_some(false))
        };
        let bound = self.order.grace.min(self.left());
        let what = "the active Service to be switched";
        Ok(wait::in_time(self.rollouts.pace(), bound, what, look).await?.unwrap_or(false))
    }

    pub(super) async fn switched(&self) -> Result<bool, Error> {
        if self.facts.rollout.spec.strategy.canary.is_some() {
            return self.stable().await;
        }
        let service = self.rollouts.service(self.service()).await?;
        Ok(view::selected_hash(&service).as_ref() == Some(&self.to.hash))
    }

    /// Points the Service that users reach at the version, once it has pods to answer.
    pub(super) async fn repair(&mut self) -> Result<(), Cause> {
        let facts = self.facts;
        self.turn(users_service(&facts.rollout).unwrap_or_default()).await
    }

    /// The same for any Service.
    pub(super) async fn turn(&mut self, name: &str) -> Result<(), Cause> {
        self.ready_to_switch(name).await?;
        loop {
            let service = self.rollouts.service(name).await?;
            let from = view::selected_hash(&service);
            if from.as_ref() == Some(&self.to.hash) {
                return Ok(());
            }
            match self.rollouts.send(&selector_patch(&service, from.as_deref(), &self.to.hash)).await {
                Ok(_) => {
                    let (service, to) = (name.to_owned(), self.to.hash.clone());
                    self.did.push(Deed::RepairedSelector { service, from, to });
                    return Ok(());
                }
                // Someone else switched it meanwhile, or the answer got lost: look again.
                Err(error) if outdated(&error) && !self.left().is_zero() => {
                    self.rollouts.pace().turn(Duration::from_millis(100)).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Waits until the version can carry the traffic: all its pods are ready, or more of them than of the
    /// version that has it now.
    async fn ready_to_switch(&self, name: &str) -> Result<(), Cause> {
        let wanted = self.facts.rollout.replicas();
        let ready = std::sync::atomic::AtomicI32::new(0);
        let look = || async {
            let sets = self.rollouts.replica_sets(&self.facts.rollout).await?;
            let service = self.rollouts.service(name).await?;
            let own = ready_of(&sets, Some(&self.to.hash));
            let other = ready_of(&sets, view::selected_hash(&service).as_deref());
            ready.store(own, std::sync::atomic::Ordering::Relaxed);
            Ok::<_, Error>((own >= wanted.max(1) || own > other).then_some(()))
        };
        match wait::until(self.rollouts.pace(), self.left(), "ready pods", look).await {
            Ok(()) => Ok(()),
            Err(wait::WaitError::Look { source, .. }) => Err(source.into()),
            Err(_) => {
                Err(Cause::NotReady { version: self.to.to_string(), ready: ready.into_inner(), wanted })
            }
        }
    }
}

/// The ready pods of a version; none of an unknown one.
fn ready_of(sets: &[ReplicaSet], hash: Option<&str>) -> i32 {
    let set = hash.and_then(|hash| revision::by_hash(sets, hash));
    set.and_then(Version::of).map_or(0, |version| version.ready)
}

/// A JSON patch, behind a test that the selector is still what was read.
fn selector_patch(service: &Service, from: Option<&str>, to: &str) -> PatchRequest {
    let path = format!("/spec/selector/{}", names::POD_TEMPLATE_HASH);
    let change = json!({"op": "add", "path": path, "value": to});
    let body = match from {
        Some(from) => json!([{"op": "test", "path": path, "value": from}, change]),
        None => json!([change]),
    };
    let target = Target {
        api_version: "v1".to_owned(),
        kind: "Service".to_owned(),
        plural: "services".to_owned(),
        namespace: service.metadata.namespace.clone(),
        name: service.metadata.name.clone().unwrap_or_default(),
    };
    PatchRequest { target, subresource: Subresource::Main, kind: PatchKind::Json, body }
}

/// Whether a patch failed for what it found, or for want of an answer.
fn outdated(error: &Error) -> bool {
    error.transient() || matches!(error, Error::Refused { code: 409 | 422, .. })
}
