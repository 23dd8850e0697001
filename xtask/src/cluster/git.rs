//! Folders of this checkout in the cluster's own Git repository, where Argo CD reads them.
//!
//! The commit is made in a store of its own and pushed over HTTP as any other: neither this checkout's index
//! nor its history is touched, and what the repository holds beside these folders stays.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::places::{GIT, Places};
use crate::run::{self, Error};

/// Where a push goes, and what is pushed.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The repository's name on the cluster; it is created where it is missing.
    #[arg(long, value_name = "NAME", default_value = REPOSITORY)]
    repository: String,
    /// The branch.
    #[arg(long, value_name = "NAME", default_value = "main")]
    branch: String,
    /// What the commit says.
    #[arg(long, value_name = "TEXT", default_value = "Take over the folders of the checkout")]
    message: String,
    /// Folders or files of this checkout, as they lie in the working tree.
    #[arg(value_name = "FOLDER", default_value = "charts")]
    folders: Vec<PathBuf>,
}

/// The repository that the shipped Applications stand in on this cluster.
pub(crate) const REPOSITORY: &str = "progressive-delivery";

/// Who the commits are from; no setting of a person is read.
const IDENTITY: &[(&str, &str)] = &[
    ("GIT_AUTHOR_NAME", "cluster"),
    ("GIT_AUTHOR_EMAIL", "cluster@localhost"),
    ("GIT_COMMITTER_NAME", "cluster"),
    ("GIT_COMMITTER_EMAIL", "cluster@localhost"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
];

/// The address of a repository of the cluster's.
pub(crate) fn url(repository: &str) -> String {
    format!("http://{GIT}/{repository}.git")
}

/// Makes the branch hold these folders as they are now: one commit on its tip, or none where it does already.
/// Prints the repository's address and the tip.
///
/// # Errors
/// A name that is none, a server that does not answer, or what Git says.
pub(crate) fn push(places: &Places, options: &Options) -> Result<(), Error> {
    create(places, &options.repository)?;
    run::out(&commit(&url(&options.repository), options)?)
}

/// The line that [`push`] prints.
fn commit(url: &str, options: &Options) -> Result<String, Error> {
    let work = Work::begin(url, options)?;
    let tree = work.tree()?;
    let tip = match &work.tip {
        Some(tip) if work.git(&["rev-parse", &format!("{tip}^{{tree}}")])? == tree => {
            run::say("the branch holds them already");
            tip.clone()
        }
        tip => {
            let mut words = vec!["commit-tree", "-m", &options.message, &tree];
            words.extend(tip.iter().flat_map(|tip| ["-p", tip.as_str()]));
            let commit = work.git(&words)?;
            work.git(&["push", url, &format!("{commit}:refs/heads/{}", options.branch)])?;
            commit
        }
    };
    Ok(format!("{url} {} {tip}", options.branch))
}

/// A new repository with the whole checkout as its only commit, in place of one of that name. Returns its address.
///
/// # Errors
/// As [`push`].
pub(crate) fn fresh(places: &Places, repository: &str) -> Result<String, Error> {
    named(repository)?;
    let folder = folder(places, repository);
    if folder.is_dir() {
        std::fs::remove_dir_all(&folder).map_err(|source| Error::file("delete", &folder, source))?;
    }
    let [branch, message] = ["main", "The checkout"].map(str::to_owned);
    let options = Options { repository: repository.to_owned(), branch, message, folders: vec![".".into()] };
    push(places, &options)?;
    Ok(url(repository))
}

/// Where a repository lies.
pub(crate) fn folder(places: &Places, repository: &str) -> PathBuf {
    places.repositories().join(format!("{repository}.git"))
}

/// Says whether the branch has ever held these folders as they are now. Releases change them afterwards, and
/// that is theirs to do.
///
/// # Errors
/// When it never did, or cannot be asked.
pub(crate) fn check(options: &Options) -> Result<(), Error> {
    named(&options.repository)?;
    run::out(&find(&url(&options.repository), options)?)
}

/// The line that [`check`] prints.
fn find(url: &str, options: &Options) -> Result<String, Error> {
    let work = Work::begin(url, options)?;
    let branch = &options.branch;
    let never = || {
        Error::Found(format!(
            "branch {branch} of {url} never held these folders as they are in this checkout"
        ))
    };
    let wanted = work.entries(&work.tree()?)?;
    let tip = work.tip.as_deref().ok_or_else(never)?;
    for commit in work.git(&["rev-list", tip])?.lines() {
        if work.entries(commit)? == wanted {
            return Ok(format!("{url} {branch} held them at {commit}"));
        }
    }
    Err(never())
}

/// An empty repository, unless it is there. Only this machine's superuser may: pushing creates none.
fn create(places: &Places, repository: &str) -> Result<(), Error> {
    named(repository)?;
    let root = places.repositories();
    if !root.is_dir() {
        return Err(absent(&root.display().to_string()));
    }
    let folder = folder(places, repository);
    if folder.join("HEAD").is_file() {
        return Ok(());
    }
    init(&folder)
}

fn init(folder: &Path) -> Result<(), Error> {
    let mut command = run::command("git");
    command.args(["init", "--quiet", "--bare", "--initial-branch=main"]).arg(folder);
    run::capture(command.envs(IDENTITY.iter().copied())).map(|_| ())
}

/// A name is one part of a path and of a URL.
pub(super) fn named(repository: &str) -> Result<(), Error> {
    let good = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !repository.is_empty() && !repository.starts_with(['.', '-']) && repository.chars().all(good) {
        return Ok(());
    }
    Err(Error::Found(format!("`{repository}` is no name of a repository: letters, digits, `-`, `_` and `.`")))
}

fn absent(what: &str) -> Error {
    Error::Found(format!("the cluster's Git is not up ({what}); next: cargo xtask cluster up --part argocd"))
}

/// A store for one push or look, thrown away afterwards.
struct Work<'a> {
    store: tempfile::TempDir,
    folders: &'a [PathBuf],
    /// The branch's last commit, fetched.
    tip: Option<String>,
}

