//! One attempt at one task: its steps in order, each looked at, done, and looked at again.
//!
//! Before a step takes effect its intent is on disk. After a cut, a step with a check is settled by its
//! check, one that only observes is carried out again, and a step without a check whose end is not recorded
//! makes the task unknown: it waits for a person, because doing it twice may be worse than not at all.

use std::path::Path;
use std::time::{Duration, Instant};

use backon::BackoffBuilder as _;
use task_manager::event::{StepOutcome, TaskOutcome};
use task_manager::state::StepState;
use task_manager::{Event as Fact, Evidence};

use super::hands::{Done, Nature, Talk, nature};
use super::prior::{self, Known};
use super::{End, Engine, EngineError, Event, TaskReport, describe, logfile};
use crate::cluster::Look;
use crate::executor::Class;
use crate::fault::Fault;
use crate::runbook::{Binding, Step};

/// How a step ended, when it did not end the attempt.
struct StepEnd {
    outcome: StepOutcome,
    done: Done,
}

/// Why a step ended the attempt.
enum Stop {
    /// It failed.
    Failed(StepOutcome, Fault),
    /// Nobody can know what it did.
    Unknown(String),
    /// The log cannot be written: nothing more may take effect.
    Log(EngineError),
}

impl From<task_manager::LedgerError> for Stop {
    fn from(error: task_manager::LedgerError) -> Self {
        Self::Log(error.into())
    }
}

/// The place of a step in the log.
#[derive(Clone, Copy)]
struct At<'a> {
    task: &'a str,
    attempt: u32,
    step: u32,
}

impl Engine<'_, '_> {
    /// Makes one attempt at `binding`'s task.
    pub(super) fn attempt(&mut self, binding: &Binding) -> Result<TaskReport, EngineError> {
        let task = binding.task.as_str();
        let began = Instant::now();
        let before = self.journal.state().task(&self.target, task);
        let attempt = before.attempts + 1;
        self.journal.fact(Fact::TaskStarted {
            task: task.to_owned(),
            target: self.target.clone(),
            run: self.run.clone(),
            attempt,
        })?;
        let mut evidence: Option<Evidence> = None;
        let mut output = Vec::new();
        let mut stopped = None;
        // How the step before ended, where that is not on disk yet: the last step's end and the task's are one.
        let mut ended = None;
        for (step, number) in binding.steps.iter().zip(1..) {
            if let Some(fact) = ended.take() {
                self.journal.fact(fact)?;
            }
            let at = At { task, attempt, step: number };
            match self.step(at, step, before.steps.get(&number)) {
                Ok(StepEnd { outcome, done }) => {
                    evidence = evidence.max(done.evidence);
                    output.push(self.journal.clean(&done.detail));
                    ended = Some(self.step_finished(at, outcome, done.detail));
                }
                Err(stop) => {
                    if let Stop::Failed(outcome, fault) = &stop {
                        ended = Some(self.step_finished(at, *outcome, fault.message.clone()));
                    }
                    stopped = Some((number, stop));
                    break;
                }
            }
        }
        let evidence = evidence.unwrap_or(Evidence::Static);
        let (end, outcome) = self.ended(binding, attempt, evidence, stopped)?;
        let shown = matches!(end, End::Completed(_)).then(|| self.shown(binding, evidence)).flatten();
        self.journal.facts(ended.into_iter().chain([outcome]).chain(shown).collect())?;
        Ok(TaskReport { task: task.to_owned(), end, output, duration: began.elapsed() })
    }

