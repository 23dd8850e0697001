//! `metadata.managedFields`: who owns what, after an update and after an apply.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::compare::compare;
use super::merge::{merge, prune};
use super::set::Set;
use crate::object;
use crate::refusal::Refusal;
use crate::resource::Resource;
use crate::schema;

/// One entry of managedFields.
#[derive(Clone, Debug)]
struct Manager {
    name: String,
    operation: &'static str,
    subresource: String,
    api_version: String,
    time: String,
    fields: Set,
}

fn managers(object: &Value) -> Vec<Manager> {
    let entries = object::items(object, "/metadata/managedFields");
    let read = |entry: &Value| Manager {
        name: object::text(entry, "/manager").to_owned(),
        operation: if entry["operation"] == "Apply" { "Apply" } else { "Update" },
        subresource: object::text(entry, "/subresource").to_owned(),
        api_version: object::text(entry, "/apiVersion").to_owned(),
        time: object::text(entry, "/time").to_owned(),
        fields: Set::from_value(&entry["fieldsV1"]),
    };
    entries.map(read).collect()
}

/// The managers to start from: those that the writer sent, or the present ones when it sent none. A list of one
/// empty entry clears them, as upstream documents it.
fn stated_managers(old: &Value, new: &Value) -> Vec<Manager> {
    match new["metadata"]["managedFields"].as_array().map(Vec::as_slice) {
        Some([only]) if only.as_object().is_some_and(serde_json::Map::is_empty) => Vec::new(),
        Some([_, ..]) => managers(new),
        _ => managers(old),
    }
}

fn write(object: &mut Value, mut managers: Vec<Manager>) {
    managers.retain(|m| !m.fields.is_empty());
    // Applies first, then updates by time, as upstream sorts them.
    managers.sort_by(|a, b| (a.operation, &a.time, &a.name).cmp(&(b.operation, &b.time, &b.name)));
    let entry = |m: Manager| {
        let mut entry = json!({
            "manager": m.name, "operation": m.operation, "apiVersion": m.api_version, "time": m.time,
            "fieldsType": "FieldsV1", "fieldsV1": m.fields.to_value(),
        });
        if !m.subresource.is_empty() {
            entry["subresource"] = json!(m.subresource);
        }
        entry
    };
    let entries: Vec<Value> = managers.into_iter().map(entry).collect();
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.shift_remove("managedFields");
        if !entries.is_empty() {
            metadata.insert("managedFields".into(), Value::Array(entries));
        }
    }
}

/// The fields that nobody owns: the server's own, and the object's identity.
static UNOWNED: LazyLock<Set> = LazyLock::new(|| {
    Set::from_value(&json!({
        "f:apiVersion": {}, "f:kind": {},
        "f:metadata": {
            "f:name": {}, "f:generateName": {}, "f:namespace": {}, "f:creationTimestamp": {}, "f:selfLink": {},
            "f:uid": {}, "f:generation": {}, "f:managedFields": {}, "f:resourceVersion": {},
            "f:deletionTimestamp": {}, "f:deletionGracePeriodSeconds": {},
        },
    }))
});

/// What the server fills in after a plain write has been tracked, so that the writer does not own it.
fn allocated(resource: Resource) -> Set {
    let spec = match resource {
        Resource::Service => {
            json!({"f:clusterIP": {}, "f:clusterIPs": {}, "f:ipFamilies": {}, "f:ipFamilyPolicy": {}})
        }
        Resource::Pod => {
            json!({"f:priority": {}, "f:preemptionPolicy": {}, "f:serviceAccount": {}, "f:serviceAccountName": {}})
        }
        Resource::Namespace => json!({"f:finalizers": {}}),
        _ => return Set::default(),
    };
    Set::from_value(&json!({"f:spec": spec}))
}

fn owned_fields(mut set: Set) -> Set {
    set.subtract_trees(&UNOWNED);
    set.member = false;
    if let Some(metadata) = set.children.get_mut("f:metadata") {
        metadata.member = false;
    }
    set
}

