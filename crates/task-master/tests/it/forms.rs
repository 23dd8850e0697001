//! The forms of output, analyses, history and differences, as an operator types them on the simulator.

use serde_json::{Value, json};

use crate::bench::{Bench, Ran};

const V2: &str = "demo-app=127.0.0.1:5000/demo-app:v2";

/// The shipped Rollout of a phase, Healthy on the simulator.
fn deployed(phase: &str) -> Bench {
    let bench = Bench::shipped();
    let ran = bench.run(&["execute-phase", phase, "--quiet"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    bench
}

fn rollout(bench: &Bench, words: &[&str]) -> Ran {
    bench.run(&[&["rollout"], words].concat())
}

fn said(bench: &Bench, words: &[&str]) -> String {
    let ran = rollout(bench, words);
    assert_eq!(ran.code, Some(0), "{words:?}: {}", ran.stderr);
    ran.stdout
}

/// The last word of a line that begins with `key`.
fn value<'a>(text: &'a str, key: &str) -> Vec<&'a str> {
    let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default();
    assert_ne!(line, "", "no {key} in {text}");
    line.split_whitespace().collect()
}

#[test]
fn get_and_list_have_the_forms_of_kubectl() {
    let bench = deployed("Phase 2");
    for words in
        [&["list"][..], &["get", "blue-green"], &["status", "blue-green"], &["history", "blue-green"]]
    {
        let with = |form: &str| said(&bench, &[words, &["-o", form]].concat());
        let json: Value = serde_json::from_str(&with("json")).unwrap();
        let yaml: Value = serde_yaml::from_str(&with("yaml")).unwrap();
        assert_eq!(json, yaml, "{words:?}");
        assert_eq!(json["schemaVersion"], 1, "{words:?}");
        assert_eq!(with("name"), "rollout.argoproj.io/blue-green\n", "{words:?}");
        assert_eq!(with("table"), with("text"), "{words:?}");
    }
    let wide = said(&bench, &["list", "-o", "wide"]);
    let head = value(&wide, "NAME");
    assert_eq!(head[head.len() - 3..], ["IMAGES", "ACTUAL-WEIGHT", "SELECTOR"]);
    assert!(wide.contains("demo-app:v1") && wide.contains("app.kubernetes.io/instance=blue-green"), "{wide}");
    let wide = said(&bench, &["get", "blue-green", "-o", "wide"]);
    assert!(wide.starts_with(&said(&bench, &["get", "blue-green"])), "{wide}");
    assert_eq!(value(&wide, "blue-green-active")[1], "active");
    assert!(value(&wide, "Selector:")[1].contains("app.kubernetes.io/name=blue-green-app"), "{wide}");
    let watched = rollout(&bench, &["watch", "blue-green", "--until-settled", "-o", "yaml"]);
    assert_eq!(serde_yaml::from_str::<Value>(&watched.stdout).unwrap()["kind"], "rollout-view");
    for words in [&["get", "blue-green", "-o", "sarif"][..], &["watch", "blue-green", "-o", "name"]] {
        assert_eq!(rollout(&bench, words).code, Some(2), "{words:?}");
    }
    assert_eq!(bench.run(&["runs", "-o", "yaml"]).code, Some(2));
}

const TEMPLATE: &str = "
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: constant}
spec:
  args: [{name: least}]
  metrics:
    - name: one
      interval: 10s
      count: 3
      successCondition: result[0] >= {{args.least}}
      provider: {prometheus: {query: vector(1)}}
";

