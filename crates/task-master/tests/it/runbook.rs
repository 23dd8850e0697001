//! The runbook's reader: what it refuses, where, and what it offers instead.

#![expect(clippy::unwrap_used, reason = "a test whose fixture cannot be built has failed")]

use std::collections::BTreeMap;
use std::path::Path;

use task_master::runbook::{self, Action, Change, Root, Runbook};
use task_master::target::Target;

const TOP: &str = "version: 1\nvariables: {old: v1}\ntasks:\n";
const MUTATION: &str = "    mutation: {delete: {apiVersion: v1, kind: Namespace, name: x}}\n";

/// A small repository with one manifest.
fn repository() -> (tempfile::TempDir, Root) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("deploy")).unwrap();
    std::fs::write(folder.path().join("deploy/ns.yaml"), "").unwrap();
    let root = Root::new(folder.path()).unwrap();
    (folder, root)
}

fn read(source: &str, given: &[(&str, &str)]) -> Result<Runbook, String> {
    let (_folder, root) = repository();
    let given: BTreeMap<String, String> =
        given.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    runbook::parse(Path::new("deploy/runbook.yaml"), source, &root, &given).map_err(|e| e.to_string())
}

/// One task `t` with `step`, which is on line 6.
fn with_step(step: &str) -> String {
    format!("{TOP}  t:\n    steps:\n      - {step}\n{MUTATION}")
}

#[test]
fn every_problem_has_its_place_and_the_nearest_right_name() {
    let apply = "apply: {files: [deploy/ns.yaml]}";
    let cases = [
        // The text of the step, and what is said of it.
        ("aply: {files: [deploy/ns.yaml]}", "6:9: unknown field of a step `aply`; the nearest is `apply`"),
        (
            "apply: {file: [deploy/ns.yaml]}",
            "6:17: unknown field of an apply step `file`; the nearest is `files`",
        ),
        (
            "apply: {files: [deploy/n.yaml]}",
            "6:25: there is no `deploy/n.yaml`; the nearest is `deploy/ns.yaml`",
        ),
        ("apply: {files: [../x]}", "6:25: path `../x` is not a plain relative path; paths start"),
        ("apply: {files: [/etc/passwd]}", "6:25: path `/etc/passwd` is not a plain relative path"),
        ("apply: {files: []}", "6:24: the list of files is empty"),
        ("apply: 3", "6:16: an apply step is a map, and this is a number"),
        ("probe: {answers: {h.local: v$}}", "6:36: `v$` is not a version"),
        ("probe: {answers: {h.local: 1}}", "6:36: this is read as a number or a truth; put it in quotes"),
        ("probe: {answers: {h.local: '${odl}'}}", "6:36: unknown variable `odl`; the nearest is `old`"),
        ("probe: {answers: {h.local: 'a${old}'}}", "6:36: a variable stands for a whole value"),
        ("probe: {answers: {-h: v1}}", "6:27: `-h` is not a name"),
        (
            "rollout: {namespace: ns, name: ro, verb: promot}",
            "6:50: unknown verb `promot`; the nearest is `promote`",
        ),
        ("rollout: {namespace: ns, name: ro, verb: undo}", "6:18: a rollout step needs `to`"),
        (
            "wait: {rollout: {namespace: ns, name: ro}}",
            "asks nothing but whether the rollout is there is refused",
        ),
        (
            "check: {object: {apiVersion: v1, kind: X, name: x, contains: {}}}",
            "only whether it exists is refused",
        ),
        ("run: {argv: [sh, -c, x]}", "6:21: a shell line is refused"),
        (
            "run: {argv: [make], check: [test, -f, x]}",
            "a check that only asks whether a file exists is refused",
        ),
        ("terraform: {folder: deploy, action: aply}", "unknown action `aply`; the nearest is `apply`"),
        ("reconcile: {application: a, skip: 1}", "6:43: this is `true` or `false`, and this is a number"),
        ("reconcile: {application: a}", "6:20: a reconcile step needs `skip`"),
        ("static: {}", "a static check is one `application`, one `rendering` or one `configuration`"),
        ("load: {host: h.local, steps: [run: {argv: [x]}]}", "under a load stand only"),
    ];
    for (step, said) in cases {
        let error = read(&with_step(step), &[]).unwrap_err();
        assert!(error.contains(said) && error.starts_with("deploy/runbook.yaml:"), "{step}\n{error}");
    }
    for common in ["timeout: 3h", "retries: -1", "on: [hots]", "on: host", "on: []"] {
        let error = read(&with_step(&format!("{apply}\n        {common}")), &[]).unwrap_err();
        assert!(error.starts_with("deploy/runbook.yaml:7:"), "{error}");
    }
}

