//! The model at work: the present version comes up, the next one is set, and time passes until it ends.

use std::time::Duration;

use kube::api::PostParams;
use rollouts_client::client::{Error, Rollouts};
use rollouts_client::condition::Condition;
use rollouts_client::patch::{PatchKind, PatchRequest, Subresource, Target};
use rollouts_client::phase::{self, Phase};
use rollouts_client::types::Rollout;
use rollouts_sim::Simulator;
use serde_json::{Value, json};
use traffic_probe::{Account, Cause, Load};

use super::objects::{self, Prepared};
use super::{Ending, Moment, Order, Outcome, Share, SimulateError};
use crate::cluster::object;

/// How long the present version has to come up, in virtual time.
const COMES_UP: Duration = Duration::from_secs(900);
/// How long requests are sent before the update, so that what metrics look back on is there.
const BEFORE: Duration = Duration::from_secs(300);
/// How long after the end requests are still sent: what is under way belongs to it.
const AFTER: Duration = Duration::from_secs(2);
/// How finely time is looked at. Weights and phases last longer.
const LOOK: Duration = Duration::from_millis(500);
/// The seed of the model: the same order has the same outcome.
const SEED: u64 = 1;

/// Simulates the update of a Rollout among the given objects. Takes virtual time only, and answers the same each time.
///
/// # Errors
/// As [`SimulateError`] says.
pub fn simulate(given: Vec<Value>, order: &Order) -> Result<Outcome, SimulateError> {
    let prepared = objects::prepare(given, order)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(SimulateError::Runtime)?;
    runtime.block_on(Box::pin(model(&prepared, order)))
}

async fn model(prepared: &Prepared, order: &Order) -> Result<Outcome, SimulateError> {
    let simulator = Simulator::in_memory(SEED);
    let client = simulator.client();
    for given in &prepared.objects {
        create(&client, given).await?;
    }
    let namespace = prepared.rollout.metadata.namespace.clone().unwrap_or_default();
    let rollouts = Rollouts::new(client, namespace).with_pace(simulator.pace());
    let name = prepared.rollout.name();
    if rollouts.wait(name, &Condition::Healthy, COMES_UP).await.is_err() {
        let last = phase::in_words(&rollouts.get(name).await?);
        return Err(SimulateError::NeverHealthy { name: name.to_owned(), last });
    }
    let requests = simulator.requests();
    let load = Load { path: prepared.path.clone(), ..Load::on(&prepared.host, order.rate) };
    let sends = !order.what_if.no_data;
    if sends {
        let before = requests.start(load.clone());
        rollouts.pace().pass(BEFORE).await;
        before.stop().await;
    }
    let running = sends.then(|| requests.start(load));
    let (containers, from, to) = objects::next_containers(&prepared.rollout, &order.what_if);
    rollouts.send(&next_version(&prepared.rollout, &containers)).await?;
    let watched = Box::pin(watch(&rollouts, name, order.within)).await?;
    let account = match running {
        Some(running) => {
            rollouts.pace().pass(AFTER).await;
            Some(running.stop().await)
        }
        None => None,
    };
    Ok(Outcome {
        model: true,
        name: name.to_owned(),
        strategy: prepared.rollout.spec.strategy.name().to_owned(),
        requests: account.map(|account| share(&account, &to)),
        from,
        to,
        ending: watched.ending,
        seconds: watched.seconds,
        last: watched.last,
        timeline: watched.timeline,
        rate: order.rate,
        host: format!("{}{}", prepared.host, prepared.path),
        notes: notes(prepared),
    })
}

async fn create(client: &kube::Client, given: &Value) -> Result<(), SimulateError> {
    let refused = |message: String| {
        let kind = given["kind"].as_str().unwrap_or("an object without a kind");
        let name = given.pointer("/metadata/name").and_then(Value::as_str).unwrap_or("without a name");
        SimulateError::Refused { object: format!("{kind} {name}"), message }
    };
    let reference =
        object::reference(given).ok_or_else(|| refused("it has no apiVersion, kind or name".to_owned()))?;
    let body = serde_json::from_value(given.clone()).map_err(|error| refused(error.to_string()))?;
    match object::api(client, &reference).create(&PostParams::default(), &body).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) => Err(refused(status.message)),
        Err(error) => Err(refused(error.to_string())),
    }
}

fn next_version(rollout: &Rollout, containers: &Value) -> PatchRequest {
    PatchRequest {
        target: Target::of(rollout),
        subresource: Subresource::Main,
        kind: PatchKind::Merge,
        body: json!({"spec": {"template": {"spec": {"containers": containers}}}}),
    }
}

struct Watched {
    ending: Ending,
    seconds: f64,
    last: String,
    timeline: Vec<Moment>,
}

