//! The connections of a load that are kept alive.
//!
//! A few connections are used in turn, as several clients would, and not the latest one over and over: a
//! server that ends its idle connections badly is then met with idle connections.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::wire::Connected;
use crate::message::Outcome;

/// So many connections are opened before one is used again.
const CLIENTS: usize = 8;

/// Connections beyond this many are not kept: they come from a stall that is over.
const MOST: usize = 64;

/// Connections that are kept alive. A clone is the same pool.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    address: SocketAddr,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    idle: VecDeque<Connected>,
    /// Idle connections and those that are in use.
    all: usize,
}

/// A connection in use. It goes back by [`Lease::keep`] and is closed otherwise.
#[derive(Debug)]
pub(super) struct Lease {
    pool: Pool,
    connected: Option<Connected>,
}

impl Pool {
    pub(super) fn new(address: SocketAddr) -> Self {
        Pool { address, kept: Arc::default() }
    }

    /// The connection that has been idle for longest and is still open, or else a new one.
    pub(super) async fn take(&self) -> Result<Lease, Outcome> {
        let mut lease = Lease { pool: self.clone(), connected: self.idle() };
        if lease.connected.is_none() {
            lease.connected = Some(Connected::open(self.address).await?);
        }
        Ok(lease)
    }

    /// Counts one more connection in use: an idle one, or the one that the caller opens.
    fn idle(&self) -> Option<Connected> {
        let mut kept = self.lock();
        while kept.all >= CLIENTS {
            let Some(connected) = kept.idle.pop_front() else { break };
            if connected.is_usable() {
                return Some(connected);
            }
            kept.all -= 1;
        }
        kept.all += 1;
        None
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        // Nothing panics while it is held, and a pool is still a pool after a panic elsewhere.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    /// The connection. `None` only after [`Lease::keep`], which takes the lease.
    pub(super) fn connected(&mut self) -> Option<&mut Connected> {
        self.connected.as_mut()
    }

    /// Gives the connection back for other requests.
    pub(super) fn keep(mut self) {
        let mut kept = self.pool.lock();
        if kept.idle.len() < MOST {
            kept.idle.extend(self.connected.take());
            // What Drop takes off again.
            kept.all += 1;
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.pool.lock().all -= 1;
    }
}
