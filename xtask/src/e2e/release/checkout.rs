//! What a developer and CI do: Git and the shipped script, in a clone of what the cluster's Git server has.

use std::path::{Path, PathBuf};

use base64::Engine;

use crate::cluster;
use crate::e2e::found;
use crate::run::{self, Error};

/// The repository on the cluster's Git server.
const REPOSITORY: &str = "end-to-end";
/// How Argo CD learns of a commit.
#[derive(Clone, Copy)]
pub(super) enum News {
    /// A forge tells it.
    Webhook,
    /// Somebody asks it to look.
    Refresh,
}

/// Tells Argo CD of a commit, as a forge does.
pub(super) async fn announce(commit: &str) -> Result<(), Error> {
    cluster::pushed(REPOSITORY, commit).await
}

/// The code change: what `/` says of its colour.
pub(super) const SOURCE: &str = "crates/demo-app/src/app.rs";
const BEFORE: &str = r#""colour": settings.colour()"#;
/// What the changed line says.
pub(super) const AFTER: &str = r#""colour": "violet""#;

/// A developer's clone of the repository.
pub(super) struct Checkout {
    folder: PathBuf,
    /// Where it pushes to.
    branch: &'static str,
    /// The header that lets in, where the repository is not everybody's: an argument would show it.
    header: Option<String>,
}

impl Checkout {
    /// A repository with this checkout as its only commit, cloned into a folder; its address too.
    pub(super) fn fresh(folder: &Path) -> Result<(Self, String), Error> {
        let url = cluster::fresh_repository(REPOSITORY)?;
        let checkout = Checkout { folder: folder.join("clone"), branch: "main", header: None };
        run::capture(run::command("git").args(["clone", "--quiet", &url]).arg(&checkout.folder))?;
        Ok((checkout, url))
    }

    /// The same as all that another repository has, which lets this user in by a token.
    pub(super) fn moved(mut self, url: &str, user: &str, token: &str) -> Result<Self, Error> {
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{token}"));
        self.header = Some(format!("Authorization: Basic {pair}"));
        self.git(&["remote", "set-url", "origin", url])?;
        self.push()?;
        Ok(self)
    }

    /// Has what follows on a branch of its own.
    pub(super) fn on(mut self, branch: &'static str) -> Result<Self, Error> {
        self.branch = branch;
        self.git(&["switch", "--quiet", "--create", branch])?;
        Ok(self)
    }

    /// Changes the code, commits and pushes.
    pub(super) fn change_code(&self) -> Result<(), Error> {
        self.change(SOURCE, BEFORE, AFTER, "Show violet").map(|_| ())
    }

    /// Changes one place of a file, commits and pushes; returns the commit.
    pub(super) fn change(&self, file: &str, from: &str, to: &str, message: &str) -> Result<String, Error> {
        let path = self.folder.join(file);
        let text = run::read_file(&path)?;
        if text.matches(from).count() != 1 {
            return found(&format!("{file} has not exactly one {from:?} to change"));
        }
        run::write_file(&path, &text.replace(from, to))?;
        self.commit(message)
    }

    /// Changes one place of each of several files, commits and pushes all of it at once; returns the commit.
    pub(super) fn change_all(
        &self,
        files: &[String],
        change: impl Fn(&str) -> String,
        message: &str,
    ) -> Result<String, Error> {
        for file in files {
            let path = self.folder.join(file);
            let text = run::read_file(&path)?;
            let changed = change(&text);
            if changed == text {
                return found(&format!("{file} has nothing to change"));
            }
            run::write_file(&path, &changed)?;
        }
        self.commit(message)
    }

    /// The files of a folder, and of those below it.
    pub(super) fn files(&self, folder: &str) -> Result<Vec<String>, Error> {
        Ok(self.git(&["ls-files", "--", folder])?.lines().map(str::to_owned).collect())
    }

    /// What a file says.
    pub(super) fn read(&self, file: &str) -> Result<String, Error> {
        run::read_file(&self.folder.join(file))
    }

    /// Takes files out, with the next commit.
    pub(super) fn remove(&self, files: &[&str]) -> Result<(), Error> {
        self.git(&[&["rm", "--quiet", "--"][..], files].concat()).map(drop)
    }

    /// Writes a file, commits and pushes; returns the commit.
    pub(super) fn put(&self, file: &str, text: &str, message: &str) -> Result<String, Error> {
        run::write_file(&self.folder.join(file), text)?;
        self.git(&["add", "--", file])?;
        self.commit(message)
    }

    fn commit(&self, message: &str) -> Result<String, Error> {
        self.git(&["commit", "--quiet", "--all", "--message", message])?;
        self.push()
    }

    /// Takes the last commit back, as a commit, and pushes; returns it.
    pub(super) fn revert(&self) -> Result<String, Error> {
        self.git(&["revert", "--no-edit", "HEAD"])?;
        self.push()
    }

    fn push(&self) -> Result<String, Error> {
        self.git(&["push", "--quiet", "origin", &format!("HEAD:refs/heads/{}", self.branch)])?;
        Ok(self.git(&["rev-parse", "HEAD"])?.trim().to_owned())
    }

    /// Runs the shipped script for a chart, and returns the commit that it pushed.
    pub(super) async fn release(&self, chart: &str, tag: &str) -> Result<String, Error> {
        let own =
            std::env::current_exe().map_err(|source| Error::file("find", Path::new("xtask"), source))?;
        let mut script = run::command("sh");
        script
            .args(["deploy/ci/release.sh", tag])
            .current_dir(&self.folder)
            .env("XTASK", own)
            .env("CHART", chart);
        identity(&mut script);
        // In a thread of its own: the load goes on meanwhile.
        let done = tokio::task::spawn_blocking(move || run::capture(&mut script));
        done.await.map_err(|error| Error::Found(format!("the script was not run: {error}")))??;
        Ok(self.git(&["rev-parse", "HEAD"])?.trim().to_owned())
    }

    /// Git on what the server has now.
    pub(super) fn remote(&self, words: &[&str]) -> Result<String, Error> {
        run::capture(run::command("git").arg("--git-dir").arg(cluster::repository(REPOSITORY)).args(words))
    }

    fn git(&self, words: &[&str]) -> Result<String, Error> {
        let mut command = run::command("git");
        command.args(words).current_dir(&self.folder);
        identity(&mut command);
        if let Some(header) = &self.header {
            command.envs([("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "http.extraHeader")]);
            command.env("GIT_CONFIG_VALUE_0", header);
        }
        run::capture(&mut command)
    }
}

fn identity(command: &mut std::process::Command) {
    for role in ["AUTHOR", "COMMITTER"] {
        command
            .env(format!("GIT_{role}_NAME"), "developer")
            .env(format!("GIT_{role}_EMAIL"), "developer@localhost");
    }
}
