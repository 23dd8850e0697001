//! The repository of a scenario: commits of one file, made without a working tree.
//!
//! Commits stand on no setting of a person, and each command is an argument vector.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::forge::ForgeError;

/// The only file.
const FILE: &str = "manifests.yaml";
const BRANCH: &str = "refs/heads/main";

/// A bare repository.
#[derive(Debug, Clone)]
pub(crate) struct Repository {
    folder: PathBuf,
}

impl Repository {
    /// An empty one, in place of whatever repository was there.
    ///
    /// # Errors
    /// A folder that cannot be replaced, or what Git says.
    pub(crate) fn begin(folder: &Path) -> Result<Self, ForgeError> {
        if folder.join("HEAD").is_file() {
            let gone = std::fs::remove_dir_all(folder);
            gone.map_err(|error| ForgeError(format!("delete {}: {error}", folder.display())))?;
        }
        std::fs::create_dir_all(folder)
            .map_err(|error| ForgeError(format!("make {}: {error}", folder.display())))?;
        let repository = Repository { folder: folder.to_owned() };
        repository.git(&["init", "--quiet", "--bare", "--initial-branch", "main"], "")?;
        Ok(repository)
    }

    /// A commit after which the repository holds this text. Returns its id.
    ///
    /// # Errors
    /// What Git says.
    pub(crate) fn commit(&self, text: &str, message: &str) -> Result<String, ForgeError> {
        let blob = self.git(&["hash-object", "-w", "--stdin"], text)?;
        let tree = self.git(&["mktree"], &format!("100644 blob {blob}\t{FILE}\n"))?;
        self.add(&tree, message)
    }

    /// A commit that takes the last one back. Returns its id.
    ///
    /// # Errors
    /// Fewer than two commits, or what Git says.
    pub(crate) fn revert(&self) -> Result<String, ForgeError> {
        let before = self.git(&["rev-parse", "--verify", &format!("{BRANCH}~1^{{tree}}")], "")?;
        self.add(&before, "Revert the last commit")
    }

    fn add(&self, tree: &str, message: &str) -> Result<String, ForgeError> {
        let mut words = vec!["commit-tree", "-m", message, tree];
        let tip = self.git(&["for-each-ref", "--format=%(objectname)", BRANCH], "")?;
        if !tip.is_empty() {
            words.extend(["-p", &tip]);
        }
        let commit = self.git(&words, "")?;
        self.git(&["update-ref", BRANCH, &commit], "")?;
        Ok(commit)
    }

    /// What a command prints, without the end of its line.
    fn git(&self, words: &[&str], input: &str) -> Result<String, ForgeError> {
        let failed = |why: String| ForgeError(format!("git {}: {why}", words[0]));
        let mut child = self.start(words).map_err(|error| failed(error.to_string()))?;
        // Dropped at the end of the statement, which ends the input. None of these commands prints before it has read.
        let written = child.stdin.take().map_or(Ok(()), |mut pipe| pipe.write_all(input.as_bytes()));
        let output = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        written.map_err(|error| failed(error.to_string()))?;
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }

    #[expect(clippy::disallowed_methods, reason = "the scenarios' one spawn site")]
    fn start(&self, words: &[&str]) -> std::io::Result<std::process::Child> {
        let mut command = Command::new("git");
        command.arg("--git-dir").arg(&self.folder).args(words).env("GIT_CONFIG_GLOBAL", "/dev/null");
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("LC_ALL", "C").env_remove("GIT_WORK_TREE");
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "scenario");
            command.env(format!("GIT_{role}_EMAIL"), "scenario@localhost");
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_follow_each_other_and_a_revert_holds_what_was_before() {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::begin(&folder.path().join("a.git")).unwrap();
        let held = |commit: &str| repository.git(&["show", &format!("{commit}:{FILE}")], "").unwrap();
        let first = repository.commit("one\n", "One").unwrap();
        let error = repository.revert().unwrap_err();
        assert!(error.0.starts_with("git rev-parse: "), "nothing to take back: {error}");
        let second = repository.commit("two\n", "Two").unwrap();
        let third = repository.revert().unwrap();
        assert_eq!([first, second, third.clone()].map(|commit| held(&commit)), ["one", "two", "one"]);
        assert_eq!(repository.git(&["rev-list", "--count", BRANCH], "").unwrap(), "3");
        assert_eq!(repository.git(&["rev-parse", BRANCH], "").unwrap(), third);
    }

    #[test]
    fn a_repository_begins_empty_whatever_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.git");
        Repository::begin(&path).unwrap().commit("one\n", "One").unwrap();
        let again = Repository::begin(&path).unwrap();
        assert_eq!(again.git(&["for-each-ref"], "").unwrap(), "");
        std::fs::write(folder.path().join("file"), "").unwrap();
        assert!(Repository::begin(&folder.path().join("file")).unwrap_err().0.starts_with("make "));
    }
}
