//! What a terminal of few columns shows: no line is wider than it, but for an id or a path, which stays whole.

use task_manager::report::report;
use task_manager::{Filters, Place, Project, query, render};

use crate::output::used;

#[test]
fn no_line_is_wider_than_the_terminal_but_an_id_that_stands_alone() {
    let bench = used();
    let project = Project::open(Place { prd: bench.path("PRD.md"), state: bench.state() }).unwrap();
    let tasks = query::tasks(&project, "sim", &Filters::default()).unwrap();
    for cells in [50, 60, 80, 100, 120, 160] {
        let style = render::Style { colour: false, width: Some(cells) };
        let shown =
            [render::report_text(&report(&project, "sim", None), style), render::task_table(&tasks, style)];
        for line in shown.iter().flat_map(|text| text.lines()) {
            let longest = line.split_whitespace().map(render::width).max().unwrap_or(0);
            let beside = render::width(line.trim_start()) - longest;
            assert!(render::width(line) <= cells || beside <= "log: ".len(), "{cells}: {line}");
        }
    }
}

#[test]
fn a_report_for_sixty_columns_keeps_figures_and_evidence() {
    let bench = used();
    let project = Project::open(Place { prd: bench.path("PRD.md"), state: bench.state() }).unwrap();
    let style = render::Style { colour: false, width: Some(60) };
    let text = render::report_text(&report(&project, "sim", None), style);
    let lines: Vec<&str> = text.lines().collect();
    insta::assert_snapshot!(lines[4..12].join("\n"), @r#"
  Phase 1: Infrastructu…  ····················     0/6   0 %
  Phase 2: Blue-Green I…  ▓▓░░✗✗··············     2/8  25 %
  Phase 3: Canary Imple…  ····················     0/9   0 %
  Phase 4: Task Managem…  ····················     0/3   0 %
  Phase 5: Documentatio…  ····················     0/7   0 %
  Phase 6: Testing & Va…  ····················     0/6   0 %
  Total                   ▓░✗·················    2/39   5 %
  █ live  ▓ simulated  ▒ static  ░ stated  ✗ failed  · open
"#);
    let shown = lines.iter().position(|line| line.contains("simulator  Instant")).unwrap();
    insta::assert_snapshot!(lines[shown..shown + 2].join("\n"), @r#"
  ◐ simulator  Instant rollback capability
               by test-rollback-workflow on sim, no commit
"#);
}
