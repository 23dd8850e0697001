//! One step of a sync: a wave is applied, and the next one waits until it is healthy.
//!
//! Where a sync stands is in its own results, as upstream has it: what has none has not been tried.

use std::time::Duration;

use crate::json::{Value, json};

use super::apply::{self, Way, option};
use super::compare::{self, Item};
use super::health::Health;
use super::project;
use super::tasks::{self, Task};
use crate::object::{self, items, text};
use crate::queue::{Work, later};
use crate::resource::Resource;
use crate::world::World;

/// From one wave to the next, at least.
const WAVES: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Running,
    Succeeded,
    Failed,
    Error,
}

impl Phase {
    pub(super) fn word(self) -> &'static str {
        match self {
            Phase::Running => "Running",
            Phase::Succeeded => "Succeeded",
            Phase::Failed => "Failed",
            Phase::Error => "Error",
        }
    }
}

/// How far an operation is, and what is said of it.
pub(super) struct Outcome {
    pub(super) phase: Phase,
    pub(super) message: String,
}

impl Outcome {
    pub(super) fn new(phase: Phase, message: impl Into<String>) -> Outcome {
        Outcome { phase, message: message.into() }
    }
}

/// Carries the sync of an Application a step on; its results are in `state`.
pub(super) fn step(world: &mut World, app: &Value, state: &mut Value, project: &Value) -> Outcome {
    let known = world.argocd.of(app);
    let manifests = known.pinned.clone().unwrap_or_else(|| known.found.clone());
    if known.next_wave.is_some_and(|next| world.queue.now() < next) {
        return Outcome::new(Phase::Running, text(state, "/message"));
    }
    if let Some(error) = manifests.error {
        return Outcome::new(Phase::Error, format!("ComparisonError: {error}"));
    }
    let wanted = text(state, "/operation/sync/revision");
    if !["", &manifests.revision, text(app, "/spec/source/targetRevision")].contains(&wanted) {
        let said = format!(
            "the simulator syncs the revision that it compares, {}, not {wanted}",
            manifests.revision
        );
        return Outcome::new(Phase::Error, said);
    }
    let items = match compare::compare(world, app, &manifests.objects) {
        Ok(compared) => compared.items,
        Err(error) => return Outcome::new(Phase::Error, format!("ComparisonError: {error}")),
    };
    if !state["syncResult"].is_object() {
        state["syncResult"] =
            json!({"revision": manifests.revision, "source": app["spec"]["source"], "resources": []});
    }
    let asked = &state["operation"]["sync"];
    let (tasks, options) = (tasks::of(asked, items), asked["syncOptions"].clone());
    Sync { world, app, state, project, options, tasks }.step()
}

struct Sync<'a> {
    world: &'a mut World,
    app: &'a Value,
    state: &'a mut Value,
    project: &'a Value,
    options: Value,
    tasks: Vec<Task>,
}

