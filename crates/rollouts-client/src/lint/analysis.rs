//! Analyses that cannot succeed, cannot fail, never end, or say nothing without data.

use serde_json::Value;

use super::objects::{items, name, number, text};
use super::{Found, Objects, Rule};

pub(super) const RULES: &[Rule] = &[
    Rule::error("missing-template", "an AnalysisTemplate that is not among those beside it", missing),
    Rule::error("endless-gate", "an analysis that stands in the way and never ends", endless),
    Rule::error(
        "analysis-checks-nothing",
        "an analysis without templates, or a metric without a condition",
        nothing,
    ),
    Rule::error("analysis-cannot-fail", "as many failures are borne as there are measurements", cannot_fail),
    Rule::warning(
        "no-data-aborts",
        "a condition that fails, or is an error, when there is no traffic",
        no_data,
    ),
    Rule::error("unknown-argument", "an argument that the template does not declare", arguments),
    Rule::warning("errors-count-as-success", "a success rate that counts server errors as successes", errors),
    Rule::error(
        "starting-step-too-late",
        "a background analysis that begins after the last step",
        starting_step,
    ),
];

const TEMPLATE: &str = "AnalysisTemplate";

/// Templates at hand of both kinds.
fn templates(objects: &Objects) -> impl Iterator<Item = (usize, &Value)> {
    objects.of(TEMPLATE).chain(objects.of("ClusterAnalysisTemplate"))
}

fn metrics(template: &Value) -> impl Iterator<Item = (String, &Value)> {
    items(template, "/spec/metrics").map(|(index, metric)| (format!("/spec/metrics/{index}"), metric))
}

fn missing(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for rollout in objects.rollouts() {
        for (pointer, analysis, _) in rollout.analyses() {
            for (index, wanted) in items(analysis, "/templates") {
                let kind = if wanted["clusterScope"] == true { "ClusterAnalysisTemplate" } else { TEMPLATE };
                let there: Vec<&str> =
                    objects.neighbours(rollout.value, kind).map(|(_, found)| name(found)).collect();
                let wanted = text(wanted, "/templateName");
                if !there.is_empty() && !there.contains(&wanted) {
                    let at = format!("{pointer}/templates/{index}/templateName");
                    let message = format!("{kind} {wanted} is not there");
                    wrong.push(rollout.found(at, message).help(format!("there are {}", there.join(", "))));
                }
            }
        }
    }
    wrong
}

fn endless(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for rollout in objects.rollouts() {
        for (pointer, analysis, _) in rollout.analyses().into_iter().filter(|(.., gate)| *gate) {
            for (index, wanted) in items(analysis, "/templates") {
                let wanted = text(wanted, "/templateName");
                let Some((_, template)) = objects.beside(rollout.value, TEMPLATE, wanted) else { continue };
                let endless = metrics(template)
                    .find(|(_, metric)| metric.get("interval").is_some() && metric.get("count").is_none());
                if let Some((_, metric)) = endless {
                    let at = format!("{pointer}/templates/{index}/templateName");
                    let message = format!(
                        "metric {} of template {wanted} has an interval and no count: it never ends, and is waited for",
                        text(metric, "/name")
                    );
                    wrong.push(
                        rollout.found(at, message).help("state a count, or use it as background analysis"),
                    );
                }
            }
        }
    }
    wrong
}

fn nothing(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for rollout in objects.rollouts() {
        for (pointer, analysis, _) in rollout.analyses() {
            if items(analysis, "/templates").next().is_none() {
                wrong.push(rollout.found(pointer, "an analysis without templates checks nothing"));
            }
        }
    }
    for (index, template) in templates(objects) {
        if items(template, "/spec/metrics").next().is_none()
            && items(template, "/spec/templates").next().is_none()
        {
            wrong.push(Found::new(index, "/spec", "a template without metrics checks nothing"));
        }
        for (at, metric) in metrics(template) {
            // A job is judged by its exit code, and a Kayenta analysis by its own scores.
            let judged =
                ["/provider/job", "/provider/kayenta"].iter().any(|own| metric.pointer(own).is_some());
            if !judged
                && text(metric, "/successCondition").is_empty()
                && text(metric, "/failureCondition").is_empty()
            {
                let message = format!(
                    "metric {} has no condition: whatever is measured is a success",
                    text(metric, "/name")
                );
                wrong.push(Found::new(index, at, message));
            }
        }
    }
    wrong
}

