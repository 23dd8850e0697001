//! From the counts of a run to a verdict on each promise. Pure.

use traffic_probe::{Measured, Reconciliation};

use super::doc::{LoadDoc, Measure, ReportDoc, SwitchDoc, Verdict};

/// A verdict on each number of PRD §8.1 and on what else the run promises.
pub(super) fn judge(report: &ReportDoc) -> Vec<Verdict> {
    let mut verdicts = vec![
        slowest(report, "PRD §8.1, promotion", "< 5 s", 5.0, is_promotion),
        slowest(report, "PRD §8.1, rollback", "< 30 s", 30.0, is_rollback),
        measured(report, "PRD §8.1, Argo CD sync", "< 2 min", Measure::SYNC, 120.0),
        lost(report),
        controls(report),
        lag(report),
        posts(report),
    ];
    // The series that makes up the numbers needs a real cluster.
    if report.suite == "full" && report.measured == Measured::Live {
        verdicts.push(at_least("switches", "at least 20", switches(report).count() as f64, 20.0));
        let around: u64 = switches(report).map(|switch| switch.around).sum();
        verdicts.push(at_least(
            "requests within 2 s of a switch",
            "at least 20,000",
            around as f64,
            20_000.0,
        ));
    }
    let fast = |of: fn(&SwitchDoc) -> bool| {
        move |scenario: &str, switch: &SwitchDoc| {
            scenario == crate::e2e::series::FULL_PREVIEW.name
                && of(switch)
                && !switch.command.contains("upstream")
        }
    };
    let measures = [
        slowest_in(report, "promotion, preview at full size", "<= 0.5 s", 0.5, fast(is_promotion)),
        slowest_in(report, "rollback, preview at full size", "<= 0.5 s", 0.5, fast(is_rollback)),
        measured(report, "cluster up, warm", "<= 20 s", Measure::CLUSTER_UP, 20.0),
        ratio(report, "promote beside upstream's plugin", Measure::PROMOTE, Measure::PROMOTE_UPSTREAM),
        ratio(report, "undo beside upstream's plugin", Measure::UNDO, Measure::UNDO_UPSTREAM),
    ];
    verdicts.extend(measures.into_iter().filter(|verdict| verdict.holds.is_some()));
    verdicts
}

/// What makes a run fail, a line each. A full run on a live cluster must have measured everything.
pub(super) fn failures(report: &ReportDoc) -> Vec<String> {
    let mut wrong: Vec<String> = Vec::new();
    let failed: Vec<&str> = report
        .scenarios
        .iter()
        .filter(|scenario| !scenario.passed)
        .map(|scenario| scenario.name.as_str())
        .collect();
    if !failed.is_empty() {
        wrong.push(format!("scenarios that failed: {}", failed.join(", ")));
    }
    let whole = report.suite == "full" && report.target != "sim";
    for verdict in &report.verdicts {
        match verdict.holds {
            Some(true) => {}
            Some(false) => {
                wrong.push(format!("{}: {}, asked is {}", verdict.promise, verdict.found, verdict.bound));
            }
            None if whole => wrong.push(format!("{}: not measured", verdict.promise)),
            None => {}
        }
    }
    wrong
}

fn loads(report: &ReportDoc) -> impl Iterator<Item = &LoadDoc> {
    report.scenarios.iter().flat_map(|scenario| &scenario.loads)
}

fn switches(report: &ReportDoc) -> impl Iterator<Item = &SwitchDoc> {
    loads(report).flat_map(|load| &load.switches)
}

/// A promotion is judged by the command that asks for the switch; one that happens by itself has none.
fn is_promotion(switch: &SwitchDoc) -> bool {
    switch.command.starts_with("promote")
}

fn is_rollback(switch: &SwitchDoc) -> bool {
    ["undo", "abort", "rollback"].iter().any(|verb| switch.command.starts_with(verb))
}

fn slowest(
    report: &ReportDoc,
    promise: &'static str,
    bound: &'static str,
    limit: f64,
    of: impl Fn(&SwitchDoc) -> bool,
) -> Verdict {
    slowest_in(report, promise, bound, limit, |_, switch| of(switch))
}

