//! What the documentation says is what the code does.

use std::fs;
use std::path::Path;

use serde_json::Value;
use task_manager::exit::Code;
use task_manager::transition::Move;

use crate::bench::Bench;
use crate::build::{T, event, way_to};

fn reference(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(name);
    fs::read_to_string(path).unwrap()
}

#[test]
fn the_table_of_exit_codes_is_the_type() {
    let documented: Vec<String> = reference("exit-codes.md")
        .lines()
        .filter(|line| line.starts_with("| ") && line.as_bytes()[2].is_ascii_digit())
        .map(str::to_owned)
        .collect();
    let coded = Code::ALL.map(|code| format!("| {} | {} |", code.number(), code.meaning()));
    assert_eq!(documented, coded);
}

#[test]
fn the_report_is_as_its_schema_says() {
    let schema: Value = serde_json::from_str(&reference("report.schema.json")).unwrap();
    let bench = Bench::shipped();
    let fresh: Value = serde_json::from_str(&bench.ok(&["report", "-o", "json"])).unwrap();
    check(&schema, &schema, &fresh, "report");
    let mut events = way_to(task_manager::transition::Condition::Failed, T, "sim");
    events.push(event(Move::Start, T, "sim", 2));
    events.push(event(Move::Complete, T, "sim", 2));
    events.push(task_manager::Event::Shown {
        ids: vec!["blue-green-deployment-features/instant-rollback-capability".into()],
        target: "kind".into(),
        evidence: task_manager::Evidence::Live,
        by: T.into(),
        commit: None,
    });
    bench.record(events);
    let used: Value = serde_json::from_str(&bench.ok(&["report", "-o", "json"])).unwrap();
    check(&schema, &schema, &used, "report");
    assert_eq!(used["totals"]["completed"], 1);
    assert_eq!(used["totals"]["shown"]["requirements"]["live"], 1);
}

/// As much of JSON Schema as the shipped schema uses; a keyword that it does not know is a failure.
fn check(root: &Value, schema: &Value, value: &Value, at: &str) {
    for (keyword, wanted) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" => {}
            "$ref" => {
                let pointer = wanted.as_str().unwrap().trim_start_matches('#');
                check(root, root.pointer(pointer).unwrap(), value, at);
            }
            "const" => assert_eq!(value, wanted, "{at}"),
            "enum" => assert!(wanted.as_array().unwrap().contains(value), "{at}: {value}"),
            "minimum" => assert!(value.as_i64() >= wanted.as_i64(), "{at}: {value}"),
            "type" => assert!(is_type(wanted, value), "{at}: {value} is no {wanted}"),
            "oneOf" => assert!(value.is_null() || !wanted[1].is_null(), "{at}"),
            "items" => {
                for (place, item) in value.as_array().unwrap().iter().enumerate() {
                    check(root, wanted, item, &format!("{at}[{place}]"));
                }
            }
            "required" => {
                let keys: Vec<_> =
                    value.as_object().unwrap().keys().map(|key| Value::from(key.as_str())).collect();
                let missing: Vec<_> =
                    wanted.as_array().unwrap().iter().filter(|key| !keys.contains(key)).collect();
                assert!(missing.is_empty(), "{at} lacks {missing:?}");
            }
            "properties" => {
                for (key, value) in value.as_object().unwrap() {
                    let described =
                        wanted.get(key).unwrap_or_else(|| panic!("{at}.{key} is not in the schema"));
                    check(root, described, value, &format!("{at}.{key}"));
                }
            }
            other => panic!("{at}: the schema uses {other}, which this check does not know"),
        }
    }
    if let (Some(either), false) = (schema.get("oneOf"), value.is_null()) {
        check(root, &either[1], value, at);
    }
}

fn is_type(wanted: &Value, value: &Value) -> bool {
    let named = |name: &Value| match name.as_str().unwrap() {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    };
    wanted.as_array().map_or_else(|| named(wanted), |names| names.iter().any(named))
}