fn cannot_fail(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for (index, template) in templates(objects) {
        for (at, metric) in metrics(template) {
            let count = number(metric, "/count").or(metric.get("interval").is_none().then_some(1));
            let (Some(count), Some(limit)) = (count, number(metric, "/failureLimit")) else { continue };
            if limit >= count {
                let message =
                    format!("{limit} failures are borne and {count} measurements are taken: it cannot fail");
                let help = format!("failureLimit below {count}");
                wrong.push(Found::new(index, format!("{at}/failureLimit"), message).help(help));
            }
        }
    }
    wrong
}

fn no_data(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for (index, template) in templates(objects) {
        for (at, metric) in
            metrics(template).filter(|(_, metric)| metric.pointer("/provider/prometheus").is_some())
        {
            let [success, failure] =
                ["/successCondition", "/failureCondition"].map(|field| text(metric, field));
            // A constant is never empty.
            let constant = text(metric, "/provider/prometheus/query").trim_start().starts_with("vector(");
            let unguarded =
                |condition: &str| condition.contains("result[") && !condition.contains("len(result)");
            let field = match (unguarded(success), unguarded(failure)) {
                _ if constant => continue,
                (true, _) => "successCondition",
                (_, true) => "failureCondition",
                _ => continue,
            };
            let message = format!(
                "without traffic the query is empty: result[0] is then an error, and NaN fails ({})",
                text(metric, "/name")
            );
            let help = "state both conditions, each with `len(result) > 0 &&`: no data is then Inconclusive and pauses";
            wrong.push(Found::new(index, format!("{at}/{field}"), message).help(help));
        }
    }
    wrong
}

/// The names within `{{args.…}}`.
fn used(text: &str) -> impl Iterator<Item = &str> {
    text.split("{{").skip(1).filter_map(|rest| {
        let (inside, _) = rest.split_once("}}")?;
        inside.trim().strip_prefix("args.").map(str::trim)
    })
}

fn arguments(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for (index, template) in templates(objects) {
        let known: Vec<&str> = items(template, "/spec/args").map(|(_, arg)| text(arg, "/name")).collect();
        for (at, metric) in metrics(template) {
            let text = metric.to_string();
            let mut unknown: Vec<&str> = used(&text).filter(|name| !known.contains(name)).collect();
            unknown.dedup();
            for name in unknown {
                let message = format!("argument {name} is not declared in spec.args");
                let declared = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                wrong.push(Found::new(index, &at, message).help(format!("declared: {declared}")));
            }
        }
    }
    wrong
}

fn errors(objects: &Objects) -> Vec<Found> {
    let mut wrong = Vec::new();
    for (index, template) in templates(objects) {
        for (at, metric) in metrics(template) {
            let query = text(metric, "/provider/prometheus/query");
            // `!~"4.*"` leaves every 5xx in.
            let without_4xx = query.split("!~\"").skip(1).filter_map(|rest| rest.split('"').next());
            let mut patterns =
                without_4xx.filter(|pattern| pattern.starts_with('4') || pattern.starts_with("[4"));
            if patterns.any(|pattern| !pattern.contains('5')) {
                let message =
                    format!("metric {} leaves 4xx out and counts 5xx as successes", text(metric, "/name"));
                let at = format!("{at}/provider/prometheus/query");
                wrong
                    .push(Found::new(index, at, message).help("leave 5xx out of the successes: `!~\"5..\"`"));
            }
        }
    }
    wrong
}

fn starting_step(objects: &Objects) -> Vec<Found> {
    let wrong = objects.rollouts().filter_map(|rollout| {
        let at = "/spec/strategy/canary/analysis/startingStep";
        let start = number(rollout.value, at)?;
        let steps = i64::try_from(rollout.steps().len()).unwrap_or(i64::MAX);
        let message = format!("step {start} is never reached: there are {steps} steps, counted from 0");
        (start >= steps).then(|| rollout.found(at, message))
    });
    wrong.collect()
}
