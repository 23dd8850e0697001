//! How waiting passes the time, so that one wait works in real and in virtual time.

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;

/// A world's time, and how to let it pass.
///
/// A wait looks, lets the world move on by a turn, and looks again. A real world moves on by itself; a
/// simulated one moves to its next event.
pub trait Pace: Send + Sync {
    /// The world's time.
    fn now(&self) -> Timestamp;

    /// Lets the world move on by at most `limit`, and returns when something may have changed. It may
    /// return early, but not before the world's time has moved, unless `limit` is zero.
    fn turn(&self, limit: Duration) -> BoxFuture<'_, ()>;

    /// How long ago that was; zero for what is still to come.
    fn since(&self, start: Timestamp) -> Duration {
        Duration::try_from(self.now().duration_since(start)).unwrap_or_default()
    }

    /// Lets so much of the world's time pass.
    fn pass(&self, span: Duration) -> BoxFuture<'_, ()> {
        let start = self.now();
        async move {
            loop {
                let left = span.saturating_sub(self.since(start));
                if left.is_zero() {
                    return;
                }
                self.turn(left).await;
            }
        }
        .boxed()
    }
}

/// Real time, in short waits.
///
/// Polling and not watching: a look is one or two small requests, and what is looked at spans several
/// objects (Rollout, Service, EndpointSlices, requests), for each of which a watch would be needed.
#[derive(Debug, Clone)]
pub struct RealPace {
    step: Duration,
}

impl RealPace {
    /// How long a turn takes unless said otherwise: small beside the fastest switch that was measured (140 ms).
    pub const STEP: Duration = Duration::from_millis(50);

    /// A pace with turns of [`RealPace::STEP`]. Needs a tokio runtime with time enabled.
    pub fn new() -> Self {
        RealPace { step: Self::STEP }
    }

    /// A pace with longer turns, to spare an API server that is far away.
    pub fn with_step(step: Duration) -> Self {
        RealPace { step: step.max(Duration::from_millis(1)) }
    }
}

impl Default for RealPace {
    fn default() -> Self {
        RealPace::new()
    }
}

impl Pace for RealPace {
    #[expect(clippy::disallowed_methods, reason = "the real pace is where real time enters a wait")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn turn(&self, limit: Duration) -> BoxFuture<'_, ()> {
        tokio::time::sleep(self.step.min(limit)).boxed()
    }
}
