//! The operator's verbs on one Rollout of a target, each done, and where it moves traffic, proven.
//!
//! These are the same verbs as the runbook's `rollout` steps, for a person at a terminal: they decide by the state
//! as it is now, keep no log and need no PRD. What they do not do: canary steps with proof.

#[cfg(test)]
mod access_test;
mod analysis;
mod error;
mod list;
mod place;
#[cfg(test)]
mod schema_test;
mod unknown;
mod watch;

use std::fmt;
use std::time::Duration;

use rollouts_client::client::{self, Rollouts};
use rollouts_client::condition::Condition;
use rollouts_client::diff::{DiffError, TemplateDiff};
use rollouts_client::explain::Explanation;
use rollouts_client::history::{History, Past};
use rollouts_client::phase;
use rollouts_client::promotion::{self, Promotion};
use rollouts_client::proof::Probe;
use rollouts_client::rollback::{self, Order};
use rollouts_client::verbs::Promote;
use rollouts_client::view::RolloutView;

use crate::cluster::{self, Cluster};
use crate::context::Context;

pub use analysis::{Beginning, Template, begin, terminate, verdict};
pub use error::OperatorError;
pub use list::{Scope, list, watch_list};
pub use place::{current, namespace};
pub(crate) use unknown::hinted;
pub use watch::{Until, watch};

/// What is asked of a Rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verb {
    /// The tree of the Rollout and all that belongs to it.
    Get,
    /// Phase and message in a line.
    Status,
    /// Why it is as it is, from evidence.
    Explain {
        /// How a verb is typed, for the commands that are proposed: `task-master rollout`.
        program: String,
    },
    /// What became of its revisions, or of one of them.
    History {
        /// The one.
        of: Option<i64>,
    },
    /// What differs between the templates of two revisions.
    Diff {
        /// The one; that before the other when absent.
        from: Option<i64>,
        /// The other; the newest when absent.
        to: Option<i64>,
    },
    /// Phase and message once a condition holds. On the simulator this is what lets its time pass.
    Wait(Condition),
    /// The new version becomes the active one.
    Promote {
        /// How it is asked for.
        how: Promote,
        /// Whether to wait until users reach it; otherwise it is only sent and read back.
        wait: bool,
        /// A host whose answers prove it; without one only selector and endpoints do.
        host: Option<String>,
    },
    /// The update is given up.
    Abort,
    /// An aborted update is taken up again.
    Retry,
    /// Nothing is switched until it is resumed.
    Pause,
    /// A pause ends.
    Resume,
    /// All pods are replaced, a few at a time.
    Restart,
    /// The template of an earlier revision is written back.
    Undo {
        /// The revision; the previous one when absent.
        to: Option<i64>,
    },
    /// A container gets another image.
    SetImage {
        /// Its name.
        container: String,
        /// The whole reference.
        image: String,
    },
    /// Back to the last good version by the way that fits the state.
    Rollback {
        /// A host whose answers prove it.
        host: Option<String>,
    },
}

impl Verb {
    /// The verb as it is typed, when it changes something.
    fn changes(&self) -> Option<&'static str> {
        Some(match self {
            Verb::Get | Verb::Status | Verb::Explain { .. } => return None,
            Verb::History { .. } | Verb::Diff { .. } | Verb::Wait(_) => return None,
            Verb::Promote { how, .. } if how.full => "promote --full",
            Verb::Promote { how, .. } if how.skip_step => "promote --skip-step",
            Verb::Promote { .. } => "promote",
            Verb::Abort => "abort",
            Verb::Retry => "retry",
            Verb::Pause => "pause",
            Verb::Resume => "resume",
            Verb::Restart => "restart",
            Verb::Undo { .. } => "undo",
            Verb::SetImage { .. } => "set-image",
            Verb::Rollback { .. } => "rollback",
        })
    }
}

/// How a verb is carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The bound of what has to be waited for.
    pub within: Duration,
    /// Why, in a person's words: written on the Rollout, with that person's name, once the verb has had its effect
    /// ([`rollouts_client::record`]). A verb that only reads writes nothing.
    pub reason: Option<String>,
}

impl Terms {
    /// Within a bound, for no reason.
    pub fn within(within: Duration) -> Self {
        Terms { within, reason: None }
    }
}

/// What a verb has shown.
#[derive(Debug)]
pub enum Done {
    /// The tree.
    View(Box<RolloutView>),
    /// Causes with their evidence.
    Explained(Box<Explanation>),
    /// The revisions.
    Past(Box<History>),
    /// One of them.
    Revision(Box<Past>),
    /// The difference between two of them.
    Diff(Box<TemplateDiff>),
    /// Sentences for a person, each with a line's end.
    Said(String),
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Done::View(view) => view.fmt(f),
            Done::Explained(explanation) => explanation.fmt(f),
            Done::Past(history) => history.fmt(f),
            Done::Revision(past) => past.fmt(f),
            Done::Diff(diff) => diff.fmt(f),
            Done::Said(text) => f.write_str(text),
        }
    }
}

