//! Walking an object beside its schema: unknown fields, pruning, defaults, and values that do not fit.

use std::fmt;

use crate::json::{Map, Text, Value, json};

use super::{ListType, Schema, Type, top};

/// A place in an object and what is wrong there.
pub(crate) type Fault = (String, String);

/// Where a walk is: a path that is spelled out only where something is wrong.
#[derive(Clone, Copy, Debug)]
pub(super) enum At<'a> {
    /// Where it began; empty for the whole object.
    Root(&'a str),
    Field(&'a At<'a>, &'a str),
    Item(&'a At<'a>, usize),
}

impl At<'_> {
    fn is_root(&self) -> bool {
        matches!(self, At::Root(""))
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            At::Root(path) => f.write_str(path),
            At::Field(at, name) if at.is_root() => f.write_str(name),
            At::Field(at, name) => write!(f, "{at}.{name}"),
            At::Item(at, index) => write!(f, "{at}[{index}]"),
        }
    }
}

/// The schema of a field; `root` says whether it is one of the whole object.
pub(super) fn child(schema: &'static Schema, root: bool, name: &str) -> Option<&'static Schema> {
    if root && matches!(name, "apiVersion" | "kind") {
        return Some(&super::OPEN);
    }
    if root { top(schema, name) } else { schema.field(name) }
}

/// The fields of `object` that its schema does not declare, as paths.
pub(crate) fn unknown_fields(schema: &'static Schema, object: &Value) -> Vec<String> {
    let mut found = Vec::new();
    visit_unknown(schema, object, At::Root(""), &mut found);
    found
}

fn visit_unknown(schema: &'static Schema, value: &Value, at: At<'_>, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            let mut unknown = Vec::new();
            for (name, inner) in map {
                let below = At::Field(&at, name);
                match child(schema, at.is_root(), name) {
                    Some(schema) => visit_unknown(schema, inner, below, found),
                    None => unknown.push(below.to_string()),
                }
            }
            found.extend(unknown);
        }
        Value::Array(list) => {
            for (index, inner) in list.iter().enumerate() {
                visit_unknown(schema.item(), inner, At::Item(&at, index), found);
            }
        }
        _ => {}
    }
}

/// Takes out the fields that a schema does not declare. Most values have none, and stay shared as they are.
pub(super) fn drop_unknown(schema: &'static Schema, value: &mut Value, path: &str) {
    if has_unknown(schema, value, path.is_empty()) {
        take_unknown(schema, value, path.is_empty());
    }
}

fn has_unknown(schema: &'static Schema, value: &Value, root: bool) -> bool {
    match value {
        Value::Object(map) => map.iter().any(|(name, inner)| {
            child(schema, root, name)
                .is_none_or(|schema| is_nested(inner) && has_unknown(schema, inner, false))
        }),
        Value::Array(list) => list.iter().any(|inner| has_unknown(schema.item(), inner, false)),
        _ => false,
    }
}

