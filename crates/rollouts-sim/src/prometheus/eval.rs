//! What an expression comes to at a moment.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::counter::{Counter, Point, rate};
use super::parse::{Expression, Selector, Wanted};
use super::{BOUNDS, Labels, Prometheus, Series};

/// An instant value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Scalar(f64),
    Vector(Vec<Sample>),
}

/// A sample with its labels, without the metric's name.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sample {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) value: f64,
}

/// For how long back a selector without a range looks for a sample, seconds.
const LOOKBACK: f64 = 300.0;

/// # Errors
/// A metric that is not known here, or values that do not fit together.
pub(super) fn instant(of: &Prometheus, expression: &Expression, at: Timestamp) -> Result<Value, String> {
    let inner = |expression: &Expression| instant(of, expression, at);
    let now = seconds(at);
    Ok(match expression {
        Expression::Number(number) => Value::Scalar(*number),
        Expression::Select(selector) => {
            let found = each(of, selector, now - LOOKBACK, now)?;
            let last =
                |(labels, points): (_, Vec<Point>)| Some(Sample { labels, value: points.last()?.value });
            Value::Vector(found.into_iter().filter_map(last).collect())
        }
        Expression::Over { rate: by_second, selector, range } => {
            let (from, length) = (now - range.as_secs_f64(), range.as_secs_f64());
            let found = each(of, selector, from, now)?;
            let grown = |(labels, points): (_, Vec<Point>)| {
                let value = rate(&points, from, now)?;
                Some(Sample { labels, value: if *by_second { value } else { value * length } })
            };
            Value::Vector(found.into_iter().filter_map(grown).collect())
        }
        Expression::Sum { by, of } => Value::Vector(sum(by, vector(inner(of)?, "sum")?)),
        Expression::Vector(of) => match inner(of)? {
            Value::Scalar(value) => Value::Vector(vec![Sample { labels: BTreeMap::new(), value }]),
            Value::Vector(_) => return Err("expected type scalar in call to function \"vector\"".to_owned()),
        },
        Expression::Quantile { quantile, of } => {
            let Value::Scalar(quantile) = inner(quantile)? else {
                return Err("expected type scalar in call to function \"histogram_quantile\"".to_owned());
            };
            Value::Vector(quantiles(quantile, vector(inner(of)?, "histogram_quantile")?))
        }
        Expression::Negative(of) => match inner(of)? {
            Value::Scalar(number) => Value::Scalar(-number),
            Value::Vector(samples) => {
                Value::Vector(samples.into_iter().map(|s| Sample { value: -s.value, ..s }).collect())
            }
        },
        Expression::Binary { operator, as_number, left, right } => {
            binary(operator, *as_number, inner(left)?, inner(right)?)?
        }
    })
}

#[expect(clippy::cast_precision_loss, reason = "moments of the simulated clock are far below 2^53 ms")]
fn seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}

fn vector(value: Value, function: &str) -> Result<Vec<Sample>, String> {
    match value {
        Value::Vector(samples) => Ok(samples),
        Value::Scalar(_) => Err(format!("expected type instant vector in call to function {function:?}")),
    }
}

/// The labels of a series, and its points.
type Found = (BTreeMap<String, String>, Vec<Point>);

/// The points of each series that a selector names.
fn each(of: &Prometheus, selector: &Selector, from: f64, to: f64) -> Result<Vec<Found>, String> {
    let scraped = |second: i64| Timestamp::from_second(second).is_ok_and(|at| of.scraped(at));
    let mut found = Vec::new();
    match selector.metric.as_str() {
        "traefik_service_requests_total" => {
            for (labels, series) in named(of, selector) {
                let labels = labels.all();
                if fits(selector, &labels) {
                    found.push((labels, series.requests.between(from, to, scraped)));
                }
            }
        }
        "traefik_service_request_duration_seconds_bucket" => {
            for (labels, series) in named(of, selector) {
                let mut labels = labels.all();
                for (bucket, points) in series.buckets(from, to, scraped).into_iter().enumerate() {
                    let bound = BOUNDS.get(bucket).map_or_else(|| "+Inf".to_owned(), f64::to_string);
                    labels.insert("le".to_owned(), bound);
                    if fits(selector, &labels) {
                        found.push((labels.clone(), points));
                    }
                }
            }
        }
        // No ingress of that kind runs here, so that there is nothing to scrape.
        other if other.starts_with("nginx_ingress_controller_") => {}
        other => return Err(format!("the simulated Prometheus has no metric {other:?}")),
    }
    found.retain(|(_, points)| !points.is_empty());
    Ok(found)
}

/// The series that can fit: of one service, where the selector names it, or all.
fn named<'a>(of: &'a Prometheus, selector: &'a Selector) -> impl Iterator<Item = (&'a Labels, &'a Series)> {
    let one = selector.matchers.iter().find_map(|matcher| match &matcher.value {
        Wanted::Equal(service) if matcher.label == "service" && !matcher.negated => Some(service),
        _ => None,
    });
    let first = Labels { service: one.cloned().unwrap_or_default(), code: 0, method: String::new() };
    of.series
        .range(first..)
        .take_while(move |(labels, _)| one.is_none_or(|service| labels.service == *service))
}

