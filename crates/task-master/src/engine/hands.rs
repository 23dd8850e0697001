//! What carries steps out: the runner for programs, the cluster for everything else.
//!
//! The only asynchronous part of the engine is here, inside one call, on a runtime of one thread. The
//! cluster is opened when the first step needs it, so that a run without API steps touches none.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use task_manager::Evidence;

use super::journal::Journal;
use super::tool;
use crate::cluster::{self, Cluster, Look};
use crate::context::Context;
use crate::executor::{Class, Outcome, Place};
use crate::fault::Fault;
use crate::proof;
use crate::runbook::{Action, Apply, Binding, Root, Static, Step};
use crate::runner::{ChildId, Runner, Stream};
use crate::statics;
use crate::target::Target;

/// What a step came to when it did not fail.
#[derive(Debug, Clone)]
pub(super) struct Done {
    pub(super) detail: String,
    /// None where it only compared files, which makes nothing else worth less.
    pub(super) evidence: Option<Evidence>,
}

/// How a step relates to what it finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nature {
    /// It changes nothing that it could find already so, or only measures: it is always carried out.
    Observes,
    /// It has a check: look, do if needed, look again.
    Checked,
    /// It has none: cut off, nobody can know what it did.
    Blind,
}

/// The nature of an action.
pub(super) fn nature(action: &Action) -> Nature {
    match action {
        Action::Apply(_) | Action::Reconcile(_) | Action::Rollout(_) => Nature::Checked,
        Action::Probe(_) | Action::Http(_) | Action::Wait(_) | Action::Check(_) => Nature::Observes,
        Action::Metrics(_) | Action::Load(_) | Action::Static(_) => Nature::Observes,
        Action::Tool(step) if tool::only_looks(&step.tool) => Nature::Observes,
        Action::Tool(_) => Nature::Checked,
        Action::Run(run) if run.check.is_some() || !run.of.is_empty() => Nature::Checked,
        Action::Run(_) => Nature::Blind,
    }
}

/// How a step talks while it goes on.
pub(super) struct Talk<'a, 'r> {
    pub(super) journal: &'a mut Journal<'r>,
    pub(super) task: &'a str,
    /// Target, run, attempt and step, where an attempt is under way whose processes are recorded.
    pub(super) attempt: Option<(&'a str, &'a str, u32, u32)>,
}

impl Talk<'_, '_> {
    /// Has a process recorded, before it may begin.
    pub(super) fn spawned(&mut self, id: ChildId) -> Result<(), Fault> {
        let Some((target, run, attempt, step)) = self.attempt else { return Ok(()) };
        let fact = task_manager::Event::StepSpawned {
            task: self.task.to_owned(),
            target: target.to_owned(),
            run: run.to_owned(),
            attempt,
            step,
            pid: id.pid,
            start_time: id.start_time,
            boot_id: task_manager::lock::boot_id(),
        };
        self.journal.fact(fact).map_err(|error| Fault::chain(Class::Permanent, &error))
    }

    pub(super) fn line(&mut self, stream: Stream, text: &str) {
        let (task, text) = (self.task.to_owned(), text.to_owned());
        self.journal.say(super::Event::Line { task, stream, text });
    }
}

/// What carries steps out.
pub(super) struct Hands<'c> {
    pub(super) context: &'c Context,
    pub(super) root: Root,
    pub(super) place: Place,
    pub(super) runner: Runner,
    runtime: Option<tokio::runtime::Runtime>,
    cluster: Option<Cluster>,
    consented: bool,
}

impl<'c> Hands<'c> {
    pub(super) fn new(context: &'c Context, root: Root) -> Self {
        let inherited = context.inherited.iter().cloned();
        let runner = Runner::new(context.shim.clone(), inherited, context.interrupts.clone());
        let place = tool_place(context, &root);
        Self {
            context,
            root,
            place,
            runner,
            runtime: None,
            cluster: None,
            consented: !context.target.needs_consent(),
        }
    }

