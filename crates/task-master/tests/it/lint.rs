//! `rollout lint`: the rules by the document's own examples, what is shipped, and the forms of the output.

#![expect(clippy::unwrap_used, reason = "a test whose fixture cannot be built has failed")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use rollouts_client::lint::rules;
use serde_json::Value;
use task_master::lint::{self, Source};

use crate::bench::{Bench, root};

fn source(name: &str, text: &str) -> Source {
    Source { name: name.to_owned(), text: text.to_owned() }
}

fn found(text: &str) -> BTreeSet<&'static str> {
    lint::files(&[source("x.yaml", text)]).findings.iter().map(|finding| finding.rule).collect()
}

/// A rule as `docs/reference/lint.md` describes it.
#[derive(Default)]
struct Described {
    name: String,
    severity: String,
    bad: Option<String>,
    good: Option<String>,
}

/// Reads the document: a heading a rule, its severity on the line below, and two fenced examples.
fn described() -> Vec<Described> {
    let text = std::fs::read_to_string(root().join("docs/reference/lint.md")).unwrap();
    let mut all: Vec<Described> = Vec::new();
    let mut fence: Option<(String, String)> = None;
    for line in text.lines() {
        if let Some((kind, example)) = &mut fence {
            if line != "```" {
                example.push_str(&format!("{line}\n"));
                continue;
            }
            match (kind.as_str(), all.last_mut()) {
                ("yaml bad", Some(rule)) => rule.bad = Some(example.clone()),
                ("yaml good", Some(rule)) => rule.good = Some(example.clone()),
                _ => {}
            }
            fence = None;
        } else if let Some(kind) = line.strip_prefix("```") {
            fence = Some((kind.to_owned(), String::new()));
        } else if let Some(name) = line.strip_prefix("### `").and_then(|line| line.strip_suffix('`')) {
            all.push(Described { name: name.to_owned(), ..Described::default() });
        } else if let Some(rule) = all.last_mut().filter(|rule| rule.severity.is_empty()) {
            rule.severity = line.split(':').next().unwrap_or_default().to_lowercase();
        }
    }
    all
}

#[test]
fn each_rule_is_described_and_finds_its_bad_example_and_not_its_good_one() {
    let described = described();
    let documented: Vec<(&str, String)> =
        described.iter().map(|rule| (rule.name.as_str(), rule.severity.clone())).collect();
    let known: Vec<(&str, String)> = rules().map(|rule| (rule.name, rule.severity.to_string())).collect();
    assert_eq!(documented, known);
    let mut wrong = String::new();
    for Described { name, bad, good, .. } in &described {
        let (bad, good) = (bad.as_deref().unwrap(), good.as_deref().unwrap());
        for (text, expected) in [(bad, true), (good, false)] {
            let report = lint::files(&[source("x.yaml", text)]);
            let finding = report.findings.iter().find(|finding| finding.rule == name);
            let unreadable = report.findings.iter().any(|finding| finding.rule == "unreadable");
            // A place is a line of the example, not its beginning only.
            let placed =
                finding.is_none_or(|finding| finding.place.unwrap().line > 1 || name == "retired-api");
            if finding.is_some() != expected || unreadable || !placed {
                wrong.push_str(&format!("\n{name}: wanted {expected}, got {:#?}", report.findings));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// All manifests below a folder, by the folder that they are applied with.
fn shipped() -> Vec<Vec<&'static str>> {
    vec![
        vec!["deploy/namespaces", "deploy/blue-green"],
        vec!["deploy/canary"],
        vec![
            "deploy/canary/rollout.yaml",
            "deploy/canary/services.yaml",
            "deploy/canary/ingress.yaml",
            "deploy/analysis",
        ],
        vec!["argocd"],
        vec!["scenarios/blue-green/analysis"],
    ]
}

#[test]
fn what_is_shipped_is_free_of_findings() {
    let mut sets: Vec<Vec<PathBuf>> =
        shipped().iter().map(|set| set.iter().map(|path| root().join(path)).collect()).collect();
    for chart in ["blue-green-app", "canary-app"] {
        let folder = root().join("charts").join(chart).join("rendered");
        let mut files: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| vec![entry.unwrap().path()]).collect();
        sets.append(&mut files);
    }
    let mut wrong = String::new();
    for set in sets {
        let report = lint::files(&lint::read(&set, &mut std::io::empty()).unwrap());
        assert!(report.objects > 0, "{set:?}");
        wrong.extend(report.findings.iter().map(|finding| format!("{finding}\n")));
    }
    assert!(wrong.is_empty(), "{wrong}");
}

const BAD: &str = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n---\n# a canary\napiVersion: argoproj.io/v1alpha1\n\
                   kind: Rollout\nmetadata:\n  name: app\nspec:\n  replicas: 1\n  strategy:\n    canary:\n      stepz: []\n      \
                   steps:\n        - setWeight: 10\n";

#[test]
fn places_are_lines_and_columns_of_the_file() {
    let report = lint::files(&[source("x.yaml", BAD)]);
    let lines: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "x.yaml:15:7: error: there is no field stepz here; the nearest is `steps` [unknown-field]",
            "x.yaml:17:11: warning: without trafficRouting 1 replicas cannot give 10 %: the nearest is 50 % (1 canary, \
             1 stable); more replicas, another weight, or a router that splits requests and not pods \
             [unrealisable-weight]",
        ]
    );
    // What stands on the line of the mark belongs to the document, and windows end lines in two characters.
    let inline = "--- {kind: Rollout, apiVersion: argoproj.io/v1alpha1, spec: {é: 1, strategy: {canary: {}}, relicas: 2}}";
    let crlf = "a: 1\r\n---\r\nkind: Rollout\r\napiVersion: argoproj.io/v1alpha1\r\nspec: {relicas: 1, strategy: {canary: {}}}";
    for (text, place) in [(inline, "x.yaml:1:92:"), (crlf, "x.yaml:5:8:")] {
        let found = lint::files(&[source("x.yaml", text)]).findings;
        let finding = found.iter().find(|finding| finding.field == "spec.relicas").unwrap();
        assert!(finding.to_string().starts_with(place), "{finding}");
        let at = finding.place.unwrap().offset;
        assert_eq!(&text[at..at + 7], "relicas");
    }
    let finding = &report.findings[0];
    let place = finding.place.unwrap();
    assert_eq!(&BAD[place.offset..place.offset + 5], "stepz");
    assert_eq!(
        (finding.object.as_str(), finding.field.as_str()),
        ("rollout app", "spec.strategy.canary.stepz")
    );
}

