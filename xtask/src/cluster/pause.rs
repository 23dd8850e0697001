//! The image of every pod's first container, made here and put into the node.

use serde_json::json;
use sha2::{Digest, Sha256};

use super::places::Places;
use super::programs;
use super::table::PAUSE_IMAGE;
use crate::gomodule;
use crate::run::{self, Error};

/// Puts the image into the node unless it is there.
///
/// # Errors
/// When the container runtime refuses.
pub(crate) fn ensure(places: &Places) -> Result<(), Error> {
    let listed = run::capture(&mut ctr(places, &["images", "ls", "-q", &format!("name=={PAUSE_IMAGE}")]))?;
    if !listed.trim().is_empty() {
        return Ok(());
    }
    let program = gomodule::ensure(&programs::PAUSE)?;
    let binary = std::fs::read(&program).map_err(|source| Error::file("read", &program, source))?;
    let archive = archive(&binary).map_err(|source| Error::file("compose", &program, source))?;
    run::feed(&mut ctr(places, &["images", "import", "-"]), &archive).map(|_| ())
}

/// The container runtime's own client, in the namespace that the kubelet uses.
pub(crate) fn ctr(places: &Places, words: &[&str]) -> std::process::Command {
    let mut command = run::command("ctr");
    command.arg("--address").arg(places.containerd()).args(["--namespace", "k8s.io"]).args(words);
    command
}

/// One file in one layer, as Docker's archives have it.
fn archive(binary: &[u8]) -> std::io::Result<Vec<u8>> {
    let layer = tar(&[("pause", 0o755, binary)])?;
    let hex =
        |bytes: &[u8]| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    let config = json!({
        "architecture": architecture,
        "os": "linux",
        "config": { "Entrypoint": ["/pause"], "User": "65535:65535" },
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{}", hex(&layer))] },
    })
    .to_string();
    let manifest =
        json!([{ "Config": "config.json", "RepoTags": [PAUSE_IMAGE], "Layers": ["layer.tar"] }]).to_string();
    tar(&[
        ("config.json", 0o644, config.as_bytes()),
        ("layer.tar", 0o644, &layer),
        ("manifest.json", 0o644, manifest.as_bytes()),
    ])
}

fn tar(files: &[(&str, u32, &[u8])]) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, mode, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(*mode);
        archive.append_data(&mut header, path, *bytes)?;
    }
    archive.into_inner()
}
