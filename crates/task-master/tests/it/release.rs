//! `task-master rollout release` and `rollback --git`: real Git in a folder, the simulated cluster.

#![expect(clippy::unwrap_used, reason = "a test whose fixture cannot be built has failed")]

use std::path::{Path, PathBuf};
use std::process::Command;

use rollouts_client::client::Rollouts;
use rollouts_client::patch::{PatchKind, PatchRequest, Subresource, Target};
use rollouts_sim::Simulator;
use serde_json::{Value, json};

use crate::bench::{Bench, Ran, root};

const VALUES: &str = "charts/blue-green-app/values.yaml";

/// A remote, a checkout of it, and the shipped Rollout on the simulator.
struct World {
    bench: Bench,
    remote: PathBuf,
    checkout: PathBuf,
}

#[expect(clippy::disallowed_methods, reason = "the test looks at what the binary did in Git")]
fn git(folder: &Path, args: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(args).current_dir(folder).env("GIT_CONFIG_GLOBAL", folder.join("../gitconfig"));
    let output = command.output().unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn world() -> World {
    let mut bench = Bench::shipped();
    let ran = bench.run(&["execute-phase", "Phase 2", "--quiet"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let folder = bench.folder().to_owned();
    std::fs::write(folder.join("gitconfig"), "[user]\nname = Ada\nemail = ada@example.com\n").unwrap();
    let (remote, checkout) = (folder.join("remote"), folder.join("checkout"));
    for place in [&remote, &checkout] {
        std::fs::create_dir(place).unwrap();
    }
    git(&remote, &["init", "--quiet", "--bare", "--initial-branch=main"]);
    git(&checkout, &["clone", "--quiet", "../remote", "."]);
    git(&checkout, &["symbolic-ref", "HEAD", "refs/heads/main"]);
    std::fs::create_dir_all(checkout.join("charts/blue-green-app")).unwrap();
    std::fs::copy(root().join(VALUES), checkout.join(VALUES)).unwrap();
    git(&checkout, &["add", "."]);
    git(&checkout, &["commit", "--quiet", "--message", "Begin"]);
    git(&checkout, &["push", "--quiet", "origin", "HEAD:main"]);
    bench.set("PATH", &std::env::var("PATH").unwrap());
    bench.set("GIT_CONFIG_GLOBAL", &folder.join("gitconfig").display().to_string());
    World { bench, remote, checkout }
}

impl World {
    fn rollout(&self, words: &[&str]) -> Ran {
        self.bench.run(&[&["rollout"], words].concat())
    }

    fn release(&self, tag: &str, more: &[&str]) -> Ran {
        self.rollout(&[&["release", "blue-green", "--image-tag", tag, "--values", VALUES][..], more].concat())
    }

    fn url(&self) -> String {
        format!("file://{}", self.remote.display())
    }

    /// The values file as the remote has it.
    fn pushed(&self) -> String {
        git(&self.remote, &["show", &format!("main:{VALUES}")])
    }

    /// Argo CD's mark on the Rollout.
    fn tracked(&self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let simulator = Simulator::open(&self.bench.state().join("sim")).unwrap();
            let mark = "shop:argoproj.io/Rollout:blue-green/blue-green";
            let patch = PatchRequest {
                target: Target {
                    api_version: "argoproj.io/v1alpha1".into(),
                    kind: "Rollout".into(),
                    plural: "rollouts".into(),
                    namespace: Some("blue-green".into()),
                    name: "blue-green".into(),
                },
                subresource: Subresource::Main,
                kind: PatchKind::Merge,
                body: json!({"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": mark}}}),
            };
            let rollouts = Rollouts::new(simulator.client(), "blue-green").with_pace(simulator.pace());
            rollouts.send(&patch).await.unwrap();
        });
    }
}

fn lines_that_differ(old: &str, new: &str) -> Vec<(String, String)> {
    assert_eq!(old.lines().count(), new.lines().count());
    let pairs = old.lines().zip(new.lines()).filter(|(old, new)| old != new);
    pairs.map(|(old, new)| (old.to_owned(), new.to_owned())).collect()
}

#[test]
fn one_line_is_committed_pushed_and_followed() {
    let world = world();
    let before = world.pushed();
    // Nobody syncs here, so the cluster has the version beforehand.
    assert_eq!(
        world.rollout(&["set-image", "blue-green", "demo-app=127.0.0.1:5000/demo-app:v2"]).code,
        Some(0)
    );
    let checkout = world.checkout.display().to_string();
    std::fs::write(world.checkout.join("other"), "not of this commit").unwrap();
    git(&world.checkout, &["add", "other"]);
    let ran = world.release("v2", &["--repo", &checkout, "--environment", "staging", "--wait"]);
    assert_eq!(ran.code, Some(15), "{ran:?}");
    for part in [
        "image.tag in charts/blue-green-app/values.yaml from",
        "rollout blue-green at v2: Paused (BlueGreenPause)",
    ] {
        assert!(ran.stdout.contains(part), "{}", ran.stdout);
    }
    let differing = lines_that_differ(&before, &world.pushed());
    assert_eq!(differing.len(), 1, "{differing:?}");
    assert_eq!(differing[0].1.trim_start(), "tag: \"v2\"");
    let shown = git(&world.remote, &["log", "-1", "--format=%an %s", "--name-only", "main"]);
    assert_eq!(shown, format!("Ada Release v2 to staging\n\n{VALUES}\n"));
    assert!(git(&world.checkout, &["status", "--porcelain"]).contains("A  other"));
}

