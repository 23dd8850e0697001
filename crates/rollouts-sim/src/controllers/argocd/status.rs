//! What an Application says of itself: compared, healthy, and what it did.

use crate::json::{Value, json};
use rollouts_client::names::ARGOCD_REFRESH;

use super::compare::{self, Comparison, Item};
use super::health::Health;
use super::{COMPONENT, CONTROLLER, NAMESPACE, desired, orphans};
use crate::controllers::time::stamp;
use crate::object::{self, items, number, text};
use crate::resource::Resource;
use crate::store::Object;
use crate::world::World;

/// Compares and writes into the Application's status what comes of it. Gives what was compared, if it could be.
pub(super) fn report(
    world: &mut World,
    app: &mut Value,
    permitted: &Result<Object, Vec<String>>,
) -> Option<Vec<Item>> {
    let known = world.argocd.of(app);
    let fresh = std::mem::take(&mut known.fresh);
    let found = known.found.clone();
    if fresh {
        app["status"]["reconciledAt"] = json!(stamp(world.now()));
        let annotations = app["metadata"].get_mut("annotations").and_then(Value::as_object_mut);
        annotations.map(|annotations| annotations.shift_remove(ARGOCD_REFRESH));
    }
    app["status"]["controllerNamespace"] = json!(NAMESPACE);
    let project = match permitted {
        Ok(project) => project,
        Err(wrong) => {
            let wrong = wrong.iter().map(|said| ("InvalidSpecError", said.clone())).collect();
            conditions(world, app, wrong);
            app["status"]["sync"] = json!({"status": "Unknown", "comparedTo": compared_to(app)});
            health(world, app, Health::Unknown);
            return None;
        }
    };
    let compared = match found.error {
        None => compare::compare(world, app, &found.objects),
        Some(error) => Err(error),
    };
    let (compared, mut said) = match compared {
        Ok(compared) => (Some(compared), Vec::new()),
        Err(error) => (None, vec![("ComparisonError", format!("Failed to load target state: {error}"))]),
    };
    let known = compared.is_some();
    let Comparison { items, repeated } =
        compared.unwrap_or_else(|| Comparison { items: compare::tracked(world, app), repeated: Vec::new() });
    said.extend(repeated.into_iter().map(|one| {
        (
            "RepeatedResourceWarning",
            format!("Resource {one} appeared more than once among application resources."),
        )
    }));
    said.extend(orphans::warning(world, app, project).map(|said| ("OrphanedResourceWarning", said)));
    conditions(world, app, said);
    let word = synced(known, items.iter().any(|item| item.differs));
    app["status"]["sync"] = json!({"status": word, "comparedTo": compared_to(app)});
    if !found.revision.is_empty() {
        app["status"]["sync"]["revision"] = json!(found.revision);
    }
    app["status"]["sourceType"] = json!("Directory");
    app["status"]["resources"] = items.iter().map(|item| resource(item, known)).collect();
    app["status"]["summary"] = json!({"images": images(&items)});
    health(world, app, of_all(&items));
    known.then_some(items)
}

/// The word for what was compared, if it could be.
fn synced(known: bool, differs: bool) -> &'static str {
    match (known, differs) {
        (false, _) => "Unknown",
        (true, true) => "OutOfSync",
        (true, false) => "Synced",
    }
}

fn compared_to(app: &Value) -> Value {
    let spec = &app["spec"];
    let mut to = json!({"source": spec["source"], "destination": spec["destination"]});
    if spec["ignoreDifferences"].is_array() {
        to["ignoreDifferences"] = spec["ignoreDifferences"].clone();
    }
    to
}

fn resource(item: &Item, known: bool) -> Value {
    let mut entry = item.named();
    if item.ns.is_empty()
        && let Some(fields) = entry.as_object_mut()
    {
        fields.shift_remove("namespace");
    }
    entry["status"] = json!(synced(known, item.differs));
    if known && item.extra() {
        entry["requiresPruning"] = json!(true);
    }
    if let Some(wave) = item.desired.as_ref().map(desired::wave).filter(|wave| *wave != 0) {
        entry["syncWave"] = json!(wave);
    }
    entry
}

