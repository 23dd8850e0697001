//! Tasks for a person: a table, one task, why one cannot start.

use std::fmt::Write;

use super::style::{Style, count, pad, sign, width, word};
use crate::project::Place;
use crate::query::{Explanation, NeedView, TaskView};
use crate::status::{Evidence, Status};

/// The tasks as a table. An id is never cut, so that it can be copied; where the terminal is too narrow for the rest,
/// a title is cut, or left out, and then evidence and priority too. Where even the ids are too wide, they are listed
/// below their phases.
pub fn task_table(tasks: &[TaskView], style: Style) -> String {
    let id = tasks.iter().map(|task| width(&task.id)).max().unwrap_or(0).max(2);
    let before = |cells: usize| style.width.is_none_or(|width| cells + id <= width);
    if !before(STATUS) {
        return by_phase(tasks, style);
    }
    let wide = before(STATUS + MIDDLE);
    let titled = wide && before(STATUS + MIDDLE + SHORTEST_TITLE);
    let row = |[status, evidence, priority, name, title]: [&str; 5]| {
        let mut row = status.to_owned();
        if wide {
            let _ = write!(row, "{evidence:<9}  {priority:<8}  ");
        }
        let title = if titled { style.fit(title, STATUS + MIDDLE + id + 2) } else { String::new() };
        format!("{row}{}  {title}", pad(name, id)).trim_end().to_owned()
    };
    let heading = row([&pad("  STATUS", STATUS), "EVIDENCE", "PRIORITY", "ID", "TITLE"]);
    let mut text = format!("{}\n", style.bold(&heading));
    for task in tasks {
        let status = pad(&format!("{} {}", sign(task.status), word(task.status)), STATUS);
        let evidence = task.evidence.map_or("-", Evidence::name);
        let priority = task.priority.map_or("-", |priority| priority.as_str());
        let status = style.status(task.status, &status);
        let _ = writeln!(text, "{}", row([&status, evidence, priority, &task.id, &task.title]));
    }
    text
}

/// The tasks below the part of their ids that they share with their phase; each sign is explained at the end.
fn by_phase(tasks: &[TaskView], style: Style) -> String {
    let mut text = String::new();
    let mut last = None;
    for task in tasks {
        if last != Some(&task.phase_id) {
            last = Some(&task.phase_id);
            let _ = writeln!(text, "{}", style.bold(&format!("{}/", task.phase_id)));
        }
        let below = task.id.strip_prefix(task.phase_id.as_str()).and_then(|rest| rest.strip_prefix('/'));
        let sign = style.status(task.status, sign(task.status));
        let _ = writeln!(text, "  {sign} {}", below.unwrap_or(&task.id));
    }
    let legend = Status::ALL.map(|status| format!("{} {}", sign(status), word(status))).join("  ");
    let _ = writeln!(text, "{}", style.dim(&style.fold(&legend, 0, 0)));
    text
}

/// Cells of a table's first column.
const STATUS: usize = 15;
/// Cells of the columns between status and id.
const MIDDLE: usize = 21;
/// A title that would have to be shorter is left out.
const SHORTEST_TITLE: usize = 12;

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
    let open = match need.open_count {
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
        let more = need.open_count.saturating_sub(need.open.len());
        for (id, status) in &need.open {
            let sign = style.status(*status, &format!("{} {:<11}", sign(*status), word(*status)));
            let _ = writeln!(text, "    {sign}  {id}");
        }
        if more > 0 {
            let _ = writeln!(text, "    and {more} more");
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

#[cfg(test)]
mod tests {
    use super::*;

    fn table(width: Option<usize>) -> String {
        let task = TaskView {
            place: 0,
            id: "release/deploy".into(),
            title: "Deploy the application to the cluster".into(),
            phase: "Phase 2: Release".into(),
            phase_id: "release".into(),
            priority: Some(prd_parser::Priority::High),
            line: 1,
            status: Status::Completed,
            reason: None,
            evidence: Some(Evidence::Live),
            attempts: 1,
            since: None,
            log: None,
            dependencies: Vec::new(),
        };
        task_table(&[task], Style { colour: false, width })
    }

    #[test]
    fn a_narrow_terminal_loses_the_title_first_and_never_the_id() {
        insta::assert_snapshot!(table(None), @r#"
  STATUS       EVIDENCE   PRIORITY  ID              TITLE
✓ completed    live       High      release/deploy  Deploy the application to the cluster
"#);
        insta::assert_snapshot!(table(Some(66)), @r#"
  STATUS       EVIDENCE   PRIORITY  ID              TITLE
✓ completed    live       High      release/deploy  Deploy the ap…
"#);
        insta::assert_snapshot!(table(Some(60)), @r#"
  STATUS       EVIDENCE   PRIORITY  ID
✓ completed    live       High      release/deploy
"#);
        insta::assert_snapshot!(table(Some(40)), @r#"
  STATUS       ID
✓ completed    release/deploy
"#);
        insta::assert_snapshot!(table(Some(25)), @r#"
release/
  ✓ deploy
· pending  ▸ in progress
✓ completed  ✗ failed
"#);
    }
}
