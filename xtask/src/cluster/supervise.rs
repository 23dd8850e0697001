//! One supervisor for each unit: it starts the unit, starts it again when it ends, and says so.
//!
//! A supervisor is this program with a hidden verb, one small process. It shares nothing with the others:
//! one that is killed takes its own unit with it (the unit dies with its parent) and no other.

use std::fs::File;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};
use signal_hook::consts::{SIGCHLD, SIGINT, SIGTERM};

use super::certificates::secret;
use super::clock;
use super::places::Places;
use super::process::Process;
use super::rights;
use super::unit::Spec;
use crate::run::{self, Error};

/// How long a unit may take to end by itself before it is killed.
const GRACE: Duration = Duration::from_secs(8);
/// A unit that ran for so long and then ended is started again at once; one that did not, later and later.
const SETTLED: Duration = Duration::from_secs(10);
/// The longest wait before a unit is started again.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What a supervisor reports, as a file beside its [`Spec`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Report {
    /// The supervisor.
    pub(crate) supervisor: Process,
    /// The unit's process while it runs.
    pub(crate) unit: Option<Process>,
    /// When that process was started.
    pub(crate) since: jiff::Timestamp,
    /// How often the unit was started again.
    pub(crate) restarts: u32,
    /// How it ended the last time.
    pub(crate) last_end: Option<String>,
}

/// The file that tells a supervisor what to run.
pub(crate) fn spec_file(places: &Places, name: &str) -> PathBuf {
    places.units().join(format!("{name}.spec.json"))
}

/// The file in which it reports.
pub(crate) fn report_file(places: &Places, name: &str) -> PathBuf {
    places.units().join(format!("{name}.report.json"))
}

/// Whether the unit's own process runs, as its supervisor reports.
pub(crate) fn runs(places: &Places, name: &str) -> bool {
    report(places, name).and_then(|report| report.unit).is_some_and(|unit| unit.runs())
}

/// What the supervisor of a unit last said; none when there never was one.
pub(crate) fn report(places: &Places, name: &str) -> Option<Report> {
    serde_json::from_slice(&std::fs::read(report_file(places, name)).ok()?).ok()
}

/// Starts a unit under a supervisor unless this very unit is under one; says whether it did.
///
/// # Errors
/// A file that cannot be written, or a supervisor that cannot be started.
pub(crate) fn start(places: &Places, name: &str, spec: &Spec) -> Result<bool, Error> {
    let file = spec_file(places, name);
    let text = serde_json::to_string_pretty(spec)
        .map_err(|error| Error::Found(format!("cannot write down unit {name}: {error}")))?;
    let running = report(places, name).filter(|report| report.supervisor.runs());
    if running.is_some() && std::fs::read_to_string(&file).is_ok_and(|before| before == text) {
        return Ok(false);
    }
    stop(places, &[name]);
    run::create_folder(&places.units())?;
    run::create_folder(&places.logs())?;
    secret(&file, &text)?;
    let log =
        File::create(places.log(name)).map_err(|source| Error::file("create", &places.log(name), source))?;
    let own =
        std::env::current_exe().map_err(|source| Error::file("find", Path::new("/proc/self/exe"), source))?;
    let errors = log.try_clone().map_err(|source| Error::file("share", &places.log(name), source))?;
    // What is reported from now on is the new supervisor's; it reports before this unit can be healthy.
    let _ = std::fs::remove_file(report_file(places, name));
    run::command(own)
        .args(["cluster", "supervise", name, "--state"])
        .arg(places.state())
        .current_dir(places.state())
        // A group of its own: an interrupt at the terminal is for the verb, not for the cluster.
        .process_group(0)
        .stdout(log)
        .stderr(errors)
        .spawn()
        .map_err(|source| Error::Start { program: format!("the supervisor of {name}"), source })?;
    Ok(true)
}

/// Starts a unit that was stopped, as it was.
///
/// # Errors
/// When it was never brought up, or as [`start`].
pub(crate) fn again(places: &Places, name: &str) -> Result<(), Error> {
    let file = spec_file(places, name);
    let text = run::read_file(&file)?;
    let spec = serde_json::from_str(&text)
        .map_err(|error| Error::Found(format!("{} tells nothing: {error}", file.display())))?;
    start(places, name, &spec).map(|_| ())
}