    /// Asks a person once, before the first write to somebody's cluster.
    pub(super) fn consent(&mut self, what: &str) -> Result<(), Fault> {
        if self.consented {
            return Ok(());
        }
        let target = &self.context.target;
        match &self.context.ask {
            Some(ask) if ask(&format!("on {target}: {what}")) => {
                self.consented = true;
                Ok(())
            }
            Some(_) => Err(Fault::permanent(format!("not done: you said no to changing {target}"))),
            None => Err(Fault::permanent(format!(
                "{target} is not changed without --yes or a terminal to ask on"
            ))),
        }
    }

    /// Why a tool step is not carried out here, and what is checked instead; none when it is.
    pub(super) fn stand_in<'s>(&self, step: &'s Step) -> Option<(String, &'s [Static])> {
        let Action::Tool(step) = &step.action else { return None };
        let name = tool::name(&step.tool);
        if self.context.target == Target::Sim && !tool::only_looks(&step.tool) {
            return Some((
                format!("{name} was not run, because it cannot reach the simulated cluster"),
                &step.without,
            ));
        }
        self.runner
            .find(name)
            .is_none()
            .then(|| (format!("{name} was not run, because it is not on PATH"), &step.without[..]))
    }

    /// Carries out what is checked instead of a tool.
    pub(super) fn check_instead(&self, reason: &str, checks: &[Static]) -> Result<Done, Fault> {
        let seen: Result<Vec<String>, Fault> =
            checks.iter().map(|check| statics::check(&self.root, check)).collect();
        Ok(Done {
            detail: format!("{reason}; checked instead: {}", seen?.join("; ")),
            evidence: Some(Evidence::Static),
        })
    }

    /// Whether a checked step is so already.
    pub(super) fn look(
        &mut self,
        step: &Step,
        limit: Duration,
        talk: &mut Talk<'_, '_>,
    ) -> Result<Look, Fault> {
        match &step.action {
            Action::Apply(apply) => {
                let objects = self.objects(apply)?;
                self.block(limit, async move |cluster| cluster::apply::look(&cluster, &objects).await)
            }
            Action::Reconcile(wanted) => {
                self.block(limit, async move |cluster| cluster::reconcile::look(&cluster, wanted).await)
            }
            Action::Rollout(rollout) => {
                self.block(limit, async move |cluster| cluster::rollout::look(&cluster, rollout).await)
            }
            Action::Tool(step) => self.tool_look(&step.tool, limit, talk),
            Action::Run(run) if !run.of.is_empty() => {
                let known = proof::look(&self.context.place.state, &self.root, &run.argv, &run.of)?;
                Ok(known.map_or_else(Look::NotSo, Look::So))
            }
            Action::Run(run) => {
                let Some(check) = &run.check else { return Ok(Look::NotSo("it has no check".to_owned())) };
                self.run_check(check, run, limit, talk)
            }
            Action::Static(check) => statics::check(&self.root, check).map(Look::So),
            Action::Check(condition) | Action::Wait(condition) => {
                self.block(limit, async move |cluster| cluster::condition::look(&cluster, condition).await)
            }
            Action::Probe(_) | Action::Http(_) | Action::Metrics(_) | Action::Load(_) => {
                Ok(Look::NotSo("it is carried out each time".to_owned()))
            }
        }
    }

    /// Carries a step out.
    pub(super) fn act(
        &mut self,
        step: &Step,
        limit: Duration,
        talk: &mut Talk<'_, '_>,
    ) -> Result<Done, Fault> {
        match &step.action {
            Action::Apply(apply) => {
                let objects = self.objects(apply)?;
                self.on_cluster(limit, async move |cluster| cluster::apply::act(&cluster, &objects).await)
            }
            Action::Reconcile(wanted) => {
                let act =
                    async move |cluster: Cluster| cluster::reconcile::act(&cluster, wanted, limit).await;
                self.on_cluster(limit, act)
            }
            Action::Static(check) => Ok(Done { detail: statics::check(&self.root, check)?, evidence: None }),
            Action::Tool(step) if tool::only_looks(&step.tool) => {
                match self.tool_look(&step.tool, limit, talk)? {
                    Look::So(detail) if tool::only_compares(&step.tool) => {
                        Ok(Done { detail, evidence: Some(Evidence::Static) })
                    }
                    Look::So(detail) => Ok(Done { detail, evidence: Some(Evidence::Live) }),
                    Look::NotSo(reason) => Err(Fault::permanent(reason)),
                }
            }
            Action::Tool(step) => self.tool_act(&step.tool, limit, talk),
            Action::Run(run) => {
                // Of the files as they were before: what is edited meanwhile is not what was shown.
                let digest = match run.of.as_slice() {
                    [] => None,
                    of => Some(proof::digest(&self.root, of)?),
                };
                match (self.run_program(&run.argv, run, limit, talk)?, digest) {
                    ((Outcome::Done, output), Some(digest)) => {
                        let state = &self.context.place.state;
                        let detail = proof::record(state, &run.argv, &run.of, digest, &output)?;
                        Ok(Done { detail, evidence: Some(self.worth()) })
                    }
                    ((Outcome::Done, _), None) => {
                        let detail = format!("{} ended well", run.argv[0]);
                        Ok(Done { detail, evidence: Some(Evidence::Live) })
                    }
                    ((Outcome::Failed { class, message }, _), _) => {
                        Err(Fault::of(class, format!("{}: {message}", run.argv[0])))
                    }
                    ((Outcome::Differs, _), _) => Err(Fault::permanent(format!("{} differs", run.argv[0]))),
                }
            }
            Action::Rollout(_)
            | Action::Probe(_)
            | Action::Http(_)
            | Action::Metrics(_)
            | Action::Wait(_)
            | Action::Check(_)
            | Action::Load(_) => self
                .on_cluster(limit, async move |cluster| Box::pin(cluster::step(&cluster, step, limit)).await),
        }
    }

    /// Whether everything that a completed task has brought about still holds.
    pub(super) fn holds(&mut self, binding: &Binding, talk: &mut Talk<'_, '_>) -> Result<Look, Fault> {
        let mut seen = Vec::new();
        for condition in &binding.holds {
            match self
                .block(LOOK, async move |cluster| cluster::condition::look(&cluster, condition).await)?
            {
                Look::So(so) => seen.push(so),
                not => return Ok(not),
            }
        }
        if !binding.holds.is_empty() {
            return Ok(Look::So(seen.join("; ")));
        }
        for step in &binding.steps {
            let look = if let Some((reason, checks)) = self.stand_in(step) {
                match self.check_instead(&reason, checks) {
                    Ok(done) => Look::So(done.detail),
                    Err(fault) => Look::NotSo(fault.message),
                }
            } else {
                match (&step.action, nature(&step.action)) {
                    (Action::Static(_) | Action::Tool(_), Nature::Observes) => {
                        match self.act(step, LOOK, talk) {
                            Ok(done) => Look::So(done.detail),
                            Err(fault) if fault.class == Class::Permanent => Look::NotSo(fault.message),
                            Err(fault) => return Err(fault),
                        }
                    }
                    (Action::Check(_), _) | (_, Nature::Checked) => self.look(step, LOOK, talk)?,
                    _ => continue,
                }
            };
            match look {
                Look::So(so) => seen.push(so),
                not => return Ok(not),
            }
        }
        Ok(Look::So(seen.join("; ")))
    }

    fn objects(&self, apply: &Apply) -> Result<cluster::apply::Objects, Fault> {
        let mut list = Vec::new();
        for file in &apply.files {
            let objects = statics::read_objects(&self.root, file)?;
            list.extend(objects.into_iter().map(|object| (file.clone(), object)));
        }
        for (from, to) in &apply.replace {
            let replaced: usize =
                list.iter_mut().map(|(_, value)| cluster::object::replace(value, from, to)).sum();
            if replaced == 0 {
                return Err(Fault::permanent(format!(
                    "no value in the files is `{from}`, which is to be replaced"
                )));
            }
        }
        Ok(cluster::apply::Objects { list, keep: apply.keep.clone() })
    }

    fn on_cluster<F>(&mut self, limit: Duration, work: F) -> Result<Done, Fault>
    where
        F: AsyncFnOnce(Cluster) -> Result<String, Fault>,
    {
        let detail = self.block(limit, work)?;
        let evidence = self.cluster.as_ref().map_or(Evidence::Simulated, |cluster| cluster.evidence);
        Ok(Done { detail, evidence: Some(evidence) })
    }

    /// Runs one piece of asynchronous work, until it is done, we are told to stop, or its bound passes.
    fn block<T, F>(&mut self, limit: Duration, work: F) -> Result<T, Fault>
    where
        F: AsyncFnOnce(Cluster) -> Result<T, Fault>,
    {
        let runtime = match self.runtime.take() {
            Some(runtime) => runtime,
            None => tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|error| Fault::permanent(format!("cannot start a runtime: {error}")))?,
        };
        let interrupts = self.context.interrupts.clone();
        let result = runtime.block_on(async {
            let cluster = match &self.cluster {
                Some(cluster) => cluster.clone(),
                None => {
                    let opened = cluster::open(self.context).await?;
                    self.cluster.insert(opened).clone()
                }
            };
            tokio::select! {
                biased;
                _ = interrupts.wait() => Err(Fault::of(Class::Interrupted, "was interrupted")),
                result = tokio::time::timeout(limit + SLACK, work(cluster)) => {
                    result.unwrap_or_else(|_| Err(Fault::of(Class::TimedOut, format!("did not end within {limit:?}"))))
                }
            }
        });
        self.runtime = Some(runtime);
        result
    }

    /// Waits between two tries; an interrupt ends it.
    pub(super) fn pause(&mut self, span: Duration) -> Result<(), Fault> {
        let interrupts = self.context.interrupts.clone();
        let (sender, receiver) = std::sync::mpsc::channel();
        interrupts.tell(move |signal| {
            let _ = sender.send(signal);
        });
        match receiver.recv_timeout(span) {
            Ok(_) => Err(Fault::of(Class::Interrupted, "was interrupted")),
            Err(_) => Ok(()),
        }
    }
}

