//! Programs compiled from pinned Go modules and kept as files.
//!
//! The pinned versions of what runs on the real stack are published as Go modules, and nothing but Go is
//! needed to have exactly these versions on any machine. A dependency's own `replace` lines are ignored by
//! Go, so each program gets a small wrapper module that repeats them. The result is kept in the user's
//! cache folder under its version: a second call compiles nothing, and one that was cut off goes on where
//! Go's own build cache stands. What the program's module ships beside it (manifests) is kept with it, so
//! that later neither Go nor its module cache is needed.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::run::{self, Error};

/// A program that a Go module holds.
#[derive(Debug)]
pub(crate) struct Program {
    /// The name of the file that is kept.
    pub(crate) name: &'static str,
    /// The module, as Go spells it; empty for a program whose whole source is in [`Program::stand_ins`].
    pub(crate) module: &'static str,
    /// Its version without the leading `v`.
    pub(crate) version: &'static str,
    /// The package with the program's `main`.
    pub(crate) package: &'static str,
    /// Linker flags, where the program learns its version from them.
    pub(crate) link: &'static str,
    /// Build tags, where a module leaves something out without them.
    pub(crate) tags: &'static str,
    /// Whether C belongs to it, and a C compiler is needed.
    pub(crate) has_c: bool,
    /// Further lines of the wrapper's `go.mod`.
    pub(crate) lines: &'static str,
    /// Files that the wrapper needs, by path and text: modules that are required but not published.
    pub(crate) stand_ins: &'static [(&'static str, &'static str)],
    /// Files and folders of the module that are kept beside the program.
    pub(crate) kept: &'static [&'static str],
}

impl Program {
    /// Most programs need nothing but their name; a table row overrides what differs.
    pub(crate) const PLAIN: Program = Program {
        name: "",
        module: "",
        version: "",
        package: "",
        link: "",
        tags: "",
        has_c: false,
        lines: "",
        stand_ins: &[],
        kept: &[],
    };

    /// Where the program is once it is [`ensure`]d.
    pub(crate) fn file(&self) -> Result<PathBuf, Error> {
        Ok(self.folder()?.join(self.name))
    }

    /// Where a file of [`Program::kept`] is found once the program is [`ensure`]d.
    pub(crate) fn kept_file(&self, path: &str) -> Result<PathBuf, Error> {
        Ok(self.folder()?.join("module").join(path))
    }

    fn folder(&self) -> Result<PathBuf, Error> {
        Ok(cache()?.join(format!("{}-{}", self.name, self.version)))
    }
}

/// The version of Kubernetes, as its linker flags spell it.
macro_rules! kubernetes {
    ($name:literal) => {
        Program {
            name: $name,
            module: "k8s.io/kubernetes",
            version: "1.34.4",
            package: concat!("k8s.io/kubernetes/cmd/", $name),
            link: "-X k8s.io/component-base/version.gitVersion=v1.34.4 \
                   -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=34",
            ..Program::PLAIN
        }
    };
}
pub(crate) use kubernetes;

/// The client whose behaviour against the simulated API is checked.
pub(crate) const KUBECTL: Program = kubernetes!("kubectl");

/// The renderer that Argo CD 3.6 uses the major version of.
pub(crate) const HELM: Program = Program {
    name: "helm",
    module: "helm.sh/helm/v4",
    version: "4.3.1",
    package: "helm.sh/helm/v4/cmd/helm",
    ..Program::PLAIN
};

/// The program's file, compiled first where it is not there yet.
///
/// Two calls at once, from any two processes, compile once: the second waits for the first.
///
/// # Errors
/// When Go is missing, the module cannot be had, or it does not compile.
pub(crate) fn ensure(program: &Program) -> Result<PathBuf, Error> {
    let folder = program.folder()?;
    let file = folder.join(program.name);
    if file.is_file() {
        return Ok(file);
    }
    run::create_folder(&folder)?;
    let lock_path = folder.join("lock");
    let lock = File::create(&lock_path).map_err(|source| Error::file("create", &lock_path, source))?;
    lock.lock().map_err(|source| Error::file("lock", &lock_path, source))?;
    if file.is_file() {
        return Ok(file);
    }
    run::say(&format!("{} {}: compiling its Go module (once)", program.name, program.version));
    let start = Instant::now();
    compile(program, &folder, &file)?;
    run::say(&format!("{} {}: compiled in {} s", program.name, program.version, start.elapsed().as_secs()));
    Ok(file)
}

