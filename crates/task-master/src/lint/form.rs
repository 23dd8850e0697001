//! A report for programs: JSON, SARIF 2.1.0, and the annotations of GitHub's workflows.

use rollouts_client::lint::{Severity, rules};
use serde_json::{Value, json as value};

use super::{Finding, Report};

/// The document `kind: lint`.
pub fn json(report: &Report) -> Value {
    let findings = report.findings.iter().map(|finding| {
        value!({
            "rule": finding.rule,
            "severity": finding.severity,
            "file": finding.file,
            "line": finding.place.map(|place| place.line),
            "column": finding.place.map(|place| place.column),
            "object": finding.object,
            "field": finding.field,
            "message": finding.message,
            "help": finding.help,
        })
    });
    value!({
        "schemaVersion": 1,
        "kind": "lint",
        "objects": report.objects,
        "errors": report.count(Severity::Error),
        "warnings": report.count(Severity::Warning),
        "findings": findings.collect::<Vec<_>>(),
    })
}

/// A log of the Static Analysis Results Interchange Format, which code hosts show beside the lines.
pub fn sarif(report: &Report) -> Value {
    let level = |severity: Severity| severity.to_string();
    let rules: Vec<Value> = rules()
        .map(|rule| {
            value!({
                "id": rule.name,
                "shortDescription": {"text": rule.about},
                "defaultConfiguration": {"level": level(rule.severity)},
            })
        })
        .collect();
    let results: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| {
            let mut location = value!({"artifactLocation": {"uri": finding.file}});
            if let Some(place) = finding.place {
                location["region"] = value!({"startLine": place.line, "startColumn": place.column});
            }
            value!({
                "ruleId": finding.rule,
                "level": level(finding.severity),
                "message": {"text": sentence(finding)},
                "locations": [{
                    "physicalLocation": location,
                    "logicalLocations": [{"fullyQualifiedName": format!("{} {}", finding.object, finding.field)}],
                }],
            })
        })
        .collect();
    let driver =
        value!({"name": "task-master rollout lint", "version": env!("CARGO_PKG_VERSION"), "rules": rules});
    value!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    })
}

fn sentence(finding: &Finding) -> String {
    match &finding.help {
        Some(help) => format!("{}; {help}", finding.message),
        None => finding.message.clone(),
    }
}

/// Workflow commands of GitHub Actions, one a line: the host shows them beside the lines.
pub fn github(report: &Report) -> String {
    let line = |finding: &Finding| {
        let mut place = format!("title={}", property(finding.rule));
        if let Some(at) = finding.place {
            let file = property(&finding.file);
            place = format!("file={file},line={},col={},{place}", at.line, at.column);
        }
        format!("::{} {place}::{}\n", finding.severity, data(&sentence(finding)))
    };
    report.findings.iter().map(line).collect()
}

/// Text of a command: its line must not end.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Text of a property of a command, which ends at `:` and `,` as well.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
