//! Edits of the PRD at every line: the count follows each edit, and by exactly one.

use prd_parser::{Tally, parse};

use crate::support::{PRD, checked};

fn total(tally: Tally) -> usize {
    tally.tasks + tally.requirements + tally.criteria + tally.ignored
}

/// In how many of the four counts two tallies differ by one; any other difference is a failure.
fn steps(before: Tally, after: Tally) -> usize {
    let counts = |t: Tally| [t.tasks, t.requirements, t.criteria, t.ignored];
    let differences = counts(before).into_iter().zip(counts(after)).map(|(a, b)| a.abs_diff(b));
    differences.inspect(|difference| assert!(*difference <= 1, "{before:?} {after:?}")).sum()
}

#[test]
fn a_checkbox_added_at_any_line_counts_once() {
    let before = parse(PRD).tally;
    let lines: Vec<_> = PRD.split_inclusive('\n').collect();
    for at in 0..=lines.len() {
        let edited = format!("{}- [ ] Something new\n{}", lines[..at].concat(), lines[at..].concat());
        let after = checked(&edited).tally;
        assert_eq!(total(after), total(before) + 1, "line {}", at + 1);
        assert_eq!(steps(before, after), 1, "line {}: {after:?}", at + 1);
    }
}

#[test]
fn a_checkbox_deleted_at_any_line_is_missed_once() {
    let before = parse(PRD).tally;
    let lines: Vec<_> = PRD.split_inclusive('\n').collect();
    let mut deleted = 0;
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.contains("- [ ]")) {
        let without_line = format!("{}{}", lines[..at].concat(), lines[at + 1..].concat());
        let without_box =
            format!("{}{}{}", lines[..at].concat(), line.replace("[ ] ", ""), lines[at + 1..].concat());
        for edited in [without_line, without_box] {
            let after = checked(&edited).tally;
            assert_eq!(total(after), total(before) - 1, "line {}", at + 1);
            assert_eq!(steps(before, after), 1, "line {}: {after:?}", at + 1);
        }
        deleted += 1;
    }
    assert_eq!(deleted, 81);
}

#[test]
fn a_box_ticked_at_any_line_changes_one_item_and_no_id() {
    let before = parse(PRD).plan;
    let boxes = before.tasks.iter().map(|t| t.box_at).chain(before.requirements.iter().map(|i| i.box_at));
    for box_at in boxes.chain(before.criteria.iter().map(|i| i.box_at)) {
        let edited = format!("{}x{}", &PRD[..box_at], &PRD[box_at + 1..]);
        let mut after = checked(&edited).plan;
        let tasks = after.tasks.iter_mut().map(|t| (&mut t.checked, t.box_at));
        let items =
            after.requirements.iter_mut().chain(&mut after.criteria).map(|i| (&mut i.checked, i.box_at));
        for (checked, at) in tasks.chain(items) {
            assert_eq!(std::mem::replace(checked, false), at == box_at);
        }
        assert_eq!(after, before);
    }
}
