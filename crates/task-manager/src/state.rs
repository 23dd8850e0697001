//! The state of everything, as a fold over the log.
//!
//! What was done on one target counts on no other: every task has one [`TaskState`] a target. The fold is linear in
//! the number of events and depends on nothing else, so any prefix of a log is a state too.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use crate::event::{Event, PlanParsed, Recorded};
use crate::status::{Evidence, Status};
use crate::transition::{self, Condition, Move};

mod illegal;
mod parts;
mod take;

pub use illegal::IllegalEvent;
use illegal::hint;
pub use parts::{RunState, Showing, Spawned, StepState, TaskState};
use take::{attempt_of, take_outcome, take_step};

/// The state of everything.
#[derive(Debug, Clone, Default)]
pub struct State {
    seq: u64,
    /// target → task → state
    tasks: BTreeMap<String, BTreeMap<String, TaskState>>,
    runs: Vec<RunState>,
    run_places: HashMap<String, usize>,
    plan: Option<PlanParsed>,
    /// old id → new id
    renamed: BTreeMap<String, String>,
    /// id → the last showing on each ground
    shown: BTreeMap<String, BTreeMap<Evidence, Showing>>,
}

impl State {
    /// Folds a whole log, oldest first.
    ///
    /// # Errors
    /// [`IllegalEvent`] when the log holds a move that the table does not allow, which no [`crate::Ledger`] writes.
    pub fn fold<'a>(events: impl IntoIterator<Item = &'a Recorded>) -> Result<State, IllegalEvent> {
        let mut state = State::default();
        for recorded in events {
            state.apply(recorded)?;
        }
        Ok(state)
    }

    /// Takes in the next event of the log.
    ///
    /// # Errors
    /// [`IllegalEvent`]; the state is unchanged then.
    pub fn apply(&mut self, recorded: &Recorded) -> Result<(), IllegalEvent> {
        if recorded.seq != self.seq + 1 {
            return Err(IllegalEvent::Sequence { known: self.seq, found: recorded.seq });
        }
        self.check(&recorded.event)?;
        self.take(recorded.at, &recorded.event);
        self.seq = recorded.seq;
        Ok(())
    }

    /// Asks whether the event would be legal now, without taking it in.
    ///
    /// # Errors
    /// [`IllegalEvent`], which names where the task stands and where it would go.
    pub fn check(&self, event: &Event) -> Result<(), IllegalEvent> {
        self.check_run(event)?;
        let (Some(asked), Some(task), Some(target)) = (Move::of(event), event.task(), event.target()) else {
            return Ok(());
        };
        let (from, known) = self
            .find(target, task)
            .map_or((Condition::Pending, 0), |state| (state.condition, state.attempts));
        let (task, target) = (task.to_owned(), target.to_owned());
        if transition::after(from, asked).is_none() {
            return Err(match asked.aim() {
                Some(to) => IllegalEvent::Move { task, target, from, to, hint: hint(from, asked) },
                None => IllegalEvent::Step { task, target, from },
            });
        }
        match attempt_of(event) {
            Some(named) if named != known + u32::from(asked == Move::Start) => {
                Err(IllegalEvent::Attempt { task, target, known, named })
            }
            _ => Ok(()),
        }
    }

    fn check_run(&self, event: &Event) -> Result<(), IllegalEvent> {
        let problem = match event {
            Event::RunStarted { run, .. } if self.run(run).is_some() => "has begun before",
            Event::RunFinished { run, .. } => match self.run(run) {
                None => "never began",
                Some(known) if known.finished.is_some() => "has ended before",
                Some(_) => return Ok(()),
            },
            _ => return Ok(()),
        };
        Err(IllegalEvent::Run { run: event.run().unwrap_or_default().to_owned(), problem })
    }

    fn take(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::PlanParsed(plan) => self.take_plan(plan),
            Event::RunStarted { run, target, holder } => {
                self.run_places.insert(run.clone(), self.runs.len());
                self.runs.push(RunState {
                    run: run.clone(),
                    target: target.clone(),
                    holder: holder.clone(),
                    started: at,
                    finished: None,
                });
            }
            Event::RunFinished { run, outcome, .. } => {
                if let Some(known) = self.run_places.get(run).and_then(|place| self.runs.get_mut(*place)) {
                    known.finished = Some((at, *outcome));
                }
            }
            Event::Shown { ids, target, evidence, by, commit } => {
                for id in ids {
                    let showing = Showing {
                        evidence: *evidence,
                        target: target.clone(),
                        by: by.clone(),
                        commit: commit.clone(),
                        at,
                    };
                    self.shown.entry(id.clone()).or_default().insert(*evidence, showing);
                }
            }
            _ => self.take_task(at, event),
        }
    }

    fn take_task(&mut self, at: Timestamp, event: &Event) {
        let (Some(asked), Some(task), Some(target)) = (Move::of(event), event.task(), event.target()) else {
            return;
        };
        let task = self.current_id(task).to_owned();
        let state = self.tasks.entry(target.to_owned()).or_default().entry(task).or_default();
        let Some(to) = transition::after(state.condition, asked) else { return };
        if asked == Move::Step {
            take_step(state, event);
            return;
        }
        // A skip takes nothing away, and a person's word does not weaken evidence.
        let keeps = asked == Move::Skip || asked == Move::State(Status::Completed);
        if keeps && to == state.condition {
            return;
        }
        state.condition = to;
        state.since = Some(at);
        if let Some(run) = event.run() {
            state.run = Some(run.to_owned());
        }
        take_outcome(state, event);
    }

    /// The plan recorded last; the known one for a later parse.
    pub fn plan(&self) -> Option<&PlanParsed> {
        self.plan.as_ref()
    }

    /// Takes a plan as the known one without an event: for reading a project whose PRD was edited since.
    pub(crate) fn take_plan(&mut self, plan: &PlanParsed) {
        for states in self.tasks.values_mut() {
            // All leave before any arrives, so that two tasks can swap their ids.
            let moved: Vec<_> = plan
                .renamed
                .iter()
                .filter_map(|renamed| Some((&renamed.to, states.remove(&renamed.from)?)))
                .collect();
            states.extend(moved.into_iter().map(|(to, state)| (to.clone(), state)));
        }
        for renamed in &plan.renamed {
            for to in self.renamed.values_mut().filter(|to| **to == renamed.from) {
                to.clone_from(&renamed.to);
            }
            self.renamed.insert(renamed.from.clone(), renamed.to.clone());
        }
        // An id that a task of this plan bears is no old name of another one.
        for task in &plan.tasks {
            self.renamed.remove(&task.id);
        }
        self.plan = Some(plan.clone());
    }

    /// The id that a task bears now, given one that it bears or bore.
    pub fn current_id<'a>(&'a self, id: &'a str) -> &'a str {
        self.renamed.get(id).map_or(id, String::as_str)
    }

    /// Old id → present id of every task that was renamed.
    pub fn renamed(&self) -> &BTreeMap<String, String> {
        &self.renamed
    }

    fn find(&self, target: &str, task: &str) -> Option<&TaskState> {
        self.tasks.get(target)?.get(self.current_id(task))
    }

    /// How a task stands on a target; pending where nothing has happened.
    pub fn task(&self, target: &str, task: &str) -> TaskState {
        self.find(target, task).cloned().unwrap_or_default()
    }

    /// The status of a task on a target; pending where nothing has happened. Cheaper than [`State::task`].
    pub fn status(&self, target: &str, task: &str) -> Status {
        self.find(target, task).map_or(Status::Pending, TaskState::status)
    }

    /// The condition of a task on a target; pending where nothing has happened. Cheaper than [`State::task`].
    pub fn condition(&self, target: &str, task: &str) -> Condition {
        self.find(target, task).map_or(Condition::Pending, |state| state.condition)
    }

    /// Every task to which something has happened on the target, by id.
    pub fn tasks(&self, target: &str) -> impl Iterator<Item = (&str, &TaskState)> {
        self.tasks.get(target).into_iter().flatten().map(|(id, state)| (id.as_str(), state))
    }

    /// The targets on which something has happened to a task.
    pub fn targets(&self) -> impl Iterator<Item = &str> {
        self.tasks.keys().map(String::as_str)
    }

    /// The runs, oldest first.
    pub fn runs(&self) -> &[RunState] {
        &self.runs
    }

    /// A run by its name.
    pub fn run(&self, run: &str) -> Option<&RunState> {
        self.runs.get(*self.run_places.get(run)?)
    }

    /// The last showing of a requirement or criterion on each ground, strongest ground first.
    pub fn showings(&self, id: &str) -> impl Iterator<Item = &Showing> {
        self.shown.get(id).into_iter().flat_map(BTreeMap::values)
    }

    /// The number of the last event that was taken in; 0 for none.
    pub fn seq(&self) -> u64 {
        self.seq
    }
}