fn take_unknown(schema: &'static Schema, value: &mut Value, root: bool) {
    match value {
        Value::Object(map) => {
            map.retain(|name, _| child(schema, root, name).is_some());
            for (name, inner) in map.iter_mut() {
                if let Some(schema) = child(schema, root, name) {
                    take_unknown(schema, inner, false);
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|inner| take_unknown(schema.item(), inner, false)),
        _ => {}
    }
}

/// Fills in the schema's defaults, and drops nulls where a default or no nullable value stands, as for CRDs.
pub(super) fn fill_defaults(schema: &'static Schema, value: &mut Value, path: &str) {
    if lacks_defaults(schema, value, path.is_empty()) {
        give_defaults(schema, value, path.is_empty());
    }
}

fn lacks_defaults(schema: &'static Schema, value: &Value, root: bool) -> bool {
    match value {
        Value::Object(map) => {
            missing_defaults(schema, map).next().is_some()
                || map.iter().filter(|(_, inner)| is_nested(inner)).any(|(name, inner)| {
                    child(schema, root, name).is_some_and(|schema| lacks_defaults(schema, inner, false))
                })
        }
        Value::Array(list) => list.iter().any(|inner| lacks_defaults(schema.item(), inner, false)),
        _ => false,
    }
}

fn give_defaults(schema: &'static Schema, value: &mut Value, root: bool) {
    match value {
        Value::Object(_) => {
            own_defaults(schema, value);
            for (name, inner) in value.as_object_mut().into_iter().flat_map(Map::iter_mut) {
                if let Some(schema) = child(schema, root, name) {
                    give_defaults(schema, inner, false);
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|inner| give_defaults(schema.item(), inner, false)),
        _ => {}
    }
}

/// The same for the fields of one object, and not what is in them.
pub(super) fn own_defaults(schema: &'static Schema, value: &mut Value) {
    let Some(map) = value.as_object_mut() else { return };
    let missing: Vec<_> = missing_defaults(schema, map).collect();
    for (name, default) in missing {
        map.insert(name, default.clone());
    }
}

/// The defaults of fields that an object does not have.
fn missing_defaults<'a>(
    schema: &'static Schema,
    map: &'a Map,
) -> impl Iterator<Item = (&'static str, &'static Value)> + use<'a> {
    schema.properties.iter().filter_map(|(name, property)| {
        let property = property.resolved();
        let default = property.default.as_ref()?;
        map.get(name).is_none_or(|v| v.is_null() && !property.nullable).then_some((name, default))
    })
}

/// Takes out null fields of built-in kinds: their Go types have no null.
pub(super) fn drop_nulls(schema: &'static Schema, value: &mut Value, path: &str) {
    if has_nulls(schema, value, path.is_empty()) {
        take_nulls(schema, value, path.is_empty());
    }
}

fn keeps(name: &str, value: &Value) -> bool {
    !value.is_null() || name == "eventTime"
}

fn has_nulls(schema: &'static Schema, value: &Value, root: bool) -> bool {
    match value {
        Value::Object(map) => map.iter().any(|(name, inner)| {
            let below = || child(schema, root, name).filter(|schema| !schema.open);
            !keeps(name, inner)
                || is_nested(inner) && below().is_some_and(|schema| has_nulls(schema, inner, false))
        }),
        Value::Array(list) => list.iter().any(|inner| has_nulls(schema.item(), inner, false)),
        _ => false,
    }
}

/// Whether a value has parts.
fn is_nested(value: &Value) -> bool {
    matches!(value, Value::Object(_) | Value::Array(_))
}

fn take_nulls(schema: &'static Schema, value: &mut Value, root: bool) {
    match value {
        Value::Object(map) => {
            map.retain(|name, inner| keeps(name, inner));
            for (name, inner) in map.iter_mut() {
                if let Some(schema) = child(schema, root, name).filter(|schema| !schema.open) {
                    take_nulls(schema, inner, false);
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|inner| take_nulls(schema.item(), inner, false)),
        _ => {}
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// What Go's decoder calls a JSON value.
fn go_name(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        other => type_name(other),
    }
}

fn fits(schema: &Schema, value: &Value) -> bool {
    if schema.int_or_string {
        let number = value.is_i64() || value.is_u64() || (value.is_number() && schema.format.is_some());
        return number || value.is_string();
    }
    match schema.kind {
        None => true,
        Some(Type::Object) => value.is_object(),
        Some(Type::Array) => value.is_array(),
        Some(Type::String) => value.is_string(),
        Some(Type::Integer) => {
            value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|f| f.fract() == 0.0)
        }
        Some(Type::Number) => value.is_number(),
        Some(Type::Boolean) => value.is_boolean(),
    }
}

fn wanted(schema: &Schema) -> &'static str {
    match schema.kind {
        None if schema.int_or_string => "integer or string",
        None => "any",
        Some(Type::Object) => "object",
        Some(Type::Array) => "array",
        Some(Type::String) => "string",
        Some(Type::Integer) => "integer",
        Some(Type::Number) => "number",
        Some(Type::Boolean) => "boolean",
    }
}

/// The first value whose type cannot be decoded into a built-in kind: its path, what it is, what it should be.
pub(super) fn wrong_type(
    schema: &'static Schema,
    value: &Value,
    at: At<'_>,
) -> Option<(String, &'static str, &'static str)> {
    // A null is the Go zero value.
    if value.is_null() {
        return None;
    }
    if !fits(schema, value) {
        return Some((at.to_string(), go_name(value), wanted(schema)));
    }
    match value {
        Value::Object(map) => map.iter().find_map(|(name, inner)| {
            wrong_type(child(schema, at.is_root(), name)?, inner, At::Field(&at, name))
        }),
        Value::Array(list) => list.iter().find_map(|inner| wrong_type(schema.item(), inner, at)),
        _ => None,
    }
}

/// Everything in `value` that a structural schema forbids, in the words of the API server. `old` is the present
/// value, for rules about change.
pub(super) fn faults(schema: &'static Schema, value: &Value, old: Option<&Value>, at: At<'_>) -> Vec<Fault> {
    let mut found = Vec::new();
    visit_faults(schema, value, old, at, &mut found);
    found
}

/// The same of a whole object, with no look into other top fields than `fresh`.
pub(super) fn faults_of(
    schema: &'static Schema,
    object: &Value,
    old: Option<&Value>,
    fresh: &[Text],
) -> Vec<Fault> {
    let mut found = Vec::new();
    if own_faults(schema, object, old, At::Root(""), &mut found) {
        for name in fresh.iter().filter(|name| *name != "metadata") {
            let before = old.and_then(|old| old.get(name));
            if let (Some(schema), Some(value)) = (child(schema, true, name), object.get(name)) {
                visit_faults(schema, value, before, At::Root(name), &mut found);
            }
        }
    }
    found
}

/// Without what is in the members. Says whether they are worth a look.
fn own_faults(
    schema: &'static Schema,
    value: &Value,
    old: Option<&Value>,
    at: At<'_>,
    found: &mut Vec<Fault>,
) -> bool {
    if value.is_null() && schema.nullable {
        return false;
    }
    if !fits(schema, value) {
        let got = type_name(value);
        let want = wanted(schema);
        found.push((
            at.to_string(),
            format!("Invalid value: \"{got}\": {at} in body must be of type {want}: \"{got}\""),
        ));
        return false;
    }
    scalar_faults(schema, value, at, found);
    if !schema.rules.is_empty() && old.is_some_and(|old| old != value) {
        let broken = schema.rules.iter().filter(|r| r["rule"] == "self == oldSelf");
        found.extend(broken.map(|r| {
            (
                at.to_string(),
                format!(
                    "Invalid value: \"{}\": {}",
                    type_name(value),
                    r["message"].as_str().unwrap_or_default()
                ),
            )
        }));
    }
    if let Value::Object(map) = value {
        for name in schema.required.iter().filter(|name| !map.contains_key(name)) {
            found.push((At::Field(&at, name).to_string(), "Required value".to_owned()));
        }
    }
    true
}

fn visit_faults(
    schema: &'static Schema,
    value: &Value,
    old: Option<&Value>,
    at: At<'_>,
    found: &mut Vec<Fault>,
) {
    // What stands in the store was admitted when it was written.
    if old.is_some_and(|old| old == value) || !own_faults(schema, value, old, at, found) {
        return;
    }
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                if at.is_root() && name == "metadata" {
                    continue;
                }
                if let Some(schema) = child(schema, at.is_root(), name) {
                    visit_faults(schema, inner, old.and_then(|o| o.get(name)), At::Field(&at, name), found);
                }
            }
        }
        Value::Array(list) => {
            duplicates(schema, list, at, found);
            for (index, inner) in list.iter().enumerate() {
                visit_faults(schema.item(), inner, None, At::Item(&at, index), found);
            }
        }
        _ => {}
    }
}

