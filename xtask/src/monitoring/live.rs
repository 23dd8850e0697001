//! The shipped dashboard on a live Prometheus: what each panel shows for some namespaces.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::{panels_of, read};
use crate::cluster;
use crate::run::Error;

/// The panels without data at this moment, by their place, each with its queries. A panel of several queries has data
/// when one of them has: some show only trouble.
///
/// # Errors
/// When the dashboard cannot be read, or Prometheus refuses one of its queries.
pub(crate) async fn panels_without_data(namespaces: &[&str]) -> Result<BTreeMap<String, Vec<String>>, Error> {
    let several = format!("({})", namespaces.join("|"));
    let (mut empty, mut shown): (BTreeMap<String, Vec<String>>, Vec<String>) = Default::default();
    // An annotation marks a moment, and is empty at most others.
    let panels =
        panels_of(&read("dashboard.json")?)?.into_iter().filter(|query| query.place.starts_with("panel "));
    for query in panels {
        let expression = query.text.replace("$namespace", &several);
        if asked(&expression).await?.is_empty() {
            empty.entry(query.place).or_default().push(expression);
        } else {
            shown.push(query.place);
        }
    }
    empty.retain(|place, _| !shown.contains(place));
    Ok(empty)
}

/// The names of the alerts that fire now.
///
/// # Errors
/// When Prometheus does not answer.
pub(crate) async fn firing() -> Result<Vec<String>, Error> {
    let samples = asked(r#"count by (alertname) (ALERTS{alertstate="firing"})"#).await?;
    let name =
        |sample: &Value| sample.pointer("/metric/alertname").and_then(Value::as_str).map(str::to_owned);
    Ok(samples.iter().filter_map(name).collect())
}

/// The samples of an expression now.
async fn asked(expression: &str) -> Result<Vec<Value>, Error> {
    let url = format!("{}/api/v1/query?query={}", cluster::prometheus(), encoded(expression));
    let answer: Value = serde_json::from_str(&cluster::text(&url, None).await?)
        .map_err(|error| Error::Found(format!("Prometheus' answer to {expression}: {error}")))?;
    answer
        .pointer("/data/result")
        .and_then(Value::as_array)
        .cloned()
        .ok_or_else(|| Error::Found(format!("Prometheus refuses {expression}: {answer}")))
}

/// A text as a value in a URL's query.
fn encoded(text: &str) -> String {
    const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');
    utf8_percent_encode(text, ESCAPED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_becomes_a_value_of_a_url() {
        assert_eq!(encoded(r#"a{b=~"c|d"} + 1"#), "a%7Bb%3D%7E%22c%7Cd%22%7D%20%2B%201");
    }
}
