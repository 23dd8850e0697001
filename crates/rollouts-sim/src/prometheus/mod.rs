//! A Prometheus that scrapes the simulated ingress: its samples are counted from the simulated requests.
//!
//! It knows what the shipped analyses ask for ([`parse`], [`eval`]): Traefik's counter and histogram per service, with
//! Traefik's default buckets. Counters of ingress-nginx have no samples, as on a cluster whose ingress is Traefik. Any
//! other metric and any other part of PromQL is an error and makes the measurement one: an analysis that was never
//! measured must not look like one that passed.
//!
//! It may be down, hang, or answer NaN whatever it is asked: see [`Fault`].

mod counter;
mod eval;
pub(crate) mod faults;
mod parse;
mod pattern;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::counter::Counter;
use self::parse::Expression;

/// From one scrape to the next, as the host cluster has it.
const SCRAPE: Duration = Duration::from_secs(5);
/// The upper bounds of Traefik's default histogram, seconds; the last bucket has none.
const BOUNDS: [f64; 4] = [0.1, 0.3, 1.2, 5.0];
/// Where the controller finds it, for what a failing query says.
pub(crate) const ADDRESS: &str = "10.243.0.1:9090";

/// What an answer consists of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Scalar(f64),
    /// The samples of a vector, in the order of their labels.
    Vector(Vec<f64>),
}

/// What is wrong with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Fault {
    #[default]
    None,
    /// It refuses connections and scrapes nothing.
    Down,
    /// It takes connections and never answers, and scrapes nothing.
    Hangs,
    /// Each answer is NaN.
    Nan,
}

/// The counters of one ingress, as far as they were scraped.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Saved", into = "Saved")]
pub(crate) struct Prometheus {
    series: BTreeMap<Labels, Series>,
    pub(crate) fault: Fault,
    /// Runs that wait for an answer, by `namespace/name`.
    pub(crate) waiting: BTreeMap<String, Waiting>,
    /// The queries that were asked.
    parsed: Parsed,
    /// When it scraped nothing, as pairs of from and to.
    gaps: Vec<(Timestamp, Timestamp)>,
    silent_since: Option<Timestamp>,
}

/// A question that has no answer yet.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Waiting {
    pub(crate) since: Timestamp,
    pub(crate) until: Timestamp,
}

/// What tells the series of Traefik's metrics apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Labels {
    service: String,
    code: u16,
    method: String,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Series {
    requests: Counter,
    /// Each counts what it takes and no other.
    buckets: [Counter; BOUNDS.len() + 1],
}

/// The same as it is stored: JSON has no maps with such keys.
#[derive(Serialize, Deserialize)]
struct Saved {
    series: Vec<(Labels, Series)>,
    fault: Fault,
    waiting: BTreeMap<String, Waiting>,
    gaps: Vec<(Timestamp, Timestamp)>,
    silent_since: Option<Timestamp>,
}

impl From<Prometheus> for Saved {
    fn from(it: Prometheus) -> Saved {
        let series = it.series.into_iter().collect();
        Saved { series, fault: it.fault, waiting: it.waiting, gaps: it.gaps, silent_since: it.silent_since }
    }
}

impl From<Saved> for Prometheus {
    fn from(saved: Saved) -> Prometheus {
        Prometheus {
            series: saved.series.into_iter().collect(),
            fault: saved.fault,
            waiting: saved.waiting,
            gaps: saved.gaps,
            silent_since: saved.silent_since,
            parsed: Parsed::default(),
        }
    }
}

/// Expressions by their texts: a run asks the same query again and again.
#[derive(Debug, Default)]
struct Parsed(Mutex<BTreeMap<String, Arc<Expression>>>);

/// So many are kept; then all are forgotten.
const QUERIES: usize = 4096;

/// A copy of the world asks anew.
impl Clone for Parsed {
    fn clone(&self) -> Parsed {
        Parsed::default()
    }
}

