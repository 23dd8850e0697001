//! What in a declared Rollout cannot happen as declared, told beforehand. Pure: objects in, findings out.
//!
//! A [`Rule`] is a name and a function from all [`Objects`] at hand to findings. One file holds one family of rules.
//! To add a rule, write its function, put it into its family's `RULES`, and describe it in `docs/reference/lint.md`
//! with a bad and a good example: a test runs the rule on both. A rule that needs an object which is not at hand
//! says nothing.

mod analysis;
mod autoscaling;
mod data;
mod delays;
mod fields;
mod gitops;
mod objects;
mod retired;
mod routing;
mod services;
mod strategy;
mod weights;

use std::fmt;

use serde::Serialize;

pub use objects::{Object, Objects, Refused, Undeclared};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It cannot work, or does not do what it says.
    Error,
    /// It works, and at some time it will hurt.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        })
    }
}

/// One thing to look for.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Its name: small letters and `-`. Stays the same from version to version.
    pub name: &'static str,
    /// How bad what it finds is.
    pub severity: Severity,
    /// One clause, for a list of all rules.
    pub about: &'static str,
    /// What it finds.
    pub check: fn(&Objects) -> Vec<Found>,
}

impl Rule {
    const fn error(name: &'static str, about: &'static str, check: fn(&Objects) -> Vec<Found>) -> Self {
        Rule { name, severity: Severity::Error, about, check }
    }

    const fn warning(name: &'static str, about: &'static str, check: fn(&Objects) -> Vec<Found>) -> Self {
        Rule { name, severity: Severity::Warning, about, check }
    }
}

/// What a rule has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Which of the objects.
    pub object: usize,
    /// Where in it: a JSON pointer (RFC 6901). What is missing is found at what should have it.
    pub at: String,
    /// What, as a fragment.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
}

impl Found {
    fn new(object: usize, at: impl Into<String>, message: impl Into<String>) -> Self {
        Found { object, at: at.into(), message: message.into(), help: None }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// What was found, by which rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// [`Rule::name`].
    pub rule: &'static str,
    /// [`Rule::severity`].
    pub severity: Severity,
    /// What.
    pub found: Found,
}

/// Every rule, by family.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    let families: [&'static [Rule]; 11] = [
        fields::RULES,
        strategy::RULES,
        services::RULES,
        weights::RULES,
        routing::RULES,
        analysis::RULES,
        delays::RULES,
        autoscaling::RULES,
        gitops::RULES,
        data::RULES,
        retired::RULES,
    ];
    families.into_iter().flatten()
}

/// What all rules find, in the order of the objects.
pub fn lint(objects: &Objects) -> Vec<Finding> {
    let found = |rule: &'static Rule| {
        let finding = |found| Finding { rule: rule.name, severity: rule.severity, found };
        (rule.check)(objects).into_iter().map(finding)
    };
    let mut findings: Vec<Finding> = rules().flat_map(found).collect();
    findings.sort_by_key(|finding| finding.found.object);
    findings
}
