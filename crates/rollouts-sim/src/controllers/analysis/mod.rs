//! The AnalysisRun controller: measurements on time, and the verdict over all metrics.
//!
//! Provider `prometheus` only, which is the simulated one ([`crate::prometheus`]). Arguments from Secrets are refused
//! in the run.

mod expr;
mod metric;
mod query;
pub(super) mod template;
mod verdict;

use std::time::Duration;

use crate::json::{Value, json};
use jiff::Timestamp;

pub(crate) use self::metric::duration;
use self::metric::{Metric, MetricResult, Phase};
use self::verdict::{Notice, Verdict, is_dry, terminating};
use super::time::{parse, stamp};
use crate::object::{self, items, text};
use crate::prometheus::{Fault, Waiting};
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
    let key = format!("{ns}/{name}");
    let Some(run) = world.store.get(Resource::AnalysisRun, ns, name).cloned() else {
        world.prometheus.waiting.remove(&key);
        return;
    };
    if object::deleting(&run) {
        return;
    }
    if completed(&run) {
        expire(world, &run);
        return;
    }
    let now = world.now();
    let began = match world.prometheus.waiting.get(&key) {
        // Its worker waits for an answer.
        Some(waiting) if waiting.until > now => return,
        Some(waiting) => waiting.since,
        None => now,
    };
    let waited = world.prometheus.waiting.remove(&key).is_some();
    if world.prometheus.fault == Fault::Hangs
        && !waited
        && let Some(longest) = longest_wait(&run, now)
    {
        let until = later(now, longest);
        world.prometheus.waiting.insert(key, Waiting { since: now, until });
        world.queue.schedule(until, Work::AnalysisRun { ns: ns.to_owned(), name: name.to_owned() });
        return;
    }
    let ask = |text: &str| query::answer(&world.prometheus, text, now);
    let outcome = reconcile(&run, (began, now), &ask);
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

/// Asks a query.
type Ask<'a> = dyn Fn(&str) -> Result<expr::Value, String> + 'a;

/// What a look comes to that began asking at `began` and has its answers at `now`.
fn reconcile(run: &Value, (began, now): (Timestamp, Timestamp), ask: &Ask<'_>) -> Outcome {
    let mut results: Vec<MetricResult> =
        crate::json::from_value(&run["status"]["metricResults"]).unwrap_or_default();
    let metrics = match metrics(run) {
        Ok(metrics) => metrics,
        Err(message) => return broken(run, &message),
    };
    let started = parse(text(run, "/status/startedAt")).unwrap_or(now);
    for (at, metric) in due(run, &metrics, &results, started, now) {
        let at = at.unwrap_or_else(|| {
            results.push(MetricResult { dry_run: is_dry(run, &metric.name), ..MetricResult::default() });
            results.len() - 1
        });
        metric.measure(&mut results[at], ask(&metric.query), began, now);
    }
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
    for result in &mut results {
        let surplus = result.measurements.len().saturating_sub(verdict::kept(run, &result.name));
        result.measurements.drain(..surplus);
    }
    status["metricResults"] = crate::json::to_value(&results).unwrap_or_default();
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
    for field in ["dryRun", "measurementRetention"] {
        let rules = items(run, &format!("/spec/{field}")).map(|rule| text(rule, "/metricName"));
        let fits = |rule: &str| metrics.iter().any(|metric| verdict::names(rule, &metric.name));
        if let Some((index, _)) = rules.enumerate().find(|(_, rule)| !fits(rule)) {
            return Err(invalid(format!("{field}[{index}]: Rule didn't match any metric name(s)")));
        }
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

/// The metrics that are to be measured now, each with the place of its result if it has one.
fn due<'a>(
    run: &Value,
    metrics: &'a [Metric],
    results: &[MetricResult],
    started: Timestamp,
    now: Timestamp,
) -> Vec<(Option<usize>, &'a Metric)> {
    if terminating(run, results) {
        return Vec::new();
    }
    let place = |metric: &Metric| results.iter().position(|result| result.name == metric.name);
    let all = metrics.iter().map(|metric| (place(metric), metric));
    all.filter(|(at, metric)| {
        metric.due(at.and_then(|at| results.get(at)), started).is_some_and(|due| due <= now)
    })
    .collect()
}

/// How long a look waits at most for answers that do not come; `None` when it asks for none.
fn longest_wait(run: &Value, now: Timestamp) -> Option<Duration> {
    let results: Vec<MetricResult> =
        crate::json::from_value(&run["status"]["metricResults"]).unwrap_or_default();
    let started = parse(text(run, "/status/startedAt")).unwrap_or(now);
    let metrics = metrics(run).ok()?;
    due(run, &metrics, &results, started, now).iter().map(|(_, metric)| metric.timeout).max()
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
            let outcome = reconcile(&run, (now, now), &|text| query::answer(&Default::default(), text, now));
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
                       \"Error Message: the simulated Prometheus has no metric \"up\"\"";
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
        let mut run = run_of(&json!([constant("vector(1)", &json!({}))]));
        run["spec"]["dryRun"] = json!([{"metricName": "other"}]);
        let (_, message, _) = history(run, None);
        assert!(message.contains("dryRun[0]: Rule didn't match any metric name(s)"), "{message}");
    }

    #[test]
    fn as_many_measurements_are_kept_as_the_run_says() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        for (rules, kept) in
            [(json!([]), metric::KEPT), (json!([{"metricName": "const.*", "limit": 15}]), 15)]
        {
            let mut run = run_of(&json!([constant("vector(1)", &json!({"count": 100}))]));
            run["spec"]["measurementRetention"] = rules;
            for look in 0..20 {
                let at = later(now, Duration::from_secs(2 * look));
                let ask = |text: &str| query::answer(&Default::default(), text, at);
                run["status"] = reconcile(&run, (at, at), &ask).status;
            }
            let result = &run["status"]["metricResults"][0];
            assert_eq!(
                (result["measurements"].as_array().unwrap().len(), &result["count"]),
                (kept, &json!(20))
            );
        }
    }
}
