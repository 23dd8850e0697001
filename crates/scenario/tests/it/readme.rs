//! charts/*/README.md, written from values.yaml, values.schema.json and the values files: `UPDATE=1` writes them.

use std::fmt::Write;

use serde_json::Value;

use crate::files::{root, text, yaml};

/// A value with its description: one row of the table.
struct Row {
    /// The keys that lead to it.
    path: Vec<String>,
    description: String,
}

/// The described values of a values.yaml, in order. A `# --` comment describes the key after it, and all below it that
/// has none of its own.
fn rows(values: &str) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut above: Vec<(usize, String)> = Vec::new();
    let mut description: Option<String> = None;
    for line in values.lines() {
        let bare = line.trim_start();
        if let Some(first) = bare.strip_prefix("# -- ") {
            description = Some(first.to_owned());
        } else if let (Some(more), Some(said)) = (bare.strip_prefix("# "), &mut description) {
            *said = format!("{said} {more}");
        } else if let Some((key, _)) = bare.split_once(':').filter(|_| !bare.starts_with(['#', '-'])) {
            let indent = line.len() - bare.len();
            above.retain(|(other, _)| *other < indent);
            above.push((indent, key.to_owned()));
            let path: Vec<String> = above.iter().map(|(_, key)| key.clone()).collect();
            if let Some(description) = description.take() {
                rows.push(Row { path, description });
            }
        }
    }
    rows
}

/// Leaves that neither have a description nor lie below a key that has one.
fn undescribed(values: &Value, path: &mut Vec<String>, rows: &[Row], found: &mut Vec<String>) {
    if rows.iter().any(|row| path.starts_with(&row.path) && !row.path.is_empty()) {
        return;
    }
    match values.as_object() {
        Some(map) if !map.is_empty() => {
            for (key, value) in map {
                path.push(key.clone());
                undescribed(value, path, rows, found);
                path.pop();
            }
        }
        _ => found.push(path.join(".")),
    }
}

/// What a schema says of a value: its type, or the words that it may be.
fn kind(root: &Value, path: &[String]) -> String {
    let follow = |schema: &Value| match schema["$ref"].as_str() {
        Some(reference) => root.pointer(reference.strip_prefix('#').unwrap()).unwrap().clone(),
        None => schema.clone(),
    };
    let mut schema = root.clone();
    for key in path {
        schema = follow(&schema["properties"][key]);
    }
    match (&schema["enum"], &schema["type"]) {
        (Value::Array(words), _) => words.iter().map(|w| w.as_str().unwrap()).collect::<Vec<_>>().join(", "),
        (_, Value::Array(kinds)) => {
            kinds.iter().map(|k| k.as_str().unwrap()).collect::<Vec<_>>().join(" or ")
        }
        (_, kind) => kind.as_str().unwrap_or_else(|| panic!("no type of {path:?}")).to_owned(),
    }
}

/// The first paragraph of a file's comments.
fn purpose(file: &str) -> String {
    let lines = file.lines().map_while(|line| line.strip_prefix('#')).map(str::trim);
    lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

fn readme(chart: &str, release: &str) -> String {
    let folder = format!("charts/{chart}");
    let about = yaml(&text(&format!("{folder}/Chart.yaml")));
    let schema: Value = serde_json::from_str(&text(&format!("{folder}/values.schema.json"))).unwrap();
    let source = text(&format!("{folder}/values.yaml"));
    let values = yaml(&source);
    let rows = rows(&source);
    let mut found = Vec::new();
    undescribed(&values, &mut Vec::new(), &rows, &mut found);
    assert_eq!(found, Vec::<String>::new(), "{folder}/values.yaml does not describe these");

    let mut page = format!(
        "# {chart}\n\n{}. Chart {}, Kubernetes {}.\n\nWritten by `UPDATE=1 cargo test -p scenario readme::` from \
         values.yaml, values.schema.json and the values files.\n\n\
         ```\nhelm install {release} {folder} --namespace {release}          # as it is\n\
         helm upgrade {release} {folder} --namespace {release} --set image.tag=v2\n\
         helm test {release} --namespace {release}                         # its Services answer\n```\n\n\
         A misspelt value is refused: the schema knows every key. A secret value never stands in a values file: \
         `envFrom` names a Secret\n(docs/reference/secrets.md).\n\n## Values files\n\n| file | |\n|---|---|\n",
        about["description"].as_str().unwrap(),
        about["version"].as_str().unwrap(),
        about["kubeVersion"].as_str().unwrap(),
    );
    let mut files: Vec<String> = std::fs::read_dir(root().join(&folder))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("values-"))
        .collect();
    files.sort_unstable();
    for file in files {
        let purpose = purpose(&text(&format!("{folder}/{file}")));
        assert!(!purpose.is_empty(), "{folder}/{file} does not say what it is for");
        writeln!(page, "| `{file}` | {purpose} |").unwrap();
    }
    page += "\n## Values\n\n| value | type | default | |\n|---|---|---|---|\n";
    for Row { path, description } in &rows {
        let default = values.pointer(&format!("/{}", path.join("/"))).unwrap();
        let (name, kind) = (path.join("."), kind(&schema, path));
        writeln!(page, "| `{name}` | {kind} | `{default}` | {description} |").unwrap();
    }
    page
}

#[test]
fn each_readme_is_what_values_and_schema_say() {
    for (chart, release) in [("blue-green-app", "blue-green"), ("canary-app", "canary")] {
        let page = readme(chart, release);
        let file = format!("charts/{chart}/README.md");
        if std::env::var("UPDATE").is_ok_and(|value| value == "1") {
            std::fs::write(root().join(&file), &page).unwrap();
        }
        assert_eq!(text(&file), page, "write it again: UPDATE=1 cargo test -p scenario readme::");
    }
}

#[test]
fn a_value_without_a_description_is_found() {
    let source = "# -- Said.\na: 1\nb: 2\nc:\n  # -- Said\n  # in two lines.\n  d: 3\n  e: []\n# -- Of all below.\nf:\n  g: 4\n";
    let rows = rows(source);
    assert_eq!(rows.iter().map(|row| row.path.join(".")).collect::<Vec<_>>(), ["a", "c.d", "f"]);
    assert_eq!(rows[1].description, "Said in two lines.");
    let mut found = Vec::new();
    undescribed(&yaml(source), &mut Vec::new(), &rows, &mut found);
    assert_eq!(found, ["b", "c.e"]);
}