/// Looks until the update ends, at most for a time.
async fn watch(rollouts: &Rollouts, name: &str, within: Duration) -> Result<Watched, Error> {
    let start = rollouts.pace().now();
    let mut timeline: Vec<Moment> = Vec::new();
    loop {
        let rollout = rollouts.get(name).await?;
        let passed = rollouts.pace().since(start);
        let seconds = passed.as_secs_f64();
        let moment = moment(rollouts, &rollout, seconds).await?;
        if timeline.last().is_none_or(|last| Moment { seconds, ..last.clone() } != moment) {
            timeline.push(moment);
        }
        let ending = match ending(&rollout) {
            None if passed >= within => Some(Ending::GoesOn),
            ending => ending,
        };
        if let Some(ending) = ending {
            return Ok(Watched { ending, seconds, last: phase::in_words(&rollout), timeline });
        }
        rollouts.pace().pass(LOOK).await;
    }
}

/// How it has ended, if it has.
fn ending(rollout: &Rollout) -> Option<Ending> {
    let (phase, _) = phase::of(rollout);
    match phase {
        Phase::Healthy if phase::generation_observed(rollout) => Some(Ending::Finishes),
        Phase::Degraded => Some(Ending::Degrades),
        Phase::Paused if for_a_person(rollout) => Some(Ending::Pauses),
        _ => None,
    }
}

/// Whether no time ends the pause.
fn for_a_person(rollout: &Rollout) -> bool {
    let strategy = &rollout.spec.strategy;
    let step_ends = || {
        let steps = strategy.canary.as_ref().and_then(|canary| canary.steps.as_ref());
        let index = rollout.status.as_ref().and_then(|status| status.current_step_index).unwrap_or_default();
        let step = steps.and_then(|steps| steps.get(usize::try_from(index).unwrap_or_default()));
        step.and_then(|step| step.pause.as_ref()).is_some_and(|pause| pause.duration.is_some())
    };
    let promotes = || {
        let blue_green = strategy.blue_green.as_ref();
        blue_green.is_some_and(|blue_green| {
            blue_green.promotes_by_itself() && blue_green.auto_promotion_seconds.unwrap_or_default() > 0
        })
    };
    rollout.pause_conditions().iter().any(|condition| match condition.reason.as_str() {
        "CanaryPauseStep" => !step_ends(),
        "BlueGreenPause" => !promotes(),
        _ => true,
    })
}

async fn moment(rollouts: &Rollouts, rollout: &Rollout, seconds: f64) -> Result<Moment, Error> {
    let (phase, message) = phase::of(rollout);
    let steps = rollout.spec.strategy.canary.as_ref().and_then(|canary| canary.steps.as_ref()).map(Vec::len);
    let index = rollout.status.as_ref().and_then(|status| status.current_step_index);
    Ok(Moment {
        seconds,
        phase: phase.to_string(),
        message,
        step: index.zip(steps).filter(|(_, steps)| *steps > 0),
        weight: weight(rollouts, rollout).await?,
    })
}

/// Per cent of the traffic that the version asked for has.
async fn weight(rollouts: &Rollouts, rollout: &Rollout) -> Result<i32, Error> {
    if !phase::generation_observed(rollout) {
        return Ok(0);
    }
    if rollout.fully_promoted() {
        return Ok(100);
    }
    let status = rollout.status.clone().unwrap_or_default();
    if let Some(blue_green) = &status.blue_green
        && rollout.spec.strategy.blue_green.is_some()
    {
        let switched = blue_green.active_selector.as_deref() == rollout.current_hash();
        return Ok(if switched { 100 } else { 0 });
    }
    let routed = rollout.spec.strategy.canary.as_ref().is_some_and(|canary| canary.traffic_routing.is_some());
    if routed {
        return Ok(rollout.weights().map_or(0, |weights| weights.canary.weight));
    }
    let sets = rollouts.replica_sets(rollout).await?;
    let all: i32 = sets.iter().map(|set| set.ready()).sum();
    let own = sets.iter().filter(|set| set.hash() == rollout.current_hash());
    let own: i32 = own.map(|set| set.ready()).sum();
    Ok((own * 100).checked_div(all).unwrap_or(0))
}

/// The next version's part of an account. Errors are its own: the present version of the model has none, unless its
/// environment asks for them.
fn share(account: &Account, to: &str) -> Share {
    let answered = account.by_version().get(to).copied().unwrap_or(0);
    let by_cause = account.lost_by_cause();
    let errors = by_cause.iter().filter(|(cause, _)| matches!(cause, Cause::Status(500..)));
    let errors: u64 = errors.map(|(_, count)| count).sum();
    let lost = account.lost().saturating_sub(errors);
    Share { sent: account.sent(), by_next: answered + errors, errors, lost }
}

fn notes(prepared: &Prepared) -> Vec<String> {
    let mut notes = Vec::new();
    if prepared.invented {
        notes.push(format!("no ingress leads to its service: one was made up, for {}", prepared.host));
    }
    if !prepared.left_out.is_empty() {
        notes.push(format!("the model does without {}", prepared.left_out.join(", ")));
    }
    notes
}
