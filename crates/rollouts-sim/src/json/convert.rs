//! What becomes a value, what is compared with one, and the border to values of `serde_json`.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{List, Map, Number, Text, Value};

/// What `json!` can make a value of, by reference; parts that are values already are shared.
pub(crate) trait Json {
    fn json(&self) -> Value;
}

/// What is spelled out in the program.
pub(crate) trait Own {
    fn value(self) -> Value;
}

impl Own for &'static str {
    fn value(self) -> Value {
        Value::String(Text::Own(self))
    }
}

macro_rules! plain {
    ($($type:ty),*) => { $(
        impl From<$type> for Value {
            fn from(plain: $type) -> Value {
                Value::Number(plain.into())
            }
        }

        impl Json for $type {
            fn json(&self) -> Value {
                Value::from(*self)
            }
        }

        impl Own for $type {
            fn value(self) -> Value {
                Value::from(self)
            }
        }
    )* };
}

plain!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

impl From<bool> for Value {
    fn from(is: bool) -> Value {
        Value::Bool(is)
    }
}

/// What is no number in JSON is null.
impl From<f64> for Value {
    fn from(number: f64) -> Value {
        Number::from_f64(number).map_or(Value::Null, Value::Number)
    }
}

impl Own for bool {
    fn value(self) -> Value {
        self.into()
    }
}

impl Own for f64 {
    fn value(self) -> Value {
        self.into()
    }
}

impl Json for bool {
    fn json(&self) -> Value {
        (*self).into()
    }
}

impl Json for f64 {
    fn json(&self) -> Value {
        (*self).into()
    }
}

impl Json for str {
    fn json(&self) -> Value {
        Value::String(self.into())
    }
}

impl Json for String {
    fn json(&self) -> Value {
        self.as_str().json()
    }
}

impl Json for Cow<'_, str> {
    fn json(&self) -> Value {
        (**self).json()
    }
}

impl Json for Text {
    fn json(&self) -> Value {
        Value::String(self.clone())
    }
}

impl Json for Value {
    fn json(&self) -> Value {
        self.clone()
    }
}

impl Json for Map {
    fn json(&self) -> Value {
        Value::Object(self.clone())
    }
}

impl Json for serde_json::Value {
    fn json(&self) -> Value {
        self.into()
    }
}

impl<T: Json + ?Sized> Json for &T {
    fn json(&self) -> Value {
        (**self).json()
    }
}

impl<T: Json> Json for Option<T> {
    fn json(&self) -> Value {
        self.as_ref().map_or(Value::Null, Json::json)
    }
}

impl<T: Json> Json for [T] {
    fn json(&self) -> Value {
        Value::Array(self.iter().map(Json::json).collect())
    }
}

impl<T: Json> Json for Vec<T> {
    fn json(&self) -> Value {
        self.as_slice().json()
    }
}

impl<T: Json, const N: usize> Json for [T; N] {
    fn json(&self) -> Value {
        self.as_slice().json()
    }
}

impl<T: Json> Json for BTreeSet<T> {
    fn json(&self) -> Value {
        Value::Array(self.iter().map(Json::json).collect())
    }
}

impl<K: AsRef<str>, T: Json> Json for BTreeMap<K, T> {
    fn json(&self) -> Value {
        Value::Object(self.iter().map(|(key, value)| (key.as_ref(), value.json())).collect())
    }
}

impl<T: Json> Json for Arc<T> {
    fn json(&self) -> Value {
        (**self).json()
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        text.json()
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::String(text.into())
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Value {
        Value::Array(items.into())
    }
}

impl FromIterator<Value> for Value {
    fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> Value {
        Value::Array(List::from_iter(items))
    }
}

impl PartialEq<str> for Value {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == Some(other)
    }
}

impl PartialEq<&str> for Value {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl PartialEq<String> for Value {
    fn eq(&self, other: &String) -> bool {
        self == other.as_str()
    }
}

impl PartialEq<Value> for &str {
    fn eq(&self, other: &Value) -> bool {
        other == *self
    }
}

impl PartialEq<bool> for Value {
    fn eq(&self, other: &bool) -> bool {
        self.as_bool() == Some(*other)
    }
}

macro_rules! equals {
    ($($type:ty)*) => { $(
        impl PartialEq<$type> for Value {
            fn eq(&self, other: &$type) -> bool {
                self.as_i64() == Some(i64::from(*other))
            }
        }
    )* };
}

equals!(i32 i64 u32);

impl PartialEq<u64> for Value {
    fn eq(&self, other: &u64) -> bool {
        self.as_u64() == Some(*other)
    }
}

impl PartialEq<f64> for Value {
    fn eq(&self, other: &f64) -> bool {
        self.as_f64() == Some(*other)
    }
}

/// From outside.
impl From<&serde_json::Value> for Value {
    fn from(value: &serde_json::Value) -> Value {
        match value {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(is) => Value::Bool(*is),
            serde_json::Value::Number(number) => Value::Number(number.clone()),
            serde_json::Value::String(text) => Value::String(text.into()),
            serde_json::Value::Array(items) => Value::Array(items.iter().map(Value::from).collect()),
            serde_json::Value::Object(members) => {
                Value::Object(members.iter().map(|(key, value)| (key, Value::from(value))).collect())
            }
        }
    }
}

/// To the outside.
impl From<&Value> for serde_json::Value {
    fn from(value: &Value) -> serde_json::Value {
        match value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(is) => serde_json::Value::Bool(*is),
            Value::Number(number) => serde_json::Value::Number(number.clone()),
            Value::String(text) => serde_json::Value::String(text.to_string()),
            Value::Array(items) => items.iter().map(serde_json::Value::from).collect(),
            Value::Object(members) => {
                members.iter().map(|(key, value)| (key.to_string(), serde_json::Value::from(value))).collect()
            }
        }
    }
}

/// Changes a value by what another crate does to values of `serde_json`.
pub(crate) fn outside<T>(value: &mut Value, change: impl FnOnce(&mut serde_json::Value) -> T) -> T {
    let mut plain = serde_json::Value::from(&*value);
    let done = change(&mut plain);
    *value = Value::from(&plain);
    done
}
