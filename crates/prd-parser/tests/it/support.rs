//! What several modules need.

use prd_parser::{Parsed, parse};

/// The PRD of this repository.
pub(crate) const PRD: &str = include_str!("../../../../PRD.md");

/// Parses, and asserts what has to hold for every input.
pub(crate) fn checked(source: &str) -> Parsed {
    let parsed = parse(source);
    assert_invariants(source, &parsed);
    parsed
}

/// What has to hold for every input.
pub(crate) fn assert_invariants(source: &str, parsed: &Parsed) {
    let plan = &parsed.plan;
    let tally = parsed.tally;
    assert_eq!(
        tally.checkboxes,
        tally.tasks + tally.requirements + tally.criteria + tally.ignored,
        "{source:?}"
    );
    assert_eq!(tally.ignored, parsed.diagnostics.iter().map(|d| d.checkboxes).sum::<usize>(), "{source:?}");
    assert_eq!(tally.tasks, plan.tasks.len());
    assert_eq!(tally.requirements, plan.requirements.len());
    assert_eq!(tally.criteria, plan.criteria.len());
    let bytes = source.as_bytes();
    let ends = (0..bytes.len())
        .filter(|&at| bytes[at] == b'\n' || (bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n')));
    let ends: Vec<_> = ends.collect();
    let mut ids = std::collections::HashSet::new();
    let items = plan.requirements.iter().chain(&plan.criteria);
    let items = items.map(|i| (&i.id, i.box_at, i.checked, i.span, i.line, &i.title));
    let tasks = plan.tasks.iter().map(|t| (&t.id, t.box_at, t.checked, t.span, t.line, &t.title));
    for (id, box_at, checked, span, line, title) in tasks.chain(items) {
        assert!(ids.insert(id.clone()), "two items with id {id:?} in {source:?}");
        assert!(!id.is_empty() && !title.is_empty() && !title.contains('\n'), "{source:?}");
        assert_eq!(&source[box_at - 1..box_at], "[", "{source:?}");
        assert_eq!(&source[box_at + 1..box_at + 2], "]", "{source:?}");
        assert_eq!(checked, matches!(source.as_bytes()[box_at], b'x' | b'X'), "{source:?}");
        assert!(span.start <= box_at && box_at < span.end, "{span:?} {box_at} {source:?}");
        assert!(source.get(span.start..span.end).is_some(), "{source:?}");
        assert_eq!(line as usize, ends.partition_point(|end| *end < box_at) + 1, "{source:?}");
    }
    let mut phases = std::collections::HashSet::new();
    for phase in &plan.phases {
        assert!(phases.insert(&phase.id), "two phases with id {:?} in {source:?}", phase.id);
        assert!(source.get(phase.span.start..phase.span.end).is_some(), "{source:?}");
    }
    for task in &plan.tasks {
        assert!(task.phase < plan.phases.len());
        for edge in &task.dependencies {
            let known =
                if edge.origin.names_phase() { phases.contains(&edge.on) } else { ids.contains(&edge.on) };
            assert!(known, "{edge:?} in {source:?}");
        }
    }
    for edge in plan.phases.iter().flat_map(|phase| &phase.dependencies) {
        assert!(edge.origin.names_phase() && phases.contains(&edge.on), "{edge:?} in {source:?}");
    }
    for found in &parsed.diagnostics {
        assert!(prd_parser::diagnostic::codes::ALL.contains(&found.code), "{}", found.code);
        assert!(source.get(found.span.start..found.span.end).is_some(), "{found:?} in {source:?}");
    }
    let no_tasks = parsed.diagnostics.iter().any(|d| d.code == "no-tasks");
    assert_eq!(no_tasks, plan.tasks.is_empty(), "{source:?}");
}
