//! `runs`: the runs that the log knows.

use std::fmt::Write as _;

use serde_json::json;
use task_manager::exit::Code;
use task_manager::ledger;
use task_manager::render::{Style, pad, width};
use task_manager::state::RunState;

use super::failure::Failure;
use super::{App, Form};

/// Arguments of `runs`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Runs on all targets, not only on the one of --target
    #[arg(long)]
    all_targets: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, app: &mut App<'_>) -> Result<Code, Failure> {
    let place = app.place()?;
    let (state, _) = ledger::read(&place.state)?;
    let target = app.global.target.to_string();
    let runs: Vec<&RunState> =
        state.runs().iter().filter(|run| args.all_targets || run.target == target).collect();
    let text = match app.form {
        Form::Json => {
            let runs: Vec<_> = runs.iter().map(|run| document(run)).collect();
            format!("{:#}\n", json!({"schemaVersion": 1, "kind": "runs", "runs": runs}))
        }
        Form::Text if runs.is_empty() => {
            return Err(Failure::Nothing(format!(
                "no runs on {target} yet; task-master execute-phase begins one"
            )));
        }
        Form::Text => table(&runs, app.out_style),
    };
    app.print(&text)?;
    Ok(Code::Ok)
}

fn document(run: &RunState) -> serde_json::Value {
    json!({
        "run": run.run,
        "target": run.target,
        "started": run.started.to_string(),
        "finished": run.finished.map(|(at, _)| at.to_string()),
        "outcome": run.finished.map(|(_, outcome)| outcome),
        "command": run.holder.command,
    })
}

/// The runs as a table. A command that does not fit beside the rest stands below it.
fn table(runs: &[&RunState], style: Style) -> String {
    let longest = |cells: &dyn Fn(&RunState) -> usize, least: usize| {
        runs.iter().map(|run| cells(run)).max().unwrap_or(0).max(least)
    };
    let (name, target) = (longest(&|run| width(&run.run), 3), longest(&|run| width(&run.target), 6));
    let before = name + target + OUTCOME + 3;
    let fits = |command: &str| style.width.is_none_or(|cells| before + width(command) <= cells);
    let beside = runs.iter().all(|run| fits(&run.holder.command));
    let row = |run: &str, of: &str, outcome: &str| {
        format!("{} {} {outcome:<OUTCOME$}", pad(run, name), pad(of, target))
    };
    let mut text = format!("{} COMMAND\n", row("RUN", "TARGET", "OUTCOME"));
    for run in runs {
        let command = &run.holder.command;
        let line = row(&run.run, &run.target, &outcome(run));
        let _ = match beside {
            true => writeln!(text, "{line} {command}"),
            false => writeln!(text, "{}\n    {}", line.trim_end(), style.fold(command, 4, 6)),
        };
    }
    text
}

/// Cells of the column of outcomes: `interrupted`, `not finished`.
const OUTCOME: usize = 12;

fn outcome(run: &RunState) -> String {
    let Some((_, outcome)) = run.finished else { return "not finished".to_owned() };
    let word = serde_json::to_value(outcome).ok();
    word.as_ref().and_then(|word| word.as_str()).unwrap_or_default().to_owned()
}
