//! Types as values.

use serde::ser::{self, Error as _, Serialize};

use super::{Map, Number, Text, Value};

type Error = serde_json::Error;

/// A type as a value, as `serde_json::to_value` makes it.
///
/// # Errors
/// When its own `Serialize` fails, or a key is no text.
pub(crate) fn to_value<T: Serialize + ?Sized>(from: &T) -> Result<Value, Error> {
    from.serialize(Writer)
}

#[derive(Clone, Copy)]
struct Writer;

/// An array or object in the making, of a variant that is named, if it is one's.
struct Parts {
    variant: Option<&'static str>,
    items: Vec<Value>,
}

struct Members {
    variant: Option<&'static str>,
    members: Vec<(Text, Value)>,
    key: Option<Text>,
}

fn tagged(variant: Option<&'static str>, value: Value) -> Value {
    match variant {
        Some(name) => Value::Object(Map::of_distinct(vec![(Text::Own(name), value)])),
        None => value,
    }
}

impl Parts {
    fn new(variant: Option<&'static str>, len: Option<usize>) -> Parts {
        Parts { variant, items: Vec::with_capacity(len.unwrap_or_default()) }
    }

    fn push<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
        self.items.push(to_value(item)?);
        Ok(())
    }

    fn done(self) -> Value {
        tagged(self.variant, self.items.into())
    }
}

impl Members {
    fn new(variant: Option<&'static str>, len: Option<usize>) -> Members {
        Members { variant, members: Vec::with_capacity(len.unwrap_or_default()), key: None }
    }
}

macro_rules! numbers {
    ($($method:ident $type:ty,)*) => { $(
        fn $method(self, number: $type) -> Result<Value, Error> {
            Ok(number.into())
        }
    )* };
}

impl ser::Serializer for Writer {
    type Ok = Value;
    type Error = Error;
    type SerializeSeq = Parts;
    type SerializeTuple = Parts;
    type SerializeTupleStruct = Parts;
    type SerializeTupleVariant = Parts;
    type SerializeMap = Members;
    type SerializeStruct = Members;
    type SerializeStructVariant = Members;

    numbers! {
        serialize_bool bool, serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64, serialize_f64 f64,
    }

    fn serialize_str(self, text: &str) -> Result<Value, Error> {
        Ok(Value::String(Text::known(text)))
    }

    fn serialize_f32(self, number: f32) -> Result<Value, Error> {
        Ok(Number::from_f64(number.into()).map_or(Value::Null, Value::Number))
    }

    fn serialize_char(self, letter: char) -> Result<Value, Error> {
        Ok(letter.to_string().into())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<Value, Error> {
        Ok(bytes.iter().map(|byte| Value::from(*byte)).collect())
    }

    fn serialize_none(self) -> Result<Value, Error> {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, Error> {
        to_value(value)
    }

    fn serialize_unit(self) -> Result<Value, Error> {
        Ok(Value::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Value, Error> {
        Ok(Value::Null)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Result<Value, Error> {
        Ok(Value::String(Text::Own(name)))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Value, Error> {
        to_value(value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Result<Value, Error> {
        Ok(tagged(Some(name), to_value(value)?))
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Parts, Error> {
        Ok(Parts::new(None, len))
    }

    fn serialize_tuple(self, len: usize) -> Result<Parts, Error> {
        Ok(Parts::new(None, Some(len)))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Parts, Error> {
        Ok(Parts::new(None, Some(len)))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        len: usize,
    ) -> Result<Parts, Error> {
        Ok(Parts::new(Some(name), Some(len)))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Members, Error> {
        Ok(Members::new(None, len))
    }

    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Members, Error> {
        Ok(Members::new(None, Some(len)))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        len: usize,
    ) -> Result<Members, Error> {
        Ok(Members::new(Some(name), Some(len)))
    }
}

macro_rules! parts {
    ($($of:ident $method:ident,)*) => { $(
        impl ser::$of for Parts {
            type Ok = Value;
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
                self.push(item)
            }

            fn end(self) -> Result<Value, Error> {
                Ok(self.done())
            }
        }
    )* };
}

parts! {
    SerializeSeq serialize_element, SerializeTuple serialize_element, SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field,
}

macro_rules! fields {
    ($($of:ident)*) => { $(
        impl ser::$of for Members {
            type Ok = Value;
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
                self.members.push((Text::Own(name), to_value(value)?));
                Ok(())
            }

            fn end(self) -> Result<Value, Error> {
                Ok(tagged(self.variant, Value::Object(Map::of(self.members))))
            }
        }
    )* };
}

fields! { SerializeStruct SerializeStructVariant }

impl ser::SerializeMap for Members {
    type Ok = Value;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.key = Some(match to_value(key)? {
            Value::String(text) => text,
            plain @ (Value::Number(_) | Value::Bool(_)) => plain.to_string().into(),
            _ => return Err(Error::custom("key must be a string")),
        });
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let key = self.key.take().ok_or_else(|| Error::custom("a value without a key"))?;
        self.members.push((key, to_value(value)?));
        Ok(())
    }

    fn end(self) -> Result<Value, Error> {
        ser::SerializeStruct::end(self)
    }
}
