//! The texts that are looked at: files, the manifests of folders, standard input.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// A text and its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file as it was named, or `-`.
    pub name: String,
    /// The text.
    pub text: String,
}

/// Why a text could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It is not there, or not readable, or not text.
    #[error("{} cannot be read", .path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A folder without a manifest.
    #[error("{} has no .yaml, .yml or .json file", .path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
}

/// Reads files, the manifests below folders in the order of their names, and standard input for `-`.
///
/// # Errors
/// At the first that cannot be read.
pub fn read(paths: &[PathBuf], input: &mut dyn Read) -> Result<Vec<Source>, SourceError> {
    let mut sources = Vec::new();
    for path in paths {
        let failed = |source| SourceError::Read { path: path.clone(), source };
        if path == Path::new("-") {
            let mut text = String::new();
            input.read_to_string(&mut text).map_err(failed)?;
            sources.push(Source { name: "-".to_owned(), text });
        } else if path.is_dir() {
            let before = sources.len();
            folder(path, &mut sources)?;
            if sources.len() == before {
                return Err(SourceError::Empty { path: path.clone() });
            }
        } else {
            sources.push(file(path)?);
        }
    }
    Ok(sources)
}

fn file(path: &Path) -> Result<Source, SourceError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| SourceError::Read { path: path.to_owned(), source })?;
    Ok(Source { name: path.display().to_string(), text })
}

fn folder(path: &Path, sources: &mut Vec<Source>) -> Result<(), SourceError> {
    let failed = |source| SourceError::Read { path: path.to_owned(), source };
    let entries: Result<Vec<_>, _> = std::fs::read_dir(path).map_err(failed)?.collect();
    let mut paths: Vec<PathBuf> = entries.map_err(failed)?.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let manifest = path.extension().is_some_and(|end| end == "yaml" || end == "yml" || end == "json");
        if path.is_dir() {
            folder(&path, sources)?;
        } else if manifest {
            sources.push(file(&path)?);
        }
    }
    Ok(())
}
