//! The AnalysisRun controller: measurements on time, and the verdict over all metrics.
//!
//! Provider `prometheus` only, and of its queries only constants ([`query`]): what an analysis makes of known
//! values is simulated, not where values come from. Arguments from Secrets are refused in the run.

mod expr;
mod metric;
mod query;
pub(super) mod template;
mod verdict;

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

pub(super) use self::metric::duration;
use self::metric::{Metric, MetricResult, Phase};
use self::verdict::{Notice, Verdict, is_dry, terminating};
use super::time::{parse, stamp};
use crate::object::{self, items, text};
use crate::queue::{Work, later};
use crate::resource::Resource;
use crate::world::World;
use crate::write::ROLLOUTS;

const COMPONENT: &str = "rollouts-controller";
/// No run is looked at more often than this by itself.
const SHORTEST: Duration = Duration::from_millis(100);

/// What one look at a run comes to.
#[derive(Debug, PartialEq)]
struct Outcome {
    status: Value,
    events: Vec<Notice>,
    again: Option<Timestamp>,
}

/// Looks at one run.
pub(super) fn run(world: &mut World, ns: &str, name: &str) {
    let Some(run) = world.store.get(Resource::AnalysisRun, ns, name).cloned() else { return };
    if object::deleting(&run) {
        return;
    }
    if completed(&run) {
        expire(world, &run);
        return;
    }
    let outcome = reconcile(&run, world.now());
    for notice in &outcome.events {
        let kind = if notice.warning { "Warning" } else { "Normal" };
        world.event(COMPONENT, (Resource::AnalysisRun, &run), kind, &notice.reason, &notice.message);
    }
    if let Some(at) = outcome.again {
        // Times are kept in whole seconds: an interval below one may seem to be over already.
        let at = at.max(later(world.now(), SHORTEST));
        world.queue.schedule(at, Work::AnalysisRun { ns: ns.to_owned(), name: name.to_owned() });
    }
    // The run was read in this same moment. Its status is no subresource, upstream.
    let _ = world.modify(ROLLOUTS, Resource::AnalysisRun, ns, name, |run| run["status"] = outcome.status);
}

fn completed(run: &Value) -> bool {
    matches!(text(run, "/status/phase"), "Successful" | "Failed" | "Error" | "Inconclusive")
}

/// Deletes a run whose time to live is over.
fn expire(world: &mut World, run: &Value) {
    let ttl = &run["spec"]["ttlStrategy"];
    let own = match text(run, "/status/phase") {
        "Successful" => &ttl["secondsAfterSuccess"],
        _ => &ttl["secondsAfterFailure"],
    };
    let seconds = own.as_i64().or_else(|| ttl["secondsAfterCompletion"].as_i64());
    let (Some(seconds), Some(done)) = (seconds, parse(text(run, "/status/completedAt"))) else { return };
    let (ns, name) = (object::namespace(run).to_owned(), object::name(run).to_owned());
    let end = done.saturating_add(jiff::SignedDuration::from_secs(seconds + 1)).unwrap_or(Timestamp::MAX);
    if end <= world.now() {
        let _ = world.delete(Resource::AnalysisRun, &ns, &name, None);
    } else {
        world.queue.schedule(end, Work::AnalysisRun { ns, name });
    }
}

fn reconcile(run: &Value, now: Timestamp) -> Outcome {
    let mut results: Vec<MetricResult> =
        serde_json::from_value(run["status"]["metricResults"].clone()).unwrap_or_default();
    let metrics = match metrics(run) {
        Ok(metrics) => metrics,
        Err(message) => return broken(run, &message),
    };
    let started = parse(text(run, "/status/startedAt")).unwrap_or(now);
    measure(run, &metrics, &mut results, started, now);
    let Verdict { phase, message, summary, dry_summary, mut events } =
        verdict::over(run, &metrics, &mut results);
    let mut status = run["status"].clone();
    if !status.is_object() {
        status = json!({});
    }
    let changed = text(run, "/status/phase") != phase.word();
    if changed {
        status["phase"] = json!(phase.word());
        set_text(&mut status, "message", &message);
        if phase.completed() {
            events.push(Notice::completion(phase));
            status["completedAt"] = json!(stamp(now));
        }
    }
    status["metricResults"] = json!(results);
    status["runSummary"] = summary;
    status["dryRunSummary"] = dry_summary;
    status["startedAt"] = json!(stamp(started));
    let result = |metric: &Metric| results.iter().find(|result| result.name == metric.name);
    let again = metrics.iter().filter_map(|metric| metric.due(result(metric), started)).min();
    Outcome { status, events, again: again.filter(|_| !phase.completed()) }
}

/// The metrics, arguments filled in.
fn metrics(run: &Value) -> Result<Vec<Metric>, String> {
    let args: Vec<Value> = items(run, "/spec/args").cloned().collect();
    if args.iter().any(|arg| arg.pointer("/valueFrom/secretKeyRef").is_some()) {
        return Err(
            "Unable to resolve metric arguments: the simulator takes no arguments from Secrets".to_owned()
        );
    }
    let resolved: Vec<Value> = items(run, "/spec/metrics")
        .map(|metric| template::resolve(metric, &args))
        .collect::<Result<_, _>>()
        .map_err(|why| format!("Unable to resolve metric arguments: {why}"))?;
    let invalid = |why: String| format!("Analysis spec invalid: {why}");
    if resolved.is_empty() {
        return Err(invalid("no metrics specified".to_owned()));
    }
    let mut metrics: Vec<Metric> = Vec::new();
    for (index, metric) in resolved.iter().enumerate() {
        let metric = Metric::read(metric).map_err(|why| invalid(format!("metrics[{index}]: {why}")))?;
        if metrics.iter().any(|known| known.name == metric.name) {
            return Err(invalid(format!("metrics[{index}]: duplicate name '{}'", metric.name)));
        }
        metrics.push(metric);
    }
    Ok(metrics)
}

