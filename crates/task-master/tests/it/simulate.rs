//! `task-master rollout simulate`: the shipped files with a what-if, and what is no Rollout.

use serde_json::{Value, json};

use crate::bench::{Bench, Ran, root};

fn simulate(bench: &Bench, words: &[&str]) -> Ran {
    let here = |word: &&str| word.starts_with("deploy/") || **word == *"PRD.md";
    let absolute =
        |word: &&str| if here(word) { root().join(word).display().to_string() } else { (*word).to_owned() };
    let words: Vec<String> = words.iter().map(absolute).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    bench.run(&[&["rollout", "simulate"], &words[..]].concat())
}

/// The document, and the exit code that went with it.
fn document(bench: &Bench, words: &[&str]) -> (Value, Option<i32>) {
    let ran = simulate(bench, &[words, &["-o", "json"]].concat());
    (serde_json::from_str(&ran.stdout).unwrap_or_else(|_| json!(ran.stderr)), ran.code)
}

#[test]
fn the_prds_canary_ends_as_its_what_if_lets_it() {
    let bench = Bench::shipped();
    let canary = ["-f", "deploy/canary"];
    for (what_if, ending, code, between, said) in [
        (&["--error-rate", "0.2"][..], "degrades", 14, 120.0..125.0, "Metric \"error-rate\" assessed Failed"),
        (&["--latency", "500ms"], "degrades", 14, 120.0..125.0, "Metric \"latency-p95\" assessed Failed"),
        (&["--no-data"], "pauses", 15, 120.0..125.0, "InconclusiveAnalysisRun"),
        (&["--never-ready"], "degrades", 14, 60.0..62.0, "has timed out progressing"),
        (&["--never-ready", "--timeout", "30s"], "goesOn", 124, 30.0..31.0, "more replicas need"),
    ] {
        let (shown, exit) = document(&bench, &[&canary[..], what_if].concat());
        assert_eq!((&shown["ending"], exit), (&json!(ending), Some(code)), "{what_if:?}: {shown}");
        assert!(between.contains(&shown["seconds"].as_f64().unwrap()), "{what_if:?}: {shown}");
        assert!(shown["last"].as_str().unwrap().contains(said), "{what_if:?}: {shown}");
        assert_eq!((&shown["model"], &shown["kind"]), (&json!(true), &json!("simulation")));
    }
}

#[test]
fn a_good_version_finishes_and_the_bad_ones_share_is_counted() {
    let bench = Bench::shipped();
    let (good, exit) = document(&bench, &["-f", "deploy/canary", "--rate", "5", "--image", "v9"]);
    assert_eq!((&good["ending"], &good["to"], exit), (&json!("finishes"), &json!("v9"), Some(0)), "{good}");
    // Four pauses of two minutes.
    assert!((480.0..500.0).contains(&good["seconds"].as_f64().unwrap()), "{good}");
    let weights: Vec<i64> =
        good["timeline"].as_array().unwrap().iter().map(|one| one["weight"].as_i64().unwrap()).collect();
    let distinct: std::collections::BTreeSet<i64> = weights.into_iter().collect();
    assert_eq!(distinct, [0, 10, 25, 50, 75, 100].into());
    assert_eq!(good["requests"]["errors"], 0);

    let (bad, _) = document(&bench, &["-f", "deploy/canary", "--error-rate", "1"]);
    let of = |field: &str| bad["requests"][field].as_u64().unwrap();
    assert_eq!((of("errors"), of("lost")), (of("byNext"), 0), "{bad}");
    let share = of("byNext") * 1000 / of("sent");
    assert!((80..=105).contains(&share), "a tenth of the traffic, but for its beginning: {bad}");
    let again = document(&bench, &["-f", "deploy/canary", "--error-rate", "1"]).0;
    assert_eq!(again, bad, "the same order has the same outcome");
}

#[test]
fn a_rollout_of_the_target_is_read_and_left_alone() {
    let bench = Bench::shipped();
    let ran = bench.run(&["execute-phase", "Phase 2", "--quiet"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let before = bench.run(&["rollout", "get", "blue-green"]).stdout;
    let ran = simulate(&bench, &["blue-green", "--image", "v2"]);
    assert_eq!(ran.code, Some(15), "{ran:?}");
    for part in ["from v1 to v2 waits for a person", "Paused (BlueGreenPause)", "This is a model"] {
        assert!(ran.stdout.contains(part), "{}", ran.stdout);
    }
    assert_eq!(bench.run(&["rollout", "get", "blue-green"]).stdout, before);
    let wrong = simulate(&bench, &["blue-grean"]);
    assert_eq!(wrong.code, Some(4));
    assert!(wrong.stderr.contains("did you mean blue-green?"), "{}", wrong.stderr);
}

#[test]
fn what_cannot_be_simulated_says_why() {
    let bench = Bench::shipped();
    for (words, code, part) in [
        (&["-f", "deploy/canary", "canry"][..], 4, "did you mean canary?"),
        (
            &["-f", "deploy/canary", "-f", "deploy/blue-green"],
            2,
            "several rollouts in what was given: canary, blue-green; name one",
        ),
        (&["-f", "deploy/canary/services.yaml"], 4, "there is no rollout in what was given"),
        (&["-f", "deploy/canary/rollout.yaml"], 3, "service \"canary-stable\" not found"),
        (&["-f", "PRD.md"], 3, "PRD.md"),
        (&["-f", "nowhere.yaml"], 9, "nowhere.yaml cannot be read"),
        (&["-f", "deploy/canary", "--error-rate", "2"], 2, "it is not from 0 to 1"),
        (&["-f", "deploy/canary", "--image", "a b"], 2, "it is no image tag"),
        (&[], 2, "required"),
    ] {
        let ran = simulate(&bench, words);
        assert_eq!(ran.code, Some(code), "{words:?}: {ran:?}");
        assert!(ran.stderr.contains(part), "{words:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{words:?}");
    }
}
