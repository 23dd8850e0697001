//! The verbs, sent. Read, decide on literal patches, send, and read back before anything is sent again.

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;

use super::schema::schemas_fit;
use super::{Error, Rollouts};
use crate::patch::PatchRequest;
use crate::types::Rollout;
use crate::verbs::{self, Promote, VerbError};
use crate::wait;

/// How often the same literal patch is sent at most.
pub(super) const ATTEMPTS: u32 = 3;

/// What a verb sends to a Rollout as it is.
pub(crate) trait Decide: Fn(&Rollout) -> verbs::Patches + Send + Sync {}

impl<F: Fn(&Rollout) -> verbs::Patches + Send + Sync> Decide for F {}

impl Rollouts {
    /// [`verbs::promote`], refused when the new version cannot share its database with the serving one.
    ///
    /// # Errors
    /// Those of the verb, and those of the calls. So for all verbs here.
    pub async fn promote(&self, name: &str) -> Result<Rollout, Error> {
        self.promote_as(name, &Promote::default()).await
    }

    /// [`verbs::promote_full`], refused like [`Rollouts::promote`].
    ///
    /// # Errors
    /// As [`Rollouts::promote`].
    pub async fn promote_full(&self, name: &str) -> Result<Rollout, Error> {
        self.promote_as(name, &Promote { full: true, ..Promote::default() }).await
    }

    /// [`verbs::promote_as`], refused like [`Rollouts::promote`].
    ///
    /// # Errors
    /// As [`Rollouts::promote`].
    pub async fn promote_as(&self, name: &str, how: &Promote) -> Result<Rollout, Error> {
        self.go_on("promote", name, |rollout| verbs::promote_as(rollout, how)).await
    }

    /// [`verbs::abort`].
    ///
    /// # Errors
    /// As [`Rollouts::promote`].
    pub async fn abort(&self, name: &str) -> Result<Rollout, Error> {
        self.act("abort", name, verbs::abort).await
    }

    /// [`verbs::retry`], refused like [`Rollouts::promote`].
    ///
    /// # Errors
    /// As [`Rollouts::promote`].
    pub async fn retry(&self, name: &str) -> Result<Rollout, Error> {
        self.go_on("retry", name, verbs::retry).await
    }

    /// [`verbs::pause`].
    ///
    /// # Errors
    /// As [`Rollouts::promote`].
    pub async fn pause(&self, name: &str) -> Result<Rollout, Error> {
        self.act("pause", name, verbs::pause).await
    }

    /// [`verbs::resume`], refused like [`Rollouts::promote`].
    ///
    /// # Errors
    /// As [`Rollouts::promote`].
    pub async fn resume(&self, name: &str) -> Result<Rollout, Error> {
        self.go_on("resume", name, verbs::resume).await
    }

    /// [`verbs::restart`].
    ///
    /// # Errors
    /// As [`Rollouts::promote`].
    pub async fn restart(&self, name: &str, at: Timestamp) -> Result<Rollout, Error> {
        self.act("restart", name, |rollout| verbs::restart(rollout, at)).await
    }

    /// [`verbs::undo`], to a revision or to the one before the present one; refused when that version cannot share its
    /// database with the serving one.
    ///
    /// # Errors
    /// As [`Rollouts::promote`].
    pub async fn undo(&self, name: &str, to: Option<i64>) -> Result<Rollout, Error> {
        let rollout = self.get(name).await?;
        let replica_sets = self.replica_sets(&rollout).await?;
        // Chosen once: after the undo, "the revision before" is another one.
        let target = verbs::target_revision(&rollout, &replica_sets, to)?;
        if let Some(template) = &target.spec.template {
            schemas_fit("undo", &rollout, &replica_sets, template)?;
        }
        self.act("undo", name, |rollout| verbs::undo_to(rollout, target)).await
    }

    /// [`verbs::set_image`].
    ///
    /// # Errors
    /// As [`Rollouts::promote`].
    pub async fn set_image(&self, name: &str, container: &str, image: &str) -> Result<Rollout, Error> {
        self.act("set image of", name, |rollout| verbs::set_image(rollout, container, image)).await
    }