impl Parsed {
    fn get(&self, text: &str) -> Result<Arc<Expression>, String> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(expression) = known.get(text) {
            return Ok(Arc::clone(expression));
        }
        if known.len() == QUERIES {
            known.clear();
        }
        let expression = Arc::new(parse::parse(text)?);
        known.insert(text.to_owned(), Arc::clone(&expression));
        Ok(expression)
    }
}

impl Prometheus {
    /// Counts an answer of the ingress. `service` is Traefik's name of it, without `@kubernetesingressnginx`.
    pub(crate) fn count(&mut self, service: &str, code: u16, method: &str, at: Timestamp, took: Duration) {
        let service = [service, "@kubernetesingressnginx"].concat();
        let labels = Labels { service, code, method: method.to_owned() };
        let series = self.series.entry(labels).or_default();
        let seconds = took.as_secs_f64();
        let bucket = BOUNDS.iter().position(|bound| seconds <= *bound).unwrap_or(BOUNDS.len());
        let tick = tick_after(at);
        series.requests.add(tick);
        series.buckets[bucket].add(tick);
    }

    /// Brings a fault about, or takes it away.
    pub(crate) fn set_fault(&mut self, fault: Fault, now: Timestamp) {
        let silent = |fault| matches!(fault, Fault::Down | Fault::Hangs);
        match (silent(self.fault), silent(fault)) {
            (false, true) => self.silent_since = Some(now),
            (true, false) => self.gaps.extend(self.silent_since.take().map(|since| (since, now))),
            _ => {}
        }
        self.fault = fault;
    }

    /// Answers a query at a moment.
    ///
    /// # Errors
    /// What cannot be read, or is not known here.
    pub(crate) fn query(&self, text: &str, at: Timestamp) -> Result<Answer, String> {
        let expression = self.parsed.get(text)?;
        let value = eval::instant(self, &expression, at)?;
        Ok(match (self.fault, value) {
            (Fault::Nan, eval::Value::Scalar(_)) => Answer::Scalar(f64::NAN),
            (Fault::Nan, eval::Value::Vector(_)) => Answer::Vector(vec![f64::NAN]),
            (_, eval::Value::Scalar(number)) => Answer::Scalar(number),
            (_, eval::Value::Vector(samples)) => {
                Answer::Vector(samples.into_iter().map(|sample| sample.value).collect())
            }
        })
    }

    /// Whether it scraped at a moment.
    fn scraped(&self, at: Timestamp) -> bool {
        self.silent_since.is_none_or(|since| at < since)
            && !self.gaps.iter().any(|(from, to)| *from <= at && at < *to)
    }
}

/// Whether a pattern is found anywhere in a text; one that cannot be read is found nowhere.
pub(crate) fn found(pattern: &str, text: &str) -> bool {
    pattern.split('|').any(|one| {
        let (start, end) = (one.strip_prefix('^'), one.strip_suffix('$'));
        let inner = start.unwrap_or(one);
        let inner = inner.strip_suffix('$').unwrap_or(inner);
        let any = |anchored: bool| if anchored { "" } else { ".*" };
        let whole = format!("{}{inner}{}", any(start.is_some()), any(end.is_some()));
        pattern::Pattern::read(&whole).is_ok_and(|pattern| pattern.fits(text))
    })
}

/// The number of the first scrape at or after a moment.
fn tick_after(at: Timestamp) -> i64 {
    let step = i128::from(u64::try_from(SCRAPE.as_nanos()).unwrap_or(u64::MAX));
    i64::try_from((at.as_nanosecond() + step - 1).div_euclid(step)).unwrap_or(i64::MAX)
}