impl Sync<'_> {
    fn step(mut self) -> Outcome {
        if items(self.state, "/syncResult/resources").next().is_none()
            && let Some(refused) = self.check()
        {
            return refused;
        }
        self.look();
        let waves = self.tasks.iter().map(|task| task.wave);
        let many = waves.clone().min() != waves.max();
        if many && let Some(waiting) = self.waiting("hookPhase", "Running", "healthy state") {
            return waiting;
        }
        if let Some(waiting) = self.waiting("status", "Pruned", "deletion") {
            return waiting;
        }
        if items(self.state, "/syncResult/resources").any(|result| result["hookPhase"] == "Failed") {
            return Outcome::new(Phase::Failed, "one or more synchronization tasks completed unsuccessfully");
        }
        let pending = self.pending();
        let Some(wave) = pending.iter().map(|(wave, _)| *wave).min() else {
            return Outcome::new(Phase::Succeeded, "successfully synced (no more tasks)");
        };
        let (now, then): (Vec<_>, Vec<_>) = pending.into_iter().partition(|(at, _)| *at == wave);
        self.run(now, !then.is_empty())
    }

    /// What would fail, before anything is done. The namespace is made here.
    fn check(&mut self) -> Option<Outcome> {
        let mut refused = Vec::new();
        for task in &self.tasks {
            if let Some(why) = project::refuses(self.project, task.item.resource, &task.item.ns) {
                refused.push((task.item.clone(), why));
            }
        }
        if !refused.is_empty() {
            let said: Vec<&str> = refused.iter().map(|(_, why)| why.as_str()).collect();
            let said = format!("one or more synchronization tasks are not valid: {}", said.join("; "));
            self.failed(&refused);
            return Some(Outcome::new(Phase::Failed, said));
        }
        let ns = text(self.app, "/spec/destination/namespace");
        if option(&self.options, "CreateNamespace")
            && self.world.store.get(Resource::Namespace, "", ns).is_none()
        {
            let uri = apply::path(Resource::Namespace, "", "");
            let body = json!({"metadata": {"name": ns}});
            let made = apply::send(self.world, "POST", uri.trim_end_matches('/'), "application/json", &body);
            if let Err(why) = made {
                return Some(Outcome::new(
                    Phase::Failed,
                    format!("the namespace failed to apply, reason: {why}"),
                ));
            }
        }
        let way = Way::of(self.app, &self.options);
        for (_, item) in self.pending().into_iter().filter(|(_, item)| !item.extra()) {
            if let Err(why) = way.apply(self.world, &item, true) {
                refused.push((item, why));
            }
        }
        if refused.is_empty() {
            return None;
        }
        self.failed(&refused);
        Some(Outcome::new(Phase::Failed, "one or more objects failed to apply (dry run)"))
    }

    /// Notes of what was applied how it is by now.
    fn look(&mut self) {
        let tasks = &self.tasks;
        let results = self.state["syncResult"]["resources"].as_array_mut().into_iter().flatten();
        for result in results.filter(|result| result["hookPhase"] == "Running") {
            let Some(task) = tasks.iter().find(|task| task.item.is(result)) else { continue };
            match task.item.health() {
                None | Some(Health::Healthy) => result["hookPhase"] = json!("Succeeded"),
                Some(Health::Degraded | Health::Missing) => result["hookPhase"] = json!("Failed"),
                Some(_) => {}
            }
        }
    }

    /// The objects whose result says so and that are there, as what is waited for.
    fn waiting(&self, field: &str, value: &str, state: &str) -> Option<Outcome> {
        let held = |result: &&Value| {
            let named = |task: &Task| task.item.is(result) && self.has(&task.item);
            result[field] == value && self.tasks.iter().any(named)
        };
        let all: Vec<&Value> = items(self.state, "/syncResult/resources").filter(held).collect();
        let first = all.first()?;
        let name = ["/group", "/kind", "/name"].map(|at| text(first, at)).join("/");
        let more = all.len() - 1;
        let more = if more > 0 { format!(" and {more} more resources") } else { String::new() };
        Some(Outcome::new(Phase::Running, format!("waiting for {state} of {name}{more}")))
    }

    /// Whether the cluster has it by now.
    fn has(&self, item: &Item) -> bool {
        self.world.store.get(item.resource, &item.ns, &item.name).is_some()
    }

    /// What has not been tried, with its wave.
    fn pending(&self) -> Vec<(i64, Item)> {
        let only = option(&self.options, "ApplyOutOfSyncOnly");
        let tried = |item: &Item| items(self.state, "/syncResult/resources").any(|result| item.is(result));
        let open = self.tasks.iter().filter(|task| !tried(&task.item) && (task.item.differs || !only));
        open.map(|task| (task.wave, task.item.clone())).collect()
    }

    /// Applies a wave.
    fn run(&mut self, wave: Vec<(i64, Item)>, more: bool) -> Outcome {
        let way = Way::of(self.app, &self.options);
        let prunes = self.state["operation"]["sync"]["prune"] == true;
        let mut refused = Vec::new();
        let mut running = Vec::new();
        for (_, item) in wave {
            let done = match (&item.live, item.extra()) {
                (Some(_), true) if !prunes => Ok(("PruneSkipped", "ignored (requires pruning)".to_owned())),
                (Some(_), true) => {
                    apply::delete(self.world, &item, "Foreground").map(|()| ("Pruned", "pruned".to_owned()))
                }
                _ => way.apply(self.world, &item, false).map(|said| ("Synced", said)),
            };
            match done {
                Err(why) => refused.push((item, why)),
                Ok((status, message)) => {
                    let phase = if item.extra() { "Succeeded" } else { "Running" };
                    self.note(&item, status, phase, &message);
                    running.push(item);
                }
            }
        }
        if let Some((_, why)) = refused.first() {
            let said = format!("one or more objects failed to apply, reason: {why}");
            self.failed(&refused);
            return Outcome::new(Phase::Failed, said);
        }
        let going = running.iter().any(|item| prunes && item.extra() && self.has(item));
        if !more && !going {
            return Outcome::new(Phase::Succeeded, "successfully synced (all tasks run)");
        }
        if more {
            let next = later(self.world.now(), WAVES);
            self.world.argocd.of(self.app).next_wave = Some(next);
            self.world.queue.schedule(next, Work::Application { name: object::name(self.app).to_owned() });
        }
        let (field, value, state) =
            if going { ("status", "Pruned", "deletion") } else { ("hookPhase", "Running", "healthy state") };
        let said = self.waiting(field, value, state);
        said.unwrap_or_else(|| Outcome::new(Phase::Running, "one or more tasks are running"))
    }

    fn failed(&mut self, refused: &[(Item, String)]) {
        for (item, why) in refused {
            self.note(item, "SyncFailed", "Failed", why);
        }
    }

    fn note(&mut self, item: &Item, status: &str, phase: &str, message: &str) {
        let mut result = item.named();
        result["status"] = json!(status);
        result["message"] = json!(message);
        result["hookPhase"] = json!(phase);
        result["syncPhase"] = json!("Sync");
        if let Some(results) = self.state["syncResult"]["resources"].as_array_mut() {
            results.push(result);
        }
    }
}
