//! What no tool knows of the monitoring: that each alert can fire, that each series has a source, that the PRD is met.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// The metrics that an expression names: words that are no function, no label and no text.
fn metrics(expression: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = expression;
    // Whether what comes next is a list of labels: after `by`, `on`, `without` and the like.
    let mut labels = false;
    while let Some(first) = rest.chars().next() {
        match first {
            '"' => rest = rest[1..].split_once('"').map_or("", |(_, rest)| rest),
            '{' => rest = after_braces(rest),
            '[' => rest = rest.split_once(']').map_or("", |(_, rest)| rest),
            '(' if labels => {
                labels = false;
                rest = rest.split_once(')').map_or("", |(_, rest)| rest);
            }
            _ if first.is_ascii_alphanumeric() || first == '_' => {
                let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | ':')));
                let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
                let next = after.trim_start();
                labels = ["by", "on", "without", "ignoring", "group_left", "group_right"].contains(&word);
                let plain = ["and", "or", "unless", "bool", "offset"].contains(&word) || labels;
                if !plain && !next.starts_with('(') && !first.is_ascii_digit() && !aggregates(word, next) {
                    found.push(word.to_owned());
                }
                rest = after;
            }
            _ => rest = &rest[first.len_utf8()..],
        }
    }
    found
}

/// `sum by (…) (…)`: the word before `by` is a function as well.
fn aggregates(word: &str, next: &str) -> bool {
    let by = next.starts_with("by ") || next.starts_with("by(") || next.starts_with("without");
    by && ["sum", "max", "min", "avg", "count"].contains(&word)
}

/// What follows the matchers; a brace may stand within a quoted value.
fn after_braces(text: &str) -> &str {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '}' if !quoted => return &text[at + 1..],
            _ => {}
        }
    }
    ""
}

/// A sequence of the value by a path of keys; none there is a test that has failed.
fn list<'v>(value: &'v Value, key: &str) -> &'v Vec<Value> {
    value[key].as_array().unwrap_or_else(|| panic!("no {key} in {value}"))
}

fn rules() -> Vec<Value> {
    let files = files("rules").unwrap();
    let rules = files.iter().flat_map(|file| {
        let rules: Value = parse("rules", &run::read_file(file).unwrap()).unwrap();
        let groups = list(&rules, "groups").clone();
        groups.into_iter().flat_map(|group| list(&group, "rules").clone())
    });
    rules.collect()
}

fn alerts() -> BTreeMap<String, Value> {
    let named = |rule: Value| Some((rule["alert"].as_str()?.to_owned(), rule));
    rules().into_iter().filter_map(named).collect()
}

/// The bullets of a section of the PRD, of third or second level.
fn bullets(section: &str) -> Vec<String> {
    let prd = run::read_file(&run::root().join("PRD.md")).unwrap();
    let (_, rest) = prd.split_once(&format!("### {section} ")).unwrap();
    let lines = rest.lines().skip(1).take_while(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.strip_prefix("- ").map(str::to_owned)).collect()
}

/// What a test of an alert expects of it, by the test's name: at each moment whether it fires.
fn expectations(alert: &str, test: &Value) -> BTreeMap<String, Vec<bool>> {
    let of = |group: &Value| {
        let moments = list(group, "alert_rule_test").iter().map(|moment| {
            assert_eq!(moment["alertname"], alert);
            !list(moment, "exp_alerts").is_empty()
        });
        (group["name"].as_str().unwrap().to_owned(), moments.collect())
    };
    list(test, "tests").iter().map(of).collect()
}

#[test]
fn every_alert_has_a_test_that_fires_and_one_that_is_silent() {
    let alerts = alerts();
    let names: BTreeSet<&str> = alerts.keys().map(String::as_str).collect();
    let tests = files("tests").unwrap();
    let tested: BTreeSet<&str> =
        tests.iter().map(|file| file.file_stem().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, tested);
    for file in &tests {
        let alert = file.file_stem().unwrap().to_str().unwrap();
        let test: Value = parse(alert, &run::read_file(file).unwrap()).unwrap();
        let expected = expectations(alert, &test);
        // It does not fire before its time, then it does.
        assert_eq!(expected["firing"], [false, true], "{alert}");
        assert_eq!(expected["silent"], [false], "{alert}");
        let silent = list(&test, "tests").iter().find(|group| group["name"] == "silent").unwrap();
        assert!(!list(silent, "input_series").is_empty(), "{alert}: silence without a series says nothing");
    }
}

#[test]
fn every_sentence_of_the_prd_has_its_rule_or_panel() {
    let alerts = alerts();
    let conditions: Vec<&str> =
        alerts.values().filter_map(|alert| alert["annotations"]["prd"].as_str()).collect();
    let wanted = bullets("11.2");
    assert_eq!(wanted.len(), 5);
    for bullet in &wanted {
        assert!(conditions.contains(&bullet.as_str()), "PRD §11.2: {bullet}");
    }
    for condition in conditions {
        assert!(wanted.iter().any(|bullet| bullet == condition), "{condition} is not in the PRD");
    }
    let dashboard: Value = parse("dashboard.json", &read("dashboard.json").unwrap()).unwrap();
    let said: Vec<&str> =
        list(&dashboard, "panels").iter().filter_map(|panel| panel["description"].as_str()).collect();
    let wanted = bullets("11.1");
    assert_eq!(wanted.len(), 7);
    for bullet in wanted {
        let mark = format!("PRD §11.1: {bullet}.");
        assert!(said.iter().any(|description| description.starts_with(&mark)), "{mark}");
    }
}

