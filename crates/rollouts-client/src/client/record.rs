//! Writing down who did what, and why.

use futures::FutureExt;
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use kube::Api;
use kube::api::PostParams;

use super::act::ATTEMPTS;
use super::{Error, Rollouts};
use crate::phase;
use crate::record::{self, Action};
use crate::types::Rollout;
use crate::wait;

impl Rollouts {
    /// The name by which the API server knows whoever asks.
    ///
    /// # Errors
    /// When it does not say so within the deadline.
    pub async fn who_am_i(&self) -> Result<String, Error> {
        let api: Api<SelfSubjectReview> = Api::all(self.client.clone());
        let (params, ask) = (PostParams::default(), SelfSubjectReview::default());
        let review = self.once("ask who this is".to_owned(), api.create(&params, &ask).boxed()).await?;
        let user = review.status.and_then(|status| status.user_info).and_then(|user| user.username);
        Ok(user.unwrap_or_else(|| "unnamed".to_owned()))
    }

    /// Writes on the Rollout that whoever asks `did` something to it, and `why` ([`record`]). Waits first, within the
    /// deadline, until the controller has seen what was done, so that the revision is the one that it led to.
    ///
    /// # Errors
    /// When one of the calls fails, or the Rollout changes each time before the note arrives.
    pub async fn record(&self, name: &str, did: &str, why: &str) -> Result<Action, Error> {
        let (at, who) = (self.pace().now(), self.who_am_i().await?);
        let mut rollout = self.seen(name).await?;
        let mut attempt = 1;
        loop {
            let (who, did, why) = (who.clone(), did.to_owned(), why.to_owned());
            let action = Action { at, who, did, revision: rollout.revision(), why };
            match self.send(&record::add(&rollout, action.clone())).await {
                Err(Error::Refused { code: 409, .. }) if attempt < ATTEMPTS => attempt += 1,
                sent => return sent.map(|_| action),
            }
            rollout = self.get(name).await?;
        }
    }

    /// The Rollout once its controller has seen its spec; as it is, when that takes too long.
    async fn seen(&self, name: &str) -> Result<Rollout, Error> {
        let look = || async {
            let rollout = self.get(name).await?;
            Ok::<_, Error>(phase::unobserved(&rollout).is_none().then_some(rollout))
        };
        let what = format!("rollout {name} to be observed by its controller");
        match wait::in_time(self.pace(), self.deadline, what, look).await? {
            Some(rollout) => Ok(rollout),
            None => self.get(name).await,
        }
    }
}
