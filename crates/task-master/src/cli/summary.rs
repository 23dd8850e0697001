//! The last lines of a run.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use task_manager::Status;
use task_manager::exit::Code;
use task_master::engine::{End, RunReport};

use super::failure::Failure;
use super::progress::Shower;
use super::{jsonl, text};

/// Says how the run ended: its code, or what is to blame where it did not complete.
pub(super) fn end(shower: &Shower<'_>, report: &RunReport) -> Result<Code, Failure> {
    shower.json(|| jsonl::end(report));
    let target = shower.target();
    shower.text(|style, titles| {
        let mut said = String::new();
        let title = |id: &str| titles.get(id).cloned().unwrap_or_else(|| id.to_owned());
        let manual: Vec<&str> = report
            .tasks
            .iter()
            .filter(|task| task.end == End::Manual)
            .map(|task| task.task.as_str())
            .collect();
        if let Some(first) = manual.first() {
            let _ = writeln!(said, "\nManual, because the runbook does not bind them:");
            for task in &manual {
                let _ = writeln!(said, "  - {}", style.fold(&title(task), 4, 4));
            }
            let _ = writeln!(said, "\nOnce one is done, say so:\n  {}", update(first, &target));
        }
        if let Some(phase) = &report.bound_phase {
            let name = phase.split(':').next().unwrap_or(phase);
            let _ = writeln!(
                said,
                "\nThe first phase that it binds is {phase}: task-master execute-phase \"{name}\""
            );
        }
        for task in &report.tasks {
            if let End::Unknown(reason) = &task.end {
                let _ = writeln!(said, "\n{} needs a person: {reason}", title(&task.task));
            }
        }
        let _ = writeln!(said, "\n{}", style.bold(&counts(report)));
        if report.tasks.iter().any(|task| matches!(task.end, End::Failed { .. } | End::Interrupted)) {
            let resume = format!("task-master resume{}", on(&target));
            let _ = writeln!(said, "Go on with {}", style.status(Status::InProgress, &resume));
        }
        said
    });
    match report.code {
        code @ (Code::Ok | Code::Outstanding) => Ok(code),
        code => Err(Failure::Run { said: blame(report), code }),
    }
}

/// The first task that did not end well, and why, in one line.
fn blame(report: &RunReport) -> String {
    let blamed = report.tasks.iter().find_map(|task| {
        let (how, why) = match &task.end {
            End::Failed { reason, .. } => ("failed", reason.as_str()),
            End::Unknown(reason) => ("has an unknown outcome", reason.as_str()),
            End::Interrupted => return Some(format!("{} was interrupted", task.task)),
            _ => return None,
        };
        Some(format!("{} {how}: {}", task.task, why.lines().next().unwrap_or_default()))
    });
    blamed.unwrap_or_else(|| "the run was stopped before its end".to_owned())
}

/// The command that states a manual task to be done.
fn update(task: &str, target: &str) -> String {
    format!("task-manager update {task} completed --message \"what was done\"{}", on(target))
}

/// What names the target of a command, where it is not the default.
fn on(target: &str) -> String {
    if target == "sim" { String::new() } else { format!(" --target {target}") }
}

fn counts(report: &RunReport) -> String {
    let total = report.tasks.len();
    let good = report.tasks.iter().filter(|task| task.end.is_good()).count();
    let again = report.tasks.iter().filter(|task| matches!(task.end, End::StillSo(_))).count();
    if good == total && again == total {
        return format!("Nothing to do: {}", of_all(total, "completed and still so"));
    }
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let mut others: BTreeMap<&str, usize> = BTreeMap::new();
    for task in &report.tasks {
        match &task.end {
            End::Completed(evidence) | End::StillSo(Some(evidence)) => {
                *kinds.entry(evidence.name()).or_default() += 1;
            }
            End::StillSo(None) => {}
            End::Failed { .. } => *others.entry("failed").or_default() += 1,
            End::Interrupted => *others.entry("interrupted").or_default() += 1,
            End::Unknown(_) => *others.entry("unknown").or_default() += 1,
            End::Skipped(_) => *others.entry("skipped").or_default() += 1,
            End::Manual => *others.entry("manual").or_default() += 1,
        }
    }
    let list = |counts: BTreeMap<&str, usize>| {
        let parts: Vec<String> = counts.into_iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        parts.join(", ")
    };
    let kinds = if kinds.is_empty() { String::new() } else { format!(" ({})", list(kinds)) };
    let others = if others.is_empty() { String::new() } else { format!(", {}", list(others)) };
    let time = report.tasks.iter().map(|task| task.duration).sum();
    format!("{good} of {total} tasks completed{kinds}{others} in {}", text::seconds(time))
}

fn of_all(total: usize, what: &str) -> String {
    if total == 1 { format!("the task is {what}") } else { format!("all {total} tasks are {what}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_names_the_target_that_is_not_the_default() {
        assert_eq!((on("sim").as_str(), on("host").as_str()), ("", " --target host"));
        assert!(update("a/b", "context:x").ends_with("--message \"what was done\" --target context:x"));
    }
}
