//! The log for a person, one line an event.

use std::fmt::Write;

use super::style::{Style, pad, width};
use crate::event::{Event, Recorded, TaskOutcome};

/// Events as lines: number, time, who, what.
pub fn history<'a>(events: impl IntoIterator<Item = &'a Recorded> + Clone, style: Style) -> String {
    let actor = events.clone().into_iter().map(|recorded| width(&recorded.actor)).max().unwrap_or(0);
    let mut text = String::new();
    for Recorded { seq, at, actor: who, event } in events {
        let what = what(event).replace('\n', " ");
        let lead = format!("{seq:>5}  {:<24}  {}  ", at.to_string(), pad(who, actor));
        let what = style.fit(&what, width(&lead));
        let _ = writeln!(text, "{}{what}", style.dim(&lead));
    }
    text
}

fn what(event: &Event) -> String {
    let tail = |lead: &str, text: &Option<String>| {
        text.as_ref().map(|text| format!("{lead}{text}")).unwrap_or_default()
    };
    match event {
        Event::PlanParsed(plan) => format!(
            "plan of {} recorded: {} tasks, {} renamed, {} removed",
            plan.file,
            plan.tasks.len(),
            plan.renamed.len(),
            plan.removed.len()
        ),
        Event::RunStarted { run, target, holder } => format!("run {run} on {target} started by {holder}"),
        Event::RunFinished { run, outcome, reason, .. } => {
            format!("run {run} finished: {}{}", wire(outcome), tail("; ", reason))
        }
        Event::TaskStarted { task, target, attempt, .. } => {
            format!("{task} on {target}: attempt {attempt} started")
        }
        Event::StepIntended { task, step, what, .. } => format!("{task}: step {step} intended: {what}"),
        Event::StepSpawned { task, step, pid, .. } => format!("{task}: step {step} is process {pid}"),
        Event::StepFinished { task, step, outcome, detail, .. } => {
            format!("{task}: step {step} finished: {}{}", wire(outcome), tail("; ", detail))
        }
        Event::TaskFinished { task, target, attempt, outcome, evidence, reason, log, .. } => {
            let how = match outcome {
                TaskOutcome::Completed => "completed",
                TaskOutcome::Failed => "failed",
            };
            let (reason, log) = (tail(": ", reason), tail("; log ", log));
            format!("{task} on {target}: attempt {attempt} {how} ({evidence}){reason}{log}")
        }
        Event::TaskUnknown { task, target, reason, .. } => {
            format!("{task} on {target}: outcome unknown: {reason}")
        }
        Event::TaskInterrupted { task, target, reason, .. } => {
            format!("{task} on {target}: interrupted: {reason}")
        }
        Event::TaskSkipped { task, target, reason, .. } => format!("{task} on {target}: skipped: {reason}"),
        Event::TaskDrifted { task, target, reason, .. } => format!("{task} on {target}: drifted: {reason}"),
        Event::StatusStated { task, target, status, message, who } => {
            format!("{task} on {target}: {who} states {status}{}", tail(": ", message))
        }
        Event::Shown { ids, target, evidence, by, commit } => {
            let commit = tail(" at ", commit);
            format!("{by} on {target} showed ({evidence}){commit}: {}", ids.join(", "))
        }
    }
}

fn wire(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word.replace('_', " "),
        _ => String::new(),
    }
}
