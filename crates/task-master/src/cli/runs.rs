//! `runs`: the runs that the log knows.

use std::fmt::Write as _;

use serde_json::json;
use task_manager::exit::Code;
use task_manager::ledger;
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
    let text = match app.global.output {
        Form::Json => {
            let runs: Vec<_> = runs.iter().map(|run| document(run)).collect();
            format!("{:#}\n", json!({"schemaVersion": 1, "kind": "runs", "runs": runs}))
        }
        Form::Text if runs.is_empty() => {
            return Err(Failure::Nothing(format!(
                "no runs on {target} yet; task-master execute-phase begins one"
            )));
        }
        Form::Text => table(&runs),
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

fn table(runs: &[&RunState]) -> String {
    let mut text = format!("{:<24} {:<12} {:<12} COMMAND\n", "RUN", "TARGET", "OUTCOME");
    for run in runs {
        let outcome = run.finished.map_or_else(
            || "not finished".to_owned(),
            |(_, outcome)| {
                serde_json::to_value(outcome)
                    .ok()
                    .and_then(|v| v.as_str().map(str::to_owned))
                    .unwrap_or_default()
            },
        );
        let _ = writeln!(text, "{:<24} {:<12} {:<12} {}", run.run, run.target, outcome, run.holder.command);
    }
    text
}