/// The slowest of the switches that are meant, by the scenario's name and the switch.
fn slowest_in(
    report: &ReportDoc,
    promise: &'static str,
    bound: &'static str,
    limit: f64,
    of: impl Fn(&str, &SwitchDoc) -> bool,
) -> Verdict {
    let all = report.scenarios.iter().flat_map(|scenario| {
        let switches = scenario.loads.iter().flat_map(|load| &load.switches);
        switches.map(|switch| (scenario.name.as_str(), switch))
    });
    let seconds: Vec<f64> =
        all.filter(|(name, switch)| of(name, switch)).map(|(_, switch)| switch.seconds).collect();
    match seconds.iter().copied().reduce(f64::max) {
        None => Verdict { promise, bound, found: "no switch".to_owned(), holds: None },
        Some(slowest) => {
            let found = format!("{slowest:.2} s, the slowest of {}", seconds.len());
            Verdict { promise, bound, found, holds: Some(slowest < limit) }
        }
    }
}

fn measured(
    report: &ReportDoc,
    promise: &'static str,
    bound: &'static str,
    name: &str,
    limit: f64,
) -> Verdict {
    let measure = report.measures.iter().find(|measure| measure.name == name);
    match measure.and_then(|measure| Some((measure.slowest()?, measure.seconds.len()))) {
        None => Verdict { promise, bound, found: "not measured".to_owned(), holds: None },
        Some((slowest, number)) => {
            let found = format!("{slowest:.1} s, the slowest of {number}");
            Verdict { promise, bound, found, holds: Some(slowest <= limit) }
        }
    }
}

fn ratio(report: &ReportDoc, promise: &'static str, ours: &str, theirs: &str) -> Verdict {
    let bound = "<= 0.8";
    let median = |name: &str| report.measures.iter().find(|measure| measure.name == name)?.median();
    match (median(ours), median(theirs)) {
        (Some(ours), Some(theirs)) if theirs > 0.0 => {
            let found = format!("{:.2} ({:.0} ms and {:.0} ms)", ours / theirs, ours * 1e3, theirs * 1e3);
            Verdict { promise, bound, found, holds: Some(ours / theirs <= 0.8) }
        }
        _ => Verdict { promise, bound, found: "not measured".to_owned(), holds: None },
    }
}

fn lost(report: &ReportDoc) -> Verdict {
    let counted: Vec<&LoadDoc> = loads(report).filter(|load| !load.control).collect();
    let sent: u64 = counted.iter().map(|load| load.account.sent).sum();
    let lost: u64 = counted.iter().map(|load| load.account.lost).sum();
    Verdict {
        promise: "requests lost",
        bound: "none",
        found: format!("{lost} of {sent}"),
        holds: (sent > 0).then_some(lost == 0),
    }
}

/// The instrument must count losses where the protection is taken away, or its zeros say nothing.
fn controls(report: &ReportDoc) -> Verdict {
    let lost: Vec<u64> = loads(report).filter(|load| load.control).map(|load| load.account.lost).collect();
    let each: Vec<String> = lost.iter().map(ToString::to_string).collect();
    Verdict {
        promise: "requests lost in the controls",
        bound: "some in each",
        found: if each.is_empty() { "no control ran".to_owned() } else { each.join(", ") },
        holds: (!lost.is_empty()).then_some(lost.iter().all(|lost| *lost > 0)),
    }
}

/// An acknowledged POST must be in the servers' account, once, whatever became of the pod that took it.
fn posts(report: &ReportDoc) -> Verdict {
    let both: Vec<&Reconciliation> = loads(report).filter_map(|load| load.reconciled.as_ref()).collect();
    let kept: u64 = both.iter().map(|both| both.both).sum();
    let wrong: usize =
        both.iter().map(|both| both.only_client.len() + both.doubled.len() + both.unsent.len()).sum();
    Verdict {
        promise: "POSTs in both accounts",
        bound: "each acknowledged one, once",
        found: if both.is_empty() { "not measured".to_owned() } else { format!("{kept}, {wrong} wrong") },
        holds: (kept > 0).then_some(wrong == 0),
    }
}

fn lag(report: &ReportDoc) -> Verdict {
    let invalid: Vec<&str> = report
        .scenarios
        .iter()
        .filter(|scenario| scenario.loads.iter().any(|load| !load.valid))
        .map(|scenario| scenario.name.as_str())
        .collect();
    let number = loads(report).count();
    Verdict {
        promise: "the sender's own lag",
        bound: "p99.9 <= 5 ms in each load",
        found: if invalid.is_empty() {
            match report.again {
                0 => format!("held in {number} loads"),
                again => format!("held in {number} loads, {again} more were run again"),
            }
        } else {
            format!("not in {}", invalid.join(", "))
        },
        holds: (number > 0).then_some(invalid.is_empty()),
    }
}

