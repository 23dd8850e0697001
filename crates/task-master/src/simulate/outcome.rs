//! What a simulation showed, for a person and as a document.

use std::fmt;

use serde::Serialize;

/// How the update ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Ending {
    /// The next version is stable.
    Finishes,
    /// It is given up, or out of time.
    Degrades,
    /// It waits for a person.
    Pauses,
    /// None of these within the time that was watched.
    GoesOn,
}

/// A moment at which something changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Moment {
    /// Seconds of virtual time from the update.
    pub seconds: f64,
    /// Phase, in Argo's word.
    pub phase: String,
    /// Its message; may be empty.
    pub message: String,
    /// The step, from 0, and how many there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<(i32, usize)>,
    /// Per cent of the traffic that the next version has by router, selector, or share of pods.
    pub weight: i32,
}

/// Who answered the requests that were sent from the update to its end.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Share {
    /// Sent.
    pub sent: u64,
    /// Answered by the next version, errors included.
    pub by_next: u64,
    /// Errors (status 500 and above) among them.
    pub errors: u64,
    /// Lost otherwise, such as by a time limit, whoever had them.
    pub lost: u64,
}

/// What a simulation showed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// Always true: nothing of this was measured.
    pub model: bool,
    /// The Rollout.
    pub name: String,
    /// `BlueGreen` or `Canary`.
    pub strategy: String,
    /// The tag of the present version.
    pub from: String,
    /// The tag of the next one.
    pub to: String,
    /// How it ended.
    pub ending: Ending,
    /// After how many seconds of virtual time from the update.
    pub seconds: f64,
    /// Phase and message at the end.
    pub last: String,
    /// What changed, in order.
    pub timeline: Vec<Moment>,
    /// Who answered; `None` when nobody sent requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<Share>,
    /// Requests a second.
    pub rate: u32,
    /// Where they went, as host and path.
    pub host: String,
    /// What the model did not take, or made up.
    pub notes: Vec<String>,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let after = clock(self.seconds);
        let verdict = match self.ending {
            Ending::Finishes => format!("finishes after {after}"),
            Ending::Degrades => format!("is given up after {after}"),
            Ending::Pauses => format!("waits for a person after {after}"),
            Ending::GoesOn => format!("has not ended after {after}"),
        };
        let Outcome { name, from, to, last, .. } = self;
        writeln!(f, "In the model, the update of {name} from {from} to {to} {verdict}: {last}")?;
        writeln!(f, "\n  AFTER     WEIGHT  STEP  PHASE")?;
        for moment in &self.timeline {
            let step = moment.step.map_or("-".to_owned(), |(index, steps)| format!("{index}/{steps}"));
            let message =
                if moment.message.is_empty() { String::new() } else { format!(" ({})", moment.message) };
            let (after, weight) = (clock(moment.seconds), format!("{}%", moment.weight));
            writeln!(f, "  {after:<8}  {weight:>6}  {step:<4}  {}{message}", moment.phase)?;
        }
        match &self.requests {
            Some(share) => writeln!(f, "\n{}", of_requests(share, to, self.rate, &self.host))?,
            None => writeln!(f, "\nNobody sent requests, so that no metric had data.")?,
        }
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        writeln!(f, "This is a model: pods serve as the demo application does, and nothing was measured.")
    }
}

fn of_requests(share: &Share, to: &str, rate: u32, host: &str) -> String {
    let Share { sent, by_next, errors, lost } = share;
    let lost = if *lost == 0 { String::new() } else { format!("; {lost} more were lost on the way") };
    format!(
        "Of {sent} requests to {host} ({rate} a second), {to} answered {by_next} ({}), {errors} of them with an error{lost}.",
        percent(*by_next, *sent)
    )
}

fn percent(part: u64, whole: u64) -> String {
    let tenths = (part * 1000).checked_div(whole).unwrap_or(0);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// `4m02.5s`, to a tenth of a second.
fn clock(seconds: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a time from zero, far below the limit"
    )]
    let tenths = (seconds * 10.0).round().max(0.0) as u64;
    let (minutes, rest) = (tenths / 600, tenths % 600);
    match minutes {
        0 => format!("{}.{}s", rest / 10, rest % 10),
        minutes => format!("{minutes}m{:02}.{}s", rest / 10, rest % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_parts_are_rounded_for_people() {
        for (seconds, shown) in [(0.0, "0.0s"), (9.96, "10.0s"), (61.26, "1m01.3s"), (3600.0, "60m00.0s")] {
            assert_eq!(clock(seconds), shown);
        }
        assert_eq!(
            (percent(1, 3), percent(0, 0), percent(5, 5)),
            ("33.3 %".into(), "0.0 %".into(), "100.0 %".into())
        );
    }
}
