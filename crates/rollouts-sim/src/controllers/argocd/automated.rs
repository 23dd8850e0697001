//! When a sync begins by itself: once for a revision, and again when the cluster has drifted and may be healed.

use std::time::Duration;

use crate::json::{Value, json};

use super::COMPONENT;
use super::compare::Item;
use super::status;
use crate::controllers::time::parse;
use crate::object::{self, number, text};
use crate::queue::{Work, later};
use crate::resource::Resource;
use crate::world::World;

/// Between healings of one revision: none before the first, then two seconds, three times as long each time, at most
/// five minutes.
fn pause(healed: i64) -> Duration {
    match u32::try_from(healed) {
        Ok(healed @ 1..) => Duration::from_secs(3_u64.saturating_pow(healed - 1).saturating_mul(2).min(300)),
        _ => Duration::ZERO,
    }
}

/// Begins a sync when the Application asks for it and is out of sync.
pub(super) fn decide(world: &mut World, app: &mut Value, items: Option<&[Item]>) {
    let policy = &app["spec"]["syncPolicy"];
    let automated = &policy["automated"];
    let Some(items) = items.filter(|_| automated.is_object() && automated["enabled"] != false) else {
        return;
    };
    if text(app, "/status/sync/status") != "OutOfSync" {
        return;
    }
    let (prune, may_empty) = (automated["prune"] == true, automated["allowEmpty"] == true);
    if !prune && items.iter().all(|item| !item.differs || item.extra()) {
        return;
    }
    let revision = text(app, "/status/sync/revision").to_owned();
    let mut operation = json!({
        "sync": {"revision": revision, "prune": prune, "source": app["spec"]["source"]},
        "initiatedBy": {"automated": true}, "retry": {"limit": 5},
    });
    if policy["retry"].is_object() {
        operation["retry"] = policy["retry"].clone();
    }
    if policy["syncOptions"].is_array() {
        operation["sync"]["syncOptions"] = policy["syncOptions"].clone();
    }
    if attempted(app, &revision) && !heal(world, app, items, &mut operation) {
        return;
    }
    if prune && !may_empty && items.iter().all(Item::extra) {
        let said = format!("Skipping sync attempt to [{revision}]: auto-sync will wipe out all resources");
        status::add_condition(world, app, "SyncError", &said);
        return;
    }
    app["operation"] = operation;
    let said = format!("Initiated automated sync to '{revision}'");
    world.event(COMPONENT, (Resource::Application, app), "Normal", "OperationStarted", &said);
}

/// Whether the last sync was to this revision of this source.
fn attempted(app: &Value, revision: &str) -> bool {
    let last = &app["status"]["operationState"];
    if !last.is_object() {
        return false;
    }
    let result = &last["syncResult"];
    !result.is_object() || result["revision"] == revision && result["source"] == app["spec"]["source"]
}

/// Makes of the operation a healing, if one may begin now.
fn heal(world: &mut World, app: &mut Value, items: &[Item], operation: &mut Value) -> bool {
    let last = &app["status"]["operationState"];
    if last["phase"] != "Succeeded" {
        let revision = text(last, "/syncResult/revision");
        let said = format!("Failed last sync attempt to [{revision}]: {}", text(last, "/message"));
        status::add_condition(world, app, "SyncError", &said);
        return false;
    }
    if app["spec"]["syncPolicy"]["automated"]["selfHeal"] != true {
        return false;
    }
    let healed = number(last, "/operation/sync/autoHealAttemptsCount", 0);
    let due = parse(text(last, "/finishedAt")).map(|ended| later(ended, pause(healed)));
    if let Some(due) = due.filter(|due| world.now() < *due) {
        world.queue.schedule(due, Work::Application { name: object::name(app).to_owned() });
        return false;
    }
    operation["sync"]["autoHealAttemptsCount"] = json!(healed + 1);
    let differing = items.iter().filter(|item| item.differs).map(|item| {
        let info = item.resource.info();
        json!({"group": info.group, "kind": info.kind, "name": item.name})
    });
    operation["sync"]["resources"] = differing.collect();
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn healings_of_one_revision_wait_longer_each_time() {
        assert_eq!([0, 1, 2, 3, 4, 9].map(|healed| pause(healed).as_secs()), [0, 2, 6, 18, 54, 300]);
    }
}
