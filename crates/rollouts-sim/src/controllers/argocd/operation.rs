//! The operation under way: begun, carried a step on, tried again, and done.

use std::time::Duration;

use crate::json::{Value, json};
use jiff::Timestamp;

use super::sync::{self, Outcome, Phase};
use super::{COMPONENT, status};
use crate::controllers::go_duration;
use crate::controllers::time::{parse, stamp};
use crate::object::{self, items, number, text};
use crate::queue::{Work, later};
use crate::resource::Resource;
use crate::store::Object;
use crate::world::World;

/// Carries an Application's operation a step on, or begins the one that it asks for. Says whether there is one, or was
/// one until now.
pub(super) fn step(world: &mut World, app: &mut Value, permitted: &Result<Object, Vec<String>>) -> bool {
    let mut state = app["status"].get_mut("operationState").map(Value::take).unwrap_or_default();
    match text(&state, "/phase") {
        // What has begun goes on, whatever is asked for meanwhile.
        "Running" => {
            let ended = parse(text(&state, "/finishedAt"));
            if ended.is_some_and(|ended| !again(world, app, &mut state, ended)) {
                app["status"]["operationState"] = state;
                return true;
            }
        }
        "Terminating" => {
            state["phase"] = json!("Failed");
            state["message"] = json!("Operation terminated");
            state["finishedAt"] = json!(stamp(world.now()));
            complete(world, app, &state, Phase::Failed);
            app["status"]["operationState"] = state;
            return true;
        }
        _ if app["operation"].is_object() => state = begin(world, app),
        _ => {
            if !state.is_null() {
                app["status"]["operationState"] = state;
            }
            return false;
        }
    }
    let outcome = match permitted {
        Ok(project) => sync::step(world, app, &mut state, project),
        Err(wrong) => Outcome::new(Phase::Error, wrong.join("; ")),
    };
    settle(world, app, &mut state, &outcome);
    app["status"]["operationState"] = state;
    true
}

fn begin(world: &mut World, app: &Value) -> Value {
    let known = world.argocd.of(app);
    known.pinned = Some(known.found.clone());
    known.next_wave = None;
    json!({
        "operation": app["operation"], "phase": "Running", "startedAt": stamp(world.now()),
        "message": "",
    })
}

/// Begins a failed operation anew when its time has come.
fn again(world: &mut World, app: &Value, state: &mut Value, ended: Timestamp) -> bool {
    let count = number(state, "/retryCount", 0);
    let due = retry_at(&state["operation"]["retry"], ended, count - 1);
    if world.now() < due {
        return false;
    }
    if let Some(fields) = state.as_object_mut() {
        fields.shift_remove("finishedAt");
        fields.shift_remove("syncResult");
    }
    state["message"] = json!(format!("Retrying operation. Attempt #{count}"));
    world.argocd.of(app).next_wave = None;
    true
}

/// Five seconds after the first failure, twice as long after each further one, at most three minutes: unless told
/// otherwise.
fn retry_at(retry: &Value, ended: Timestamp, count: i64) -> Timestamp {
    let backoff = &retry["backoff"];
    let lasting = |field: &str, default: u64| {
        let text = backoff[field].as_str().filter(|text| !text.is_empty());
        text.and_then(go_duration).unwrap_or(Duration::from_secs(default))
    };
    let factor = u32::try_from(number(backoff, "/factor", 2)).unwrap_or(2);
    let times = factor.saturating_pow(u32::try_from(count).unwrap_or(0));
    later(ended, lasting("duration", 5).saturating_mul(times).min(lasting("maxDuration", 180)))
}

fn settle(world: &mut World, app: &mut Value, state: &mut Value, outcome: &Outcome) {
    let now = world.now();
    state["phase"] = json!(outcome.phase.word());
    state["message"] = json!(outcome.message);
    if outcome.phase == Phase::Running {
        return;
    }
    state["finishedAt"] = json!(stamp(now));
    let (count, limit) = (number(state, "/retryCount", 0), number(state, "/operation/retry/limit", 0));
    if outcome.phase != Phase::Succeeded {
        if count < limit || limit < 0 {
            let due = retry_at(&state["operation"]["retry"], now, count);
            state["phase"] = json!("Running");
            state["retryCount"] = json!(count + 1);
            let said = format!("{}. Retrying attempt #{} at {}.", outcome.message, count + 1, stamp(due));
            state["message"] = json!(said);
            world
                .queue
                .schedule(later(due, SECOND), Work::Application { name: object::name(app).to_owned() });
            return;
        }
        if count > 0 {
            state["message"] = json!(format!("{} (retried {count} times).", outcome.message));
        }
    }
    complete(world, app, state, outcome.phase);
}

/// Times are written in whole seconds, so that what is due in one may be due up to a second later.
const SECOND: Duration = Duration::from_secs(1);

fn complete(world: &mut World, app: &mut Value, state: &Value, phase: Phase) {
    if let Some(fields) = app.as_object_mut() {
        fields.shift_remove("operation");
    }
    world.argocd.of(app).pinned = None;
    let partial = items(state, "/operation/sync/resources").next().is_some();
    let mut said = format!("{} operation", if partial { "Partial sync" } else { "Sync" });
    let revision = text(state, "/syncResult/revision");
    if !revision.is_empty() {
        said = format!("{said} to {revision}");
    }
    let (kind, said) = if phase == Phase::Succeeded {
        ("Normal", format!("{said} succeeded"))
    } else {
        ("Warning", format!("{said} failed: {}", text(state, "/message")))
    };
    world.event(COMPONENT, (Resource::Application, app), kind, "OperationCompleted", &said);
    if phase == Phase::Succeeded && !partial {
        status::remember(app, state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_wait_longer_each_time_and_not_for_ever() {
        let ended: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let waits = |retry: Value, count| retry_at(&retry, ended, count).duration_since(ended).as_secs();
        assert_eq!([0, 1, 2, 9].map(|count| waits(json!({}), count)), [5, 10, 20, 180]);
        let told = json!({"backoff": {"duration": "1s", "factor": 3, "maxDuration": "1m"}});
        assert_eq!([0, 1, 2, 9].map(|count| waits(told.clone(), count)), [1, 3, 9, 60]);
    }
}