#[test]
fn an_analysis_is_begun_waited_for_and_ended() {
    let bench = deployed("Phase 2");
    let file = bench.folder().join("template.yaml");
    std::fs::write(&file, TEMPLATE).unwrap();
    let file = file.display().to_string();
    let create = |more: &[&str]| {
        rollout(&bench, &[&["create", "analysisrun", "--from-file", &file][..], more].concat())
    };
    let good = create(&["-a", "least=1", "--wait"]);
    assert_eq!(good.code, Some(0), "{good:?}");
    assert!(good.stdout.starts_with("analysisrun.argoproj.io/constant-"), "{}", good.stdout);
    assert!(good.stdout.contains("one Successful: 3 successful; values [1], [1], [1]"), "{}", good.stdout);
    let bad = create(&["--argument", "least=2", "--wait", "--name", "bad"]);
    assert_eq!(bad.code, Some(14), "{bad:?}");
    assert!(bad.stdout.contains("bad Failed (Metric \"one\" assessed Failed"), "{}", bad.stdout);
    let long = create(&["-a", "least=1", "--generate-name", "long-", "--instance-id", "other", "-o", "json"]);
    let long: Value = serde_json::from_str(&long.stdout).unwrap();
    let long = &long["run"];
    assert!(long["metadata"]["name"].as_str().unwrap().starts_with("long-"), "{long}");
    assert_eq!(
        long["metadata"]["labels"],
        json!({"argo-rollouts.argoproj.io/controller-instance-id": "other"})
    );
    assert_eq!(long["spec"]["args"], json!([{"name": "least", "value": "1"}]));

    assert_eq!(
        create(&["-a", "least=1", "--name", "short", "-o", "name"]).stdout,
        "analysisrun.argoproj.io/short\n"
    );
    assert_eq!(said(&bench, &["terminate", "ar", "short"]), "terminated analysisrun short\n");
    let again = rollout(&bench, &["terminate", "analysisruns", "short"]);
    assert_eq!(again.code, Some(13), "{again:?}");
    assert!(again.stderr.contains("nothing to do: terminate analysisrun short"), "{}", again.stderr);
    // Time passes, and the controller ends it with what it had.
    assert_eq!(create(&["-a", "least=1", "--wait", "--name", "later"]).code, Some(0));
    let ended = rollout(&bench, &["terminate", "analysisrun", "short"]);
    assert!(ended.stderr.contains("it has ended Successful"), "{}", ended.stderr);

    for (words, code, part) in [
        (&["terminate", "analysisrun", "shart"][..], 4, "did you mean short?"),
        (
            &["create", "ar", "--from", "nothing"],
            4,
            "no analysistemplate nothing in namespace blue-green; there is none",
        ),
        (&["create", "ar", "--from-file", &file], 13, "argument least of template constant has no value"),
        (&["create", "ar", "--from-file", &file, "-a", "leest=1"], 13, "it has: least"),
        (
            &["create", "ar", "--from-file", &file, "--global", "-a", "least=1"],
            13,
            "no ClusterAnalysisTemplate",
        ),
        (&["create", "ar", "--from-file", "/nonexistent"], 9, "/nonexistent"),
        (&["create", "ar"], 2, "--from"),
        (&["create", "ar", "--from-file", &file, "-a", "least=1", "--name", "bad"], 13, "already exists"),
    ] {
        let ran = rollout(&bench, words);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(code), ""), "{words:?}: {ran:?}");
        assert!(ran.stderr.contains(part), "{words:?}: {}", ran.stderr);
    }
}

#[test]
fn who_did_it_and_why_stays_with_the_rollout_when_a_reason_is_given() {
    let bench = deployed("Phase 2");
    let set = said(&bench, &["set-image", "blue-green", V2, "--reason", "for ticket 7"]);
    assert!(set.ends_with("wrote down that simulated-user did it, and why\n"), "{set}");
    said(&bench, &["wait", "blue-green", "paused"]);
    said(&bench, &["promote", "blue-green", "--reason", "the preview looks good"]);
    let history: Value =
        serde_json::from_str(&said(&bench, &["history", "blue-green", "-o", "json"])).unwrap();
    let newest = &history["revisions"][0];
    assert_eq!(
        (&newest["who"], &newest["why"]),
        (&json!("simulated-user"), &json!("the preview looks good"))
    );
    let did: Vec<_> = newest["actions"].as_array().unwrap().iter().map(|action| &action["did"]).collect();
    assert_eq!(did, [&json!("set-image"), &json!("promote")]);
    assert_eq!(history["revisions"][1]["actions"], json!([]));
    let one = said(&bench, &["history", "blue-green", "--to", &newest["revision"].to_string()]);
    assert!(one.contains("for ticket 7") && one.contains("the preview looks good"), "{one}");

    // Nothing was done, so nothing is written down; and what only reads takes no reason.
    let again = rollout(&bench, &["retry", "blue-green", "--reason", "once more"]);
    assert_ne!(again.code, Some(0), "{again:?}");
    let after: Value = serde_json::from_str(&said(&bench, &["history", "blue-green", "-o", "json"])).unwrap();
    assert_eq!(after["revisions"][0]["actions"], newest["actions"]);
    for words in [&["get", "blue-green", "--reason", "x"][..], &["abort", "blue-green", "--reason", ""]] {
        assert_eq!(rollout(&bench, words).code, Some(2), "{words:?}");
    }
}

