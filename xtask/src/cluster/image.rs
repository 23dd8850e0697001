//! `cluster image`: the demo-app's images in the registry of the host cluster, or in kind's nodes.

use std::path::{Path, PathBuf};

use clap::Parser;

use super::pause::ctr;
use super::places::{Places, REGISTRY};
use crate::run::{self, Error};

/// The namespace of the container runtime in which images only pass through; the node does not look there,
/// so that it really pulls.
const TRANSIT: &str = "transit";

/// The namespace that the node looks in.
const NODE: &str = "k8s.io";

/// The archives that these words name: a path stands for itself, a tag is built first.
///
/// # Errors
/// What building says.
pub(crate) fn archives(words: &[String]) -> Result<Vec<PathBuf>, Error> {
    let (paths, tags): (Vec<&String>, Vec<&String>) = words.iter().partition(|word| is_path(word));
    let mut archives: Vec<PathBuf> = paths.iter().map(|path| run::root().join(path)).collect();
    if !tags.is_empty() {
        let words = std::iter::once("image".to_owned()).chain(tags.iter().map(|tag| (*tag).clone()));
        let build = Build::try_parse_from(words).map_err(|error| Error::Found(error.to_string()))?;
        crate::image::run(&build.options)?;
        archives.extend(tags.iter().map(|tag| run::root().join(format!("target/images/demo-app-{tag}.tar"))));
    }
    Ok(archives)
}

/// The options of `cargo xtask image`, filled in as a person would.
#[derive(Parser)]
struct Build {
    #[command(flatten)]
    options: crate::image::Options,
}

fn is_path(word: &str) -> bool {
    word.contains('/') || Path::new(word).extension().is_some_and(|extension| extension == "tar")
}

/// Pushes each archive's image to the registry under the name that it carries.
///
/// # Errors
/// An archive that names no image, or what the registry says.
pub(crate) fn push(places: &Places, archives: &[PathBuf]) -> Result<(), Error> {
    for archive in archives {
        let name = name_in(archive)?;
        if !name.starts_with(&format!("{REGISTRY}/")) {
            return Err(Error::Found(format!(
                "{} holds {name}, which is not for {REGISTRY}",
                archive.display()
            )));
        }
        let transit = |words: &[&str]| {
            let mut command = ctr(places, &["--namespace", TRANSIT]);
            command.args(words);
            run::capture(&mut command)
        };
        transit(&["images", "import", &archive.display().to_string()])?;
        transit(&["images", "push", "--plain-http", &name])?;
        transit(&["images", "rm", &name])?;
        // The node would keep an earlier image of this name, since a tag that is there is not pulled again.
        // It has none at first, and that is as good.
        let _ = run::capture(ctr(places, &["--namespace", NODE]).args(["images", "rm", &name]));
        run::say(&format!("pushed {name}"));
    }
    Ok(())
}

/// The image's name, from the index of the archive.
fn name_in(archive: &Path) -> Result<String, Error> {
    let refused = |source| Error::file("read", archive, source);
    let mut archive_file = tar::Archive::new(std::fs::File::open(archive).map_err(refused)?);
    for entry in archive_file.entries().map_err(refused)? {
        let entry = entry.map_err(refused)?;
        if entry.path().map_err(refused)?.as_os_str() != "index.json" {
            continue;
        }
        let index: serde_json::Value = serde_json::from_reader(entry)
            .map_err(|error| Error::Found(format!("{}: index.json: {error}", archive.display())))?;
        let name = &index["manifests"][0]["annotations"]["io.containerd.image.name"];
        if let Some(name) = name.as_str() {
            return Ok(name.to_owned());
        }
    }
    Err(Error::Found(format!("{} names no image", archive.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_told_from_a_path() {
        for (word, expected) in
            [("v1", false), ("v1.2", false), ("target/images/demo-app-v1.tar", true), ("a.tar", true)]
        {
            assert_eq!(is_path(word), expected, "{word}");
        }
    }

    #[test]
    fn an_archive_says_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tar");
        let mut archive = tar::Builder::new(Vec::new());
        let index =
            br#"{"manifests":[{"annotations":{"io.containerd.image.name":"127.0.0.1:5000/demo-app:v1"}}]}"#;
        let mut header = tar::Header::new_ustar();
        header.set_size(index.len() as u64);
        archive.append_data(&mut header, "index.json", index.as_slice()).unwrap();
        std::fs::write(&path, archive.into_inner().unwrap()).unwrap();
        assert_eq!(name_in(&path).unwrap(), "127.0.0.1:5000/demo-app:v1");
        std::fs::write(&path, [0_u8; 1024]).unwrap();
        assert!(name_in(&path).is_err());
    }
}
