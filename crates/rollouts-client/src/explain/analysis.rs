//! Analyses that fail, cannot be measured, or say nothing.

use serde_json::Value;

use super::facts::Facts;
use super::{Cause, Found};
use crate::names;
use crate::types::{AnalysisPhase, AnalysisRun, IntOrString, Measurement, Metric, MetricResult};

pub(super) const CAUSES: &[Cause] = &[
    Cause::new("metric-failed", "a metric was measured and is bad", |facts| metric(facts, Verdict::Failed)),
    Cause::new("metric-unmeasured", "a metric could not be measured", |facts| metric(facts, Verdict::Error)),
    Cause::new("metric-no-data", "the query of a metric finds nothing", |facts| {
        metric(facts, Verdict::NoData)
    }),
    Cause::new("metric-inconclusive", "a metric is neither good nor bad", |facts| {
        metric(facts, Verdict::Inconclusive)
    }),
    Cause::new("analysis-broken", "an analysis could not even begin", broken),
    Cause::new("analysis-running", "the controller waits for an analysis", running),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Failed,
    Error,
    NoData,
    Inconclusive,
}

/// The analyses of the update that is under way or given up: those that the status names, else the newest one of
/// this version.
fn runs(facts: &Facts) -> Vec<&AnalysisRun> {
    if facts.rollout.fully_promoted() {
        return Vec::new();
    }
    let status = facts.rollout.status.clone().unwrap_or_default();
    let blue_green = status.blue_green.unwrap_or_default();
    let canary = status.canary.unwrap_or_default();
    let named: Vec<String> = [
        blue_green.pre_promotion_analysis_run_status,
        blue_green.post_promotion_analysis_run_status,
        canary.current_step_analysis_run_status,
        canary.current_background_analysis_run_status,
    ]
    .into_iter()
    .flatten()
    .map(|run| run.name)
    .collect();
    let named: Vec<&AnalysisRun> =
        facts.analysis_runs.iter().filter(|run| named.iter().any(|name| *name == run_name(run))).collect();
    if !named.is_empty() {
        return named;
    }
    let hash = facts.rollout.current_hash();
    let of_version = facts.analysis_runs.iter().filter(|run| {
        let labels = run.metadata.labels.as_ref();
        labels.and_then(|labels| labels.get(names::POD_TEMPLATE_HASH)).map(String::as_str) == hash
    });
    let created = |run: &&AnalysisRun| run.metadata.creation_timestamp.as_ref().map(|time| time.0);
    of_version.filter(|_| facts.rollout.aborted()).max_by_key(created).into_iter().collect()
}

fn run_name(run: &AnalysisRun) -> &str {
    run.metadata.name.as_deref().unwrap_or_default()
}

/// What kind of analysis a run is, for a sentence.
fn kind(run: &AnalysisRun) -> &'static str {
    let label = run.metadata.labels.as_ref().and_then(|labels| labels.get(names::ROLLOUT_TYPE));
    match label.map(String::as_str) {
        Some("PrePromotion") => "the analysis before the promotion",
        Some("PostPromotion") => "the analysis after the promotion",
        Some("Step") => "the analysis of the step",
        Some("Background") => "the background analysis",
        _ => "the analysis",
    }
}

fn results(run: &AnalysisRun) -> impl Iterator<Item = &MetricResult> {
    let results = run.status.as_ref().and_then(|status| status.metric_results.as_deref()).unwrap_or(&[]);
    results.iter().filter(|result| result.other.get("dryRun") != Some(&Value::Bool(true)))
}

fn measurements(result: &MetricResult) -> &[Measurement] {
    result.measurements.as_deref().unwrap_or(&[])
}

fn verdict(result: &MetricResult) -> Option<Verdict> {
    let verdict = match result.phase {
        AnalysisPhase::Failed => Verdict::Failed,
        AnalysisPhase::Error => Verdict::Error,
        AnalysisPhase::Inconclusive => Verdict::Inconclusive,
        _ => return None,
    };
    let empty = |measurement: &Measurement| {
        let value = measurement.value.as_deref().unwrap_or_default();
        let message = measurement.message.as_deref().unwrap_or_default();
        matches!(value, "[]" | "NaN" | "[NaN]") || message.contains("out of range")
    };
    let last = measurements(result).last();
    Some(if last.is_some_and(empty) { Verdict::NoData } else { verdict })
}

fn metric(facts: &Facts, asked: Verdict) -> Option<Found> {
    let judged = runs(facts).into_iter().find_map(|run| {
        let result = results(run).find(|result| verdict(result) == Some(asked))?;
        Some((run, result))
    });
    let (run, result) = judged?;
    let metric = run.spec.metrics.iter().find(|metric| metric.name == result.name);
    let (kind, name) = (kind(run), &result.name);
    let summary = match asked {
        Verdict::Failed => format!("{kind} failed: metric {name} is bad"),
        Verdict::Error => format!("{kind} failed: metric {name} could not be measured"),
        Verdict::NoData => {
            let word = result.phase.as_str();
            format!("{kind} is {word} for want of data: the query of metric {name} finds nothing")
        }
        Verdict::Inconclusive => {
            format!("{kind} is inconclusive: metric {name} is neither good nor bad, and a person decides")
        }
    };
    let message = result.message.as_deref().or_else(|| measurements(result).last()?.message.as_deref());
    let found = Found::new(summary)
        .seen(format!("analysisrun {}, metric {name}", run_name(run)), counts(result, metric))
        .seen_if("its values, the newest last", values(result))
        .seen_if("its message", message.filter(|message| !message.is_empty()))
        .seen_if("its conditions", metric.and_then(conditions))
        .seen_if("its query", metric.and_then(query));
    let next = match (asked, facts.rollout.aborted()) {
        (Verdict::Inconclusive | Verdict::NoData, false) => facts.verb("promote"),
        (Verdict::Error | Verdict::NoData, true) => facts.verb("retry"),
        _ => facts.way_back(),
    };
    Some(found.next(next))
}

