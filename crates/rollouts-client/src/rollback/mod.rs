//! Back to the last good version, whatever the state, and proven.
//!
//! # What happens
//! 1. Look: Rollout, ReplicaSets, the Service that users reach and Events become one [`State`].
//! 2. Decide ([`decide`], pure): which version is the last good one, and by which [`Mechanism`] this state
//!    can get there. Some states can not; those are a [`Refusal`] that says what can be done instead.
//! 3. Carry out ([`run`]).
//! 4. Prove ([`crate::proof`]): that Service (the active or the stable one) selects that version, its ready endpoints are pods of
//!    that version and of no other, and requests are answered by it. Only then is it a success; an accepted
//!    patch proves nothing.
//!
//! # Why not simply `abort` or `undo`
//! `abort` is taken back in silence on what is fully promoted; `undo` pauses again without anyone noticing
//! when `autoPromotionEnabled` is false, and under Argo CD it is reverted by self-heal. And while promoted
//! pods are crashing, the controller does not switch the active Service back at all (argo-rollouts#2824,
//! #4750, reproduced on 1.10.2): phase Degraded, every request lost, healthy old pods standing by. Then the
//! selector of the Service is repaired here. The controller leaves that alone while the new pods are not
//! ready, and agrees with it once they are.
//!
//! # Canaries
//! While an update is under way an abort is enough: the router gives all weight back in the same pass. A controller
//! that is down takes no abort up; then the *canary* Service is turned to the stable version, which is what the
//! controller does itself after an abort, so that whatever weight the router has, only the stable version answers.
//! A canary without a router has its traffic split by pods: there a person's pause is ended as well, because a paused
//! controller takes no pods away, and without a controller nothing helps. What is fully promoted is undone and
//! promoted in full: an undo alone would take every step again.
//!
//! # What it does not do
//! It changes no template under Argo CD. It cannot restore what does not lie in the
//! template: [`Report::cannot_restore`] names it.

mod decide;
mod error;
mod good;
mod of_canary;
mod report;
mod run;
mod state;
mod undo;
mod unrestored;
mod way;
mod way_of_canary;

use std::time::Duration;

pub use decide::{Mechanism, Plan, Refusal, decide};
pub use error::{Cause, RollbackError};
pub use good::{Evidence, LastGood};
pub use report::{Deed, Report};
pub use run::{plan, run};
pub use state::{Canary, Facts, State, Version};
pub use unrestored::cannot_restore;

use crate::proof::Probe;

/// What is asked for.
#[derive(Clone)]
pub struct Order {
    /// The Rollout.
    pub name: String,
    /// The requests that prove it; without them the report says that none were sent.
    pub probe: Option<Probe>,
    /// How long all of it may take, in the world's time.
    pub within: Duration,
    /// How long the controller has for what it does at once when it is well: to see the spec, to take an
    /// abort up, and to switch the active Service back while it can.
    pub grace: Duration,
}

impl Order {
    /// Long enough for new pods to start, where the old ones are gone.
    pub const WITHIN: Duration = Duration::from_secs(120);
    /// Ten times what was measured, and little beside an outage.
    pub const GRACE: Duration = Duration::from_secs(2);

    /// A rollback of this Rollout, without requests.
    pub fn of(name: impl Into<String>) -> Self {
        Order { name: name.into(), probe: None, within: Self::WITHIN, grace: Self::GRACE }
    }

    /// The same with requests that prove it.
    #[must_use]
    pub fn proven_by(mut self, probe: Probe) -> Self {
        self.probe = Some(probe);
        self
    }
}
