//! Paths that a runbook may name: inside the repository, also after every symbolic link is followed.

use std::path::{Component, Path, PathBuf};

/// The root of the repository, canonical.
#[derive(Debug, Clone)]
pub struct Root(PathBuf);

/// Why a path cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It starts at the root of the file system, climbs, or looks like an option.
    #[error("path `{0}` is not a plain relative path")]
    NotPlain(String),
    /// It leads out of the repository.
    #[error("path `{0}` leads out of the repository")]
    Outside(String),
    /// Nothing is there.
    #[error("there is no `{0}`")]
    Missing(String),
}

impl Root {
    /// The root at `folder`.
    ///
    /// # Errors
    /// When the folder is not there.
    pub fn new(folder: &Path) -> std::io::Result<Self> {
        folder.canonicalize().map(Self)
    }

    /// The root's own path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The canonical path of `relative`, which must exist inside.
    ///
    /// # Errors
    /// [`PathError`].
    pub fn inside(&self, relative: &Path) -> Result<PathBuf, PathError> {
        let shown = || relative.display().to_string();
        let plain =
            relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !plain || relative.as_os_str().is_empty() || shown().starts_with('-') {
            return Err(PathError::NotPlain(shown()));
        }
        let full = self.0.join(relative).canonicalize().map_err(|_| PathError::Missing(shown()))?;
        if full.starts_with(&self.0) { Ok(full) } else { Err(PathError::Outside(shown())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_inside_is_reached() {
        let folder = tempfile::tempdir().unwrap();
        let repo = folder.path().join("repo");
        std::fs::create_dir_all(repo.join("deploy")).unwrap();
        std::fs::write(repo.join("deploy/a.yaml"), "").unwrap();
        std::fs::write(folder.path().join("secret"), "").unwrap();
        std::os::unix::fs::symlink(folder.path().join("secret"), repo.join("link")).unwrap();
        std::os::unix::fs::symlink("deploy/a.yaml", repo.join("good-link")).unwrap();
        let root = Root::new(&repo).unwrap();
        let name = |path: &str| path.to_owned();
        let cases = [
            ("deploy/a.yaml", None),
            ("./deploy/a.yaml", None),
            ("good-link", None),
            ("link", Some(PathError::Outside(name("link")))),
            ("../secret", Some(PathError::NotPlain(name("../secret")))),
            ("deploy/../../secret", Some(PathError::NotPlain(name("deploy/../../secret")))),
            ("/etc/passwd", Some(PathError::NotPlain(name("/etc/passwd")))),
            ("-rf", Some(PathError::NotPlain(name("-rf")))),
            ("", Some(PathError::NotPlain(String::new()))),
            ("deploy/b.yaml", Some(PathError::Missing(name("deploy/b.yaml")))),
        ];
        for (path, error) in cases {
            assert_eq!(root.inside(Path::new(path)).err(), error, "{path}");
        }
    }
}