fn compile(program: &Program, folder: &Path, file: &Path) -> Result<(), Error> {
    let source = folder.join("source");
    run::create_folder(&source)?;
    for (path, text) in program.stand_ins {
        let path = source.join(path);
        run::create_folder(path.parent().unwrap_or(&source))?;
        run::write_file(&path, text)?;
    }
    if program.module.is_empty() {
        run::write_file(&source.join("go.mod"), &format!("module {}\n\ngo 1.24\n", program.package))?;
    } else {
        let module = Module::download(program, &source)?;
        run::write_file(&source.join("go.mod"), &wrapper(program, &run::read_file(&module.own_file)?))?;
        go(&source, &["get", &format!("{}@v{}", program.package, program.version)])?;
        for path in program.kept {
            copy(&module.folder.join(path), &folder.join("module").join(path))?;
        }
    }
    // Compiled beside its place and moved there, so that a broken build never looks like a finished one.
    let unfinished = folder.join("unfinished");
    let linker = format!("-s -w {}", program.link);
    let mut build = go_command(&source);
    build.args(["build", "-ldflags", &linker, "-tags", program.tags, "-o"]).arg(&unfinished);
    run::capture(build.arg(program.package).env("CGO_ENABLED", if program.has_c { "1" } else { "0" }))?;
    std::fs::rename(&unfinished, file).map_err(|source| Error::file("rename", &unfinished, source))
}

/// One call of Go in the wrapper's folder; its output is only shown when it fails.
///
/// The wrapper has no Go file of its own; `-mod=mod` lets Go complete go.mod and go.sum. A module may ask
/// for a newer Go than the one installed, which Go then fetches.
fn go(source: &Path, arguments: &[&str]) -> Result<String, Error> {
    run::capture(go_command(source).args(arguments))
}

fn go_command(source: &Path) -> Command {
    let mut command = run::command("go");
    command.current_dir(source).env("GOFLAGS", "-mod=mod").env("GOTOOLCHAIN", "auto").env("CGO_ENABLED", "0");
    command
}

/// A module in Go's module cache.
struct Module {
    own_file: PathBuf,
    folder: PathBuf,
}

impl Module {
    fn download(program: &Program, source: &Path) -> Result<Module, Error> {
        let wanted = format!("{}@v{}", program.module, program.version);
        // Outside of any module: an unfinished wrapper from an earlier try must not be read.
        let _ = std::fs::remove_file(source.join("go.mod"));
        let answer = go(source, &["mod", "download", "-json", &wanted])?;
        let answer = run::json(&format!("go mod download {wanted}"), answer.as_bytes())?;
        let path = |key: &str| {
            let value = answer.get(key).and_then(serde_json::Value::as_str).map(PathBuf::from);
            value.ok_or_else(|| Error::Found(format!("go mod download {wanted} names no {key}")))
        };
        Ok(Module { own_file: path("GoMod")?, folder: path("Dir")? })
    }
}

/// The wrapper's `go.mod`: it requires the module and repeats its replacements.
///
/// Replacements by a folder inside the module cannot be repeated. Kubernetes has them for its libraries,
/// which it requires as `v0.0.0` and publishes as `v0.<minor>.<patch>`; those become that version.
fn wrapper(program: &Program, own: &str) -> String {
    let mut lines = vec![format!("module wrapper/{}", program.name)];
    lines.extend(own.lines().find(|line| line.starts_with("go ")).map(str::to_owned));
    lines.push(format!("require {} v{}", program.module, program.version));
    let library = program.version.split_once('.').map_or("", |(_, rest)| rest);
    let mut unversioned = Vec::new();
    let mut in_block = false;
    for line in own.lines().map(str::trim) {
        match line {
            "replace (" => in_block = true,
            ")" => in_block = false,
            _ => {}
        }
        let line = line.split("//").next().unwrap_or("").trim();
        let replacement = line.strip_prefix("replace ").or_else(|| in_block.then_some(line));
        if let Some(replacement) = replacement.filter(|text| text.contains("=>") && !text.contains("=> .")) {
            lines.push(format!("replace {replacement}"));
        }
        let required = line.strip_prefix("require ").unwrap_or(line);
        unversioned.extend(required.strip_suffix(" v0.0.0").map(str::to_owned));
    }
    // Others require these libraries without a version too, but say in a replacement which they mean.
    unversioned.retain(|name| !lines.iter().any(|line| line.starts_with(&format!("replace {name} =>"))));
    lines.extend(unversioned.iter().map(|name| format!("replace {name} => {name} v0.{library}")));
    lines.extend(program.lines.lines().map(str::to_owned));
    lines.join("\n") + "\n"
}

