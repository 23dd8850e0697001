//! What a rollback did, why, how it is known, and what it leaves to others.

use std::fmt;

use super::decide::Plan;
use crate::proof::Proof;

/// One thing that a rollback did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Aborted the update.
    Aborted,
    /// Ended a person's pause.
    Resumed,
    /// Wrote the template of a revision back.
    Undid {
        /// The version, in words.
        to: String,
    },
    /// Asked for the full promotion of it.
    PromotedInFull,
    /// Changed the selector of a Service.
    RepairedSelector {
        /// The Service.
        service: String,
        /// The hash that it selected; `None` when it selected every version.
        from: Option<String>,
        /// The hash that it selects now.
        to: String,
    },
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Deed::Aborted => f.write_str("aborted the update"),
            Deed::Resumed => f.write_str("ended the pause, so that the controller takes the pods away"),
            Deed::Undid { to } => write!(f, "wrote the template of {to} back"),
            Deed::PromotedInFull => f.write_str("promoted it in full"),
            Deed::RepairedSelector { service, from, to } => {
                let from = from.as_deref().unwrap_or("every version");
                write!(f, "switched service {service} from {from} to {to}, which the controller had not done")
            }
        }
    }
}

/// A rollback that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The Rollout.
    pub name: String,
    /// What was decided.
    pub plan: Plan,
    /// What was done, in order.
    pub did: Vec<Deed>,
    /// How it is known that users are back on the good version.
    pub proof: Proof,
    /// What was sent and could not be seen to have had its effect.
    pub unseen: Vec<String>,
    /// What stays as the left version made it.
    pub cannot_restore: Vec<String>,
    /// What someone should do next, if anything.
    pub next: Option<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "rollout {} is back on {}", self.name, self.plan.to)?;
        writeln!(f, "  why:    {}", self.plan.because)?;
        if self.did.is_empty() {
            writeln!(f, "  did:    nothing")?;
        }
        for deed in &self.did {
            writeln!(f, "  did:    {deed}")?;
        }
        writeln!(f, "  proof:  {}", self.proof)?;
        for thing in &self.unseen {
            writeln!(f, "  unseen: {thing}")?;
        }
        for thing in &self.cannot_restore {
            writeln!(f, "  stays:  {thing}")?;
        }
        match &self.next {
            Some(next) => writeln!(f, "  next:   {next}"),
            None => Ok(()),
        }
    }
}
