//! Reading a local repository by the program `git`: the simulator's one spawn site.
//!
//! Only commands that read are run, by argument vectors, in an environment of their own, and each for a bounded time
//! and to a bounded size. Nothing is fetched: a repository that lacks an object says so.

use std::io::{Read as _, Write as _};
use std::path::{Component, Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::tree::{self, Entry};
use super::{File, Found, Reach, Wanted};

/// A local repository answers in milliseconds; one that does not, stands on a disk that hangs.
const PATIENCE: Duration = Duration::from_secs(15);
/// A file with this in it is no manifest, as upstream has it.
const SKIP: &str = "+argocd:skip-file-rendering";

/// Reads what is wanted.
///
/// # Errors
/// Why it cannot be read, for the Application's condition.
pub(super) fn read(reach: &Reach, wanted: &Wanted) -> Result<Found, String> {
    let source = &wanted.source;
    let of = |error: String| format!("repository {}: {error}", source.url);
    let repository = Repository(local(reach, &source.url).map_err(of)?);
    let folder = folder(&source.path)?;
    let revision = repository.resolve(&source.revision).map_err(of)?;
    if wanted.known.as_deref() == Some(revision.as_str()) {
        return Ok(Found::Same);
    }
    let listed = repository.list(&revision, &folder, source.recurse)?;
    let within = |error| format!("{}: {error}", source.path);
    let entries = tree::manifests(&listed).map_err(within)?;
    let files = repository.contents(&entries).map_err(within)?;
    Ok(Found::Tree { revision, files })
}

/// The folder of a repository that is named by a path or a `file://` URL, and may be read.
fn local(reach: &Reach, url: &str) -> Result<PathBuf, String> {
    let path = Path::new(url.strip_prefix("file://").unwrap_or(url));
    if !path.is_absolute() {
        return Err("the simulator reads local repositories only: a path, or a file:// URL".to_owned());
    }
    let Some(root) = &reach.0 else {
        return Err("this simulator was given no folder of repositories".to_owned());
    };
    let real = |path: &Path| path.canonicalize().map_err(|error| error.to_string());
    let path = real(path)?;
    if !path.starts_with(real(root)?) {
        return Err(format!("it is not in {}", root.display()));
    }
    Ok(path)
}

/// The folder of manifests as Git names it: empty for all of the repository.
fn folder(path: &str) -> Result<String, String> {
    let mut names = Vec::new();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(name) => names.push(name.to_string_lossy()),
            Component::CurDir => {}
            _ => return Err(format!("{path}: app path is not within the repository")),
        }
    }
    Ok(names.join("/"))
}

/// A commit by itself, and what a name may stand for, in the order in which it is tried.
fn candidates(revision: &str) -> Result<Vec<String>, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._/+-".contains(c);
    if !revision.chars().all(plain) || revision.contains("..") || revision.starts_with('-') {
        return Err(format!("revision {revision:?}: the simulator knows HEAD, branches, tags and commits"));
    }
    if revision.is_empty() || revision == "HEAD" {
        return Ok(vec!["HEAD".to_owned()]);
    }
    let mut names = vec![format!("refs/heads/{revision}"), format!("refs/tags/{revision}")];
    let hex = revision.chars().all(|c| c.is_ascii_hexdigit());
    if revision.starts_with("refs/") || hex && (7..=64).contains(&revision.len()) {
        names.push(revision.to_owned());
    }
    Ok(names)
}

/// A repository, with a working tree or bare.
struct Repository(PathBuf);

impl Repository {
    /// The commit that a revision is.
    fn resolve(&self, revision: &str) -> Result<String, String> {
        for name in candidates(revision)? {
            let commit = format!("{name}^{{commit}}");
            match self.git(&["rev-parse", "--verify", "--quiet", &commit], String::new()) {
                Ok(found) => return Ok(found.trim().to_owned()),
                // It is quiet about a name that is not there.
                Err(error) if error.is_empty() => {}
                Err(error) => return Err(error),
            }
        }
        Err(format!("unable to resolve '{revision}' to a commit SHA"))
    }

    fn list(&self, revision: &str, folder: &str, recurse: bool) -> Result<String, String> {
        let tree = format!("{revision}:{folder}");
        let mut words = vec!["ls-tree", "-z", "--long"];
        words.extend(recurse.then_some("-r"));
        words.push(&tree);
        self.git(&words, String::new())
            .map_err(|_| format!("{folder}: app path does not exist in {revision}"))
    }

    fn contents(&self, entries: &[Entry]) -> Result<Vec<File>, String> {
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        let asked: String = entries.iter().map(|entry| format!("{}\n", entry.id)).collect();
        let told = self.git(&["cat-file", "--batch"], asked)?;
        let mut rest = told.as_str();
        let mut files = Vec::new();
        for entry in entries {
            let next = blob(rest).ok_or_else(|| format!("{}: git did not tell its content", entry.path))?;
            rest = next.1;
            if !next.0.contains(SKIP) {
                files.push(File { path: entry.path.clone(), text: next.0.to_owned() });
            }
        }
        Ok(files)
    }

