//! What the host cluster promises of itself, tried on this machine: up twice is harmless, a component that
//! crashes comes again and says so, and down leaves nothing.
//!
//! Every nothing has a control: the same look that finds nothing after `down` must find something of each kind
//! while the cluster is up.

use std::fs::File;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::health::Doctor;
use super::places::Places;
use super::supervise::{self, Report};
use super::unit::{Action, Unit};
use super::world::World;
use super::{down, pace, status, table, up};
use crate::run::{self, Error};

/// Units of different parts, one behind the link, that are ended by force.
const CRASHED: &[&str] = &["kube-scheduler", "traefik", "argo-rollouts"];
/// How long a crashed unit may take until it is healthy again.
const BOUND: Duration = Duration::from_secs(30);
/// What the look at the machine must be able to see.
const KINDS: &[&str] = &["interface ", "network namespace ", "mount ", "rule ", "process "];

/// Takes the cluster down, tries all of it, and leaves the cluster down.
///
/// # Errors
/// The first promise that does not hold.
pub(crate) fn prove(places: &Places) -> Result<(), Error> {
    down::down(places)?;
    let before = World::look(places)?;
    no_lock_is_kept(places)?;
    twice(places)?;
    for name in CRASHED {
        crash(places, name)?;
    }
    let there = World::look(places)?.left_since(&before);
    for kind in KINDS {
        if !there.iter().any(|left| left.starts_with(kind)) {
            return Err(Error::Found(format!(
                "the look at the machine sees no {kind}of a cluster that is up"
            )));
        }
    }
    run::say(&format!("while it is up, {} things are there that were not before", there.len()));
    down::down(places)?;
    let left = World::look(places)?.left_since(&before);
    if left.is_empty() {
        return run::out("proved: up twice is harmless, what crashes comes again, down leaves nothing");
    }
    Err(Error::Found(format!("left behind:\n  {}", left.join("\n  "))))
}

/// A shell that holds a lock while it brings the cluster up has it to itself again when it ends.
fn no_lock_is_kept(places: &Places) -> Result<(), Error> {
    let own =
        std::env::current_exe().map_err(|source| Error::Start { program: "itself".to_owned(), source })?;
    let folder =
        tempfile::tempdir().map_err(|source| Error::file("create", &std::env::temp_dir(), source))?;
    let path = folder.path().join("lock");
    let script = r#"exec 9>"$0"; flock 9; exec "$1" cluster up --state "$2""#;
    run::run(run::command("bash").args(["-c", script]).arg(&path).arg(own).arg(places.state()))?;
    let file = File::open(&path).map_err(|source| Error::file("open", &path, source))?;
    file.try_lock()
        .map_err(|_| Error::Found("the cluster keeps a lock of the shell that brought it up".to_owned()))
}

/// The cluster is up: the same again starts no process and ends none.
fn twice(places: &Places) -> Result<(), Error> {
    let first = reports(places);
    up::up(places, &[])?;
    for (name, report) in &first {
        let now = supervise::report(places, name);
        if now.as_ref() != Some(report) {
            return Err(Error::Found(format!("the second up touched {name}: {report:?} became {now:?}")));
        }
    }
    run::say(&format!("up twice: the same {} processes", first.len()));
    Ok(())
}

fn reports(places: &Places) -> Vec<(&'static str, Report)> {
    let nodes = table::nodes(places).into_iter();
    nodes.filter_map(|node| Some((node.name, supervise::report(places, node.name)?))).collect()
}

/// Ends one unit by force; it must come again, be healthy, be counted, and be named in the supervisors' log.
fn crash(places: &Places, name: &str) -> Result<(), Error> {
    let wrong = |what: &str| Error::Found(format!("{name} was ended by force, and {what}"));
    let before = supervise::report(places, name).ok_or_else(|| wrong("was never started"))?;
    before.unit.ok_or_else(|| wrong("did not run"))?.signal(Signal::SIGKILL);
    let comes_again = || {
        supervise::report(places, name).is_some_and(|now| {
            now.restarts == before.restarts + 1 && now.unit.is_some_and(|unit| unit.runs())
        })
    };
    if !pace::until(BOUND, comes_again) {
        return Err(wrong("does not come again"));
    }
    if !pace::until(BOUND, || is_healthy(places, name)) {
        return Err(wrong("is not healthy again"));
    }
    let log = run::read_file(&places.log("supervisor"))?;
    let said = format!("{name}: ended with signal: 9");
    if !log.lines().any(|line| line.contains(&said)) {
        return Err(wrong("the supervisors' log does not say so"));
    }
    if status::restarts(places, name) != before.restarts + 1 {
        return Err(wrong("the status does not count it"));
    }
    run::say(&format!("{name} was ended by force and came again"));
    Ok(())
}

fn is_healthy(places: &Places, name: &str) -> bool {
    let unit = table::nodes(places).into_iter().find_map(|node| match node.action {
        Action::Run(unit) if node.name == name => Some(unit),
        _ => None,
    });
    let ask = |unit: Unit| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        runtime.block_on(Doctor::new(places).ask(&unit.health)).ok()
    };
    unit.and_then(ask).is_some()
}
