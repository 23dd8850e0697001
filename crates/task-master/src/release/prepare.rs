//! What is to be committed, found out before anything is changed, and then pushed.

use std::path::PathBuf;

use super::git::{GitError, Repository};
use super::values;
use super::{Change, Place, Pushed, ReleaseError};
use crate::context::Context;

/// A change that can be made.
#[derive(Debug)]
pub struct Prepared {
    repository: Repository,
    branch: String,
    /// The values file, from the repository's top, and where it is.
    file: String,
    path: PathBuf,
    /// What is in it, and what shall be.
    text: String,
    changed: String,
    from: String,
    to: String,
    message: String,
    reverts: Option<String>,
}

/// Opens the repository and works the change out; changes nothing. The commit will give the reason, if there is one.
///
/// # Errors
/// As [`ReleaseError`] says, but for those of a push.
pub fn prepare(
    context: &Context,
    place: &Place,
    change: &Change,
    reason: Option<&str>,
) -> Result<Prepared, ReleaseError> {
    let repository = Repository::open(context, &place.repository, place.branch.as_deref())?;
    let branch = branch(&repository, place)?;
    let file = place.values.clone();
    let path = repository.folder().join(&file);
    if !path.is_file() {
        return Err(ReleaseError::NoFile { file, repository: place.repository.clone() });
    }
    if !repository.git(&["status", "--porcelain", "--", &file])?.trim().is_empty() {
        return Err(ReleaseError::Dirty { file });
    }
    let text = std::fs::read_to_string(&path).map_err(|source| failed(&path, source))?;
    let of_values = |source| ReleaseError::Values { file: file.clone(), source };
    let old = values::find(&text).map_err(of_values)?;
    let (changed, mut message, reverts) = match change {
        Change::Release { tag, environment } => {
            let changed = values::with_tag(&text, tag).map_err(of_values)?;
            if changed == text || old.value == *tag {
                return Err(ReleaseError::Already { file, tag: tag.clone() });
            }
            let to = environment.as_ref().map(|to| format!(" to {to}")).unwrap_or_default();
            let from = shown(&old.value);
            (changed, format!("Release {tag}{to}\n\n{file}: image.tag from {from} to {tag}"), None)
        }
        Change::Revert => {
            let last = last_change(&repository, &file)?
                .ok_or_else(|| ReleaseError::NoChange { branch: branch.clone(), file: file.clone() })?;
            let changed = values::written_back(&text, &old, &last.before).map_err(of_values)?;
            let message = format!(
                "Revert \"{}\"\n\nThis reverts commit {} as far as it changed image.tag in {file}.",
                last.subject, last.commit
            );
            (changed, message, Some(last.commit))
        }
    };
    if let Some(reason) = reason {
        message.push_str(&format!("\n\n{reason}"));
    }
    let to = values::find(&changed).map_err(of_values)?.value;
    Ok(Prepared { repository, branch, file, path, text, changed, from: old.value, to, message, reverts })
}

impl Prepared {
    /// Writes the file, commits it and pushes.
    ///
    /// # Errors
    /// When the file is no longer as it was, or Git does not do it; before [`ReleaseError::NotPushed`] nothing was
    /// committed.
    pub fn push(self) -> Result<Pushed, ReleaseError> {
        let Prepared { repository, branch, file, path, text, changed, from, to, message, reverts } = self;
        if std::fs::read_to_string(&path).map_err(|source| failed(&path, source))? != text {
            return Err(ReleaseError::Dirty { file });
        }
        std::fs::write(&path, changed).map_err(|source| failed(&path, source))?;
        if let Err(error) = repository.git(&["commit", "--quiet", "--message", &message, "--", &file]) {
            // As it was: nothing of a commit that did not come about stays behind.
            std::fs::write(&path, text).map_err(|source| failed(&path, source))?;
            return Err(error.into());
        }
        let commit = repository.git(&["rev-parse", "HEAD"])?.trim().to_owned();
        let refs = format!("HEAD:refs/heads/{branch}");
        if let Err(source) = repository.git(&["push", "--quiet", "origin", &refs]) {
            let stays = match repository.is_clone() {
                true => ": the clone is gone, so begin again",
                false => "; it stays on the branch: pull, then push it, or take it back",
            };
            return Err(ReleaseError::NotPushed { commit, stays, source });
        }
        Ok(Pushed { commit, branch, from, to, reverts })
    }
}

fn failed(path: &std::path::Path, source: std::io::Error) -> GitError {
    GitError::File { path: path.to_owned(), source }
}

fn shown(tag: &str) -> &str {
    if tag.is_empty() { "none" } else { tag }
}

/// The branch that is checked out, if it is the one that is asked for.
fn branch(repository: &Repository, place: &Place) -> Result<String, ReleaseError> {
    let is = repository.git(&["symbolic-ref", "--short", "HEAD"])?.trim().to_owned();
    match &place.branch {
        Some(wanted) if *wanted != is => {
            Err(ReleaseError::Branch { repository: place.repository.clone(), is, wanted: wanted.clone() })
        }
        _ => Ok(is),
    }
}

struct Last {
    commit: String,
    subject: String,
    /// What was written before it.
    before: String,
}

/// The last commit that changed the tag of a file, a file's beginning not counted.
fn last_change(repository: &Repository, file: &str) -> Result<Option<Last>, ReleaseError> {
    let at = |commit: &str| {
        let text = repository.git(&["show", &format!("{commit}:{file}")]).ok()?;
        values::find(&text).ok()
    };
    let log = repository.git(&["log", "--format=%H %s", "--", file])?;
    for (commit, subject) in log.lines().filter_map(|line| line.split_once(' ')) {
        let (Some(after), Some(before)) = (at(commit), at(&format!("{commit}^"))) else { continue };
        if after.value != before.value {
            let (commit, subject) = (commit.to_owned(), subject.to_owned());
            return Ok(Some(Last { commit, subject, before: before.written }));
        }
    }
    Ok(None)
}
