//! Whatever looks like a checkbox is an item or is accounted for by a diagnostic.

use prd_parser::Severity;

use crate::support::checked;

/// Codes and counts of the diagnostics that account for checkboxes.
fn ignored(source: &str) -> Vec<(&'static str, Severity, usize)> {
    let found = checked(source).diagnostics;
    found.iter().filter(|d| d.checkboxes > 0).map(|d| (d.code, d.severity, d.checkboxes)).collect()
}

#[test]
fn what_is_no_item_is_reported_where_it_stands() {
    use Severity::{Note, Warning};
    for (body, expected) in [
        ("- [] a", ("checkbox-near-miss", Warning, 1)),
        ("- [ ]a", ("checkbox-near-miss", Warning, 1)),
        ("- [ ]\u{a0}a", ("checkbox-near-miss", Warning, 1)),
        ("- [\u{a0}] a", ("checkbox-near-miss", Warning, 1)),
        ("- [✓] a", ("checkbox-near-miss", Warning, 1)),
        ("- [x ] a", ("checkbox-near-miss", Warning, 1)),
        ("-[ ] a", ("checkbox-near-miss", Warning, 1)),
        ("[ ] a", ("checkbox-near-miss", Warning, 1)),
        ("• [ ] a", ("checkbox-near-miss", Warning, 1)),
        ("### [ ] a", ("checkbox-near-miss", Warning, 1)),
        ("- **[ ] a**", ("checkbox-near-miss", Warning, 1)),
        ("- [ ]", ("checkbox-without-text", Warning, 1)),
        ("- [ ] <!-- nothing -->", ("checkbox-without-text", Warning, 1)),
        ("    - [ ] a\n    - [ ] b", ("checkbox-in-code", Warning, 2)),
        ("```\n- [ ] a\n- [ ] b\n```", ("checkbox-in-code", Note, 2)),
        ("```\n- [ ] a\n- [ ] b\n- [ ] c", ("unclosed-fence", Warning, 3)),
        ("~~~\n- [ ] a\n```", ("unclosed-fence", Warning, 1)),
        ("<details>\n- [ ] a\n</details>", ("checkbox-in-html", Warning, 1)),
        ("<!--\n- [ ] a\n-->", ("checkbox-in-html", Warning, 1)),
        ("| a | b |\n|---|---|\n| [ ] | c |\n| [x] | d |", ("checkbox-in-table", Warning, 2)),
        ("- [ ] a\n  ===", ("checkbox-not-a-list-item", Warning, 1)),
        ("## Notes\n- [ ] a\n- [x] b", ("checkbox-outside-region", Warning, 2)),
    ] {
        assert_eq!(ignored(&format!("## Tasks\n\n{body}\n")), [expected], "{body:?}");
    }
}

#[test]
fn an_unknown_symbol_is_an_open_item_and_a_warning() {
    for symbol in ['~', '-', '/', '!', '1'] {
        let parsed = checked(&format!("## Tasks\n- [{symbol}] a\n"));
        assert_eq!((parsed.plan.tasks.len(), parsed.plan.tasks[0].checked), (1, false));
        assert_eq!(parsed.diagnostics[0].code, "unknown-box-symbol");
    }
}

#[test]
fn the_common_dialects_are_items() {
    for body in [
        "* [ ] a",
        "+ [x] a",
        "1. [ ] a",
        "1) [X] a",
        "> - [ ] a",
        "   - [ ] a",
        "-\t[ ]\ta",
        "- [ ]\n  a",
        "- 1. [ ] a",
    ] {
        let parsed = checked(&format!("## Tasks\n\n{body}\n"));
        assert_eq!((parsed.tally.tasks, parsed.tally.ignored), (1, 0), "{body:?}");
        assert_eq!(parsed.plan.tasks[0].title, "a");
    }
}

#[test]
fn a_link_definition_called_x_hides_no_item() {
    let parsed = checked("## Tasks\n- [x] a\n\n[x]: /url\n");
    assert_eq!(parsed.plan.tasks[0].title, "a");
}

#[test]
fn no_task_at_all_is_an_error_that_says_what_was_seen() {
    for (source, seen) in [
        ("", "no tasks: saw 0 headings, 0 checkbox lines, 0 requirements and 0 criteria"),
        (
            "# A\n\n1. one\n2. two\n",
            "no tasks: saw 1 heading, 0 checkbox lines, 0 requirements and 0 criteria",
        ),
        (
            "# A\n## Requirements\n- [ ] a\n",
            "no tasks: saw 2 headings, 1 checkbox line, 1 requirement and 0 criteria",
        ),
    ] {
        let found = checked(source).diagnostics;
        let error = found.iter().find(|d| d.code == "no-tasks").expect("the error");
        assert_eq!((error.severity, error.message.as_str()), (Severity::Error, seen));
    }
}

#[test]
fn a_comment_chooses_the_region() {
    let parsed = checked(
        "<!-- prd:tasks -->\n\n- [ ] a\n\n# Other\n- [ ] b\n\n## More\n<!-- prd:criteria -->\n- [ ] c\n",
    );
    assert_eq!((parsed.tally.tasks, parsed.tally.criteria, parsed.tally.ignored), (2, 1, 0));
    let parsed = checked("# Other\n\n<!-- prd:tasks -->\n\n- [ ] b\n\n## More\n- [ ] c\n");
    assert_eq!(parsed.tally.tasks, 2);
}

#[test]
fn phases_are_the_headings_that_say_so_else_the_nearest() {
    let titles = |source: &str| checked(source).plan.phases.into_iter().map(|p| p.title).collect::<Vec<_>>();
    assert_eq!(titles("## Phase 1: A\n### Part\n- [ ] a\n### Other\n- [ ] b\n"), ["A"]);
    assert_eq!(titles("## Tasks\n- [ ] a\n### Part\n- [ ] b\n"), ["Tasks", "Part"]);
    assert_eq!(titles("# Tasks\n## 1. Setup\n- [ ] 1.1 a\n## 2. Go\n- [ ] 2.1 b\n"), ["Setup", "Go"]);
    assert_eq!(titles("## Phase 1: A\n## Phase 2: B\n- [ ] b\n"), ["A", "B"]);
    assert_eq!(titles("## Phase 1: A\n- [ ] a\n### Acceptance criteria\n- [ ] c\n"), ["A"]);
}
