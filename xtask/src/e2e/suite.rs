//! Which scenarios belong to a suite.

use scenario::World;

use super::case::Case;
use super::report::Report;
use super::series::{self, Series};
use super::{alerts, audit, explain, found, release, rights};
use crate::run::Error;
use crate::{bench, terraform};

/// A selection of scenarios, and of what is measured beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Suite {
    /// A few minutes: every mechanism once, both controls.
    Smoke,
    /// Every scenario, at least twenty switches of each kind, the way from a commit to a release.
    Full,
    /// What the operator's verbs send and have to be allowed, how each fault is explained, and what alerts.
    Operator,
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

/// What is no script: it needs what only the host cluster brings along, or measures rather than compares.
#[derive(Clone, Copy)]
pub(crate) enum Body {
    /// From a code change to a blue-green release, by Git and Argo CD.
    Release,
    /// The same of a canary.
    Canary,
    /// All environments by Argo CD, a release in two of them at once.
    Environments,
    /// From a pull request to a release, by a forge and Argo CD.
    PullRequest,
    /// A change of the database's schema.
    Schema,
    /// The platform by Terraform, and what GitOps makes of it.
    Platform,
    /// Switches in a row.
    Series(&'static Series),
    /// What goes wrong, and how it is explained.
    Explain,
    /// What our verbs send beside what upstream's plugin sends.
    Audit,
    /// What each verb has to be allowed.
    Rights,
    /// Each alert with its cause.
    Alerts,
}

/// All of them, in the order in which they are run.
const BODIES: &[Body] = &[
    Body::Release,
    Body::Canary,
    Body::Environments,
    Body::PullRequest,
    Body::Schema,
    Body::Platform,
    Body::Series(&series::SHIPPED),
    Body::Series(&series::FULL_PREVIEW),
    Body::Audit,
    Body::Rights,
    Body::Explain,
    Body::Alerts,
];

impl Body {
    /// Those of a suite, or those with the given names.
    pub(crate) fn chosen(suite: Suite, names: &[String]) -> Vec<Body> {
        let wanted = |body: &&Body| match names {
            [] => body.suite() == suite,
            names => names.iter().any(|name| name == body.name()),
        };
        BODIES.iter().filter(wanted).copied().collect()
    }

    /// The suite that it belongs to.
    fn suite(self) -> Suite {
        match self {
            Body::Release
            | Body::Canary
            | Body::Environments
            | Body::PullRequest
            | Body::Schema
            | Body::Platform
            | Body::Series(_) => Suite::Full,
            Body::Explain | Body::Audit | Body::Rights | Body::Alerts => Suite::Operator,
        }
    }

    /// Whether it may run beside scenarios. What is measured may not, and neither may a dozen applications at once.
    pub(crate) fn goes_along(self) -> bool {
        matches!(self, Body::Release | Body::Canary | Body::PullRequest | Body::Schema)
    }

    /// Its name, as scenarios have one.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Body::Release => release::blue_green::NAME,
            Body::Canary => release::canary::NAME,
            Body::Environments => release::environments::NAME,
            Body::PullRequest => release::pull_request::NAME,
            Body::Schema => release::schema::NAME,
            Body::Platform => release::platform::NAME,
            Body::Series(series) => series.name,
            Body::Explain => explain::NAME,
            Body::Audit => audit::NAME,
            Body::Rights => rights::NAME,
            Body::Alerts => alerts::NAME,
        }
    }

    /// Makes ready what it needs and that takes its time.
    pub(crate) fn prepare(self) -> Result<(), Error> {
        match self {
            Body::Release | Body::Canary | Body::Environments | Body::Schema | Body::Alerts => Ok(()),
            // Said at once, and not when its turn comes.
            Body::Platform => terraform::program().map(drop),
            Body::PullRequest => crate::cluster::build_forge(),
            Body::Series(_) | Body::Explain | Body::Audit | Body::Rights => bench::build_task_master(),
        }
    }

    /// Runs it and adds it to the report.
    pub(crate) async fn run(self, world: &World, report: &Report) -> Result<(), Error> {
        match self {
            Body::Release => release::blue_green::run(world, report).await,
            Body::Canary => release::canary::run(world, report).await,
            Body::Environments => release::environments::run(world, report).await,
            Body::PullRequest => release::pull_request::run(world, report).await,
            Body::Schema => release::schema::run(world, report).await,
            Body::Platform => release::platform::run(world, report).await,
            Body::Series(series) => series.run(world, report).await,
            Body::Explain => explain::run(world, report).await,
            Body::Audit => audit::run(world, report).await,
            Body::Rights => rights::run(world, report).await,
            Body::Alerts => alerts::run(world, report).await,
        }
    }
}

/// Refuses names that neither a script nor a body has.
pub(crate) fn known(names: &[String], cases: &[Case]) -> Result<(), Error> {
    let all = || cases.iter().map(|case| case.name.as_str()).chain(BODIES.iter().map(|body| body.name()));
    match names.iter().find(|name| !all().any(|known| known == name.as_str())) {
        Some(unknown) => {
            found(&format!("no scenario {unknown}; there are {}", all().collect::<Vec<_>>().join(", ")))
        }
        None => Ok(()),
    }
}

impl Suite {
    /// Whether a scenario belongs to it.
    pub(crate) fn has(self, case: &Case) -> bool {
        match self {
            Suite::Smoke => SMOKE.contains(&case.name.as_str()),
            Suite::Full => true,
            Suite::Operator => false,
        }
    }

    /// Its name on the command line and in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Suite::Smoke => "smoke",
            Suite::Full => "full",
            Suite::Operator => "operator",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::e2e::case::cases;

    #[test]
    fn every_scenario_of_the_smoke_suite_is_there() {
        let cases = cases().unwrap();
        assert_eq!(cases.iter().filter(|case| Suite::Smoke.has(case)).count(), SMOKE.len());
        assert!(cases.iter().all(|case| Suite::Full.has(case)));
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_known_ones() {
        let names = |name: &str| vec![name.to_owned()];
        let error = known(&names("nonsense"), &cases().unwrap()).unwrap_err().to_string();
        for part in ["no scenario nonsense", "deploy-and-promote", "release-by-git"] {
            assert!(error.contains(part), "{error}");
        }
        for name in ["deploy-and-promote", "series-full-preview"] {
            known(&names(name), &cases().unwrap()).unwrap();
        }
        assert_eq!(Body::chosen(Suite::Smoke, &names("series-full-preview")).len(), 1);
        assert!(Body::chosen(Suite::Smoke, &[]).is_empty());
        let of = |suite| Body::chosen(suite, &[]).len();
        assert_eq!((of(Suite::Full), of(Suite::Operator)), (8, 4));
        assert_eq!(Body::chosen(Suite::Full, &names("explain")).len(), 1);
    }
}
