//! Tasks for a person: a table, one task, why one cannot start.

use std::fmt::Write;

use super::style::{Style, count, pad, sign, width, word};
use crate::project::Place;
use crate::query::{Explanation, NeedView, TaskView};
use crate::status::{Evidence, Status};

/// The tasks as a table. An id is never cut, so that it can be copied; a title is where the terminal is narrow.
pub fn task_table(tasks: &[TaskView], style: Style) -> String {
    let longest = |of: &dyn Fn(&TaskView) -> usize| tasks.iter().map(of).max().unwrap_or(0);
    let id = longest(&|task| width(&task.id)).max(2);
    let priority = longest(&|task| task.priority.map_or(1, |priority| priority.as_str().len())).max(8);
    let heading =
        format!("  {:<11}  {:<9}  {:<priority$}  {}  TITLE", "STATUS", "EVIDENCE", "PRIORITY", pad("ID", id));
    let mut text = format!("{}\n", style.bold(&style.fit(&heading, 0)));
    let used = 2 + 11 + 2 + 9 + 2 + priority + 2 + id + 2;
    for task in tasks {
        let status = style.status(task.status, &format!("{} {:<11}", sign(task.status), word(task.status)));
        let evidence = task.evidence.map_or("-", Evidence::name);
        let of = task.priority.map_or("-", |priority| priority.as_str());
        let line = format!(
            "{status}  {evidence:<9}  {of:<priority$}  {}  {}",
            pad(&task.id, id),
            style.fit(&task.title, used)
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// The tasks that can start, one a line, with what is not plain about them.
pub fn next(tasks: &[TaskView], style: Style) -> String {
    let mut text = String::new();
    for task in tasks {
        let note = match (&task.reason, task.status) {
            (Some(reason), _) => format!("  ({reason})"),
            (None, Status::Pending) => String::new(),
            (None, status) => format!("  ({})", word(status)),
        };
        let note = style.dim(&style.fit(note.lines().next().unwrap_or_default(), width(&task.id)));
        let _ = writeln!(text, "{}{note}", task.id);
    }
    text
}

/// One task with everything that is known about it.
pub fn task(task: &TaskView, details: &[String], place: &Place, style: Style) -> String {
    let mut text = format!("{}\n", style.bold(&task.title));
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name:<10}  {value}");
    };
    line("id", &task.id);
    line("phase", &task.phase);
    line("priority", task.priority.map_or("-", |priority| priority.as_str()));
    line("where", &format!("{}:{}", place.prd.display(), task.line));
    let status = format!("{} {}", sign(task.status), word(task.status));
    let since = task.since.map(|since| format!(" since {since}")).unwrap_or_default();
    line("status", &format!("{}{since}", style.status(task.status, &status)));
    if let Some(reason) = &task.reason {
        line("reason", &reason.to_string().replace('\n', "\n              "));
    }
    line("evidence", task.evidence.map_or("-", Evidence::name));
    line("attempts", &task.attempts.to_string());
    let log = task.log.as_ref().map(|log| place.state.join(log).display().to_string());
    line("log", log.as_deref().unwrap_or("-"));
    let needs = task.dependencies.iter().map(need).collect::<Vec<_>>().join("\n              ");
    line("needs", if needs.is_empty() { "nothing" } else { &needs });
    for detail in details {
        let _ = writeln!(text, "  - {detail}");
    }
    text
}

fn need(need: &NeedView) -> String {
    let open = match need.open.len() {
        0 => "satisfied".to_owned(),
        1 if need.open.first().is_some_and(|(id, _)| *id == need.on) => {
            need.open.first().map_or("", |(_, status)| word(*status)).to_owned()
        }
        open => format!("{open} of its tasks are not completed"),
    };
    format!("{} ({}, line {}): {open}", need.on, need.origin, need.line)
}

/// Why a task can or cannot start.
pub fn explanation(found: &Explanation, target: &str, file: &str, style: Style) -> String {
    let mut text = String::new();
    let verdict = if found.can_start() { "can start" } else { "cannot start" };
    let _ = writeln!(text, "{} {verdict} on target {target}.", style.bold(&found.task.id));
    let status = word(found.task.status);
    let _ = match (&found.condition, &found.task.reason) {
        (Some(why), Some(reason)) => writeln!(text, "  It is {status} ({reason}): {why}."),
        (Some(why), None) => writeln!(text, "  It is {status}: {why}."),
        (None, Some(reason)) => writeln!(text, "  It is {status} ({reason})."),
        (None, None) => writeln!(text, "  It is {status}."),
    };
    for need in &found.open {
        let _ =
            writeln!(text, "  It waits for {} ({} dependency, {file}:{}):", need.on, need.origin, need.line);
        for (id, status) in &need.open {
            let sign = style.status(*status, &format!("{} {:<11}", sign(*status), word(*status)));
            let _ = writeln!(text, "    {sign}  {id}");
        }
    }
    if found.open.is_empty() {
        let _ = match found.task.dependencies.len() {
            0 => writeln!(text, "  The PRD states no dependency of it."),
            1 => writeln!(text, "  The one thing that it needs is completed."),
            all => writeln!(text, "  All {all} things that it needs are completed."),
        };
        if found.can_start() && found.earlier_open > 0 {
            let _ = writeln!(
                text,
                "  Earlier in the document, and not completed: {}. That orders, and does not block.",
                count(found.earlier_open, "task")
            );
        }
    }
    text
}
