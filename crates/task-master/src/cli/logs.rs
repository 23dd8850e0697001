//! `logs`: the log files of a run, one an attempt.

use std::path::{Path, PathBuf};

use task_manager::exit::Code;
use task_manager::{Event, ledger};

use super::App;
use super::failure::Failure;

/// Arguments of `logs`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The run [default: the last one on the target]
    run: Option<String>,
    /// Only this task: its id, or a part of it
    task: Option<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, app: &mut App<'_>) -> Result<Code, Failure> {
    let place = app.place()?;
    let (state, events) = ledger::read(&place.state)?;
    let target = app.global.target.to_string();
    let run = match &args.run {
        Some(name) => state.run(name).ok_or_else(|| {
            Failure::Nothing(format!("there is no run `{name}`; task-master runs --all-targets lists them"))
        })?,
        None => state.runs().iter().rfind(|run| run.target == target).ok_or_else(|| {
            Failure::Nothing(format!("no runs on {target} yet; task-master execute-phase begins one"))
        })?,
    };
    let mut files: Vec<(String, PathBuf)> = Vec::new();
    for recorded in &events {
        let (Event::TaskFinished { task, run: of, log: Some(log), .. }
        | Event::TaskUnknown { task, run: of, log: Some(log), .. }
        | Event::TaskInterrupted { task, run: of, log: Some(log), .. }) = &recorded.event
        else {
            continue;
        };
        if *of == run.run && args.task.as_ref().is_none_or(|wanted| task.contains(wanted.as_str())) {
            files.push((task.clone(), place.state.join(log)));
        }
    }
    if files.is_empty() {
        return Err(Failure::Nothing(format!(
            "run {0} has no log of that; task-master logs {0} prints all that it has",
            run.run
        )));
    }
    let text: Vec<String> = files.iter().map(|(task, path)| shown(task, path)).collect();
    app.print(&text.join("\n"))?;
    Ok(Code::Ok)
}

fn shown(task: &str, path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| format!("(cannot be read: {error})\n"));
    format!("==> {task}: {} <==\n{text}", path.display())
}
