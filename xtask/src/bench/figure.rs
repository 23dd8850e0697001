//! A figure: what was measured, the bound that is promised, and the peer of the same run.

use std::time::Duration;

use crate::run;

/// One row of the table.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    pub(crate) name: String,
    measured: f64,
    /// `None` for what is only compared.
    bound: Option<f64>,
    unit: Unit,
    peer: Option<(String, f64)>,
}

#[derive(Debug, Clone, Copy)]
enum Unit {
    Seconds,
    Kib,
    PerSecond,
}

impl Figure {
    /// A time that must not be longer than its bound.
    pub(crate) fn at_most(name: &str, measured: Duration, bound: Duration) -> Self {
        let (measured, bound) = (measured.as_secs_f64(), Some(bound.as_secs_f64()));
        Self { name: name.to_owned(), measured, bound, unit: Unit::Seconds, peer: None }
    }

    /// A size in KiB that must not be larger than its bound.
    pub(crate) fn size(name: &str, measured: i64, bound: u32) -> Self {
        let measured = kib(measured);
        Self { name: name.to_owned(), measured, bound: Some(f64::from(bound)), unit: Unit::Kib, peer: None }
    }

    /// How much was done a second; no promise, only a comparison.
    pub(crate) fn rate(name: &str, measured: f64) -> Self {
        Self { name: name.to_owned(), measured, bound: None, unit: Unit::PerSecond, peer: None }
    }

    /// Who did so much a second in the same run.
    pub(crate) fn beside_rate(mut self, peer: &str, rate: f64) -> Self {
        self.peer = Some((peer.to_owned(), rate));
        self
    }

    /// What took this long in the same run.
    pub(crate) fn beside(mut self, peer: &str, seconds: Duration) -> Self {
        self.peer = Some((peer.to_owned(), seconds.as_secs_f64()));
        self
    }

    /// What was this large in the same run.
    pub(crate) fn beside_size(mut self, peer: &str, size: i64) -> Self {
        self.peer = Some((peer.to_owned(), kib(size)));
        self
    }

    /// Whether the promise is kept.
    pub(crate) fn holds(&self) -> bool {
        self.bound.is_none_or(|bound| self.measured <= bound)
    }

    fn row(&self) -> String {
        let peer = self.peer.as_ref().map_or_else(String::new, |(name, value)| {
            format!("{:.2} × {name} ({})", self.measured / value, self.unit.show(*value))
        });
        let verdict = match (self.bound, self.holds()) {
            (None, _) => "",
            (_, true) => "holds",
            (_, false) => "MISSED",
        };
        format!(
            "| {:<42} | {:>10} | {:>10} | {:<6} | {peer} |",
            self.name,
            self.unit.show(self.measured),
            self.bound.map_or_else(String::new, |bound| self.unit.show(bound)),
            verdict
        )
    }
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Self::Seconds if value >= 1.0 => format!("{value:.2} s"),
            Self::Seconds if value >= 0.001 => format!("{:.2} ms", value * 1e3),
            Self::Seconds => format!("{:.1} µs", value * 1e6),
            Self::PerSecond => format!("{value:.0}/s"),
            Self::Kib => format!("{:.1} MiB", value / 1024.0),
        }
    }
}

/// Sizes of processes are far below what a float holds exactly.
fn kib(size: i64) -> f64 {
    f64::from(i32::try_from(size).unwrap_or(i32::MAX))
}

/// The table, as Markdown.
#[expect(clippy::print_stdout, reason = "the table is what the verb is for")]
pub(crate) fn print(figures: &[Figure]) {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    run::say(&format!("load average: {}", load.split(' ').take(3).collect::<Vec<_>>().join(" ")));
    println!("| {:<42} | {:>10} | {:>10} |        | beside |", "figure", "measured", "at most");
    println!("|---|---:|---:|---|---|");
    for figure in figures {
        println!("{}", figure.row());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_beyond_its_bound_is_missed() {
        let at = |ms| Figure::at_most("x", Duration::from_millis(ms), Duration::from_millis(10));
        assert!(at(10).holds());
        assert!(!at(11).holds());
        assert!(at(11).row().contains("MISSED"));
        assert!(!Figure::size("x", 21, 20).holds());
        let compared = Figure::rate("x", 30.0).beside_rate("y", 20.0);
        assert!(compared.holds() && compared.row().contains("1.50 × y (20/s)"), "{}", compared.row());
    }
}
