//! The verbs on a Rollout as steps: whether the verb's effect is there already, and the verb.

use std::time::Duration;

use rollouts_client::promotion::{self, Promotion, PromotionError};
use rollouts_client::proof::Probe;
use rollouts_client::rollback::{self, Cause, Order};
use rollouts_client::verbs::{Promote, VerbError};
use rollouts_client::{client, image, phase};

use super::condition::{Seen, see, version};
use super::{Cluster, Look, rollouts_fault};
use crate::executor::Class;
use crate::fault::Fault;
use crate::runbook::{Named, Rollout, RolloutIs, Verb};

/// Whether the verb's effect is there already.
pub(crate) async fn look(cluster: &Cluster, step: &Rollout) -> Result<Look, Fault> {
    let seen = must_see(cluster, &step.on).await?;
    Ok(judge(&step.verb, &seen))
}

async fn must_see(cluster: &Cluster, on: &Named) -> Result<Seen, Fault> {
    let absent = || Fault::permanent(format!("rollout {}/{} is not there", on.namespace, on.name));
    see(cluster, on).await?.ok_or_else(absent)
}

fn judge(verb: &Verb, seen: &Seen) -> Look {
    let rollout = &seen.rollout;
    let so = |is: bool, so: String, not: String| if is { Look::So(so) } else { Look::NotSo(not) };
    match verb {
        Verb::SetImage { container, tag: wanted } => {
            let image = image_of(seen, container);
            let is = image.and_then(|image| image::split(image).1);
            so(
                is == Some(wanted),
                format!("{container} is at {wanted}"),
                format!("{container} is at {}", is.unwrap_or("no tag")),
            )
        }
        Verb::Settle { on } => super::condition::judge(&settled(&seen.rollout, on), seen),
        Verb::Promote { .. } => {
            let current = rollout.current_hash();
            let switched = current.is_some() && seen.active.as_deref() == current;
            let observed = phase::generation_observed(rollout);
            so(
                switched && observed && !rollout.aborted(),
                format!("active is {} already", seen.active_version().unwrap_or("the newest")),
                "the newest version is not active".to_owned(),
            )
        }
        Verb::Abort => so(rollout.aborted(), "it is aborted".to_owned(), "it is not aborted".to_owned()),
        Verb::Undo { to } => {
            let is = template_version(rollout);
            so(
                is == Some(to),
                format!("its template is that of {to}"),
                format!("its template is that of {}", is.unwrap_or("no version")),
            )
        }
        Verb::Rollback { to, .. } => {
            let is = seen.active_version();
            so(is == Some(to), format!("active is {to}"), format!("active is {}", is.unwrap_or("nothing")))
        }
        Verb::Pause => so(rollout.paused(), "it is paused".to_owned(), "it is not paused".to_owned()),
        Verb::Resume => {
            let going = !rollout.paused() && rollout.pause_conditions().is_empty();
            so(going, "it is not paused".to_owned(), "it is paused".to_owned())
        }
    }
}

fn image_of<'a>(seen: &'a Seen, container: &str) -> Option<&'a str> {
    let pod = seen.rollout.spec.template.as_ref()?.spec.as_ref()?;
    pod.containers.iter().find(|c| c.name == container)?.image.as_deref()
}

/// Carries the verb out and waits, at most for `bound`, until its effect is there.
pub(crate) async fn act(cluster: &Cluster, step: &Rollout, bound: Duration) -> Result<String, Fault> {
    let rollouts = cluster.rollouts(&step.on.namespace);
    let name = step.on.name.as_str();
    let fault = |error: rollouts_client::client::Error| rollouts_fault(&error);
    let done = match &step.verb {
        Verb::SetImage { container, tag: wanted } => {
            let seen = must_see(cluster, &step.on).await?;
            let now = image_of(&seen, container)
                .ok_or_else(|| Fault::permanent(format!("rollout {name} has no container {container}")))?;
            let image = format!("{}:{wanted}", image::split(now).0);
            rollouts.set_image(name, container, &image).await.map_err(fault)?;
            format!("image of {container} set to {image}")
        }
        Verb::Settle { on } => return bring(cluster, step, on, bound).await,
        Verb::Promote { host } => promote(cluster, &step.on, host.as_deref(), bound).await?,
        Verb::Abort => {
            rollouts.abort(name).await.map_err(fault)?;
            "aborted".to_owned()
        }
        Verb::Undo { to } => {
            let seen = must_see(cluster, &step.on).await?;
            let revision = seen
                .replica_sets
                .iter()
                .filter(|set| version(set) == Some(to))
                .map(|set| set.revision())
                .max();
            let revision =
                revision.ok_or_else(|| Fault::permanent(format!("no revision of {name} has had {to}")))?;
            Box::pin(rollouts.undo(name, Some(revision))).await.map_err(fault)?;
            format!("template set back to revision {revision} ({to})")
        }
        Verb::Rollback { to, host } => roll_back(cluster, &step.on, to, host, bound).await?,
        Verb::Pause => {
            rollouts.pause(name).await.map_err(fault)?;
            "paused".to_owned()
        }
        Verb::Resume => {
            rollouts.resume(name).await.map_err(fault)?;
            "resumed".to_owned()
        }
    };
    settle(cluster, step, bound).await?;
    Ok(done)
}

