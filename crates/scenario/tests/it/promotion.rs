//! deploy/ci/promote.sh between two clones, with a real git.

use std::path::Path;
use std::process::{Command, Output};

use crate::files::{root, text};

fn run(program: &str, folder: &Path, words: &[&str]) -> Output {
    #[expect(clippy::disallowed_methods, reason = "a test that runs the shipped script with a real git")]
    let mut command = Command::new(program);
    command.current_dir(folder).args(words);
    for (key, value) in [("NAME", "A person"), ("EMAIL", "person@example.com")] {
        command.env(format!("GIT_AUTHOR_{key}"), value).env(format!("GIT_COMMITTER_{key}"), value);
    }
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    command.output().unwrap()
}

fn git(folder: &Path, words: &[&str]) -> String {
    let output = run("git", folder, words);
    assert!(output.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A repository with the values files, where dev runs `tag`, and a clone of it.
fn clone(folder: &Path, tag: &str) -> std::path::PathBuf {
    let (origin, clone) = (folder.join("origin.git"), folder.join("clone"));
    git(folder, &["init", "--quiet", "--bare", "--initial-branch=main", "origin.git"]);
    git(folder, &["clone", "--quiet", origin.to_str().unwrap(), "clone"]);
    git(&clone, &["switch", "--quiet", "--create", "main"]);
    for chart in ["blue-green-app", "canary-app"] {
        std::fs::create_dir_all(clone.join("charts").join(chart)).unwrap();
        for environment in ["dev", "staging", "prod"] {
            let file = format!("charts/{chart}/values-{environment}.yaml");
            let mut values = text(&file);
            if environment == "dev" {
                values = values.replace("  tag: v1\n", &format!("  tag: \"{tag}\"\n"));
                assert!(values.contains(tag));
            }
            std::fs::write(clone.join(file), values).unwrap();
        }
    }
    git(&clone, &["add", "--all"]);
    git(&clone, &["commit", "--quiet", "--message=As it was"]);
    git(&clone, &["push", "--quiet", "origin", "main"]);
    clone
}

fn promote(clone: &Path, from: &str, to: &str) -> Output {
    run(root().join("deploy/ci/promote.sh").to_str().unwrap(), clone, &[from, to])
}

#[test]
fn the_version_of_one_environment_is_offered_to_the_next_and_main_stays() {
    let folder = tempfile::tempdir().unwrap();
    let clone = clone(folder.path(), "v2");
    let done = promote(&clone, "dev", "staging");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let branch = "origin/promote-blue-green-app-v2-to-staging";
    let changed = git(&clone, &["diff", "--unified=0", "origin/main", branch]);
    let lines: Vec<&str> = changed
        .lines()
        .filter(|line| line.starts_with(['+', '-']) && !line.starts_with("+++") && !line.starts_with("---"))
        .collect();
    assert_eq!(lines, ["-  tag: v1", "+  tag: \"v2\""]);
    assert!(changed.contains("charts/blue-green-app/values-staging.yaml"), "{changed}");
    assert_eq!(
        git(&clone, &["rev-list", "--count", "origin/main"]).trim(),
        "1",
        "nothing goes to main unasked"
    );
}

#[test]
fn what_is_there_already_and_what_has_no_way_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let clone = clone(folder.path(), "v2");
    let same = promote(&clone, "staging", "prod");
    assert!(same.status.success());
    assert!(String::from_utf8_lossy(&same.stdout).contains("v1 runs in prod already"));
    for (from, to) in [("dev", "prod"), ("prod", "dev"), ("dev", "dev")] {
        assert_eq!(promote(&clone, from, to).status.code(), Some(2), "{from} {to}");
    }
    assert_eq!(git(&clone, &["branch", "--remotes"]).lines().count(), 1);
}