    /// How the attempt ended, and the fact that says so.
    fn ended(
        &self,
        binding: &Binding,
        attempt: u32,
        evidence: Evidence,
        stopped: Option<(u32, Stop)>,
    ) -> Result<(End, Fact), EngineError> {
        let (task, target, run) = (binding.task.clone(), self.target.clone(), self.run.clone());
        let log = Some(logfile::path(&run, &task, attempt));
        Ok(match stopped {
            None => {
                let (outcome, reason) = (TaskOutcome::Completed, None);
                (
                    End::Completed(evidence),
                    Fact::TaskFinished { task, target, run, attempt, outcome, evidence, reason, log },
                )
            }
            Some((step, Stop::Failed(StepOutcome::Interrupted, fault))) => {
                let reason = format!("step {step} {}", fault.message);
                (End::Interrupted, Fact::TaskInterrupted { task, target, run, attempt, reason, log })
            }
            Some((step, Stop::Failed(how, fault))) => {
                let reason = self.journal.clean(&format!("step {step}: {}", fault.message));
                let timed_out = how == StepOutcome::TimedOut;
                let end = End::Failed { reason: reason.clone(), timed_out, missing_tool: fault.missing_tool };
                let (outcome, reason) = (TaskOutcome::Failed, Some(reason));
                (end, Fact::TaskFinished { task, target, run, attempt, outcome, evidence, reason, log })
            }
            Some((step, Stop::Unknown(reason))) => {
                let reason = self.journal.clean(&format!("step {step}: {reason}"));
                let end = End::Unknown(reason.clone());
                (end, Fact::TaskUnknown { task, target, run, attempt, reason, log })
            }
            Some((_, Stop::Log(error))) => return Err(error),
        })
    }

    /// What the completed task shows.
    fn shown(&self, binding: &Binding, evidence: Evidence) -> Option<Fact> {
        let ids: Vec<String> = binding.shows.iter().map(|id| id.name.clone()).collect();
        let (by, target, commit) = (binding.task.clone(), self.target.clone(), self.commit.clone());
        (!ids.is_empty()).then_some(Fact::Shown { ids, target, evidence, by, commit })
    }

    /// One step, with its tries.
    fn step(&mut self, at: At<'_>, step: &Step, prior: Option<&StepState>) -> Result<StepEnd, Stop> {
        // What is recorded is found again by whoever resumes from another folder, so it names folders in full.
        let what = describe::step(step, &self.hands.place, Path::new(""));
        let seen = describe::step(step, &self.hands.place, &self.hands.context.here);
        self.journal.say(Event::Step { task: at.task.to_owned(), step: at.step, what: seen });
        if let Some((reason, checks)) = self.hands.stand_in(step) {
            return self.stand_in(step, &reason, checks);
        }
        let nature = nature(&step.action);
        if nature == Nature::Blind {
            match prior::known(prior, &what) {
                Known::Done => {
                    let detail = "done in an earlier attempt, and not done again".to_owned();
                    return Ok(StepEnd {
                        outcome: StepOutcome::AlreadySo,
                        done: Done { detail, evidence: Some(Evidence::Live) },
                    });
                }
                Known::Open => {
                    return Err(Stop::Unknown(format!(
                        "`{what}` was begun before and has no check that tells what became of it"
                    )));
                }
                Known::Nothing => {}
            }
        }
        let mut waits = backoff(step.retries);
        loop {
            let fault = match self.try_once(at, step, nature, &what) {
                Ok(end) => return Ok(end),
                Err(Stop::Failed(_, fault)) if fault.class == Class::Transient => fault,
                Err(stop) => return Err(stop),
            };
            let Some(wait) = waits.next() else { return Err(Stop::Failed(StepOutcome::Failed, fault)) };
            let message = fault.message.clone();
            self.journal.say(Event::Retry { task: at.task.to_owned(), step: at.step, message, wait });
            self.hands.pause(wait).map_err(failed)?;
        }
    }

    fn stand_in(
        &self,
        step: &Step,
        reason: &str,
        checks: &[crate::runbook::Static],
    ) -> Result<StepEnd, Stop> {
        if checks.is_empty() {
            let crate::runbook::Action::Tool(tool) = &step.action else {
                return Err(failed(Fault::permanent(reason)));
            };
            let mut fault = Fault::missing(super::tool::name(&tool.tool));
            fault.message = format!("{reason}, and the runbook names nothing to check instead");
            return Err(failed(fault));
        }
        let done = self.hands.check_instead(reason, checks).map_err(failed)?;
        Ok(StepEnd { outcome: StepOutcome::CheckedOnly, done })
    }