/// Healthy on this version.
fn settled(rollout: &rollouts_client::types::Rollout, on: &str) -> RolloutIs {
    let metadata = &rollout.metadata;
    RolloutIs {
        on: Named {
            namespace: metadata.namespace.clone().unwrap_or_default(),
            name: metadata.name.clone().unwrap_or_default(),
        },
        phase: Some("Healthy".to_owned()),
        active: Some(on.to_owned()),
        preview: None,
        gone: None,
        revisions: Vec::new(),
    }
}

/// Waits until it is settled, and promotes whenever it pauses on the way.
async fn bring(cluster: &Cluster, step: &Rollout, on: &str, bound: Duration) -> Result<String, Fault> {
    let rollouts = cluster.rollouts(&step.on.namespace);
    let look = async || {
        let seen = must_see(cluster, &step.on).await?;
        let (phase, _) = phase::of(&seen.rollout);
        let pauses = phase == phase::Phase::Paused && !seen.rollout.pause_conditions().is_empty();
        if pauses && template_version(&seen.rollout) == Some(on) {
            match Box::pin(rollouts.promote(&step.on.name)).await {
                Ok(_) => {}
                Err(error) if error.already_so() => {}
                // The pause ended by itself before the promotion came.
                Err(client::Error::Changed { .. } | client::Error::Verb(VerbError::Pointless { .. })) => {}
                Err(error) => return Err(rollouts_fault(&error)),
            }
        }
        Ok(judge(&step.verb, &seen))
    };
    super::until(cluster, bound, &format!("rollout {} to settle on {on}", step.on.name), look).await
}

/// The version of its template: the tag of the first container's image.
fn template_version(rollout: &rollouts_client::types::Rollout) -> Option<&str> {
    rollout.spec.template.as_ref()?.version()
}

/// Promotes, and comes back when users reach the new version.
async fn promote(
    cluster: &Cluster,
    on: &Named,
    host: Option<&str>,
    bound: Duration,
) -> Result<String, Fault> {
    let rollouts = cluster.rollouts(&on.namespace);
    let probe = host.map(|host| Probe::new(cluster.requests.clone(), host));
    let order = Promotion { name: on.name.clone(), how: Promote::default(), probe, within: bound };
    match Box::pin(promotion::promote(&rollouts, &order)).await {
        Ok(promoted) => {
            let tag = promoted.tag.unwrap_or_else(|| "the new version".to_owned());
            Ok(format!("promoted {tag}: {}", promoted.proof))
        }
        Err(error) => {
            let transient = matches!(&error, PromotionError::Client(error) if error.transient());
            Err(Fault::chain(if transient { Class::Transient } else { Class::Permanent }, &error))
        }
    }
}

/// Rolls back by the way that fits the state, and demands that it is to this version.
async fn roll_back(
    cluster: &Cluster,
    on: &Named,
    to: &str,
    host: &str,
    bound: Duration,
) -> Result<String, Fault> {
    let rollouts = cluster.rollouts(&on.namespace);
    let probe = Probe::new(cluster.requests.clone(), host);
    let order = Order { within: bound.min(Order::WITHIN), ..Order::of(&on.name).proven_by(probe) };
    let report = Box::pin(rollback::run(&rollouts, &order)).await.map_err(|error| {
        let class = match &error.cause {
            Cause::Client(error) if error.transient() => Class::Transient,
            _ => Class::Permanent,
        };
        Fault::chain(class, &error)
    })?;
    let deeds: Vec<String> = report.did.iter().map(ToString::to_string).collect();
    let did = if deeds.is_empty() { "there already".to_owned() } else { deeds.join(", ") };
    if report.plan.to.tag.as_deref() != Some(to) {
        return Err(Fault::permanent(format!("rolled back to {}, not to {to}: {did}", report.plan.to)));
    }
    Ok(format!("rolled back to {to}: {did}; {}", report.proof))
}

/// Waits until the effect is there.
async fn settle(cluster: &Cluster, step: &Rollout, bound: Duration) -> Result<(), Fault> {
    let what = format!("rollout {} to show it", step.on.name);
    super::until(cluster, bound, &what, || look(cluster, step)).await.map(|_| ())
}
