//! Reading a runbook from its text.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::actions::ACTIONS;
use super::fields::Reader;
use super::model::{Action, Binding, Change, Id, Mutation, Runbook, Step};
use super::paths::Root;
use super::problem::{Invalid, Problems};
use super::targets::On;
use super::tree::{self, Node, Place, Value};
use crate::target::KINDS;

/// The version of the format that this build reads.
const VERSION: u32 = 1;

/// A step's bound unless it states one: longer than any step on the simulator, and what a person sits out.
const TIMEOUT: Duration = Duration::from_secs(300);

/// How often a step is tried again after a transient failure, unless it says.
const RETRIES: u32 = 3;

/// Reads a runbook. `given` are values for its variables, which must be declared there.
///
/// # Errors
/// All problems of the text, each with its place. Whether the ids are those of a plan is [`super::verify()`]'s part.
pub fn parse(
    file: &Path,
    source: &str,
    root: &Root,
    given: &BTreeMap<String, String>,
) -> Result<Runbook, Invalid> {
    let mut reader = Reader { problems: Problems::default(), variables: BTreeMap::new(), root };
    let bindings = match tree::parse(source) {
        Ok(node) => reader.runbook(&node, given),
        Err((at, message)) => {
            reader.problems.add(at, message);
            None
        }
    };
    match bindings {
        Some(bindings) if reader.problems.list.is_empty() => Ok(Runbook { file: file.to_owned(), bindings }),
        _ => {
            let mut problems = reader.problems.list;
            problems.sort_by_key(|problem| (problem.at.line, problem.at.column));
            Err(Invalid { file: file.to_owned(), source: source.to_owned(), problems })
        }
    }
}

