//! The simulator on a loopback address, where virtual time follows real time.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tower::Service as _;

use crate::journal::JournalError;
use crate::simulator::Simulator;
use crate::simulator::service::SimulatorService;

/// Why the simulator is not served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// There is no authentication, so no other machine may reach it.
    #[error(
        "serve on {0}: only loopback addresses are allowed, since the simulator asks nobody who they are"
    )]
    NotLoopback(SocketAddr),
    /// The address cannot be had.
    #[error("listen on {0}")]
    Listen(SocketAddr, #[source] std::io::Error),
    /// The kubeconfig cannot be written.
    #[error("write the kubeconfig {0}")]
    Kubeconfig(String, #[source] std::io::Error),
    /// The world cannot go on.
    #[error("advance the simulated cluster")]
    Journal(#[from] JournalError),
    /// Time does not stand still or run backwards.
    #[error("a speed of {0}: it must be above 0 and at most 1000")]
    Speed(f64),
}

/// A bound server, not yet serving.
#[derive(Debug)]
pub struct Server {
    simulator: Simulator,
    listener: TcpListener,
    address: SocketAddr,
}

/// At the longest, virtual time stands still this long while nothing is due.
const TICK: Duration = Duration::from_millis(250);

impl Simulator {
    /// Binds `address`, which must be loopback; port 0 picks a free one. Virtual time follows real time from then
    /// on, `speed` times as fast.
    ///
    /// # Errors
    /// When the address is not loopback or cannot be had, or the speed makes no sense.
    pub async fn serve(&self, address: SocketAddr, speed: f64) -> Result<Server, ServeError> {
        if !address.ip().is_loopback() {
            return Err(ServeError::NotLoopback(address));
        }
        if !(speed > 0.0 && speed <= 1000.0) {
            return Err(ServeError::Speed(speed));
        }
        let listener = TcpListener::bind(address).await.map_err(|e| ServeError::Listen(address, e))?;
        let address = listener.local_addr().map_err(|e| ServeError::Listen(address, e))?;
        self.follow_real_time(speed);
        Ok(Server { simulator: self.clone(), listener, address })
    }
}

impl Server {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Writes a kubeconfig whose only context, `rollouts-sim`, is this server.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_kubeconfig(&self, path: &Path) -> Result<(), ServeError> {
        let text = format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: rollouts-sim\n  cluster:\n    server: http://{}\n\
             contexts:\n- name: rollouts-sim\n  context:\n    cluster: rollouts-sim\n    user: rollouts-sim\n    \
             namespace: default\nusers:\n- name: rollouts-sim\n  user: {{}}\ncurrent-context: rollouts-sim\n",
            self.address
        );
        fs::write(path, text).map_err(|e| ServeError::Kubeconfig(path.display().to_string(), e))
    }

    /// Serves until `stop` is done. Open watches are cut then, as an API server that goes away cuts them.
    ///
    /// # Errors
    /// When the world's journal cannot be written any more.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), ServeError> {
        let mut connections = JoinSet::new();
        let mut stop = std::pin::pin!(stop);
        let mut clock = std::pin::pin!(keep_time(self.simulator.clone()));
        loop {
            tokio::select! {
                () = &mut stop => return Ok(()),
                failed = &mut clock => return Err(failed),
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        let service = SimulatorService::new(self.simulator.clone());
                        let service = hyper::service::service_fn(move |request| service.clone().call(request));
                        connections.spawn(async move {
                            let mut http = hyper::server::conn::http1::Builder::new();
                            let connection = http.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
                            if let Err(e) = connection.await {
                                tracing::debug!(error = &e as &dyn std::error::Error, "a connection ended");
                            }
                        });
                    }
                    Err(e) => tracing::warn!(error = &e as &dyn std::error::Error, "accept a connection"),
                },
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
            }
        }
    }
}

/// Keeps virtual time up with real time; ends only when that fails.
async fn keep_time(simulator: Simulator) -> ServeError {
    loop {
        match simulator.tick() {
            Ok(wait) => {
                tokio::time::sleep(wait.unwrap_or(TICK).min(TICK).max(Duration::from_millis(1))).await;
            }
            Err(e) => return ServeError::Journal(e),
        }
    }
}
