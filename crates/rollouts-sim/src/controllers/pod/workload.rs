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

/// How long the program serves on after SIGTERM when `DRAIN` does not say.
const DRAIN: Duration = Duration::from_secs(5);

/// The behaviour of one container. The times count from the start of the process.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Workload {
    /// `VERSION`, or else the tag of the image, or else `latest`.
    pub(crate) version: String,
    /// Whether the image exists; false for the tag `missing` only.
    pub(crate) pullable: bool,
    /// `NEVER_READY=true`: readiness is answered with 503 for ever.
    never_ready: bool,
    /// `READY_AFTER`: until then readiness is answered with 503.
    ready_after: Duration,
    /// `START_AFTER`: until then it does not listen.
    start_after: Duration,
    /// When it exits by itself and with which code: `CRASH_AFTER` with 1; at once with 2 for a variable that
    /// it cannot understand.
    pub(crate) crash: Option<(Duration, i32)>,
    /// `ERROR_RATE`: the share of requests for `/` answered with 500, from 0 to 1.
    pub(crate) error_rate: f64,
    /// `LATENCY`: how long a request for `/` takes.
    pub(crate) latency: Duration,
    /// `DRAIN`: how long it serves on after SIGTERM.
    pub(crate) drain: Duration,
}

impl Workload {
    /// Reads an item of `spec.containers`. A variable taken from elsewhere (`valueFrom`) counts as not set.
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
        let mut misread = false;
        let mut time = |name: &str| {
            let read = value(name).map(|text| duration(&text));
            misread |= read == Some(None);
            read.flatten()
        };
        let (ready_after, start_after) = (time("READY_AFTER"), time("START_AFTER"));
        let (latency, drain, crash) = (time("LATENCY"), time("DRAIN"), time("CRASH_AFTER"));
        let never_ready = value("NEVER_READY").map(|text| text.parse::<bool>());
        misread |= matches!(never_ready, Some(Err(_)));
        let rate = value("ERROR_RATE")
            .map(|text| text.parse::<f64>().ok().filter(|rate| (0.0..=1.0).contains(rate)));
        misread |= rate == Some(None);
        let tag = tag(image);
        Workload {
            version: value("VERSION").unwrap_or_else(|| tag.to_owned()),
            pullable: tag != MISSING_TAG,
            never_ready: matches!(never_ready, Some(Ok(true))),
            ready_after: ready_after.unwrap_or_default(),
            start_after: start_after.unwrap_or_default(),
            crash: if misread { Some((Duration::ZERO, 2)) } else { crash.map(|after| (after, 1)) },
            error_rate: rate.flatten().unwrap_or(0.0),
            latency: latency.unwrap_or_default(),
            drain: drain.unwrap_or(DRAIN),
        }
    }

    /// Whether the process listens at this age.
    pub(crate) fn listens(&self, age: Duration) -> bool {
        age >= self.start_after
    }

    /// Whether the process says it is ready at this age.
    pub(crate) fn ready(&self, age: Duration) -> bool {
        !self.never_ready && self.listens(age) && age >= self.ready_after
    }

    /// The ages at which an answer to a probe may change.
    pub(crate) fn turns(&self) -> [Duration; 2] {
        [self.start_after, self.ready_after]
    }

    /// Whether request `number` (from 0) for `/` fails, so that the share [`Workload::error_rate`] fails,
    /// evenly spread and without chance, as in the program.
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 requests")]
    pub(crate) fn fails(&self, number: u64) -> bool {
        (number as f64 * self.error_rate).floor() < ((number + 1) as f64 * self.error_rate).floor()
    }
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

/// A whole number with one of the units `ms`, `s` and `m`, as the program reads it.
fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_secs(number.checked_mul(60)?)),
        _ => None,
    }
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
            ("2m", Some(120_000)),
            ("0s", Some(0)),
            ("", None),
            ("5", None),
            ("s", None),
            ("1.5s", None),
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
        assert!(!slow.ready(Duration::from_secs(2)) && slow.ready(Duration::from_secs(3)));
        assert_eq!(of(&[("CRASH_AFTER", "5s")]).crash, Some((Duration::from_secs(5), 1)));
        for (name, value) in [("ERROR_RATE", "7"), ("CRASH_AFTER", "5"), ("NEVER_READY", "yes")] {
            assert_eq!(of(&[(name, value)]).crash, Some((Duration::ZERO, 2)), "{name}={value}");
        }
        let tenth = of(&[("ERROR_RATE", "0.1")]);
        assert_eq!((0..20).filter(|number| tenth.fails(*number)).collect::<Vec<_>>(), [9, 19]);
        assert!(!Workload::new("r/demo-app:missing", |_| None).pullable);
    }
}
