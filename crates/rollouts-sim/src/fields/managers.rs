//! `metadata.managedFields`: who owns what, after an update and after an apply.

use std::cmp::Ordering;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::compare::{Difference, compare, compare_status};
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

impl Manager {
    fn read(entry: &Value) -> Manager {
        Manager {
            name: object::text(entry, "/manager").to_owned(),
            operation: if entry["operation"] == "Apply" { "Apply" } else { "Update" },
            subresource: object::text(entry, "/subresource").to_owned(),
            api_version: object::text(entry, "/apiVersion").to_owned(),
            time: object::text(entry, "/time").to_owned(),
            fields: Set::from_value(&entry["fieldsV1"]),
        }
    }

    /// The same as it is stored; `None` for one that owns nothing.
    fn entry(self) -> Option<Value> {
        if self.fields.is_empty() {
            return None;
        }
        let mut entry = json!({
            "manager": self.name, "operation": self.operation, "apiVersion": self.api_version, "time": self.time,
            "fieldsType": "FieldsV1", "fieldsV1": self.fields.to_value(),
        });
        if !self.subresource.is_empty() {
            entry["subresource"] = json!(self.subresource);
        }
        Some(entry)
    }
}

fn managers(object: &Value) -> Vec<Manager> {
    object::items(object, "/metadata/managedFields").map(Manager::read).collect()
}

/// The entries to start from: those that the writer sent, or the present ones when it sent none. A list of one
/// empty entry clears them, as upstream documents it. They are taken out of `new`.
fn stated_entries(old: &Value, new: &mut Value) -> Vec<Value> {
    let standing = object::at(old, "/metadata/managedFields").and_then(Value::as_array);
    let sent = new["metadata"].as_object_mut().and_then(|metadata| metadata.shift_remove("managedFields"));
    let empty = |entry: &Value| entry.as_object().is_some_and(Map::is_empty);
    match sent {
        Some(Value::Array(sent)) if Some(&sent) == standing => sent,
        Some(Value::Array(sent)) if matches!(sent.as_slice(), [only] if empty(only)) => Vec::new(),
        Some(Value::Array(sent)) if !sent.is_empty() => {
            sent.iter().map(Manager::read).filter_map(Manager::entry).collect()
        }
        _ => standing.cloned().unwrap_or_default(),
    }
}

fn write(object: &mut Value, mut entries: Vec<Value>) {
    // Applies first, then updates by time, as upstream sorts them.
    entries.sort_by(|a, b| {
        let key =
            ["/operation", "/time", "/manager"].map(|field| (object::text(a, field), object::text(b, field)));
        key.into_iter().map(|(a, b)| a.cmp(b)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    });
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

/// Takes fields from an entry; says whether it has any left.
fn keeps(entry: &mut Value, gone: &[&Set]) -> bool {
    if !gone.iter().any(|gone| gone.meets(&entry["fieldsV1"])) {
        return true;
    }
    let mut fields = Set::from_value(&entry["fieldsV1"]);
    gone.iter().for_each(|gone| fields.subtract(gone));
    entry["fieldsV1"] = fields.to_value();
    !fields.is_empty()
}

/// Writes into `new` the managedFields after `manager` turned `old` into it by a plain write at `time`.
///
/// Most writes change what their manager owns already. So the entries are edited as they stand, and only those are
/// read as sets whose fields change.
pub(crate) fn track_update(
    resource: Resource,
    (manager, subresource): (&str, &str),
    old: Option<&Value>,
    new: &mut Value,
    time: &str,
) {
    let nothing = json!({});
    let before = old.unwrap_or(&nothing);
    let of_status = subresource == "status";
    let difference = if of_status { compare_status } else { compare };
    let Difference { set, removed } = difference(resource, before, new);
    let (mut set, mut removed) = (owned_fields(set), owned_fields(removed));
    if !of_status {
        if resource.info().status {
            set.children.remove("f:status");
            removed.children.remove("f:status");
        }
        set.subtract_trees(&allocated(resource));
    }
    let mut entries = stated_entries(before, new);
    let mine = |entry: &Value| {
        entry["manager"] == manager
            && entry["operation"] == "Update"
            && object::text(entry, "/subresource") == subresource
    };
    let own = entries.iter().position(mine).map(|at| entries.remove(at));
    entries.retain_mut(|entry| keeps(entry, &[&removed, &set]));
    // Only what is set counts as a write of that time, not what is taken away.
    let known = object::items(before, "/metadata/managedFields").find(|entry| mine(entry));
    let kept = known.map(|known| object::text(known, "/time")).filter(|_| set.is_empty());
    let time = kept.unwrap_or(time);
    match own {
        Some(mut own) if set.is_within(&own["fieldsV1"]) && !removed.meets(&own["fieldsV1"]) => {
            own["time"] = json!(time);
            own["apiVersion"] = json!(resource.api_version());
            entries.push(own);
        }
        own => {
            let mut fields = own.map(|own| Set::from_value(&own["fieldsV1"])).unwrap_or_default();
            fields.union(&set);
            fields.subtract(&removed);
            let own = Manager {
                name: manager.to_owned(),
                operation: "Update",
                subresource: subresource.to_owned(),
                api_version: resource.api_version(),
                time: time.to_owned(),
                fields,
            };
            entries.extend(own.entry());
        }
    }
    write(new, entries);
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
    write(&mut merged, all.into_iter().filter_map(Manager::entry).collect());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_the_time_at_which_its_manager_last_set_something() {
        let write = |old: Option<&Value>, data: Value, time: &str| {
            let mut new = json!({"metadata": {"name": "a"}, "data": data});
            track_update(Resource::ConfigMap, ("person", ""), old, &mut new, time);
            new
        };
        let first = write(None, json!({"a": "1", "b": "2"}), "first");
        let less = write(Some(&first), json!({"a": "1"}), "second");
        let changed = write(Some(&less), json!({"a": "3"}), "third");
        for (object, time) in [(&first, "first"), (&less, "first"), (&changed, "third")] {
            assert_eq!(object::text(object, "/metadata/managedFields/0/time"), time, "{object}");
        }
        assert_eq!(less["metadata"]["managedFields"][0]["fieldsV1"], json!({"f:data": {".": {}, "f:a": {}}}));
    }
}
