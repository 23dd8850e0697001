//! What a container does once it runs, read from its image and its environment.
//!
//! The simulator knows one program: `demo-app`. Its version is the image's tag, and its faults are the
//! environment variables that the real program obeys, so that one manifest means the same on both.
//! Any other image is taken for a `demo-app` without faults; only the tag `missing` cannot be pulled.

use std::time::Duration;

use serde_json::Value;

use crate::object::{items, text};

/// The tag that stands for an image that no registry has.
const MISSING_TAG: &str = "missing";

/// The behaviour of one container.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Workload {
    /// `VERSION`, or else the tag of the image, or else `latest`.
    pub(crate) version: String,
    /// Whether the image exists; false for the tag `missing` only.
    pub(crate) pullable: bool,
    /// `NEVER_READY`: readiness is answered with 503 for ever.
    pub(crate) never_ready: bool,
    /// `READY_AFTER`: how long after it listens readiness turns good.
    pub(crate) ready_after: Duration,
    /// `START_AFTER`: how long after the process starts it listens.
    pub(crate) start_after: Duration,
    /// `CRASH_AFTER`: how long after the process starts it exits with code 1.
    pub(crate) crash_after: Option<Duration>,
    /// `ERROR_RATE`: the share of requests for `/` answered with 500, from 0 to 1.
    pub(crate) error_rate: f64,
    /// `LATENCY`: how long a request for `/` takes.
    pub(crate) latency: Duration,
}

impl Workload {
    /// Reads an item of `spec.containers`. A variable that cannot be read counts as not set, and one that is
    /// taken from elsewhere (`valueFrom`) too.
    pub(crate) fn of(container: &Value) -> Workload {
        Workload::new(text(container, "/image"), |name| {
            items(container, "/env")
                .filter(|variable| text(variable, "/name") == name)
                .last()
                .map(|variable| text(variable, "/value").to_owned())
                .filter(|value| !value.is_empty())
        })
    }

    /// The same from an image's name and a way to look up a variable.
    pub(crate) fn new(image: &str, value: impl Fn(&str) -> Option<String>) -> Workload {
        let time = |name: &str| value(name).and_then(|text| duration(&text));
        let tag = tag(image);
        Workload {
            pullable: tag != MISSING_TAG,
            version: value("VERSION").unwrap_or_else(|| tag.to_owned()),
            never_ready: value("NEVER_READY").is_some_and(|text| truthy(&text)),
            ready_after: time("READY_AFTER").unwrap_or_default(),
            start_after: time("START_AFTER").unwrap_or_default(),
            crash_after: time("CRASH_AFTER"),
            error_rate: value("ERROR_RATE")
                .and_then(|text| text.parse::<f64>().ok())
                .map_or(0.0, |rate| rate.clamp(0.0, 1.0)),
            latency: time("LATENCY").unwrap_or_default(),
        }
    }

    /// Whether the process listens, this long after it started.
    pub(crate) fn listens(&self, age: Duration) -> bool {
        age >= self.start_after
    }

    /// Whether the process says it is ready, this long after it started.
    pub(crate) fn ready(&self, age: Duration) -> bool {
        !self.never_ready && age >= self.start_after.saturating_add(self.ready_after)
    }

    /// The ages at which an answer to a probe may change.
    pub(crate) fn turns(&self) -> [Duration; 2] {
        [self.start_after, self.start_after.saturating_add(self.ready_after)]
    }
}

fn truthy(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "true" | "1" | "yes")
}

/// The tag of an image's name: what follows the last colon behind the last slash, without a digest.
pub(crate) fn tag(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or_default();
    let last = name.rsplit('/').next().unwrap_or_default();
    match last.split_once(':') {
        Some((_, tag)) if !tag.is_empty() => tag,
        _ => "latest",
    }
}

/// A duration as Go writes it, without signs: `1m30s`, `200ms`, `1.5s`; a bare `0` is zero.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text;
    let mut seconds = 0.0_f64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest.get(..digits)?.parse().ok()?;
        let tail = rest.get(digits..)?;
        let unit_length = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let unit = match tail.get(..unit_length)? {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        seconds += number * unit;
        rest = tail.get(unit_length..)?;
    }
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags() {
        for (image, expected) in [
            ("127.0.0.1:5000/demo-app:v1", "v1"),
            ("127.0.0.1:5000/demo-app", "latest"),
            ("demo-app:v2@sha256:00", "v2"),
            ("demo-app@sha256:00", "latest"),
            ("", "latest"),
        ] {
            assert_eq!(tag(image), expected, "{image}");
        }
    }

    #[test]
    fn durations() {
        for (text, expected) in [
            ("5s", Some(5000)),
            ("200ms", Some(200)),
            ("1m30s", Some(90_000)),
            ("1.5s", Some(1500)),
            ("0", Some(0)),
            ("", None),
            ("5", None),
            ("s", None),
            ("5 s", None),
            ("-1s", None),
        ] {
            assert_eq!(duration(text), expected.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn faults() {
        let of = |variables: &[(&str, &str)]| {
            Workload::new("r/demo-app:v3", |name| {
                variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            })
        };
        let plain = of(&[]);
        assert_eq!((plain.version.as_str(), plain.pullable), ("v3", true));
        assert!(plain.ready(Duration::ZERO) && plain.listens(Duration::ZERO));
        assert_eq!(of(&[("VERSION", "x")]).version, "x");
        assert!(!of(&[("NEVER_READY", "true")]).ready(Duration::MAX));
        let slow = of(&[("START_AFTER", "2s"), ("READY_AFTER", "3s")]);
        assert!(!slow.listens(Duration::from_secs(1)) && slow.listens(Duration::from_secs(2)));
        assert!(!slow.ready(Duration::from_secs(4)) && slow.ready(Duration::from_secs(5)));
        assert_eq!(of(&[("ERROR_RATE", "7")]).error_rate, 1.0);
        assert!(!Workload::new("r/demo-app:missing", |_| None).pullable);
    }
}
