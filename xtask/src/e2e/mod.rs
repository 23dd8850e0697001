//! `cargo xtask e2e`: the scenarios on a target, compared with their transcripts, judged and reported.
//!
//! The scenario's body knows nothing of targets; this is the place that does. Only here, only with
//! `--record`, and only on a real cluster are transcripts written.

mod again;
mod alerts;
mod audit;
mod case;
mod explain;
mod pool;
mod release;
mod report;
mod rights;
mod scripts;
mod series;
mod suite;
mod switch;
mod target;
mod typed;

use std::net::SocketAddr;

use report::{Measure, Report};
use suite::{Body, Suite};
use target::Target;

use crate::run::Error;

/// The tags of the demo-app that scenarios name.
const TAGS: &[&str] = &["v1", "v2", "v3"];

/// What to run, where, and whether to record.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// `sim`; `host` or `kind`, which is brought up when it is not; or `context:NAME` of the kubeconfig.
    #[arg(long, default_value = "sim", value_name = "TARGET")]
    target: String,
    /// Which scenarios, and what is measured beside them.
    #[arg(long, value_enum, default_value_t = Suite::Full, conflicts_with = "scenario")]
    suite: Suite,
    /// Only these scenarios, by the name of their file.
    #[arg(long, num_args = 1.., value_name = "NAME")]
    scenario: Vec<String>,
    /// On a cluster of the kubeconfig, agree that the scenarios' namespaces, `e2e-` and their names, and the
    /// Applications of Argo CD that deploy to them, are deleted there before and after each run.
    #[arg(long)]
    yes: bool,
    /// So many scenarios at once, each in a namespace of its own, and the releases by Git beside them. Scenarios that
    /// take a part of the cluster away come after these, one by one, and what is measured comes last.
    #[arg(long, default_value_t = 2, value_name = "N")]
    jobs: usize,
    /// Write the transcripts instead of comparing with them; only on a real cluster.
    #[arg(long)]
    record: bool,
    /// Run each scenario so often; all runs must show the same, or nothing is recorded.
    #[arg(long, default_value_t = 1, value_name = "N")]
    repeat: u32,
    /// The ingress, on loopback; only for a real cluster.
    #[arg(long, default_value = "127.0.0.1:8880", value_name = "ADDRESS")]
    ingress: SocketAddr,
    /// The controller's version, for the header of what is recorded: no API says it.
    #[arg(long, default_value = "v1.10.2", value_name = "VERSION")]
    argo_rollouts: String,
}

/// Runs the scenarios, all of them even after a failure, and writes the report.
///
/// # Errors
/// A target that cannot be reached, the scenarios that failed, the promises that do not hold.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let target = Target::parse(&options.target)?;
    if options.record && !target.is_live() {
        return found("transcripts are recorded on a real cluster only: use --target host or context:NAME");
    }
    if !target.is_our_own() && !options.yes {
        return found(&format!(
            "on {} the scenarios delete their namespaces, {} and their names, and the Applications of Argo CD that \
             deploy to them, before and after each run; add --yes if that is meant",
            options.target,
            scripts::ROOM
        ));
    }
    let names = &options.scenario;
    let mut cases = case::cases()?;
    suite::known(names, &cases)?;
    cases.retain(|case| if names.is_empty() { options.suite.has(case) } else { names.contains(&case.name) });
    let bodies = if target == Target::Host { Body::chosen(options.suite, names) } else { Vec::new() };
    if cases.is_empty() && bodies.is_empty() {
        return found("what was named runs on the host cluster only: use --target host");
    }
    bodies.iter().try_for_each(|body| body.prepare())?;
    let up = target.prepare(TAGS)?;
    let runtime = runtime()?;
    let suite = if names.is_empty() { options.suite.name() } else { "selected" };
    let report = runtime.block_on(begin(&target, options, suite))?;
    if let Some(seconds) = up {
        report.measure(Measure { name: Measure::CLUSTER_UP, seconds: vec![seconds] });
    }
    let (along, after): (Vec<Body>, Vec<Body>) = bodies.into_iter().partition(|body| body.goes_along());
    let run_all = |bodies: &[Body]| run_bodies(bodies, options, &target, &report);
    for ran in scripts::run(&cases, options, &target, || run_all(&along))? {
        report.again(ran.again);
        report.add(ran.case, ran.took, &ran.outcome)?;
    }
    run_all(&after)?;
    report.finish()
}

/// Runs one after the other.
fn run_bodies(bodies: &[Body], options: &Options, target: &Target, report: &Report) -> Result<(), Error> {
    if bodies.is_empty() {
        return Ok(());
    }
    let runtime = runtime()?;
    let world = runtime.block_on(target.world(options.ingress))?;
    bodies.iter().try_for_each(|body| runtime.block_on(body.run(&world, report)))
}

async fn begin(target: &Target, options: &Options, suite: &str) -> Result<Report, Error> {
    let world = target.world(options.ingress).await?;
    let mut versions = target.versions();
    versions.insert("kubernetes".to_owned(), case::kubernetes(&world).await?);
    Report::begin(&options.target, suite, versions, world.requests.kind())
}

fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Error::Found(format!("the runtime did not start: {error}")))
}

fn found<T>(message: &str) -> Result<T, Error> {
    Err(Error::Found(message.to_owned()))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Words {
        #[command(flatten)]
        options: Options,
    }

    #[test]
    fn what_would_do_harm_or_nothing_is_refused() {
        for (words, part) in [
            (vec!["e2e", "--record"], "on a real cluster only"),
            (vec!["e2e", "--target", "context:prod"], "add --yes"),
            (vec!["e2e", "--target", "moon"], "sim, host, kind or context:NAME"),
        ] {
            let options = Words::try_parse_from(words).unwrap().options;
            let error = run(&options).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
