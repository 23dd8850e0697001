//! Order, readiness and cycles, on plans as the parser reads them.

use task_manager::graph::{Graph, GraphError};

fn graph(prd: &str) -> Result<Graph, GraphError> {
    Graph::new(&prd_parser::parse(prd).plan)
}

fn cycle(prd: &str) -> String {
    graph(prd).unwrap_err().to_string()
}

#[test]
fn where_nothing_decides_the_document_does() {
    let plan = prd_parser::parse(crate::bench::SMALL).plan;
    assert_eq!(Graph::new(&plan).unwrap().order(), [0, 1, 2, 3]);
    let shipped = prd_parser::parse(&std::fs::read_to_string(crate::bench::shipped_prd()).unwrap()).plan;
    let order: Vec<usize> = (0..39).collect();
    assert_eq!(Graph::new(&shipped).unwrap().order(), order);
}

#[test]
fn a_task_comes_after_what_it_needs_and_ready_is_only_what_waits_for_nothing() {
    let graph =
        graph("# P\n\n## Tasks\n\n### Phase 1: A\n- [ ] Last (depends on First)\n- [ ] First\n- [ ] Other\n")
            .unwrap();
    assert_eq!(graph.order(), [1, 0, 2]);
    assert_eq!(graph.ready(&[false, false, false]), [false, true, true]);
    assert_eq!(graph.ready(&[false, true, false]), [true, true, true]);
}

#[test]
fn a_phase_that_needs_a_phase_waits_for_all_of_its_tasks() {
    let graph = graph(crate::bench::SMALL).unwrap();
    assert_eq!(graph.ready(&[false, false, false, false]), [true, false, false, false]);
    assert_eq!(graph.ready(&[true, false, false, false]), [true, true, false, false]);
    assert_eq!(graph.ready(&[true, true, false, false]), [true, true, true, false]);
}

#[test]
fn a_cycle_names_its_whole_way_with_lines_and_origins() {
    insta::assert_snapshot!(
        cycle("# P\n\n## Tasks\n\n### Phase 1: A\n- [ ] One (depends on Three)\n- [ ] Two (depends on One)\n- [ ] Three (depends on Two)\n- [ ] Four (depends on Three)\n"),
        @"the dependencies form a cycle: a/one → a/three (explicit, line 6) → a/two (explicit, line 8) → a/one (explicit, line 7)"
    );
}

#[test]
fn of_several_cycles_the_shortest_is_named() {
    for needs in ["Two, Four", "Four, Two"] {
        let prd = format!(
            "# P\n\n## Tasks\n\n### Phase 1: A\n- [ ] One (depends on {needs})\n- [ ] Two (depends on Three)\n\
             - [ ] Three (depends on One)\n- [ ] Four (depends on One)\n"
        );
        let found = cycle(&prd);
        assert!(found.ends_with(": a/one → a/four (explicit, line 6) → a/one (explicit, line 9)"), "{found}");
    }
}

#[test]
fn a_task_that_needs_itself_is_a_cycle() {
    insta::assert_snapshot!(
        cycle("# P\n\n## Tasks\n\n### Phase 1: A\n- [ ] One (depends on One)\n"),
        @"the dependencies form a cycle: a/one → a/one (explicit, line 6)"
    );
}

#[test]
fn a_cycle_through_phases_names_them() {
    insta::assert_snapshot!(
        cycle("# P\n\n## Tasks\n\n### Phase 1: A\n- [ ] One (depends on Two)\n\n### Phase 2: B\nPhase 2 depends on Phase 1.\n- [ ] Two\n"),
        @"the dependencies form a cycle: a/one → b/two (explicit, line 6) → a (phase, line 9) → a/one (phase holds task, line 6)"
    );
}

/// A chain that would overflow the stack of anything recursive, and a fan that would be slow if it were quadratic.
#[test]
fn ten_thousand_tasks_in_a_chain_with_three_needs_each_are_ordered() {
    let mut prd = String::from("# P\n\n## Tasks\n\n### Phase 1: A\n");
    for task in 0..10_000usize {
        let needs: Vec<_> =
            (1..=3).filter_map(|back| task.checked_sub(back)).map(|on| format!("T{on:05}")).collect();
        let needs =
            if needs.is_empty() { String::new() } else { format!(" (depends on {})", needs.join(", ")) };
        prd.push_str(&format!("- [ ] T{task:05} work{needs}\n"));
    }
    let plan = prd_parser::parse(&prd).plan;
    let edges: usize = plan.tasks.iter().map(|task| task.dependencies.len()).sum();
    assert_eq!((plan.tasks.len(), edges), (10_000, 29_994));
    let graph = Graph::new(&plan).unwrap();
    let order: Vec<usize> = (0..10_000).collect();
    assert_eq!(graph.order(), order);
    let mut done = vec![false; 10_000];
    assert_eq!(graph.ready(&done).iter().filter(|ready| **ready).count(), 1);
    done[0] = true;
    assert!(graph.ready(&done)[1]);
}