/// Carries a verb out on the context's target.
///
/// # Errors
/// As [`OperatorError`] says; what was sent before stays sent, and the same verb may be given again.
pub fn operate(
    context: &Context,
    namespace: &str,
    name: &str,
    verb: &Verb,
    terms: &Terms,
) -> Result<Done, OperatorError> {
    on(context, async |cluster| {
        let rollouts = cluster.rollouts(namespace);
        let done = Box::pin(carry_out(&cluster, &rollouts, name, verb, terms.within)).await;
        let done = match &terms.reason {
            Some(reason) => recorded(&rollouts, name, verb, reason, done?).await,
            None => done,
        };
        hinted(&rollouts, name, done).await
    })
}

/// Writes down who did it and why, and says so.
async fn recorded(
    rollouts: &Rollouts,
    name: &str,
    verb: &Verb,
    reason: &str,
    done: Done,
) -> Result<Done, OperatorError> {
    let (Some(did), Done::Said(said)) = (verb.changes(), &done) else { return Ok(done) };
    match rollouts.record(name, did, reason).await {
        Ok(action) => Ok(Done::Said(format!("{said}wrote down that {} did it, and why\n", action.who))),
        Err(source) => Err(OperatorError::Unrecorded { said: said.trim_end().to_owned(), source }),
    }
}

/// Runs something on the context's cluster.
pub(crate) fn on<T>(
    context: &Context,
    work: impl AsyncFnOnce(Cluster) -> Result<T, OperatorError>,
) -> Result<T, OperatorError> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(OperatorError::Runtime)?;
    runtime.block_on(async { work(cluster::open(context).await.map_err(OperatorError::Target)?).await })
}

async fn carry_out(
    cluster: &Cluster,
    rollouts: &Rollouts,
    name: &str,
    verb: &Verb,
    within: Duration,
) -> Result<Done, OperatorError> {
    let probe = |host: &Option<String>| host.as_ref().map(|host| Probe::new(cluster.requests.clone(), host));
    let said = match verb {
        Verb::Get => return Ok(Done::View(Box::new(rollouts.view(name).await?))),
        Verb::Explain { program } => {
            return Ok(Done::Explained(Box::new(rollouts.explain(name, program).await?)));
        }
        Verb::History { of } => return past(rollouts, name, *of).await,
        Verb::Diff { from, to } => {
            return Ok(Done::Diff(Box::new(rollouts.diff(name, *from, *to).await?)));
        }
        Verb::Wait(condition) => phase::in_words(&rollouts.wait(name, condition, within).await?),
        Verb::Status => phase::in_words(&rollouts.get(name).await?),
        Verb::Promote { how, wait: false, .. } => {
            let far = if how.full { "promoted in full" } else { "promoted" };
            now(&rollouts.promote_as(name, how).await?, far)
        }
        Verb::Promote { how, host, wait: true } => {
            let order = Promotion { name: name.to_owned(), how: how.clone(), probe: probe(host), within };
            let promoted = promotion::promote(rollouts, &order).await?;
            let tag = promoted.tag.unwrap_or_else(|| "the new version".to_owned());
            format!("promoted rollout {name} to {tag}: {}", promoted.proof)
        }
        Verb::Abort => now(&rollouts.abort(name).await?, "aborted"),
        Verb::Retry => now(&rollouts.retry(name).await?, "retried"),
        Verb::Pause => now(&rollouts.pause(name).await?, "paused"),
        Verb::Resume => now(&rollouts.resume(name).await?, "resumed"),
        Verb::Restart => now(&rollouts.restart(name, rollouts.pace().now()).await?, "restarted"),
        Verb::Undo { to } => now(&rollouts.undo(name, *to).await?, "undid the last update of"),
        Verb::SetImage { container, image } => {
            now(&rollouts.set_image(name, container, image).await?, &format!("set {container} to {image} in"))
        }
        Verb::Rollback { host } => {
            let order = Order { within, ..Order::of(name) };
            let order = match probe(host) {
                Some(probe) => order.proven_by(probe),
                None => order,
            };
            let report = rollback::run(rollouts, &order).await;
            return Ok(Done::Said(report.map_err(OperatorError::of_rollback)?.to_string()));
        }
    };
    Ok(Done::Said(format!("{said}\n")))
}

/// The revisions, or one.
async fn past(rollouts: &Rollouts, name: &str, of: Option<i64>) -> Result<Done, OperatorError> {
    let history = rollouts.history(name).await?;
    let Some(revision) = of else { return Ok(Done::Past(Box::new(history))) };
    match history.of(revision) {
        Some(past) => Ok(Done::Revision(Box::new(past.clone()))),
        None => {
            let found = history.revisions.iter().map(|past| past.revision).collect();
            let name = name.to_owned();
            Err(client::Error::from(DiffError::NoRevision { name, revision, found }).into())
        }
    }
}

/// What was done, and the phase as it was read back.
fn now(rollout: &rollouts_client::types::Rollout, did: &str) -> String {
    format!("{did} rollout {}: {}", rollout.name(), phase::in_words(rollout))
}
