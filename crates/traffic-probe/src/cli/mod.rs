//! The command line: one load, bounded in time and number, and its account in the wanted form.

mod options;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use traffic_probe::doc::AccountDoc;
use traffic_probe::{
    Account, HttpRequests, Load, Mix, NoServerAccount, Picture, Reconciliation, Requests, picture,
};

pub(crate) use self::options::Options;
use self::options::Output;

/// The width of a step of the timeline in JSON.
const STEP: Duration = Duration::from_millis(100);

/// Why there is no account, or none in the wanted form.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0}")]
    Usage(String),
    #[error("start the runtime")]
    Runtime(#[source] io::Error),
    #[error("register for signals")]
    Signals(#[source] io::Error),
    #[error("write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("read the servers' account")]
    Ledger(#[source] NoServerAccount),
}

impl Error {
    /// The exit code, by the project's table.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Error::Usage(_) => 2,
            Error::Runtime(_) | Error::Signals(_) | Error::Write { .. } | Error::Ledger(_) => 9,
        }
    }
}

/// What `-o json` prints.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    schema_version: u32,
    account: AccountDoc,
    reconciliation: Option<Reconciliation>,
}

/// How the load came to its end.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Whole,
    Signal(u8),
}

/// Sends the load and writes its account; the exit code says how it went. A ledger that cannot be read is an
/// error only after the client's own account was written.
pub(crate) fn run(options: &Options, out: &mut impl Write) -> Result<u8, Error> {
    let requests = source(options.address)?;
    let ledger = options.ledger.as_deref().map(|ledger| ledger_of(ledger, &requests)).transpose()?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Runtime)?;
    let (account, end) = runtime.block_on(send(&requests, options))?;
    let server = ledger.map(|ledger| runtime.block_on(ledger.server_account()));
    let (reconciliation, unread) = match server {
        None => (None, None),
        Some(Ok(server)) => (Some(account.reconcile(&server)), None),
        Some(Err(error)) => (None, Some(Error::Ledger(error))),
    };
    draw(options, &account)?;
    let code = judge(&account, reconciliation.as_ref(), end);
    print(options, &account, reconciliation, out)
        .map_err(|source| Error::Write { path: "standard output".into(), source })?;
    unread.map_or(Ok(code), Err)
}

fn source(address: SocketAddr) -> Result<HttpRequests, Error> {
    HttpRequests::new(address).map_err(|error| Error::Usage(error.to_string()))
}

/// Where the ledger is asked: a host of the same ingress, or an address of its own.
fn ledger_of(ledger: &str, requests: &HttpRequests) -> Result<HttpRequests, Error> {
    if ledger.starts_with("http://") {
        return source(options::address(ledger).map_err(Error::Usage)?);
    }
    Ok(requests.clone().with_ledger(ledger))
}

fn draw(options: &Options, account: &Account) -> Result<(), Error> {
    let Some(path) = &options.svg else { return Ok(()) };
    let title = options.title.clone().unwrap_or_else(|| format!("{} at {}/s", options.host(), options.rate));
    let begin = account.span().map(|(first, _)| first).unwrap_or_default();
    let mark = |picture: Picture, (after, label): &(Duration, String)| picture.mark(begin + *after, label);
    let drawn = picture::svg(account, &options.mark.iter().fold(Picture::new(title), mark));
    std::fs::write(path, drawn).map_err(|source| Error::Write { path: path.clone(), source })
}

async fn send(requests: &HttpRequests, options: &Options) -> Result<(Account, End), Error> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::Signals)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::Signals)?;
    let load = Load {
        host: options.host(),
        path: options.path.clone(),
        per_second: options.rate,
        timeout: options.timeout,
        mix: if options.mix { Mix::SCENARIO } else { Mix::PLAIN },
    };
    let running = match options.flood {
        Some(connections) => requests.flood(load, connections),
        None => requests.start(load),
    };
    let end = tokio::select! {
        () = tokio::time::sleep(options.length()) => End::Whole,
        _ = interrupt.recv() => End::Signal(130),
        _ = terminate.recv() => End::Signal(143),
    };
    Ok((running.stop().await, end))
}

fn judge(account: &Account, reconciliation: Option<&Reconciliation>, end: End) -> u8 {
    let disagree = reconciliation.is_some_and(|both| !both.holds());
    match end {
        End::Signal(code) => code,
        End::Whole if account.lost() > 0 || account.sent() == 0 || disagree => 1,
        End::Whole if !account.validity().is_valid() => 5,
        End::Whole => 0,
    }
}

fn print(
    options: &Options,
    account: &Account,
    reconciliation: Option<Reconciliation>,
    out: &mut impl Write,
) -> io::Result<()> {
    match options.output {
        Output::Table => {
            if let Some((from, to)) = account.span().filter(|_| options.flood.is_some()) {
                let seconds = to.duration_since(from).as_secs_f64().max(1e-9);
                let answers = u32::try_from(account.answered()).unwrap_or(u32::MAX);
                writeln!(out, "{:.0} answers a second", f64::from(answers) / seconds)?;
            }
            write!(out, "{account}")?;
            match reconciliation {
                Some(both) => write!(out, "{both}"),
                None => Ok(()),
            }
        }
        Output::Json => {
            let report =
                Report { schema_version: 1, account: AccountDoc::new(account, STEP), reconciliation };
            serde_json::to_writer_pretty(&mut *out, &report)?;
            writeln!(out)
        }
    }
}