#[test]
fn a_rollback_takes_the_last_change_of_the_tag_back() {
    let world = world();
    let (url, begun) = (world.url(), world.pushed());
    assert_eq!(world.release("v2", &["--repo", &url, "--branch", "main"]).code, Some(0));
    let released = world.pushed();
    assert_eq!(world.release("v3", &["--repo", &url]).code, Some(0));
    // A later change of something else is no change of the tag, and stays.
    git(&world.checkout, &["pull", "--quiet", "origin", "main"]);
    std::fs::write(world.checkout.join(VALUES), format!("{}\n# later\n", world.pushed().trim_end())).unwrap();
    git(&world.checkout, &["commit", "--quiet", "--all", "--message", "Later"]);
    git(&world.checkout, &["push", "--quiet", "origin", "HEAD:main"]);

    assert_eq!(
        world.rollout(&["set-image", "blue-green", "demo-app=127.0.0.1:5000/demo-app:v3"]).code,
        Some(0)
    );
    assert_eq!(world.rollout(&["wait", "blue-green", "paused"]).code, Some(0));
    // What is wrong with Git is found out before the cluster goes back without it.
    let nowhere = world.rollout(&["rollback", "blue-green", "--git", "nowhere", "--values", VALUES]);
    assert_eq!(nowhere.code, Some(4), "{nowhere:?}");
    assert_eq!(world.rollout(&["wait", "blue-green", "paused", "--timeout", "1s"]).code, Some(0));
    let back =
        ["rollback", "blue-green", "--git", &url, "--values", VALUES, "--timeout", "20s", "-o", "json"];
    let ran = world.rollout(&[&back[..], &["--reason", "It is slow."]].concat());
    // Aborted at once; the template is Git's, and nobody syncs here.
    assert_eq!(ran.code, Some(124), "{ran:?}");
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(told["rollback"].as_str().unwrap().contains("did:    aborted the update"), "{told}");
    assert!(told["followed"].as_str().unwrap().contains("still asks for v3"), "{told}");
    assert_eq!((&told["pushed"]["from"], &told["pushed"]["to"]), (&json!("v3"), &json!("v2")));
    assert_eq!(world.pushed(), format!("{}\n# later\n", released.trim_end()));
    let subject = git(&world.remote, &["log", "-1", "--format=%s", "main"]);
    assert_eq!(subject, "Revert \"Release v3\"\n");
    assert!(git(&world.remote, &["log", "-1", "--format=%b", "main"]).ends_with("\n\nIt is slow.\n\n"));
    assert_ne!(released, begun);
}

#[test]
fn where_only_git_helps_it_says_so_with_its_own_code() {
    let world = world();
    let url = world.url();
    assert_eq!(world.release("v2", &["--repo", &url]).code, Some(0));
    world.tracked();
    let ran = world.rollout(&["rollback", "blue-green"]);
    assert_eq!(ran.code, Some(17), "{ran:?}");
    assert!(ran.stderr.contains("Argo CD (application shop) would revert an undo"), "{}", ran.stderr);
    let ran =
        world.rollout(&["rollback", "blue-green", "--git", &url, "--values", VALUES, "--timeout", "20s"]);
    assert!(ran.stdout.starts_with("rollout blue-green goes back by Git alone"), "{ran:?}");
    assert!(ran.stdout.contains("from v2 to none, which takes"), "{ran:?}");
    assert_eq!(world.pushed(), std::fs::read_to_string(root().join(VALUES)).unwrap());
}

#[test]
fn what_git_cannot_do_says_why_and_changes_nothing() {
    let world = world();
    let checkout = world.checkout.display().to_string();
    let before = git(&world.checkout, &["rev-parse", "HEAD"]);
    let missing = world.bench.folder().join("nowhere").display().to_string();
    for (tag, more, code, part) in [
        ("v 2", &["--repo", &checkout][..], 2, "is no image tag"),
        ("v2", &["--repo", &missing], 4, "there is no repository"),
        ("v2", &["--repo", &checkout, "--branch", "other"], 13, "has main checked out, not other"),
        ("v2", &["--repo", &format!("{}x", world.url())], 9, "git clone"),
    ] {
        let ran = world.release(tag, more);
        assert_eq!(ran.code, Some(code), "{more:?}: {ran:?}");
        assert!(ran.stderr.contains(part), "{more:?}: {}", ran.stderr);
    }
    let unknown = ["release", "blue-grean", "--image-tag", "v2", "--values", VALUES, "--repo", &checkout];
    assert_eq!(world.rollout(&unknown).code, Some(4));
    let no_change = world.rollout(&["rollback", "blue-green", "--git", &checkout, "--values", VALUES]);
    assert_eq!(no_change.code, Some(4), "the tag has never changed: {no_change:?}");
    assert!(no_change.stderr.contains("no commit on main has changed the tag"), "{}", no_change.stderr);
    assert_eq!(git(&world.checkout, &["rev-parse", "HEAD"]), before);
    std::fs::write(world.checkout.join(VALUES), "image:\n  tag: mine\n").unwrap();
    let dirty = world.release("v2", &["--repo", &checkout]);
    assert_eq!(dirty.code, Some(13), "{dirty:?}");
    git(&world.checkout, &["checkout", "--quiet", "--", VALUES]);
    // Somebody else was quicker.
    assert_eq!(world.release("v2", &["--repo", &world.url()]).code, Some(0));
    let late = world.release("v3", &["--repo", &checkout]);
    assert_eq!(late.code, Some(1), "{late:?}");
    assert!(late.stderr.contains("which is not pushed; it stays on the branch"), "{}", late.stderr);
}
