//! The hash that names a version: opaque, equal for equal templates.
//!
//! Upstream hashes Go's JSON of the template, so that its values cannot be reproduced here. What is kept is what
//! clients rely on: the form, and that the order of fields does not matter.

use serde_json::Value;

/// The characters of upstream's safe encoding: no vowels, nothing easily mistaken.
const SAFE: [char; 10] = ['4', '5', '6', '7', '8', '9', 'b', 'c', 'd', 'f'];

/// The hash of a pod template, after so many collisions.
pub(super) fn of(template: &Value, collisions: i64) -> String {
    let mut text = String::new();
    canonical(template, &mut text);
    if collisions > 0 {
        text.push_str(&collisions.to_string());
    }
    let sum =
        text.bytes().fold(0x811c_9dc5_u32, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    sum.to_string().bytes().map(|digit| SAFE[usize::from(digit - b'0') % SAFE.len()]).collect()
}

/// JSON with the keys in order.
fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut keys: Vec<&String> = fields.keys().filter(|key| !fields[*key].is_null()).collect();
            keys.sort();
            out.push('{');
            for key in keys {
                out.push_str(&Value::String(key.clone()).to_string());
                out.push(':');
                canonical(&fields[key], out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for item in items {
                canonical(item, out);
                out.push(',');
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn equal_templates_have_equal_hashes_and_others_do_not() {
        let a = of(&json!({"a": {"x": 1, "y": [1, 2]}, "b": "t"}), 0);
        assert_eq!(a, of(&json!({"b": "t", "a": {"y": [1, 2], "x": 1}, "c": null}), 0));
        for other in [json!({"a": {"x": 1, "y": [2, 1]}, "b": "t"}), json!({}), json!(null)] {
            assert_ne!(a, of(&other, 0), "{other}");
        }
        assert_ne!(a, of(&json!({"a": {"x": 1, "y": [1, 2]}, "b": "t"}), 1));
        assert!(a.chars().all(|c| SAFE.contains(&c)) && (5..=10).contains(&a.len()), "{a}");
    }
}
