//! Ids survive edits, and what changed its id is found again.

use prd_parser::identity::{Changes, compare, known_items, known_tasks};
use proptest::prelude::*;
use proptest::sample::{Index, subsequence};

use crate::support::{PRD, checked};

fn changes(before: &str, after: &str) -> Changes {
    compare(&known_tasks(&checked(before).plan), &known_tasks(&checked(after).plan))
}

fn ids(source: &str) -> Vec<String> {
    checked(source).plan.tasks.into_iter().map(|task| task.id).collect()
}

/// Titles of one phase, all different.
const TITLES: [&str; 8] = [
    "Install Argo CD",
    "Create the chart",
    "Überprüfung der Größe",
    "Test `rollback` now",
    "任务管理",
    "Write **docs**",
    "Install Prometheus",
    "T012 Named by hand",
];

fn document(titles: &[&str]) -> String {
    format!("## Phase 1: Work\n{}", titles.iter().map(|title| format!("- [ ] {title}\n")).collect::<String>())
}

/// An edit that touches no title.
#[derive(Debug, Clone)]
enum Edit {
    Reindent(usize),
    Marker(&'static str),
    Tick(Index),
    Emphasise(Index),
    CarriageReturns,
    Detail(Index),
    Renumber(u32),
    Priority,
    Insert(Index),
    Depend,
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (0..4_usize).prop_map(Edit::Reindent),
        prop_oneof![Just("*"), Just("+"), Just("1."), Just("2)")].prop_map(Edit::Marker),
        any::<Index>().prop_map(Edit::Tick),
        any::<Index>().prop_map(Edit::Emphasise),
        Just(Edit::CarriageReturns),
        any::<Index>().prop_map(Edit::Detail),
        (2..99_u32).prop_map(Edit::Renumber),
        Just(Edit::Priority),
        any::<Index>().prop_map(Edit::Insert),
        Just(Edit::Depend),
    ]
}

fn apply(edit: &Edit, source: &str) -> String {
    let mut lines: Vec<String> = source.lines().map(str::to_owned).collect();
    let boxes: Vec<_> = (0..lines.len()).filter(|&at| lines[at].contains("] ")).collect();
    let chosen = |index: &Index| boxes[index.index(boxes.len())];
    match edit {
        Edit::Reindent(by) => boxes.iter().for_each(|&at| lines[at].insert_str(0, &" ".repeat(*by))),
        Edit::Marker(marker) => boxes.iter().for_each(|&at| lines[at] = lines[at].replacen('-', marker, 1)),
        Edit::Tick(index) => lines[chosen(index)] = lines[chosen(index)].replace("[ ]", "[x]"),
        Edit::Emphasise(index) => {
            let line = &lines[chosen(index)];
            let (head, title) = line.split_once("] ").expect("a box");
            let title = title.replace(['*', '`'], "");
            lines[chosen(index)] = format!("{head}] **{title}**");
        }
        Edit::CarriageReturns => return source.replace('\n', "\r\n"),
        Edit::Detail(index) => lines.insert(chosen(index) + 1, "  - some detail".to_owned()),
        Edit::Renumber(number) => lines[0] = format!("## Phase {number}: Work"),
        Edit::Priority => lines[0].push_str(" (Priority: High)"),
        Edit::Insert(index) => lines.insert(chosen(index), "- [ ] Something quite new".to_owned()),
        Edit::Depend => lines[boxes[0]].push_str(" (depends on T012)"),
    }
    lines.join("\n") + "\n"
}

