//! What the tests of several crates share, and no program uses: a development dependency only.
//!
//! A crate, and not one file that each test binary takes in by its path: there, whatever one binary does not use is
//! dead code.

pub mod bystander;
pub mod example;
pub mod gate;