/// Stops a unit, or starts it again as it was.
///
/// # Errors
/// When it was never brought up, or as [`start`].
pub(crate) fn set(places: &Places, name: &str, runs: bool) -> Result<(), Error> {
    if report(places, name).is_none() {
        return Err(Error::Found(format!("no component {name} was brought up")));
    }
    if runs {
        return again(places, name);
    }
    stop(places, &[name]);
    Ok(())
}

/// Ends the supervisors of these units, and with them the units; returns when they are gone.
pub(crate) fn stop(places: &Places, names: &[&str]) {
    let reports: Vec<Report> = names.iter().filter_map(|name| report(places, name)).collect();
    let ends: Vec<Process> =
        reports.iter().flat_map(|report| [Some(report.supervisor), report.unit]).flatten().collect();
    for report in &reports {
        report.supervisor.signal(Signal::SIGTERM);
    }
    // The supervisor kills what does not end in its grace; a unit without one is ended here.
    if super::pace::until(GRACE + Duration::from_secs(2), || !ends.iter().any(Process::runs)) {
        return;
    }
    ends.iter().for_each(|process| process.signal(Signal::SIGKILL));
    super::pace::until(Duration::from_secs(2), || !ends.iter().any(Process::runs));
}

/// The supervisor itself; returns when it was told to end.
///
/// # Errors
/// A missing spec, or a report that cannot be written.
pub(crate) fn supervise(places: &Places, name: &str) -> Result<(), Error> {
    close_inherited();
    let text = run::read_file(&spec_file(places, name))?;
    let spec: Spec = serde_json::from_str(&text)
        .map_err(|error| Error::Found(format!("unit {name} is not written down properly: {error}")))?;
    let signals = listen()?;
    let me = i32::try_from(std::process::id()).unwrap_or_default();
    let supervisor = Process::with_id(me).ok_or_else(|| Error::Found("no process of its own".to_owned()))?;
    let mut report = Report { supervisor, unit: None, since: clock::now(), restarts: 0, last_end: None };
    let mut pause = Duration::ZERO;
    loop {
        let start = Instant::now();
        let mut child = spawn(places, name, &spec)?;
        report.unit = i32::try_from(child.id()).ok().and_then(Process::with_id);
        report.since = clock::now();
        write_report(places, name, &report)?;
        let Some(end) = wait(&mut child, &signals) else {
            if !end_unit(&mut child, &signals) {
                note(places, name, &format!("did not end in {} s and was killed", GRACE.as_secs()));
            }
            report.unit = None;
            return write_report(places, name, &report);
        };
        pause = next_pause(pause, start.elapsed());
        report.unit = None;
        report.restarts += 1;
        let lived = start.elapsed().as_secs();
        note(places, name, &format!("ended with {end} after {lived} s; restart {}", report.restarts));
        report.last_end = Some(end);
        write_report(places, name, &report)?;
        if let Ok(SIGTERM | SIGINT) = signals.recv_timeout(pause) {
            return Ok(());
        }
    }
}

/// Closes what the shell that ran `up` had open beyond the three streams: a supervisor outlives it, and would
/// keep its locks and pipes. Nothing of this program's own is open yet.
fn close_inherited() {
    let entries = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let open: Vec<i32> = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    for descriptor in open.into_iter().filter(|descriptor| *descriptor > 2) {
        // The one that listed the folder is closed by now.
        let _ = nix::unistd::close(descriptor);
    }
}

/// The wait before the next start: none after a long life, else twice the last one, within a bound.
fn next_pause(last: Duration, lived: Duration) -> Duration {
    if lived >= SETTLED {
        return Duration::ZERO;
    }
    (last * 2).clamp(Duration::from_millis(200), LONGEST_PAUSE)
}

fn listen() -> Result<Receiver<i32>, Error> {
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT, SIGCHLD])
        .map_err(|source| Error::Start { program: "a supervisor without signals".to_owned(), source })?;
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for signal in &mut signals {
            if sender.send(signal).is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}

