//! `json!`, as `serde_json` has it. Keys and texts that are spelled out are the program's own and cost nothing.

/// A value spelled as JSON. What stands for a value is anything that is [`Json`](super::Json), by reference.
macro_rules! json {
    (null) => { $crate::json::Value::Null };
    ([ $($items:tt)* ]) => { $crate::json::json!(@items [] $($items)*) };
    ({ $($members:tt)* }) => { $crate::json::json!(@members [] $($members)*) };

    (@items [$($done:tt)*]) => { $crate::json::Value::Array(vec![$($done)*].into()) };
    (@items [$($done:tt)*] null $(, $($rest:tt)*)?) => {
        $crate::json::json!(@items [$($done)* $crate::json::Value::Null,] $($($rest)*)?)
    };
    (@items [$($done:tt)*] [$($inner:tt)*] $(, $($rest:tt)*)?) => {
        $crate::json::json!(@items [$($done)* $crate::json::json!([$($inner)*]),] $($($rest)*)?)
    };
    (@items [$($done:tt)*] {$($inner:tt)*} $(, $($rest:tt)*)?) => {
        $crate::json::json!(@items [$($done)* $crate::json::json!({$($inner)*}),] $($($rest)*)?)
    };
    (@items [$($done:tt)*] $item:expr $(, $($rest:tt)*)?) => {
        $crate::json::json!(@items [$($done)* $crate::json::json!($item),] $($($rest)*)?)
    };

    (@members []) => { $crate::json::Value::Object($crate::json::Map::new()) };
    (@members [$($done:tt)*]) => { $crate::json::Value::Object($crate::json::Map::of(vec![$($done)*])) };
    (@members [$($done:tt)*] $key:tt : null $(, $($rest:tt)*)?) => {
        $crate::json::json!(@members [$($done)* ($crate::json::json!(@key $key), $crate::json::Value::Null),]
            $($($rest)*)?)
    };
    (@members [$($done:tt)*] $key:tt : [$($inner:tt)*] $(, $($rest:tt)*)?) => {
        $crate::json::json!(@members [$($done)* ($crate::json::json!(@key $key), $crate::json::json!([$($inner)*])),]
            $($($rest)*)?)
    };
    (@members [$($done:tt)*] $key:tt : {$($inner:tt)*} $(, $($rest:tt)*)?) => {
        $crate::json::json!(@members [$($done)* ($crate::json::json!(@key $key), $crate::json::json!({$($inner)*})),]
            $($($rest)*)?)
    };
    (@members [$($done:tt)*] $key:tt : $value:expr $(, $($rest:tt)*)?) => {
        $crate::json::json!(@members [$($done)* ($crate::json::json!(@key $key), $crate::json::json!($value)),]
            $($($rest)*)?)
    };

    (@key $key:literal) => { $crate::json::Text::Own($key) };
    (@key ($key:expr)) => { $crate::json::Text::from($key) };
    (@key $key:expr) => { $crate::json::Text::from($key) };

    ($own:literal) => { $crate::json::Own::value($own) };
    ($value:expr) => { $crate::json::Json::json(&$value) };
}

pub(crate) use json;