#[test]
fn all_problems_are_told_at_once_in_order() {
    let source = format!("{TOP}  t:\n    steps:\n      - aply: {{}}\n      - probe: {{}}\n    shos: []\n");
    let error = read(&source, &[]).unwrap_err();
    let lines: Vec<&str> = error.lines().map(|line| line.split(':').nth(1).unwrap()).collect();
    assert_eq!(lines, ["5", "6", "7", "8"], "{error}");
}

#[test]
fn broken_yaml_and_wrong_versions_are_refused_with_a_place() {
    for (source, said) in [
        ("version: 2\ntasks: {}\n", ":1:10: 2 is not between 1 and 1"),
        ("tasks: {}\n", "the runbook needs `version`"),
        ("version: 1\ntasks: [\n", "deploy/runbook.yaml:"),
        ("", "deploy/runbook.yaml:"),
        ("version: 1\nversion: 1\ntasks: {}\n", "deploy/runbook.yaml:2:"),
    ] {
        let error = read(source, &[]).unwrap_err();
        assert!(error.contains(said), "{source:?}\n{error}");
    }
}

#[test]
fn a_task_whose_state_nothing_tells_later_is_refused() {
    let error = read(&with_step("rollout: {namespace: ns, name: ro, verb: promote}"), &[]).unwrap_err();
    assert!(error.contains("5:3") || error.contains("4:3"), "{error}");
    assert!(error.contains("say in `holds` what stays true"), "{error}");
}

#[test]
fn a_task_is_what_its_steps_on_the_target_are() {
    let source = format!(
        "{TOP}  t:\n    steps:\n      - on: [host, kind]\n        apply: {{files: [deploy/ns.yaml]}}\n      - on: [host]\n        \
         run: {{argv: [a], check: ['b']}}\n    mutation:\n      - {{on: [host], run: [c]}}\n      \
         - {{on: [kind], delete: {{apiVersion: v1, kind: Namespace, name: x}}}}\n"
    );
    let runbook = read(&source, &[]).unwrap();
    let steps = |target: &Target| runbook.on(target).bindings.first().map(|binding| binding.steps.len());
    let targets = [Target::Sim, Target::Host, Target::Kind, Target::Context("c".into())];
    assert_eq!(targets.each_ref().map(steps), [None, Some(2), Some(1), None]);
    let on_host = runbook.on(&Target::Host).bindings.remove(0);
    assert!(matches!(&on_host.mutations[..], [mutation] if matches!(mutation.change, Change::Run { .. })));

    let error = read(&source.replace("on: [kind], delete", "on: [host], delete"), &[]).unwrap_err();
    assert!(error.contains("4:3: `t` needs one mutation on host and has 2"), "{error}");
    assert!(error.contains("4:3: `t` needs one mutation on kind and has 0"), "{error}");
    let blind = source.replace("check: ['b']", "env: {a: b}").replace("on: [host, kind]", "on: [kind]");
    let error = read(&blind, &[]).unwrap_err();
    assert!(error.contains("4:3: nothing tells later whether `t` is still done on host"), "{error}");
}

#[test]
fn variables_have_defaults_can_be_given_and_must_be_declared() {
    let source = with_step("check: {rollout: {namespace: ns, name: ro, active: '${old}'}}");
    let active = |runbook: &Runbook| match &runbook.bindings[0].steps[0].action {
        Action::Check(runbook::Condition::Rollout(rollout)) => rollout.active.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(active(&read(&source, &[]).unwrap()).as_deref(), Some("v1"));
    assert_eq!(active(&read(&source, &[("old", "v7")]).unwrap()).as_deref(), Some("v7"));
    let error = read(&source, &[("odl", "v7")]).unwrap_err();
    assert!(error.contains("`odl`; the nearest is `old`"), "{error}");
    let error = read(&source, &[("old", "--help")]).unwrap_err();
    assert!(error.contains("`--help` is not a version"), "{error}");
}