proptest! {
    #[test]
    fn no_edit_around_a_title_changes_its_id(
        titles in subsequence(&TITLES[..], 1..8).prop_shuffle(),
        edit in edit(),
    ) {
        let before = document(&titles);
        let after = apply(&edit, &before);
        let (old, new) = (ids(&before), ids(&after));
        for id in &old {
            prop_assert!(new.contains(id), "{} is gone: {:?}", id, new);
        }
        let changes = changes(&before, &after);
        prop_assert!(changes.removed.is_empty() && changes.renamed.is_empty() && changes.moved.is_empty());
        prop_assert_eq!(changes.kept.len(), old.len());
    }

    #[test]
    fn order_changes_no_id(titles in Just(TITLES.to_vec()).prop_shuffle()) {
        let (mut before, mut after) = (ids(&document(&TITLES)), ids(&document(&titles)));
        before.sort();
        after.sort();
        prop_assert_eq!(before, after);
    }

    #[test]
    fn a_split_phase_keeps_the_ids_above_and_carries_the_tasks_below(at in 1..8_usize) {
        let before = document(&TITLES);
        let lines: Vec<_> = before.split_inclusive('\n').collect();
        let after = format!("{}\n## Phase 2: Rest\n{}", lines[..=at].concat(), lines[at + 1..].concat());
        let (old, new) = (ids(&before), ids(&after));
        prop_assert_eq!(&old[..at], &new[..at]);
        let changes = changes(&before, &after);
        prop_assert!(changes.added.is_empty() && changes.removed.is_empty() && changes.renamed.is_empty());
        prop_assert_eq!(changes.moved.len() + changes.kept.len(), TITLES.len());
        prop_assert!(changes.moved.iter().all(|carried| !carried.proposed && carried.from.title == carried.to.title));
    }

    #[test]
    fn everything_is_in_exactly_one_list(
        before in proptest::collection::vec("[a-c]{1,2}( [a-c]{1,2}){0,3}", 0..12),
        after in proptest::collection::vec("[a-c]{1,2}( [a-c]{1,2}){0,3}", 0..12),
    ) {
        let text = |titles: &[String]| {
            titles.iter().enumerate().map(|(i, t)| format!("{}- [ ] {t}\n", if i % 4 == 0 { format!("## Phase {i}: P{}\n", i % 8) } else { String::new() })).collect::<String>()
        };
        let (before, after) = (known_tasks(&checked(&text(&before)).plan), known_tasks(&checked(&text(&after)).plan));
        let Changes { kept, added, renamed, moved, removed, .. } = compare(&before, &after);
        let carried = || renamed.iter().chain(&moved);
        let mut old: Vec<_> = kept.iter().chain(&removed).map(|k| k.id.clone()).chain(carried().map(|c| c.from.id.clone())).collect();
        let mut new: Vec<_> = kept.iter().chain(&added).map(|k| k.id.clone()).chain(carried().map(|c| c.to.id.clone())).collect();
        let (mut before, mut after): (Vec<_>, Vec<_>) = (before.into_iter().map(|k| k.id).collect(), after.into_iter().map(|k| k.id).collect());
        for list in [&mut old, &mut new, &mut before, &mut after] {
            list.sort();
        }
        prop_assert_eq!((old, new), (before, after));
    }
}

#[test]
fn the_same_document_is_kept_whole() {
    let changes = changes(PRD, PRD);
    assert!(changes.is_empty() && changes.changed.is_empty());
    assert_eq!(changes.kept.len(), 39);
    let items = known_items(&checked(PRD).plan);
    assert_eq!(compare(&items, &items).kept.len(), 42);
}

#[test]
fn a_renamed_phase_carries_its_tasks_even_where_titles_repeat() {
    let after = PRD.replace("### Phase 2: Blue-Green Implementation", "### Phase 2: Blue and Green");
    let changes = changes(PRD, &after);
    assert_eq!((changes.moved.len(), changes.kept.len()), (8, 31));
    assert!(changes.added.is_empty() && changes.removed.is_empty());
    let chart = changes
        .moved
        .iter()
        .find(|c| c.from.id == "blue-green-implementation/create-helm-chart")
        .expect("moved");
    assert_eq!(chart.to.id, "blue-and-green/create-helm-chart");
}

#[test]
fn a_similar_title_is_a_proposal_and_a_rival_makes_it_none() {
    let changes_of = |before: &str, after: &str| changes(&document(&[before]), &document(&[after]));
    let renamed = changes_of("Install Argo CD server", "Install the Argo CD server");
    assert_eq!((renamed.renamed.len(), renamed.renamed[0].proposed), (1, true));
    assert_eq!(renamed.certain().count(), 0);
    let other = changes_of("Install Argo CD server", "Write the guide");
    assert_eq!((other.added.len(), other.removed.len()), (1, 1));
    let rivals = changes(
        &document(&["Install Argo CD server"]),
        &document(&["Install Argo CD", "Install Argo server"]),
    );
    assert_eq!((rivals.added.len(), rivals.removed.len(), rivals.renamed.len()), (2, 1, 0));
}

#[test]
fn an_id_given_to_a_task_later_carries_its_state() {
    let changes = changes("## Tasks\n- [ ] Build\n", "## Tasks\n- [ ] Build <!-- id: b1 -->\n");
    assert_eq!(changes.certain().collect::<Vec<_>>(), [("tasks/build", "b1")]);
}

#[test]
fn a_changed_detail_is_named() {
    let changes = changes(PRD, &PRD.replace("  - Parse markdown files", "  - Parse Markdown and Org files"));
    assert_eq!(changes.changed, ["task-management-system/implement-prd-parser-python"]);
    assert!(changes.is_empty());
}
