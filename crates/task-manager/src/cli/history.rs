//! `history`: the log.

use task_manager::doc::HistoryDoc;
use task_manager::render;

use super::failure::Failure;
use super::{Answer, Context, TextOrJson, json};

/// Arguments of `history`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only events about this task, under whatever id it had; on every target
    id: Option<String>,
    /// The form
    #[arg(short, long, value_enum, default_value_t = TextOrJson::Text)]
    output: TextOrJson,
}

/// Runs the command. No event is no error: it is a history too.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Answer, Failure> {
    let project = context.project()?;
    let id = match &args.id {
        Some(typed) => Some(project.plan().tasks[project.task(typed)?].id.clone()),
        None => None,
    };
    let about = |task: Option<&str>| match &id {
        Some(id) => task.is_some_and(|task| project.state().current_id(task) == id),
        None => true,
    };
    let events = project.events().iter().filter(|recorded| about(recorded.event.task()));
    let stdout = match args.output {
        TextOrJson::Text => render::history(events.clone(), context.style),
        TextOrJson::Json => json(&HistoryDoc::new(events))?,
    };
    let stderr = if stdout.is_empty() { "nothing has happened yet\n".to_owned() } else { String::new() };
    Ok(Answer { stderr, ..Answer::ok(stdout) })
}
