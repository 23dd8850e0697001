//! What the environment asks for. Reading it is a pure function of a lookup, so tests set no variables.

use std::net::IpAddr;
use std::time::Duration;

/// How this instance behaves. Every field is one environment variable.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    /// `VERSION`: what answers say they are. Images carry their tag; without it `dev`.
    pub(crate) version: String,
    /// `HOSTNAME`, which in a pod is the pod's name; without it `local`.
    pub(crate) pod: String,
    /// `ADDRESS` to listen on, `0.0.0.0` by default because a pod is reached from outside.
    pub(crate) address: IpAddr,
    /// `PORT` to listen on, 8080 by default; 0 lets the system choose, and the log says which.
    pub(crate) port: u16,
    /// `NEVER_READY=true`: `/readyz` never succeeds.
    pub(crate) never_ready: bool,
    /// `READY_AFTER=5s`: `/readyz` fails until then.
    pub(crate) ready_after: Duration,
    /// `START_AFTER=5s`: nothing listens until then.
    pub(crate) start_after: Duration,
    /// `CRASH_AFTER=5s`: the process ends with status 1 then, from its start.
    pub(crate) crash_after: Option<Duration>,
    /// `ERROR_RATE=0.1`: this share of the answers to `/` is 500, spread evenly and without chance.
    pub(crate) error_rate: f64,
    /// `LATENCY=200ms`: `/` waits so long before it answers.
    pub(crate) latency: Duration,
    /// `DRAIN=5s`: how long it serves on after it was told to stop, 5 s by default.
    pub(crate) drain: Duration,
}

/// A variable that cannot be understood.
#[derive(Debug, thiserror::Error, PartialEq)]
#[error("{name}={value}: {expected}")]
pub(crate) struct Misread {
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
    pub(crate) fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Misread> {
        let text = |name: &'static str| lookup(name).filter(|value| !value.is_empty());
        let duration = |name, default| match text(name) {
            None => Ok(default),
            Some(value) => parse_duration(&value).ok_or(Misread {
                name,
                value,
                expected: "expected a duration such as 200ms, 5s or 1m",
            }),
        };
        Ok(Self {
            version: text("VERSION").unwrap_or_else(|| "dev".to_owned()),
            pod: text("HOSTNAME").unwrap_or_else(|| "local".to_owned()),
            address: parsed(text("ADDRESS"), "ADDRESS", "expected an IP address")?
                .unwrap_or(IpAddr::from([0, 0, 0, 0])),
            port: parsed(text("PORT"), "PORT", "expected a port number")?.unwrap_or(8080),
            never_ready: parsed(text("NEVER_READY"), "NEVER_READY", "expected true or false")?
                .unwrap_or(false),
            ready_after: duration("READY_AFTER", Duration::ZERO)?,
            start_after: duration("START_AFTER", Duration::ZERO)?,
            crash_after: text("CRASH_AFTER").map(|_| duration("CRASH_AFTER", Duration::ZERO)).transpose()?,
            error_rate: rate(text("ERROR_RATE"))?,
            latency: duration("LATENCY", Duration::ZERO)?,
            drain: duration("DRAIN", Duration::from_secs(5))?,
        })
    }

    /// The colour of the version: blue for odd numbers, green for even ones, grey where there is none.
    pub(crate) fn colour(&self) -> &'static str {
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
            ("ERROR_RATE", "1.5"),
            ("ERROR_RATE", "NaN"),
            ("ADDRESS", "localhost"),
        ] {
            let error = read(&[(name, value)]).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{name}={value}: ")), "{error}");
        }
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
