//! One metric of a run: its settings, its measurements, and the verdict over them.

use std::time::Duration;

use crate::json::{Map, Text, Value};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::expr;
use super::query;
use crate::controllers::time::{parse, stamp};
use crate::object::text;
use crate::queue::later;

/// From an error to the next try.
const ERROR_AGAIN: Duration = Duration::from_secs(10);
/// How long an answer may take when the metric does not say.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Measurements that are kept when the run does not say.
pub(super) const KEPT: usize = 10;

/// A verdict, of a measurement, a metric or a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Phase {
    // From good to bad: of several metrics the worst counts.
    Successful,
    Running,
    Pending,
    Inconclusive,
    Error,
    Failed,
}

impl Phase {
    pub(super) fn completed(self) -> bool {
        !matches!(self, Phase::Running | Phase::Pending)
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Phase::Successful => "Successful",
            Phase::Running => "Running",
            Phase::Pending => "Pending",
            Phase::Inconclusive => "Inconclusive",
            Phase::Error => "Error",
            Phase::Failed => "Failed",
        }
    }
}

/// A metric with its arguments filled in.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Metric {
    pub(super) name: String,
    interval: Option<Duration>,
    initial_delay: Option<Duration>,
    /// How many measurements make an end; `None` without one.
    pub(super) count: Option<i64>,
    success: String,
    failure: String,
    failure_limit: i64,
    inconclusive_limit: i64,
    error_limit: i64,
    success_limit: i64,
    pub(super) query: String,
    /// How long an answer may take.
    pub(super) timeout: Duration,
}

/// What a run has found for one metric, as it is written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct MetricResult {
    pub(super) name: String,
    pub(super) phase: Option<Phase>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) measurements: Vec<Measurement>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) message: String,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) count: i64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) successful: i64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) failed: i64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) inconclusive: i64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) error: i64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) consecutive_error: i64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) consecutive_success: i64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) dry_run: bool,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(super) metadata: Map,
}

/// One measurement, as it is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Measurement {
    pub(super) phase: Phase,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    message: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    started_at: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    finished_at: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    value: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde calls")]
fn is_zero(count: &i64) -> bool {
    *count == 0
}

impl Measurement {
    pub(super) fn message(&self) -> &str {
        &self.message
    }
}

impl Metric {
    /// Reads a metric whose arguments are filled in.
    ///
    /// # Errors
    /// What upstream calls an invalid metric, and providers that are not simulated.
    pub(super) fn read(metric: &Value) -> Result<Metric, String> {
        let limit = |field: &str, default| integer(&metric[field]).unwrap_or(default);
        let time = |field: &str, word: &str| match text(metric, &format!("/{field}")) {
            "" => Ok(None),
            text => duration(text)
                .map(Some)
                .ok_or_else(|| format!("invalid {word} string: time: invalid duration {text:?}")),
        };
        let interval = time("interval", "interval")?;
        let count = limit("count", 0);
        let read = Metric {
            name: text(metric, "/name").to_owned(),
            interval,
            initial_delay: time("initialDelay", "startDelay")?,
            count: if count == 0 { interval.is_none().then_some(1) } else { Some(count) },
            success: text(metric, "/successCondition").to_owned(),
            failure: text(metric, "/failureCondition").to_owned(),
            failure_limit: limit("failureLimit", 0),
            inconclusive_limit: limit("inconclusiveLimit", 0),
            error_limit: limit("consecutiveErrorLimit", 4),
            success_limit: limit("consecutiveSuccessLimit", 0),
            query: text(metric, "/provider/prometheus/query").to_owned(),
            timeout: integer(&metric["provider"]["prometheus"]["timeout"])
                .and_then(|seconds| u64::try_from(seconds).ok())
                .map_or(TIMEOUT, Duration::from_secs),
        };
        read.check(count)?;
        let providers: Vec<&Text> = metric["provider"].as_object().into_iter().flat_map(Map::keys).collect();
        match providers.as_slice() {
            [] => Err("no provider specified".to_owned()),
            [one] if *one == "prometheus" => Ok(read),
            [one] => Err(format!("the simulator has no metric provider {one}, only prometheus")),
            _ => Err("multiple providers specified".to_owned()),
        }
    }

    fn check(&self, count: i64) -> Result<(), String> {
        let wrong = if self.success_limit < 0 {
            "consecutiveSuccessLimit must be >= 0"
        } else if self.failure_limit < -1 {
            "failureLimit must be >= 0, or -1 to be disabled"
        } else if self.success_limit == 0 && self.failure_limit == -1 {
            "failureLimit and consecutiveSuccessLimit cannot both be disabled"
        } else if self.inconclusive_limit < 0 {
            "inconclusiveLimit must be >= 0"
        } else if self.error_limit < 0 {
            "consecutiveErrorLimit must be >= 0"
        } else if count > 0 && self.failure_limit >= 0 && count < self.failure_limit + self.success_limit {
            let (failures, successes) = (self.failure_limit, self.success_limit);
            return Err(format!(
                "count ({count}) must be >= failureLimit + consecutiveSuccessLimit ({failures} + {successes}) if both >= 0"
            ));
        } else if count > 0 && self.failure_limit < 0 && count < self.success_limit {
            "count must be >= consecutiveSuccessLimit"
        } else if count > 0 && count < self.inconclusive_limit {
            "count must be >= inconclusiveLimit"
        } else if count > 1 && self.interval.is_none() {
            "interval must be specified when count > 1"
        } else {
            return Ok(());
        };
        Err(wrong.to_owned())
    }

