//! How long the host cluster's Prometheus waits before an alert fires: as the shipped rules say, or shorter for a test.

use nix::sys::signal::Signal;

use super::certificates::secret;
use super::places::Places;
use super::supervise;
use crate::run::Error;

/// The shipped alerts.
pub(super) const SHIPPED: &str = include_str!("../../../deploy/monitoring/rules/alerts.yaml");

/// The file beside Prometheus' configuration.
pub(super) const FILE: &str = "rules/alerts.yaml";

/// Has every alert fire so long after its cause; without a time as it is shipped.
///
/// # Errors
/// A file that cannot be written, or a Prometheus that does not run.
pub(super) fn after(places: &Places, time: Option<&str>) -> Result<(), Error> {
    let text = time.map_or_else(|| SHIPPED.to_owned(), |time| scaled(SHIPPED, time));
    secret(&places.config(FILE), &text)?;
    let running = supervise::report(places, "prometheus").and_then(|report| report.unit);
    let running = running.ok_or_else(|| Error::Found("prometheus does not run".to_owned()))?;
    running.signal(Signal::SIGHUP);
    Ok(())
}

/// The rules with this time in the place of each `for`.
fn scaled(rules: &str, time: &str) -> String {
    let line = |line: &str| match line.trim_start().strip_prefix("for: ") {
        Some(_) => format!("{}for: {time}\n", &line[..line.len() - line.trim_start().len()]),
        None => format!("{line}\n"),
    };
    rules.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alert_gets_the_time_and_nothing_else_changes() {
        let text = scaled(SHIPPED, "5s");
        let (alerts, times) = (text.matches("- alert: ").count(), text.matches("        for: 5s\n").count());
        assert_eq!((alerts, times), (12, 12));
        let without =
            |text: &str| text.lines().filter(|line| !line.contains(" for: ")).collect::<Vec<_>>().join("\n");
        assert_eq!(without(&text), without(SHIPPED));
    }
}