fn scalar_faults(schema: &Schema, value: &Value, path: At<'_>, found: &mut Vec<Fault>) {
    if !schema.allowed.is_empty() && !schema.allowed.contains(value) {
        let allowed: Vec<String> = schema.allowed.iter().map(Value::to_string).collect();
        let why = format!("Unsupported value: {value}: supported values: {}", allowed.join(", "));
        found.push((path.to_string(), why));
    }
    let number = value.as_f64();
    if let (Some(number), Some(least)) = (number, schema.minimum)
        && number < least
    {
        let why =
            format!("Invalid value: {value}: {path} in body should be greater than or equal to {least}");
        found.push((path.to_string(), why));
    }
    if let (Some(number), Some(most)) = (number, schema.maximum)
        && number > most
    {
        let why = format!("Invalid value: {value}: {path} in body should be less than or equal to {most}");
        found.push((path.to_string(), why));
    }
    let Some(text) = value.as_str() else {
        let range = match schema.format.as_deref() {
            Some("int32") => value.as_i64().is_none_or(|n| i32::try_from(n).is_ok()),
            _ => true,
        };
        if !range {
            let why = format!("Invalid value: {value}: {path} in body must be of type int32: {value}");
            found.push((path.to_string(), why));
        }
        return;
    };
    if let Some(most) = schema.max_length
        && text.chars().count() > most
    {
        found.push((path.to_string(), format!("Too long: may not be more than {most} bytes")));
    }
    let good = match schema.format.as_deref() {
        Some("quantity") => super::names::is_quantity(text),
        Some("date-time") => text.parse::<jiff::Timestamp>().is_ok(),
        _ => true,
    };
    if !good {
        let format = schema.format.as_deref().unwrap_or_default();
        let why = format!("Invalid value: \"{text}\": {path} in body must be of type {format}: \"{text}\"");
        found.push((path.to_string(), why));
    }
}

