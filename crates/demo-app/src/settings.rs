//! What the environment asks for, and what follows from it. Reading it is a pure function of a lookup, so
//! tests set no variables, and a model of the program reads a pod's manifest by the same code.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

/// How this instance behaves. Every field is one environment variable.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// `VERSION`: what answers say they are. Images carry their tag; without it `dev`.
    pub version: String,
    /// `HOSTNAME`, which in a pod is the pod's name; without it `local`.
    pub pod: String,
    /// `ADDRESS` to listen on, `0.0.0.0` by default because a pod is reached from outside.
    pub address: IpAddr,
    /// `PORT` to listen on, 8080 by default; 0 lets the system choose, and the log says which.
    pub port: u16,
    /// `NEVER_READY=true`: `/readyz` never succeeds.
    pub never_ready: bool,
    /// `READY_AFTER=5s`: `/readyz` fails until then.
    pub ready_after: Duration,
    /// `START_AFTER=5s`: nothing listens until then.
    pub start_after: Duration,
    /// `CRASH_AFTER=5s`: the process ends with status 1 then, from its start.
    pub crash_after: Option<Duration>,
    /// `ERROR_RATE=0.1`: this share of the answers to `/` is 500, spread evenly and without chance.
    pub error_rate: f64,
    /// `LATENCY=200ms`: `/` waits so long before it answers.
    pub latency: Duration,
    /// `CPU_PER_REQUEST=5ms`: so much of the processor each request for `/` costs, spent and not waited for.
    pub cpu_per_request: Duration,
    /// `DRAIN=5s`: how long it serves on after it was told to stop, 5 s by default.
    pub drain: Duration,
    /// `GRACEFUL_STOP=false`: told to stop it exits at once, as a program does that knows no better.
    pub graceful_stop: bool,
    /// `LEDGER=http://host:port`: where the id of each `POST` is written down before it is acknowledged, as
    /// `host:port`. Without it nothing is written down, and answers say so.
    pub ledger: Option<String>,
    /// `SCHEMA_VERSIONS=1,2`: the schema versions of the ledger's books that this version works with, in their order;
    /// none is declared without it. A ledger with another schema writes nothing down for it.
    pub schema_versions: Vec<u32>,
    /// `SCHEMA_IN_PLACE=2`: the schema that `demo-app migrate` brings.
    pub schema_in_place: Option<u32>,
}

/// A variable that cannot be understood.
#[derive(Debug, thiserror::Error, PartialEq)]
#[error("{name}={value}: {expected}")]
pub struct Misread {
    name: &'static str,
    value: String,
    expected: &'static str,
}

impl Settings {
    /// Reads the settings through `lookup`, which answers with a variable's value. An empty value is as
    /// good as none, because that is how a chart leaves a variable unset.
    ///
    /// # Errors
    /// The first variable whose value cannot be understood: a typo must not run as "no fault".
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Misread> {
        let text = |name: &'static str| lookup(name).filter(|value| !value.is_empty());
        let duration = |name, default| match text(name) {
            None => Ok(default),
            Some(value) => parse_duration(&value).ok_or(Misread {
                name,
                value,
                expected: "expected a duration such as 200ms, 5s or 1m",
            }),
        };
        let flag = |name, default| {
            parsed(text(name), name, "expected true or false").map(|flag| flag.unwrap_or(default))
        };
        let normal = Self::default_for("dev");
        Ok(Self {
            version: text("VERSION").unwrap_or(normal.version),
            pod: text("HOSTNAME").unwrap_or(normal.pod),
            address: parsed(text("ADDRESS"), "ADDRESS", "expected an IP address")?.unwrap_or(normal.address),
            port: parsed(text("PORT"), "PORT", "expected a port number")?.unwrap_or(normal.port),
            never_ready: flag("NEVER_READY", normal.never_ready)?,
            ready_after: duration("READY_AFTER", normal.ready_after)?,
            start_after: duration("START_AFTER", normal.start_after)?,
            crash_after: text("CRASH_AFTER").map(|_| duration("CRASH_AFTER", Duration::ZERO)).transpose()?,
            error_rate: rate(text("ERROR_RATE"))?,
            latency: duration("LATENCY", normal.latency)?,
            cpu_per_request: duration("CPU_PER_REQUEST", normal.cpu_per_request)?,
            drain: duration("DRAIN", normal.drain)?,
            graceful_stop: flag("GRACEFUL_STOP", normal.graceful_stop)?,
            ledger: ledger(text("LEDGER"))?,
            schema_versions: schema_versions(text("SCHEMA_VERSIONS"))?,
            schema_in_place: parsed(text("SCHEMA_IN_PLACE"), "SCHEMA_IN_PLACE", "expected a whole number")?,
        })
    }

