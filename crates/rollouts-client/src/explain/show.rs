//! An explanation for a person: a paragraph, the evidence, the next command.

use std::fmt;

use super::facts::Facts;
use super::{Explanation, Finding};
use crate::view::{self, Role};

/// What stands and what is on its way, in one clause.
pub(super) fn state(facts: &Facts) -> String {
    let mut clauses = Vec::new();
    if let Some(stable) = facts.stable() {
        clauses.push(format!("{} is stable with {}", facts.version(stable), available(stable)));
    }
    if let Some(current) = facts.current().filter(|_| !facts.rollout.fully_promoted()) {
        clauses.push(format!("{} is new with {}", facts.version(current), available(current)));
    }
    if let Some(step) = step(facts) {
        clauses.push(step);
    }
    let front = facts.front().and_then(view::selected_hash);
    if let Some(front) = facts.set(front.as_deref()) {
        let role = facts.named_services().first().map_or("active", |(role, _)| role.as_str());
        let role = if role == "canary" { Role::Stable.as_str() } else { role };
        clauses.push(format!("the {role} Service selects {}", facts.version(front)));
    }
    if clauses.is_empty() {
        "the controller has not made any version of it".to_owned()
    } else {
        clauses.join("; ")
    }
}

fn available(set: &crate::types::ReplicaSet) -> String {
    format!("{} of {} pods available", set.available(), set.desired())
}

fn step(facts: &Facts) -> Option<String> {
    let steps = facts.rollout.spec.strategy.canary.as_ref()?.steps.as_deref()?;
    let status = facts.rollout.status.as_ref()?;
    let index = usize::try_from(status.current_step_index?).ok().filter(|index| *index < steps.len())?;
    let weight = facts
        .rollout
        .weights()
        .map(|weights| format!(", weight {}", weights.canary.weight))
        .unwrap_or_default();
    Some(format!("step {} of {}{weight}", index + 1, steps.len()))
}

impl Explanation {
    /// The paragraph: what it is, what stands, and each cause in a sentence.
    pub fn paragraph(&self) -> String {
        let message = if self.message.is_empty() { String::new() } else { format!(" ({})", self.message) };
        let mut text = format!("Rollout {} is {}{message}: {}.", self.name, self.phase, self.state);
        for finding in &self.findings {
            text = format!("{text} {}.", capital(&finding.found.summary));
        }
        if self.findings.is_empty() {
            text.push_str(if self.phase == "Healthy" {
                " Nothing is wrong."
            } else {
                " No known cause shows itself."
            });
        }
        text
    }
}

/// The sentence with a capital at its start.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.paragraph())?;
        for Finding { cause, found } in &self.findings {
            writeln!(f, "\n{cause}: {}", found.summary)?;
            for evidence in &found.evidence {
                let says = evidence.says.replace('\n', "\n      ");
                writeln!(
                    f,
                    "  {}: {}{says}",
                    evidence.of,
                    if says.contains('\n') { "\n      " } else { "" }
                )?;
            }
            if let Some(next) = &found.next {
                writeln!(f, "  next: {next}")?;
            }
        }
        for unread in &self.unread {
            writeln!(f, "\nnot read: {unread}")?;
        }
        Ok(())
    }
}
