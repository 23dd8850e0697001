//! The report for a person at a terminal.

use std::fmt::Write;

use super::style::{Style, pad, sign, width, word};
use crate::query::TaskView;
use crate::report::{Counts, Report};
use crate::shown::{ItemView, Level};
use crate::state::Showing;
use crate::status::{Evidence, Status};

/// Cells of a bar.
const BAR: usize = 20;

/// The report as text. Every bar stands beside its figures, every colour beside a word.
pub fn report_text(report: &Report, style: Style) -> String {
    let mut text = String::new();
    head(&mut text, report, style);
    bars(&mut text, report, style);
    sums(&mut text, report, style);
    tasks(&mut text, "Failed", &report.failed, report, style);
    tasks(&mut text, "Unfinished", &report.unfinished, report, style);
    next(&mut text, report, style);
    items(&mut text, "Requirements", &report.requirements, style);
    items(&mut text, "Criteria", &report.criteria, style);
    text
}

fn head(text: &mut String, report: &Report, style: Style) {
    if let Some(title) = &report.title {
        let _ = writeln!(text, "{}", style.bold(&style.fit(title, 0)));
    }
    let commit = report.commit.as_deref().map_or("unknown (evidence cannot go stale)", short);
    let place = format!("{} · target {} · commit {commit}", report.file, report.target);
    let _ = writeln!(text, "{}\n", style.fold(&place, 0, 2));
}

/// One line a phase. On a narrow terminal, what the bar's signs say in words goes first, then the priority, then the
/// end of the phase's name.
fn bars(text: &mut String, report: &Report, style: Style) {
    let longest = report.phases.iter().map(|phase| width(&phase.label)).max().unwrap_or(0).max(5);
    let room = style.width.map_or(usize::MAX, |cells| cells.saturating_sub(AROUND_BAR));
    let with_priority = longest + PRIORITY <= room;
    let label = longest.min(room.max(SHORTEST_LABEL));
    let cut = Style { width: Some(label), ..style };
    let mut line = |name: &str, priority: &str, counts: &Counts, bold: bool| {
        let name = pad(&cut.fit(name, 0), label);
        let name = if bold { style.bold(&name) } else { name };
        let done = counts.status(Status::Completed);
        let percent = (done * 100).checked_div(counts.all).unwrap_or(0);
        let figures = format!("{:>7} {percent:>3} %", format!("{done}/{}", counts.all));
        let bar = bar(counts, style);
        let priority = if with_priority { format!("{priority:<8}  ") } else { String::new() };
        let used = AROUND_BAR + label + if with_priority { PRIORITY } else { 0 };
        let kinds = kinds(counts);
        let kinds = if style.width.is_none_or(|cells| used + 2 + width(&kinds) <= cells) {
            kinds
        } else {
            String::new()
        };
        let line = format!("  {name}  {priority}{bar} {figures}  {kinds}");
        let _ = writeln!(text, "{}", line.trim_end());
    };
    for phase in &report.phases {
        let priority = phase.priority.map_or("", |priority| priority.as_str());
        line(&phase.label, priority, &phase.counts, false);
    }
    line("Total", "", &report.totals.tasks, true);
    // A sign stays on the line of its word.
    let legend = ["█ live", "▓ simulated", "▒ static", "░ stated", "✗ failed", "· open"].join("  ");
    let under = 4 + label + if with_priority { PRIORITY } else { 0 };
    let fits = style.width.is_none_or(|cells| under + width(&legend) <= cells);
    let under = if fits { under } else { 2 };
    let tied = legend.replace("  ", "\n").replace(' ', "\u{a0}").replace('\n', "  ");
    let legend = style.fold(&tied, under, under).replace('\u{a0}', " ");
    let _ = writeln!(text, "{}{}\n", " ".repeat(under), style.dim(&legend));
}

/// Cells of a line of a bar beside the phase's name, the priority and what the signs say in words.
const AROUND_BAR: usize = 2 + 2 + BAR + 1 + 13;
/// Cells of the priority's column.
const PRIORITY: usize = 8 + 2;
/// A phase's name is not cut to less.
const SHORTEST_LABEL: usize = 8;

