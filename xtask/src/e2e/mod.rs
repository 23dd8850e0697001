//! `cargo xtask e2e`: the scenarios on a target, compared with their transcripts, judged and reported.
//!
//! The scenario's body knows nothing of targets; this is the place that does. Only here, only with
//! `--record`, and only on a real cluster are transcripts written.

mod again;
mod case;
mod explain;
mod release;
mod report;
mod series;
mod suite;
mod switch;
mod target;

use std::net::SocketAddr;
use std::time::Instant;

use scenario::{Outcome, World};

use case::Case;
use report::{Measure, Report};
use suite::{Body, Suite};
use target::Target;

use crate::bench;
use crate::run::{self, Error};

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
    /// On a cluster of the kubeconfig, agree that the scenarios' namespaces, and the Applications of Argo CD that
    /// deploy to them, are deleted there before and after each run.
    #[arg(long)]
    yes: bool,
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

/// Runs the scenarios one after the other, all of them even after a failure, and writes the report.
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
            "on {} the scenarios delete their namespaces, and the Applications of Argo CD that deploy to them, before \
             and after each run; add --yes if that is meant",
            options.target
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
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::Found(format!("the runtime did not start: {error}")))?;
    let suite = if names.is_empty() { options.suite.name() } else { "selected" };
    let mut report = runtime.block_on(begin(&target, options, suite))?;
    if let Some(seconds) = up {
        report.measure(Measure { name: Measure::CLUSTER_UP, seconds: vec![seconds] });
    }
    for (index, case) in cases.iter().enumerate() {
        run::say(&format!("== {} ({} of {})", case.name, index + 1, cases.len()));
        let start = Instant::now();
        let mut outcome = runtime.block_on(once(case, options, &target));
        for _ in 0..again::AGAIN {
            if options.record || !outcome.as_ref().is_ok_and(|outcome| again::means_nothing(&outcome.loads)) {
                break;
            }
            again::tell();
            report.again(1);
            outcome = runtime.block_on(once(case, options, &target));
        }
        if let Err(error) = &outcome {
            run::say_error(error);
        }
        report.add(case, start.elapsed(), &outcome)?;
    }
    if !bodies.is_empty() {
        let world = runtime.block_on(target.world(options.ingress))?;
        bodies.iter().try_for_each(|body| runtime.block_on(body.run(&world, &mut report)))?;
    }
    report.finish()
}

async fn begin(target: &Target, options: &Options, suite: &str) -> Result<Report, Error> {
    let world = target.world(options.ingress).await?;
    let mut versions = target.versions();
    versions.insert("kubernetes".to_owned(), case::kubernetes(&world).await?);
    Report::begin(&options.target, suite, versions, world.requests.kind())
}

/// One scenario, as often as was asked for.
async fn once(case: &Case, options: &Options, target: &Target) -> Result<Outcome, Error> {
    let script = case.script()?;
    let world: World = target.world(options.ingress).await?;
    let mut first: Option<Outcome> = None;
    for _ in 0..options.repeat.max(1) {
        let outcome = case.run(&script, &world).await?;
        for switch in outcome.loads.iter().filter(|_| case.switches()).flat_map(switch::switches) {
            run::say(&format!("  {switch}"));
        }
        if let Some(first) = &first {
            case::same(&first.transcript, &outcome.transcript, "two runs differ")?;
        }
        first.get_or_insert(outcome);
    }
    let Some(shown) = first else { return found("nothing was run") };
    if options.record {
        case.record(&script, shown.transcript.clone(), &world, &options.argo_rollouts).await?;
    } else if case.is_recorded() {
        case.compare(&shown.transcript)?;
    } else {
        run::say("  unverified: it ran, and no recording of a real controller says what it should show");
    }
    Ok(shown)
}

/// A verb of the program as it is typed, on a Rollout of the host cluster.
fn rollout(namespace: &str, words: &[&str]) -> std::process::Command {
    let mut command = run::command(bench::binary("task-master"));
    command.args(["--target", "host", "rollout", "--namespace", namespace]).args(words);
    command
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
