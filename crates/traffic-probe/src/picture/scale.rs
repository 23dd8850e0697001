//! Axes: round numbers for ticks, and from values to places.

/// A linear axis from zero.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    /// The value at the end of the axis.
    pub(super) end: f64,
    /// The distance of its ticks.
    tick: f64,
    from: f64,
    to: f64,
}

impl Axis {
    /// An axis over `0..=end` between two places, with about `ticks` ticks. `round_up` lets it end at a tick.
    pub(super) fn new(end: f64, ticks: f64, round_up: bool, from: f64, to: f64) -> Self {
        let end = if end.is_finite() && end > 0.0 { end } else { 1.0 };
        let tick = round(end / ticks);
        let end = if round_up { (end / tick).ceil() * tick } else { end };
        Axis { end, tick, from, to }
    }

    /// Where a value is.
    pub(super) fn at(&self, value: f64) -> f64 {
        self.from + (self.to - self.from) * (value / self.end)
    }

    /// The ticks from zero on: value and label.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        let decimals = if self.tick < 0.1 {
            2
        } else if self.tick < 1.0 {
            1
        } else {
            0
        };
        let mut ticks = Vec::new();
        let mut value = 0.0;
        // Bounded by the number of ticks that `new` aimed at; half a tick forgives the sums of floats.
        while value <= self.end + self.tick * 1e-6 && ticks.len() < 50 {
            ticks.push((value, format!("{value:.decimals$}")));
            value += self.tick;
        }
        ticks
    }
}

/// The next round number: 1, 2 or 5 times a power of ten.
pub(super) fn round(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 5.0].map(|step| step * power);
    // A hair of tolerance: 0.1 + 0.2 must not become 0.5.
    steps.into_iter().find(|step| value <= step * (1.0 + 1e-9)).unwrap_or(power * 10.0)
}

/// A count with its thousands apart.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_reach_the_end() {
        for (value, expected) in
            [(1.0, 1.0), (1.1, 2.0), (3.0, 5.0), (6.0, 10.0), (0.03, 0.05), (240.0, 500.0)]
        {
            assert!((round(value) - expected).abs() < 1e-9, "{value}: {}", round(value));
        }
        let axis = Axis::new(250.0, 4.0, true, 300.0, 100.0);
        let labels: Vec<String> = axis.ticks().into_iter().map(|(_, label)| label).collect();
        assert_eq!(labels, ["0", "100", "200", "300"]);
        assert!((axis.at(300.0) - 100.0).abs() < 1e-9 && (axis.at(0.0) - 300.0).abs() < 1e-9);
        assert_eq!(Axis::new(0.0, 4.0, true, 0.0, 1.0).ticks().len(), 3, "nothing to show is still an axis");
    }

    #[test]
    fn thousands() {
        for (count, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(count), text);
        }
    }
}
