//! The account cut into steps, and the outlines of what is stacked on each other.

use std::fmt::Write;
use std::time::Duration;

use jiff::Timestamp;

use super::scale::{Axis, round};
use crate::account::Account;

/// The account as it is drawn.
#[derive(Debug)]
pub(super) struct Layers {
    /// When the load began.
    pub(super) start: Timestamp,
    /// How long it was sent, in seconds.
    pub(super) seconds: f64,
    /// Versions in order of first appearance.
    pub(super) versions: Vec<String>,
    pub(super) steps: Vec<Step>,
}

/// One stretch of time.
#[derive(Debug)]
pub(super) struct Step {
    /// From and to, in seconds from the start.
    pub(super) from: f64,
    pub(super) to: f64,
    /// Answers a second, by version as in [`Layers::versions`].
    answered: Vec<f64>,
    pub(super) lost: u64,
    /// The slowest answer in milliseconds.
    pub(super) slowest: f64,
}

impl Step {
    fn lost_rate(&self) -> f64 {
        number(self.lost) / (self.to - self.from)
    }

    /// The rate of the first `layers` versions together; one more than there are versions adds the lost.
    fn height(&self, layers: usize) -> f64 {
        let answered: f64 = self.answered.iter().take(layers).sum();
        if layers > self.answered.len() { answered + self.lost_rate() } else { answered }
    }
}

/// A step that gives a few hundred of them.
fn suitable(seconds: f64) -> Duration {
    Duration::from_secs_f64(round(seconds / 300.0).max(0.1))
}

impl Layers {
    /// Cuts the account; `None` when nothing was sent.
    pub(super) fn new(account: &Account, step: Option<Duration>) -> Option<Self> {
        let (start, _) = account.span()?;
        let last = account.last_sent()?;
        // The last request stands for its share of the time too, as each before it does.
        let between = last.duration_since(start).as_secs_f64();
        let gaps = number(account.sent().saturating_sub(1)).max(1.0);
        let seconds = (between + between / gaps).max(0.001);
        let width = step.filter(|step| !step.is_zero()).unwrap_or_else(|| suitable(seconds));
        let buckets = account.timeline(width);
        let mut versions: Vec<String> = Vec::new();
        for version in buckets.iter().flat_map(|bucket| bucket.answered.keys()) {
            if !versions.contains(version) {
                versions.push(version.clone());
            }
        }
        let mut steps: Vec<Step> = Vec::new();
        for bucket in buckets {
            let from = bucket.start.duration_since(start).as_secs_f64();
            let to = (from + width.as_secs_f64()).min(seconds.max(width.as_secs_f64()));
            // The last step ends with the load; one that is cut short would show a rate by chance.
            let cut = to - from < 0.5 * width.as_secs_f64();
            match steps.last_mut().filter(|_| cut) {
                Some(before) => {
                    before.lost += bucket.lost;
                    before.slowest = before.slowest.max(bucket.slowest.as_secs_f64() * 1e3);
                }
                None => steps.push(Step {
                    from,
                    to,
                    answered: versions
                        .iter()
                        .map(|version| number(bucket.answered.get(version).copied().unwrap_or(0)))
                        .map(|answers| answers / (to - from))
                        .collect(),
                    lost: bucket.lost,
                    slowest: bucket.slowest.as_secs_f64() * 1e3,
                }),
            }
        }
        Some(Layers { start, seconds: seconds.max(width.as_secs_f64()), versions, steps })
    }

    /// The highest rate.
    pub(super) fn highest(&self) -> f64 {
        let all = self.versions.len() + 1;
        self.steps.iter().map(|step| step.height(all)).fold(0.0, f64::max)
    }

    /// The slowest answer in milliseconds.
    pub(super) fn slowest(&self) -> f64 {
        self.steps.iter().map(|step| step.slowest).fold(0.0, f64::max)
    }

    /// The outline of layer `index` of the stack; the one after the last version is what was lost.
    pub(super) fn outline(&self, index: usize, x: &Axis, y: &Axis) -> String {
        let mut path = String::new();
        // Steps with nothing between them are drawn as one piece; a gap is a gap.
        for piece in self.steps.chunk_by(|one, next| next.from - one.to < 1e-6) {
            if piece.iter().all(|step| step.height(index + 1) - step.height(index) < 1e-9) {
                continue;
            }
            edge(&mut path, 'M', piece.iter(), false, |step| y.at(step.height(index + 1)), x);
            edge(&mut path, 'L', piece.iter().rev(), true, |step| y.at(step.height(index)), x);
            path.push('Z');
        }
        path
    }

    /// The outline of the slowest answers.
    pub(super) fn latency(&self, x: &Axis, y: &Axis) -> String {
        let mut path = String::new();
        for piece in self.steps.chunk_by(|one, next| next.from - one.to < 1e-6) {
            edge(&mut path, 'M', piece.iter(), false, |step| y.at(step.slowest), x);
            edge(&mut path, 'L', piece.iter().rev(), true, |_| y.at(0.0), x);
            path.push('Z');
        }
        path
    }
}

/// One edge of an outline: two corners a step, or none where the height stays.
fn edge<'a>(
    path: &mut String,
    first: char,
    steps: impl Iterator<Item = &'a Step>,
    backwards: bool,
    height: impl Fn(&Step) -> f64,
    x: &Axis,
) {
    let mut command = first;
    let mut last: Option<(f64, f64)> = None;
    let mut corner = |at: f64, height: f64| {
        // Writing to a String cannot fail.
        let _ = write!(path, "{command}{:.1} {height:.1}", x.at(at));
        command = 'L';
    };
    for step in steps {
        let height = height(step);
        let (near, far) = if backwards { (step.to, step.from) } else { (step.from, step.to) };
        match last {
            Some((_, before)) if (before - height).abs() < 0.05 => (),
            Some((at, before)) => {
                corner(at, before);
                corner(near, height);
            }
            None => corner(near, height),
        }
        last = Some((far, height));
    }
    if let Some((at, height)) = last {
        corner(at, height);
    }
}

/// Counts of requests are far below what a float holds exactly.
fn number(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
