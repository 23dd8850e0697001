//! `cargo xtask image TAG…`: the demo-app as a container image, built without Docker.
//!
//! A static binary in an image FROM scratch needs nothing of a container toolchain but a few JSON documents
//! and tar archives. The archive is an OCI image layout that also carries Docker's `manifest.json`, so that
//! containerd, Docker and skopeo all read it. The same sources give the same bytes: no times, no owners,
//! no machine's paths.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::run::{self, Error};

/// The name that every shipped file uses; the tag follows a colon.
const NAME: &str = "127.0.0.1:5000/demo-app";

/// The user of the image. Not root, and numeric, so that `runAsNonRoot` can be verified.
const USER: &str = "65532:65532";

/// Which images to build and where to put them.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// One image for each tag; the app calls itself by its tag.
    #[arg(required = true, value_name = "TAG")]
    tags: Vec<String>,
    /// Folder for the archives.
    #[arg(long, default_value = "target/images", value_name = "DIR")]
    out: PathBuf,
    /// A checkout to build from, when it is not this one.
    #[arg(long, value_name = "DIR")]
    source: Option<PathBuf>,
}

/// Builds the binary once and an archive for each tag, and says how to load it.
///
/// # Errors
/// An invalid tag, a failed build, or a folder that cannot be written.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    for tag in &options.tags {
        check_tag(tag)?;
    }
    let root = options.source.clone().unwrap_or_else(run::root);
    let binary = build(&root)?;
    let out = run::root().join(&options.out);
    run::create_folder(&out)?;
    for tag in &options.tags {
        let path = out.join(format!("demo-app-{tag}.tar"));
        let archive = archive(&binary, tag).map_err(|source| Error::file("compose", &path, source))?;
        std::fs::write(&path, &archive).map_err(|source| Error::file("write", &path, source))?;
        let digest = hex(&archive);
        run::say(&format!("{NAME}:{tag} in {} (sha256 {})", path.display(), digest.get(..12).unwrap_or("")));
        run::say(&format!("  load it into a node: ctr -n k8s.io images import {}", path.display()));
    }
    Ok(())
}

/// A tag as registries accept it; it becomes part of a file's name too.
fn check_tag(tag: &str) -> Result<(), Error> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let rest = |c: char| word(c) || c == '.' || c == '-';
    if tag.len() <= 128 && tag.starts_with(word) && tag.chars().all(rest) {
        Ok(())
    } else {
        Err(Error::Found(format!("{tag:?} is not a tag: letters, digits, `_`, `.` and `-`, at most 128")))
    }
}

/// Compiles the static binary and reads it.
fn build(root: &Path) -> Result<Vec<u8>, Error> {
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home_of_cargo);
    // Panics name source files: without the remapping the bytes would depend on the machine's folders.
    let mut flags = format!("-C target-feature=+crt-static --remap-path-prefix={}=/src", root.display());
    if let Some(home) = cargo_home {
        flags.push_str(&format!(" --remap-path-prefix={}=/cargo", home.display()));
    }
    // An explicit target keeps the flags away from build scripts, which cannot be static.
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let mut command = run::command(env!("CARGO"));
    command
        .args(["build", "--locked", "--release", "--package", "demo-app", "--target", &target])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(root)
        // What it shares with this checkout is not compiled again.
        .env("CARGO_TARGET_DIR", run::target())
        .env("RUSTFLAGS", flags);
    let messages = run::read(&mut command)?;
    let executable = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|message| message.get("executable")?.as_str().map(PathBuf::from))
        .next_back()
        .ok_or_else(|| Error::Found("cargo built no executable for demo-app".to_owned()))?;
    std::fs::read(&executable).map_err(|source| Error::file("read", &executable, source))
}

fn home_of_cargo() -> Option<PathBuf> {
    Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo"))
}

