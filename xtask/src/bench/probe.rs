//! The probe: whether it keeps to its schedule at 1,000 requests a second, and how fast it is at most,
//! beside oha in the same run.
//!
//! Server and sender share the machine's cores, so the top rate is of the two together, for both senders.
//! All runs are bounded in time, and each of ours ends by itself.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use traffic_probe::LAG_LIMIT;

use super::binary;
use super::figure::Figure;
use crate::gomodule;
use crate::run::{self, Error};

/// The load generator that is measured beside ours.
const OHA: &str = "1.16.0";

/// What the schedule is judged at.
const RATE: &str = "1000";

/// How long each run lasts.
const LENGTH: &str = "10s";

/// How many connections the top rate is measured on.
const CONNECTIONS: &str = "50";

/// Where the project's own cluster has its ingress, and a host that its blue-green example answers on.
const INGRESS: &str = "http://127.0.0.1:8880";
const HOST: &str = "blue-green.local";

/// The figures of the probe.
///
/// # Errors
/// When one of the programs cannot be had or does not do its work.
pub(crate) fn figures() -> Result<Vec<Figure>, Error> {
    // With its default features: without TLS, which nothing here speaks, 1.16.0 does not compile.
    let oha = gomodule::installed("oha", OHA, &[])?;
    let app = App::start()?;
    let url = format!("http://{}", app.address);
    let mut figures = vec![lag("own lag at 1,000/s, p99.9, one process", &url, "demo.local")?];
    if answers(INGRESS, HOST)? {
        figures.push(lag("own lag at 1,000/s, p99.9, through ingress", INGRESS, HOST)?);
    } else {
        run::say(&format!("not measured: nothing answers for {HOST} at {INGRESS}"));
    }
    // In turn, so that a machine that gets busy meets both; the better of each counts.
    let (mut ours, mut theirs) = (0.0_f64, 0.0_f64);
    for _ in 0..3 {
        theirs = theirs.max(top_of_oha(&oha, &url)?);
        ours = ours.max(top(&url)?);
    }
    figures.push(Figure::rate("top rate on 50 connections", ours).beside_rate("oha", theirs));
    Ok(figures)
}

fn lag(name: &str, url: &str, host: &str) -> Result<Figure, Error> {
    let account = probe(&[url, "--host", host, "--rate", RATE, "--for", LENGTH])?;
    let lost = account["lost"].as_u64().unwrap_or(u64::MAX);
    if lost > 0 {
        return Err(Error::Found(format!("{name}: {lost} requests were lost: {}", account["lostByCause"])));
    }
    let micros = account["lag"]["p999Us"].as_u64();
    let micros = micros.ok_or_else(|| Error::Found(format!("{name}: the account has no lag")))?;
    Ok(Figure::at_most(name, Duration::from_micros(micros), LAG_LIMIT))
}

fn answers(url: &str, host: &str) -> Result<bool, Error> {
    let account = probe(&[url, "--host", host, "--rate", "10", "--count", "3"])?;
    Ok(account["answered"].as_u64() > Some(0) && account["lost"] == 0)
}

/// Answers a second, of our sender.
fn top(url: &str) -> Result<f64, Error> {
    let account = probe(&[url, "--flood", CONNECTIONS, "--for", "5s"])?;
    // The length of the run, not of the account: connections are opened in it as well, as in oha's.
    account["answered"].as_f64().map(|answers| answers / 5.0).ok_or_else(|| no_account("a flood"))
}

fn top_of_oha(oha: &Path, url: &str) -> Result<f64, Error> {
    let answer = run::read(run::command(oha).args([
        "--no-tui",
        "--output-format",
        "json",
        "-c",
        CONNECTIONS,
        "-z",
        "5s",
        url,
    ]))?;
    let answer = run::json("oha", answer.as_bytes())?;
    answer["summary"]["requestsPerSec"].as_f64().ok_or_else(|| no_account("oha"))
}

fn no_account(of: &str) -> Error {
    Error::Found(format!("the account of {of} is not what was expected"))
}

/// Runs the probe and reads its account, whatever it says about the run.
fn probe(arguments: &[&str]) -> Result<serde_json::Value, Error> {
    let program = binary("traffic-probe");
    let mut command = run::command(&program);
    let output = command.args(arguments).args(["--output", "json"]).stderr(Stdio::inherit()).output();
    let output = output.map_err(|source| Error::Start { program, source })?;
    let report = run::json("traffic-probe", &output.stdout)?;
    Ok(report["account"].clone())
}

/// A demo-app on a port of its own, ended with the value.
struct App {
    child: Child,
    address: SocketAddr,
}

impl App {
    fn start() -> Result<Self, Error> {
        let program = binary("demo-app");
        let mut command = run::command(&program);
        command.env("ADDRESS", "127.0.0.1").env("PORT", "0").stdout(Stdio::null()).stderr(Stdio::piped());
        let child = command.spawn().map_err(|source| Error::Start { program, source })?;
        let mut app = App { child, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let log = app.child.stderr.take();
        let line = log.and_then(|log| BufReader::new(log).lines().map_while(Result::ok).next());
        let address = line.as_deref().and_then(|line| line.split_once("listens on ")?.1.trim().parse().ok());
        app.address = address
            .ok_or_else(|| Error::Found(format!("demo-app did not say where it listens: {line:?}")))?;
        Ok(app)
    }
}

impl Drop for App {
    fn drop(&mut self) {
        // It may have ended already, and then there is nothing left to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
