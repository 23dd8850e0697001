//! JSON values whose parts are shared: what the cluster keeps, hands out and compares.
//!
//! They are used as those of `serde_json` are, and differ in what they cost. A clone counts a reference, a change
//! copies only what leads to it, and two values that share an allocation are equal at once: of an object that a write
//! changes in one place, nothing else is copied or compared. See `docs/decisions/0010-json-values-of-its-own.md`.

mod convert;
mod de;
mod index;
mod known;
mod list;
mod macros;
mod map;
mod ser;
#[cfg(test)]
mod tests;
mod text;
mod to_value;

use std::borrow::Cow;
use std::fmt;

pub(crate) use serde_json::Number;

pub(crate) use self::convert::{Json, Own, outside};
pub(crate) use self::list::List;
pub(crate) use self::macros::json;
pub(crate) use self::map::Map;
pub(crate) use self::text::Text;
pub(crate) use self::to_value::to_value;

/// A JSON value.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) enum Value {
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    String(Text),
    Array(List),
    Object(Map),
}

/// What stands where nothing is.
static NULL: Value = Value::Null;

/// Reads a value as a type.
///
/// # Errors
/// When it does not fit.
pub(crate) fn from_value<T: serde::de::DeserializeOwned>(value: &Value) -> Result<T, serde_json::Error> {
    T::deserialize(value)
}

impl Value {
    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    pub(crate) fn is_boolean(&self) -> bool {
        matches!(self, Value::Bool(_))
    }

    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Value::Number(_))
    }

    pub(crate) fn is_string(&self) -> bool {
        matches!(self, Value::String(_))
    }

    pub(crate) fn is_array(&self) -> bool {
        matches!(self, Value::Array(_))
    }

    pub(crate) fn is_object(&self) -> bool {
        matches!(self, Value::Object(_))
    }

    pub(crate) fn is_i64(&self) -> bool {
        matches!(self, Value::Number(number) if number.is_i64())
    }

    pub(crate) fn is_u64(&self) -> bool {
        matches!(self, Value::Number(number) if number.is_u64())
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        if let Value::Bool(is) = self { Some(*is) } else { None }
    }

    pub(crate) fn as_i64(&self) -> Option<i64> {
        if let Value::Number(number) = self { number.as_i64() } else { None }
    }

    pub(crate) fn as_u64(&self) -> Option<u64> {
        if let Value::Number(number) = self { number.as_u64() } else { None }
    }

    pub(crate) fn as_f64(&self) -> Option<f64> {
        if let Value::Number(number) = self { number.as_f64() } else { None }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        if let Value::String(text) = self { Some(text) } else { None }
    }

    pub(crate) fn as_array(&self) -> Option<&Vec<Value>> {
        if let Value::Array(list) = self { Some(list) } else { None }
    }

    pub(crate) fn as_array_mut(&mut self) -> Option<&mut Vec<Value>> {
        if let Value::Array(list) = self { Some(list) } else { None }
    }

    pub(crate) fn as_object(&self) -> Option<&Map> {
        if let Value::Object(map) = self { Some(map) } else { None }
    }

    pub(crate) fn as_object_mut(&mut self) -> Option<&mut Map> {
        if let Value::Object(map) = self { Some(map) } else { None }
    }

    /// What is here, leaving null.
    pub(crate) fn take(&mut self) -> Value {
        std::mem::take(self)
    }

    /// The value at a JSON pointer.
    pub(crate) fn pointer(&self, pointer: &str) -> Option<&Value> {
        let Some(path) = pointer.strip_prefix('/') else { return Some(self).filter(|_| pointer.is_empty()) };
        path.split('/').try_fold(self, |value, step| match value {
            Value::Array(list) => list.get(place(step)?),
            Value::Object(map) => map.get(&unescaped(step)),
            _ => None,
        })
    }

    /// The same, to be changed.
    pub(crate) fn pointer_mut(&mut self, pointer: &str) -> Option<&mut Value> {
        let Some(path) = pointer.strip_prefix('/') else { return Some(self).filter(|_| pointer.is_empty()) };
        path.split('/').try_fold(self, |value, step| match value {
            Value::Array(list) => list.get_mut(place(step)?),
            Value::Object(map) => map.get_mut(&unescaped(step)),
            _ => None,
        })
    }
}

/// A step of a JSON pointer as a key.
fn unescaped(step: &str) -> Cow<'_, str> {
    if step.contains('~') { step.replace("~1", "/").replace("~0", "~").into() } else { step.into() }
}

/// The same as a place in an array, which begins with no sign and no idle zero.
fn place(step: &str) -> Option<usize> {
    let plain = !step.starts_with('+') && (step.len() == 1 || !step.starts_with('0'));
    step.parse().ok().filter(|_| plain)
}

/// As JSON: compact, and over several lines with `{:#}`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text =
            if f.alternate() { serde_json::to_string_pretty(self) } else { serde_json::to_string(self) };
        f.write_str(&text.map_err(|_| fmt::Error)?)
    }
}

/// As JSON too.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
