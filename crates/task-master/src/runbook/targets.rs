//! On which targets a step belongs to its task, and a runbook as it is on one of them.
//!
//! The same task is done differently where a real cluster can be brought up, where one is there already, and
//! where it is simulated. A step says by `on` where it belongs; a task without a step on a target is manual there.

use super::fields::Reader;
use super::model::{Binding, Runbook};
use super::tree::Node;
use crate::target::{KINDS, Target};

/// Kinds of targets; empty means all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct On(Vec<&'static str>);

impl On {
    /// Whether it names this kind of target.
    #[must_use]
    pub fn includes(&self, kind: &str) -> bool {
        self.0.is_empty() || self.0.contains(&kind)
    }
}

impl Runbook {
    /// What it says for a target: only the steps and the mutation that belong there, and only the tasks that
    /// have a step there.
    #[must_use]
    pub fn on(&self, target: &Target) -> Self {
        let kind = target.kind();
        let bindings = self.bindings.iter().map(|binding| binding.on(kind));
        let bindings = bindings.filter(|binding| !binding.steps.is_empty()).collect();
        Self { file: self.file.clone(), bindings }
    }
}

impl Binding {
    /// What it says for a kind of target.
    pub(super) fn on(&self, kind: &str) -> Self {
        let mut binding = self.clone();
        binding.steps.retain(|step| step.on.includes(kind));
        binding.mutations.retain(|mutation| mutation.on.includes(kind));
        binding
    }
}

impl Reader<'_> {
    /// The value of `on`.
    pub(super) fn on(&mut self, node: &Node) -> Option<On> {
        let list = self.list(node, "the list of targets")?;
        self.all(list, |reader, node| reader.word(node, "target", &KINDS)).map(On)
    }
}
