//! Text scripts of rollouts that run against any cluster, and the transcripts they leave.
//!
//! One body for two worlds: a script sees a [`run::World`] of a client, a source of requests and a pace,
//! and not whether a real or a simulated cluster lies behind. A transcript is recorded on a real one; the
//! simulator has to reproduce it.
//!
//! In reading order: [`script`] (what a script says) and [`mod@parse`]; [`mod@run`] and [`manifest`] (carrying it
//! out); [`observe`] and [`names`] (what was seen, without chance); [`transcript`] and [`compare`].

mod act;
pub mod compare;
mod delivery;
pub mod faults;
pub mod forge;
mod harm;
pub mod manifest;
pub mod names;
pub mod namespace;
pub mod observe;
pub mod parse;
mod repository;
pub mod room;
pub mod run;
pub mod script;
pub mod transcript;
mod watch;
mod words;

pub use act::ActError;
pub use compare::difference;
pub use delivery::GitError;
pub use faults::{Faults, NoFaults, SimulatedFaults};
pub use forge::{Forge, ForgeError, NoForge, Place, SimulatedForge, refresh};
pub use namespace::{clear, discard};
pub use parse::{ParseError, parse};
pub use room::move_to;
pub use run::{Loaded, Outcome, RunError, Timing, World, run};
pub use transcript::{Header, Transcript, read};
pub use watch::WatchError;