    /// Carries a verb out and returns the Rollout as read afterwards. Boxed: it holds the state of many calls.
    pub(crate) fn act<'a>(
        &'a self,
        verb: &'static str,
        name: &'a str,
        decide: impl Decide + 'a,
    ) -> BoxFuture<'a, Result<Rollout, Error>> {
        self.sent_until_effective(verb, name, decide, false).boxed()
    }

    /// The same for a verb that takes the new version nearer to users.
    async fn go_on(&self, verb: &'static str, name: &str, decide: impl Decide) -> Result<Rollout, Error> {
        self.sent_until_effective(verb, name, decide, true).boxed().await
    }

    async fn sent_until_effective(
        &self,
        verb: &'static str,
        name: &str,
        decide: impl Decide,
        nearer: bool,
    ) -> Result<Rollout, Error> {
        let (before, literal) = self.decided(name, &decide).await?;
        if let Some(next) = before.spec.template.as_ref().filter(|_| nearer) {
            self.schema_fits(verb, &before, next).await?;
        }
        let mut left = literal.clone();
        for attempt in 1.. {
            match self.send_all(&left).await {
                Ok(()) => return self.get(name).await,
                Err(Error::Refused { code: 422, .. })
                    if self.moved(name, &before, &literal, &decide).await? =>
                {
                    return Err(Error::Changed { verb, name: name.to_owned() });
                }
                Err(error) if !error.transient() => return Err(error),
                Err(error) if attempt >= ATTEMPTS => {
                    let name = name.to_owned();
                    return Err(Error::NoEffect { verb, name, attempts: attempt, source: Box::new(error) });
                }
                Err(error) => tracing::warn!(verb, name, %error, "the answer got lost; reading back"),
            }
            let now = self.get(name).await?;
            if now.current_hash() != before.current_hash() || now.metadata.uid != before.metadata.uid {
                return Err(Error::Changed { verb, name: name.to_owned() });
            }
            left = without_effect(&literal, &self.again(name, &now, &decide).await?);
            if left.is_empty() {
                return Ok(now);
            }
        }
        Err(Error::Changed { verb, name: name.to_owned() })
    }

    /// Whether a patch was refused because the Rollout is no longer as it was read: at another version, or where the
    /// verb would send something else.
    async fn moved(
        &self,
        name: &str,
        before: &Rollout,
        literal: &[PatchRequest],
        decide: &impl Decide,
    ) -> Result<bool, Error> {
        let now = self.get(name).await?;
        Ok(now.current_hash() != before.current_hash() || decide(&now).as_deref() != Ok(literal))
    }

    /// What the verb would send now. What the controller has not seen may be the verb's own first patch.
    async fn again(&self, name: &str, now: &Rollout, decide: &impl Decide) -> Result<verbs::Patches, Error> {
        let decided = match decide(now) {
            Err(VerbError::NotObserved { .. }) => self.decided(name, decide).await,
            decided => return Ok(decided),
        };
        match decided {
            Ok((_, patches)) => Ok(Ok(patches)),
            Err(Error::Verb(error)) if !matches!(error, VerbError::NotObserved { .. }) => Ok(Err(error)),
            Err(error) => Err(error),
        }
    }

    /// The Rollout and the verb's patches for it, once the controller has seen the spec.
    async fn decided(&self, name: &str, decide: &impl Decide) -> Result<(Rollout, Vec<PatchRequest>), Error> {
        let look = || async {
            let rollout = self.get(name).await?;
            match decide(&rollout) {
                Err(VerbError::NotObserved { .. }) => Ok::<_, Error>(None),
                decided => Ok(Some((rollout, decided?))),
            }
        };
        let what = format!("rollout {name} to be observed by its controller");
        if let Some(decided) = wait::in_time(self.pace(), self.deadline, what, look).await? {
            return Ok(decided);
        }
        let rollout = self.get(name).await?;
        let patches = decide(&rollout)?;
        Ok((rollout, patches))
    }

    async fn send_all(&self, patches: &[PatchRequest]) -> Result<(), Error> {
        for patch in patches {
            self.send(patch).await?;
        }
        Ok(())
    }
}

/// What of the literal patches is still to be sent: those that the verb would send again in the state that
/// was read back. A verb that would now send something else has had its effect.
fn without_effect(literal: &[PatchRequest], again: &verbs::Patches) -> Vec<PatchRequest> {
    match again {
        Ok(again) if again.iter().all(|patch| literal.contains(patch)) => again.clone(),
        _ => Vec::new(),
    }
}