/// The moment of a scrape, seconds since 1970.
fn seconds_of(tick: i64) -> i64 {
    tick.saturating_mul(i64::try_from(SCRAPE.as_secs()).unwrap_or(5))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    const ALL: &str = r#"sum(rate(traefik_service_requests_total{service="a@kubernetesingressnginx"}[1m]))"#;

    /// Ten requests a second for a minute, every tenth an error; slow ones take 200 ms.
    fn minute(slow: bool) -> Prometheus {
        let mut prometheus = Prometheus::default();
        for number in 0..600 {
            let took = Duration::from_millis(if slow { 200 } else { 2 });
            let code = if number % 10 == 9 { 500 } else { 200 };
            prometheus.count("a", code, "GET", at(number / 10), took);
        }
        prometheus
    }

    fn ask(prometheus: &Prometheus, query: &str, seconds: i64) -> Vec<f64> {
        match prometheus.query(query, at(seconds)).unwrap() {
            Answer::Vector(samples) => samples,
            Answer::Scalar(number) => vec![number],
        }
    }

    #[test]
    fn rates_and_quantiles_are_those_of_the_requests() {
        let prometheus = minute(false);
        let rate = ask(&prometheus, ALL, 60)[0];
        assert!((rate - 10.0).abs() < 0.2, "{rate}");
        let p95 = "histogram_quantile(0.95, sum by (le) (rate(traefik_service_request_duration_seconds_bucket[1m])))";
        let quick = ask(&prometheus, p95, 60)[0];
        assert!((quick - 0.095).abs() < 1e-9, "{quick}");
        let slow = ask(&minute(true), p95, 60)[0];
        assert!((slow - 0.29).abs() < 1e-9, "within the second bucket: {slow}");
    }

    #[test]
    fn the_shipped_queries_say_success_errors_and_no_data() {
        let shipped = include_str!("../../../../deploy/canary/analysis-template.yaml");
        let queries: Vec<String> = shipped
            .split("query: |\n")
            .skip(1)
            .map(|rest| {
                let end = rest.find("\n---").or_else(|| rest.find("\n    - name")).unwrap_or(rest.len());
                rest[..end].replace("{{args.backend}}-canary", "a").replace("{{args.backend}}", "a")
            })
            .collect();
        assert_eq!(queries.len(), 5);
        let nothing = Prometheus::default();
        for query in &queries {
            assert_eq!(nothing.query(query, at(60)), Ok(Answer::Vector(vec![])), "no data: {query}");
            // All requests are long out of the window: 0/0.
            let late = ask(&minute(false), query, 1000);
            assert!(late.len() == 1 && late[0].is_nan(), "{late:?}: {query}");
        }
        let values: Vec<f64> = queries.iter().map(|query| ask(&minute(false), query, 60)[0]).collect();
        for (got, want) in values.iter().zip([0.9, 0.1, 1.0, 0.1, 1.0]) {
            assert!((got - want).abs() < 0.01, "{values:?}");
        }
        let mut failing = Prometheus::default();
        (0..60).for_each(|second| failing.count("a", 500, "GET", at(second), Duration::ZERO));
        assert!(ask(&failing, &queries[0], 60)[0].abs() < 1e-9, "only errors is no success, and not no data");
    }

    #[test]
    fn a_query_that_was_asked_is_known() {
        let prometheus = minute(false);
        assert!(prometheus.query("sum(", at(60)).is_err());
        let first = ask(&prometheus, ALL, 60);
        let known = prometheus.parsed.get(ALL).unwrap();
        assert_eq!(ask(&prometheus, ALL, 60), first);
        assert!(Arc::ptr_eq(&known, &prometheus.parsed.get(ALL).unwrap()));
        for number in 0..QUERIES {
            ask(&prometheus, &number.to_string(), 60);
        }
        assert_eq!(ask(&prometheus, ALL, 60), first, "forgotten, and read again");
    }

    #[test]
    fn faults() {
        let mut prometheus = minute(false);
        prometheus.set_fault(Fault::Nan, at(60));
        assert!(ask(&prometheus, ALL, 60)[0].is_nan());
        prometheus.set_fault(Fault::Down, at(60));
        prometheus.count("a", 200, "GET", at(70), Duration::ZERO);
        prometheus.set_fault(Fault::None, at(130));
        assert!(ask(&prometheus, ALL, 131).is_empty(), "nothing was scraped for a minute");
        let saved = serde_json::to_string(&prometheus).unwrap();
        let again: Prometheus = serde_json::from_str(&saved).unwrap();
        assert_eq!(serde_json::to_string(&again).unwrap(), saved);
    }
}
