//! `cluster status`: health, version, process, restarts and log of every unit.

use serde::Serialize;

use super::clock;
use super::health::Doctor;
use super::listeners;
use super::places::Places;
use super::process::Process;
use super::programs::DEBIAN;
use super::supervise::{self, Report};
use super::table;
use super::unit::{Action, Node, Part, Source, Unit};
use crate::run::{self, Error};

/// The wire form of the whole status.
#[derive(Serialize)]
struct StatusDoc {
    version: u32,
    kubeconfig: String,
    healthy: bool,
    units: Vec<UnitDoc>,
    /// Addresses beyond loopback and the private link on which something listens; always empty.
    listens_beyond: Vec<String>,
}

/// The wire form of one unit.
#[derive(Serialize)]
struct UnitDoc {
    name: &'static str,
    part: Part,
    version: String,
    /// `healthy`, `unhealthy`, `restarting`, `stopped` for one that was brought up and has no supervisor any
    /// more, or `absent` for one that was not brought up.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    pid: Option<i32>,
    since: Option<jiff::Timestamp>,
    restarts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_end: Option<String>,
    log: String,
}

/// Prints the status as a table or as JSON.
///
/// # Errors
/// When something that was brought up is not healthy.
pub(crate) fn status(places: &Places, as_json: bool) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Error::Start { program: "the network runtime".to_owned(), source })?;
    let document = runtime.block_on(look(places));
    if as_json {
        let text = serde_json::to_string_pretty(&document)
            .map_err(|error| Error::Found(format!("cannot write the status: {error}")))?;
        run::out(&text)?;
    } else {
        render(&document, clock::now()).iter().try_for_each(|line| run::out(line))?;
    }
    if document.healthy {
        Ok(())
    } else {
        Err(Error::Found("not all that was brought up is healthy".to_owned()))
    }
}

/// The processes of the units that run.
pub(crate) fn running(places: &Places) -> Vec<Process> {
    let reports = table::nodes(places).into_iter().filter_map(|node| supervise::report(places, node.name));
    reports.filter_map(|report| report.unit).filter(Process::runs).collect()
}

/// How often a unit was started again, as the status counts it.
pub(crate) fn restarts(places: &Places, name: &str) -> u32 {
    supervise::report(places, name).map_or(0, |report| report.restarts)
}

/// Where the cluster's processes listen although they must not.
pub(crate) fn beyond(places: &Places) -> Vec<String> {
    listeners::beyond(&running(places)).iter().map(ToString::to_string).collect()
}

async fn look(places: &Places) -> StatusDoc {
    let doctor = Doctor::new(places);
    let debian = debian_versions();
    let units = table::nodes(places).into_iter().filter_map(|node| {
        let Action::Run(unit) = &node.action else { return None };
        Some((node.clone(), unit.clone()))
    });
    let asked = units.map(|(node, unit)| {
        let (doctor, debian) = (&doctor, &debian);
        async move {
            let report = supervise::report(places, node.name);
            let answer = match report.as_ref().and_then(|report| report.unit).filter(Process::runs) {
                Some(_) => Some(doctor.ask(&unit.health).await),
                None => None,
            };
            describe(places, &node, version(&unit, debian), report.as_ref(), answer)
        }
    });
    let units = futures::future::join_all(asked).await;
    let listens_beyond = beyond(places);
    let healthy =
        listens_beyond.is_empty() && units.iter().all(|unit| matches!(unit.state, "healthy" | "absent"));
    StatusDoc {
        version: 1,
        kubeconfig: places.kubeconfig().display().to_string(),
        healthy,
        units,
        listens_beyond,
    }
}

fn describe(
    places: &Places,
    node: &Node,
    version: String,
    report: Option<&Report>,
    answer: Option<Result<(), String>>,
) -> UnitDoc {
    let state = match (report, &answer) {
        (None, _) => "absent",
        (Some(report), _) if !report.supervisor.runs() => "stopped",
        (Some(_), Some(Ok(()))) => "healthy",
        (Some(_), Some(Err(_))) => "unhealthy",
        (Some(_), None) => "restarting",
    };
    UnitDoc {
        name: node.name,
        part: node.part,
        version,
        state,
        reason: answer.and_then(Result::err),
        pid: report.and_then(|report| report.unit).map(|process| process.pid),
        since: report.map(|report| report.since),
        restarts: report.map_or(0, |report| report.restarts),
        last_end: report.and_then(|report| report.last_end.clone()),
        log: places.log(node.name).display().to_string(),
    }
}

