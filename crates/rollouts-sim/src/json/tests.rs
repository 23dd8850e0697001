//! That values do what those of `serde_json` do.

use std::collections::BTreeMap;
use std::time::Instant;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Map, Text, Value, from_value, json, to_value};

/// JSON as another crate would make it.
fn foreign() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        "[a-c\"\\\\é]{0,3}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 64, 20, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::Array),
            prop::collection::vec(("[a-z]{1,2}", inner), 0..20)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn text_borders_and_equality(a in foreign(), b in foreign()) {
        let (ours, other) = (Value::from(&a), Value::from(&b));
        prop_assert_eq!(ours.to_string(), a.to_string());
        prop_assert_eq!(format!("{ours:#}"), format!("{a:#}"));
        prop_assert_eq!(&serde_json::Value::from(&ours), &a);
        let again = serde_json::from_str::<serde_json::Value>(&a.to_string()).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Value>(&a.to_string()).unwrap(), &Value::from(&again));
        prop_assert_eq!(&to_value(&a).unwrap(), &ours);
        prop_assert_eq!(&from_value::<serde_json::Value>(&ours).unwrap(), &a);
        prop_assert_eq!(ours == other, a == b);
    }

    #[test]
    fn objects_change_as_those_of_the_library(
        steps in prop::collection::vec((0..4_u8, "[a-e][a-g]", any::<u8>()), 0..120),
    ) {
        let (mut theirs, mut ours) = (serde_json::Map::new(), Map::new());
        for (what, key, value) in steps {
            let before = ours.clone();
            let known = ours.iter().map(|(key, value)| (key.clone(), value.clone())).collect::<Vec<_>>();
            match what {
                0 | 1 => {
                    theirs.insert(key.clone(), value.into());
                    ours.insert(key.as_str(), value.into());
                }
                2 => {
                    let gone = theirs.remove(&key).map(|value| Value::from(&value));
                    prop_assert_eq!(ours.remove(&key), gone);
                }
                _ => {
                    theirs.shift_remove(&key);
                    ours.shift_remove(&key);
                    theirs.retain(|key, _| !key.ends_with('g'));
                    ours.retain(|key, _| !key.ends_with('g'));
                }
            }
            prop_assert_eq!(before.into_iter().collect::<Vec<_>>(), known, "who shared it has what it had");
            let theirs = serde_json::Value::Object(theirs.clone());
            prop_assert_eq!(Value::Object(ours.clone()).to_string(), theirs.to_string());
            let members = theirs.as_object().unwrap();
            prop_assert!(members.iter().all(|(key, value)| ours.get(key) == Some(&Value::from(value))));
        }
    }
}

#[test]
fn what_is_not_changed_stays_shared() {
    let old = json!({"a": {"b": [1, 2]}, "c": {"d": {}}});
    let mut new = old.clone();
    new["c"]["d"]["e"] = json!(1);
    let place = |value: &Value, part: &str| {
        std::ptr::from_ref(value[part].as_object().unwrap().get("b").unwrap_or(value))
    };
    assert_eq!(place(&old, "a"), place(&new, "a"));
    assert_eq!(
        (old.to_string(), new["c"].to_string()),
        (r#"{"a":{"b":[1,2]},"c":{"d":{}}}"#.to_owned(), r#"{"d":{"e":1}}"#.to_owned(),)
    );
    assert!(old != new && old["a"] == new["a"]);
}

#[test]
fn keys_and_texts_that_are_spelled_out_are_the_programs_own() {
    let key = "b";
    let value = json!({"a": "x", (key): -1, "c": [null, true, 1.5, {"d": key}, [key.len()]]});
    assert_eq!(value.to_string(), r#"{"a":"x","b":-1,"c":[null,true,1.5,{"d":"b"},[1]]}"#);
    assert!(matches!(&value["a"], Value::String(Text::Own("x"))), "a literal is not copied");
    assert!(matches!(value.as_object().unwrap().keys().next(), Some(Text::Own("a"))));
    assert_eq!(json!({(key): 1, "b": 2}), json!({"b": 2}));
}

#[test]
fn pointers_lead_where_those_of_the_library_lead() {
    let theirs = serde_json::json!({"a": [{"b": 1}, 2], "": {"c": null}, "n": 3, "s/t~1": {"u": 4}});
    let mut ours = Value::from(&theirs);
    for pointer in [
        "",
        "/a",
        "/a/0/b",
        "/a/1",
        "/a/2",
        "/a/x",
        "/n/x",
        "/",
        "//c",
        "/a/0/b/c",
        "a",
        "/a/01",
        "/a/+1",
        "/s~1t~01/u",
        "/s~1t~1/u",
    ] {
        let found = theirs.pointer(pointer).map(Value::from);
        assert_eq!(ours.pointer(pointer), found.as_ref(), "{pointer}");
        assert_eq!(ours.pointer_mut(pointer).cloned(), found, "{pointer}");
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Kind {
    Unit,
    New(u8),
    Pair(i8, f32),
    Parts { a: char, b: Option<()> },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Typed {
    kinds: Vec<Kind>,
    by_number: BTreeMap<String, Option<u64>>,
    #[serde(flatten)]
    other: BTreeMap<String, serde_json::Value>,
}

#[test]
fn types_are_written_and_read_as_by_the_library() {
    let typed = Typed {
        kinds: vec![Kind::Unit, Kind::New(1), Kind::Pair(-1, 0.5), Kind::Parts { a: 'a', b: None }],
        by_number: BTreeMap::from([("1".to_owned(), Some(u64::MAX)), ("2".to_owned(), None)]),
        other: BTreeMap::from([("x".to_owned(), serde_json::json!([{"y": "z"}]))]),
    };
    let value = to_value(&typed).unwrap();
    assert_eq!(value.to_string(), serde_json::to_string(&typed).unwrap());
    assert_eq!(from_value::<Typed>(&value).unwrap(), typed);
    assert_eq!(to_value(&BTreeMap::from([(1, true)])).unwrap(), json!({"1": true}));
    assert!(to_value(&BTreeMap::from([([1], true)])).is_err());
    for wrong in [json!({"kinds": 1}), json!({"kinds": ["x"]}), json!({"kinds": [{"New": "x"}]}), json!(null)]
    {
        let theirs = serde_json::from_value::<Typed>((&wrong).into()).unwrap_err();
        assert_eq!(from_value::<Typed>(&wrong).unwrap_err().to_string(), theirs.to_string(), "{wrong}");
    }
}

#[test]
fn an_object_of_many_members_takes_no_time_by_their_square() {
    let text = |from: usize| {
        let members: Vec<_> =
            (0..100_000).map(|member| format!("\"{}\":{member}", (member + from) % 100_000)).collect();
        format!("{{{}}}", members.join(","))
    };
    let began = Instant::now();
    let read = |from| serde_json::from_str::<Value>(&text(from)).unwrap();
    let (a, mut b) = (read(0), read(1));
    assert_ne!(a, b);
    for member in 0..100_000 {
        b.as_object_mut().unwrap().remove(&member.to_string());
    }
    assert!(b.as_object().unwrap().is_empty());
    // The square would be minutes.
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}
