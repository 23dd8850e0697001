//! The verdict over all metrics of a run.

use crate::json::{Value, json};

use super::metric::{KEPT, Metric, MetricResult, Phase};
use crate::object::{items, number, text};

/// What is worth an Event.
#[derive(Debug, PartialEq)]
pub(super) struct Notice {
    pub(super) warning: bool,
    pub(super) reason: String,
    pub(super) message: String,
}

impl Notice {
    fn of(what: &str, phase: Phase, message: String) -> Notice {
        let warning = matches!(phase, Phase::Error | Phase::Failed);
        Notice { warning, reason: format!("{what}{}", phase.word()), message }
    }

    /// The end of a run.
    pub(super) fn completion(phase: Phase) -> Notice {
        Notice::of("AnalysisRun", phase, format!("Analysis Completed. Result: {}", phase.word()))
    }
}

/// The verdict, and what is written beside it.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) phase: Phase,
    pub(super) message: String,
    pub(super) summary: Value,
    /// The same over metrics that are only tried.
    pub(super) dry_summary: Value,
    pub(super) events: Vec<Notice>,
}

/// Whether the run is to end: it was told to, or a metric that counts has failed.
pub(super) fn terminating(run: &Value, results: &[MetricResult]) -> bool {
    let tripped = |result: &MetricResult| {
        matches!(result.phase, Some(Phase::Failed | Phase::Error | Phase::Inconclusive))
    };
    told_to(run) || results.iter().any(|result| !result.dry_run && tripped(result))
}

fn told_to(run: &Value) -> bool {
    run["spec"]["terminate"] == json!(true)
}

/// Whether a metric is only tried: a rule's pattern fits some part of its name.
pub(super) fn is_dry(run: &Value, metric: &str) -> bool {
    items(run, "/spec/dryRun").any(|rule| names(text(rule, "/metricName"), metric))
}

/// How many measurements of a metric are kept: by the last rule whose pattern fits.
pub(super) fn kept(run: &Value, metric: &str) -> usize {
    let rules = items(run, "/spec/measurementRetention");
    let rule = rules.filter(|rule| names(text(rule, "/metricName"), metric)).last();
    let limit = rule.map_or(0, |rule| number(rule, "/limit", 0));
    usize::try_from(limit).ok().filter(|limit| *limit > 0).unwrap_or(KEPT)
}

/// Whether a rule's pattern fits: upstream looks for it anywhere in the name.
pub(super) fn names(pattern: &str, metric: &str) -> bool {
    crate::prometheus::found(pattern, metric)
}

/// Judges all metrics, notes their turns, and forms the verdict: the worst of those that count, once all are
/// completed or the run is to end.
pub(super) fn over(run: &Value, metrics: &[Metric], results: &mut [MetricResult]) -> Verdict {
    let terminating = terminating(run, results);
    let mut message = if told_to(run) { "Run Terminated".to_owned() } else { String::new() };
    let mut worst: Option<Phase> = None;
    let mut all_done = true;
    let mut events = Vec::new();
    let (mut summary, mut dry_summary) = (json!({}), json!({}));
    for metric in metrics {
        let dry = is_dry(run, &metric.name);
        let summary = if dry { &mut dry_summary } else { &mut summary };
        count(summary, "count");
        let Some(result) = results.iter_mut().find(|result| result.name == metric.name) else {
            all_done = false;
            continue;
        };
        let phase = metric.assess(result, terminating);
        if result.phase != Some(phase) {
            turn(result, phase, &mut events);
        }
        if !phase.completed() {
            all_done = false;
            continue;
        }
        let tripped = metric.tripped(result);
        let why = tripped.as_ref().map(|(_, why)| why.as_str());
        if dry {
            worst = worst.or(Some(Phase::Successful));
            if let Some(why) = why {
                result.message = format!("Metric assessed {} due to {why}", phase.word());
            }
        } else if worst.is_none_or(|worst| phase > worst) {
            worst = Some(phase);
            message = why.map_or(message, |why| said(metric, result, phase, why));
        }
        count(summary, field(tripped.map_or(Phase::Successful, |(phase, _)| phase)));
    }
    let (phase, message) = match worst {
        _ if terminating => (worst.unwrap_or(Phase::Successful), message),
        Some(worst) if all_done => (worst, message),
        _ => (Phase::Running, String::new()),
    };
    Verdict { phase, message, summary, dry_summary, events }
}

fn count(summary: &mut Value, field: &str) {
    summary[field] = json!(summary[field].as_i64().unwrap_or(0) + 1);
}

fn field(phase: Phase) -> &'static str {
    match phase {
        Phase::Error => "error",
        Phase::Failed => "failed",
        Phase::Inconclusive => "inconclusive",
        _ => "successful",
    }
}

fn said(metric: &Metric, result: &MetricResult, phase: Phase, why: &str) -> String {
    let said = format!("Metric \"{}\" assessed {} due to {why}", metric.name, phase.word());
    match result.message.as_str() {
        "" => said,
        error => format!("{said}: \"Error Message: {error}\""),
    }
}

fn turn(result: &mut MetricResult, phase: Phase, events: &mut Vec<Notice>) {
    if phase.completed() {
        let message = format!("Metric '{}' Completed. Result: {}", result.name, phase.word());
        events.push(Notice::of("Metric", phase, message));
    }
    if let Some(last) = result.measurements.last() {
        result.message = last.message().to_owned();
    }
    result.phase = Some(phase);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_that_is_only_tried_does_not_count() {
        let metric = |name: &str, query: &str| {
            let provider = json!({"prometheus": {"query": query}});
            Metric::read(&json!({"name": name, "successCondition": "result[0] == 1", "provider": provider}))
                .unwrap()
        };
        let metrics = [metric("real", "vector(1)"), metric("tried", "vector(0)")];
        let run = json!({"spec": {"dryRun": [{"metricName": "tried"}]}});
        let mut results: Vec<MetricResult> = metrics
            .iter()
            .map(|metric| {
                let mut result = MetricResult { dry_run: metric.name == "tried", ..MetricResult::default() };
                let now = "2026-01-01T00:00:00Z".parse().unwrap();
                let found = super::super::query::answer(&Default::default(), &metric.query, now);
                metric.measure(&mut result, found, now, now);
                result
            })
            .collect();
        let verdict = over(&run, &metrics, &mut results);
        assert_eq!((verdict.phase, verdict.message.as_str()), (Phase::Successful, ""));
        assert_eq!(verdict.summary, json!({"count": 1, "successful": 1}));
        assert_eq!(verdict.dry_summary, json!({"count": 1, "failed": 1}));
        let counted = over(&json!({}), &metrics, &mut results.clone());
        assert_eq!(counted.phase, Phase::Failed);
    }
}
