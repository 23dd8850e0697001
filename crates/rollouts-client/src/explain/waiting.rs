//! Nothing is wrong, and something is waited for: a person, a time, or the controller itself.

use jiff::Timestamp;

use super::facts::Facts;
use super::{Cause, Found};
use crate::phase;
use crate::types::{IntOrString, PauseCondition};

pub(super) const CAUSES: &[Cause] = &[
    Cause::new("awaits-promotion", "a ready preview waits for a person", blue_green),
    Cause::new("pause-step", "a canary step waits for a person", pause_step),
    Cause::new("timed-pause", "a pause ends by itself", timed),
    Cause::new("paused-by-person", "a person paused it", paused),
    Cause::new("controller-silent", "the controller does not react", silent),
    Cause::new("no-replicas", "it asks for no pods", no_replicas),
    Cause::last("aborted-by-person", "a person gave the update up", aborted),
];

/// Seconds after which a controller that has not looked yet is no longer just slow.
const SILENT: u64 = 15;

fn condition<'a>(facts: &'a Facts, reason: &str) -> Option<&'a PauseCondition> {
    if facts.rollout.paused() || facts.rollout.aborted() || phase::unobserved(&facts.rollout).is_some() {
        return None;
    }
    facts.rollout.pause_conditions().iter().find(|condition| condition.reason == reason)
}

fn since(facts: &Facts, condition: &PauseCondition) -> String {
    let ago = condition.start_time.as_ref().and_then(|time| facts.since(time.0));
    ago.map(|ago| format!("{}, for {}", condition.reason, length(ago)))
        .unwrap_or_else(|| condition.reason.clone())
}

/// `90` as `1m30s`.
fn length(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds}s"),
        (hours, minutes, _) => format!("{hours}h{minutes}m"),
    }
}

fn new_version(facts: &Facts) -> String {
    facts.current().map_or_else(|| "the new version".to_owned(), |set| facts.version(set))
}

fn promotes_at(facts: &Facts) -> Option<u64> {
    let strategy =
        facts.rollout.spec.strategy.blue_green.as_ref().filter(|strategy| strategy.promotes_by_itself())?;
    strategy
        .auto_promotion_seconds
        .and_then(|seconds| u64::try_from(seconds).ok())
        .filter(|seconds| *seconds > 0)
}

fn blue_green(facts: &Facts) -> Option<Found> {
    let condition = condition(facts, "BlueGreenPause")?;
    let ready = facts.current().is_some_and(|set| set.desired() > 0 && set.available() >= set.desired());
    if promotes_at(facts).is_some() || !ready {
        return None;
    }
    let text = format!("{} is ready and waits to be promoted by a person", new_version(facts));
    Some(
        Found::new(text)
            .seen("status of the Rollout, pauseConditions", since(facts, condition))
            .seen("spec.strategy.blueGreen.autoPromotionEnabled", "false")
            .next(facts.verb("promote")),
    )
}

/// The step that pauses, and for how many seconds; `None` seconds for ever.
fn step(facts: &Facts) -> Option<(usize, Option<u64>)> {
    let steps = facts.rollout.spec.strategy.canary.as_ref()?.steps.as_deref()?;
    let index = usize::try_from(facts.rollout.status.as_ref()?.current_step_index?).ok()?;
    let pause = steps.get(index)?.pause.as_ref()?;
    let seconds = match &pause.duration {
        Some(IntOrString::Int(seconds)) => u64::try_from(*seconds).ok(),
        Some(IntOrString::String(text)) => duration(text),
        None => None,
    };
    Some((index, seconds))
}

/// Seconds of a duration such as `1h30m`, `90s` or `90`.
fn duration(text: &str) -> Option<u64> {
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let duration: jiff::SignedDuration = text.parse().ok()?;
    u64::try_from(duration.as_secs()).ok()
}

fn pause_step(facts: &Facts) -> Option<Found> {
    let condition = condition(facts, "CanaryPauseStep")?;
    let (index, None) = step(facts)? else { return None };
    let text =
        format!("{} waits at step {} for a person: its pause has no duration", new_version(facts), index + 1);
    Some(
        Found::new(text)
            .seen("status of the Rollout, pauseConditions", since(facts, condition))
            .seen(format!("spec.strategy.canary.steps[{index}]"), "pause without duration")
            .next(facts.verb("promote")),
    )
}

