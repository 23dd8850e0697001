//! The report for a page: a pull request, a job summary, a wiki.

use std::fmt::Write;

use super::report_text::short;
use super::style::{sign, word};
use crate::report::Report;
use crate::shown::{ItemView, Level};
use crate::status::{Evidence, Status};

/// The report as Markdown, with tables and no colour.
pub fn report_markdown(report: &Report) -> String {
    let mut text = String::new();
    let counts = &report.totals.tasks;
    let title = report.title.as_deref().unwrap_or("Report");
    let commit = report.commit.as_deref().map_or("unknown", short);
    let _ = writeln!(text, "# {title}\n\n`{}`, target `{}`, commit `{commit}`\n", report.file, report.target);
    text.push_str("| Phase | Priority | Completed | Live | Simulated | Static | Stated | Failed |\n");
    text.push_str("|---|---|---:|---:|---:|---:|---:|---:|\n");
    let total = ("**Total**".to_owned(), "", counts);
    let rows = report.phases.iter().map(|phase| {
        (cell(&phase.label), phase.priority.map_or("", |priority| priority.as_str()), &phase.counts)
    });
    for (name, priority, counts) in rows.chain([total]) {
        let by = Evidence::ALL.map(|evidence| counts.evidence(evidence).to_string()).join(" | ");
        let (done, failed) = (counts.status(Status::Completed), counts.status(Status::Failed));
        let _ = writeln!(text, "| {name} | {priority} | {done}/{} | {by} | {failed} |", counts.all);
    }
    for phase in &report.phases {
        let _ = writeln!(text, "\n## {}\n", phase.label);
        text.push_str("| | Status | Evidence | Task | Id |\n|---|---|---|---|---|\n");
        for task in &phase.tasks {
            let evidence = task.evidence.map_or("", Evidence::name);
            let reason = task.reason.as_ref().map(|reason| format!(" ({})", cell(&reason.to_string())));
            let log = task.log.as_ref().filter(|_| task.status == Status::Failed);
            let log =
                log.map(|log| format!("; log `{}`", cell(&report.state.join(log).display().to_string())));
            let _ = writeln!(
                text,
                "| {} | {}{}{} | {evidence} | {} | `{}` |",
                sign(task.status),
                word(task.status),
                reason.unwrap_or_default(),
                log.unwrap_or_default(),
                cell(&task.title),
                task.id
            );
        }
    }
    if !report.next.is_empty() {
        text.push_str("\n## Next\n\n");
        report.next.iter().for_each(|task| {
            let _ = writeln!(text, "- `{}`", task.id);
        });
    }
    items(&mut text, "Requirements", &report.requirements);
    items(&mut text, "Criteria", &report.criteria);
    text
}

fn items(text: &mut String, heading: &str, items: &[ItemView]) {
    if items.is_empty() {
        return;
    }
    let count = |level| items.iter().filter(|item| item.level == level).count();
    let _ = writeln!(
        text,
        "\n## {heading}\n\n{} shown live, {} shown on the simulator only, {} not shown.\n",
        count(Level::Live),
        count(Level::Simulated),
        count(Level::Not)
    );
    let _ = writeln!(text, "| Section | {heading} | Shown | By |\n|---|---|---|---|");
    for item in items {
        let by = item.by.as_ref().map(|by| cell(&format!("{} on {}", by.by, by.target)));
        let stale =
            item.stale.as_ref().map(|stale| format!("stale: {} by {}", stale.evidence, cell(&stale.by)));
        let by = by.or(stale).unwrap_or_default();
        let (section, title) = (cell(&item.section), cell(&item.title));
        let _ = writeln!(text, "| {section} | {title} | {} | {by} |", item.level.label());
    }
}

/// Text as it can stand in a table's cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}