/// The parts of a bar: completed by evidence, failed, open. A part that is there gets a cell, however small, and a bar
/// without a gap has nothing open.
fn bar(counts: &Counts, style: Style) -> String {
    let evidence = |evidence| (counts.evidence(evidence), Some(evidence));
    let parts: Vec<(usize, Option<Evidence>)> =
        Evidence::ALL.map(evidence).into_iter().chain([(counts.status(Status::Failed), None)]).collect();
    let open = counts.all - parts.iter().map(|(count, _)| count).sum::<usize>();
    let mut left = BAR - usize::from(open > 0);
    let mut shares: Vec<usize> = Vec::with_capacity(parts.len());
    for (count, _) in &parts {
        let share = (count * BAR).checked_div(counts.all).unwrap_or(0).max(usize::from(*count > 0)).min(left);
        left -= share;
        shares.push(share);
    }
    let open_cells = if open > 0 { left + 1 } else { 0 };
    if let Some(last) = shares.iter_mut().rfind(|share| **share > 0).filter(|_| open == 0) {
        // Shares are rounded down.
        *last += left;
    }
    let cells = parts.iter().zip(&shares).map(|((_, ground), share)| match ground {
        Some(Evidence::Live) => style.evidence(Evidence::Live, &"█".repeat(*share)),
        Some(Evidence::Simulated) => style.evidence(Evidence::Simulated, &"▓".repeat(*share)),
        Some(Evidence::Static) => style.evidence(Evidence::Static, &"▒".repeat(*share)),
        Some(Evidence::Stated) => style.evidence(Evidence::Stated, &"░".repeat(*share)),
        None => style.bad(&"✗".repeat(*share)),
    });
    let bar = cells.collect::<String>() + &style.dim(&"·".repeat(open_cells));
    if counts.all == 0 { " ".repeat(BAR) } else { bar }
}

/// `7 simulated, 1 static, 1 failed`; only what there is.
fn kinds(counts: &Counts) -> String {
    let completed = Evidence::ALL.into_iter().map(|evidence| (counts.evidence(evidence), evidence.name()));
    let others = [Status::Failed, Status::InProgress].map(|status| (counts.status(status), word(status)));
    let named: Vec<_> = completed
        .chain(others)
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    named.join(", ")
}

fn sums(text: &mut String, report: &Report, style: Style) {
    let counts = &report.totals.tasks;
    let by_evidence: Vec<_> = Evidence::ALL
        .into_iter()
        .map(|evidence| format!("{} {evidence}", counts.evidence(evidence)))
        .collect();
    let mut line = |line: &str| {
        let _ = writeln!(text, "{}", style.fold(line, 0, 2));
    };
    line(&format!(
        "{} tasks: {} completed ({}), {} in progress, {} failed, {} pending",
        counts.all,
        counts.status(Status::Completed),
        by_evidence.join(", "),
        counts.status(Status::InProgress),
        counts.status(Status::Failed),
        counts.status(Status::Pending),
    ));
    for (name, [live, simulated, not]) in
        [("requirements", report.totals.requirements), ("criteria", report.totals.criteria)]
    {
        let all = live + simulated + not;
        line(&format!(
            "{all} {name}: {live} shown live, {simulated} shown on the simulator only, {not} not shown"
        ));
    }
}

fn tasks(text: &mut String, heading: &str, tasks: &[TaskView], report: &Report, style: Style) {
    if tasks.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{}", style.bold(heading));
    for task in tasks {
        let _ = writeln!(text, "  {} {}", style.status(task.status, sign(task.status)), task.id);
        let began = || match task.since {
            Some(since) => format!("attempt {} under way since {since}", task.attempts),
            None => word(task.status).to_owned(),
        };
        let reason = task.reason.as_ref().map_or_else(began, ToString::to_string);
        for line in reason.lines() {
            let _ = writeln!(text, "      {}", style.fold(line, 6, 6));
        }
        if let Some(log) = &task.log {
            let _ = writeln!(text, "      log: {}", report.state.join(log).display());
        }
    }
}

