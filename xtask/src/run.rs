//! The one place where xtask starts a process, and the one where it prints.
//!
//! Arguments are argv; there is no shell. A command's own output goes straight to the terminal.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What can go wrong in a verb; the message names the command or the file and what was asked of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A program could not be started at all.
    #[error("cannot start {program}")]
    Start {
        /// The program's name as it was asked for.
        program: String,
        /// Why the operating system refused.
        #[source]
        source: std::io::Error,
    },
    /// A program ran and failed.
    #[error("{command} ended with {status}")]
    Failed {
        /// The whole line, as a person would type it.
        command: String,
        /// Its exit status.
        status: std::process::ExitStatus,
    },
    /// A file could not be read or written.
    #[error("cannot {operation} {path}")]
    File {
        /// "read", "write", …
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A program whose output is only of interest when it fails, failed.
    #[error("{command} ended with {status}:\n{output}")]
    Told {
        /// The whole line, as a person would type it.
        command: String,
        /// Its exit status.
        status: std::process::ExitStatus,
        /// The end of what it wrote.
        output: String,
    },
    /// A check ran and found something.
    #[error("{0}")]
    Found(String),
}

impl Error {
    /// [`Error::File`], for use in `map_err`.
    pub(crate) fn file(operation: &'static str, path: &Path, source: std::io::Error) -> Error {
        Error::File { operation, path: path.to_path_buf(), source }
    }
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Where cargo puts what it builds here.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}

/// A command with the workspace's root as its folder and no standard input.
///
/// What cargo tells this program about its own package is kept from it: build scripts that look at that would
/// compile again, and half of the dependencies with them.
#[expect(clippy::disallowed_methods, reason = "xtask's one spawn site")]
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).stdin(std::process::Stdio::null());
    let of_the_package =
        |name: &String| ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|start| name.starts_with(start));
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names.filter(of_the_package).for_each(|name| {
        command.env_remove(name);
    });
    command
}

/// Runs to the end with the terminal's own output; a failure is an error that shows the whole line.
///
/// # Errors
/// [`Error::Start`] when the program is not there, [`Error::Failed`] when it ends badly.
pub(crate) fn run(command: &mut Command) -> Result<(), Error> {
    let shown = show(command);
    say(&format!("$ {shown}"));
    let status = command
        .status()
        .map_err(|source| Error::Start { program: command.get_program().to_string_lossy().into(), source })?;
    if status.success() { Ok(()) } else { Err(Error::Failed { command: shown, status }) }
}

/// Runs to the end and returns standard output as text; standard error goes to the terminal.
///
/// # Errors
/// As [`run`].
pub(crate) fn read(command: &mut Command) -> Result<String, Error> {
    let output = command
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|source| Error::Start { program: command.get_program().to_string_lossy().into(), source })?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(Error::Failed { command: show(command), status: output.status })
    }
}

/// Runs to the end and returns standard output as text; what it wrote is shown only when it fails.
///
/// # Errors
/// [`Error::Start`], and [`Error::Told`] with the last lines of its output.
pub(crate) fn capture(command: &mut Command) -> Result<String, Error> {
    let output = command
        .output()
        .map_err(|source| Error::Start { program: command.get_program().to_string_lossy().into(), source })?;
    finish(command, output).map(|output| String::from_utf8_lossy(&output).into_owned())
}

/// What a program answered, which was to be JSON.
///
/// # Errors
/// [`Error::Found`] when it is not.
pub(crate) fn json(program: &str, answer: &[u8]) -> Result<serde_json::Value, Error> {
    serde_json::from_slice(answer)
        .map_err(|error| Error::Found(format!("{program} did not answer in JSON: {error}")))
}

/// As [`capture`], with `input` on standard input.
///
/// # Errors
/// As [`capture`].
pub(crate) fn feed(command: &mut Command, input: &[u8]) -> Result<String, Error> {
    feed_bytes(command, input).map(|output| String::from_utf8_lossy(&output).into_owned())
}

/// As [`feed`], for a program whose output is not text.
///
/// # Errors
/// As [`capture`].
pub(crate) fn feed_bytes(command: &mut Command, input: &[u8]) -> Result<Vec<u8>, Error> {
    let program = command.get_program().to_string_lossy().into_owned();
    let start = |source| Error::Start { program: program.clone(), source };
    let piped = std::process::Stdio::piped;
    let mut child = command.stdin(piped()).stdout(piped()).stderr(piped()).spawn().map_err(start)?;
    let mut stdin = child.stdin.take();
    // A thread writes while this one reads: neither side can then wait for the other for ever.
    let output = std::thread::scope(|scope| {
        scope.spawn(move || {
            // A program that ends early breaks the pipe; its exit status says more than that.
            let _ = stdin.as_mut().map(|pipe| pipe.write_all(input));
        });
        child.wait_with_output()
    });
    finish(command, output.map_err(start)?)
}

fn finish(command: &Command, output: std::process::Output) -> Result<Vec<u8>, Error> {
    if output.status.success() {
        return Ok(output.stdout);
    }
    let told =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let lines: Vec<&str> = told.lines().collect();
    let end = lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n");
    Err(Error::Told { command: show(command), status: output.status, output: end })
}

/// Reads a file as text.
///
/// # Errors
/// [`Error::File`].
pub(crate) fn read_file(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|source| Error::file("read", path, source))
}

/// Writes a file, over what was there.
///
/// # Errors
/// [`Error::File`].
pub(crate) fn write_file(path: &Path, text: &str) -> Result<(), Error> {
    std::fs::write(path, text).map_err(|source| Error::file("write", path, source))
}

/// Creates a folder and those above it; one that is there already is no error.
///
/// # Errors
/// [`Error::File`].
pub(crate) fn create_folder(path: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(path).map_err(|source| Error::file("create", path, source))
}

/// What is in a folder, in the order of the names.
///
/// # Errors
/// [`Error::File`].
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let broken = |source| Error::file("list", folder, source);
    let listed = std::fs::read_dir(folder).map_err(broken)?;
    let mut paths: Vec<PathBuf> =
        listed.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>().map_err(broken)?;
    paths.sort();
    Ok(paths)
}

/// A line for the person at the terminal.
#[expect(clippy::print_stderr, reason = "xtask's one place that prints")]
pub(crate) fn say(line: &str) {
    eprintln!("{line}");
}

/// A result for a program that reads it: a line on standard output.
///
/// # Errors
/// When nobody reads there.
pub(crate) fn out(line: &str) -> Result<(), Error> {
    writeln!(std::io::stdout().lock(), "{line}")
        .map_err(|source| Error::file("write", Path::new("standard output"), source))
}

/// An error with its chain, once.
pub(crate) fn say_error(error: &dyn std::error::Error) {
    let mut line = format!("error: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(&format!("\n  caused by: {error}"));
        cause = error.source();
    }
    say(&line);
}

/// The first folder of `PATH` that holds `name` as an executable file.
pub(crate) fn which(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}