impl Labels {
    fn all(&self) -> BTreeMap<String, String> {
        [
            ("code", self.code.to_string()),
            ("instance", "127.0.0.1:8881".to_owned()),
            ("job", "traefik".to_owned()),
            ("method", self.method.clone()),
            ("protocol", "http".to_owned()),
            ("service", self.service.clone()),
        ]
        .into_iter()
        .map(|(label, value)| (label.to_owned(), value))
        .collect()
    }
}

impl Series {
    /// The points of each bucket of the histogram, which counts what the smaller ones count as well.
    fn buckets(&self, from: f64, to: f64, scraped: impl Fn(i64) -> bool) -> Vec<Vec<Point>> {
        // A bucket that took nothing is a series all the same, as old as the counter.
        let mut points = self.requests.between(from, to, &scraped);
        points.iter_mut().for_each(|point| point.value = 0.0);
        let counted = |part: &Counter| {
            for point in part.between(from, to, &scraped) {
                points
                    .iter_mut()
                    .filter(|p| p.at.total_cmp(&point.at).is_eq())
                    .for_each(|p| p.value += point.value);
            }
            points.clone()
        };
        self.buckets.iter().map(counted).collect()
    }
}

fn fits(selector: &Selector, labels: &BTreeMap<String, String>) -> bool {
    selector.matchers.iter().all(|matcher| {
        let value = labels.get(&matcher.label).map_or("", String::as_str);
        let fits = match &matcher.value {
            Wanted::Equal(wanted) => wanted == value,
            Wanted::Fitting(pattern) => pattern.fits(value),
        };
        fits != matcher.negated
    })
}

fn sum(by: &[String], samples: Vec<Sample>) -> Vec<Sample> {
    let mut sums: BTreeMap<BTreeMap<String, String>, f64> = BTreeMap::new();
    for sample in samples {
        let labels = sample.labels.into_iter().filter(|(label, _)| by.contains(label)).collect();
        *sums.entry(labels).or_default() += sample.value;
    }
    sums.into_iter().map(|(labels, value)| Sample { labels, value }).collect()
}

/// The quantile of each histogram, by linear interpolation within its bucket.
fn quantiles(quantile: f64, samples: Vec<Sample>) -> Vec<Sample> {
    let mut histograms: BTreeMap<BTreeMap<String, String>, Vec<(f64, f64)>> = BTreeMap::new();
    for mut sample in samples {
        let bound = match sample.labels.remove("le").as_deref() {
            Some("+Inf") => f64::INFINITY,
            Some(bound) => match bound.parse() {
                Ok(bound) => bound,
                Err(_) => continue,
            },
            None => continue,
        };
        histograms.entry(sample.labels).or_default().push((bound, sample.value));
    }
    let of = |(labels, mut buckets): (_, Vec<(f64, f64)>)| {
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        Sample { labels, value: interpolated(quantile, &buckets) }
    };
    histograms.into_iter().map(of).collect()
}

fn interpolated(quantile: f64, buckets: &[(f64, f64)]) -> f64 {
    let Some((last, total)) = buckets.last().copied() else { return f64::NAN };
    if !last.is_infinite() || buckets.len() < 2 || total == 0.0 || total.is_nan() {
        return f64::NAN;
    }
    let rank = quantile * total;
    let at = buckets.iter().position(|(_, count)| *count >= rank).unwrap_or(buckets.len() - 1);
    if at == buckets.len() - 1 {
        return buckets[at - 1].0;
    }
    let (start, before) = if at == 0 { (0.0, 0.0) } else { buckets[at - 1] };
    let (end, count) = buckets[at];
    start + (end - start) * ((rank - before) / (count - before))
}

fn binary(operator: &str, as_number: bool, left: Value, right: Value) -> Result<Value, String> {
    // Each sample that stays, with the two values that the operator is about.
    let pairs: Vec<((f64, f64), Sample)> = match (left, right) {
        (Value::Scalar(a), Value::Scalar(b)) => return scalars(operator, as_number, a, b),
        (Value::Vector(left), Value::Vector(right)) if matches!(operator, "or" | "and" | "unless") => {
            return Ok(Value::Vector(set(operator, left, right)));
        }
        (Value::Vector(left), Value::Vector(right)) => {
            let other = |sample: &Sample| right.iter().find(|other| other.labels == sample.labels);
            let both =
                left.into_iter().filter_map(|sample| Some(((sample.value, other(&sample)?.value), sample)));
            both.collect()
        }
        (Value::Vector(left), Value::Scalar(b)) => {
            left.into_iter().map(|sample| ((sample.value, b), sample)).collect()
        }
        (Value::Scalar(a), Value::Vector(right)) => {
            right.into_iter().map(|sample| ((a, sample.value), sample)).collect()
        }
    };
    let mut out = Vec::new();
    for (values, sample) in pairs {
        out.extend(pair(operator, as_number, values, sample)?);
    }
    Ok(Value::Vector(out))
}

