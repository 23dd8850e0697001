//! `docs/reference/prd-map.md` beside `PRD.md`: each bullet has its row in the same order, and each row names what is
//! there. Pure functions of both texts and of a look at the repository.

use std::path::Path;

use clap::Parser;
use comrak::nodes::{Node, NodeValue};
use comrak::{Arena, Options, parse_document};

use crate::run::{self, Error};

const MAP: &str = "docs/reference/prd-map.md";

/// What is wrong with the shipped map.
///
/// # Errors
/// A document that cannot be read.
pub(super) fn findings() -> Result<Vec<String>, Error> {
    let root = run::root();
    let (prd, map) = (run::read_file(&root.join("PRD.md"))?, run::read_file(&root.join(MAP))?);
    Ok(compare(&prd, &map, &|name| problem(&root, name)))
}

/// A bullet, or the first cell of a row, under its heading.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    heading: String,
    text: String,
}

/// A row of the map.
#[derive(Debug)]
struct Row {
    entry: Entry,
    /// What its cells name, by code marks: where, and what shows it.
    named: [Vec<String>; 2],
    /// The words of the last cell.
    said: String,
}

fn compare(prd: &str, map: &str, problem: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let (bullets, rows) = (bullets(prd), rows(map));
    let mut findings = Vec::new();
    for (bullet, row) in bullets.iter().zip(&rows) {
        if *bullet != row.entry {
            let Entry { heading, text } = bullet;
            let other = &row.entry.text;
            findings.push(format!("{MAP}: {heading}: where a row for {text:?} belongs stands {other:?}"));
            // All that follows is off by one.
            return findings;
        }
    }
    if bullets.len() != rows.len() {
        findings.push(format!("{MAP}: {} rows for {} bullets of PRD.md", rows.len(), bullets.len()));
    }
    for Row { entry: Entry { heading, text }, named: [places, shown], said } in &rows {
        let mut say = |what: &str| findings.push(format!("{MAP}: {heading}: {text}: {what}"));
        // One that nothing shows has to say so.
        let admitted = ["not there: ", "nothing to build: "].iter().any(|words| said.starts_with(words));
        if places.is_empty() {
            say("names no file");
        }
        if shown.is_empty() && !admitted {
            say("names nothing that shows it");
        }
        places.iter().chain(shown).filter_map(|name| problem(name)).for_each(|what| say(&what));
    }
    findings
}

/// Every list item of a document outside of code, with its own text alone.
fn bullets(markdown: &str) -> Vec<Entry> {
    under_headings(markdown, |heading, node| {
        if !matches!(node.data().value, NodeValue::Item(_)) {
            return None;
        }
        let text = node.first_child().map(plain).unwrap_or_default();
        let text = text.strip_prefix("[ ] ").or(text.strip_prefix("[x] ")).unwrap_or(&text);
        Some(Entry { heading: heading.to_owned(), text: text.to_owned() })
    })
}

fn rows(markdown: &str) -> Vec<Row> {
    under_headings(markdown, |heading, node| {
        if !matches!(node.data().value, NodeValue::TableRow(false)) {
            return None;
        }
        let cells: Vec<Node<'_>> = node.children().collect();
        let text = |index: usize| cells.get(index).map(|cell| plain(cell)).unwrap_or_default();
        let named = [1, 2].map(|index| cells.get(index).map(|cell| codes(cell)).unwrap_or_default());
        let entry = Entry { heading: heading.to_owned(), text: text(0) };
        Some(Row { entry, named, said: text(2) })
    })
}

/// What `read` makes of the parts of a document, each with the heading that it stands under.
fn under_headings<T>(markdown: &str, read: impl Fn(&str, Node<'_>) -> Option<T>) -> Vec<T> {
    let arena = Arena::new();
    let mut options = Options::default();
    options.extension.table = true;
    let mut heading = String::new();
    let mut found = Vec::new();
    for node in parse_document(&arena, markdown, &options).descendants() {
        if matches!(node.data().value, NodeValue::Heading(_)) {
            heading = plain(node);
        }
        found.extend(read(&heading, node));
    }
    found
}

fn plain(block: Node<'_>) -> String {
    let mut text = String::new();
    for node in block.descendants() {
        match &node.data().value {
            NodeValue::Text(part) => text.push_str(part),
            NodeValue::Code(code) => text.push_str(&code.literal),
            NodeValue::SoftBreak | NodeValue::LineBreak => text.push(' '),
            _ => {}
        }
    }
    text
}

fn codes(block: Node<'_>) -> Vec<String> {
    let code = |node: Node<'_>| match &node.data().value {
        NodeValue::Code(code) => Some(code.literal.clone()),
        _ => None,
    };
    block.descendants().filter_map(code).collect()
}

