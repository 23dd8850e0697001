//! The real binary on a loopback port of its own, spoken to over plain TCP.
#![expect(clippy::unwrap_used, reason = "clippy's exemption for tests reaches test functions only")]

mod control;
mod graceful;
mod instance;
mod ledger;
mod paths;