fn at_least(promise: &'static str, bound: &'static str, number: f64, least: f64) -> Verdict {
    Verdict { promise, bound, found: format!("{number}"), holds: Some(number >= least) }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use traffic_probe::doc::AccountDoc;
    use traffic_probe::{Account, Answer, Outcome};

    use super::*;
    use crate::e2e::report::doc::{SCHEMA_VERSION, ScenarioDoc};

    fn account(answered: u64, lost: u64) -> AccountDoc {
        let mut account = Account::new(Measured::Live);
        for id in 0..answered + lost {
            let outcome = if id < answered {
                Outcome::Answered { status: 200, version: Some("v1".to_owned()), pod: None }
            } else {
                Outcome::Reset
            };
            let at = Timestamp::UNIX_EPOCH;
            account.record(&Answer { id, sent: at, done: at, outcome });
        }
        AccountDoc::new(&account, std::time::Duration::from_secs(1))
    }

    fn load(lost: u64, control: bool, valid: bool, switches: &[(&str, f64)]) -> LoadDoc {
        let switch = |(command, seconds): &(&str, f64)| SwitchDoc {
            command: (*command).to_owned(),
            from: "v1".to_owned(),
            to: "v2".to_owned(),
            seconds: *seconds,
            around: 1000,
        };
        let switches = switches.iter().map(switch).collect();
        let (host, picture) = ("a.local".to_owned(), String::new());
        LoadDoc { host, control, valid, picture, account: account(100, lost), reconciled: None, switches }
    }

    fn report(suite: &str, loads: Vec<LoadDoc>, measures: Vec<Measure>) -> ReportDoc {
        let (name, title) = ("a scenario".to_owned(), String::new());
        let scenario = ScenarioDoc {
            name,
            title,
            shows: Vec::new(),
            passed: true,
            verified: true,
            error: None,
            seconds: 1.0,
            loads,
        };
        ReportDoc {
            schema_version: SCHEMA_VERSION,
            target: "host".to_owned(),
            suite: suite.to_owned(),
            measured: Measured::Live,
            commit: String::new(),
            versions: Default::default(),
            load_average: Default::default(),
            seconds: 1.0,
            again: 0,
            scenarios: vec![scenario],
            measures,
            verdicts: Vec::new(),
        }
    }

    fn wrong(mut report: ReportDoc) -> Vec<String> {
        report.verdicts = judge(&report);
        failures(&report)
    }

    #[test]
    fn a_good_run_has_nothing_wrong_and_each_bad_one_its_line() {
        let good =
            || vec![load(0, false, true, &[("promote", 4.9), ("undo", 29.0)]), load(3, true, true, &[])];
        assert_eq!(wrong(report("smoke", good(), Vec::new())), [""; 0]);
        let of = |name, seconds: f64| Measure { name, seconds: vec![seconds] };
        for (loads, measures, part) in [
            (vec![load(1, false, true, &[])], vec![], "requests lost: 1 of 101"),
            (vec![load(0, true, true, &[])], vec![], "in the controls: 0"),
            (vec![load(0, false, false, &[])], vec![], "own lag: not in a scenario"),
            (vec![load(0, false, true, &[("promote", 5.0)])], vec![], "promotion: 5.00 s"),
            (vec![load(0, false, true, &[("rollback proven by a", 30.0)])], vec![], "rollback: 30.00 s"),
            (vec![], vec![of(Measure::SYNC, 121.0)], "sync: 121.0 s"),
            (vec![], vec![of(Measure::PROMOTE, 0.081), of(Measure::PROMOTE_UPSTREAM, 0.1)], "plugin: 0.81"),
        ] {
            let found = wrong(report("smoke", loads, measures));
            assert!(found.len() == 1 && found[0].contains(part), "{part}: {found:?}");
        }
    }

    #[test]
    fn a_full_run_must_have_measured_what_it_promises() {
        let found = wrong(report("full", vec![load(0, false, true, &[("promote", 1.0)])], Vec::new()));
        for part in ["rollback: not measured", "sync: not measured", "controls: not measured", "switches: 1,"]
        {
            assert!(found.iter().any(|line| line.contains(part)), "{part}: {found:?}");
        }
    }
}
