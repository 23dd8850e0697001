//! Runs that say nothing about what is tried, because this machine was too busy to send in time.

use scenario::Loaded;

/// How often one scenario, or one series, is run again for that.
pub(crate) const AGAIN: usize = 3;

/// Whether the sender was late in a load, and nothing was lost. A run with losses always counts: a busy machine is no
/// excuse for them, and none is ever thrown away.
pub(crate) fn means_nothing(loads: &[Loaded]) -> bool {
    let lost = loads.iter().any(|load| !load.control && load.account.lost() > 0);
    !lost && loads.iter().any(|load| !load.account.validity().is_valid())
}

/// Why.
pub(crate) const LATE: &str = "the sender was late, which says nothing about what is tried: once more";

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use traffic_probe::{Account, Answer, Measured, Outcome};

    use super::*;

    fn loaded(late: bool, lost: bool) -> Loaded {
        let mut account = Account::new(Measured::Live);
        let at = Timestamp::UNIX_EPOCH;
        let answered = Outcome::Answered { status: 200, version: Some("v1".to_owned()), pod: None };
        account.record(&Answer {
            id: 0,
            sent: at,
            done: at,
            outcome: if lost { Outcome::Reset } else { answered },
        });
        if late {
            account.broken("late");
        }
        Loaded { host: String::new(), account, marks: Vec::new(), control: false, reconciled: None }
    }

    #[test]
    fn only_a_late_run_without_losses_is_run_again() {
        for (late, lost, again) in
            [(false, false, false), (true, false, true), (false, true, false), (true, true, false)]
        {
            assert_eq!(means_nothing(&[loaded(false, false), loaded(late, lost)]), again, "{late} {lost}");
        }
        let control = Loaded { control: true, ..loaded(true, true) };
        assert!(means_nothing(&[control]));
    }
}