impl Reader<'_> {
    fn runbook(&mut self, node: &Node, given: &BTreeMap<String, String>) -> Option<Vec<Binding>> {
        let mut fields = self.fields(node, "the runbook")?;
        let version = fields.need(self, "version").and_then(|node| self.number(node, VERSION, VERSION));
        self.declare(fields.take("variables"), given, fields.at());
        let tasks = fields.need(self, "tasks");
        fields.finish(self);
        version?;
        let Value::Map(tasks) = &tasks?.value else {
            self.problems.add(node.at, "`tasks` is a map of task ids to bindings");
            return None;
        };
        let read: Vec<Option<Binding>> =
            tasks.iter().map(|(key, node)| self.binding(&key.name, key.at, node)).collect();
        read.into_iter().collect()
    }

    /// Takes the declared variables, with the given values over the defaults.
    fn declare(&mut self, node: Option<&Node>, given: &BTreeMap<String, String>, at: Place) {
        let at = node.map_or(at, |node| node.at);
        let mut declared = self.text_map(node, "the map of variables").unwrap_or_default();
        for (name, value) in given {
            match declared.get_mut(name) {
                Some(default) => value.clone_into(default),
                None => {
                    let names: Vec<&str> = declared.keys().map(String::as_str).collect();
                    self.problems.unknown(at, "variable, given from outside:", name, &names);
                }
            }
        }
        self.variables = declared;
    }

    fn binding(&mut self, task: &str, at: Place, node: &Node) -> Option<Binding> {
        let mut fields = self.fields(node, "a binding")?;
        let shows = match fields.take("shows") {
            Some(node) => {
                self.list(node, "the list of what is shown").and_then(|list| self.all(list, Self::id))
            }
            None => Some(Vec::new()),
        };
        let steps = fields.need(self, "steps").and_then(|node| self.steps(node));
        let holds = match fields.take("holds") {
            Some(node) => {
                self.list(node, "the list of conditions").and_then(|list| self.all(list, Self::condition))
            }
            None => Some(Vec::new()),
        };
        let mutations = fields.need(self, "mutation").and_then(|node| self.mutations(node));
        fields.finish(self);
        let binding = Binding {
            task: task.to_owned(),
            at,
            shows: shows?,
            steps: steps?,
            holds: holds?,
            mutations: mutations?,
        };
        let told: Vec<bool> = KINDS.iter().map(|kind| self.can_be_told(&binding.on(kind), kind)).collect();
        told.into_iter().all(|told| told).then_some(binding)
    }

    /// On each target where the task has steps, something must tell later whether it is still done, and a
    /// mutation must prove it.
    fn can_be_told(&mut self, there: &Binding, kind: &str) -> bool {
        let task = &there.task;
        if there.steps.is_empty() {
            return true;
        }
        if there.holds.is_empty() && !there.steps.iter().any(leaves_something_to_check) {
            let message = format!("nothing tells later whether `{task}` is still done on {kind}");
            self.problems.add_with_help(there.at, message, "say in `holds` what stays true");
            return false;
        }
        if there.mutations.len() != 1 {
            let number = there.mutations.len();
            self.problems.add(there.at, format!("`{task}` needs one mutation on {kind} and has {number}"));
        }
        there.mutations.len() == 1
    }

    fn id(&mut self, node: &Node) -> Option<Id> {
        Some(Id { name: self.text(node)?, at: node.at })
    }

    pub(super) fn steps(&mut self, node: &Node) -> Option<Vec<Step>> {
        let list = self.list(node, "the list of steps")?;
        self.all(list, Self::step)
    }

    fn step(&mut self, node: &Node) -> Option<Step> {
        let Value::Map(map) = &node.value else {
            self.problems.add(node.at, format!("a step is a map, and this is {}", node.value.kind()));
            return None;
        };
        let mut action = None;
        let mut on = Some(On::default());
        let (mut timeout, mut retries) = (Some(TIMEOUT), Some(RETRIES));
        let mut good = true;
        for (key, value) in map {
            match key.name.as_str() {
                "timeout" => timeout = self.duration(value),
                "retries" => retries = self.number(value, 0, 100),
                "on" => on = self.on(value),
                name if ACTIONS.contains(&name) && action.is_none() => {
                    action = Some(self.action(name, value));
                }
                name if ACTIONS.contains(&name) => {
                    self.problems.add(key.at, format!("a step has one action, and `{name}` is a second one"));
                    good = false;
                }
                name => {
                    let known: Vec<&str> = ACTIONS.into_iter().chain(["on", "timeout", "retries"]).collect();
                    self.problems.unknown(key.at, "field of a step", name, &known);
                    good = false;
                }
            }
        }
        if action.is_none() && good {
            self.problems.add(node.at, format!("a step needs an action: {}", ACTIONS.join(", ")));
        }
        let retries = usize::try_from(retries?).ok()?;
        let step = Step { at: node.at, on: on?, action: action??, timeout: timeout?, retries };
        good.then_some(step)
    }

    /// One mutation, or a list of them.
    fn mutations(&mut self, node: &Node) -> Option<Vec<Mutation>> {
        match &node.value {
            Value::List(_) => {
                let list = self.list(node, "the list of mutations")?;
                self.all(list, Self::mutation)
            }
            _ => self.mutation(node).map(|mutation| vec![mutation]),
        }
    }

    fn mutation(&mut self, node: &Node) -> Option<Mutation> {
        let mut fields = self.fields(node, "a mutation")?;
        let on = fields.take("on").map_or(Some(On::default()), |node| self.on(node));
        let delete = fields.take("delete").map(|node| self.delete(node));
        let patch = fields.take("patch").map(|node| self.patch(node));
        let edit = fields.take("edit").map(|node| self.edit(node));
        let run = fields.take("run").map(|node| self.argv(node).map(|argv| Change::Run { argv }));
        let at = fields.at();
        fields.finish(self);
        let mut given: Vec<Option<Change>> = [delete, patch, edit, run].into_iter().flatten().collect();
        let (Some(change), true) = (given.pop(), given.is_empty()) else {
            self.problems.add(at, "a mutation is one `delete`, one `patch`, one `edit` or one `run`");
            return None;
        };
        Some(Mutation { on: on?, change: change? })
    }

    fn delete(&mut self, node: &Node) -> Option<Change> {
        let mut fields = self.fields(node, "a deletion")?;
        let object = self.object_ref(&mut fields);
        fields.finish(self);
        object.map(Change::Delete)
    }

    fn patch(&mut self, node: &Node) -> Option<Change> {
        self.fields_of_object(node).map(Change::Patch)
    }

    fn edit(&mut self, node: &Node) -> Option<Change> {
        let mut fields = self.fields(node, "an edit")?;
        let file = fields.need(self, "file").and_then(|node| self.path(node));
        let find = fields.need(self, "find").and_then(|node| self.text(node));
        let with = fields.need(self, "with").and_then(|node| self.text(node));
        fields.finish(self);
        Some(Change::Edit { file: file?, find: find?, with: with? })
    }
}

/// Whether the step's own check can be asked again once the task is completed.
fn leaves_something_to_check(step: &Step) -> bool {
    match &step.action {
        Action::Apply(_) | Action::Reconcile(_) | Action::Static(_) | Action::Tool(_) | Action::Check(_) => {
            true
        }
        Action::Run(run) => run.check.is_some() || !run.of.is_empty(),
        Action::Rollout(_) | Action::Probe(_) | Action::Http(_) | Action::Metrics(_) => false,
        Action::Wait(_) | Action::Load(_) => false,
    }
}