/// The images of the objects in the cluster.
fn images(found: &[Item]) -> Vec<String> {
    let mut images: Vec<String> = Vec::new();
    for live in found.iter().filter_map(|item| item.live.as_ref()) {
        for list in
            ["/spec/template/spec/containers", "/spec/template/spec/initContainers", "/spec/containers"]
        {
            images.extend(items(live, list).map(|container| text(container, "/image").to_owned()));
        }
    }
    images.sort();
    images.dedup();
    images
}

/// The worst of what is there. What is missing counts only where nothing is there: else that it is OutOfSync says so.
fn of_all(items: &[Item]) -> Health {
    if !items.is_empty() && items.iter().all(|item| item.live.is_none()) {
        return Health::Missing;
    }
    let there = items.iter().filter(|item| item.live.is_some());
    there.filter_map(Item::health).max().unwrap_or(Health::Healthy)
}

fn health(world: &World, app: &mut Value, health: Health) {
    if text(app, "/status/health/status") != health.word() {
        let now = stamp(world.now());
        app["status"]["health"] = json!({"status": health.word(), "lastTransitionTime": now});
    }
}

/// Replaces the conditions; one that said the same before keeps its time.
fn conditions(world: &World, app: &mut Value, said: Vec<(&str, String)>) {
    let before = app["status"]["conditions"].take();
    if let Some(fields) = app["status"].as_object_mut() {
        fields.shift_remove("conditions");
    }
    for (kind, message) in said {
        push(world, app, &before, kind, &message);
    }
}

/// Adds a condition to those of this look. It keeps its time while the Application in the store says the same.
pub(super) fn add_condition(world: &World, app: &mut Value, kind: &str, message: &str) {
    let stored = world.store.get(Resource::Application, NAMESPACE, object::name(app));
    let before = stored.map_or(&Value::Null, |app| &app["status"]["conditions"]);
    push(world, app, before, kind, message);
}

/// Adds a condition, since now or since it said the same before.
fn push(world: &World, app: &mut Value, before: &Value, kind: &str, message: &str) {
    let same = items(before, "").find(|one| one["type"] == kind && one["message"] == message);
    let since = same.map_or_else(|| json!(stamp(world.now())), |one| one["lastTransitionTime"].clone());
    let condition = json!({"type": kind, "message": message, "lastTransitionTime": since});
    match app["status"]["conditions"].as_array_mut() {
        Some(list) => list.push(condition),
        None => app["status"]["conditions"] = json!([condition]),
    }
}

/// Notes a deployment, and forgets those beyond the Application's limit.
pub(super) fn remember(app: &mut Value, state: &Value) {
    let history = &mut app["status"]["history"];
    let mut list = history.as_array_mut().map(std::mem::take).unwrap_or_default();
    let id = list.last().map_or(0, |last| number(last, "/id", 0) + 1);
    list.push(json!({
        "id": id, "revision": state["syncResult"]["revision"], "source": state["syncResult"]["source"],
        "deployStartedAt": state["startedAt"], "deployedAt": state["finishedAt"],
        "initiatedBy": state["operation"].get("initiatedBy").cloned().unwrap_or_else(|| json!({})),
    }));
    *history = json!(list);
    let limit = usize::try_from(number(app, "/spec/revisionHistoryLimit", 10)).unwrap_or(0);
    if let Some(list) = app["status"]["history"].as_array_mut() {
        list.drain(..list.len().saturating_sub(limit));
    }
}

/// Stores the Application when it differs, with an Event for each turn.
pub(super) fn write(world: &mut World, old: &Object, new: Value) {
    for (what, pointer) in [("sync", "/status/sync/status"), ("health", "/status/health/status")] {
        let (was, is) = (text(old, pointer), text(&new, pointer));
        if was != is {
            let said = format!("Updated {what} status: {was} -> {is}");
            world.event(COMPONENT, (Resource::Application, old), "Normal", "ResourceUpdated", &said);
        }
    }
    // It was read in this very look, so that only its namespace going away can refuse it.
    if let Err(refusal) =
        world.modify(CONTROLLER, Resource::Application, NAMESPACE, object::name(old), |app| *app = new)
    {
        tracing::debug!(application = object::name(old), "its status was refused: {refusal}");
    }
}
