//! Asking Prometheus, as the controller's client does: values as conditions see them, and faults as it words them.

use jiff::Timestamp;

use super::expr::Value;
use crate::prometheus::{ADDRESS, Answer, Fault, Prometheus};

/// The answer to a query. One that hangs has timed out when this is called.
///
/// # Errors
/// What makes the measurement one.
pub(super) fn answer(prometheus: &Prometheus, query: &str, now: Timestamp) -> Result<Value, String> {
    let post = |why: &str| format!("Post \"http://{ADDRESS}/api/v1/query\": {why}");
    match prometheus.fault {
        Fault::Down => Err(post(&format!("dial tcp {ADDRESS}: connect: connection refused"))),
        Fault::Hangs => Err(post("context deadline exceeded")),
        Fault::None | Fault::Nan => Ok(match prometheus.query(query, now)? {
            Answer::Scalar(number) => Value::Number(number),
            Answer::Vector(samples) => Value::List(samples),
        }),
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
    fn answers_and_faults() {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut prometheus = Prometheus::default();
        for (query, expected) in
            [("vector(1)", "[1]"), ("vector(NaN)", "[NaN]"), ("42", "42"), ("vector(1) < 0.5", "[]")]
        {
            let answer = answer(&prometheus, query, now).map(|value| print(&value));
            assert_eq!(answer.as_deref(), Ok(expected), "{query}");
        }
        for (fault, said) in [
            (
                Fault::Down,
                "Post \"http://10.243.0.1:9090/api/v1/query\": dial tcp 10.243.0.1:9090: connect: connection refused",
            ),
            (Fault::Hangs, "Post \"http://10.243.0.1:9090/api/v1/query\": context deadline exceeded"),
        ] {
            prometheus.set_fault(fault, now);
            assert_eq!(answer(&prometheus, "vector(1)", now), Err(said.to_owned()));
        }
        prometheus.set_fault(Fault::Nan, now);
        assert_eq!(answer(&prometheus, "vector(1)", now).map(|value| print(&value)).as_deref(), Ok("[NaN]"));
    }
}
