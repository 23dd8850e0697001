//! A PRD is untrusted text: whatever it says, it runs no command and reaches no path.

#![expect(clippy::unwrap_used, reason = "a test whose fixture cannot be built has failed")]

use std::path::Path;

use serde_json::json;

use crate::bench::Bench;
use crate::fakes::Fakes;

/// Every file below a folder.
fn files(folder: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push(path.display().to_string());
        }
    }
    all
}

#[test]
fn titles_and_ids_become_no_command_and_no_path() {
    let folder = tempfile::tempdir().unwrap();
    let prd = folder.path().join("project/PRD.md");
    std::fs::create_dir_all(prd.parent().unwrap()).unwrap();
    let text = "# T\n\n## 6. Implementation Phases\n\n### Phase 1: $(touch pwned)\n\
                - [ ] `touch pwned`; $(touch pwned) | sh -c 'touch pwned'\n\
                - [ ] --help\n\
                - [ ] [id:: ../../../escaped] Climb\n\
                - [ ] run: {argv: [touch, pwned]}\n";
    std::fs::write(&prd, text).unwrap();
    let parsed = prd_parser::parse(text);
    let ids: Vec<String> = parsed.plan.tasks.iter().map(|task| task.id.clone()).collect();
    assert_eq!(ids.len(), 4, "{ids:?}");
    // Each is bound to a harmless program, so that all of the engine meets its id.
    let bindings: String = ids
        .iter()
        .map(|id| {
            format!(
                "  {}:\n    steps: [run: {{argv: [helm], check: [helm]}}]\n    mutation: {{delete: {{apiVersion: v1, kind: X, name: x}}}}\n",
                json!(id)
            )
        })
        .collect();
    let fakes = Fakes::new(&["helm", "sh", "touch"], &json!([{"tool": "helm"}]));
    let bench = Bench::with_runbook(&format!("version: 1\ntasks:\n{bindings}"), fakes.environment()).on(prd);
    let before = files(folder.path());
    let ran = bench.run(&["execute-phase", "1"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert!(fakes.calls().iter().all(|call| call["tool"] == "helm" && call["args"] == json!([])));
    assert_eq!(files(folder.path()), before, "nothing is written beside the PRD");
    let outside: Vec<String> = files(bench.folder())
        .into_iter()
        .filter(|path| path.contains("escaped") && !path.contains("/state/runs/"))
        .collect();
    assert_eq!(outside, Vec::<String>::new());
}