    /// Look, do, look again; or for a step that observes, do.
    fn try_once(&mut self, at: At<'_>, step: &Step, nature: Nature, what: &str) -> Result<StepEnd, Stop> {
        if let Some(signal) = self.hands.runner.interrupts().received() {
            return Err(failed(Fault::of(Class::Interrupted, format!("was interrupted by signal {signal}"))));
        }
        let limit = self.limit(step)?;
        if nature == Nature::Checked
            && let Look::So(seen) = self.look(at, step, limit)?
        {
            let evidence = self.hands.evidence_of(step);
            return Ok(StepEnd { outcome: StepOutcome::AlreadySo, done: Done { detail: seen, evidence } });
        }
        if super::hands::changes_something(&step.action) {
            self.hands.consent(what).map_err(failed)?;
            self.journal.fact(Fact::StepIntended {
                task: at.task.to_owned(),
                target: self.target.clone(),
                run: self.run.clone(),
                attempt: at.attempt,
                step: at.step,
                what: what.to_owned(),
            })?;
        }
        let acted = self.act(at, step, self.limit(step)?);
        match (nature, acted) {
            (Nature::Observes, Ok(done)) => Ok(StepEnd { outcome: StepOutcome::Done, done }),
            (Nature::Checked, Ok(done)) => match self.look(at, step, limit)? {
                Look::So(_) => Ok(StepEnd { outcome: StepOutcome::Done, done }),
                Look::NotSo(reason) => {
                    let message = format!("{}, and its check still says: {reason}", done.detail);
                    Err(failed(Fault::permanent(message)))
                }
            },
            // It ran into its limit; what it did until then is for the check to say.
            (Nature::Checked, Err(fault)) if fault.class == Class::TimedOut => {
                match self.look(at, step, limit) {
                    Ok(Look::So(seen)) => {
                        let detail = format!("{seen} ({})", fault.message);
                        let evidence = self.hands.evidence_of(step);
                        Ok(StepEnd { outcome: StepOutcome::Done, done: Done { detail, evidence } })
                    }
                    _ => Err(failed(fault)),
                }
            }
            (Nature::Blind, Ok(done)) => Ok(StepEnd { outcome: StepOutcome::Done, done }),
            (Nature::Blind, Err(fault)) if fault.class == Class::TimedOut => {
                Err(Stop::Unknown(format!("{}, and it has no check", fault.message)))
            }
            (_, Err(fault)) => Err(failed(fault)),
        }
    }

    fn look(&mut self, at: At<'_>, step: &Step, limit: Duration) -> Result<Look, Stop> {
        let attempt = Some((self.target.as_str(), self.run.as_str(), at.attempt, at.step));
        let mut talk = Talk { journal: &mut self.journal, task: at.task, attempt };
        self.hands.look(step, limit, &mut talk).map_err(failed)
    }

    fn act(&mut self, at: At<'_>, step: &Step, limit: Duration) -> Result<Done, Fault> {
        let attempt = Some((self.target.as_str(), self.run.as_str(), at.attempt, at.step));
        let mut talk = Talk { journal: &mut self.journal, task: at.task, attempt };
        self.hands.act(step, limit, &mut talk)
    }

    /// The step's bound, or what is left of the run's.
    fn limit(&self, step: &Step) -> Result<Duration, Stop> {
        let Some(end) = self.deadline else { return Ok(step.timeout) };
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(failed(Fault::of(Class::TimedOut, "the run's time is up")));
        }
        Ok(step.timeout.min(left))
    }

    fn step_finished(&self, at: At<'_>, outcome: StepOutcome, detail: String) -> Fact {
        Fact::StepFinished {
            task: at.task.to_owned(),
            target: self.target.clone(),
            run: self.run.clone(),
            attempt: at.attempt,
            step: at.step,
            outcome,
            detail: Some(detail),
        }
    }
}

fn failed(fault: Fault) -> Stop {
    let outcome = match fault.class {
        Class::TimedOut => StepOutcome::TimedOut,
        Class::Interrupted => StepOutcome::Interrupted,
        Class::Transient | Class::Permanent => StepOutcome::Failed,
    };
    Stop::Failed(outcome, fault)
}

/// Waits between tries: from a fifth of a second, doubling, up to ten seconds.
fn backoff(retries: usize) -> impl Iterator<Item = Duration> {
    backon::ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(200))
        .with_max_delay(Duration::from_secs(10))
        .with_max_times(retries)
        .build()
}