/// How long a look may take.
const LOOK: Duration = Duration::from_secs(60);

/// What a wait on a real cluster gets beyond its bound, so that its own message is the one that is seen.
const SLACK: Duration = Duration::from_secs(5);

fn tool_place(context: &Context, root: &Root) -> Place {
    let (kubeconfig, name) = context.target.kubeconfig(&context.inherited).unzip();
    let state = std::path::absolute(&context.place.state).unwrap_or_else(|_| context.place.state.clone());
    Place {
        root: root.path().to_owned(),
        scratch: state.join("tools").join(context.target.to_string().replace([':', '/'], "-")),
        kubeconfig: kubeconfig.map(listed),
        context: name.flatten(),
        environment: context.environment.clone(),
        secrets: context.secrets.clone(),
    }
}

/// Files as `KUBECONFIG` names them.
fn listed(files: Vec<PathBuf>) -> OsString {
    files.into_iter().map(PathBuf::into_os_string).collect::<Vec<_>>().join(OsStr::new(":"))
}

impl Hands<'_> {
    /// What a program has shown that was run on the repository's own files: on the simulated cluster no more than that.
    fn worth(&self) -> Evidence {
        if self.context.target == Target::Sim { Evidence::Simulated } else { Evidence::Live }
    }

    /// What it is worth that a checked step was found so.
    pub(super) fn evidence_of(&self, step: &Step) -> Option<Evidence> {
        Some(match &step.action {
            Action::Run(run) if !run.of.is_empty() => self.worth(),
            Action::Tool(_) | Action::Run(_) => Evidence::Live,
            _ => self.cluster.as_ref().map_or(Evidence::Simulated, |cluster| cluster.evidence),
        })
    }
}

/// Whether an action changes something, so that its intent is recorded before.
pub(super) fn changes_something(action: &Action) -> bool {
    match action {
        Action::Load(load) => load.steps.iter().any(|step| changes_something(&step.action)),
        action => nature(action) != Nature::Observes,
    }
}
