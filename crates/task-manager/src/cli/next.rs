//! `next`: what can be started now.

use task_manager::doc::TaskListDoc;
use task_manager::render::count;
use task_manager::{Code, query, render};

use super::failure::Failure;
use super::{Answer, Context, TextOrJson, json};

/// Arguments of `next`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// At most so many
    #[arg(short = 'n', long, value_name = "K", default_value_t = 1)]
    count: usize,
    /// The form
    #[arg(short, long, value_enum, default_value_t = TextOrJson::Text)]
    output: TextOrJson,
}

/// Runs the command. Where tasks are left and none can start, the exit code is 5.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Answer, Failure> {
    let project = context.project()?;
    let target = context.target();
    let tasks = query::next(&project, target, args.count.max(1));
    let stdout = match args.output {
        TextOrJson::Text => render::next(&tasks, context.style),
        TextOrJson::Json => json(&TaskListDoc::new("next", target, &tasks))?,
    };
    let left = project.done(target).iter().filter(|done| !**done).count();
    let (stderr, code) = match (tasks.is_empty(), left) {
        (false, _) => (String::new(), Code::Ok),
        (true, 0) => (format!("every task is completed on target {target}\n"), Code::Ok),
        (true, left) => {
            let why = "none can start; `task-manager list` and `explain ID` say why";
            (format!("{} left on target {target}: {why}\n", count(left, "task")), Code::Outstanding)
        }
    };
    Ok(Answer { stdout, stderr, code })
}