fn compares(operator: &str) -> bool {
    matches!(operator, "==" | "!=" | ">" | "<" | ">=" | "<=")
}

fn scalars(operator: &str, as_number: bool, a: f64, b: f64) -> Result<Value, String> {
    match (compares(operator), as_number) {
        (true, false) => Err("comparisons between scalars must use BOOL modifier".to_owned()),
        (true, true) => Ok(Value::Scalar(f64::from(u8::from(holds(operator, a, b))))),
        (false, _) => arithmetic(operator, a, b).map(Value::Scalar),
    }
}

/// A sample by its pair of values; a comparison keeps it only when it holds.
fn pair(
    operator: &str,
    as_number: bool,
    (a, b): (f64, f64),
    sample: Sample,
) -> Result<Option<Sample>, String> {
    if !compares(operator) {
        return Ok(Some(Sample { value: arithmetic(operator, a, b)?, ..sample }));
    }
    let holds = holds(operator, a, b);
    if as_number {
        return Ok(Some(Sample { value: f64::from(u8::from(holds)), ..sample }));
    }
    Ok(holds.then_some(sample))
}

fn set(operator: &str, left: Vec<Sample>, right: Vec<Sample>) -> Vec<Sample> {
    let within = |list: &[Sample], sample: &Sample| list.iter().any(|other| other.labels == sample.labels);
    match operator {
        "or" => {
            let mut all = left;
            for sample in right {
                if !within(&all, &sample) {
                    all.push(sample);
                }
            }
            all
        }
        "and" => left.into_iter().filter(|sample| within(&right, sample)).collect(),
        _ => left.into_iter().filter(|sample| !within(&right, sample)).collect(),
    }
}

fn arithmetic(operator: &str, a: f64, b: f64) -> Result<f64, String> {
    match operator {
        "+" => Ok(a + b),
        "-" => Ok(a - b),
        "*" => Ok(a * b),
        "/" => Ok(a / b),
        "%" => Ok(a % b),
        other => Err(format!("set operator {other:?} not allowed in binary scalar expression")),
    }
}

fn holds(operator: &str, a: f64, b: f64) -> bool {
    match operator {
        "==" => a == b,
        "!=" => a != b,
        ">" => a > b,
        "<" => a < b,
        ">=" => a >= b,
        _ => a <= b,
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;

    #[test]
    fn constants_and_operators() {
        let at = Timestamp::from_second(1000).unwrap();
        let vector = |values: &[f64]| {
            let sample = |value: &f64| Sample { labels: BTreeMap::new(), value: *value };
            Value::Vector(values.iter().map(sample).collect())
        };
        for (query, want) in [
            ("42", Value::Scalar(42.0)),
            ("1 - 2 * 3", Value::Scalar(-5.0)),
            ("-(1 + 1) / 4", Value::Scalar(-0.5)),
            ("1 >= bool 1", Value::Scalar(1.0)),
            ("vector(1)", vector(&[1.0])),
            (" vector( 0.5 ) ", vector(&[0.5])),
            ("vector(1) > 0.5", vector(&[1.0])),
            ("vector(1) < 0.5", vector(&[])),
            ("vector(1) > bool 2", vector(&[0.0])),
            ("sum(nginx_ingress_controller_requests) or vector(0)", vector(&[0.0])),
            ("vector(3) or vector(0)", vector(&[3.0])),
            ("vector(3) and vector(0)", vector(&[3.0])),
            ("vector(3) unless vector(0)", vector(&[])),
            ("1 - (sum(nginx_ingress_controller_requests) or vector(0)) / vector(4)", vector(&[1.0])),
        ] {
            let got = instant(&Prometheus::default(), &parse(query).unwrap(), at);
            assert_eq!(got, Ok(want), "{query}");
        }
        for (query, said) in [
            ("1 > 0", "must use BOOL"),
            ("up", "no metric \"up\""),
            ("vector(vector(1))", "expected type scalar"),
            ("sum(1)", "expected type instant vector"),
            ("1 or 2", "set operator"),
        ] {
            let error = instant(&Prometheus::default(), &parse(query).unwrap(), at).unwrap_err();
            assert!(error.contains(said), "{query}: {error}");
        }
    }

    #[test]
    fn quantiles_of_a_histogram() {
        let buckets = [(0.1, 90.0), (0.3, 100.0), (f64::INFINITY, 100.0)];
        for (quantile, want) in [(0.45, 0.05), (0.95, 0.2), (1.0, 0.3)] {
            assert!((interpolated(quantile, &buckets) - want).abs() < 1e-9, "{quantile}");
        }
        assert!((interpolated(0.95, &[(0.1, 0.0), (f64::INFINITY, 9.0)]) - 0.1).abs() < 1e-9);
        assert!(interpolated(0.95, &[(0.1, 0.0), (f64::INFINITY, 0.0)]).is_nan());
    }
}
