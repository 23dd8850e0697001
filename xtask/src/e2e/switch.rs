//! What a command did to the traffic: which version answered before it, which after it, and how long that took.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use scenario::Loaded;
use traffic_probe::{Account, Bucket};

/// How near to a switch a request counts as sent around it.
pub(crate) const AROUND: Duration = Duration::from_secs(2);

/// The resolution at which versions are compared before and after a command.
const BUCKET: Duration = Duration::from_millis(50);

/// Traffic moved from one version to another.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Switch {
    /// The command, as it stands in the script.
    pub(crate) command: String,
    /// When it was called.
    pub(crate) at: Timestamp,
    /// Who answered before.
    pub(crate) from: String,
    /// Who answers since.
    pub(crate) to: String,
    /// From the start of the command to the last answer of the old version.
    pub(crate) took: Duration,
    /// Requests sent within [`AROUND`] of the last answer of the old version.
    pub(crate) around: u64,
}

impl fmt::Display for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Switch { command, from, to, took, around, .. } = self;
        write!(
            f,
            "{from} → {to} in {:.2} s after `{command}`, {around} requests around it",
            took.as_secs_f64()
        )
    }
}

/// The switches of a load, in order. A command after which the same version answers as before is none.
pub(crate) fn switches(loaded: &Loaded) -> Vec<Switch> {
    let Loaded { account, marks, .. } = loaded;
    let timeline = account.timeline(BUCKET);
    let ends = marks.iter().skip(1).map(|(at, _)| *at).chain([Timestamp::MAX]);
    marks
        .iter()
        .zip(ends)
        .filter_map(|((at, command), end)| between(account, &timeline, command, *at, end))
        .collect()
}

fn between(
    account: &Account,
    timeline: &[Bucket],
    command: &str,
    at: Timestamp,
    end: Timestamp,
) -> Option<Switch> {
    let from = last_version(timeline.iter().filter(|bucket| bucket.start < at))?;
    let to = last_version(timeline.iter().filter(|bucket| bucket.start < end))?;
    if from == to {
        return None;
    }
    let last = account.last_answer_within(&from, at..end).unwrap_or(at);
    Some(Switch {
        command: command.to_owned(),
        at,
        took: Duration::try_from(last.duration_since(at)).unwrap_or_default(),
        around: account.sent_near(&[last], AROUND),
        from,
        to,
    })
}

/// Who answered most in the last stretch in which anyone did.
fn last_version<'a>(buckets: impl DoubleEndedIterator<Item = &'a Bucket>) -> Option<String> {
    let answered = &buckets.rev().find(|bucket| !bucket.answered.is_empty())?.answered;
    answered.iter().max_by_key(|(_, number)| **number).map(|(version, _)| version.clone())
}

#[cfg(test)]
mod tests {
    use traffic_probe::{Answer, Measured, Outcome};

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).unwrap()
    }

    fn answered(id: u64, sent: i64, version: &str) -> Answer {
        let version = Some(version.to_owned());
        let outcome = Outcome::Answered { status: 200, version, pod: None };
        Answer { id, sent: at(sent), done: at(sent + 10), outcome }
    }

    #[test]
    fn a_switch_lasts_from_the_command_to_the_last_answer_of_the_old_version() {
        let mut account = Account::new(Measured::Modelled);
        // v1 until 1200, both for a while, v2 from 1400 on.
        for (id, sent) in (0..300).map(|n| (n, i64::try_from(n).unwrap() * 10)) {
            let new = sent > 1400 || (sent > 1200 && sent % 20 == 0);
            account.record(&answered(id, sent, if new { "v2" } else { "v1" }));
        }
        let marks = vec![(at(500), "hold".to_owned()), (at(1000), "promote".to_owned())];
        let found =
            switches(&Loaded { host: "a.local".into(), account, marks, control: false, reconciled: None });
        assert_eq!(found.len(), 1, "a command that moves nothing is no switch: {found:?}");
        let Switch { command, from, to, took, around, .. } = &found[0];
        assert_eq!((command.as_str(), from.as_str(), to.as_str()), ("promote", "v1", "v2"));
        assert_eq!(*took, Duration::from_millis(400));
        assert_eq!(*around, 300, "everything is within two seconds of 1400");
    }
}