    /// What a program of this version does that no variable changes.
    pub fn default_for(version: impl Into<String>) -> Self {
        Self {
            version: version.into(),
            pod: "local".to_owned(),
            address: IpAddr::from([0, 0, 0, 0]),
            port: 8080,
            never_ready: false,
            ready_after: Duration::ZERO,
            start_after: Duration::ZERO,
            crash_after: None,
            error_rate: 0.0,
            latency: Duration::ZERO,
            cpu_per_request: Duration::ZERO,
            drain: Duration::from_secs(5),
            graceful_stop: true,
            ledger: None,
            schema_versions: Vec::new(),
            schema_in_place: None,
        }
    }

    /// Whether the process listens at this age.
    pub fn listens(&self, age: Duration) -> bool {
        age >= self.start_after
    }

    /// Why it is not ready at this age, if it is not: whoever listens and is not told to stop.
    pub fn unready(&self, age: Duration) -> Option<&'static str> {
        if self.never_ready {
            Some("NEVER_READY is set")
        } else if age < self.ready_after {
            Some("READY_AFTER has not passed")
        } else {
            None
        }
    }

    /// Whether request `number` for `/` (from 0) fails so that the share [`Settings::error_rate`] fails,
    /// evenly spread: two instances of the same version then fail the same requests, and a test needs no
    /// seed.
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 requests")]
    pub fn fails(&self, number: u64) -> bool {
        (number as f64 * self.error_rate).floor() < ((number + 1) as f64 * self.error_rate).floor()
    }

    /// The colour of the version: blue for odd numbers, green for even ones, grey where there is none.
    pub fn colour(&self) -> &'static str {
        let last_digit = self.version.chars().rev().find_map(|character| character.to_digit(10));
        match last_digit.map(|digit| digit % 2) {
            Some(1) => "blue",
            Some(_) => "green",
            None => "grey",
        }
    }
}

fn parsed<T: std::str::FromStr>(
    value: Option<String>,
    name: &'static str,
    expected: &'static str,
) -> Result<Option<T>, Misread> {
    value.map(|value| value.parse().map_err(|_| Misread { name, value, expected })).transpose()
}

fn rate(value: Option<String>) -> Result<f64, Misread> {
    let expected = "expected a share from 0 to 1";
    let rate = parsed(value.clone(), "ERROR_RATE", expected)?.unwrap_or(0.0);
    if (0.0..=1.0).contains(&rate) {
        Ok(rate)
    } else {
        Err(Misread { name: "ERROR_RATE", value: value.unwrap_or_default(), expected })
    }
}

/// `host:port` of a plain URL without a path; the port is 80 where none is said.
fn ledger(value: Option<String>) -> Result<Option<String>, Misread> {
    let Some(value) = value else { return Ok(None) };
    let authority = value.strip_prefix("http://").map(|rest| rest.strip_suffix('/').unwrap_or(rest));
    let host = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-')
    };
    let read = authority.and_then(|authority| match authority.split_once(':') {
        Some((name, port)) => (host(name) && port.parse::<u16>().is_ok()).then(|| authority.to_owned()),
        None => host(authority).then(|| format!("{authority}:80")),
    });
    match read {
        Some(authority) => Ok(Some(authority)),
        None => Err(Misread { name: "LEDGER", value, expected: "expected a URL such as http://ledger:80" }),
    }
}

/// Whole numbers between commas, each once and in order.
fn schema_versions(value: Option<String>) -> Result<Vec<u32>, Misread> {
    let Some(value) = value else { return Ok(Vec::new()) };
    let numbers: Result<BTreeSet<u32>, _> = value.split(',').map(|number| number.trim().parse()).collect();
    let expected = "expected whole numbers between commas such as 1,2";
    numbers.map(Vec::from_iter).map_err(|_| Misread { name: "SCHEMA_VERSIONS", value, expected })
}

