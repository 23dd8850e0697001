//! The simulator's pace: a turn moves the world to its next deadline.

use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::Timestamp;
use rollouts_client::pace::Pace;

use super::Simulator;

#[derive(Debug)]
pub(super) struct SimulatorPace {
    simulator: Simulator,
}

impl SimulatorPace {
    pub(super) fn new(simulator: Simulator) -> SimulatorPace {
        SimulatorPace { simulator }
    }
}

impl Pace for SimulatorPace {
    fn now(&self) -> Timestamp {
        self.simulator.now()
    }

    fn turn(&self, limit: Duration) -> BoxFuture<'_, ()> {
        async move {
            if let Err(e) = self.simulator.turn(limit) {
                // The next request meets the same trouble and answers with it.
                tracing::error!(error = &e as &dyn std::error::Error, "advance the simulated cluster");
            }
            // Whoever watches gets to see the change before the next look.
            tokio::task::yield_now().await;
        }
        .boxed()
    }
}
