//! Edges: where they come from, and what is refused.

use prd_parser::{Origin, Severity};

use crate::support::checked;

/// Edges of all tasks as `task after on (origin line)`.
fn edges(source: &str) -> Vec<String> {
    let plan = checked(source).plan;
    let of = |task: &prd_parser::Task| {
        let id = task.id.clone();
        task.dependencies
            .iter()
            .map(move |d| format!("{id} after {} ({} {})", d.on, d.origin, d.line))
            .collect::<Vec<_>>()
    };
    plan.tasks.iter().flat_map(of).collect()
}

fn problems(source: &str) -> Vec<(Severity, &'static str, u32)> {
    checked(source).diagnostics.iter().map(|d| (d.severity, d.code, d.line)).collect()
}

#[test]
fn explicit_forms_make_explicit_edges() {
    for (body, expected) in [
        ("- [ ] T001 a\n- [ ] T002 b (depends on T001)\n", "T002 after T001 (explicit 3)"),
        ("- [ ] a\n- [ ] b (depends on a)\n", "tasks/b after tasks/a (explicit 3)"),
        ("- [ ] a\n- [ ] b\n  (depends on **A**)\n", "tasks/b after tasks/a (explicit 4)"),
        ("- [ ] a\n- [ ] b\n  - Depends on: a\n", "tasks/b after tasks/a (explicit 4)"),
        ("- [ ] a\n- [ ] b\n  - **Depends on**: tasks/a\n", "tasks/b after tasks/a (explicit 4)"),
        (
            "- [ ] Build, ship and run\n- [ ] b (depends on Build, ship and run)\n",
            "tasks/b after tasks/build-ship-and-run (explicit 3)",
        ),
        ("- [ ] a 🆔 q1\n- [ ] b ⛔ q1\n", "tasks/b after q1 (explicit 3)"),
        ("- [ ] a\n  - [ ] b\n", "tasks/a after tasks/a/b (parent 3)"),
    ] {
        assert_eq!(edges(&format!("## Tasks\n{body}")), [expected], "{body}");
    }
    assert_eq!(edges("## Tasks\n- [ ] a\n- [ ] b\n- [ ] c (depends on a, b)\n").len(), 2);
    assert_eq!(edges("## Tasks\n- [ ] a\n- [ ] b\n- [ ] c (depends on a and b)\n").len(), 2);
    assert_eq!(edges("## Tasks\n- [ ] a\n- [ ] c (depends on a, a)\n").len(), 1);
    assert!(edges("## Tasks\n- [ ] a (depends on none)\n- [ ] b\n  - Depends on: —\n").is_empty());
}

#[test]
fn the_same_phase_wins_over_the_same_title_elsewhere() {
    let phases = "## Phase 1: A\n- [ ] chart\n## Phase 2: B\n- [ ] chart\n- [ ] test (depends on chart)\n";
    assert_eq!(edges(phases), ["b/test after b/chart (explicit 5)"]);
    let third = format!("{phases}## Phase 3: C\n- [ ] go (depends on chart)\n");
    assert_eq!(problems(&third), [(Severity::Error, "ambiguous-dependency", 7)]);
}

#[test]
fn phases_can_be_barriers() {
    let phases =
        "## Phase 1: A\n- [ ] a\n## Phase 2: B\n- [ ] b\n## Phase 3: C\n- [ ] c\n\n## Dependencies\n\n";
    let edges = |text: &str| {
        let plan = checked(&format!("{phases}{text}")).plan;
        plan.phases[2].dependencies.iter().map(|d| (d.on.clone(), d.origin, d.line)).collect::<Vec<_>>()
    };
    let edge = |on: &str, origin, line| (on.to_owned(), origin, line);
    assert_eq!(edges(""), [edge("b", Origin::Order, 5)]);
    assert_eq!(edges("- Phase 3 depends on Phase 2 (charts)\n"), [edge("b", Origin::Phase, 10)]);
    let both = [edge("a", Origin::Phase, 10), edge("b", Origin::Order, 5)];
    assert_eq!(edges("- **Phase 3** depends on Phase 1\n"), both);
    assert_eq!(edges("Phase 3 depends on A.\n"), both);
    let inside = "## Phase 1: A\n- [ ] a\n## Phase 2: B\n**Depends on**: Phase 1\n\n- [ ] b\n";
    assert_eq!(checked(inside).plan.phases[1].dependencies[0].origin, Origin::Phase);
}

#[test]
fn a_task_can_wait_for_a_phase_by_number_or_by_section() {
    let source = "## 6. Implementation\n### Phase 1: A\n- [ ] a\n### Phase 2: B\n- [ ] b (depends on Phase 1)\n- [ ] c (depends on section 6 Phase 1)\n";
    assert_eq!(edges(source), ["b/b after a (phase 5)", "b/c after a (reference 6)"]);
}

#[test]
fn what_leads_nowhere_is_an_error_with_its_line() {
    use Severity::{Error, Warning};
    for (body, expected) in [
        ("- [ ] a (depends on T9)\n", (Error, "unknown-dependency", 2)),
        ("- [ ] a\n  - Depends on: T9\n", (Error, "unknown-dependency", 3)),
        ("- [ ] a\n  - depends on the weather\n", (Warning, "unresolved-reference", 3)),
        ("- [ ] a (depends on Phase 9)\n", (Error, "unknown-dependency", 2)),
        ("- [ ] a\n\nPhase 9 depends on Phase 8\n", (Error, "unknown-dependency", 4)),
        ("- [ ] T001 a\n- [ ] T002 b\n- [ ] c (depends on T001–T002)\n", (Error, "unread-dependency", 4)),
        ("- [ ] T001 a\n- [ ] T001 b\n", (Error, "duplicate-id", 3)),
    ] {
        assert_eq!(problems(&format!("## Tasks\n{body}")).first(), Some(&expected), "{body}");
    }
}

#[test]
fn a_cycle_keeps_all_its_edges_for_the_graph_to_report() {
    let source = "## Tasks\n- [ ] T001 a (depends on T002)\n- [ ] T002 b (depends on T001)\n";
    assert_eq!(edges(source).len(), 2);
    assert!(problems(source).is_empty());
}
