//! An account of every request of a load, and the seam through which requests are sent.
//!
//! "Zero downtime" is a statement about requests, so it has to be counted at the requests: how many were
//! sent, which version answered each, which were late, and which were lost, by cause.
//! One [`Account`] reads both worlds: requests over HTTP on loopback ([`HttpRequests`], counted as
//! [`Measured::Live`]) and requests walked through a simulated cluster ([`Measured::Modelled`]).
//! What is modelled always says so, in the table and on the wire.
//!
//! A client alone sees one side. What the servers acknowledged is a [`ServerAccount`], and
//! [`Account::reconcile`] lays the two side by side.
//!
//! The pure half is [`message`], [`account`], [`server`], [`doc`], [`picture`] and the seam in [`load`]; only
//! [`live`] touches a network or a clock.

pub mod account;
pub mod doc;
pub mod live;
pub mod load;
pub mod message;
pub mod picture;
pub mod server;
mod table;

pub use account::{Account, Bucket, LAG_LIMIT, LATE_AFTER, Lag, Latency, Tally, Validity};
pub use live::HttpRequests;
pub use load::{Load, Mix, Requests, RunningLoad};
pub use message::{Answer, Cause, Connection, Kind, Measured, Outcome, Request, Verb};
pub use picture::{Mark, Picture};
pub use server::{Acknowledged, NoServerAccount, Reconciliation, ServerAccount};
