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
    let missing = ["terraform", "kind"].into_iter().find(|name| run::which(name).is_none());
    let reason = match (engine, missing) {
        (Err(Error::Start { .. }), _) => "there is no docker on PATH".to_owned(),
        (Err(error), _) => format!("no Docker engine answers ({})", last_line(&error)),
        (Ok(_), Some(name)) => format!("there is no {name} on PATH"),
        (Ok(_), None) if !folder.is_dir() => format!("{FOLDER} is not there"),
        (Ok(_), None) => {
            run::say("provider kind is unverified: it was written where there is no Docker engine");
            return Ok(());
        }
    };
    Err(Error::Found(format!(
        "provider kind cannot run here, and is unverified: {reason}\nnext: cargo xtask doctor --for kind; \
         or cargo xtask cluster up --provider host, which needs no Docker"
    )))
}

fn last_line(error: &Error) -> String {
    error.to_string().lines().last().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The context that the target `kind` of task-master uses is the one that the configuration makes.
    #[test]
    fn the_configuration_makes_the_cluster_that_is_meant() {
        let variables = run::read_file(&run::root().join(FOLDER).join("variables.tf")).unwrap();
        assert!(variables.contains(&format!("default     = \"{NAME}\"")), "{variables}");
        let target = run::read_file(&run::root().join("crates/task-master/src/target.rs")).unwrap();
        assert!(target.contains(&format!("\"kind-{NAME}\"")));
    }

    #[test]
    fn where_it_cannot_run_it_says_why_and_what_next() {
        if let Err(error) = able(&run::root().join(FOLDER)) {
            let said = error.to_string();
            assert!(
                said.contains("unverified: ") && said.contains("next: cargo xtask doctor --for kind"),
                "{said}"
            );
        }
        let error = last_line(&Error::Found("a\nb".to_owned()));
        assert_eq!(error, "b");
    }
}
