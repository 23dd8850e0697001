//! Queries that the simulated Prometheus answers: constants, and comparisons of constants.
//!
//! There is no store of samples behind it. A query for real series is an error, and so is the measurement that asks
//! it: an analysis that was never measured must not look like one that passed.

use super::expr::Value;

/// The longest comparison signs first.
const COMPARISONS: [&str; 6] = ["==", "!=", ">=", "<=", ">", "<"];

/// Answers a query: `1`, `vector(1)`, and `vector(1) > 0.5`, which keeps the sample only when it holds, or
/// `… > bool …`, which gives 0 or 1.
///
/// # Errors
/// Any other query.
pub(super) fn answer(query: &str) -> Result<Value, String> {
    let query = query.trim();
    let found = COMPARISONS
        .into_iter()
        .filter_map(|sign| Some((query.find(sign)?, sign)))
        .min_by_key(|(at, sign)| (*at, std::cmp::Reverse(sign.len())));
    let unknown =
        || format!("the simulator answers no queries but constants such as vector(1), not {query:?}");
    let Some((at, sign)) = found else { return constant(query).ok_or_else(unknown) };
    let (left, right) = (&query[..at], query[at + sign.len()..].trim());
    let (as_number, right) = right.strip_prefix("bool ").map_or((false, right), |right| (true, right));
    let (Some(left), Some(right)) = (constant(left.trim()), constant(right.trim())) else {
        return Err(unknown());
    };
    let holds = compare(sign, first(&left), first(&right));
    match left {
        // Between scalars upstream asks for `bool`.
        Value::Number(_) if !as_number => Err(unknown()),
        Value::Number(_) => Ok(Value::Number(f64::from(u8::from(holds)))),
        _ if as_number => Ok(Value::List(vec![f64::from(u8::from(holds))])),
        left => Ok(if holds { left } else { Value::List(Vec::new()) }),
    }
}

fn constant(text: &str) -> Option<Value> {
    let number = |text: &str| match text.trim() {
        "NaN" => Some(f64::NAN),
        "+Inf" | "Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        text if text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) => text.parse().ok(),
        _ => None,
    };
    match text.strip_prefix("vector(").and_then(|inner| inner.strip_suffix(')')) {
        Some(inner) => number(inner).map(|number| Value::List(vec![number])),
        None => number(text).map(Value::Number),
    }
}

fn first(value: &Value) -> f64 {
    match value {
        Value::Number(number) => *number,
        Value::List(list) => list.first().copied().unwrap_or(f64::NAN),
        _ => f64::NAN,
    }
}

fn compare(sign: &str, a: f64, b: f64) -> bool {
    match sign {
        "==" => a == b,
        "!=" => a != b,
        ">=" => a >= b,
        "<=" => a <= b,
        ">" => a > b,
        _ => a < b,
    }
}

/// A result as Prometheus prints it.
pub(super) fn print(value: &Value) -> String {
    let number = |number: f64| match number {
        _ if number.is_nan() => "NaN".to_owned(),
        _ if number.is_infinite() => if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned(),
        _ => number.to_string(),
    };
    match value {
        Value::List(list) => {
            format!("[{}]", list.iter().map(|sample| number(*sample)).collect::<Vec<_>>().join(","))
        }
        Value::Number(single) => number(*single),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers() {
        for (query, expected) in [
            ("vector(1)", "[1]"),
            (" vector( 0.5 ) ", "[0.5]"),
            ("vector(NaN)", "[NaN]"),
            ("42", "42"),
            ("vector(1) > 0.5", "[1]"),
            ("vector(1) < 0.5", "[]"),
            ("vector(1) > bool 2", "[0]"),
            ("1 >= bool 1", "1"),
        ] {
            assert_eq!(answer(query).map(|value| print(&value)).as_deref(), Ok(expected), "{query}");
        }
        for query in
            ["", "up", "rate(http_requests_total[1m])", "vector(up)", "vector(1) + 1", "1 > 0", "infinity"]
        {
            assert!(answer(query).is_err(), "{query}");
        }
    }
}