/// The outcome of a run that cannot be carried out.
fn broken(run: &Value, message: &str) -> Outcome {
    let mut status = run["status"].clone();
    if !status.is_object() {
        status = json!({});
    }
    status["phase"] = json!("Error");
    status["message"] = json!(message);
    Outcome { status, events: vec![Notice::completion(Phase::Error)], again: None }
}

fn measure(
    run: &Value,
    metrics: &[Metric],
    results: &mut Vec<MetricResult>,
    started: Timestamp,
    now: Timestamp,
) {
    if terminating(run, results) {
        return;
    }
    for metric in metrics {
        let at = results.iter().position(|result| result.name == metric.name);
        let due = metric.due(at.map(|at| &results[at]), started);
        if due.is_none_or(|due| due > now) {
            continue;
        }
        let at = at.unwrap_or_else(|| {
            results.push(MetricResult { dry_run: is_dry(run, &metric.name), ..MetricResult::default() });
            results.len() - 1
        });
        metric.measure(&mut results[at], now);
    }
}

fn set_text(status: &mut Value, field: &str, text: &str) {
    if text.is_empty() {
        if let Some(status) = status.as_object_mut() {
            status.remove(field);
        }
    } else {
        status[field] = json!(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Carries a run from deadline to deadline; the phases it goes through, its last message, and the seconds.
    fn history(mut run: Value, terminate_after: Option<usize>) -> (Vec<String>, String, u64) {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let (mut now, mut phases) = (start, Vec::new());
        for look in 0.. {
            if terminate_after == Some(look) {
                run["spec"]["terminate"] = json!(true);
            }
            let outcome = reconcile(&run, now);
            run["status"] = outcome.status;
            phases.push(text(&run, "/status/phase").to_owned());
            match outcome.again {
                Some(again) if look < 50 => now = again,
                _ => break,
            }
        }
        phases.dedup();
        let took = Duration::try_from(now.duration_since(start)).unwrap().as_secs();
        assert!(later(start, Duration::from_secs(took)) <= now);
        (phases, text(&run, "/status/message").to_owned(), took)
    }

    fn run_of(metrics: &Value) -> Value {
        json!({"metadata": {"name": "r"}, "spec": {"metrics": metrics}})
    }

    fn constant(value: &str, extra: &Value) -> Value {
        let mut metric = json!({
            "name": "constant", "interval": "2s", "count": 3, "successCondition": "result[0] == 1",
            "provider": {"prometheus": {"query": value}},
        });
        for (key, value) in extra.as_object().unwrap() {
            metric[key] = value.clone();
        }
        metric
    }

    #[test]
    fn runs() {
        let failed = "Metric \"constant\" assessed Failed due to failed (2) > failureLimit (1)";
        let unknown = "Metric \"constant\" assessed Error due to consecutiveErrors (5) > consecutiveErrorLimit (4): \
                       \"Error Message: the simulator answers no queries but constants such as vector(1), not \
                       \"up\"\"";
        for (metric, phases, message, took) in [
            (constant("vector(1)", &json!({})), vec!["Running", "Successful"], "", 4),
            (constant("vector(0)", &json!({"failureLimit": 1})), vec!["Running", "Failed"], failed, 2),
            (constant("vector(1)", &json!({"initialDelay": "5s"})), vec!["Running", "Successful"], "", 9),
            (constant("up", &json!({})), vec!["Running", "Error"], unknown, 40),
        ] {
            let (got, said, seconds) = history(run_of(&json!([metric])), None);
            assert_eq!(
                (got, said.as_str(), seconds),
                (phases.iter().map(|p| (*p).to_owned()).collect(), message, took),
                "{metric}"
            );
        }
    }

    #[test]
    fn the_worst_metric_counts_and_ends_the_others() {
        let mut good = constant("vector(1)", &json!({"count": 100}));
        good["name"] = json!("good");
        let (phases, message, took) =
            history(run_of(&json!([good, constant("vector(0)", &json!({}))])), None);
        // The verdict on the others needs one more look, which the run's own change brings in the world.
        assert_eq!(phases, ["Running", "Failed"]);
        assert_eq!(message, "Metric \"constant\" assessed Failed due to failed (1) > failureLimit (0)");
        assert_eq!(took, 2);
    }

    #[test]
    fn a_terminated_run_counts_what_it_has() {
        let metric = constant("vector(1)", &json!({"count": 1000}));
        let (phases, message, _) = history(run_of(&json!([metric])), Some(3));
        assert_eq!(
            (phases, message.as_str()),
            (vec!["Running".to_owned(), "Successful".to_owned()], "Run Terminated")
        );
    }

    #[test]
    fn a_run_that_cannot_be_carried_out_is_an_error() {
        for (metrics, said) in [
            (json!([]), "no metrics specified"),
            (json!([{"name": "a", "provider": {"web": {}}}]), "no metric provider web"),
            (json!([constant("{{args.x}}", &json!({}))]), "failed to resolve {{args.x}}"),
        ] {
            let (phases, message, _) = history(run_of(&metrics), None);
            assert_eq!(phases, ["Error"]);
            assert!(message.contains(said), "{message}");
        }
    }
}
