//! Makefile, scripts and the pipeline's scripts, run as they are shipped: on the simulated cluster, and in a clone of a
//! small repository.
//!
//! `MAKE` names make. Without it the Makefile is only read; under `REQUIRE_LIVE=1` that is a failure.

#![expect(clippy::unwrap_used, reason = "a test whose fixture cannot be built has failed")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use test_support::gate;

use crate::bench::{BINARY, Ran, root};

/// A program in a folder, with the environment that scripts need.
#[expect(clippy::disallowed_methods, reason = "the test runs shipped scripts")]
fn run(folder: &Path, argv: &[&str], environment: &[(&str, &str)]) -> Ran {
    let path = std::env::var_os("PATH").unwrap();
    let mut command = Command::new(argv[0]);
    command.args(&argv[1..]).current_dir(folder).env_clear().env("PATH", path).env("HOME", folder);
    for name in ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"] {
        command.env(name, "ci");
    }
    command.envs(environment.iter().copied()).output().unwrap().into()
}

fn good(ran: Ran) -> String {
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    ran.stdout
}

/// A program that writes down what it was asked, one line a call.
fn scribe(folder: &Path) -> PathBuf {
    let file = folder.join("scribe");
    std::fs::write(&file, "#!/bin/sh\necho \"$*\" >> \"$0.log\"\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    file
}

/// The tools that the entry points call, and where these keep their state.
fn tools<'a>(state: &'a Path, xtask: &'a Path) -> [(&'static str, &'a str); 3] {
    [
        ("TASK_MASTER_STATE", state.to_str().unwrap()),
        ("TASK_MASTER", BINARY),
        ("XTASK", xtask.to_str().unwrap()),
    ]
}

fn asked(scribe: &Path) -> String {
    std::fs::read_to_string(scribe.with_extension("log")).unwrap_or_default()
}

