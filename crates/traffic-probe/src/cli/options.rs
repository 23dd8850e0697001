//! What may be asked for. Nothing here is without a bound.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::RangedU64ValueParser;

/// The longest load.
const LONGEST: Duration = Duration::from_secs(3600);

/// The most requests that one load may have.
const MOST: u64 = 10_000_000;

/// Sends requests to one address on loopback at a fixed rate, whether or not answers are back, and accounts
/// for every one: by which version it was answered, or how it was lost. Nothing is sent twice.
///
/// Exit codes: 0 every request was answered; 1 some were lost, or the accounts of client and servers
/// disagree; 2 usage; 5 not to be judged, because the sender itself was late; 9 input or output; 130, 143
/// interrupted (the account so far is printed).
#[derive(clap::Parser)]
#[command(name = "traffic-probe", version)]
pub(crate) struct Options {
    /// Where to send: an address on loopback, such as `http://127.0.0.1:8880`.
    #[arg(value_name = "URL", value_parser = address)]
    pub(crate) address: SocketAddr,
    /// The Host header, by which an ingress routes; the address by default.
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// The path.
    #[arg(long, default_value = "/", value_name = "PATH")]
    pub(crate) path: String,
    /// Requests a second.
    #[arg(long, default_value_t = 250, value_name = "N", value_parser = RangedU64ValueParser::<u32>::new().range(1..=20_000))]
    pub(crate) rate: u32,
    /// How long, such as 30s or 2m; an hour at most.
    #[arg(long = "for", default_value = "10s", value_name = "TIME", value_parser = length)]
    length: Duration,
    /// End after about so many requests, if that is sooner.
    #[arg(long, default_value_t = MOST, value_name = "N", value_parser = RangedU64ValueParser::<u64>::new().range(1..=MOST))]
    count: u64,
    /// How long one request may take.
    #[arg(long, default_value = "1s", value_name = "TIME", value_parser = length)]
    pub(crate) timeout: Duration,
    /// Mix in requests on new connections and POSTs with ids; without it all are GETs on kept connections.
    #[arg(long)]
    pub(crate) mix: bool,
    /// Lay the account beside that of the ledger: a host behind the same address, or another address of
    /// loopback, such as `http://127.0.0.1:9000`.
    #[arg(long, value_name = "HOST|URL", requires = "mix")]
    pub(crate) ledger: Option<String>,
    /// No rate: as many as so many connections carry, each waiting for its answer.
    #[arg(long, value_name = "CONNECTIONS", conflicts_with_all = ["mix", "rate", "count"], value_parser = RangedU64ValueParser::<u32>::new().range(1..=500))]
    pub(crate) flood: Option<u32>,
    /// The form of the account.
    #[arg(long, short, default_value = "table")]
    pub(crate) output: Output,
    /// Draw the account into this file as well.
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// A labelled line in the picture, so long after the first request: `5s=promote`. May be repeated.
    #[arg(long, requires = "svg", value_name = "TIME=LABEL", value_parser = mark)]
    pub(crate) mark: Vec<(Duration, String)>,
    /// The heading of the picture.
    #[arg(long, requires = "svg", value_name = "TEXT")]
    pub(crate) title: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Output {
    Table,
    Json,
}

impl Options {
    /// The Host header.
    pub(crate) fn host(&self) -> String {
        self.host.clone().unwrap_or_else(|| self.address.to_string())
    }

    /// How long to send.
    pub(crate) fn length(&self) -> Duration {
        let of_count = Duration::from_secs(self.count) / self.rate;
        if self.flood.is_some() { self.length } else { self.length.min(of_count) }
    }
}

pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let authority = text.strip_prefix("http://").unwrap_or(text);
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    authority.parse().map_err(|_| "expected http:// with an address and a port of loopback".to_owned())
}

fn mark(text: &str) -> Result<(Duration, String), String> {
    let (at, label) = text.split_once('=').ok_or("expected a time and a label, such as 5s=promote")?;
    Ok((length(at)?, label.to_owned()))
}

fn length(text: &str) -> Result<Duration, String> {
    let expected = || "expected a time such as 500ms, 30s or 2m, an hour at most".to_owned();
    let at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(expected)?;
    let (number, unit) = text.split_at(at);
    let number: u32 = number.parse().map_err(|_| expected())?;
    let unit = match unit {
        "ms" => Duration::from_millis(1),
        "s" => Duration::from_secs(1),
        "m" => Duration::from_secs(60),
        _ => return Err(expected()),
    };
    let length = unit.saturating_mul(number);
    if length.is_zero() || length > LONGEST { Err(expected()) } else { Ok(length) }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        Options::try_parse_from(line.split(' ')).map_err(|error| error.to_string())
    }

    #[test]
    fn a_load_is_bounded_in_time_and_number() {
        let options = parse("traffic-probe http://127.0.0.1:8880 --rate 100 --for 2m").unwrap();
        assert_eq!(options.length(), Duration::from_secs(120));
        let options = parse("traffic-probe 127.0.0.1:80 --rate 100 --count 50").unwrap();
        assert_eq!((options.length(), options.host()), (Duration::from_millis(500), "127.0.0.1:80".into()));
        for refused in [
            "traffic-probe http://127.0.0.1:80 --rate 0",
            "traffic-probe http://127.0.0.1:80 --rate 1000000",
            "traffic-probe http://127.0.0.1:80 --for 61m",
            "traffic-probe http://127.0.0.1:80 --for 0s",
            "traffic-probe http://127.0.0.1:80 --for 5",
            "traffic-probe http://127.0.0.1:80 --count 0",
            "traffic-probe http://127.0.0.1:80 --flood 501",
            "traffic-probe http://127.0.0.1:80 --flood 5 --mix",
            "traffic-probe http://127.0.0.1:80 --ledger x",
            "traffic-probe http://127.0.0.1:80 --svg x --mark promote",
            "traffic-probe https://127.0.0.1:80",
            "traffic-probe localhost",
        ] {
            assert!(parse(refused).is_err(), "{refused}");
        }
    }
}
