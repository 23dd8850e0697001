//! Every script is well formed, shows what the PRD has, and applies files that are there.

use std::path::PathBuf;

use scenario::script::Script;

use crate::files::root;

/// All scripts by path.
pub(crate) fn scripts() -> Vec<(PathBuf, Script)> {
    let mut scripts = Vec::new();
    for folder in std::fs::read_dir(root().join("scenarios")).unwrap() {
        let folder = folder.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "scenario") {
                let text = std::fs::read_to_string(&path).unwrap();
                let script = scenario::parse(&text);
                scripts.push((
                    path.clone(),
                    script.unwrap_or_else(|error| panic!("{}: {error}", path.display())),
                ));
            }
        }
    }
    scripts.sort_by(|left, right| left.0.cmp(&right.0));
    scripts
}

#[test]
fn every_script_applies_files_that_are_there_and_can_be_overlaid() {
    let scripts = scripts();
    assert!(scripts.len() >= 5, "{}", scripts.len());
    for (path, script) in scripts {
        for command in script.steps.iter().flat_map(|step| &step.commands) {
            if let scenario::script::Action::Apply { files, overlays } = &command.action {
                let objects = scenario::manifest::overlaid(&root(), files, overlays);
                objects.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            }
        }
    }
}

#[test]
fn what_a_script_claims_to_show_is_in_the_prd() {
    let plan = prd_parser::parse(&crate::files::text("PRD.md")).plan;
    let known: Vec<&str> =
        plan.requirements.iter().chain(&plan.criteria).map(|item| item.id.as_str()).collect();
    let mut shown = 0;
    for (path, script) in scripts() {
        for id in &script.shows {
            assert!(known.contains(&id.as_str()), "{}: no {id} in the PRD", path.display());
            shown += 1;
        }
    }
    assert!(shown > 0);
}

#[test]
fn an_overlay_without_its_object_and_a_file_that_is_no_object_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("a.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n");
    write("b.yaml", "apiVersion: v1\nkind: Service\n");
    write("c.yaml", "a: [\n");
    let overlaid = |file: &str, overlay: &str| {
        let text = format!("scenario x\nrollout a/b\nstep x\n  apply {file}\n    {overlay}\n");
        let script = scenario::parse(&text).unwrap();
        let scenario::script::Action::Apply { files, overlays } = &script.steps[0].commands[0].action else {
            panic!("{text}")
        };
        scenario::manifest::overlaid(folder.path(), files, overlays).map_err(|error| error.to_string())
    };
    for (file, overlay, expected) in [
        ("a.yaml", "add Service/b /x 1", "Service/b, which none of the applied files has"),
        ("a.yaml", "remove Service/a /x", "cannot change Service/a"),
        ("b.yaml", "add Service/b /x 1", "has no name"),
        ("c.yaml", "add Service/b /x 1", "parse "),
        ("d.yaml", "add Service/b /x 1", "read "),
    ] {
        let error = overlaid(file, overlay).unwrap_err();
        assert!(error.contains(expected), "{file}, {overlay}: {error}");
    }
    let changed = overlaid("a.yaml", r#"add Service/a /spec {"type": "ClusterIP"}"#).unwrap();
    assert_eq!(changed[0]["spec"]["type"], "ClusterIP");
}
