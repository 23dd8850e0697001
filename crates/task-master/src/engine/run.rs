//! A run from its beginning to its end.

use std::time::{Duration, Instant};

use prd_parser::Plan;
use task_manager::event::RunOutcome;
use task_manager::exit::Code;
use task_manager::known::{self, Renames};
use task_manager::lock::{Holder, RunLock};
use task_manager::project::Project;
use task_manager::state::RunState;
use task_manager::transition::Condition;
use task_manager::{Event as Fact, Ledger, State, Status, clock, commit};

use super::hands::{Hands, Talk};
use super::journal::Journal;
use super::logfile::LogFiles;
use super::selection_file::{self, Asked};
use super::{
    End, Engine, EngineError, Event, Reader, Resolved, RunReport, Selection, TaskReport, recover, select,
};
use crate::cluster::Look;
use crate::context::Context;
use crate::executor::Class;
use crate::redact::Redactor;
use crate::runbook::{self, Binding, Root, Runbook};

/// Reads the runbook, checks it against the plan, and takes what it says for the target.
pub(super) fn runbook(context: &Context, plan: &Plan) -> Result<(Root, Runbook), EngineError> {
    let path = context.runbook_path();
    let unreadable = |source| EngineError::RunbookFile { path: path.clone(), source };
    let root = Root::new(context.place.root()).map_err(unreadable)?;
    let source = std::fs::read_to_string(&path).map_err(unreadable)?;
    let invalid = |error| EngineError::Runbook(Box::new(error));
    let runbook = runbook::parse(&path, &source, &root, &context.variables).map_err(invalid)?;
    runbook::verify(&runbook, &source, plan).map_err(invalid)?;
    Ok((root, runbook.on(&context.target)))
}

/// Runs what is selected. `started` is told what that is before anything begins.
///
/// # Errors
/// [`EngineError`] when the run cannot begin or its log cannot be written; a task that fails is a result.
pub fn run(
    context: &Context,
    selection: &Selection,
    started: &mut dyn FnMut(&Resolved, &Plan),
    reader: &mut dyn Reader,
) -> Result<RunReport, EngineError> {
    let project = Project::open(context.place.clone())?;
    let (root, runbook) = runbook(context, project.plan())?;
    let target = context.target.to_string();
    let resolved =
        select::resolve(selection, project.plan(), project.graph(), &runbook, project.state(), &target)?;
    go(context, &project, root, runbook, &resolved, started, reader)
}

/// Runs again what the last run on this target that did not complete was asked for.
///
/// # Errors
/// As [`run`], and [`EngineError::Nothing`] when there is no such run.
pub fn resume(
    context: &Context,
    wanted: Option<&str>,
    started: &mut dyn FnMut(&Resolved, &Plan),
    reader: &mut dyn Reader,
) -> Result<RunReport, EngineError> {
    let project = Project::open(context.place.clone())?;
    let target = context.target.to_string();
    let last = project.state().runs().iter().rev().find(|run| match wanted {
        Some(name) => run.run == name,
        None => run.target == target && is_open(context, project.state(), run),
    });
    let Some(last) = last else {
        return Err(EngineError::Nothing(match wanted {
            Some(name) => format!("there is no run `{name}`; task-master runs --all-targets lists them"),
            None => format!("no run on {target} is left to resume; task-master execute-phase begins one"),
        }));
    };
    let target =
        last.target.parse().map_err(|_| EngineError::Nothing(format!("run {} has no target", last.run)))?;
    let cut_off =
        || project.state().tasks(&last.target).filter(|(_, task)| task.run.as_deref() == Some(&last.run));
    let asked = selection_file::read(&context.place.state, &last.run).unwrap_or_else(|| Asked {
        label: format!("run {}", last.run),
        tasks: cut_off().map(|(id, _)| id.to_owned()).collect(),
        variables: context.variables.clone(),
    });
    let variables =
        if context.variables.is_empty() { asked.variables.clone() } else { context.variables.clone() };
    let context = Context { target, variables, ..context.clone() };
    let (root, runbook) = runbook(&context, project.plan())?;
    let selection = Selection::Tasks(asked.tasks);
    let mut resolved = select::resolve(
        &selection,
        project.plan(),
        project.graph(),
        &runbook,
        project.state(),
        &context.target.to_string(),
    )?;
    resolved.label = asked.label;
    go(&context, &project, root, runbook, &resolved, started, reader)
}

/// Whether a run is left to resume: it died, or it ended with something that is not completed yet.
fn is_open(context: &Context, state: &State, run: &RunState) -> bool {
    let Some((_, outcome)) = run.finished else { return true };
    let not_completed = |task: &String| state.status(&run.target, task) != Status::Completed;
    let asked = || selection_file::read(&context.place.state, &run.run);
    outcome != RunOutcome::Completed && asked().is_none_or(|asked| asked.tasks.iter().any(not_completed))
}

