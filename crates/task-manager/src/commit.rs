//! The commit that the project is at, read from `.git` without starting a process.
//!
//! Evidence names a commit, and counts only while the project is at that one. Changes that are not committed are not
//! seen. Repositories with the `reftable` format are not read; their commit is unknown.

use std::fs;
use std::path::{Path, PathBuf};

/// The commit at `HEAD` of the repository that holds the folder; none when there is none that can be read.
pub fn head(from: &Path) -> Option<String> {
    let from = from.canonicalize().ok()?;
    let git = from.ancestors().find_map(|dir| git_dir(&dir.join(".git")))?;
    let head = fs::read_to_string(git.join("HEAD")).ok()?;
    match head.trim().strip_prefix("ref: ") {
        Some(name) => resolve(&git, name),
        None => hash(&head),
    }
}

/// `.git` is a folder, or a file that names one (a linked worktree, a submodule).
fn git_dir(git: &Path) -> Option<PathBuf> {
    if git.is_dir() {
        return Some(git.to_owned());
    }
    let named = fs::read_to_string(git).ok()?;
    let named = Path::new(named.trim().strip_prefix("gitdir: ")?);
    Some(git.parent()?.join(named))
}

fn resolve(git: &Path, name: &str) -> Option<String> {
    // A linked worktree keeps its branches in the repository that it belongs to.
    let common = fs::read_to_string(git.join("commondir")).map_or(git.to_owned(), |dir| git.join(dir.trim()));
    let loose = [git, &common].into_iter().find_map(|dir| hash(&fs::read_to_string(dir.join(name)).ok()?));
    loose.or_else(|| {
        let packed = fs::read_to_string(common.join("packed-refs")).ok()?;
        packed.lines().find_map(|line| hash(line.strip_suffix(name)?.strip_suffix(' ')?))
    })
}

fn hash(text: &str) -> Option<String> {
    let text = text.trim();
    let right = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    right.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "0123456789abcdef0123456789abcdef01234567";

    /// What is tried, the files that are there, and the commit that should be found.
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], Option<&'a str>);

    /// Lays out the files in a fresh folder and reads the commit from its folder `project/deep`.
    fn head_with(files: &[(&str, &str)]) -> Option<String> {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("project/deep");
        fs::create_dir_all(&deep).unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        head(&deep)
    }

    #[test]
    fn the_commit_is_found_in_every_place_where_git_keeps_it() {
        let branch = ("project/.git/HEAD", "ref: refs/heads/main\n");
        let line = format!("{HASH}\n");
        let packed = format!("# pack-refs with: peeled\n{HASH} refs/heads/main\n^{HASH}\n");
        let cases: [Case<'_>; 7] = [
            ("no repository", &[], None),
            ("detached", &[("project/.git/HEAD", &line)], Some(HASH)),
            ("loose", &[branch, ("project/.git/refs/heads/main", &line)], Some(HASH)),
            ("packed", &[branch, ("project/.git/packed-refs", &packed)], Some(HASH)),
            ("no commit yet", &[branch], None),
            ("nonsense", &[("project/.git/HEAD", "moon\n")], None),
            (
                "worktree",
                &[
                    ("project/.git", "gitdir: ../main/.git/worktrees/w\n"),
                    ("main/.git/worktrees/w/HEAD", "ref: refs/heads/main\n"),
                    ("main/.git/worktrees/w/commondir", "../..\n"),
                    ("main/.git/refs/heads/main", &line),
                ],
                Some(HASH),
            ),
        ];
        for (what, files, expected) in cases {
            assert_eq!(head_with(files).as_deref(), expected, "{what}");
        }
    }
}
