//! The scripts of a run: several beside each other, each in a namespace of its own.

use std::cmp::Reverse;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use scenario::Outcome;
use scenario::script::Script;

use super::case::{self, Case, Failed};
use super::target::Target;
use super::{Options, again, pool, runtime, switch};
use crate::run::{self, Error};

/// What the namespace of a scenario begins with; the rest is its name.
pub(super) const ROOM: &str = "e2e-";

/// A scenario that was run.
pub(super) struct Ran<'c> {
    pub(super) case: &'c Case,
    pub(super) took: Duration,
    /// How often it was run again, because the sender was late.
    pub(super) again: usize,
    pub(super) outcome: Result<Outcome, Failed>,
}

/// Runs all of them, even after a failure: those that take nothing away beside each other, and beside `along`, then the
/// others one by one.
///
/// # Errors
/// A script that cannot be read, or what `along` says; what fails in a scenario is its outcome.
pub(super) fn run<'c>(
    cases: &'c [Case],
    options: &Options,
    target: &Target,
    along: impl FnOnce() -> Result<(), Error> + Send,
) -> Result<Vec<Ran<'c>>, Error> {
    let (mut beside, mut alone) = (Vec::new(), Vec::new());
    for case in cases {
        let script = case.script()?;
        if script.harms() { &mut alone } else { &mut beside }.push((case, script));
    }
    // The longest first, so that the last one does not keep all others waiting.
    beside.sort_by_key(|(_, script)| Reverse(script.patience()));
    let begun = AtomicUsize::new(0);
    let run = |(case, script): &(&'c Case, Script)| {
        let number = begun.fetch_add(1, Ordering::Relaxed) + 1;
        run::say(&format!("== {} ({number} of {})", case.name, cases.len()));
        let ran = until_it_counts(case, script, options, target);
        match &ran.outcome {
            Ok(_) => run::say(&format!("{}: passed after {} s", case.name, ran.took.as_secs())),
            Err(failed) => run::say_error(&Error::Found(format!("{}: {}", case.name, failed.error))),
        }
        ran
    };
    let mut all = std::thread::scope(|scope| {
        let along = scope.spawn(along);
        let all = pool::map(&beside, options.jobs, run);
        along.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)).map(|()| all)
    })?;
    all.extend(pool::map(&alone, 1, run));
    Ok(all)
}

/// One scenario, until its runs mean something.
fn until_it_counts<'c>(case: &'c Case, script: &Script, options: &Options, target: &Target) -> Ran<'c> {
    let start = Instant::now();
    let once = || runtime()?.block_on(repeated(case, script, options, target));
    let (mut again, mut outcome) = (0, once());
    while !options.record
        && again < again::AGAIN
        && outcome.as_ref().is_ok_and(|outcome| again::means_nothing(&outcome.loads))
    {
        run::say(&format!("{}: {}", case.name, again::LATE));
        again += 1;
        outcome = once();
    }
    Ran { case, took: start.elapsed(), again, outcome }
}

/// One scenario, as often as was asked for.
async fn repeated(
    case: &Case,
    script: &Script,
    options: &Options,
    target: &Target,
) -> Result<Outcome, Failed> {
    let (mut script, mut world) = (script.clone(), target.world(options.ingress).await?);
    scenario::move_to(&format!("{ROOM}{}", case.name), &mut script, &mut world);
    let say = |line: &str| run::say(&format!("{}: {line}", case.name));
    let once = async || {
        let outcome = case.run(&script, &world, &mut { say }).await?;
        for switch in outcome.loads.iter().filter(|_| case.switches()).flat_map(switch::switches) {
            say(&format!("  {switch}"));
        }
        Ok::<_, Failed>(outcome)
    };
    let shown = once().await?;
    for _ in 1..options.repeat {
        case::same(&shown.transcript, &once().await?.transcript, "two runs differ")?;
    }
    if options.record {
        case.record(&script, shown.transcript.clone(), &world, &options.argo_rollouts).await?;
    } else if case.is_recorded() {
        let same = case.compare(&shown.transcript);
        same.map_err(|error| Failed { error, loads: shown.loads.clone() })?;
    } else {
        say("unverified: it ran, and no recording of a real controller says what it should show");
    }
    Ok(shown)
}