/// The unit dies with this process: `setpriv` asks the kernel for that and then becomes the unit.
fn spawn(places: &Places, name: &str, spec: &Spec) -> Result<Child, Error> {
    let path = places.log(name);
    let log = File::options().append(true).create(true).open(&path);
    let log = log.map_err(|source| Error::file("open", &path, source))?;
    let errors = log.try_clone().map_err(|source| Error::file("share", &path, source))?;
    let mut words: Vec<String> = Vec::new();
    if let Some(namespace) = &spec.namespace {
        words.extend(["nsenter".to_owned(), format!("--net=/run/netns/{namespace}"), "--".to_owned()]);
    }
    words.extend(["setpriv", "--pdeathsig", "TERM"].map(str::to_owned));
    words.extend(spec.user.into_iter().flat_map(rights::without_root));
    words.push("--".to_owned());
    words.extend(spec.command.iter().cloned());
    let mut words = words.into_iter();
    run::command(words.next().unwrap_or_default())
        .args(words)
        .env_clear()
        .envs(spec.environment.iter().map(|(key, value)| (key, value)))
        .current_dir(places.state())
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors)
        .spawn()
        .map_err(|source| Error::Start { program: name.to_owned(), source })
}

/// How the unit ended, or none when this supervisor is to end.
fn wait(child: &mut Child, signals: &Receiver<i32>) -> Option<String> {
    loop {
        match signals.recv() {
            Ok(SIGCHLD) => {
                if let Ok(Some(status)) = child.try_wait() {
                    return Some(status.to_string());
                }
            }
            Ok(_) | Err(_) => return None,
        }
    }
}

/// Ends the unit; says whether it ended by itself.
fn end_unit(child: &mut Child, signals: &Receiver<i32>) -> bool {
    if let Some(process) = i32::try_from(child.id()).ok().and_then(Process::with_id) {
        process.signal(Signal::SIGTERM);
    }
    let deadline = Instant::now() + GRACE;
    while let Ok(None) = child.try_wait() {
        let left = deadline.saturating_duration_since(Instant::now());
        match signals.recv_timeout(left) {
            Ok(_) => {}
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
        }
    }
    let ended = matches!(child.try_wait(), Ok(Some(_)));
    let _ = child.kill();
    let _ = child.wait();
    ended
}

fn write_report(places: &Places, name: &str, report: &Report) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(report)
        .map_err(|error| Error::Found(format!("cannot report on unit {name}: {error}")))?;
    let file = report_file(places, name);
    let beside = file.with_extension("unfinished");
    secret(&beside, &text)?;
    std::fs::rename(&beside, &file).map_err(|source| Error::file("rename", &beside, source))
}

/// A line in the log that all supervisors share, and in the unit's own.
fn note(places: &Places, name: &str, what: &str) {
    let line = format!("{} {name}: {what}\n", clock::now());
    for path in [places.log("supervisor"), places.log(name)] {
        // The restart itself matters more than its line.
        let _ = File::options()
            .append(true)
            .create(true)
            .open(path)
            .and_then(|mut log| log.write_all(line.as_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_that_never_settles_is_started_again_ever_more_slowly() {
        let short = Duration::from_millis(5);
        let mut pause = Duration::ZERO;
        let pauses: Vec<u128> = (0..9)
            .map(|_| {
                pause = next_pause(pause, short);
                pause.as_millis()
            })
            .collect();
        assert_eq!(pauses, [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000]);
        assert_eq!(next_pause(pause, SETTLED), Duration::ZERO);
    }

    #[test]
    fn a_report_reads_back_and_a_torn_one_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::new(Some(folder.path()));
        run::create_folder(&places.units()).unwrap();
        let me = Process::with_id(i32::try_from(std::process::id()).unwrap()).unwrap();
        let since = "2026-01-01T00:00:00Z".parse().unwrap();
        let written =
            Report { supervisor: me, unit: Some(me), since, restarts: 2, last_end: Some("signal: 9".into()) };
        write_report(&places, "etcd", &written).unwrap();
        assert_eq!(report(&places, "etcd"), Some(written));
        std::fs::write(report_file(&places, "etcd"), "{\"superv").unwrap();
        assert_eq!(report(&places, "etcd"), None);
    }
}
