//! Which scenarios belong to a suite.

use super::case::Case;

/// A selection of scenarios, and of what is measured beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Suite {
    /// A few minutes: every mechanism once, both controls.
    Smoke,
    /// Every scenario, at least twenty switches of each kind, the way from a commit to a release.
    Full,
}

/// The scenarios of [`Suite::Smoke`].
const SMOKE: &[&str] = &[
    "control-killed-pod",
    "control-without-graceful-stop",
    "deploy-and-promote",
    "restart-under-load",
    "rollback-with-controller-down",
    "rollback-with-full-preview",
];

impl Suite {
    /// Whether a scenario belongs to it.
    pub(crate) fn has(self, case: &Case) -> bool {
        self == Suite::Full || SMOKE.contains(&case.name.as_str())
    }

    /// Its name on the command line and in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Suite::Smoke => "smoke",
            Suite::Full => "full",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::e2e::case::cases;

    #[test]
    fn every_scenario_of_the_smoke_suite_is_there() {
        let names: Vec<String> = SMOKE.iter().map(ToString::to_string).collect();
        assert_eq!(cases(&names).unwrap().len(), SMOKE.len());
        assert!(cases(&[]).unwrap().iter().all(|case| Suite::Full.has(case)));
    }
}
