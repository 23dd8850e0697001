//! What a container does once it runs, read from its image and its environment.
//!
//! The simulator knows one program: `demo-app`. Its version is the image's tag, and its faults are the
//! environment variables that the real program obeys, read by the program's own code, so that one manifest
//! means the same on both. Any other image is taken for a `demo-app` without faults; only the tag `missing`
//! cannot be pulled.

use std::time::Duration;

use crate::json::Value;
use demo_app::Settings;

use crate::object::{items, text};

/// The tag that stands for an image that no registry has.
const MISSING_TAG: &str = "missing";

/// The behaviour of one container. The times count from the start of the process.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Workload {
    settings: Settings,
    /// Whether the image exists; false for the tag `missing` only.
    pub(crate) pullable: bool,
    /// When it exits by itself and with which code: `CRASH_AFTER` with 1; at once with 2 for a variable that
    /// it cannot understand.
    pub(crate) crash: Option<(Duration, i32)>,
    /// How long it serves on after SIGTERM.
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
        })
    }

    /// The same from an image's name and a way to look up a variable.
    pub(crate) fn new(image: &str, value: impl Fn(&str) -> Option<String>) -> Workload {
        let tag = tag(image);
        // Images carry their tag as `VERSION`; a pod's own variable goes first, an empty one not.
        let baked = |name: &str| (name == "VERSION").then(|| tag.to_owned());
        let set = |name: &str| value(name).filter(|text| !text.is_empty());
        let read = Settings::read(|name| set(name).or_else(|| baked(name)));
        let (settings, crash) = match read {
            Ok(settings) => {
                let crash = settings.crash_after.map(|after| (after, 1));
                (settings, crash)
            }
            Err(_) => (Settings::default_for(tag), Some((Duration::ZERO, 2))),
        };
        let drain = if settings.graceful_stop { settings.drain } else { Duration::ZERO };
        Workload { settings, pullable: tag != MISSING_TAG, crash, drain }
    }

    /// `VERSION`, or else the tag of the image, or else `latest`.
    pub(crate) fn version(&self) -> &str {
        &self.settings.version
    }

    /// `LATENCY`: how long a request for `/` takes.
    pub(crate) fn latency(&self) -> Duration {
        self.settings.latency
    }

    /// `CPU_PER_REQUEST`: what of the processor a request for `/` costs.
    pub(crate) fn cost(&self) -> Duration {
        self.settings.cpu_per_request
    }

    /// Whether the process listens at this age.
    pub(crate) fn listens(&self, age: Duration) -> bool {
        self.settings.listens(age)
    }

    /// Whether the process says it is ready at this age.
    pub(crate) fn ready(&self, age: Duration) -> bool {
        self.listens(age) && self.settings.unready(age).is_none()
    }

    /// The ages at which an answer to a probe may change.
    pub(crate) fn turns(&self) -> [Duration; 2] {
        [self.settings.start_after, self.settings.ready_after]
    }

    /// Whether request `number` (from 0) for `/` fails.
    pub(crate) fn fails(&self, number: u64) -> bool {
        self.settings.fails(number)
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
    fn faults() {
        let of = |variables: &[(&str, &str)]| {
            Workload::new("r/demo-app:v3", |name| {
                variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            })
        };
        let plain = of(&[]);
        assert_eq!((plain.version(), plain.pullable), ("v3", true));
        assert!(plain.ready(Duration::ZERO) && plain.listens(Duration::ZERO));
        assert_eq!(of(&[("VERSION", "x")]).version(), "x");
        assert!(!of(&[("NEVER_READY", "true")]).ready(Duration::MAX));
        let slow = of(&[("START_AFTER", "2s"), ("READY_AFTER", "3s")]);
        assert!(!slow.listens(Duration::from_secs(1)) && slow.listens(Duration::from_secs(2)));
        assert!(!slow.ready(Duration::from_secs(2)) && slow.ready(Duration::from_secs(3)));
        assert_eq!(of(&[("CRASH_AFTER", "5s")]).crash, Some((Duration::from_secs(5), 1)));
        for (name, value) in [("ERROR_RATE", "7"), ("CRASH_AFTER", "5"), ("NEVER_READY", "yes")] {
            assert_eq!(of(&[(name, value)]).crash, Some((Duration::ZERO, 2)), "{name}={value}");
        }
        assert_eq!(of(&[]).drain, Duration::from_secs(5));
        assert_eq!(of(&[("GRACEFUL_STOP", "false")]).drain, Duration::ZERO);
        assert_eq!(of(&[("CPU_PER_REQUEST", "5ms")]).cost(), Duration::from_millis(5));
        let tenth = of(&[("ERROR_RATE", "0.1")]);
        assert_eq!((0..20).filter(|number| tenth.fails(*number)).collect::<Vec<_>>(), [9, 19]);
        assert!(!Workload::new("r/demo-app:missing", |_| None).pullable);
    }
}
