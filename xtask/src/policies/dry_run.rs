//! Every rendering, applied to the API server as a dry run: it validates by its own schemas and by the CRDs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Kubectl, moved};
use crate::run::{self, Error};

/// Folders with what is applied as it lies there. Argo CD's own kinds are served where Argo CD is installed.
const FOLDERS: &[&str] = &[
    "charts/blue-green-app/rendered",
    "charts/canary-app/rendered",
    "deploy/environments/rendered",
    "argocd/projects",
    "argocd/applications",
    "argocd/applicationsets",
    "argocd/notifications",
];

/// A line for each file that is refused. What holds kinds that this server does not serve is said and passed by.
pub(super) fn run(kubectl: &Kubectl) -> Result<Vec<String>, Error> {
    let words = ["api-resources", "--no-headers", "--output=wide"];
    let served = kinds(&run::capture(&mut kubectl.command(&words))?);
    let (mut wrong, mut tried) = (Vec::new(), 0_usize);
    for file in files()? {
        let objects = moved(&run::read_file(&file)?)?;
        let name = file.strip_prefix(run::root()).unwrap_or(&file).display().to_string();
        let unknown = objects.iter().find_map(|object| {
            let kind = format!("{} {}", object["apiVersion"].as_str()?, object["kind"].as_str()?);
            (!served.contains(&kind)).then_some(kind)
        });
        if let Some(kind) = unknown {
            run::say(&format!("{name}: unverified, this server does not serve {kind}"));
            continue;
        }
        tried += 1;
        if let Err(error) = kubectl.apply(&objects, &["--dry-run=server", "--force-conflicts"]) {
            wrong.push(format!("{name}: {error}"));
        }
    }
    run::say(&format!("{tried} files were applied as a dry run"));
    if tried == 0 {
        wrong.push("no file was applied as a dry run".to_owned());
    }
    Ok(wrong)
}

/// `apiVersion kind` of each line of `kubectl api-resources`: its words are name, short names (or none), version,
/// whether namespaced, kind.
fn kinds(table: &str) -> BTreeSet<String> {
    table
        .lines()
        .filter_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let at = words.iter().position(|word| ["true", "false"].contains(word))?;
            Some(format!("{} {}", words.get(at.checked_sub(1)?)?, words.get(at + 1)?))
        })
        .collect()
}

fn files() -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for folder in FOLDERS {
        files.extend(run::entries(&run::root().join(folder))?.into_iter().filter(|path| yaml(path)));
    }
    files.sort();
    Ok(files)
}

fn yaml(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "yaml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_read_with_and_without_short_names() {
        let table = "services   svc   v1   true   Service   create,get\n\
                     rollouts   ro    argoproj.io/v1alpha1   true   Rollout   get\n\
                     nodes            v1   false  Node   get\n";
        let kinds = kinds(table);
        assert!(kinds.contains("v1 Service") && kinds.contains("argoproj.io/v1alpha1 Rollout"));
        assert!(kinds.contains("v1 Node"));
    }

    #[test]
    fn every_folder_has_files() {
        assert!(files().unwrap().len() > 20);
    }
}
