//! An account of every request of a load, and the seam through which requests are sent.
//!
//! "Zero downtime" is a statement about requests, so it has to be counted at the requests: how many were
//! sent, which version answered each, which were late, and which were lost, by cause.
//! One [`Account`] reads both worlds: requests over HTTP on loopback ([`HttpRequests`], counted as
//! [`Measured::Live`]) and requests walked through a simulated cluster ([`Measured::Modelled`]).
//! What is modelled always says so, in the table and on the wire.
//!
//! The pure half is [`message`], [`account`], [`doc`] and the seam in [`load`]; only [`live`] touches a
//! network or a clock.

pub mod account;
pub mod doc;
pub mod live;
pub mod load;
pub mod message;
mod table;

pub use account::{Account, Bucket, LATE_AFTER};
pub use live::HttpRequests;
pub use load::{Load, Requests, RunningLoad};
pub use message::{Answer, Cause, Measured, Outcome, Request};
