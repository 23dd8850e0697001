//! `cargo xtask bench`: the speeds that the project promises, measured on release builds and judged.
//!
//! Machines are noisy, so each figure stands beside a peer that was measured in the same run: the parser
//! beside comrak, a process beside the smallest process there is, a durable step beside its own syncs.
//! `cargo test` never times anything.

mod figure;
mod measure;
mod operator;
mod probe;
mod simulator;
mod step;
mod workload;

use std::time::{Duration, Instant};

use figure::Figure;

use crate::run::{self, Error};

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Use the release binaries that are there, whatever their age.
    #[arg(long)]
    no_build: bool,
    /// Measure the probe alone.
    #[arg(long, conflicts_with = "operator")]
    probe: bool,
    /// Measure the operator's verbs alone, on the host cluster.
    #[arg(long)]
    operator: bool,
}

/// Builds, measures, prints the table, and fails when a promise is not kept.
///
/// # Errors
/// A build or a program that fails; [`Error::Found`] with the figures that miss their bound.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let build = if options.no_build { None } else { Some(build()?) };
    let folder = tempfile::tempdir()
        .map_err(|source| Error::file("create a folder in", &std::env::temp_dir(), source))?;
    let mut figures = Vec::new();
    if !options.probe && !options.operator {
        figures.extend(engine(folder.path())?);
    }
    if !options.probe {
        figures.extend(operator::figures(folder.path())?);
    }
    if !options.operator {
        figures.extend(probe::figures()?);
    }
    if let Some(build) = build {
        run::say(&format!("release build of the tools: {:.0} s (as warm as it was)", build.as_secs_f64()));
    }
    figure::print(&figures);
    let missed: Vec<String> =
        figures.iter().filter(|figure| !figure.holds()).map(|f| f.name.clone()).collect();
    if missed.is_empty() { Ok(()) } else { Err(Error::Found(format!("missed: {}", missed.join(", ")))) }
}

/// The figures of the parser and the engine.
fn engine(folder: &std::path::Path) -> Result<Vec<Figure>, Error> {
    let (time, size) = report(folder)?;
    let mut figures = vec![time, size, parse()?, next(folder)?, step::figure(folder)?, phase(folder)?];
    figures.extend(simulator::figures()?);
    Ok(figures)
}

fn build() -> Result<Duration, Error> {
    let started = Instant::now();
    let cargo = env!("CARGO");
    run::run(run::command(cargo).args([
        "build",
        "--release",
        "--locked",
        "-p",
        "task-manager",
        "-p",
        "task-master",
        "-p",
        "traffic-probe",
        "-p",
        "demo-app",
    ]))?;
    for (package, example) in [("prd-parser", "throughput"), ("rollouts-sim", "canaries")] {
        let build = ["build", "--release", "--locked", "-p", package, "--example", example];
        run::run(run::command(cargo).args(build))?;
    }
    Ok(started.elapsed())
}

/// The release build of task-master, whose commands are timed elsewhere.
///
/// # Errors
/// When it cannot be built.
pub(crate) fn build_task_master() -> Result<(), Error> {
    run::run(run::command(env!("CARGO")).args(["build", "--release", "--locked", "-p", "task-master"]))
}

/// The path of a release binary, as an argument.
pub(crate) fn binary(name: &str) -> String {
    run::target().join("release").join(name).display().to_string()
}

fn line(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// `task-manager report` on the shipped PRD: time and size.
fn report(folder: &std::path::Path) -> Result<(Figure, Figure), Error> {
    let state = folder.join("none").display().to_string();
    let ours = measure::whole(&line(&[&binary("task-manager"), "--state", &state, "report"]), 21)?;
    let floor = measure::whole(&line(&["true"]), 21)?;
    let time = Figure::at_most("report on PRD.md, whole process", ours.median(), Duration::from_millis(10))
        .beside("an empty process", floor.median());
    let size = Figure::size("report on PRD.md, resident", ours.resident_kib, 20 * 1024)
        .beside_size("an empty process", floor.resident_kib);
    Ok((time, size))
}

/// The parser beside comrak alone.
fn parse() -> Result<Figure, Error> {
    let answer = run::read(run::command(binary("examples/throughput")).arg("PRD.md"))?;
    let answer = run::json("throughput", answer.as_bytes())?;
    let seconds = |key: &str| Duration::from_secs_f64(answer[key].as_f64().unwrap_or(f64::MAX.sqrt()));
    let (ours, theirs) = (seconds("parse"), seconds("comrak"));
    Ok(Figure::at_most("parse of PRD.md", ours, theirs.div_f64(0.7)).beside("comrak alone", theirs))
}

/// `task-manager next` on a plan of ten thousand tasks and thirty thousand edges.
fn next(folder: &std::path::Path) -> Result<Figure, Error> {
    let prd = folder.join("large.md");
    run::write_file(&prd, &workload::plan(10_000, 3))?;
    let (prd, state) = (prd.display().to_string(), folder.join("large").display().to_string());
    let ours =
        measure::whole(&line(&[&binary("task-manager"), "--prd", &prd, "--state", &state, "next"]), 11)?;
    let floor = measure::whole(&line(&["true"]), 11)?;
    Ok(Figure::at_most("next, 10,000 tasks, 30,000 edges", ours.median(), Duration::from_millis(60))
        .beside("an empty process", floor.median()))
}

/// Phase 2 of the shipped PRD on the simulator, each time from nothing.
fn phase(folder: &std::path::Path) -> Result<Figure, Error> {
    let mut runs = Vec::new();
    for number in 0..3 {
        let state = folder.join(format!("phase-{number}"));
        let started = Instant::now();
        run::read(
            run::command(binary("task-master"))
                .args(["execute-phase", "Phase 2", "--state"])
                .arg(&state)
                .env("NO_COLOR", "1"),
        )?;
        runs.push(started.elapsed());
    }
    runs.sort();
    let again = measure::whole(
        &line(&[
            &binary("task-master"),
            "execute-phase",
            "Phase 2",
            "--state",
            &folder.join("phase-0").display().to_string(),
        ]),
        5,
    )?;
    Ok(Figure::at_most("Phase 2 on the simulator, whole process", runs[1], Duration::from_secs(1))
        .beside("the same when all is done", again.median()))
}
