//! The report as a page, and its verdicts as lines for the terminal.

use std::fmt::Write;

use super::doc::{ReportDoc, ScenarioDoc, Verdict};

/// The verdicts, one a line.
pub(super) fn verdicts(report: &ReportDoc) -> Vec<String> {
    let line = |verdict: &Verdict| {
        format!("{} {:<34} {:<28} {}", mark(verdict.holds), verdict.promise, verdict.found, verdict.bound)
    };
    report.verdicts.iter().map(line).collect()
}

/// The whole page.
pub(super) fn page(report: &ReportDoc) -> String {
    let mut page = String::new();
    let passed = report.scenarios.iter().filter(|scenario| scenario.passed).count();
    let unverified = report.scenarios.iter().filter(|scenario| !scenario.verified).count();
    let unverified = match unverified {
        0 => String::new(),
        number => format!(" {number} of them are unverified: only the simulator has shown them."),
    };
    // Writing to a String cannot fail.
    let _ = writeln!(
        page,
        "# End to end on `{}`: {passed} of {} scenarios passed\n\nSuite {}, {:.0} s, commit `{}`; requests are {}. \
         Load average {} at the beginning, {} at the end.{unverified}\n",
        report.target,
        report.scenarios.len(),
        report.suite,
        report.seconds,
        report.commit,
        report.measured,
        report.load_average[0],
        report.load_average[1],
    );
    page.push_str("| | Promise | Found | Bound |\n|---|---|---|---|\n");
    for Verdict { promise, found, bound, holds } in &report.verdicts {
        let _ = writeln!(page, "| {} | {promise} | {found} | {bound} |", mark(*holds));
    }
    page.push_str(
        "\n## Scenarios\n\n| | Scenario | Time | Requests | Lost | Switches |\n|---|---|---|---|---|---|\n",
    );
    for scenario in &report.scenarios {
        page.push_str(&row(scenario));
    }
    measures(report, &mut page);
    page.push_str("\n## Pictures\n");
    for scenario in &report.scenarios {
        for load in &scenario.loads {
            let _ = writeln!(page, "\n![{}: {}]({})", scenario.title, load.host, load.picture);
        }
    }
    page.push_str("\n## Versions\n\n");
    for (name, version) in &report.versions {
        let _ = writeln!(page, "- {name} {version}");
    }
    page
}

fn row(scenario: &ScenarioDoc) -> String {
    let sent: u64 = scenario.loads.iter().map(|load| load.account.sent).sum();
    let lost: u64 = scenario.loads.iter().map(|load| load.account.lost).sum();
    let control = if scenario.loads.iter().any(|load| load.control) { " (control)" } else { "" };
    let switches: Vec<String> = scenario
        .loads
        .iter()
        .flat_map(|load| &load.switches)
        .take(6)
        .map(|switch| format!("`{}` {} → {} {:.2} s", switch.command, switch.from, switch.to, switch.seconds))
        .collect();
    let verified = if scenario.verified { "" } else { " (unverified)" };
    let mut row = format!(
        "| {} | {}{verified} | {:.0} s | {sent} | {lost}{control} | {} |\n",
        mark(Some(scenario.passed)),
        scenario.name,
        scenario.seconds,
        switches.join("<br>"),
    );
    if let Some(error) = &scenario.error {
        let _ = writeln!(row, "| | {} | | | | |", error.replace('\n', "<br>").replace('|', "\\|"));
    }
    row
}

fn measures(report: &ReportDoc, page: &mut String) {
    if report.measures.is_empty() {
        return;
    }
    page.push_str("\n## Measured\n\n| What | Times | Median | Slowest |\n|---|---|---|---|\n");
    for measure in &report.measures {
        let seconds = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3} s"));
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} |",
            measure.name,
            measure.seconds.len(),
            seconds(measure.median()),
            seconds(measure.slowest())
        );
    }
}

fn mark(holds: Option<bool>) -> &'static str {
    match holds {
        Some(true) => "✓",
        Some(false) => "✗",
        None => "-",
    }
}
