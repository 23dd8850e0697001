//! What the engine says. Terminal lines, JSON lines, log files and the rows of the event log are all readers
//! of this one stream; a new output does not touch the engine.

use std::time::Duration;

use jiff::Timestamp;
use task_manager::Event as Fact;

use crate::redact::Redactor;
use crate::runner::Stream;

/// One thing that the engine says.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Something that is recorded: it is on disk before any reader sees it.
    Fact(Fact),
    /// A completed task was looked at again and is still so.
    StillSo {
        /// The task.
        task: String,
        /// What was seen.
        seen: String,
    },
    /// A completed task could not be looked at again.
    CannotLook {
        /// The task.
        task: String,
        /// Why not.
        message: String,
    },
    /// A step begins.
    Step {
        /// The task.
        task: String,
        /// Which step of the task, from 1.
        step: u32,
        /// What it does.
        what: String,
    },
    /// A line that a child wrote.
    Line {
        /// The task.
        task: String,
        /// Where it wrote.
        stream: Stream,
        /// The line.
        text: String,
    },
    /// A step failed for a cause that may pass, and is tried again.
    Retry {
        /// The task.
        task: String,
        /// Which step.
        step: u32,
        /// The failure.
        message: String,
        /// How long is waited before.
        wait: Duration,
    },
}

/// One output of the engine. It cannot fail: what it cannot write is lost there and nowhere else.
pub trait Reader {
    /// Takes in the next event.
    fn read(&mut self, at: Timestamp, event: &Event);
}

impl Event {
    /// The same without secrets.
    pub(super) fn cleaned(mut self, redactor: &Redactor) -> Self {
        match &mut self {
            Event::StillSo { seen: text, .. }
            | Event::CannotLook { message: text, .. }
            | Event::Step { what: text, .. }
            | Event::Line { text, .. }
            | Event::Retry { message: text, .. } => *text = redactor.clean(text),
            Event::Fact(fact) => clean_fact(fact, redactor),
        }
        self
    }
}

/// Takes secrets out of a fact.
pub(super) fn clean_fact(fact: &mut Fact, redactor: &Redactor) {
    match fact {
        Fact::StepIntended { what: text, .. }
        | Fact::StepFinished { detail: Some(text), .. }
        | Fact::RunFinished { reason: Some(text), .. }
        | Fact::TaskFinished { reason: Some(text), .. }
        | Fact::TaskUnknown { reason: text, .. }
        | Fact::TaskInterrupted { reason: text, .. }
        | Fact::TaskSkipped { reason: text, .. }
        | Fact::TaskDrifted { reason: text, .. } => *text = redactor.clean(text),
        Fact::RunStarted { holder, .. } => holder.command = redactor.clean(&holder.command),
        _ => {}
    }
}
