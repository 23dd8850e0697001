//! The engine's events as lines for a person. Pure: text in, text out.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use task_manager::event::{StepOutcome, TaskOutcome};
use task_manager::render::Style;
use task_manager::{Event as Fact, Status};
use task_master::engine::Event;
use task_master::runner::Stream;

/// How much is said, and in what style.
#[derive(Debug, Clone, Copy)]
pub(super) struct How {
    pub(super) style: Style,
    pub(super) quiet: bool,
    pub(super) verbose: bool,
}

/// The lines of an event; empty for one that is not shown. Logs are below `state`.
pub(super) fn event(
    event: &Event,
    how: How,
    titles: &HashMap<String, String>,
    took: impl Fn(&str) -> Option<Duration>,
    state: &Path,
) -> String {
    let title = |task: &str| titles.get(task).cloned().unwrap_or_else(|| task.to_owned());
    let style = how.style;
    let good = |text: &str| style.status(Status::Completed, text);
    let line = match event {
        Event::Fact(Fact::TaskStarted { task, attempt, .. }) if !how.quiet => {
            let again = if *attempt > 1 { format!(" (attempt {attempt})") } else { String::new() };
            format!("\n{}{again}", style.bold(&title(task)))
        }
        Event::Step { what, .. } if how.verbose => style.dim(&format!("  · {what}")),
        Event::Line { stream, text, .. } if how.verbose => {
            let mark = if *stream == Stream::Out { "|" } else { "!" };
            style.dim(&format!("    {mark} {text}"))
        }
        Event::Retry { message, wait, .. } if !how.quiet => {
            format!("  {} {message}; again in {}", style.status(Status::InProgress, "↻"), seconds(*wait))
        }
        Event::Fact(Fact::StepFinished { outcome, detail, .. }) if !how.quiet => {
            let detail = detail.as_deref().unwrap_or_default();
            let lead = if *outcome == StepOutcome::AlreadySo { 16 } else { 4 };
            let lines: Vec<_> = detail
                .split('\n')
                .enumerate()
                .map(|(at, line)| style.fold(line, if at == 0 { lead } else { 6 }, 6))
                .collect();
            let detail = lines.join("\n      ");
            match outcome {
                StepOutcome::Done => format!("  {} {detail}", good("✓")),
                StepOutcome::AlreadySo => format!("  {} already so: {detail}", good("=")),
                StepOutcome::CheckedOnly => format!("  {} {detail}", style.status(Status::InProgress, "○")),
                StepOutcome::Failed
                | StepOutcome::TimedOut
                | StepOutcome::Interrupted
                | StepOutcome::Unknown => {
                    format!("  {} {detail}", style.bad("✗"))
                }
            }
        }
        Event::Fact(Fact::TaskFinished { task, outcome, evidence, reason, log, .. }) => {
            let time = took(task).map(|took| format!(" in {}", seconds(took))).unwrap_or_default();
            match outcome {
                TaskOutcome::Completed if how.quiet => return String::new(),
                TaskOutcome::Completed => format!("  {} ({evidence}){time}", good("completed")),
                TaskOutcome::Failed => {
                    let reason = reason.as_deref().unwrap_or_default();
                    let log = log
                        .as_deref()
                        .map(|log| format!("\n  log: {}", state.join(log).display()))
                        .unwrap_or_default();
                    let head = if how.quiet { format!("{}: ", title(task)) } else { "  ".to_owned() };
                    format!("{head}{}{time}: {reason}{log}", style.bad("failed"))
                }
            }
        }
        Event::Fact(Fact::TaskDrifted { task, reason, .. }) => {
            format!("\n{} is no longer so and is done again: {reason}", style.bold(&title(task)))
        }
        Event::Fact(Fact::TaskInterrupted { task, reason, .. }) => {
            format!("  {}: {} {reason}", title(task), style.status(Status::InProgress, "interrupted:"))
        }
        Event::Fact(Fact::TaskUnknown { task, reason, .. }) => {
            format!("  {} {}: {reason}", style.bad("unknown"), title(task))
        }
        Event::Fact(Fact::TaskSkipped { task, reason, .. }) if !how.quiet => {
            format!("\n{}\n  skipped: {reason}", style.bold(&title(task)))
        }
        Event::CannotLook { task, message } => format!("{} {}: {message}", style.bad("✗"), title(task)),
        Event::StillSo { task, seen } if !how.quiet => {
            format!("{} {} is completed and still so{}", good("="), title(task), also(how, seen))
        }
        _ => return String::new(),
    };
    format!("{line}\n")
}

fn also(how: How, seen: &str) -> String {
    if how.verbose && !seen.is_empty() { format!(": {seen}") } else { String::new() }
}

/// `0.12 s`.
pub(super) fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}
