//! What the reference says of the operator's verbs, held against the code and its tests.

#![expect(clippy::unwrap_used, reason = "a test whose document cannot be read has failed")]

use rollouts_client::access;

use crate::bench::root;

/// The rows of the tables with so many columns in a document, cell by cell, without heads and rules.
fn rows(document: &str, columns: usize) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(root().join("docs/reference").join(document)).unwrap();
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let lines: Vec<&str> = text.lines().collect();
    let (mut found, mut of_this_table) = (Vec::new(), false);
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with('|')) {
        if lines.get(index + 1).is_some_and(|next| next.starts_with("|--")) {
            of_this_table = cells(line).len() == columns;
        } else if of_this_table && !line.starts_with("|--") {
            found.push(cells(line));
        }
    }
    found
}

#[test]
fn the_rules_of_each_verb_are_documented_as_they_are() {
    let mut expected = Vec::new();
    for access in access::ALL {
        for rule in access.rules {
            let group = if rule.group.is_empty() { "core" } else { rule.group };
            let scope = if rule.cluster { "cluster" } else { "namespace" };
            let when = if rule.when.is_empty() { "always" } else { rule.when };
            let row = [access.verb, group, rule.resource, rule.verb, scope, when];
            expected.push(row.map(str::to_owned).to_vec());
        }
    }
    assert_eq!(rows("rbac.md", 6), expected);
}

/// A row of the feature table names its proof: `FILE::TEST`, or several of them.
#[test]
fn each_row_of_the_feature_table_names_tests_that_exist() {
    let rows = rows("rollout-verbs.md", 4);
    assert!(rows.len() > 20, "{} rows", rows.len());
    for row in rows {
        let [feature, _, state, proof] = row.as_slice() else { panic!("{row:?}") };
        assert!(["met", "beaten", "not yet", "not ours"].contains(&state.as_str()), "{feature}: {state}");
        let named: Vec<&str> = proof.split('`').filter(|part| part.contains("::")).collect();
        let proven = ["met", "beaten"].contains(&state.as_str());
        assert_eq!(proven, !named.is_empty(), "{feature} is {state}: {proof}");
        for test in named {
            let (file, name) = test.split_once("::").unwrap();
            let path = root().join("crates").join(file);
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let at = text.find(&format!("fn {name}(")).unwrap_or_else(|| panic!("{feature}: no test {test}"));
            let before: Vec<&str> = text[..at].lines().rev().take(4).collect();
            assert!(before.iter().any(|line| line.contains("test")), "{feature}: {test} is no test");
        }
    }
}