/// `2 failed (limit 1), 1 successful`.
fn counts(result: &MetricResult, metric: Option<&Metric>) -> String {
    let limit = |field: &str, default: &str| -> String {
        let stated = metric.and_then(|metric| match field {
            "failureLimit" => metric.failure_limit.clone(),
            field => metric.other.get(field).and_then(|value| serde_json::from_value(value.clone()).ok()),
        });
        match stated {
            Some(IntOrString::Int(number)) => number.to_string(),
            Some(IntOrString::String(text)) => text,
            None => default.to_owned(),
        }
    };
    let parts = [
        (result.failed, format!("failed (limit {})", limit("failureLimit", "0"))),
        (result.error, format!("not measured (limit {} in a row)", limit("consecutiveErrorLimit", "4"))),
        (result.inconclusive, format!("inconclusive (limit {})", limit("inconclusiveLimit", "0"))),
        (result.successful, "successful".to_owned()),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter_map(|(count, what)| Some(format!("{} {what}", count.filter(|count| *count > 0)?)))
        .collect();
    if parts.is_empty() { "no measurement".to_owned() } else { parts.join(", ") }
}

fn values(result: &MetricResult) -> Option<String> {
    let values: Vec<&str> = measurements(result)
        .iter()
        .filter_map(|one| one.value.as_deref())
        .filter(|value| !value.is_empty())
        .collect();
    (!values.is_empty()).then(|| values.join(", "))
}

fn conditions(metric: &Metric) -> Option<String> {
    let success = metric.success_condition.as_ref().map(|text| format!("success when {text}"));
    let failure = metric.failure_condition.as_ref().map(|text| format!("failure when {text}"));
    let both: Vec<String> = [success, failure].into_iter().flatten().collect();
    (!both.is_empty()).then(|| both.join("; "))
}

/// The query, or whatever a provider asks instead.
fn query(metric: &Metric) -> Option<String> {
    let (name, provider) = metric.provider.as_ref()?.as_object()?.iter().next()?;
    let query = provider["query"].as_str().map(|query| query.trim().to_owned());
    Some(query.unwrap_or_else(|| format!("{name}: {provider}")))
}

/// A run that ended badly before any of its metrics did.
fn broken(facts: &Facts) -> Option<Found> {
    let run = runs(facts).into_iter().find(|run| {
        let status = run.status.as_ref();
        let bad = status.is_some_and(|status| {
            matches!(status.phase, AnalysisPhase::Error | AnalysisPhase::Failed | AnalysisPhase::Inconclusive)
        });
        bad && results(run).all(|result| verdict(result).is_none())
    })?;
    let status = run.status.as_ref()?;
    let text = format!("{} could not be carried out ({})", kind(run), status.phase);
    let message = status.message.clone().unwrap_or_default();
    let next = facts.kubectl(&format!("get analysisrun {} -o yaml", run_name(run)));
    Some(Found::new(text).seen(format!("analysisrun {}", run_name(run)), message).next(next))
}

/// An analysis that stands in the way. One in the background does not.
fn running(facts: &Facts) -> Option<Found> {
    if facts.rollout.aborted() {
        return None;
    }
    let run = runs(facts).into_iter().find(|run| {
        let running = run.status.as_ref().is_none_or(|status| !status.phase.completed());
        running && kind(run) != "the background analysis"
    })?;
    let progress = |metric: &Metric| {
        let result = results(run).find(|result| result.name == metric.name);
        let counts =
            result.map_or_else(|| "no measurement".to_owned(), |result| counts(result, Some(metric)));
        let of = match (&metric.count, &metric.interval) {
            (Some(IntOrString::Int(count)), _) => format!(", {count} are taken"),
            (Some(IntOrString::String(count)), _) => format!(", {count} are taken"),
            (None, None) => ", one is taken".to_owned(),
            (None, Some(_)) => String::new(),
        };
        let every = metric.interval.as_ref().map(|every| format!(", one each {every}")).unwrap_or_default();
        let message = result.and_then(|result| measurements(result).last()?.message.as_deref());
        let message = message.filter(|message| !message.is_empty()).map(|message| format!(": {message}"));
        format!("metric {}: {counts}{of}{every}{}", metric.name, message.unwrap_or_default())
    };
    let measured: Vec<String> = run.spec.metrics.iter().map(progress).collect();
    let text = format!("the controller waits for {}", kind(run).trim_start_matches("the "));
    Some(
        Found::new(text.replacen("waits for analysis", "waits for the analysis", 1))
            .seen(format!("analysisrun {}", run_name(run)), measured.join("\n"))
            .next(facts.verb("wait settled")),
    )
}
