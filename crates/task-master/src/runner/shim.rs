//! What runs in the child between its start and the program: it ties the child's life to its parent's,
//! waits for the parent's word, and becomes the program.
//!
//! The parent-death signal can only be set by the child itself, and the safe way to run code there is to
//! start this executable again. Three things follow:
//! 1. The parent records the child's identity before it gives the word, so no effect precedes the record.
//! 2. A parent that dies before the word closes the pipe, and the child ends without an effect.
//! 3. A parent that dies later takes the child with it: by SIGINT for Terraform, which then saves its
//!    state, by SIGKILL for the others. Grandchildren are not covered; a resume looks for the child first.

use std::ffi::OsString;
use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::process::Stdio;

use nix::sys::signal::Signal;

use crate::command::Stop;

/// The hidden first argument that asks for the shim.
const MARK: &str = "__child";

/// The exit code of a child that never became the program.
pub const NOT_STARTED: i32 = 127;

/// The arguments before the program's path.
pub(super) fn arguments(stop: Stop) -> [String; 3] {
    let signal = match stop {
        Stop::LeaderInterrupt => "int",
        Stop::Group => "kill",
    };
    [MARK.to_owned(), signal.to_owned(), std::process::id().to_string()]
}

/// Becomes the program if this process was started as a shim; else returns at once.
/// Call it first in `main`, before any thread.
///
/// Returns the exit code of a shim that could not become its program.
#[must_use]
pub fn run_if_asked(mut args: impl Iterator<Item = OsString>) -> Option<i32> {
    if args.nth(1)? != MARK {
        return None;
    }
    Some(become_program(args).unwrap_or(NOT_STARTED))
}

/// Returns only on failure.
#[expect(clippy::disallowed_methods, reason = "the second half of the one spawn site")]
fn become_program(mut args: impl Iterator<Item = OsString>) -> Option<i32> {
    let signal = if args.next()? == "int" { Signal::SIGINT } else { Signal::SIGKILL };
    let parent: i32 = args.next()?.to_str()?.parse().ok()?;
    let program = args.next()?;
    nix::sys::prctl::set_pdeathsig(signal).ok()?;
    // The parent may have died before the line above: then another process is our parent now.
    if nix::unistd::getppid().as_raw() != parent {
        return None;
    }
    std::io::stdin().read_exact(&mut [0]).ok()?;
    let error = std::process::Command::new(&program).args(args).stdin(Stdio::null()).exec();
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "cannot become {}: {error}", program.display());
    None
}
