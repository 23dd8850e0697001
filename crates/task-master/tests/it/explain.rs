//! `rollout explain` as it is typed.

use serde_json::Value;

use crate::bench::Bench;

#[test]
fn it_says_why_an_update_was_given_up_and_that_nothing_is_wrong() {
    let bench = Bench::shipped();
    assert_eq!(bench.run(&["execute-phase", "2"]).code, Some(0));
    bench.run(&["rollout", "wait", "blue-green", "healthy"]);
    let healthy = bench.run(&["rollout", "explain", "blue-green"]);
    assert_eq!((healthy.code, healthy.stderr.as_str()), (Some(0), ""));
    assert!(healthy.stdout.ends_with("Nothing is wrong.\n"), "{}", healthy.stdout);
    let image = "demo-app=127.0.0.1:5000/demo-app:missing";
    assert_eq!(bench.run(&["rollout", "set-image", "blue-green", image]).code, Some(0));
    bench.run(&["rollout", "wait", "blue-green", "degraded", "--timeout", "2m"]);
    let ran = bench.run(&["rollout", "explain", "blue-green"]);
    assert!(ran.stdout.contains("image-not-pulled: revision "), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("\n  next: task-master rollout undo blue-green -n blue-green\n"),
        "{}",
        ran.stdout
    );
    let ran = bench.run(&["rollout", "explain", "blue-green", "-o", "json"]);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&document["schemaVersion"], &document["kind"]), (&1.into(), &"explanation".into()));
    assert_eq!(document["phase"], "Degraded");
    assert_eq!(document["findings"][0]["cause"], "image-not-pulled");
}

#[test]
fn a_rollout_that_is_not_there_is_an_error() {
    let ran = Bench::shipped().run(&["rollout", "explain", "nowhere"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(4), ""));
    assert!(ran.stderr.contains("no rollout nowhere in namespace blue-green"), "{}", ran.stderr);
}