fn go(
    context: &Context,
    project: &Project,
    root: Root,
    runbook: Runbook,
    resolved: &Resolved,
    started: &mut dyn FnMut(&Resolved, &Plan),
    reader: &mut dyn Reader,
) -> Result<RunReport, EngineError> {
    let plan = project.plan().clone();
    if resolved.tasks.iter().all(|task| runbook.binding(&plan.tasks[*task].id).is_none()) {
        started(resolved, &plan);
        return Ok(only_manual(&plan, resolved));
    }
    let state = context.place.state.clone();
    let mut ledger = Ledger::open(&state)?;
    let holder = Holder::this_process(context.command.clone(), clock::now());
    let _lock = RunLock::acquire(&state, &holder)?;
    known::sync(project, &mut ledger, Renames::Accept, clock::now(), &context.actor)?;
    // Only now: a run that may not write the state, or that another one keeps out, begins nothing.
    started(resolved, &plan);
    let run = run_name(&ledger);
    let target = context.target.to_string();
    let redactor = Redactor::new(&context.all_secrets());
    let mut journal = Journal::new(ledger, &context.actor, redactor, LogFiles::new(&state), reader);
    recover::recover(&mut journal, &target, context.patience)?;
    let asked = Asked {
        label: resolved.label.clone(),
        tasks: resolved.tasks.iter().map(|task| plan.tasks[*task].id.clone()).collect(),
        variables: context.variables.clone(),
    };
    selection_file::write(&state, &run, &asked)?;
    journal.fact(Fact::RunStarted { run: run.clone(), target: target.clone(), holder })?;
    let mut engine = Engine {
        commit: commit::head(root.path()),
        hands: Hands::new(context, root),
        graph: project.graph().clone(),
        deadline: context.timeout.and_then(|timeout| Instant::now().checked_add(timeout)),
        keep_going: context.keep_going,
        runbook,
        plan,
        journal,
        run,
        target,
    };
    engine.tasks(&resolved.tasks)
}

/// A name that sorts by time: `20260101T120000.123Z`.
fn run_name(ledger: &Ledger) -> String {
    let now = clock::now();
    let name = now.strftime("%Y%m%dT%H%M%S%.3fZ").to_string();
    let is_new = |name: &String| ledger.state().run(name).is_none();
    if is_new(&name) {
        return name;
    }
    (2..).map(|number| format!("{name}-{number}")).find(is_new).unwrap_or(name)
}

fn only_manual(plan: &Plan, resolved: &Resolved) -> RunReport {
    let manual = |task: &usize| TaskReport {
        task: plan.tasks[*task].id.clone(),
        end: End::Manual,
        output: Vec::new(),
        duration: Duration::ZERO,
    };
    RunReport {
        run: None,
        outcome: RunOutcome::Outstanding,
        code: Code::Outstanding,
        tasks: resolved.tasks.iter().map(manual).collect(),
        bound_phase: resolved.bound_phase.clone(),
    }
}

impl Engine<'_, '_> {
    /// Runs the tasks in order and records how the run ended.
    fn tasks(&mut self, tasks: &[usize]) -> Result<RunReport, EngineError> {
        let mut reports: Vec<TaskReport> = Vec::new();
        let mut stop: Option<String> = None;
        for task in tasks {
            let report = match &stop {
                Some(reason) => self.skip(*task, reason.clone())?,
                None => self.task(*task)?,
            };
            match &report.end {
                End::Interrupted => stop = Some("the run was interrupted".to_owned()),
                End::Failed { .. } | End::Unknown(_) if !self.keep_going => {
                    stop = Some(format!("{} did not complete", report.task));
                }
                _ => {}
            }
            reports.push(report);
        }
        let (outcome, code) = self.outcome(&reports);
        let reason = reports.iter().find_map(|report| match &report.end {
            End::Failed { reason, .. } => Some(format!("{}: {reason}", report.task)),
            End::Unknown(reason) => Some(format!("{}: {reason}", report.task)),
            _ => None,
        });
        let (run, target) = (self.run.clone(), self.target.clone());
        self.journal.fact(Fact::RunFinished { run, target, outcome, reason })?;
        Ok(RunReport { run: Some(self.run.clone()), outcome, code, tasks: reports, bound_phase: None })
    }

    fn outcome(&self, reports: &[TaskReport]) -> (RunOutcome, Code) {
        let any = |is: fn(&End) -> bool| reports.iter().any(|report| is(&report.end));
        if any(|end| matches!(end, End::Interrupted)) {
            let signal = self.hands.runner.interrupts().received();
            let code = if signal == Some(nix::libc::SIGTERM) { Code::Terminated } else { Code::Interrupted };
            return (RunOutcome::Interrupted, code);
        }
        if any(|end| matches!(end, End::Unknown(_))) {
            return (RunOutcome::Unknown, Code::Unknown);
        }
        let failure = reports.iter().find_map(|report| match &report.end {
            End::Failed { timed_out, missing_tool, .. } => Some((*timed_out, missing_tool.is_some())),
            _ => None,
        });
        match failure {
            Some((_, true)) => (RunOutcome::Failed, Code::ToolMissing),
            Some((true, _)) => (RunOutcome::Failed, Code::Timeout),
            Some(_) => (RunOutcome::Failed, Code::TaskFailed),
            None if any(|end| !end.is_good()) => (RunOutcome::Outstanding, Code::Outstanding),
            None => (RunOutcome::Completed, Code::Ok),
        }
    }