fn timed(facts: &Facts) -> Option<Found> {
    let (condition, seconds, what) = match condition(facts, "CanaryPauseStep") {
        Some(condition) => {
            let (index, seconds) = step(facts)?;
            (condition, seconds?, format!("goes on from step {}", index + 1))
        }
        None => (condition(facts, "BlueGreenPause")?, promotes_at(facts)?, "is promoted".to_owned()),
    };
    let start = condition.start_time.as_ref()?.0;
    let left = seconds.saturating_sub(facts.since(start).unwrap_or_default());
    let end = start.saturating_add(std::time::Duration::from_secs(seconds)).unwrap_or(Timestamp::MAX);
    let text = format!("{} {what} by itself in {}", new_version(facts), length(left));
    let says = format!("{}, until {end}", since(facts, condition));
    Some(Found::new(text).seen("status of the Rollout, pauseConditions", says).next(facts.verb("promote")))
}

fn paused(facts: &Facts) -> Option<Found> {
    facts.rollout.paused().then_some(())?;
    let who = facts.rollout.metadata.managed_fields.iter().flatten().filter(|entry| {
        let fields = entry.fields_v1.as_ref().map(|fields| fields.0.to_string()).unwrap_or_default();
        entry.subresource.as_deref().unwrap_or_default().is_empty() && fields.contains("f:paused")
    });
    let who = who.max_by_key(|entry| entry.time.as_ref().map(|time| time.0)).map(|entry| {
        let when = entry.time.as_ref().map(|time| format!(" at {}", time.0)).unwrap_or_default();
        format!("{}{when}", entry.manager.as_deref().unwrap_or("unknown"))
    });
    Some(
        Found::new("a person paused it, and the controller switches nothing until it is resumed")
            .seen("spec.paused", "true")
            .seen_if("last written by", who)
            .next(facts.verb("resume")),
    )
}

/// When somebody last changed the object other than the controller its status.
fn changed(facts: &Facts) -> Option<Timestamp> {
    let entries = facts.rollout.metadata.managed_fields.iter().flatten();
    let by_others = entries.filter(|entry| entry.manager.as_deref() != Some("rollouts-controller"));
    let last = by_others.filter_map(|entry| entry.time.as_ref()).map(|time| time.0).max();
    last.or(facts.rollout.metadata.creation_timestamp.as_ref().map(|time| time.0))
}

fn silent(facts: &Facts) -> Option<Found> {
    let never = facts.rollout.current_hash().is_none() && !facts.message().starts_with("InvalidSpec");
    let waiting = phase::unobserved(&facts.rollout)
        .or_else(|| never.then_some("waiting for the controller's first look"))?;
    let since = facts.since(changed(facts)?)?;
    if since < SILENT {
        return None;
    }
    let text = format!(
        "the Rollouts controller has not reacted for {}: it is down, or this Rollout is not its own",
        length(since)
    );
    let generation = facts.rollout.metadata.generation.unwrap_or_default();
    let observed = facts.rollout.status.as_ref().and_then(|status| status.observed_generation.clone());
    let says = format!("generation {generation}, observed {}", observed.as_deref().unwrap_or("none"));
    Some(
        Found::new(text)
            .seen("the Rollout", waiting)
            .seen("metadata and status of the Rollout", says)
            .next("kubectl get pods -A -l app.kubernetes.io/name=argo-rollouts"),
    )
}

fn no_replicas(facts: &Facts) -> Option<Found> {
    (facts.rollout.replicas() == 0).then_some(())?;
    let next = facts.kubectl(&format!("scale rollout {} --replicas 1", facts.rollout.name()));
    Some(Found::new("it asks for no pods, so nobody answers").seen("spec.replicas", "0").next(next))
}

fn aborted(facts: &Facts) -> Option<Found> {
    facts.rollout.aborted().then_some(())?;
    let message = facts.message();
    let at = facts.rollout.status.as_ref().and_then(|status| status.aborted_at.as_ref());
    // A reason stands behind a colon after the revision.
    let reason = message.split_once("to revision ").and_then(|(_, rest)| rest.split_once(": "));
    let found = match reason {
        Some((_, reason)) => Found::new(format!("the controller gave {} up: {reason}", new_version(facts))),
        None => Found::new(format!("{} was given up by a person", new_version(facts))),
    };
    Some(
        found
            .seen("status of the Rollout", message)
            .seen_if("aborted at", at.map(|at| at.0.to_string()))
            .next(facts.verb("retry")),
    )
}
