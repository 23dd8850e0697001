//! `tick`: ticks the boxes of what is done, in a copy or in place.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use task_manager::{commit, tick};

use super::failure::Failure;
use super::{Answer, Context};

/// Arguments of `tick`.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false, id = "where")]
pub(crate) struct Args {
    /// Write the ticked PRD into this file
    #[arg(long, short, value_name = "FILE", group = "where")]
    output: Option<PathBuf>,
    /// Tick in the PRD itself
    #[arg(long, group = "where")]
    in_place: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Answer, Failure> {
    let project = context.project()?;
    let commit = commit::head(project.place().root());
    let target = context.target();
    let ticked = tick::tick(project.source(), project.plan(), project.state(), target, commit.as_deref())?;
    let to = args.output.as_ref().unwrap_or(&project.place().prd);
    // In place with nothing to tick leaves the file alone.
    if args.output.is_some() || !ticked.ids.is_empty() {
        replace(to, &ticked.text).map_err(|source| Failure::Write { path: to.clone(), source })?;
    }
    let mut text: String = ticked.ids.iter().map(|id| format!("  [x] {id}\n")).collect();
    let boxes = if ticked.ids.len() == 1 { "box" } else { "boxes" };
    text += &format!(
        "{} {boxes} ticked in {} by live evidence on target {target}\n",
        ticked.ids.len(),
        to.display()
    );
    Ok(Answer::ok(text))
}

/// Puts the text in the file's place whole or not at all, with the permissions of the file that was there.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().ok_or(io::ErrorKind::InvalidInput)?);
    name.push(format!(".{}.tmp", std::process::id()));
    let beside = dir.join(name);
    let write = || {
        let mut file = File::create_new(&beside)?;
        if let Ok(there) = fs::metadata(&path) {
            file.set_permissions(there.permissions())?;
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, &path)?;
        File::open(dir)?.sync_all()
    };
    write().inspect_err(|_| {
        let _ = fs::remove_file(&beside);
    })
}
