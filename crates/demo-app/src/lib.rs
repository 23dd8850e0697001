//! What the workload of every demonstration and test does, as its environment says.
//!
//! The program itself is the binary of this package. Its settings are a library, because the simulator reads
//! the same variables from a pod's manifest and must not read them differently.

pub mod settings;

pub use settings::{Misread, Settings};