fn next(text: &mut String, report: &Report, style: Style) {
    let _ = writeln!(text, "\n{}", style.bold("Next"));
    let counts = &report.totals.tasks;
    if report.next.is_empty() {
        let nothing = if counts.status(Status::Completed) == counts.all {
            "nothing: every task is completed"
        } else {
            "nothing can start: see `task-manager explain ID` for each task that is left"
        };
        let _ = writeln!(text, "  {}", style.fold(nothing, 2, 2));
    }
    for task in &report.next {
        let _ = writeln!(text, "  {}", task.id);
    }
}

fn items(text: &mut String, heading: &str, items: &[ItemView], style: Style) {
    let title = items.iter().map(|item| width(&item.title)).max().unwrap_or(0);
    let mut section = None;
    for item in items {
        if section != Some(&item.section) {
            section = Some(&item.section);
            let name = style.fold(&item.section, width(heading) + 2, 2);
            let _ = writeln!(text, "\n{}: {name}", style.bold(heading));
        }
        let (mark, level) = match item.level {
            Level::Live => ("●", "live"),
            Level::Simulated => ("◐", "simulator"),
            Level::Not => ("○", "not shown"),
        };
        let level = style.level(item.level, &format!("{mark} {}", pad(level, 9)));
        let whole = grounds(item, |id| id);
        let name = style.fold(&item.title, BEFORE_ITEM, BEFORE_ITEM);
        let beside = style.width.is_none_or(|cells| BEFORE_ITEM + title + width(&whole) <= cells);
        let _ = match whole.as_str() {
            "" => writeln!(text, "  {level}  {name}"),
            grounds if beside => writeln!(text, "  {level}  {}{}", pad(&name, title), style.dim(grounds)),
            _ => {
                let shorter = grounds(item, |id| id.rsplit_once('/').map_or(id, |(_, end)| end));
                let below = style.fold(shorter.trim_start(), BEFORE_ITEM, BEFORE_ITEM);
                writeln!(text, "  {level}  {name}\n{:BEFORE_ITEM$}{}", "", style.dim(&below))
            }
        };
    }
}

/// Cells before the title of a requirement or criterion.
const BEFORE_ITEM: usize = 15;

/// What shows an item, with the ids of tasks as `name` has them.
fn grounds(item: &ItemView, name: impl Fn(&str) -> &str) -> String {
    let named = |showing: &Showing| {
        let commit = showing.commit.as_deref().map_or("no commit", short);
        format!("{} on {}, {commit}", name(&showing.by), showing.target)
    };
    let by = item.by.as_ref().map(|showing| format!("  by {}", named(showing)));
    let stale =
        item.stale.as_ref().map(|showing| format!("  stale: {} by {}", showing.evidence, named(showing)));
    by.into_iter().chain(stale).collect()
}

/// A commit as a person writes it.
pub(super) fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_shows_every_part_and_a_gap_only_where_something_is_open() {
        // Tasks in all, completed live, simulated, static, stated, failed.
        let table = [
            ([0, 0, 0, 0, 0, 0], "                    "),
            ([8, 0, 0, 0, 0, 0], "····················"),
            ([8, 0, 7, 1, 0, 0], "▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▒▒▒"),
            ([8, 8, 0, 0, 0, 0], "████████████████████"),
            ([8, 2, 2, 2, 2, 0], "█████▓▓▓▓▓▒▒▒▒▒░░░░░"),
            ([8, 0, 1, 0, 1, 1], "▓▓░░✗✗··············"),
            ([1000, 1, 1, 1, 1, 1], "█▓▒░✗···············"),
            ([1000, 999, 0, 0, 0, 0], "███████████████████·"),
            ([1000, 999, 0, 0, 0, 1], "███████████████████✗"),
        ];
        for ([all, live, simulated, fixed, stated, failed], expected) in table {
            let completed = live + simulated + fixed + stated;
            let counts = Counts {
                all,
                by_status: [all - completed - failed, 0, completed, failed],
                by_evidence: [live, simulated, fixed, stated],
            };
            assert_eq!(bar(&counts, Style::default()), expected);
        }
    }
}
