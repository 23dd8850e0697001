//! The kind provider: the same cluster in containers of a Docker engine, made by `terraform/cluster`.
//!
//! Nothing here has been seen to work unless an engine answered; every verb says so.

use std::path::{Path, PathBuf};

use crate::run::{self, Error};

/// Where the cluster is described.
const FOLDER: &str = "terraform/cluster";
/// The cluster's name in kind.
const NAME: &str = "blue-green-canary";

/// What is asked of the provider.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ask {
    Up,
    Down,
    Status,
}

/// Checks that it can work at all, and then lets terraform do it.
///
/// # Errors
/// Why it cannot run here, or what terraform says.
pub(crate) fn run(ask: Ask) -> Result<(), Error> {
    let folder = run::root().join(FOLDER);
    able(&folder)?;
    let terraform = |words: &[&str]| {
        let mut command = run::command("terraform");
        command.arg(format!("-chdir={}", folder.display())).args(words);
        run::run(&mut command)
    };
    match ask {
        Ask::Up => {
            terraform(&["init", "-input=false"])?;
            terraform(&["apply", "-input=false", "-auto-approve"])
        }
        Ask::Down => terraform(&["destroy", "-input=false", "-auto-approve"]),
        Ask::Status => terraform(&["show"]),
    }
}

/// Loads archives into the nodes; there is no registry in between.
///
/// # Errors
/// Why it cannot run here, or what kind says.
pub(crate) fn load(archives: &[PathBuf]) -> Result<(), Error> {
    able(&run::root().join(FOLDER))?;
    for archive in archives {
        run::run(run::command("kind").args(["load", "image-archive", "--name", NAME]).arg(archive))?;
    }
    Ok(())
}

fn able(folder: &Path) -> Result<(), Error> {
    let engine = run::capture(run::command("docker").args(["version", "--format", "{{.Server.Version}}"]));
    let reason = match engine {
        Err(Error::Start { .. }) => Some("there is no docker on PATH".to_owned()),
        Err(error) => Some(format!("no Docker engine answers ({})", first_line(&error))),
        Ok(_) if run::which("terraform").is_none() => Some("there is no terraform on PATH".to_owned()),
        Ok(_) if !folder.is_dir() => Some(format!("{FOLDER} is not there")),
        Ok(_) => None,
    };
    reason.map_or(Ok(()), |reason| {
        Err(Error::Found(format!(
            "provider kind cannot run here and is unverified: {reason}; use --provider host, which needs no Docker"
        )))
    })
}

fn first_line(error: &Error) -> String {
    error.to_string().lines().last().unwrap_or_default().to_owned()
}
