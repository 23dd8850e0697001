//! Counts of answers by code, and a histogram of their latency, in Prometheus' text format.
//!
//! Written by hand: a few families with fixed labels need no registry, and the image stays small.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper bounds of the histogram's buckets, seconds: from loopback to the probes' 1 s timeout and beyond.
const BOUNDS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];

/// What has been answered since the start of the process.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    counts: Mutex<Counts>,
}

#[derive(Debug, Default, Clone)]
struct Counts {
    in_flight: u64,
    by_code: BTreeMap<u16, u64>,
    /// One more than the bounds: the last holds what is slower than all of them.
    buckets: [u64; BOUNDS.len() + 1],
    seconds: f64,
}

impl Metrics {
    /// Counts a request that has arrived; [`Metrics::record`] counts its answer.
    pub(crate) fn begin(&self) {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).in_flight += 1;
    }

    /// Counts the answer to a request that has begun.
    pub(crate) fn record(&self, code: u16, latency: Duration) {
        let seconds = latency.as_secs_f64();
        let bucket = BOUNDS.iter().position(|bound| seconds <= *bound).unwrap_or(BOUNDS.len());
        // A counter is still a counter after a panic elsewhere: no reason to stop answering.
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.in_flight = counts.in_flight.saturating_sub(1);
        *counts.by_code.entry(code).or_default() += 1;
        counts.buckets[bucket] += 1;
        counts.seconds += seconds;
    }

    /// The page that Prometheus scrapes. `version` labels every series; each of `schemas` is one that it works with.
    pub(crate) fn page(&self, version: &str, schemas: &[u32]) -> String {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let version = escape(version);
        let mut page = String::new();
        // Writing to a String cannot fail.
        let mut line = |text: std::fmt::Arguments<'_>| {
            let _ = writeln!(page, "{text}");
        };
        line(format_args!("# HELP http_requests_total Answers to requests for /, by status code."));
        line(format_args!("# TYPE http_requests_total counter"));
        for (code, count) in &counts.by_code {
            line(format_args!("http_requests_total{{code=\"{code}\",version=\"{version}\"}} {count}"));
        }
        line(format_args!("# HELP http_requests_in_flight Requests for / that are not answered yet."));
        line(format_args!("# TYPE http_requests_in_flight gauge"));
        line(format_args!("http_requests_in_flight{{version=\"{version}\"}} {}", counts.in_flight));
        line(format_args!("# HELP http_request_duration_seconds Time from a request for / to its answer."));
        line(format_args!("# TYPE http_request_duration_seconds histogram"));
        let mut total = 0;
        for (index, count) in counts.buckets.iter().enumerate() {
            total += count;
            let bound = BOUNDS.get(index).map_or_else(|| "+Inf".to_owned(), f64::to_string);
            line(format_args!(
                "http_request_duration_seconds_bucket{{version=\"{version}\",le=\"{bound}\"}} {total}"
            ));
        }
        let seconds = counts.seconds;
        line(format_args!("http_request_duration_seconds_sum{{version=\"{version}\"}} {seconds}"));
        line(format_args!("http_request_duration_seconds_count{{version=\"{version}\"}} {total}"));
        if !schemas.is_empty() {
            line(format_args!("# HELP demo_app_schema_info A schema version that this version works with."));
            line(format_args!("# TYPE demo_app_schema_info gauge"));
        }
        for schema in schemas {
            line(format_args!("demo_app_schema_info{{version=\"{version}\",schema=\"{schema}\"}} 1"));
        }
        page
    }
}

/// A label value as the text format wants it.
fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_counts_by_code_and_accumulates_buckets() {
        let metrics = Metrics::default();
        metrics.record(200, Duration::from_millis(1));
        metrics.record(200, Duration::from_millis(30));
        metrics.record(500, Duration::from_secs(9));
        assert!(!metrics.page("v1", &[]).contains("schema"), "what is not declared is not said");
        let page = metrics.page("v\"1", &[1, 2]);
        for expected in [
            r#"http_requests_total{code="200",version="v\"1"} 2"#,
            r#"http_requests_total{code="500",version="v\"1"} 1"#,
            r#"http_request_duration_seconds_bucket{version="v\"1",le="0.001"} 1"#,
            r#"http_request_duration_seconds_bucket{version="v\"1",le="0.05"} 2"#,
            r#"http_request_duration_seconds_bucket{version="v\"1",le="2.5"} 2"#,
            r#"http_request_duration_seconds_bucket{version="v\"1",le="+Inf"} 3"#,
            r#"http_request_duration_seconds_count{version="v\"1"} 3"#,
            r#"demo_app_schema_info{version="v\"1",schema="2"} 1"#,
        ] {
            assert!(page.lines().any(|line| line == expected), "no line {expected} in:\n{page}");
        }
    }
}