impl Work<'_> {
    fn begin<'o>(url: &str, options: &'o Options) -> Result<Work<'o>, Error> {
        let store =
            tempfile::tempdir().map_err(|source| Error::file("create", &std::env::temp_dir(), source))?;
        let mut work = Work { store, folders: &options.folders, tip: None };
        init(work.store.path())?;
        let name = format!("refs/heads/{}", options.branch);
        let listed = work.git(&["ls-remote", url, &name]).map_err(|error| absent(&last_line(&error)))?;
        if !listed.is_empty() {
            work.git(&["fetch", "--quiet", url, &format!("+{name}:refs/tip")])?;
            work.tip = Some(work.git(&["rev-parse", "refs/tip"])?);
        }
        Ok(work)
    }

    /// The tip's tree with the folders as they lie in the working tree.
    fn tree(&self) -> Result<String, Error> {
        if let Some(tip) = &self.tip {
            self.git(&["read-tree", tip])?;
        }
        let mut command = self.command(&["add", "--all", "--"]);
        run::capture(command.args(self.folders))?;
        self.git(&["write-tree"])
    }

    /// The folders of a commit or tree, with the identities of their contents.
    fn entries(&self, tree: &str) -> Result<String, Error> {
        let mut command = self.command(&["ls-tree", tree, "--"]);
        run::capture(command.args(self.folders))
    }

    fn git(&self, words: &[&str]) -> Result<String, Error> {
        Ok(run::capture(&mut self.command(words))?.trim().to_owned())
    }

    /// The cluster's Git is on loopback, so a proxy for the outside is never asked for it.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = run::command("git");
        command
            .envs(IDENTITY.iter().copied())
            .args(["-c", "http.proxy=", "-c", "core.autocrlf=false"])
            .args(words);
        command.env("GIT_DIR", self.store.path()).env("GIT_WORK_TREE", run::root());
        command.env("GIT_INDEX_FILE", self.store.path().join("index"));
        command
    }
}

fn last_line(error: &Error) -> String {
    error.to_string().lines().last().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(names: &[&str]) -> Options {
        let folders = names.iter().map(PathBuf::from).collect();
        let [repository, branch, message] = ["x", "main", "Take over"].map(str::to_owned);
        Options { repository, branch, message, folders }
    }

    #[test]
    fn what_was_pushed_is_found_in_the_history_and_what_others_pushed_stays() {
        let bare = tempfile::tempdir().unwrap();
        init(bare.path()).unwrap();
        let url = bare.path().display().to_string();
        let charts = folders(&["charts"]);
        let error = find(&url, &charts).unwrap_err().to_string();
        assert!(error.contains("never held"), "{error}");

        let first = commit(&url, &charts).unwrap();
        assert_eq!(commit(&url, &charts).unwrap(), first, "the same again is no new commit");
        let second = commit(&url, &folders(&["argocd"])).unwrap();
        assert_ne!(first, second);
        let listed =
            run::capture(run::command("git").arg("-C").arg(bare.path()).args(["ls-tree", "main"])).unwrap();
        assert!(listed.contains("\tcharts") && listed.contains("\targocd"), "{listed}");
        assert_eq!(
            find(&url, &charts).unwrap(),
            first
                .replace("main ", "main held them at ")
                .replace(first.rsplit(' ').next().unwrap(), second.rsplit(' ').next().unwrap())
        );
        assert!(find(&url, &folders(&["deploy"])).is_err());
    }

    #[test]
    fn a_name_is_one_part_of_a_path() {
        assert!(named(REPOSITORY).is_ok());
        for bad in ["", "..", "a/b", "-a", "a b", ".git"] {
            assert!(named(bad).is_err(), "{bad}");
        }
    }
}
