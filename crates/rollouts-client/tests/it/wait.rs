//! Waits in a world whose time passes only by its pace.

use std::sync::Mutex;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use rollouts_client::condition::Condition;
use rollouts_client::pace::Pace;
use rollouts_client::phase::Phase;
use rollouts_client::wait::{self, WaitError};
use serde_json::json;

use crate::fixture::{blue_green, replica_set};

/// Something happens every `step`.
struct Steps {
    now: Mutex<Timestamp>,
    step: Duration,
}

impl Steps {
    fn of(step: Duration) -> Self {
        Steps { now: Mutex::new(Timestamp::UNIX_EPOCH), step }
    }
}

impl Pace for Steps {
    fn now(&self) -> Timestamp {
        *self.now.lock().expect("no panic while held")
    }

    fn turn(&self, limit: Duration) -> BoxFuture<'_, ()> {
        *self.now.lock().expect("no panic while held") += self.step.min(limit);
        std::future::ready(()).boxed()
    }
}

const SECOND: Duration = Duration::from_secs(1);

type Look = Result<Option<u32>, std::io::Error>;

/// Waits with looks that count from 0, and says how it ended and when.
async fn waited(
    pace: &Steps,
    bound: Duration,
    mut look: impl FnMut(u32) -> Look + Send,
) -> (String, Timestamp) {
    let mut looks = 0..;
    let ended = wait::until(pace, bound, "the third look", || {
        let look = look(looks.next().unwrap_or_default());
        async move { look }
    });
    let ended = match ended.await {
        Ok(seen) => format!("saw {seen}"),
        Err(error) => error.to_string(),
    };
    (ended, pace.now())
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).expect("in range")
}

#[tokio::test]
async fn how_waits_end() {
    let third = |look: u32| Ok((look == 2).then_some(look));
    let saw = |text: &str| text.to_owned();
    assert_eq!(waited(&Steps::of(SECOND), 5 * SECOND, third).await, (saw("saw 2"), at(2)));
    // It looks once more when the bound is reached.
    assert_eq!(waited(&Steps::of(SECOND), 2 * SECOND, third).await, (saw("saw 2"), at(2)));
    assert_eq!(waited(&Steps::of(SECOND), SECOND, third).await, (saw("waited 1s for the third look"), at(1)));
    // Without any time it looks once.
    assert_eq!(
        waited(&Steps::of(SECOND), Duration::ZERO, third).await,
        (saw("waited 0ns for the third look"), at(0))
    );
    // A turn is never longer than what is left.
    assert_eq!(
        waited(&Steps::of(10 * SECOND), 3 * SECOND, |_| Ok(None)).await,
        (saw("waited 3s for the third look"), at(3))
    );
    let broken = waited(&Steps::of(SECOND), SECOND, |_| Err(std::io::Error::other("no"))).await;
    assert_eq!(broken, (saw("cannot tell whether the third look"), at(0)));
}

#[tokio::test]
async fn a_pace_that_does_not_pass_time_ends_the_wait() {
    let stuck = Steps::of(Duration::ZERO);
    let ended = wait::until(&stuck, SECOND, "anything", || async { Look::Ok(None) }).await;
    assert!(matches!(ended, Err(WaitError::Stalled { .. })), "{ended:?}");
}

#[test]
fn conditions_on_states() {
    let healthy = json!({});
    let old_runs = [replica_set(2, "h2", "app:v2", json!({})), replica_set(1, "h1", "app:v1", json!({}))];
    let old_is_gone = [
        replica_set(2, "h2", "app:v2", json!({})),
        replica_set(1, "h1", "app:v1", json!({"spec": {"replicas": 0}, "status": {"replicas": 0}})),
    ];
    let paused = json!({"status": {"phase": "Paused", "message": "BlueGreenPause", "currentPodHash": "h3", "pauseConditions": [{"reason": "BlueGreenPause"}]}});
    let degraded = json!({"status": {"phase": "Degraded", "message": "RolloutAborted: Rollout aborted update to revision 3"}});
    let unobserved = json!({"metadata": {"generation": 8}});
    let fresh = json!({"status": null});
    let table = [
        (Condition::Healthy, &healthy, true),
        (Condition::Healthy, &paused, false),
        (Condition::Healthy, &unobserved, false),
        (Condition::Healthy, &fresh, false),
        (Condition::Paused, &paused, true),
        (Condition::Paused, &healthy, false),
        (Condition::Settled, &paused, true),
        (Condition::Settled, &degraded, true),
        (Condition::Settled, &unobserved, false),
        (Condition::Switched, &healthy, true),
        (Condition::Switched, &paused, false),
        (Condition::Switched, &unobserved, false),
        (Condition::Phase(Phase::Degraded), &degraded, true),
        (Condition::Message(Phase::Degraded, "revision 3".to_owned()), &degraded, true),
        (Condition::Message(Phase::Degraded, "revision 4".to_owned()), &degraded, false),
    ];
    for (condition, state, holds) in table {
        assert_eq!(condition.holds(&blue_green(state.clone()), &[]), holds, "{condition} on {state}");
    }
    assert!(!Condition::ScaledDown.holds(&blue_green(healthy.clone()), &old_runs));
    assert!(Condition::ScaledDown.holds(&blue_green(healthy), &old_is_gone));
}

#[tokio::test]
async fn being_late_may_be_an_answer_and_a_failed_look_is_none() {
    let waited = async |bound: Duration, look: fn() -> Look| {
        let ended = wait::in_time(&Steps::of(SECOND), bound, "a look", || std::future::ready(look())).await;
        ended.map_err(|error| error.to_string())
    };
    assert_eq!(waited(SECOND, || Ok(Some(7))).await, Ok(Some(7)));
    assert_eq!(waited(SECOND, || Ok(None)).await, Ok(None));
    assert_eq!(waited(SECOND, || Err(std::io::Error::other("gone"))).await, Err("gone".to_owned()));
}