    /// What a command prints.
    ///
    /// # Errors
    /// The first line that it says on stderr, which is empty when it fails without a word.
    fn git(&self, words: &[&str], input: String) -> Result<String, String> {
        let mut child = self.start(words).map_err(|error| format!("start git: {error}"))?;
        let (done, waited) = mpsc::channel();
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        // It answers while it is asked, so that each end needs somebody. A git that is gone is seen by what it says.
        thread::spawn(move || stdin.map(|mut pipe| pipe.write_all(input.as_bytes())));
        thread::spawn(move || {
            let errors = thread::spawn(move || bounded(stderr));
            let told = bounded(stdout);
            let _ = done.send((told, errors.join().unwrap_or_default()));
        });
        let heard = waited.recv_timeout(PATIENCE);
        if heard.is_err() {
            // It may be gone by now.
            let _ = child.kill();
        }
        let status = child.wait().map_err(|error| format!("wait for git: {error}"))?;
        let (told, errors) = heard.map_err(|_| format!("git {} did not end in time", words[0]))?;
        let utf8 = |bytes| String::from_utf8(bytes).map_err(|_| format!("git {}: not UTF-8", words[0]));
        if status.success() {
            utf8(told)
        } else {
            Err(utf8(errors)?.lines().next().unwrap_or_default().to_owned())
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the simulator's one spawn site")]
    fn start(&self, words: &[&str]) -> std::io::Result<Child> {
        let mut command = Command::new("git");
        command.arg("-C").arg(&self.0).args(words).env_clear();
        let kept = ["PATH", "HOME"].into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        command.envs(kept).env("LC_ALL", "C").env("GIT_NO_LAZY_FETCH", "1").env("GIT_TERMINAL_PROMPT", "0");
        // The folder itself or nothing: not a repository that happens to be around it.
        command.env("GIT_CEILING_DIRECTORIES", self.0.parent().unwrap_or(&self.0));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
    }
}

/// All that comes, up to what no folder of manifests is larger than: the sizes were looked at before.
fn bounded(pipe: Option<impl std::io::Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        // A pipe that breaks ends; the exit status tells why.
        let _ = pipe.take(4 * tree::MOST_BYTES).read_to_end(&mut bytes);
    }
    bytes
}

/// The first content in the output of `cat-file --batch`, and what follows it.
fn blob(told: &str) -> Option<(&str, &str)> {
    let (header, rest) = told.split_once('\n')?;
    let [_, "blob", size] = header.split(' ').collect::<Vec<_>>()[..] else { return None };
    let size = size.parse().ok()?;
    Some((rest.get(..size)?, rest.get(size + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_revisions_stay_where_they_belong() {
        assert_eq!(folder("./deploy//blue-green/").unwrap(), "deploy/blue-green");
        assert_eq!(folder(".").unwrap(), "");
        for path in ["../x", "/etc", "a/../../b"] {
            assert!(folder(path).unwrap_err().contains("not within"), "{path}");
        }
        assert_eq!(candidates("main").unwrap(), ["refs/heads/main", "refs/tags/main"]);
        assert_eq!(candidates("").unwrap(), ["HEAD"]);
        assert_eq!(candidates("abcdef0").unwrap().len(), 3);
        for revision in ["HEAD~1", "--help", "a..b", "v1.*", "main@{1}", ":/fix"] {
            assert!(candidates(revision).unwrap_err().contains("HEAD, branches, tags"), "{revision}");
        }
    }

    #[test]
    fn only_local_repositories_within_reach() {
        let folder = tempfile::tempdir().unwrap();
        let (inside, other) = (folder.path().join("inside"), folder.path().join("other"));
        for made in [&inside, &other] {
            std::fs::create_dir(made).unwrap();
        }
        let reach = Reach(Some(inside.clone()));
        assert!(local(&reach, &format!("file://{}", inside.display())).is_ok());
        let refused = |reach: &Reach, url: &str| local(reach, url).unwrap_err();
        assert!(refused(&reach, other.to_str().unwrap()).contains("it is not in"));
        assert!(refused(&reach, inside.join("../other").to_str().unwrap()).contains("it is not in"));
        assert!(refused(&reach, "https://git.example.com/a.git").contains("local repositories only"));
        assert!(refused(&Reach(None), inside.to_str().unwrap()).contains("no folder of repositories"));
    }

    #[test]
    fn contents_are_cut_where_their_sizes_say() {
        let told = "a1 blob 3\nx\ny\nb2 blob 0\n\n";
        let (first, rest) = blob(told).unwrap();
        assert_eq!((first, blob(rest).unwrap()), ("x\ny", ("", "")));
        assert_eq!(blob("c3 missing\n"), None);
    }
}