fn duplicates(schema: &'static Schema, list: &[Value], at: At<'_>, found: &mut Vec<Fault>) {
    for (index, item) in list.iter().enumerate() {
        if list[..index].iter().any(|seen| same_item(schema, seen, item)) {
            let key = if schema.list_type() == ListType::Map { item_key(schema, item) } else { item.clone() };
            found.push((At::Item(&at, index).to_string(), format!("Duplicate value: {key}")));
        }
    }
}

/// Whether a rule about change stands anywhere in a schema of properties.
pub(super) fn has_rules(schema: &'static Schema) -> bool {
    !schema.rules.is_empty() || schema.properties.values().any(|s| has_rules(s.resolved()))
}

/// Whether two items of a list that merges are the same one; none of an atomic list are.
pub(crate) fn same_item(schema: &'static Schema, a: &Value, b: &Value) -> bool {
    match schema.list_type() {
        ListType::Atomic => false,
        ListType::Set => a == b,
        ListType::Map => {
            schema.list_keys.iter().all(|name| item_part(schema, a, name) == item_part(schema, b, name))
        }
    }
}

/// One key of an item of a list-map; the default where it is absent.
fn item_part<'a>(schema: &'static Schema, item: &'a Value, name: &str) -> Option<&'a Value> {
    item.get(name).or_else(|| schema.item().field(name)?.default.as_ref())
}

/// The keys of an item of a list-map, as an object in key order; defaults of absent keys are filled in.
pub(crate) fn item_key(schema: &'static Schema, item: &Value) -> Value {
    let mut keys: Vec<&String> = schema.list_keys.iter().collect();
    keys.sort();
    let mut key = json!({});
    for name in keys {
        if let Some(value) = item_part(schema, item, name) {
            key[name] = value.clone();
        }
    }
    key
}
