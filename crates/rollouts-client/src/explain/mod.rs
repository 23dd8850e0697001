//! Why a Rollout does not go on, from evidence: facts that were gathered in, findings out. Pure.
//!
//! A [`Cause`] is a name and a function from [`Facts`] to a finding. One file holds one family of causes. To add
//! a cause, write its function, put it into its family's `CAUSES`, and give it a scenario in the tests, where every
//! other cause has to stay silent. A cause reports what it can show; what it only suspects it leaves to others.

mod analysis;
mod argocd;
mod creation;
pub mod facts;
mod pods;
mod show;
mod spec;
mod traffic;
mod waiting;

use jiff::Timestamp;
use serde::Serialize;

pub use facts::{Facts, Log};

use crate::phase;

/// One thing that can hold a Rollout up or break it.
#[derive(Debug, Clone, Copy)]
pub struct Cause {
    /// Its name: small letters and `-`. Stays the same from version to version.
    pub name: &'static str,
    /// One clause, for a list of all causes.
    pub about: &'static str,
    /// What shows that it is at work; `None` when nothing does.
    pub detect: fn(&Facts) -> Option<Found>,
    /// Whether it is only asked when no other cause has shown itself: a symptom that the others explain better.
    pub last: bool,
}

impl Cause {
    const fn new(name: &'static str, about: &'static str, detect: fn(&Facts) -> Option<Found>) -> Self {
        Cause { name, about, detect, last: false }
    }

    const fn last(name: &'static str, about: &'static str, detect: fn(&Facts) -> Option<Found>) -> Self {
        Cause { name, about, detect, last: true }
    }
}

/// What a cause has shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// One sentence, without a full stop.
    pub summary: String,
    /// What it was read off, the most telling first.
    pub evidence: Vec<Evidence>,
    /// The command to type next.
    pub next: Option<String>,
}

impl Found {
    fn new(summary: impl Into<String>) -> Self {
        Found { summary: summary.into(), evidence: Vec::new(), next: None }
    }

    fn seen(mut self, of: impl Into<String>, says: impl Into<String>) -> Self {
        self.evidence.push(Evidence { of: of.into(), says: says.into() });
        self
    }

    fn seen_if(self, of: impl Into<String>, says: Option<impl Into<String>>) -> Self {
        match says {
            Some(says) => self.seen(of, says),
            None => self,
        }
    }

    fn next(mut self, command: impl Into<String>) -> Self {
        self.next = Some(command.into());
        self
    }
}

/// One thing that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The object and the part of it: `pod app-1, container app`.
    pub of: String,
    /// What it says; may have several lines.
    pub says: String,
}

/// A cause that has shown itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// [`Cause::name`].
    pub cause: &'static str,
    /// What was found.
    #[serde(flatten)]
    pub found: Found,
}

/// Why a Rollout is as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The Rollout.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Phase, in Argo's word.
    pub phase: String,
    /// The controller's message; may be empty.
    pub message: String,
    /// What stands and what comes, in one clause.
    pub state: String,
    /// The causes that have shown themselves, in the order of [`causes`]. None for a healthy Rollout.
    pub findings: Vec<Finding>,
    /// What could not be read, and why; causes that need it could not be seen.
    pub unread: Vec<String>,
    /// When it was looked.
    pub at: Timestamp,
}

/// Every cause that is known, by family.
pub fn causes() -> impl Iterator<Item = &'static Cause> {
    let families: [&'static [Cause]; 7] = [
        spec::CAUSES,
        creation::CAUSES,
        pods::CAUSES,
        analysis::CAUSES,
        traffic::CAUSES,
        waiting::CAUSES,
        argocd::CAUSES,
    ];
    families.into_iter().flatten()
}

/// Why the Rollout of these facts is as it is.
pub fn explain(facts: &Facts) -> Explanation {
    let detect = |cause: &&'static Cause| {
        let found = (cause.detect)(facts)?;
        Some(Finding { cause: cause.name, found })
    };
    let mut findings: Vec<Finding> =
        causes().filter(|cause| !cause.last).filter_map(|cause| detect(&cause)).collect();
    if findings.is_empty() {
        findings.extend(causes().filter(|cause| cause.last).find_map(|cause| detect(&cause)));
    }
    let (phase, message) = phase::of(&facts.rollout);
    Explanation {
        name: facts.rollout.name().to_owned(),
        namespace: facts.namespace().to_owned(),
        phase: phase.to_string(),
        message,
        state: show::state(facts),
        findings,
        unread: facts.unread.clone(),
        at: facts.at,
    }
}