#[test]
fn a_release_of_each_kind_and_the_cleanup_that_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let xtask = scribe(folder.path());
    let environment = tools(&state, &xtask);
    let script = |words: &[&str]| run(&root(), words, &environment);
    good(script(&["scripts/setup-cluster.sh"]));
    assert_eq!(asked(&xtask), "doctor\n");
    assert!(good(script(&["scripts/deploy-blue-green.sh"])).contains("8 of 8 tasks completed"));
    assert!(good(script(&["scripts/deploy-canary.sh", "sim"])).contains("9 of 9 tasks completed"));

    // What is not the tools' own stays, and is told.
    std::fs::write(state.join("mine"), "").unwrap();
    let ran = script(&["scripts/cleanup.sh"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
    assert!(
        ran.stderr.contains("holds more than the tools wrote") && ran.stderr.contains("mine"),
        "{}",
        ran.stderr
    );
    std::fs::remove_file(state.join("mine")).unwrap();
    good(script(&["scripts/cleanup.sh"]));
    assert!(!state.exists());
    assert!(good(script(&["scripts/cleanup.sh"])).contains("no state folder"));

    good(script(&["scripts/setup-cluster.sh", "host"]));
    good(script(&["scripts/cleanup.sh", "host"]));
    assert_eq!(asked(&xtask), "doctor\ndoctor --for host\ncluster up --provider host\ncluster down\n");
    for words in [["scripts/setup-cluster.sh", "context:prod"], ["scripts/cleanup.sh", "context:prod"]] {
        assert_eq!(script(&words).code, Some(2), "{words:?}");
    }
}

#[test]
fn each_target_of_the_makefile_is_a_script_or_a_verb() {
    let text = std::fs::read_to_string(root().join("Makefile")).unwrap();
    let recipe = |target: &str| {
        let mut lines = text.lines().skip_while(|line| !line.starts_with(&format!("{target}:"))).skip(1);
        lines.next().unwrap_or_default().trim().to_owned()
    };
    for (target, script) in [
        ("setup", "setup-cluster"),
        ("deploy-blue-green", "deploy-blue-green"),
        ("deploy-canary", "deploy-canary"),
        ("cleanup", "cleanup"),
    ] {
        assert_eq!(recipe(target), format!("@scripts/{script}.sh $(TARGET)"));
    }
    assert_eq!(recipe("check"), "@cargo xtask check");

    let Some(make) = gate::program("MAKE") else { return };
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let xtask = scribe(folder.path());
    let environment = tools(&state, &xtask);
    let make = |words: &[&str]| run(&root(), &[&[make.to_str().unwrap()], words].concat(), &environment);
    good(make(&["setup"]));
    assert!(good(make(&["deploy-blue-green"])).contains("8 of 8 tasks completed"));
    good(make(&["cleanup"]));
    assert!(!state.exists());
    assert!(good(make(&["help"])).contains("cleanup"));
    good(make(&["cleanup", "TARGET=host"]));
    assert!(asked(&xtask).ends_with("cluster down\n"));
}

/// A clone with the pipeline and a chart, of a repository beside it.
fn clone(folder: &Path) -> PathBuf {
    let clone = folder.join("clone");
    let git = |words: &[&str], at: &Path| good(run(at, &[&["git"], words].concat(), &[]));
    git(&["init", "--quiet", "--bare", "--initial-branch=main", "origin.git"], folder);
    git(&["clone", "--quiet", "origin.git", "clone"], folder);
    for file in ["build", "bump", "wait", "rollback", "pipeline"] {
        let file = format!("deploy/ci/{file}.sh");
        std::fs::create_dir_all(clone.join("deploy/ci")).unwrap();
        std::fs::copy(root().join(&file), clone.join(&file)).unwrap();
    }
    let values = "charts/blue-green-app/values.yaml";
    std::fs::create_dir_all(clone.join("charts/blue-green-app")).unwrap();
    std::fs::copy(root().join(values), clone.join(values)).unwrap();
    git(&["switch", "--quiet", "--create", "main"], &clone);
    git(&["add", "."], &clone);
    git(&["commit", "--quiet", "--message", "All"], &clone);
    git(&["push", "--quiet", "origin", "main"], &clone);
    clone
}

/// The tag that a branch of the repository releases.
fn tag(clone: &Path, branch: &str) -> String {
    let file = format!("origin/{branch}:charts/blue-green-app/values.yaml");
    good(run(clone, &["git", "fetch", "--quiet"], &[]));
    let text = good(run(clone, &["git", "show", &file], &[]));
    let values: Value = serde_yaml::from_str(&text).unwrap();
    values["image"]["tag"].as_str().unwrap().to_owned()
}

#[test]
fn a_release_is_proposed_and_taken_back_by_commits() {
    let folder = tempfile::tempdir().unwrap();
    let clone = clone(folder.path());
    let tool = scribe(folder.path());
    let tool_name = tool.to_str().unwrap();
    let environment = [
        ("XTASK", tool_name),
        ("PUSH", tool_name),
        ("OPEN", tool_name),
        ("IMAGE", "registry.example.com/demo-app"),
    ];
    let before = tag(&clone, "main");
    good(run(&clone, &["deploy/ci/pipeline.sh", "propose", "sha-1"], &environment));
    assert_eq!(
        (tag(&clone, "main"), tag(&clone, "release/blue-green-app-sha-1")),
        (before.clone(), "sha-1".into())
    );
    let changed =
        good(run(&clone, &["git", "diff", "--numstat", "main", "release/blue-green-app-sha-1"], &[]));
    assert_eq!(changed.trim(), "1\t1\tcharts/blue-green-app/values.yaml");
    let asked = asked(&tool);
    let lines: Vec<&str> = asked.lines().collect();
    assert!(lines[0].starts_with("image sha-1 --source"), "{asked}");
    assert!(lines[1].ends_with("/demo-app-sha-1.tar registry.example.com/demo-app:sha-1"), "{asked}");
    assert_eq!(lines[2], "release/blue-green-app-sha-1 Release blue-green-app sha-1");

    // Somebody merges it, and it is taken back; a merge as well as a single commit.
    for merge in
        [&["git", "merge", "--quiet", "--no-ff", "--no-edit"][..], &["git", "merge", "--quiet", "--ff-only"]]
    {
        good(run(&clone, &["git", "switch", "--quiet", "main"], &[]));
        good(run(&clone, &["git", "reset", "--quiet", "--hard", "origin/main"], &[]));
        if merge.contains(&"--ff-only") {
            good(run(&clone, &["deploy/ci/bump.sh", "sha-2"], &environment));
            good(run(&clone, &["git", "switch", "--quiet", "main"], &[]));
        }
        let branch = if merge.contains(&"--ff-only") { "sha-2" } else { "sha-1" };
        good(run(&clone, &[merge, &[&format!("release/blue-green-app-{branch}")]].concat(), &[]));
        good(run(&clone, &["git", "push", "--quiet", "origin", "main"], &[]));
        assert_eq!(tag(&clone, "main"), branch);
        good(run(&clone, &["deploy/ci/rollback.sh", "HEAD"], &environment));
        assert_eq!(tag(&clone, "main"), before);
    }
    for (words, said) in [
        (&["deploy/ci/bump.sh", "a b"][..], "is no tag"),
        (&["deploy/ci/bump.sh", "sha-2"], "already exists"),
        (&["deploy/ci/pipeline.sh"], "usage"),
    ] {
        let ran = run(&clone, words, &environment);
        assert!(ran.code != Some(0) && ran.stderr.contains(said), "{words:?}: {}", ran.stderr);
    }
}

#[test]
fn the_result_is_waited_for_and_a_version_that_does_not_start_is_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let clone = clone(folder.path());
    let state = folder.path().join("state");
    let prd = root().join("PRD.md");
    let program = format!("{BINARY} --prd {} --target sim", prd.display());
    let environment = [("TASK_MASTER_STATE", state.to_str().unwrap()), ("TASK_MASTER", program.as_str())];
    let master = |words: &[&str]| {
        let words = [&[BINARY, "--prd", prd.to_str().unwrap()], words].concat();
        good(run(folder.path(), &words, &environment))
    };
    master(&["execute-phase", "2"]);
    let wait = |until: &str| {
        let environment = [&environment[..], &[("UNTIL", until), ("WITHIN", "5m")]].concat();
        run(&clone, &["deploy/ci/wait.sh", "blue-green", "blue-green"], &environment)
    };
    good(wait("healthy"));
    let image = |tag: &str| {
        master(&["rollout", "set-image", "blue-green", &format!("demo-app=127.0.0.1:5000/demo-app:{tag}")]);
    };
    image("v2");
    good(wait("paused"));

    image("missing");
    let before = tag(&clone, "main");
    good(run(&clone, &["deploy/ci/bump.sh", "missing"], &environment));
    good(run(&clone, &["git", "switch", "--quiet", "main"], &[]));
    good(run(&clone, &["git", "merge", "--quiet", "--ff-only", "release/blue-green-app-missing"], &[]));
    good(run(&clone, &["git", "push", "--quiet", "origin", "main"], &[]));
    let environment = [&environment[..], &[("WITHIN", "5m")]].concat();
    let ran =
        run(&clone, &["deploy/ci/pipeline.sh", "follow", "HEAD", "blue-green", "blue-green"], &environment);
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("demo-app:missing"), "it says why: {}", ran.stderr);
    assert_eq!(tag(&clone, "main"), before, "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn the_examples_call_scripts_that_are_there_and_one_release_at_a_time() {
    for (file, mutex) in [("github-actions.yaml", "concurrency"), ("gitlab-ci.yaml", "resource_group")] {
        let text = std::fs::read_to_string(root().join("deploy/ci").join(file)).unwrap();
        let _: Value = serde_yaml::from_str(&text).unwrap();
        assert!(text.contains(mutex), "{file}");
        let called: Vec<&str> =
            text.split_whitespace().filter(|word| word.starts_with("deploy/ci/")).collect();
        assert_eq!(called, ["deploy/ci/pipeline.sh", "deploy/ci/pipeline.sh"], "{file}");
        for verb in ["pipeline.sh propose", "pipeline.sh follow"] {
            assert!(text.contains(verb), "{file}: {verb}");
        }
    }
    let github: Value =
        serde_yaml::from_str(&std::fs::read_to_string(root().join("deploy/ci/github-actions.yaml")).unwrap())
            .unwrap();
    assert_eq!(github["permissions"], serde_json::json!({}), "no right but what a job asks for");
}