    fn task(&mut self, place: usize) -> Result<TaskReport, EngineError> {
        let began = Instant::now();
        let id = self.plan.tasks[place].id.clone();
        let report =
            |end| TaskReport { task: id.clone(), end, output: Vec::new(), duration: began.elapsed() };
        let Some(binding) = self.runbook.binding(&id).cloned() else { return Ok(report(End::Manual)) };
        if let Some(signal) = self.hands.runner.interrupts().received() {
            return self.skip(place, format!("the run was interrupted by signal {signal}"));
        }
        let state = self.journal.state().task(&self.target, &id);
        match state.condition {
            Condition::Completed => return self.again(&binding, began),
            Condition::Unknown => {
                let reason = state.reason.map_or_else(String::new, |reason| reason.text().to_owned());
                let ask = format!(
                    "{reason}; look, and say how it stands: task-manager update {id} completed|pending --message WHY"
                );
                return Ok(report(End::Unknown(ask)));
            }
            Condition::ByHand => return self.skip(place, "a person said that they are at it".to_owned()),
            Condition::Pending
            | Condition::Skipped
            | Condition::Drifted
            | Condition::Running
            | Condition::Interrupted
            | Condition::Failed => {}
        }
        if let Some(blocker) = self.blocker(place) {
            return self.skip(place, format!("it needs {blocker} first"));
        }
        self.attempt(&binding)
    }

    /// A completed task: looked at again, and carried out again only if it is no longer so.
    fn again(&mut self, binding: &Binding, began: Instant) -> Result<TaskReport, EngineError> {
        let mut talk = Talk { journal: &mut self.journal, task: &binding.task, attempt: None };
        let look = self.hands.holds(binding, &mut talk);
        let task = binding.task.clone();
        match look {
            Ok(Look::So(seen)) => {
                self.journal.say(Event::StillSo { task: task.clone(), seen: seen.clone() });
                let evidence = self.journal.state().task(&self.target, &task).evidence;
                Ok(TaskReport {
                    task,
                    end: End::StillSo(evidence),
                    output: vec![seen],
                    duration: began.elapsed(),
                })
            }
            Ok(Look::NotSo(reason)) => {
                let (target, run) = (self.target.clone(), Some(self.run.clone()));
                self.journal.fact(Fact::TaskDrifted { task, target, run, reason })?;
                self.attempt(binding)
            }
            Err(fault) if fault.class == Class::Interrupted => {
                Ok(TaskReport { task, end: End::Interrupted, output: Vec::new(), duration: began.elapsed() })
            }
            Err(fault) => {
                let message = format!("cannot tell whether it is still so: {}", fault.message);
                let reason = self.journal.clean(&message);
                self.journal.say(Event::CannotLook { task: task.clone(), message });
                let timed_out = fault.class == Class::TimedOut;
                let end = End::Failed { reason, timed_out, missing_tool: fault.missing_tool };
                Ok(TaskReport { task, end, output: Vec::new(), duration: began.elapsed() })
            }
        }
    }

    /// Something that the task needs and that is not completed.
    fn blocker(&self, place: usize) -> Option<String> {
        use task_manager::graph::Node;
        let status = |task: usize| self.journal.state().status(&self.target, &self.plan.tasks[task].id);
        let open = |task: &usize| status(*task) != Status::Completed;
        self.graph.needs(place).into_iter().find_map(|need| match need.on {
            Node::Task(task) => open(&task).then(|| self.plan.tasks[task].id.clone()),
            Node::Phase(phase) => {
                let tasks = (0..self.plan.tasks.len()).filter(|task| self.plan.tasks[*task].phase == phase);
                tasks.into_iter().find(open).map(|task| self.plan.tasks[task].id.clone())
            }
        })
    }

    fn skip(&mut self, place: usize, reason: String) -> Result<TaskReport, EngineError> {
        let task = self.plan.tasks[place].id.clone();
        if self.runbook.binding(&task).is_none() {
            return Ok(TaskReport { task, end: End::Manual, output: Vec::new(), duration: Duration::ZERO });
        }
        let condition = self.journal.state().task(&self.target, &task).condition;
        let end =
            if condition == Condition::Completed { End::StillSo(None) } else { End::Skipped(reason.clone()) };
        if matches!(end, End::Skipped(_)) {
            let (target, run) = (self.target.clone(), self.run.clone());
            self.journal.fact(Fact::TaskSkipped { task: task.clone(), target, run, reason })?;
        }
        Ok(TaskReport { task, end, output: Vec::new(), duration: Duration::ZERO })
    }
}
