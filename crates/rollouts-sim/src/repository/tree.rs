//! Which entries of a commit's folder are manifests.

/// More than this is no folder of manifests: it would be in the journal.
pub(super) const MOST_FILES: usize = 500;
/// See [`MOST_FILES`]; in bytes, all manifests together.
pub(super) const MOST_BYTES: u64 = 2 * 1024 * 1024;

/// A manifest's path and the id of its content.
#[derive(Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) path: String,
    pub(super) id: String,
}

/// The manifests in what `git ls-tree -z --long` lists.
///
/// # Errors
/// What stands there and is not rendered, or not followed.
pub(super) fn manifests(listed: &str) -> Result<Vec<Entry>, String> {
    let mut found = Vec::new();
    let mut bytes = 0;
    for line in listed.split('\0').filter(|line| !line.is_empty()) {
        let (about, path) = line.split_once('\t').ok_or_else(|| format!("unreadable entry {line:?}"))?;
        let words: Vec<&str> = about.split_whitespace().collect();
        let [mode, kind, id, size] = words[..] else { return Err(format!("unreadable entry {line:?}")) };
        refuse(path)?;
        if !is_manifest(path) || kind == "tree" {
            continue;
        }
        if mode == "120000" {
            return Err(format!("{path} is a symbolic link, which the simulator does not follow"));
        }
        bytes += size.parse::<u64>().unwrap_or(0);
        found.push(Entry { path: path.to_owned(), id: id.to_owned() });
    }
    if found.len() > MOST_FILES || bytes > MOST_BYTES {
        let (files, most) = (found.len(), MOST_BYTES / 1024);
        return Err(format!(
            "{files} manifests of {} KiB; the simulator takes {MOST_FILES} of {most} KiB",
            bytes / 1024
        ));
    }
    Ok(found)
}

/// What has to be rendered before it is a manifest.
fn refuse(path: &str) -> Result<(), String> {
    match path {
        "Chart.yaml" => Err("Chart.yaml: the simulator renders no charts".to_owned()),
        "kustomization.yaml" | "kustomization.yml" | "Kustomization" => {
            Err(format!("{path}: the simulator renders no kustomizations"))
        }
        _ if path.ends_with(".jsonnet") => Err(format!("{path}: the simulator renders no jsonnet")),
        _ => Ok(()),
    }
}

fn is_manifest(path: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(mode: &str, kind: &str, size: &str, path: &str) -> String {
        format!("{mode} {kind} abc {size:>7}\t{path}\0")
    }

    #[test]
    fn manifests_are_told_from_what_is_not_rendered() {
        let blob = |path: &str| line("100644", "blob", "10", path);
        let listed =
            format!("{}{}{}", blob("a.yaml"), blob("README.md"), line("040000", "tree", "-", "x.yaml"));
        let entries = manifests(&listed).unwrap();
        assert_eq!(entries, [Entry { path: "a.yaml".into(), id: "abc".into() }]);
        for (listed, said) in [
            (blob("Chart.yaml"), "renders no charts"),
            (blob("Kustomization"), "renders no kustomizations"),
            (blob("in/a.jsonnet"), "renders no jsonnet"),
            (line("120000", "blob", "4", "a.yml"), "symbolic link"),
            (line("100644", "blob", "3000000", "a.json"), "1 manifests of 2929 KiB"),
            ((0..501).map(|n| blob(&format!("{n}.yaml"))).collect(), "501 manifests"),
            ("garbage\0".to_owned(), "unreadable entry"),
        ] {
            let refused = manifests(&listed).unwrap_err();
            assert!(refused.contains(said), "{refused}");
        }
    }
}
