//! Reading a request's body: JSON or YAML, with the duplicate fields that strict decoding must name.

use std::fmt;

use crate::json::{Map, Number, Text, Value};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::route::Query;
use crate::refusal::Refusal;
use crate::resource::Resource;
use crate::schema;

/// A decoded body and the paths of its duplicate fields.
#[derive(Debug, Default)]
pub(crate) struct Body {
    pub(crate) value: Value,
    pub(crate) duplicates: Vec<String>,
}

/// Decodes by content type; YAML is also what apply patches are named.
///
/// # Errors
/// 415 for protobuf and other types, 400 for what does not parse.
pub(crate) fn decode(content_type: &str, bytes: &[u8]) -> Result<Body, Refusal> {
    let media = content_type.split(';').next().unwrap_or_default().trim();
    if media.contains("protobuf") || media.contains("cbor") {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: application/json, \
             application/yaml (got {media}, which the simulator does not read; `kubectl apply` and `kubectl create -f` \
             send JSON)"
        );
        return Err(Refusal::new(415, "UnsupportedMediaType", message));
    }
    match decode_json(bytes) {
        Ok(body) => Ok(body),
        Err(_) if media.contains("yaml") => {
            let value = serde_yaml::from_slice(bytes)
                .map_err(|e| Refusal::bad_request(format!("error decoding YAML: {e}")))?;
            Ok(Body { value, duplicates: Vec::new() })
        }
        Err(e) => Err(Refusal::bad_request(format!("couldn't get version/kind; json parse error: {e}"))),
    }
}

fn decode_json(bytes: &[u8]) -> Result<Body, serde_json::Error> {
    let mut duplicates = Vec::new();
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Place { path: String::new(), duplicates: &mut duplicates }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(Body { value, duplicates })
}

/// Builds a value and notes fields that occur twice on the way.
struct Place<'a> {
    path: String,
    duplicates: &'a mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_u64<E>(self, v: u64) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_f64<E: serde::de::Error>(self, v: f64) -> Result<Value, E> {
        Number::from_f64(v).map(Value::Number).ok_or_else(|| E::custom("not a JSON number"))
    }

    fn visit_str<E>(self, v: &str) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        let mut path = format!("{}[0]", self.path);
        while let Some(value) = seq.next_element_seed(Place { path, duplicates: self.duplicates })? {
            list.push(value);
            path = format!("{}[{}]", self.path, list.len());
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key::<Text>()? {
            let path = if self.path.is_empty() { key.to_string() } else { format!("{}.{key}", self.path) };
            if map.contains_key(&key) {
                self.duplicates.push(path.clone());
            }
            let value = access.next_value_seed(Place { path, duplicates: self.duplicates })?;
            map.insert(key, value);
        }
        if map.len() > 100_000 {
            return Err(A::Error::custom("too many fields"));
        }
        Ok(Value::Object(map))
    }
}

/// What is to happen with unknown and duplicate fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strictness {
    Ignore,
    Warn,
    Strict,
}

impl Strictness {
    /// The query's `fieldValidation`; Warn is the default.
    ///
    /// # Errors
    /// 422 for any other word.
    pub(crate) fn of(query: &Query, options: &str) -> Result<Strictness, Refusal> {
        match query.get("fieldValidation") {
            None | Some("Warn") => Ok(Strictness::Warn),
            Some("Ignore") => Ok(Strictness::Ignore),
            Some("Strict") => Ok(Strictness::Strict),
            Some(other) => Err(Refusal::options(
                options,
                &format!(
                    "fieldValidation: Unsupported value: \"{other}\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\""
                ),
            )),
        }
    }
}

/// The duplicate fields of a body and the unknown ones of its object, in the API server's words.
pub(crate) fn complaints(resource: Resource, object: &Value, duplicates: &[String]) -> Vec<String> {
    let unknown = schema::unknown_fields(schema::of(resource), object);
    let unknown = unknown.into_iter().map(|path| format!("unknown field \"{path}\""));
    let duplicate = duplicates.iter().map(|path| format!("duplicate field \"{path}\""));
    duplicate.chain(unknown).collect()
}

/// Enforces `strictness` on a created or replaced object; the answer's warnings.
///
/// # Errors
/// 400 naming every unknown and duplicate field, when strict.
pub(crate) fn enforce(
    strictness: Strictness,
    resource: Resource,
    object: &Value,
    duplicates: &[String],
) -> Result<Vec<String>, Refusal> {
    if strictness == Strictness::Ignore {
        return Ok(Vec::new());
    }
    let found = complaints(resource, object, duplicates);
    if strictness == Strictness::Strict && !found.is_empty() {
        let info = resource.info();
        return Err(Refusal::bad_request(format!(
            "{} in version \"{}\" cannot be handled as a {}: strict decoding error: {}",
            info.kind,
            info.version,
            info.kind,
            found.join(", ")
        )));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicates_are_found_and_the_last_one_wins() {
        let body = decode("application/json", br#"{"a": [{"b": 1, "b": 2}], "a": [{"c": 1.5}]}"#).unwrap();
        assert_eq!(body.duplicates, ["a[0].b", "a"]);
        assert_eq!(body.value, crate::json::json!({"a": [{"c": 1.5}]}));
        assert_eq!(decode("application/apply-patch+yaml", b"a: 1").unwrap().value["a"], 1);
        assert_eq!(decode("application/json", b"a: 1").unwrap_err().code, 400);
        assert_eq!(decode("application/vnd.kubernetes.protobuf", b"k8s").unwrap_err().code, 415);
    }
}
