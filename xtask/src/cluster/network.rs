//! The private link: one address that the host's components bind to and pods reach, and a network namespace
//! behind it for the components that can only listen on all addresses.
//!
//! A virtual cable and not a dummy interface: not every kernel has dummies, and the namespace is wanted anyway.

use std::path::Path;

use super::places::{ADDRESS, BRIDGE, INNER_ADDRESS, LINK, NAMESPACE, PREFIX};
use crate::run::{self, Error};

/// Makes the link unless it is there.
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn up() -> Result<(), Error> {
    if link_exists(LINK) && Path::new("/run/netns").join(NAMESPACE).exists() {
        return Ok(());
    }
    down();
    ip(&["netns", "add", NAMESPACE])?;
    ip(&["link", "add", LINK, "type", "veth", "peer", "name", "host", "netns", NAMESPACE])?;
    ip(&["address", "add", &format!("{ADDRESS}/{PREFIX}"), "dev", LINK])?;
    ip(&["link", "set", LINK, "up"])?;
    let inside = |words: &[&str]| ip(&[&["-n", NAMESPACE], words].concat());
    inside(&["address", "add", &format!("{INNER_ADDRESS}/{PREFIX}"), "dev", "host"])?;
    inside(&["link", "set", "host", "up"])?;
    inside(&["link", "set", "lo", "up"])?;
    // Services and pods lie behind the host's side.
    inside(&["route", "add", "default", "via", ADDRESS])
}

/// Takes away the link, the namespace and the pods' bridge; what is not there is no error.
pub(crate) fn down() {
    // Deleting one end of a virtual cable deletes the other, and the namespace.
    for words in [["link", "del", LINK].as_slice(), &["netns", "del", NAMESPACE], &["link", "del", BRIDGE]] {
        let _ = ip(words);
    }
}

/// Deletes the namespaces of pods by their names.
pub(crate) fn delete_namespaces<'a>(names: impl Iterator<Item = &'a String>) {
    for name in names {
        let _ = ip(&["netns", "del", name]);
    }
}

/// Whether an interface of this name is there.
pub(crate) fn link_exists(name: &str) -> bool {
    Path::new("/sys/class/net").join(name).exists()
}

fn ip(words: &[&str]) -> Result<(), Error> {
    run::capture(run::command("ip").args(words)).map(|_| ())
}