/// The whole image of one tag as an archive, in memory: it has a few megabytes.
fn archive(binary: &[u8], tag: &str) -> std::io::Result<Vec<u8>> {
    let layer = layer(binary)?;
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let config = to_bytes(&json!({
        "architecture": architecture,
        "os": "linux",
        "config": {
            "Entrypoint": ["/demo-app"],
            "Env": [format!("VERSION={tag}")],
            "ExposedPorts": { "8080/tcp": {} },
            "User": USER,
        },
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{}", hex(&layer))] },
    }));
    let manifest = to_bytes(&json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor("application/vnd.oci.image.config.v1+json", &config),
        "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", &layer)],
    }));
    let mut entry = descriptor("application/vnd.oci.image.manifest.v1+json", &manifest);
    if let Some(entry) = entry.as_object_mut() {
        let names = json!({
            "io.containerd.image.name": format!("{NAME}:{tag}"),
            "org.opencontainers.image.ref.name": tag,
        });
        entry.insert("annotations".to_owned(), names);
    }
    let index = to_bytes(&json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [entry],
    }));
    let blob = |bytes: &[u8]| format!("blobs/sha256/{}", hex(bytes));
    let docker = to_bytes(&json!([{
        "Config": blob(&config), "RepoTags": [format!("{NAME}:{tag}")], "Layers": [blob(&layer)],
    }]));
    let mut archive = tar::Builder::new(Vec::new());
    let layout = to_bytes(&json!({ "imageLayoutVersion": "1.0.0" }));
    for (path, bytes) in [
        (blob(&config), &config),
        (blob(&layer), &layer),
        (blob(&manifest), &manifest),
        ("index.json".to_owned(), &index),
        ("manifest.json".to_owned(), &docker),
        ("oci-layout".to_owned(), &layout),
    ] {
        append(&mut archive, &path, 0o644, bytes)?;
    }
    archive.into_inner()
}

/// The only layer: the binary, and nothing else.
fn layer(binary: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut layer = tar::Builder::new(Vec::new());
    append(&mut layer, "demo-app", 0o755, binary)?;
    layer.into_inner()
}

fn append(archive: &mut tar::Builder<Vec<u8>>, path: &str, mode: u32, bytes: &[u8]) -> std::io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_size(bytes.len() as u64);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    archive.append_data(&mut header, path, bytes)
}

fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": format!("sha256:{}", hex(bytes)), "size": bytes.len() })
}

fn to_bytes(document: &Value) -> Vec<u8> {
    document.to_string().into_bytes()
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Read;

    use super::*;

    fn entries(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
        let mut archive = tar::Archive::new(archive);
        let read = |entry: std::io::Result<tar::Entry<'_, &[u8]>>| {
            let mut entry = entry.unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            (entry.path().unwrap().display().to_string(), bytes)
        };
        archive.entries().unwrap().map(read).collect()
    }

    #[test]
    fn every_digest_names_the_bytes_it_stands_for() {
        let entries = entries(&archive(b"binary", "v7").unwrap());
        let index: Value = serde_json::from_slice(&entries["index.json"]).unwrap();
        let manifest_digest = index["manifests"][0]["digest"].as_str().unwrap().to_owned();
        assert_eq!(
            index["manifests"][0]["annotations"]["io.containerd.image.name"],
            "127.0.0.1:5000/demo-app:v7"
        );
        let blob = |digest: &str| &entries[&digest.replace("sha256:", "blobs/sha256/")];
        let manifest: Value = serde_json::from_slice(blob(&manifest_digest)).unwrap();
        let config: Value =
            serde_json::from_slice(blob(manifest["config"]["digest"].as_str().unwrap())).unwrap();
        let layer = manifest["layers"][0]["digest"].as_str().unwrap();
        assert_eq!(config["rootfs"]["diff_ids"][0], layer);
        assert_eq!(config["config"]["Env"][0], "VERSION=v7");
        assert_eq!(self::entries(blob(layer))["demo-app"], b"binary");
        for (path, bytes) in &entries {
            if let Some(name) = path.strip_prefix("blobs/sha256/") {
                assert_eq!(name, hex(bytes));
            }
        }
    }

    #[test]
    fn the_same_input_gives_the_same_bytes_and_another_tag_others() {
        assert_eq!(archive(b"binary", "v1").unwrap(), archive(b"binary", "v1").unwrap());
        assert_ne!(archive(b"binary", "v1").unwrap(), archive(b"binary", "v2").unwrap());
    }

    #[test]
    fn a_tag_that_is_none_is_refused() {
        for tag in ["", "-v1", "a/b", "a:b", "../v1", ".hidden", &"x".repeat(129)] {
            assert!(check_tag(tag).is_err(), "{tag:?}");
        }
        assert!(check_tag("v1.2_3-rc").is_ok());
    }
}
