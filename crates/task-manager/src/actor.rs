//! Who does something, for the log.

use nix::unistd::{Uid, User};

/// The name of the user whose process this is, or `uid N` where that one has no name.
pub fn current() -> String {
    let uid = Uid::current();
    match User::from_uid(uid) {
        Ok(Some(user)) => user.name,
        _ => format!("uid {uid}"),
    }
}
