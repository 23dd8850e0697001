//! What is shipped for Kubernetes, read by kubeconform and by kube-score, without a cluster and without a network: the
//! schemas are those that the pinned modules publish.

mod schemas;
mod score;

use std::path::{Path, PathBuf};

pub(crate) use score::check as score;

use crate::gomodule::Program;
use crate::run::{self, Error};

/// Looks for unknown fields and wrong types, as strictly as the API server may.
pub(crate) const KUBECONFORM: Program = Program {
    name: "kubeconform",
    module: "github.com/yannh/kubeconform",
    version: "0.8.0",
    package: "github.com/yannh/kubeconform/cmd/kubeconform",
    ..Program::PLAIN
};

/// Looks for what is allowed and unwise.
pub(crate) const KUBE_SCORE: Program = Program {
    name: "kube-score",
    module: "github.com/zegl/kube-score",
    version: "1.20.0",
    package: "github.com/zegl/kube-score/cmd/kube-score",
    ..Program::PLAIN
};

/// Folders whose YAML is applied as it lies there; a kustomization among it is not.
const FOLDERS: &[&str] = &[
    "argocd",
    "charts/blue-green-app/rendered",
    "charts/canary-app/rendered",
    "deploy/analysis",
    "deploy/blue-green",
    "deploy/canary",
    "deploy/environments/rendered",
    "deploy/namespaces",
    "deploy/policies",
    "xtask/src/cluster/objects",
];

/// Whether every object is as its schema wants it.
///
/// # Errors
/// What kubeconform found; a kind without a schema is found too.
pub(crate) fn conform(kubeconform: &Path) -> Result<(), Error> {
    let folder =
        tempfile::tempdir().map_err(|source| Error::file("create", &std::env::temp_dir(), source))?;
    schemas::write(folder.path())?;
    let location = folder.path().join("{{.Group}}/{{.ResourceAPIVersion}}/{{.ResourceKind}}.json");
    conforms(kubeconform, &location, FOLDERS.iter().map(PathBuf::from).collect())
}

fn conforms(kubeconform: &Path, location: &Path, files: Vec<PathBuf>) -> Result<(), Error> {
    let mut command = run::command(kubeconform);
    command.args(["-strict", "-summary", "-n", "1", "-ignore-filename-pattern", "(?i)kustomization"]);
    command.arg("-schema-location").arg(location).args(files);
    run::run(&mut command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_folder_has_objects() {
        for folder in FOLDERS {
            assert!(run::root().join(folder).is_dir(), "{folder}");
        }
    }
}