/// Why a name of the map names nothing: a verb of the build system with its scenarios, a test as `FILE::NAME`, or a
/// path. Any other code is prose.
fn problem(root: &Path, name: &str) -> Option<String> {
    if let Some(words) = name.strip_prefix("cargo ").filter(|words| words.starts_with("xtask ")) {
        let mut scenarios = words.split_whitespace().skip_while(|word| *word != "--scenario").skip(1);
        let known = |name: &str| {
            let at = |strategy| root.join(format!("scenarios/{strategy}/{name}.scenario"));
            ["blue-green", "canary"].into_iter().any(|strategy| at(strategy).is_file())
        };
        if let Some(unknown) = scenarios.find(|name| !known(name)) {
            return Some(format!("there is no scenario {unknown}"));
        }
        return match crate::Verb::try_parse_from(words.split_whitespace()) {
            Ok(_) => None,
            Err(_) => Some(format!("cargo {words} is no command")),
        };
    }
    if let Some((file, test)) = name.split_once("::") {
        let text = std::fs::read_to_string(root.join(file)).unwrap_or_default();
        return (!is_test(&text, test)).then(|| format!("there is no test {name}"));
    }
    let path = name.contains('/') || name.ends_with(".md");
    (path && !root.join(name).exists()).then(|| format!("there is no {name}"))
}

/// Whether a file has a test of this name, and not another function.
fn is_test(text: &str, name: &str) -> bool {
    let Some(at) = text.find(&format!("fn {name}(")) else { return false };
    let before = text[..at].lines().rev().take(4);
    before
        .take_while(|line| !line.starts_with('}'))
        .any(|line| line.trim_start().starts_with("#[") && line.contains("test"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bullet_of_the_prd_has_a_row_and_each_row_what_it_names() {
        let findings = findings().unwrap();
        assert!(findings.is_empty(), "{}", findings.join("\n"));
        let prd = run::read_file(&run::root().join("PRD.md")).unwrap();
        assert!(bullets(&prd).len() > 200);
    }

    const PRD: &str = "## 1. One\n- [ ] **Do** `it`\n  - Inner\n```yaml\n- code\n```\n## 2. Two\n1. Last\n";

    fn map(rows: [&str; 3]) -> String {
        let table = "| PRD | Where | Shown by |\n|---|---|---|\n";
        format!("## 1. One\n\n{table}{}\n{}\n\n## 2. Two\n\n{table}{}\n", rows[0], rows[1], rows[2])
    }

    #[test]
    fn what_is_missing_moved_or_named_wrongly_is_found() {
        let good = [
            "| Do it | `PRD.md` | `x::y` |",
            "| Inner | `PRD.md` | `x::y` |",
            "| Last | `PRD.md` | `x::y` |",
        ];
        for (row, with, expected) in [
            (0, good[0], None),
            (1, "", Some("where a row for \"Inner\" belongs stands \"Last\"")),
            (2, "", Some("2 rows for 3 bullets")),
            (1, "| Outer | `PRD.md` | `x::y` |", Some("where a row for \"Inner\" belongs stands \"Outer\"")),
            (2, "| Last | | `x::y` |", Some("2. Two: Last: names no file")),
            (2, "| Last | `PRD.md` | surely |", Some("names nothing that shows it")),
            (2, "| Last | `PRD.md` | not there: nobody did it |", None),
            (2, "| Last | `bad` | `x::y` |", Some("Last: no bad")),
            (2, "| Last | `PRD.md` | `bad` |", Some("Last: no bad")),
        ] {
            let mut rows = good;
            rows[row] = with;
            let found = compare(PRD, &map(rows), &|name| (name == "bad").then(|| "no bad".to_owned()));
            let said = found.join("\n");
            assert!(expected.map_or(said.is_empty(), |expected| said.contains(expected)), "{with}: {said}");
        }
    }

    #[test]
    fn what_a_row_names_is_looked_for() {
        let file = "xtask/src/tidy/map.rs";
        for (name, expected) in [
            (format!("{file}::what_a_row_names_is_looked_for"), false),
            (format!("{file}::problem"), true),
            (format!("{file}::no_such_test"), true),
            ("xtask/src/tidy".to_owned(), false),
            ("xtask/src/tidy/none.rs".to_owned(), true),
            ("README.md".to_owned(), false),
            ("cargo xtask e2e --scenario deploy-and-promote".to_owned(), false),
            ("cargo xtask e2e --scenario deploy-and-pray".to_owned(), true),
            ("cargo xtask hope".to_owned(), true),
            ("rollback".to_owned(), false),
        ] {
            assert_eq!(problem(&run::root(), &name).is_some(), expected, "{name}");
        }
    }
}
