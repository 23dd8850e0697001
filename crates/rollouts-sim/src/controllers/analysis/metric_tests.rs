//! Verdicts, due times and faults of one metric.

use crate::json::json;

use super::*;

fn at(seconds: u64) -> Timestamp {
    let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    later(start, Duration::from_secs(seconds))
}

fn metric(mut fields: Value) -> Result<Metric, String> {
    fields["name"] = json!("m");
    if fields.get("provider").is_none() {
        fields["provider"] = json!({"prometheus": {"query": "vector(1)"}});
    }
    Metric::read(&fields)
}

fn measure(metric: &Metric, result: &mut MetricResult, second: u64) {
    let found = crate::controllers::analysis::query::answer(&Default::default(), &metric.query, at(second));
    metric.measure(result, found, at(second), at(second));
}

/// Measures a sequence of queries and returns the verdict over them with what it says.
fn verdict(fields: Value, queries: &[&str]) -> (Phase, String) {
    let mut metric = metric(fields).unwrap();
    let mut result = MetricResult::default();
    for (second, query) in queries.iter().enumerate() {
        metric.query = (*query).to_owned();
        measure(&metric, &mut result, second as u64);
    }
    let message = metric.tripped(&result).map(|(_, message)| message).unwrap_or_default();
    (metric.assess(&result, false), message)
}

#[test]
fn verdicts() {
    let success = json!({"interval": "1s", "count": 3, "successCondition": "result[0] >= 0.95"});
    let both = json!({
        "interval": "1s", "count": 3, "successCondition": "result[0] >= 0.95", "failureCondition": "result[0] < 0.5",
    });
    let tolerant =
        json!({"interval": "1s", "count": 3, "failureLimit": 1, "successCondition": "result[0] == 1"});
    let once = json!({"successCondition": "result[0] == 1"});
    let fragile = json!({"interval": "1s", "count": 3, "consecutiveErrorLimit": 0, "successCondition": "result[0] == 1"});
    for (fields, queries, phase, message) in [
        (success.clone(), vec!["vector(1)"], Phase::Running, ""),
        (success.clone(), vec!["vector(1)"; 3], Phase::Successful, ""),
        (success.clone(), vec!["vector(0)"], Phase::Failed, "failed (1) > failureLimit (0)"),
        (success.clone(), vec!["vector(NaN)"], Phase::Failed, "failed (1) > failureLimit (0)"),
        (both, vec!["vector(0.7)"], Phase::Inconclusive, "inconclusive (1) > inconclusiveLimit (0)"),
        (tolerant.clone(), vec!["vector(0)"], Phase::Running, ""),
        (tolerant, vec!["vector(0)"; 2], Phase::Failed, "failed (2) > failureLimit (1)"),
        (once.clone(), vec!["vector(1)"], Phase::Successful, ""),
        (json!({}), vec!["vector(0)"], Phase::Successful, ""),
        (once.clone(), vec!["up"; 4], Phase::Running, ""),
        (once, vec!["up"; 5], Phase::Error, "consecutiveErrors (5) > consecutiveErrorLimit (4)"),
        (fragile, vec!["vector(1) > 2"], Phase::Error, "consecutiveErrors (1) > consecutiveErrorLimit (0)"),
        (success, vec!["up", "vector(1)", "up", "vector(1)", "vector(1)"], Phase::Successful, ""),
    ] {
        assert_eq!(verdict(fields.clone(), &queries), (phase, message.to_owned()), "{fields} {queries:?}");
    }
}

#[test]
fn measurements_are_due_by_delay_interval_and_error() {
    let metric_of = |fields: Value| metric(fields).unwrap();
    let started = at(0);
    assert_eq!(metric_of(json!({})).due(None, started), Some(at(0)));
    assert_eq!(metric_of(json!({"initialDelay": "5s"})).due(None, started), Some(at(5)));
    let mut every = metric_of(json!({"interval": "2s", "count": 2}));
    let mut result = MetricResult::default();
    measure(&every, &mut result, 3);
    assert_eq!(every.due(Some(&result), started), Some(at(5)));
    every.query = "up".into();
    measure(&every, &mut result, 5);
    assert_eq!(every.due(Some(&result), started), Some(at(15)), "an error waits 10 s");
    every.query = "vector(1)".into();
    measure(&every, &mut result, 15);
    assert_eq!(every.due(Some(&result), started), None, "the count is reached");
}

#[test]
fn what_upstream_calls_invalid() {
    for (fields, said) in [
        (json!({"count": 2}), "interval must be specified"),
        (json!({"count": 1, "failureLimit": 2}), "count (1) must be >= failureLimit"),
        (json!({"failureLimit": -1}), "cannot both be disabled"),
        (json!({"interval": "soon"}), "invalid interval"),
        (json!({"provider": {}}), "no provider"),
        (json!({"provider": {"web": {}}}), "no metric provider web"),
        (json!({"provider": {"web": {}, "prometheus": {}}}), "multiple providers"),
    ] {
        let wrong = metric(fields).unwrap_err();
        assert!(wrong.contains(said), "{wrong}");
    }
}

#[test]
fn durations_of_go() {
    for (text, millis) in
        [("10s", Some(10_000)), ("1m30s", Some(90_000)), ("1.5s", Some(1500)), ("", None), ("5", None)]
    {
        assert_eq!(duration(text), millis.map(Duration::from_millis), "{text}");
    }
}