/// Writes into `new` the managedFields after `manager` turned `old` into it by a plain write at `time`.
pub(crate) fn track_update(
    resource: Resource,
    (manager, subresource): (&str, &str),
    old: Option<&Value>,
    new: &mut Value,
    time: &str,
) {
    let nothing = json!({});
    let mut change = compare(resource, old.unwrap_or(&nothing), new);
    change.set = owned_fields(change.set);
    let mut removed = owned_fields(change.removed);
    let part = |step: &str| match subresource {
        "status" => step == "f:status",
        _ => !(resource.info().status && step == "f:status"),
    };
    change.set.children.retain(|step, _| part(step));
    removed.children.retain(|step, _| part(step));
    change.set.subtract_trees(&allocated(resource));
    let mut all = stated_managers(old.unwrap_or(&nothing), new);
    for each in &mut all {
        each.fields.subtract(&removed);
    }
    let api_version = resource.api_version();
    let mine = |m: &Manager| m.name == manager && m.operation == "Update" && m.subresource == subresource;
    let mut own = all.iter().find(|m| mine(m)).map(|m| m.fields.clone()).unwrap_or_default();
    all.retain(|m| !mine(m));
    if !change.set.is_empty() {
        for each in &mut all {
            each.fields.subtract(&change.set);
        }
    }
    let before = own.clone();
    own.union(&change.set);
    own.subtract(&removed);
    let kept_time = old.and_then(|o| {
        let known = managers(o).into_iter().find(mine)?;
        (before == own && change.set.is_empty()).then_some(known.time)
    });
    all.push(Manager {
        name: manager.to_owned(),
        operation: "Update",
        subresource: subresource.to_owned(),
        api_version,
        time: kept_time.unwrap_or_else(|| time.to_owned()),
        fields: own,
    });
    write(new, all);
}

/// Applies `config` as `manager` to `live` (null when there is none): merges it, takes out what the manager stated
/// before and no longer does, and moves ownership.
///
/// # Errors
/// 409 when another manager owns a field at another value, unless `force`.
pub(crate) fn apply(
    resource: Resource,
    (manager, subresource): (&str, &str),
    live: &Value,
    config: &Value,
    force: bool,
    time: &str,
) -> Result<Value, Refusal> {
    let schema = schema::of(resource);
    let mut config = config.clone();
    if let Some(metadata) = config.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.shift_remove("managedFields");
        metadata.shift_remove("resourceVersion");
        metadata.shift_remove("uid");
        metadata.shift_remove("creationTimestamp");
    }
    let mut all = managers(live);
    let mine = |m: &Manager| m.name == manager && m.operation == "Apply" && m.subresource == subresource;
    let before = all.iter().find(|m| mine(m)).cloned();
    all.retain(|m| !mine(m));
    let mut states = owned_fields(Set::of_value(schema, &config));
    if subresource == "status" {
        states.children.retain(|step, _| step == "f:status");
    }

    let base = if live.is_null() { json!({}) } else { live.clone() };
    let mut merged = merge(schema, &base, &config, true);
    if let Some(before) = &before {
        let mut gone = before.fields.clone();
        gone.subtract(&states);
        let mut kept = states.clone();
        all.iter().for_each(|m| kept.union(&m.fields));
        gone.subtract(&kept);
        prune(schema, &mut merged, &gone, &kept, true);
    }

    let changed = compare(resource, &base, &merged);
    let contested = owned_fields(changed.set).intersection(&states);
    let conflicts: Vec<(&Manager, Vec<String>)> = all
        .iter()
        .map(|m| (m, m.fields.intersection(&contested).paths()))
        .filter(|(_, paths)| !paths.is_empty())
        .collect();
    if !conflicts.is_empty() && !force {
        return Err(conflict(resource, object::name(&merged), &conflicts));
    }
    for each in &mut all {
        each.fields.subtract(&contested);
    }
    let same = before.as_ref().is_some_and(|b| b.fields == states) && merged == base;
    let time = match &before {
        Some(before) if same => before.time.clone(),
        _ => time.to_owned(),
    };
    all.push(Manager {
        name: manager.to_owned(),
        operation: "Apply",
        subresource: subresource.to_owned(),
        api_version: resource.api_version(),
        time,
        fields: states,
    });
    write(&mut merged, all);
    Ok(merged)
}

fn conflict(resource: Resource, name: &str, conflicts: &[(&Manager, Vec<String>)]) -> Refusal {
    let count: usize = conflicts.iter().map(|(_, paths)| paths.len()).sum();
    let with = |m: &Manager| {
        let sub = &m.subresource;
        let of = if sub.is_empty() { String::new() } else { format!(" with subresource \"{sub}\"") };
        // Upstream names the version of plain writes only.
        let using = if m.operation == "Update" { format!(" using {}", m.api_version) } else { String::new() };
        format!("\"{}\"{of}{using}", m.name)
    };
    let message = match conflicts {
        [(m, paths)] if paths.len() == 1 => {
            format!("Apply failed with 1 conflict: conflict with {}: {}", with(m), paths[0])
        }
        several => {
            let each = several
                .iter()
                .map(|(m, paths)| format!("conflicts with {}:\n- {}", with(m), paths.join("\n- ")));
            format!("Apply failed with {count} conflicts: {}", each.collect::<Vec<_>>().join("\n"))
        }
    };
    let mut refusal = Refusal::conflict(resource, name, "");
    refusal.message = message;
    refusal.details = json!({});
    refusal.details["causes"] = conflicts
        .iter()
        .flat_map(|(m, paths)| paths.iter().map(move |p| (m, p)))
        .map(|(m, path)| {
            let message = format!("conflict with {}", with(m));
            json!({"reason": "FieldManagerConflict", "message": message, "field": path})
        })
        .collect();
    refusal
}