#[test]
fn history_says_what_became_of_each_revision_and_diff_what_changed() {
    let bench = deployed("Phase 2");
    // What the tasks did before has a revision number of its own.
    let first: Value = serde_json::from_str(&said(&bench, &["history", "blue-green", "-o", "json"])).unwrap();
    let first = first["revisions"][0]["revision"].as_i64().unwrap();
    said(&bench, &["set-image", "blue-green", V2]);
    said(&bench, &["wait", "blue-green", "paused"]);
    said(&bench, &["abort", "blue-green"]);
    said(&bench, &["wait", "blue-green", "degraded"]);
    said(&bench, &["undo", "blue-green"]);
    said(&bench, &["wait", "blue-green", "healthy"]);
    said(&bench, &["set-image", "blue-green", V2]);
    said(&bench, &["wait", "blue-green", "paused"]);
    said(&bench, &["promote", "blue-green"]);

    let history: Value =
        serde_json::from_str(&said(&bench, &["history", "blue-green", "-o", "json"])).unwrap();
    assert_eq!((&history["schemaVersion"], &history["kind"]), (&json!(1), &json!("rollout-history")));
    let outcomes: Vec<_> = history["revisions"].as_array().unwrap().iter().take(3).collect();
    let of = |past: &Value| (past["revision"].as_i64().unwrap() - first, past["outcome"].clone());
    assert_eq!(of(outcomes[0]), (3, json!("promoted")));
    assert_eq!(of(outcomes[1]), (2, json!("restored")));
    assert_eq!(of(outcomes[2]), (1, json!("aborted")));
    for past in outcomes {
        assert!(past["seconds"].as_i64().is_some() && past["began"].is_string());
    }
    assert_eq!(history["revisions"][0]["who"], "rollouts-client");
    let text = said(&bench, &["history", "blue-green"]);
    let head = value(&text, "REVISION");
    assert_eq!(head, ["REVISION", "BEGAN", "TOOK", "OUTCOME", "WHAT", "WHO", "WHY"]);
    assert!(text.lines().nth(1).unwrap().contains("demo-app: v1 → v2"), "{text}");
    let one = said(&bench, &["history", "blue-green", "--to", &(first + 1).to_string()]);
    assert_eq!(value(&one, "Outcome:")[1], "aborted");
    assert!(one.contains("RolloutAborted") && one.contains("image: 127.0.0.1:5000/demo-app:v2"), "{one}");

    let diff = said(&bench, &["diff", "blue-green"]);
    assert!(diff.contains(&format!("--- revision {}\n+++ revision {}\n", first + 2, first + 3)), "{diff}");
    assert!(
        diff.contains("-  - image: 127.0.0.1:5000/demo-app:v1\n+  - image: 127.0.0.1:5000/demo-app:v2\n"),
        "{diff}"
    );
    let coloured = said(&bench, &["diff", "blue-green", "--color", "always"]);
    assert!(coloured.contains("\x1b[32m+  - image"), "{coloured}");
    let (from, to) = ((first + 3).to_string(), (first + 1).to_string());
    let same = said(&bench, &["diff", "blue-green", "--from", &from, "--to", &to]);
    assert_eq!(same, format!("revisions {from} and {to} have the same template\n"));
    let json: Value = serde_json::from_str(&said(&bench, &["diff", "blue-green", "-o", "json"])).unwrap();
    assert_eq!(json["changes"][0]["path"], "spec.containers[demo-app].image");
    assert_eq!(json["changes"].as_array().unwrap().len(), 1, "{json}");

    for (words, code, part) in [
        (&["history", "blue-grean"][..], 4, "did you mean blue-green?"),
        (&["history", "blue-green", "--to", "99"], 4, "has no revision 99; it has: "),
        (&["diff", "blue-green", "--from", "99"], 4, "has no revision 99"),
        (&["diff", "blue-green", "--to", "1"], 4, "revision"),
    ] {
        let ran = rollout(&bench, words);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(code), ""), "{words:?}: {ran:?}");
        assert!(ran.stderr.contains(part), "{words:?}: {}", ran.stderr);
    }
}