/// A file that a program's module publishes, without the program: the module is downloaded where it is not there yet,
/// and Go checks its sum.
///
/// # Errors
/// When Go is missing, or the module cannot be had.
pub(crate) fn published(program: &Program, path: &str) -> Result<PathBuf, Error> {
    // Apart from where the program is compiled, perhaps at this moment.
    let folder = program.folder()?.join("published");
    run::create_folder(&folder)?;
    Ok(Module::download(program, &folder)?.folder.join(path))
}

/// A program that is published as a crate, compiled once at this version into the same folders; `more` are further words
/// of `cargo install`.
///
/// # Errors
/// When it cannot be had or does not compile.
pub(crate) fn installed(name: &str, version: &str, more: &[&str]) -> Result<PathBuf, Error> {
    let folder = cache()?.join(format!("{name}-{version}"));
    let file = folder.join("bin").join(name);
    if !file.is_file() {
        run::say(&format!("{name} {version}: compiling (once)"));
        let root = folder.display().to_string();
        run::capture(
            run::command(env!("CARGO"))
                .args(["install", "--locked", "--version", version, "--root", &root, name])
                .args(more)
                .env_remove("CARGO_TARGET_DIR"),
        )?;
    }
    Ok(file)
}

/// Copies a file or a whole folder; the module cache is read-only, the copies are not.
///
/// # Errors
/// What cannot be read, listed or written.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    if !from.is_dir() {
        run::create_folder(to.parent().unwrap_or(to))?;
        let bytes = std::fs::read(from).map_err(|source| Error::file("read", from, source))?;
        return std::fs::write(to, bytes).map_err(|source| Error::file("write", to, source));
    }
    for entry in run::entries(from)? {
        copy(&entry, &to.join(entry.file_name().unwrap_or_default()))?;
    }
    Ok(())
}

/// Where compiled programs are kept: `$XDG_CACHE_HOME` or `~/.cache`, in a folder of the project's.
pub(crate) fn cache() -> Result<PathBuf, Error> {
    let base = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cache")))
        .ok_or_else(|| Error::Found("neither XDG_CACHE_HOME nor HOME says where to keep programs".into()))?;
    let folder = base.join("blue-green-canary");
    run::create_folder(&folder)?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wrapper_repeats_what_go_ignores_in_a_dependency() {
        let own = "module k8s.io/kubernetes\n\ngo 1.24.0\n\nrequire (\n\tk8s.io/api v0.0.0\n\ta.b/c v1.2.3\n)\n\n\
                   replace (\n\tk8s.io/api => ./staging/src/k8s.io/api\n\tx.y/z => x.y/fork v1.0.0 // why\n)\n\
                   replace one.line/a => two.line/b v2.0.0\n";
        assert_eq!(
            wrapper(&KUBECTL, own),
            "module wrapper/kubectl\ngo 1.24.0\nrequire k8s.io/kubernetes v1.34.4\n\
             replace x.y/z => x.y/fork v1.0.0\nreplace one.line/a => two.line/b v2.0.0\n\
             replace k8s.io/api => k8s.io/api v0.34.4\n"
        );
        let stated =
            wrapper(&KUBECTL, "require k8s.io/api v0.0.0\nreplace k8s.io/api => k8s.io/api v0.30.0\n");
        assert_eq!(stated.matches("k8s.io/api =>").count(), 1, "{stated}");
        let with_lines = Program { lines: "exclude a.b/c v1.2.3", ..KUBECTL };
        assert!(wrapper(&with_lines, "").ends_with("\nexclude a.b/c v1.2.3\n"));
    }
}