/// A whole number with one of the units ms, s and m.
fn parse_duration(text: &str) -> Option<Duration> {
    let unit_at = text.find(|character: char| !character.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit_at);
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

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, Misread> {
        Settings::read(|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn without_any_variable_it_is_healthy_and_listens_on_8080() {
        let settings = read(&[]).unwrap();
        assert_eq!((settings.port, settings.never_ready, settings.crash_after), (8080, false, None));
        assert_eq!((settings.error_rate, settings.latency), (0.0, Duration::ZERO));
        assert_eq!(settings.cpu_per_request, Duration::ZERO);
        assert_eq!(read(&[("CRASH_AFTER", "")]).unwrap(), settings, "an empty value is none");
    }

    #[test]
    fn durations_have_one_number_and_one_unit() {
        for (text, expected) in [
            ("200ms", Some(Duration::from_millis(200))),
            ("5s", Some(Duration::from_secs(5))),
            ("2m", Some(Duration::from_secs(120))),
            ("0s", Some(Duration::ZERO)),
            ("5", None),
            ("s", None),
            ("-1s", None),
            ("1.5s", None),
            ("5 s", None),
            ("18446744073709551615m", None),
        ] {
            assert_eq!(parse_duration(text), expected, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_refused_by_name() {
        for (name, value) in [
            ("PORT", "http"),
            ("NEVER_READY", "yes"),
            ("READY_AFTER", "soon"),
            ("CRASH_AFTER", "5"),
            ("CPU_PER_REQUEST", "5m3"),
            ("ERROR_RATE", "1.5"),
            ("ERROR_RATE", "NaN"),
            ("ADDRESS", "localhost"),
            ("GRACEFUL_STOP", "no"),
            ("LEDGER", "ledger:80"),
            ("LEDGER", "https://ledger"),
            ("LEDGER", "http://ledger:80/path"),
            ("LEDGER", "http://:80"),
            ("SCHEMA_VERSIONS", "one"),
            ("SCHEMA_VERSIONS", "1,"),
            ("SCHEMA_IN_PLACE", "1,2"),
        ] {
            let error = read(&[(name, value)]).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{name}={value}: ")), "{error}");
        }
    }

    #[test]
    fn a_ledger_is_a_host_and_a_port() {
        for (url, expected) in [
            ("http://ledger.ledger.svc:8080", "ledger.ledger.svc:8080"),
            ("http://127.0.0.1:99/", "127.0.0.1:99"),
            ("http://ledger", "ledger:80"),
        ] {
            assert_eq!(read(&[("LEDGER", url)]).unwrap().ledger.as_deref(), Some(expected));
        }
    }

    #[test]
    fn schema_versions_are_numbers_each_once() {
        for (text, expected) in [("1", &[1][..]), ("2, 1,2", &[1, 2]), ("", &[])] {
            assert_eq!(read(&[("SCHEMA_VERSIONS", text)]).unwrap().schema_versions, expected, "{text}");
        }
    }

    #[test]
    fn errors_are_spread_evenly() {
        for (rate, of_100) in [("0", 0), ("0.1", 10), ("0.25", 25), ("0.5", 50), ("1", 100)] {
            let settings = read(&[("ERROR_RATE", rate)]).unwrap();
            let failed: Vec<u64> = (0..100).filter(|number| settings.fails(*number)).collect();
            assert_eq!(failed.len(), of_100, "rate {rate}: {failed:?}");
        }
        let tenth = read(&[("ERROR_RATE", "0.1")]).unwrap();
        assert_eq!((0..20).filter(|number| tenth.fails(*number)).collect::<Vec<_>>(), [9, 19]);
    }

    #[test]
    fn neighbouring_versions_differ_in_colour() {
        let colour = |version| read(&[("VERSION", version)]).unwrap().colour();
        assert_eq!(
            ["v1", "v2", "v10", "v1.4.3", "dev"].map(colour),
            ["blue", "green", "green", "blue", "grey"]
        );
    }
}