#[test]
fn a_line_allows_a_finding_for_a_reason() {
    let with = |line: &str| found(&BAD.replace("# a canary", line));
    let all: BTreeSet<&str> = ["unknown-field", "unrealisable-weight"].into();
    assert_eq!(with("# lint: allow unrealisable-weight: a demonstration"), ["unknown-field"].into());
    for (line, also) in [
        ("# lint: allow unrealisable-weight", true),
        ("# lint: allow unrealisable-wait: it is small", true),
        ("# lint: allow same-service: there is one", true),
        ("# a canary", false),
    ] {
        let found = with(line);
        assert_eq!(found.contains("unused-allow"), also, "{line}");
        assert!(found.is_superset(&all), "{line}");
    }
    let elsewhere = found(&format!("# lint: allow unrealisable-weight: not this document\n{BAD}"));
    assert!(elsewhere.contains("unrealisable-weight"));
}

#[test]
fn it_ends_with_3_for_an_error_and_prints_each_form() {
    let bench = Bench::shipped();
    let file = bench.folder().join("bad.yaml");
    std::fs::write(&file, BAD).unwrap();
    let lint = |form: &str| bench.run(&["rollout", "lint", "bad.yaml", "-o", form]);
    let text = lint("text");
    assert_eq!((text.code, text.stderr.as_str()), (Some(3), ""));
    assert!(text.stdout.starts_with("bad.yaml:15:7: error: there is no field stepz here"), "{}", text.stdout);
    let end =
        "1 error, 1 warning in 2 objects, by unknown-field, unrealisable-weight: docs/reference/lint.md\n";
    assert!(text.stdout.ends_with(end), "{}", text.stdout);
    let json: Value = serde_json::from_str(&lint("json").stdout).unwrap();
    assert_eq!((&json["kind"], &json["errors"], &json["warnings"]), (&"lint".into(), &1.into(), &1.into()));
    assert_eq!(
        (&json["findings"][0]["line"], &json["findings"][0]["rule"]),
        (&15.into(), &"unknown-field".into())
    );
    let sarif: Value = serde_json::from_str(&lint("sarif").stdout).unwrap();
    let (run, result) = (&sarif["runs"][0], &sarif["runs"][0]["results"][0]);
    assert_eq!(sarif["version"], "2.1.0");
    assert_eq!(run["tool"]["driver"]["rules"].as_array().unwrap().len(), rules().count());
    assert_eq!((&result["ruleId"], &result["level"]), (&"unknown-field".into(), &"error".into()));
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(
        (&place["artifactLocation"]["uri"], &place["region"]["startLine"]),
        (&"bad.yaml".into(), &15.into())
    );
    let github = lint("github").stdout;
    let first = "::error file=bad.yaml,line=15,col=7,title=unknown-field::there is no field stepz here; the nearest is \
                 `steps`\n::warning file=bad.yaml,line=17,col=11,title=unrealisable-weight::without trafficRouting 1 \
                 replicas cannot give 10 %25:";
    assert!(github.starts_with(first), "{github}");
}

#[test]
fn warnings_alone_are_no_failure_and_what_cannot_be_read_is() {
    let bench = Bench::shipped();
    let write = |name: &str, text: &str| std::fs::write(bench.folder().join(name), text).unwrap();
    write("warned.yaml", &BAD.replace("      stepz: []\n", ""));
    let warned = bench.run(&["rollout", "lint", "warned.yaml"]);
    assert_eq!(warned.code, Some(0));
    assert!(warned.stdout.contains("0 errors, 1 warning in 2 objects"), "{}", warned.stdout);
    write("chart.yaml", "{{- if .Values.x }}\na: b\n{{- end }}\n");
    let template = bench.run(&["rollout", "lint", "chart.yaml"]);
    assert_eq!(template.code, Some(3));
    assert!(template.stdout.contains("lint its rendering"), "{}", template.stdout);
    write("empty.yaml", "---\n# nothing\n");
    for (args, code, said) in [
        (&["rollout", "lint", "empty.yaml"][..], 4, "there is no object in what is to be linted"),
        (&["rollout", "lint", "absent.yaml"][..], 9, "absent.yaml cannot be read: No such file"),
        (&["rollout", "lint"], 2, "<FILE>"),
        (&["runs", "-o", "sarif"], 2, "for what `rollout lint` finds"),
        (&["rollout", "lint", "--live", "nowhere"], 4, "no rollout nowhere"),
    ] {
        let ran = bench.run(args);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(code), ""), "{args:?}");
        assert!(ran.stderr.contains(said), "{args:?} {}", ran.stderr);
    }
}

#[test]
fn live_objects_are_looked_at_by_name() {
    let bench = Bench::shipped();
    assert_eq!(bench.run(&["execute-phase", "2"]).code, Some(0));
    let ran = bench.run(&["rollout", "lint", "--live", "blue-green"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", ran.stdout);
    assert!(ran.stdout.starts_with("nothing found in "), "{}", ran.stdout);
}
