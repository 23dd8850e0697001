//! Quantities such as `500m` or `1.5Gi`, in thousandths.

use crate::json::Value;

/// A suffix, and what it stands for: a power of ten or of two.
const SUFFIXES: [(&str, u32, i32); 16] = [
    ("n", 10, -9),
    ("u", 10, -6),
    ("m", 10, -3),
    ("", 10, 0),
    ("k", 10, 3),
    ("M", 10, 6),
    ("G", 10, 9),
    ("T", 10, 12),
    ("P", 10, 15),
    ("E", 10, 18),
    ("Ki", 2, 10),
    ("Mi", 2, 20),
    ("Gi", 2, 30),
    ("Ti", 2, 40),
    ("Pi", 2, 50),
    ("Ei", 2, 60),
];

/// A quantity in thousandths, a part of one rounded up; `None` for what is none or too large.
pub(crate) fn milli(quantity: &Value) -> Option<i64> {
    match quantity {
        Value::String(text) => milli_of(text),
        Value::Number(number) => milli_of(&number.to_string()),
        _ => None,
    }
}

fn milli_of(text: &str) -> Option<i64> {
    let end = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let (base, power) = match suffix.strip_prefix(['e', 'E']).and_then(|power| power.parse().ok()) {
        Some(power) => (10, power),
        None => SUFFIXES.iter().find(|(name, ..)| *name == suffix).map(|(_, base, power)| (*base, *power))?,
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits: i128 = format!("{whole}{part}").parse().ok()?;
    // Thousandths: three more decimal places, and as many fewer as stand behind the point.
    let places = 3 - i32::try_from(part.len()).ok()? + if base == 10 { power } else { 0 };
    let digits =
        if base == 2 { digits.checked_mul(1_i128.checked_shl(power.unsigned_abs())?)? } else { digits };
    let scale = 10_i128.checked_pow(places.unsigned_abs())?;
    let value = if places < 0 { -(-digits).div_euclid(scale) } else { digits.checked_mul(scale)? };
    i64::try_from(value).ok()
}

/// Thousandths as a quantity: `250m`, `2`.
pub(crate) fn of_milli(milli: i64) -> String {
    if milli % 1000 == 0 { (milli / 1000).to_string() } else { format!("{milli}m") }
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    #[test]
    fn in_thousandths() {
        for (quantity, expected) in [
            (json!("10m"), Some(10)),
            (json!("0.5"), Some(500)),
            (json!(".5"), Some(500)),
            (json!(2), Some(2000)),
            (json!("-1.5"), Some(-1500)),
            (json!("300001n"), Some(1)),
            (json!("1500u"), Some(2)),
            (json!("1e3"), Some(1_000_000)),
            (json!("1E"), None),
            (json!("1Ki"), Some(1_024_000)),
            (json!("1.5Ki"), Some(1_536_000)),
            (json!("k"), None),
            (json!("1x"), None),
            (json!(null), None),
        ] {
            assert_eq!(milli(&quantity), expected, "{quantity}");
        }
        assert_eq!([0, 250, 2000, 1500].map(of_milli), ["0", "250m", "2", "1500m"]);
    }
}
