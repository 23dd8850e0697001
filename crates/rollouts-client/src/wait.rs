//! Waiting for a level, never for an edge: a condition on how things are, a bound and a pace.

use std::time::Duration;

use crate::pace::Pace;

/// Turns without any time passing after which a wait gives up: the pace is broken.
const STALLED: u32 = 10_000;

/// Why a wait ended without what it waited for.
#[derive(Debug, thiserror::Error)]
pub enum WaitError<E: std::error::Error + 'static> {
    /// The bound was reached.
    #[error("waited {bound:?} for {what}")]
    TimedOut {
        /// What was waited for.
        what: String,
        /// How long.
        bound: Duration,
    },
    /// The world's time does not pass.
    #[error("time stands still while waiting for {what}")]
    Stalled {
        /// What was waited for.
        what: String,
    },
    /// Looking failed.
    #[error("cannot tell whether {what}")]
    Look {
        /// What was waited for.
        what: String,
        /// The failure.
        source: E,
    },
}

/// Looks until there is something to see, at most for `bound` of the world's time.
///
/// It looks at once, and one last time when the bound is reached. A look that fails ends the wait.
///
/// # Errors
/// When the bound is reached, when a look fails, or when the pace does not pass the time.
pub async fn until<T, E, F, Fut>(
    pace: &dyn Pace,
    bound: Duration,
    what: impl Into<String> + Send,
    mut look: F,
) -> Result<T, WaitError<E>>
where
    E: std::error::Error + 'static,
    F: FnMut() -> Fut + Send,
    Fut: Future<Output = Result<Option<T>, E>> + Send,
{
    let what = what.into();
    let start = pace.now();
    let mut latest = start;
    let mut idle = 0;
    loop {
        match look().await {
            Ok(Some(seen)) => return Ok(seen),
            Ok(None) => {}
            Err(source) => return Err(WaitError::Look { what, source }),
        }
        let left = left_of(bound, start, latest);
        if left.is_zero() {
            return Err(WaitError::TimedOut { what, bound });
        }
        pace.turn(left).await;
        let now = pace.now();
        idle = if now > latest { 0 } else { idle + 1 };
        if idle > STALLED {
            return Err(WaitError::Stalled { what });
        }
        latest = latest.max(now);
    }
}

/// Looks as [`until`] does where being late is an answer too: `None`.
///
/// # Errors
/// When a look fails.
pub async fn in_time<T, E, F, Fut>(
    pace: &dyn Pace,
    bound: Duration,
    what: impl Into<String> + Send,
    look: F,
) -> Result<Option<T>, E>
where
    E: std::error::Error + 'static,
    F: FnMut() -> Fut + Send,
    Fut: Future<Output = Result<Option<T>, E>> + Send,
{
    match until(pace, bound, what, look).await {
        Ok(seen) => Ok(Some(seen)),
        Err(WaitError::Look { source, .. }) => Err(source),
        Err(WaitError::TimedOut { .. } | WaitError::Stalled { .. }) => Ok(None),
    }
}

fn left_of(bound: Duration, start: jiff::Timestamp, now: jiff::Timestamp) -> Duration {
    let passed = Duration::try_from(now.duration_since(start)).unwrap_or_default();
    bound.saturating_sub(passed)
}
