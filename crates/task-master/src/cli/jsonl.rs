//! The engine's events as JSON, one object a line. The first line carries the version of the form; fields may
//! be added to it, anything else raises the version.

use jiff::Timestamp;
use prd_parser::Plan;
use serde_json::{Value, json};
use task_master::engine::{End, Event, Resolved, RunReport};
use task_master::runner::Stream;

/// The version of the form.
const VERSION: u32 = 1;

/// The first line.
pub(super) fn begin(what: &Resolved, plan: &Plan, target: &str) -> String {
    let tasks: Vec<&str> = what.tasks.iter().map(|task| plan.tasks[*task].id.as_str()).collect();
    let line = json!({
        "schemaVersion": VERSION,
        "kind": "selection",
        "label": what.label,
        "target": target,
        "tasks": tasks,
    });
    format!("{line}\n")
}

/// One event.
pub(super) fn event(at: Timestamp, event: &Event) -> String {
    let mut line = match event {
        Event::Fact(fact) => serde_json::to_value(fact).unwrap_or(Value::Null),
        Event::StillSo { task, seen } => json!({"kind": "still_so", "task": task, "seen": seen}),
        Event::CannotLook { task, message } => {
            json!({"kind": "cannot_look", "task": task, "message": message})
        }
        Event::Step { task, step, what } => json!({"kind": "step", "task": task, "step": step, "what": what}),
        Event::Line { task, stream, text } => {
            let stream = if *stream == Stream::Out { "stdout" } else { "stderr" };
            json!({"kind": "line", "task": task, "stream": stream, "text": text})
        }
        Event::Retry { task, step, message, wait } => json!({
            "kind": "retry", "task": task, "step": step, "message": message, "waitSeconds": wait.as_secs_f64(),
        }),
    };
    if let Some(fields) = line.as_object_mut() {
        fields.insert("at".to_owned(), json!(at.to_string()));
    }
    format!("{line}\n")
}

/// The last line.
pub(super) fn end(report: &RunReport) -> Value {
    let tasks: Vec<Value> = report
        .tasks
        .iter()
        .map(|task| {
            let (end, reason) = match &task.end {
                End::Completed(_) => ("completed", None),
                End::StillSo(_) => ("still_so", None),
                End::Failed { reason, .. } => ("failed", Some(reason)),
                End::Interrupted => ("interrupted", None),
                End::Unknown(reason) => ("unknown", Some(reason)),
                End::Skipped(reason) => ("skipped", Some(reason)),
                End::Manual => ("manual", None),
            };
            let evidence = match &task.end {
                End::Completed(evidence) => Some(evidence.name()),
                End::StillSo(evidence) => evidence.map(task_manager::Evidence::name),
                _ => None,
            };
            json!({
                "id": task.task,
                "end": end,
                "evidence": evidence,
                "reason": reason,
                "output": task.output,
                "seconds": task.duration.as_secs_f64(),
            })
        })
        .collect();
    json!({
        "kind": "result",
        "run": report.run,
        "outcome": report.outcome,
        "exitCode": report.code.number(),
        "tasks": tasks,
        "boundPhase": report.bound_phase,
    })
}
