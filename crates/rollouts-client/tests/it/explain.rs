//! The documented causes are those that are known.

use rollouts_client::explain::causes;

#[test]
fn the_document_lists_each_cause_and_no_other() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/explain.md");
    let text = std::fs::read_to_string(path).expect("the document");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"));
    let documented: Vec<(&str, &str)> = rows.filter_map(|row| row.split_once("` | ")).collect();
    let known: Vec<(&str, &str)> = causes().map(|cause| (cause.name, cause.about)).collect();
    assert_eq!(documented, known);
}
