//! `task-master rollout` as an operator types it, on a Rollout that Phase 2's tasks have brought.

#![expect(clippy::unwrap_used, reason = "a test whose output cannot be read has failed")]

use std::process::Command;

use serde_json::{Value, json};

use crate::bench::{BINARY, Bench, Ran};
use crate::kubectl::served;

/// The shipped Rollout, Healthy on the simulator.
fn deployed() -> Bench {
    let bench = Bench::shipped();
    let ran = bench.run(&["execute-phase", "Phase 2", "--quiet"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    bench
}

fn rollout(bench: &Bench, words: &[&str]) -> Ran {
    bench.run(&[&["rollout"], words].concat())
}

fn document(ran: &Ran) -> Value {
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

#[test]
fn a_rollout_is_listed_shown_and_followed_until_it_settles() {
    let bench = deployed();
    let ran = rollout(&bench, &["list"]);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{ran:?}");
    assert!(lines[0].starts_with("NAME") && lines[0].ends_with("AVAILABLE"), "{}", lines[0]);
    let cells: Vec<&str> = lines[1].split_whitespace().collect();
    assert_eq!(cells, ["blue-green", "BlueGreen", "Healthy", "-", "-", "3/3", "3", "3", "3"]);
    let listed = document(&rollout(&bench, &["list", "--all-namespaces", "-o", "json"]));
    assert_eq!((&listed["schemaVersion"], &listed["kind"]), (&json!(1), &json!("rollout-list")));
    assert_eq!(listed["rollouts"][0]["replicas"]["ready"], 3);

    let set = rollout(&bench, &["set-image", "blue-green", "demo-app=127.0.0.1:5000/demo-app:v2"]);
    assert_eq!(set.code, Some(0), "{}", set.stderr);
    let watched = rollout(&bench, &["watch", "blue-green", "--until-settled", "--timeout", "5m"]);
    assert_eq!(watched.code, Some(15), "{watched:?}");
    let last = watched.stdout.lines().last().unwrap();
    assert!(last.contains("Paused (BlueGreenPause)") && last.contains("demo-app:v2 (preview)"), "{last}");
    let shown = document(&rollout(&bench, &["get", "blue-green", "-o", "json"]));
    assert_eq!((&shown["kind"], &shown["phase"]), (&json!("rollout-view"), &json!("Paused")));
    assert_eq!(shown["revisions"][0]["replicaSets"][0]["tags"], json!(["preview"]));
    assert_eq!(shown["services"][0]["role"], "active");

    assert_eq!(rollout(&bench, &["abort", "blue-green"]).code, Some(0));
    let degraded = rollout(&bench, &["watch", "blue-green", "--until-settled", "-o", "json"]);
    assert_eq!(degraded.code, Some(14), "{degraded:?}");
    assert!(degraded.stdout.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
}

/// The list first, then the line of what has changed, as the columns of the list have it.
#[test]
fn many_are_followed_a_line_each() {
    let bench = deployed();
    rollout(&bench, &["set-image", "blue-green", "demo-app=127.0.0.1:5000/demo-app:v2"]);
    let ran = rollout(&bench, &["list", "--watch", "--timeout", "1m"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let lines: Vec<Vec<&str>> = ran.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    let phases: Vec<&str> = lines.iter().filter_map(|cells| cells.get(2).copied()).collect();
    assert_eq!(&phases[..2], ["STATUS", "Progressing"], "{}", ran.stdout);
    assert_eq!(phases.last(), Some(&"Paused"), "{}", ran.stdout);
    assert!(lines.iter().all(|cells| cells.len() == lines[0].len()), "{}", ran.stdout);
    assert!(lines.windows(2).all(|two| two[0] != two[1]), "nothing is said twice: {}", ran.stdout);

    let followed = rollout(&bench, &["list", "-w", "-A", "--timeout", "5s", "-o", "json"]);
    let row: Value = serde_json::from_str(followed.stdout.lines().next().unwrap()).unwrap();
    assert_eq!((&row["kind"], &row["phase"]), (&json!("rollout-row"), &json!("Paused")), "{followed:?}");
}

#[test]
fn what_cannot_be_done_says_so_with_a_code_of_its_own_and_the_right_name() {
    let bench = deployed();
    for (words, code, parts) in [
        (&["get", "blue-grean"][..], 4, &["no rollout blue-grean", "did you mean blue-green?"][..]),
        (
            &["abort", "x", "--namespace", "shop"],
            4,
            &["elsewhere there are: blue-green --namespace blue-green"],
        ),
        (&["list", "--namespace", "shop"], 4, &["no rollout in namespace shop"]),
        (&["list", "--selector", "app=other"], 4, &["no rollout with these labels in namespace blue-green"]),
        (&["abort", "blue-green"], 13, &["blue-green"]),
        (&["wait", "blue-green", "degraded", "--timeout", "10s"], 124, &["rollout blue-green is Healthy"]),
        (&["status", "blue-green", "--target", "context:nowhere"], 11, &["context:nowhere"]),
    ] {
        let ran = rollout(&bench, words);
        assert_eq!(ran.code, Some(code), "{words:?}: {ran:?}");
        assert_eq!(ran.stdout, "", "{words:?}");
        for part in parts {
            assert!(ran.stderr.contains(part), "{words:?}: {}", ran.stderr);
        }
    }
}

/// Under the name `kubectl-rollouts` it is kubectl's plugin: the current context and its namespace, and no PRD.
#[test]
#[expect(clippy::disallowed_methods, reason = "the test starts the binary under its other name")]
fn as_kubectls_plugin_it_stands_in_the_current_context() {
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("config");
    let plugin = folder.path().join("kubectl-rollouts");
    std::os::unix::fs::symlink(BINARY, &plugin).unwrap();
    let run = |words: &[&str]| -> Ran {
        let mut command = Command::new(&plugin);
        command.args(words).env_clear().env("KUBECONFIG", &kubeconfig).current_dir(folder.path());
        command.output().unwrap().into()
    };
    let completer = folder.path().join("kubectl_complete-rollouts");
    std::os::unix::fs::symlink(BINARY, &completer).unwrap();
    let tab = |words: &[&str]| -> String {
        let mut command = Command::new(&completer);
        command.args(words).env_clear().env("KUBECONFIG", &kubeconfig).current_dir(folder.path());
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert_eq!(tab(&["prom"]), "promote\tMake the new version the active one, and prove it\n:4\n");
    assert_eq!(
        tab(&["wait", "x", "heal"]),
        "healthy\tAs asked for, stable, and seen by the controller\n:4\n"
    );
    assert_eq!(tab(&["get", ""]), ":4\n", "no cluster, no names, no files");
    let away = run(&["list"]);
    assert_eq!(away.code, Some(11), "{away:?}");
    let mut bench = Bench::shipped();
    bench.set("KUBECONFIG", &kubeconfig.display().to_string());
    served(&kubeconfig, || {
        // Its later tasks need Argo CD, which this cluster has not.
        let ran = bench.run(&["execute-phase", "Phase 2", "--target", "context:rollouts-sim", "--yes"]);
        assert!(ran.stdout.contains("applied rollout blue-green/blue-green"), "{ran:?}");
        let waited = run(&["wait", "blue-green", "healthy", "--namespace", "blue-green"]);
        assert_eq!(waited.code, Some(0), "{waited:?}");
        let (here, all) = (run(&["list"]), run(&["list", "-A"]));
        assert_eq!((here.code, all.code), (Some(4), Some(0)), "{here:?} {all:?}");
        assert!(here.stderr.contains("no rollout in namespace default"), "{}", here.stderr);
        assert!(all.stdout.contains("blue-green  blue-green  BlueGreen  Healthy"), "{}", all.stdout);
        let got = document(&run(&["get", "blue-green", "-n", "blue-green", "-o", "json", "--as", "jane"]));
        assert_eq!(got["phase"], "Healthy");
        assert_eq!(tab(&["get", "-n", "blue-green", "b"]), "blue-green\n:4\n");
        assert_eq!(tab(&["wait", "-n", "blue-green", ""]), "blue-green\n:4\n");
        assert_eq!(tab(&["get", "b"]), ":4\n", "there is none in namespace default");
        let wrong = run(&["get", "blue-green", "--context", "nowhere"]);
        assert_eq!(wrong.code, Some(11), "{wrong:?}");
    });
    let help = run(&["promote", "--help"]).stdout;
    assert!(help.contains("Usage: kubectl rollouts promote") && !help.contains("--prd"), "{help}");
}