    /// When the next measurement is due; `None` when there is none to come.
    pub(super) fn due(&self, result: Option<&MetricResult>, started: Timestamp) -> Option<Timestamp> {
        let last = result.and_then(|result| result.measurements.last());
        let (Some(result), Some(last)) = (result, last) else {
            return Some(self.initial_delay.map_or(started, |delay| later(started, delay)));
        };
        if result.phase.is_some_and(Phase::completed) || self.count.is_some_and(|count| result.count >= count)
        {
            return None;
        }
        let wait = if last.phase == Phase::Error { ERROR_AGAIN } else { self.interval? };
        parse(&last.finished_at).map(|finished| later(finished, wait))
    }

    /// Takes what was found into a result: a measurement from `began` to `now`.
    pub(super) fn measure(
        &self,
        result: &mut MetricResult,
        found: Result<expr::Value, String>,
        began: Timestamp,
        now: Timestamp,
    ) {
        let (phase, value, message) = match found {
            Ok(found) => match self.judge(&found) {
                Ok(phase) => (phase, query::print(&found), String::new()),
                Err(why) => (Phase::Error, String::new(), why),
            },
            Err(why) => (Phase::Error, String::new(), why),
        };
        if result.name.is_empty() {
            result.name.clone_from(&self.name);
            result.phase = Some(Phase::Running);
            result.metadata.insert("ResolvedPrometheusQuery".to_owned(), self.query.clone().into());
        }
        let counter = match phase {
            Phase::Successful => &mut result.successful,
            Phase::Failed => &mut result.failed,
            Phase::Inconclusive => &mut result.inconclusive,
            _ => &mut result.error,
        };
        *counter += 1;
        if phase == Phase::Error {
            result.consecutive_error += 1;
        } else {
            result.count += 1;
            result.consecutive_error = 0;
        }
        result.consecutive_success =
            if phase == Phase::Successful { result.consecutive_success + 1 } else { 0 };
        let (started_at, finished_at) = (stamp(began), stamp(now));
        result.measurements.push(Measurement { phase, message, started_at, finished_at, value });
    }

    /// The verdict on one value.
    fn judge(&self, value: &expr::Value) -> Result<Phase, String> {
        let holds = |name: &str, condition: &str| {
            if condition.is_empty() {
                return Ok(None);
            }
            expr::holds(condition, value).map(Some).map_err(|why| {
                let why = match value {
                    expr::Value::List(list) if list.is_empty() => {
                        "metric result is nil or empty: no data returned from the metric provider".to_owned()
                    }
                    _ => why,
                };
                format!("could not evaluate {name} \"{condition}\": {why}")
            })
        };
        let success = holds("successCondition", &self.success)?;
        let failure = holds("failureCondition", &self.failure)?;
        Ok(match (success, failure) {
            (_, Some(true)) | (Some(false), None) => Phase::Failed,
            (Some(false), Some(false)) => Phase::Inconclusive,
            (None | Some(true), _) => Phase::Successful,
        })
    }

    /// Which limit a result has gone over, and how that is said. Of several the last of these counts.
    pub(super) fn tripped(&self, result: &MetricResult) -> Option<(Phase, String)> {
        let over = |count: i64, limit: i64, phase, word: &str, name: &str| {
            (count > limit).then(|| (phase, format!("{word} ({count}) > {name} ({limit})")))
        };
        let failed = over(result.failed, self.failure_limit, Phase::Failed, "failed", "failureLimit")
            .filter(|_| self.failure_limit >= 0);
        let undecided = over(
            result.inconclusive,
            self.inconclusive_limit,
            Phase::Inconclusive,
            "inconclusive",
            "inconclusiveLimit",
        );
        let errors = over(
            result.consecutive_error,
            self.error_limit,
            Phase::Error,
            "consecutiveErrors",
            "consecutiveErrorLimit",
        );
        errors.or(undecided).or(failed)
    }

    /// The verdict on a metric so far.
    pub(super) fn assess(&self, result: &MetricResult, terminating: bool) -> Phase {
        if let Some(phase) = result.phase.filter(|phase| phase.completed()) {
            return phase;
        }
        if result.measurements.is_empty() {
            return if terminating { Phase::Successful } else { Phase::Pending };
        }
        if let Some((phase, _)) = self.tripped(result) {
            return phase;
        }
        let streak_asked = self.success_limit > 0;
        if streak_asked && result.consecutive_success >= self.success_limit {
            return Phase::Successful;
        }
        if self.count.is_some_and(|count| result.count >= count) {
            return match (self.failure_limit >= 0, streak_asked) {
                (true, true) => Phase::Inconclusive,
                (false, true) => Phase::Failed,
                _ => Phase::Successful,
            };
        }
        if terminating { Phase::Successful } else { Phase::Running }
    }
}

/// A number, or a text that is one, as `IntOrString` is read.
fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => Some(text.parse().unwrap_or(0)),
        _ => None,
    }
}

/// A duration as Go reads it, without a sign: `1m30s`, `200ms`, `1.5h`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut seconds = 0.0_f64;
    while !rest.is_empty() || text.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest.get(..digits)?.parse().ok()?;
        let tail = rest.get(digits..)?;
        let length = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, next) = tail.split_at(length);
        seconds += number
            * match unit {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                "us" | "µs" => 1e-6,
                "ns" => 1e-9,
                _ => return None,
            };
        rest = next;
    }
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
#[path = "metric_tests.rs"]
mod tests;
