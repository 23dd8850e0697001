//! The request seam over the simulated ingress.

use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};
use traffic_probe::{
    Account, Answer, Load, Measured, NoServerAccount, Request, Requests, RunningLoad, ServerAccount,
};

use super::Simulator;

#[derive(Debug)]
pub(super) struct SimulatorRequests {
    simulator: Simulator,
}

impl SimulatorRequests {
    pub(super) fn new(simulator: Simulator) -> SimulatorRequests {
        SimulatorRequests { simulator }
    }
}

impl Requests for SimulatorRequests {
    fn send(&self, host: &str, path: &str) -> BoxFuture<'_, Answer> {
        let mut state = self.simulator.lock();
        let at = state.world.now();
        let request = Request { id: 0, method: http::Method::GET, host: host.into(), path: path.into(), at };
        ready(state.world.answer(&request)).boxed()
    }

    fn start(&self, load: Load) -> Box<dyn RunningLoad> {
        let id = self.simulator.lock().world.start_load(load);
        Box::new(Running { simulator: self.simulator.clone(), id })
    }

    fn kind(&self) -> Measured {
        Measured::Modelled
    }

    fn server_account(&self) -> BoxFuture<'_, Result<ServerAccount, NoServerAccount>> {
        ready(Ok(self.simulator.lock().world.server_account())).boxed()
    }
}

/// A load that runs while the world moves.
struct Running {
    simulator: Simulator,
    id: u64,
}

impl RunningLoad for Running {
    fn stop(self: Box<Self>) -> BoxFuture<'static, Account> {
        let account = self.simulator.lock().world.stop_load(self.id);
        ready(account.unwrap_or_else(|| Account::new(Measured::Modelled))).boxed()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.simulator.lock().world.stop_load(self.id);
    }
}
