//! A user who may read and write nothing: what the mode of a file forbids, root does all the same, so a test of it that
//! runs as root hands its child to somebody else.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The user and group without rights: `nobody` on every Linux.
const NOBODY: u32 = 65534;

/// Has a command's process run as a user whom modes bind: the one who runs the test, or nobody where that is root.
/// The program and all folders above it must be open to everybody; see [`copy`].
pub fn run_as(command: &mut Command) -> &mut Command {
    if nix::unistd::Uid::effective().is_root() { command.uid(NOBODY).gid(NOBODY) } else { command }
}

/// Copies a program into a folder, where everybody may run it.
///
/// # Errors
/// What the system says.
pub fn copy(program: &Path, folder: &Path) -> io::Result<PathBuf> {
    let to = folder.join(program.file_name().unwrap_or(program.as_os_str()));
    fs::copy(program, &to)?;
    fs::set_permissions(&to, Permissions::from_mode(0o755))?;
    Ok(to)
}

/// Lets everybody read a folder and all in it. `writable` says whether its owner may go on writing.
///
/// # Errors
/// What the system says.
pub fn open_to_all(path: &Path, writable: bool) -> io::Result<()> {
    let is_folder = path.is_dir();
    let write = if writable { 0o200 } else { 0 };
    // A folder that nobody may write into can still be given its mode back by its owner.
    if is_folder {
        fs::set_permissions(path, Permissions::from_mode(0o755))?;
        for entry in fs::read_dir(path)? {
            open_to_all(&entry?.path(), writable)?;
        }
    }
    let mode = if is_folder { 0o555 } else { fs::metadata(path)?.permissions().mode() & 0o111 | 0o444 };
    fs::set_permissions(path, Permissions::from_mode(mode | write))
}