fn version(unit: &Unit, debian: &[(String, String)]) -> String {
    match unit.source {
        Source::Go(program) | Source::Unprivileged(program) => program.version.to_owned(),
        Source::Own => env!("CARGO_PKG_VERSION").to_owned(),
        Source::Debian(program) => {
            let package =
                DEBIAN.iter().find(|debian| debian.program == program).map_or("", |debian| debian.package);
            debian
                .iter()
                .find(|(name, _)| name == package)
                .map_or_else(String::new, |(_, version)| version.clone())
        }
    }
}

/// Package and version of Debian's share, in one question.
fn debian_versions() -> Vec<(String, String)> {
    let mut command = run::command("dpkg-query");
    command
        .args(["--show", "--showformat=${Package} ${Version}\\n"])
        .args(DEBIAN.iter().map(|debian| debian.package));
    let listed = run::capture(&mut command).unwrap_or_default();
    listed
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .collect()
}

fn render(document: &StatusDoc, now: jiff::Timestamp) -> Vec<String> {
    let mut lines = vec![format!(
        "{:<33} {:<14} {:<26} {:<11} {:>8} {:>8} {:>8}",
        "NAME", "PART", "VERSION", "STATE", "PID", "RESTARTS", "AGE"
    )];
    for unit in &document.units {
        let age = unit
            .since
            .map_or_else(|| "-".to_owned(), |since| format!("{} s", (now - since).get_seconds().max(0)));
        lines.push(format!(
            "{:<33} {:<14} {:<26} {:<11} {:>8} {:>8} {:>8}",
            unit.name,
            unit.part.name(),
            unit.version,
            unit.state,
            unit.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string()),
            unit.restarts,
            age
        ));
        if unit.state != "healthy" && unit.state != "absent" {
            let reason = unit.reason.clone().or_else(|| unit.last_end.clone()).unwrap_or_default();
            lines.push(format!("  {reason} (log: {})", unit.log));
        }
    }
    for address in &document.listens_beyond {
        lines.push(format!("listens where it must not: {address}"));
    }
    if document.units.iter().any(|unit| unit.state != "absent") {
        lines.push(format!("kubeconfig: {}", document.kubeconfig));
    } else {
        lines.push("the cluster is down: cargo xtask cluster up --provider host".to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_what_its_process_and_its_answer_say() {
        let places = Places::new(Some(std::path::Path::new("/state")));
        let nodes = table::nodes(&places);
        let node = nodes.iter().find(|node| node.name == "etcd").unwrap();
        let me = Process::with_id(i32::try_from(std::process::id()).unwrap()).unwrap();
        let since = "2026-01-01T00:00:00Z".parse().unwrap();
        let report = Report {
            supervisor: me,
            unit: None,
            since,
            restarts: 3,
            last_end: Some("signal: 9 (SIGKILL)".into()),
        };
        let orphan = Report { supervisor: Process { start: 0, ..me }, ..report.clone() };
        for (report, answer, expected) in [
            (None, None, "absent"),
            (Some(&orphan), None, "stopped"),
            (Some(&report), None, "restarting"),
            (Some(&report), Some(Ok(())), "healthy"),
            (Some(&report), Some(Err("refused".to_owned())), "unhealthy"),
        ] {
            let unit = describe(&places, node, "1".into(), report, answer);
            assert_eq!(unit.state, expected);
            let document = StatusDoc {
                version: 1,
                kubeconfig: "/state/kubeconfig".into(),
                healthy: true,
                units: vec![unit],
                listens_beyond: vec![],
            };
            let text = render(&document, since).join("\n");
            assert!(text.contains(expected), "{text}");
            assert_eq!(
                text.contains("/state/log/etcd.log"),
                !matches!(expected, "absent" | "healthy"),
                "{text}"
            );
        }
    }
}
