//! The hash that names a version: opaque, equal for equal templates.
//!
//! Upstream hashes Go's JSON of the template, so that its values cannot be reproduced here. What is kept is what
//! clients rely on: the form, and that the order of fields does not matter.

use std::io::{self, Write};

use crate::json::{Text, Value};

/// The characters of upstream's safe encoding: no vowels, nothing easily mistaken.
const SAFE: [char; 10] = ['4', '5', '6', '7', '8', '9', 'b', 'c', 'd', 'f'];

/// The hash of a pod template, after so many collisions.
pub(super) fn of(template: &Value, collisions: i64) -> String {
    let mut sum = Sum(0x811c_9dc5);
    // A sum takes everything that is written.
    let _ = canonical(template, &mut sum);
    if collisions > 0 {
        let _ = write!(sum, "{collisions}");
    }
    sum.0.to_string().bytes().map(|digit| SAFE[usize::from(digit - b'0') % SAFE.len()]).collect()
}

/// The sum of a text, taken as it is written.
struct Sum(u32);

impl Write for Sum {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0 = text.iter().fold(self.0, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// JSON with the keys in order.
fn canonical(value: &Value, out: &mut Sum) -> io::Result<()> {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<(&Text, &Value)> =
                fields.iter().filter(|(_, value)| !value.is_null()).collect();
            fields.sort_by_key(|(key, _)| *key);
            out.write_all(b"{")?;
            for (key, value) in fields {
                serde_json::to_writer(&mut *out, key)?;
                out.write_all(b":")?;
                canonical(value, out)?;
                out.write_all(b",")?;
            }
            out.write_all(b"}")
        }
        Value::Array(items) => {
            out.write_all(b"[")?;
            for item in items {
                canonical(item, out)?;
                out.write_all(b",")?;
            }
            out.write_all(b"]")
        }
        other => Ok(serde_json::to_writer(out, other)?),
    }
}

#[cfg(test)]
mod tests {
    use crate::json::json;

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
