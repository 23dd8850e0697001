//! `plan`: what would run, with the exact commands.

use std::fmt::Write as _;

use serde_json::json;
use task_manager::exit::Code;
use task_manager::render::width;
use task_master::engine::{self, PlannedTask, Resolved, Selection};

use super::failure::Failure;
use super::{App, Form};

/// Arguments of `plan`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The phase: its number, "Phase 2", its slug or its title [default: the next unfinished one]
    #[arg(conflicts_with_all = ["all", "task"])]
    phase: Option<String>,
    /// One task instead of a phase
    #[arg(long, value_name = "ID", conflicts_with = "all")]
    task: Option<String>,
    /// The whole plan, in the order of its dependencies
    #[arg(long)]
    all: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, app: &mut App<'_>) -> Result<Code, Failure> {
    let selection = match (&args.phase, &args.task) {
        (Some(phase), _) => Selection::Phase(phase.clone()),
        (_, Some(task)) => Selection::Task(task.clone()),
        _ if args.all => Selection::All,
        _ => Selection::NextPhase,
    };
    let context = app.context()?;
    let (resolved, tasks) = engine::plan(&context, &selection)?;
    let text = match app.form {
        Form::Text => as_text(&resolved, &tasks, &app.global.target.to_string(), app),
        Form::Json => as_json(&resolved, &tasks, &app.global.target.to_string()),
    };
    app.print(&text)?;
    Ok(Code::Ok)
}

fn as_text(resolved: &Resolved, tasks: &[PlannedTask], target: &str, app: &App<'_>) -> String {
    let style = app.out_style;
    let mut text = format!("{}\n", style.bold(&format!("{}, on {target}", resolved.label)));
    for task in tasks {
        let _ = writeln!(text, "\n{} ({})", style.bold(&task.title), task.status);
        let Some(steps) = &task.steps else {
            let _ = writeln!(text, "  manual: the runbook does not bind it");
            continue;
        };
        for (step, number) in steps.iter().zip(1..) {
            let lead = format!("  {number}. ");
            let _ = writeln!(text, "{lead}{}", style.fold(&step.seen, width(&lead), 5));
            if let Some(instead) = &step.instead {
                let _ = writeln!(text, "     {}", style.dim(&style.fold(instead, 5, 5)));
            }
        }
    }
    text
}

fn as_json(resolved: &Resolved, tasks: &[PlannedTask], target: &str) -> String {
    let tasks: Vec<_> = tasks
        .iter()
        .map(|task| {
            let steps = task.steps.as_ref().map(|steps| {
                let step = |step: &engine::PlannedStep| json!({"what": step.what, "instead": step.instead});
                steps.iter().map(step).collect::<Vec<_>>()
            });
            json!({"id": task.id, "title": task.title, "status": task.status, "manual": steps.is_none(), "steps": steps.unwrap_or_default()})
        })
        .collect();
    let document = json!({"schemaVersion": 1, "kind": "plan", "label": resolved.label, "target": target, "tasks": tasks});
    format!("{document:#}\n")
}
