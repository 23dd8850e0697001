//! A shipped configuration in a folder of its own, with its provider in a mirror beside it.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::KUBECTL;
use crate::gomodule;
use crate::run::{self, Error};

/// Where Terraform looks for a provider of its registry.
const SOURCE: &str = "registry.terraform.io/gavinbunney/kubectl";

/// An initialised copy of the configuration; it is gone with this value.
pub(super) struct Stage {
    folder: tempfile::TempDir,
    terraform: PathBuf,
    /// Where the configuration lies, in the repository and here.
    configuration: &'static str,
}

impl Stage {
    /// The variables of terraform/cluster by themselves: its provider is not to be had as a Go module.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(super) fn of_the_clusters_variables(terraform: &Path) -> Result<Stage, Error> {
        let stage = Stage::empty(terraform, "terraform/cluster")?;
        for name in ["variables.tf", "tests"] {
            gomodule::copy(&stage.shipped().join(name), &stage.configuration().join(name))?;
        }
        Ok(stage)
    }

    /// terraform/platform. Compiles the provider where that was not done yet, and lets Terraform initialise.
    ///
    /// # Errors
    /// A provider that does not compile, a file that cannot be written, or what Terraform says.
    pub(super) fn of_the_platform(terraform: &Path) -> Result<Stage, Error> {
        let stage = Stage::empty(terraform, "terraform/platform")?;
        gomodule::copy(&stage.shipped(), &stage.configuration())?;
        // The working folder's own lock and state are a user's; here everything begins anew.
        for name in [".terraform", ".terraform.lock.hcl", "terraform.tfstate", "terraform.tfstate.backup"] {
            remove(&stage.configuration().join(name))?;
        }
        // The configuration reads files of the repository beside it.
        let deploy = stage.folder.path().join("deploy");
        std::os::unix::fs::symlink(run::root().join("deploy"), &deploy)
            .map_err(|source| Error::file("link", &deploy, source))?;
        stage.provide()?;
        run::capture(&mut stage.terraform(&["init", "-input=false", "-no-color"]))?;
        Ok(stage)
    }

    /// A folder in which Terraform finds no provider yet.
    fn empty(terraform: &Path, configuration: &'static str) -> Result<Stage, Error> {
        let folder =
            tempfile::tempdir().map_err(|source| Error::file("create", &std::env::temp_dir(), source))?;
        let stage = Stage { folder, terraform: terraform.to_path_buf(), configuration };
        let text = format!(
            "disable_checkpoint = true\nprovider_installation {{\n  filesystem_mirror {{\n    path = {:?}\n  }}\n}}\n",
            stage.mirror()
        );
        run::write_file(&stage.settings(), &text)?;
        Ok(stage)
    }

    /// A call of Terraform on the copy; no setting of the person's own reaches it.
    pub(super) fn terraform(&self, words: &[&str]) -> Command {
        let mut command = run::command(&self.terraform);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TF_") {
                command.env_remove(name);
            }
        }
        command.env("TF_CLI_CONFIG_FILE", self.settings()).env("TF_IN_AUTOMATION", "1");
        command.arg(format!("-chdir={}", self.configuration().display())).args(words);
        command
    }

    /// A file of this folder that Terraform may write.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn configuration(&self) -> PathBuf {
        self.file(self.configuration)
    }

    fn shipped(&self) -> PathBuf {
        run::root().join(self.configuration)
    }

    fn mirror(&self) -> PathBuf {
        self.file("mirror")
    }

    fn settings(&self) -> PathBuf {
        self.file("terraform.rc")
    }

    /// The provider where Terraform looks for it.
    fn provide(&self) -> Result<(), Error> {
        let provider = gomodule::ensure(&KUBECTL)?;
        let version = KUBECTL.version;
        let folder = self.mirror().join(SOURCE).join(version).join(self.platform()?);
        run::create_folder(&folder)?;
        let file = folder.join(format!("{}_v{version}", KUBECTL.name));
        std::os::unix::fs::symlink(&provider, &file).map_err(|source| Error::file("link", &file, source))
    }

    /// System and architecture, as Terraform spells them.
    fn platform(&self) -> Result<String, Error> {
        let told = run::capture(
            run::command(&self.terraform).args(["version", "-json"]).env("CHECKPOINT_DISABLE", "1"),
        )?;
        let told = run::json("terraform version", told.as_bytes())?;
        let platform = told["platform"].as_str();
        platform
            .map(str::to_owned)
            .ok_or_else(|| Error::Found("terraform version names no platform".to_owned()))
    }
}

fn remove(path: &Path) -> Result<(), Error> {
    let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    match removed {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::file("delete", path, source))
        }
        _ => Ok(()),
    }
}
