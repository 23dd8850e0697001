//! `deploy/monitoring` as a whole: rules, their tests, the dashboard and the list of metrics, held against each other.
//!
//! An alert without a test that fires, a panel whose metric nobody exports, a sentence of the PRD without a rule: none
//! of these is an error to any tool, so they are looked for here, in plain `cargo test`. What promtool knows, it is
//! asked by `cargo xtask check`.

mod live;

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::run::{self, Error};

pub(crate) use live::{firing, panels_without_data};

/// An expression and where it stands.
#[derive(Debug)]
struct Query {
    place: String,
    text: String,
}

/// Has promtool check the rules, run their tests, and read the scrape configuration and every panel's query.
///
/// # Errors
/// What promtool found.
pub(crate) fn check(promtool: &Path) -> Result<(), Error> {
    let rules = files("rules")?;
    run::run(run::command(promtool).args(["check", "rules"]).args(&rules))?;
    run::run(run::command(promtool).args(["test", "rules"]).args(files("tests")?))?;
    let scratch =
        tempfile::tempdir().map_err(|source| Error::file("create", &std::env::temp_dir(), source))?;
    let config = scratch.path().join("prometheus.yaml");
    run::write_file(&config, &without_kubernetes(&read("prometheus.yaml")?)?)?;
    // The certificates are those of a pod.
    run::run(run::command(promtool).args(["check", "config", "--syntax-only"]).arg(config))?;
    let panels = scratch.path().join("panels.yaml");
    run::write_file(&panels, &as_rules(&panels_of(&read("dashboard.json")?)?).to_string())?;
    run::run(run::command(promtool).args(["check", "rules"]).arg(panels))
}

/// Debian's promtool is built without discovery in Kubernetes; all else of the configuration is checked.
fn without_kubernetes(text: &str) -> Result<String, Error> {
    let mut config: Value = parse("prometheus.yaml", text)?;
    for job in config.get_mut("scrape_configs").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(job) = job.as_object_mut() else { continue };
        if job.remove("kubernetes_sd_configs").is_some() {
            job.insert("static_configs".to_owned(), serde_json::json!([{ "targets": ["127.0.0.1:1"] }]));
        }
    }
    Ok(config.to_string())
}

/// The queries as recording rules, because promtool reads PromQL only there.
fn as_rules(queries: &[Query]) -> Value {
    let rule = |(number, query): (usize, &Query)| {
        // The label tells which panel it is, where promtool finds something.
        let labels = serde_json::json!({ "place": query.place });
        let expression = query.text.replace("$namespace", ".+");
        serde_json::json!({ "record": format!("panel:{number}"), "expr": expression, "labels": labels })
    };
    let rules: Vec<Value> = queries.iter().enumerate().map(rule).collect();
    serde_json::json!({ "groups": [{ "name": "panels", "rules": rules }] })
}

/// The expressions of the dashboard, with the panel's title.
fn panels_of(text: &str) -> Result<Vec<Query>, Error> {
    let dashboard: Value = parse("dashboard.json", text)?;
    let mut queries = Vec::new();
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
    for panel in dashboard.get("panels").and_then(Value::as_array).into_iter().flatten() {
        for target in panel.get("targets").and_then(Value::as_array).into_iter().flatten() {
            queries
                .push(Query { place: format!("panel {}", text(panel, "title")), text: text(target, "expr") });
        }
    }
    let annotations = dashboard.pointer("/annotations/list").and_then(Value::as_array);
    for annotation in annotations.into_iter().flatten() {
        queries.push(Query { place: "an annotation".to_owned(), text: text(annotation, "expr") });
    }
    Ok(queries)
}

fn folder() -> PathBuf {
    run::root().join("deploy/monitoring")
}

fn read(name: &str) -> Result<String, Error> {
    run::read_file(&folder().join(name))
}

fn parse<T: serde::de::DeserializeOwned>(name: &str, text: &str) -> Result<T, Error> {
    serde_yaml::from_str(text).map_err(|error| Error::Found(format!("{name}: {error}")))
}

/// The files of a folder, in the order of their names.
fn files(name: &str) -> Result<Vec<PathBuf>, Error> {
    run::entries(&folder().join(name))
}

#[cfg(test)]
mod tests;
