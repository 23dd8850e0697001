//! Any text: no panic, no checkbox lost, every box where the plan says it is.
//!
//! `cargo +nightly fuzz run parse -- -max_total_time=300` from the folder that holds `fuzz/`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|source: &str| {
    let parsed = prd_parser::parse(source);
    let (plan, tally) = (&parsed.plan, parsed.tally);
    assert_eq!(tally.checkboxes, tally.tasks + tally.requirements + tally.criteria + tally.ignored);
    assert_eq!(tally.ignored, parsed.diagnostics.iter().map(|found| found.checkboxes).sum::<usize>());
    let items = plan.requirements.iter().chain(&plan.criteria).map(|item| (&item.id, item.box_at, item.span));
    let tasks = plan.tasks.iter().map(|task| (&task.id, task.box_at, task.span));
    let mut ids = std::collections::HashSet::new();
    for (id, box_at, span) in tasks.chain(items) {
        assert!(ids.insert(id), "two items with the same id");
        assert_eq!(&source.as_bytes()[box_at - 1..box_at], b"[");
        assert_eq!(&source.as_bytes()[box_at + 1..box_at + 2], b"]");
        assert!(source.get(span.start..span.end).is_some(), "a span inside a character");
    }
    let known = prd_parser::identity::known_tasks(plan);
    assert!(prd_parser::identity::compare(&known, &known).is_empty(), "a document differs from itself");
});
