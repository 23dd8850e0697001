//! The causes of `explain` on the real cluster: each fault in a namespace of its own, asked about by the program as it
//! is typed. Before the fault nothing may be named; after it all of its causes, and no other.

use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt};
use scenario::World;
use serde_json::Value;

use super::case::clear;
use super::report::Report;
use super::typed::{self, said};
use crate::fault::{self, Fault, Hands};
use crate::run::{self, Error};

/// Faults that are looked at side by side. Most of the time they wait, for a probe or a back-off.
const AT_ONCE: usize = 6;

/// The name on the command line; in the report each fault has its own, which begins with it.
pub(crate) const NAME: &str = "explain";

/// Runs all faults on the host cluster and adds each to the report. Those that take a component away come last, one
/// after the other: everybody else would miss it.
///
/// # Errors
/// A report that cannot be written; what fails is in the report.
pub(crate) async fn run(world: &World, report: &Report) -> Result<(), Error> {
    run::say(&format!("== {NAME}"));
    let (alone, beside): (Vec<&Fault>, Vec<&Fault>) = fault::all().partition(|fault| fault.stops());
    let shown =
        stream::iter(beside).map(|fault| once(fault, world)).buffer_unordered(AT_ONCE).collect::<Vec<_>>();
    let mut shown = shown.await;
    for fault in alone {
        shown.push(once(fault, world).await);
    }
    for (fault, took, result) in shown {
        let (name, title) = (format!("{NAME}-{}", fault.name), fault.causes.join(", "));
        let error = result.err().map(|error| error.to_string());
        report.scenario(&name, &title, Vec::new(), took, error, &[])?;
    }
    Ok(())
}

/// One fault, in a namespace that is empty before, and gone after.
async fn once<'f>(fault: &'f Fault, world: &World) -> (&'f Fault, Duration, Result<(), Error>) {
    let start = Instant::now();
    let namespace = format!("explain-{}", fault.name);
    let hands = Hands::new(world, fault.app, namespace.as_str());
    let shown = async {
        clear(world, &namespace).await?;
        hands.show(fault, async || ask(&namespace, fault.app.name()).await).await
    };
    let shown = Box::pin(shown).await;
    let tidied = hands.mend(fault).await;
    let tidied = tidied.and(clear(world, &namespace).await);
    match &shown {
        Ok((took, before)) => {
            let before = if before.is_empty() { String::new() } else { format!(", before that {before:?}") };
            let (causes, took) = (fault.causes.join(", "), took.as_secs());
            run::say(&format!("  {}: {causes} after {took} s{before}", fault.name));
        }
        Err(error) => run::say_error(&Error::Found(format!("{}: {error}", fault.name))),
    }
    (fault, start.elapsed(), shown.map(drop).and(tidied))
}

/// The causes that the program itself names. Everything must have been read.
async fn ask(namespace: &str, rollout: &str) -> Result<Vec<String>, Error> {
    let text = said(typed::rollout(namespace, &["explain", rollout, "-o", "json"])).await?;
    let strange = |why: &str| Error::Found(format!("task-master explains, and {why}: {text}"));
    let document: Value = serde_json::from_str(&text).map_err(|_| strange("that is no JSON"))?;
    if document["unread"].as_array().is_none_or(|unread| !unread.is_empty()) {
        return Err(strange("not everything was read"));
    }
    let findings = document["findings"].as_array().ok_or_else(|| strange("there are no findings"))?;
    let cause = |finding: &Value| finding["cause"].as_str().map(str::to_owned);
    findings.iter().map(cause).collect::<Option<_>>().ok_or_else(|| strange("a finding has no cause"))
}