#[test]
fn the_conditions_have_the_prds_numbers() {
    let alerts = alerts();
    for (alert, held, part) in [
        ("RolloutDegraded", "5m", "phase=~\"Abort|Timeout|Error|InvalidSpec\""),
        ("CanaryErrorRateHigh", "1m", "> 0.05"),
        ("CanaryLatencyHigh", "2m", "> on (backend) 2 *"),
        ("PodCrashLooping", "2m", "CrashLoopBackOff"),
        ("ArgoAppOutOfSync", "10m", "sync_status!=\"Synced\""),
    ] {
        let rule = &alerts[alert];
        assert_eq!(rule["for"], held, "{alert}");
        assert!(rule["expr"].as_str().unwrap().contains(part), "{alert}: {part}");
    }
}

#[test]
fn every_alert_that_reads_series_is_guarded_against_their_absence() {
    let alerts = alerts();
    let guarded: Vec<&str> =
        alerts.values().filter_map(|alert| alert["annotations"]["guards"].as_str()).collect();
    for (name, alert) in &alerts {
        if alert["annotations"]["prd"].is_string() {
            assert!(guarded.iter().any(|guards| guards.split(", ").any(|one| one == name)), "{name}");
        }
    }
    for alert in alerts.values() {
        let guide = alert["annotations"]["runbook"].as_str().unwrap();
        assert!(run::root().join(guide).is_file(), "{guide}");
    }
}

#[test]
fn every_metric_has_a_source_and_every_listed_one_is_read() {
    let listed: Vec<BTreeMap<String, String>> =
        parse("metrics.yaml", &read("metrics.yaml").unwrap()).unwrap();
    let config: Value = parse("prometheus.yaml", &read("prometheus.yaml").unwrap()).unwrap();
    let jobs: Vec<&str> =
        list(&config, "scrape_configs").iter().map(|job| job["job_name"].as_str().unwrap()).collect();
    for metric in &listed {
        let source = metric["source"].as_str();
        assert!(source == "every" || jobs.contains(&source), "{}: no job {source}", metric["name"]);
    }
    let rules = rules();
    let recorded: BTreeSet<&str> = rules.iter().filter_map(|rule| rule["record"].as_str()).collect();
    let mut queries = panels_of(&read("dashboard.json").unwrap()).unwrap();
    queries.extend(rules.iter().map(|rule| {
        let name = if rule["alert"].is_string() { &rule["alert"] } else { &rule["record"] };
        Query { place: name.to_string(), text: rule["expr"].as_str().unwrap().to_owned() }
    }));
    assert!(queries.len() >= 40, "{}", queries.len());
    let mut read = BTreeSet::new();
    for query in &queries {
        for metric in metrics(&query.text) {
            let known = recorded.contains(metric.as_str()) || listed.iter().any(|one| one["name"] == metric);
            assert!(known, "{}: nobody exports {metric}", query.place);
            read.insert(metric);
        }
    }
    for one in listed.iter().map(|metric| metric["name"].as_str()).chain(recorded) {
        assert!(read.contains(one), "nobody reads {one}");
    }
}

#[test]
fn what_is_exported_here_is_exported_by_these_names() {
    let root = run::root();
    let demo_app = run::read_file(&root.join("crates/demo-app/src/metrics.rs")).unwrap();
    let state: Value = parse("state", &read("kube-state-metrics.yaml").unwrap()).unwrap();
    let resource = &list(&state["spec"], "resources")[0];
    let prefix = resource["metricNamePrefix"].as_str().unwrap();
    let of_state: Vec<String> = list(resource, "metrics")
        .iter()
        .map(|metric| format!("{prefix}_{}", metric["name"].as_str().unwrap()))
        .collect();
    let listed: Vec<BTreeMap<String, String>> =
        parse("metrics.yaml", &read("metrics.yaml").unwrap()).unwrap();
    let mut seen = 0;
    for metric in &listed {
        let name = &metric["name"];
        if metric["source"] == "pods" {
            assert!(demo_app.contains(&format!("# TYPE {name} ")), "{name}");
        } else if name.starts_with(prefix) {
            assert!(of_state.contains(name), "{name}");
        } else {
            continue;
        }
        seen += 1;
    }
    assert_eq!(seen, 5);
}

#[test]
fn the_host_cluster_scrapes_the_same_jobs() {
    let config: Value = parse("prometheus.yaml", &read("prometheus.yaml").unwrap()).unwrap();
    let mut shipped: Vec<&str> =
        list(&config, "scrape_configs").iter().map(|job| job["job_name"].as_str().unwrap()).collect();
    let host = crate::cluster::prometheus_config();
    let host: Value = serde_json::from_str(&host).unwrap();
    let mut there: Vec<&str> =
        list(&host, "scrape_configs").iter().map(|job| job["job_name"].as_str().unwrap()).collect();
    shipped.sort_unstable();
    there.sort_unstable();
    assert_eq!(shipped, there);
    assert_eq!(host["rule_files"], serde_json::json!(["rules/*.yaml"]));
}

#[test]
fn metrics_are_told_from_labels_functions_and_texts() {
    for (expression, expected) in [
        ("max by (namespace, name) (up{a=\"}b\"}) == 1", vec!["up"]),
        ("sum(rate(a_total{x=~\"y.+\"}[2m])) / on (z) group_left (q) b:c > 0.5", vec!["a_total", "b:c"]),
        (
            "label_replace(x, \"a\", \"$1\", \"b\", \"c\") unless on () (y > 0.1 or 0 * z)",
            vec!["x", "y", "z"],
        ),
    ] {
        assert_eq!(metrics(expression), expected, "{expression}");
    }
}
