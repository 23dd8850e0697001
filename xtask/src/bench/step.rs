//! The cost of a durable step that does nothing, beside the syncs that make it durable.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use super::figure::Figure;
use super::{binary, workload};
use crate::run::{self, Error};

const FEW: u32 = 10;
const MANY: u32 = 210;
/// What a step may cost beyond its syncs.
const BEYOND: Duration = Duration::from_micros(500);

/// The wall time of 200 more steps, divided by 200, beside as many syncs as one step was seen to make.
///
/// # Errors
/// When the engine or `strace`, which counts the syncs, cannot be run.
pub(crate) fn figure(folder: &Path) -> Result<Figure, Error> {
    let few = project(folder, FEW)?;
    let many = project(folder, MANY)?;
    let mut steps = Vec::new();
    for round in 0..5 {
        let short = timed(&few, &format!("state-{round}"))?;
        let long = timed(&many, &format!("state-{round}"))?;
        steps.push(long.saturating_sub(short) / (MANY - FEW));
    }
    steps.sort();
    let syncs = f64::from(count(&many)?.saturating_sub(count(&few)?)) / f64::from(MANY - FEW);
    let floor = sync(folder)?.mul_f64(syncs);
    Ok(Figure::at_most("a durable step that does nothing", steps[2], floor + BEYOND)
        .beside(&format!("its {syncs:.1} syncs"), floor))
}

/// A project of so many steps, in a folder of its own.
fn project(folder: &Path, tasks: u32) -> Result<std::path::PathBuf, Error> {
    let folder = folder.join(format!("steps-{tasks}"));
    run::create_folder(&folder.join("deploy"))?;
    let count = usize::try_from(tasks).unwrap_or(usize::MAX);
    run::write_file(&folder.join("PRD.md"), &workload::plan(count, 0))?;
    run::write_file(&folder.join("deploy/runbook.yaml"), &workload::runbook(count))?;
    Ok(folder)
}

fn engine(program: &str, project: &Path, state: &str) -> std::process::Command {
    let mut command = run::command(program);
    command.current_dir(project);
    if program == "strace" {
        command.args([
            "-f",
            "-qq",
            "-c",
            "-e",
            "trace=fsync,fdatasync",
            "-o",
            "syncs",
            &binary("task-master"),
        ]);
    }
    command.args(["execute-phase", "--all", "--state", state]);
    command
}

fn timed(project: &Path, state: &str) -> Result<Duration, Error> {
    let started = Instant::now();
    run::read(&mut engine(&binary("task-master"), project, state))?;
    Ok(started.elapsed())
}

/// How many syncs a whole run makes.
fn count(project: &Path) -> Result<u32, Error> {
    run::read(&mut engine("strace", project, "state-counted"))?;
    let table = run::read_file(&project.join("syncs"))?;
    Ok(calls(&table))
}

/// The column "calls" of strace's summary, added up over the two calls that sync.
fn calls(table: &str) -> u32 {
    let rows = table.lines().filter(|line| line.ends_with("fsync") || line.ends_with("fdatasync"));
    rows.filter_map(|line| line.split_whitespace().nth(3)?.parse::<u32>().ok()).sum()
}

/// What one sync of a freshly appended block costs in this folder: the middle of many, where each second one has a
/// new file to write down as well, as the syncs of a step have its log.
fn sync(folder: &Path) -> Result<Duration, Error> {
    let folder = folder.join("syncs");
    run::create_folder(&folder)?;
    let path = folder.join("blocks");
    let error = |source| Error::File { operation: "sync", path: path.clone(), source };
    let mut file = std::fs::File::create(&path).map_err(error)?;
    let mut times = Vec::new();
    for pair in 0..200 {
        let mut both = Duration::ZERO;
        for half in 0..2 {
            let started = Instant::now();
            file.write_all(&[0; 4096]).and_then(|()| file.sync_data()).map_err(error)?;
            both += started.elapsed();
            if half == 0 {
                run::write_file(&folder.join(format!("{pair}.log")), "a step began\n")?;
            }
        }
        times.push(both / 2);
    }
    times.sort();
    Ok(times[100])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calls_of_both_syncs_are_counted() {
        let table = "% time     seconds  usecs/call     calls    errors syscall\n\
                     ------ ----------- ----------- --------- --------- ----------------\n \
                     60.00    0.000300           3       120           fdatasync\n \
                     40.00    0.000200           2        30         1 fsync\n\
                     ------ ----------- ----------- --------- --------- ----------------\n\
                     100.00    0.000500           3       150         1 total\n";
        assert_eq!(calls(table), 150);
    }
}
