//! What the host cluster needs of a machine, for whoever asks without bringing it up.

use std::path::PathBuf;

use super::places::Places;
use super::{listeners, programs, requirements, status};

/// How many programs of Debian's are there, and the packages that bring the others.
pub(crate) fn packages() -> (usize, Vec<&'static str>) {
    let missing = requirements::missing();
    let there = programs::DEBIAN.len() - missing.len();
    let mut packages: Vec<&str> = missing.iter().map(|debian| debian.package).collect();
    packages.sort_unstable();
    packages.dedup();
    (there, packages)
}

/// How many of the components are compiled, and how many there are.
pub(crate) fn components() -> (usize, usize) {
    let compiled = programs::ALL.iter().filter(|program| program.file().is_ok_and(|file| file.is_file()));
    (compiled.count(), programs::ALL.len())
}

/// Addresses that the cluster needs and that another process than its own has.
pub(crate) fn taken() -> Vec<String> {
    let taken = listeners::taken(&status::running(&Places::new(None)));
    taken.iter().map(ToString::to_string).collect()
}

/// Which of these ports somebody listens on, on loopback or on every address.
pub(crate) fn held(ports: &[u16]) -> Vec<String> {
    ports.iter().filter(|port| listeners::is_held(**port)).map(ToString::to_string).collect()
}

/// The folder of the state.
pub(crate) fn state() -> PathBuf {
    Places::new(None).state().to_path_buf()
}
