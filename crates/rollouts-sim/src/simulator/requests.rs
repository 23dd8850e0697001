//! The request seam over the simulated ingress.

use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};
use traffic_probe::{Account, Answer, Load, Measured, NoServerAccount, Requests, RunningLoad, ServerAccount};

use super::Simulator;
use crate::journal::{Attached, Entry, Sent};

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
        let sent = Sent { host: host.into(), path: path.into() };
        state.note(&Entry::Send(sent.clone()));
        let request = sent.request(state.world.now());
        ready(state.world.answer(&request)).boxed()
    }

    fn start(&self, load: Load) -> Box<dyn RunningLoad> {
        let mut state = self.simulator.lock();
        state.note(&Entry::Load(Attached::of(&load)));
        let id = state.world.start_load(load);
        drop(state);
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

impl Running {
    /// Detaches the load; the second time nothing is left of it.
    fn end(&self) -> Option<Account> {
        let mut state = self.simulator.lock();
        let account = state.world.stop_load(self.id)?;
        state.note(&Entry::Unload(self.id));
        Some(account)
    }
}

impl RunningLoad for Running {
    fn stop(self: Box<Self>) -> BoxFuture<'static, Account> {
        let account = self.end();
        ready(account.unwrap_or_else(|| Account::new(Measured::Modelled))).boxed()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}
