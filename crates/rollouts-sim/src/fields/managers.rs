//! `metadata.managedFields`: who owns what, after an update and after an apply.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use crate::json::{Map, Text, Value, json};

use super::compare::{Difference, compare, compare_status};
use super::merge::{merge, prune};
use super::set::Set;
use super::step::Step;
use crate::object;
use crate::refusal::Refusal;
use crate::resource::Resource;
use crate::schema;
use crate::store::Object;

/// `metadata.managedFields` as it is kept beside an object: a write shares the entries that it leaves as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Managers(Vec<Arc<Manager>>);

impl Managers {
    /// Takes them out of an object.
    pub(crate) fn take(object: &mut Value) -> Managers {
        let metadata = object.get_mut("metadata").and_then(Value::as_object_mut);
        match metadata.and_then(|metadata| metadata.shift_remove("managedFields")) {
            Some(Value::Array(entries)) => Managers::sorted(entries.iter().map(Manager::read).collect()),
            _ => Managers::default(),
        }
    }

    /// Writes them into an object.
    pub(crate) fn give(&self, object: &mut Value) {
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut)
            && !self.0.is_empty()
        {
            let entries = self.0.iter().map(|manager| manager.entry()).collect();
            metadata.insert(Text::Own("managedFields"), Value::Array(entries));
        }
    }

    /// The one who made an object.
    fn creator(creation: &Creation, fields: Set) -> Managers {
        Managers::sorted(vec![Manager {
            name: creation.manager.clone(),
            operation: "Update",
            subresource: String::new(),
            api_version: creation.resource.api_version(),
            time: creation.time.clone(),
            fields: Arc::new(fields),
        }])
    }

    fn sorted(managers: Vec<Manager>) -> Managers {
        let kept = managers.into_iter().filter(|manager| !manager.fields.is_empty());
        let mut kept: Vec<_> = kept.map(Arc::new).collect();
        sort(&mut kept);
        Managers(kept)
    }
}

/// What is known of who manages an object.
#[derive(Clone, Debug)]
pub(crate) enum Tracked {
    Known(Managers),
    /// One manager made it by a plain write, and owns all that this set. Most objects stay so, and hardly anybody asks.
    Created(Creation),
}

impl From<Managers> for Tracked {
    fn from(managers: Managers) -> Tracked {
        Tracked::Known(managers)
    }
}

/// A plain write that made an object.
#[derive(Clone, Debug)]
pub(crate) struct Creation {
    resource: Resource,
    manager: String,
    time: String,
}

impl Creation {
    /// Who manages what of the object, as this write left it.
    pub(crate) fn managers(&self, object: &Value) -> Managers {
        Managers::creator(self, written(self.resource, false, &Value::Null, object).set)
    }
}

/// Applies first, then updates by time, as upstream sorts them.
fn sort(managers: &mut [Arc<Manager>]) {
    fn key(manager: &Manager) -> (&str, &str, &str) {
        (manager.operation, &manager.time, &manager.name)
    }
    managers.sort_by(|a, b| key(a).cmp(&key(b)));
}

/// One entry of managedFields.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Manager {
    name: String,
    operation: &'static str,
    subresource: String,
    api_version: String,
    time: String,
    fields: Arc<Set>,
}

impl Manager {
    fn read(entry: &Value) -> Manager {
        Manager {
            name: object::text(entry, "/manager").to_owned(),
            operation: if entry["operation"] == "Apply" { "Apply" } else { "Update" },
            subresource: object::text(entry, "/subresource").to_owned(),
            api_version: object::text(entry, "/apiVersion").to_owned(),
            time: object::text(entry, "/time").to_owned(),
            fields: Arc::new(Set::from_value(&entry["fieldsV1"])),
        }
    }

    /// The same as a client sees it.
    fn entry(&self) -> Value {
        let mut entry = json!({
            "manager": self.name, "operation": self.operation, "apiVersion": self.api_version, "time": self.time,
            "fieldsType": "FieldsV1", "fieldsV1": self.fields.to_value(),
        });
        if !self.subresource.is_empty() {
            entry["subresource"] = json!(self.subresource);
        }
        entry
    }
}

/// The managers to start from: those that the writer sent, or the present ones when it sent none. A list of one
/// empty entry clears them, as upstream documents it. They are taken out of `new`.
fn stated(standing: Option<&Managers>, new: &mut Value) -> Vec<Arc<Manager>> {
    let empty = |entry: &Value| entry.as_object().is_some_and(Map::is_empty);
    match object::at(new, "/metadata/managedFields").and_then(Value::as_array).map(Vec::as_slice) {
        Some([only]) if empty(only) => {
            Managers::take(new);
            Vec::new()
        }
        Some([_, ..]) => Managers::take(new).0,
        _ => {
            Managers::take(new);
            standing.map(|standing| standing.0.clone()).unwrap_or_default()
        }
    }
}

const METADATA: Step = Step::Field(Text::Own("metadata"));
const STATUS: Step = Step::Field(Text::Own("status"));

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
static ALLOCATED: LazyLock<BTreeMap<Resource, Set>> = LazyLock::new(|| {
    let of_spec = [
        (
            Resource::Service,
            json!({"f:clusterIP": {}, "f:clusterIPs": {}, "f:ipFamilies": {}, "f:ipFamilyPolicy": {}}),
        ),
        (
            Resource::Pod,
            json!({"f:priority": {}, "f:preemptionPolicy": {}, "f:serviceAccount": {}, "f:serviceAccountName": {}}),
        ),
        (Resource::Namespace, json!({"f:finalizers": {}})),
    ];
    of_spec.into_iter().map(|(kind, spec)| (kind, Set::from_value(&json!({"f:spec": spec})))).collect()
});

fn owned_fields(mut set: Set) -> Set {
    set.subtract_trees(&UNOWNED);
    set.member = false;
    if let Some(metadata) = set.children.get_mut(&METADATA) {
        metadata.member = false;
    }
    set
}

/// Takes fields from a manager; says whether it has any left.
fn keeps(manager: &mut Arc<Manager>, gone: &[&Set]) -> bool {
    if gone.iter().any(|gone| gone.meets(&manager.fields)) {
        let fields = Arc::make_mut(&mut Arc::make_mut(manager).fields);
        gone.iter().for_each(|gone| fields.subtract(gone));
        return !fields.is_empty();
    }
    true
}

/// What a plain write sets and takes away of what can be owned.
fn written(resource: Resource, of_status: bool, old: &Value, new: &Value) -> Difference {
    let difference = if of_status { compare_status } else { compare };
    let Difference { set, removed } = difference(resource, old, new);
    // Of a status there is nothing that nobody owns.
    let owned = |set| if of_status { set } else { owned_fields(set) };
    let (mut set, mut removed) = (owned(set), owned(removed));
    if !of_status {
        if resource.info().status {
            set.children.remove(&STATUS);
            removed.children.remove(&STATUS);
        }
        if let Some(allocated) = ALLOCATED.get(&resource) {
            set.subtract_trees(allocated);
        }
    }
    Difference { set, removed }
}

/// Who owns what after `manager` made an object by a plain write at `time`. What `new` says of it is taken out of it.
pub(crate) fn track_creation(resource: Resource, manager: &str, new: &mut Value, time: &str) -> Tracked {
    if object::at(new, "/metadata/managedFields").is_some() {
        return track_update(resource, (manager, ""), None, new, time).into();
    }
    Tracked::Created(Creation { resource, manager: manager.to_owned(), time: time.to_owned() })
}

/// Who owns what after `manager` turned `old` into `new` by a plain write at `time`. What `new` says of it is taken
/// out of it.
///
/// Most writes change what their manager owns already. Then nothing but its time is new.
pub(crate) fn track_update(
    resource: Resource,
    (manager, subresource): (&str, &str),
    old: Option<&Object>,
    new: &mut Value,
    time: &str,
) -> Managers {
    let mut managers = stated(old.map(Object::managers), new);
    let old_json = old.map_or(&Value::Null, |old| old);
    let Difference { set, removed } = written(resource, subresource == "status", old_json, new);
    let mine = |one: &Arc<Manager>| {
        one.name == manager && one.operation == "Update" && one.subresource == subresource
    };
    let own = managers.iter().position(mine).map(|at| managers.remove(at));
    managers.retain_mut(|one| keeps(one, &[&removed, &set]));
    // Only what is set counts as a write of that time, not what is taken away.
    let known = old.and_then(|old| old.managers().0.iter().find(|one| mine(one)));
    let kept = known.map(|known| known.time.as_str()).filter(|_| set.is_empty());
    let time = kept.unwrap_or(time);
    let fields = match own {
        None => Arc::new(set),
        Some(own) if set.is_within(&own.fields) && !removed.meets(&own.fields) => Arc::clone(&own.fields),
        Some(own) => {
            let mut fields = Set::clone(&own.fields);
            fields.union(&set);
            fields.subtract(&removed);
            Arc::new(fields)
        }
    };
    if !fields.is_empty() {
        managers.push(Arc::new(Manager {
            name: manager.to_owned(),
            operation: "Update",
            subresource: subresource.to_owned(),
            api_version: resource.api_version(),
            time: time.to_owned(),
            fields,
        }));
    }
    sort(&mut managers);
    Managers(managers)
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
    let stored = object::items(live, "/metadata/managedFields");
    let mut all: Vec<Manager> = stored.map(Manager::read).collect();
    let mine = |m: &Manager| m.name == manager && m.operation == "Apply" && m.subresource == subresource;
    let before = all.iter().find(|m| mine(m)).cloned();
    all.retain(|m| !mine(m));
    let mut states = owned_fields(Set::of_value(schema, &config));
    if subresource == "status" {
        states.children.retain(|step, _| *step == STATUS);
    }

    let base = if live.is_null() { json!({}) } else { live.clone() };
    let mut merged = merge(schema, &base, &config, true);
    if let Some(before) = &before {
        let mut gone = Set::clone(&before.fields);
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
        Arc::make_mut(&mut each.fields).subtract(&contested);
    }
    let same = before.as_ref().is_some_and(|b| *b.fields == states) && merged == base;
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
        fields: Arc::new(states),
    });
    Managers::take(&mut merged);
    Managers::sorted(all).give(&mut merged);
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
        let write = |old: Option<&Object>, data: Value, time: &str| {
            let mut new = json!({"metadata": {"name": "a"}, "data": data});
            let managers = track_update(Resource::ConfigMap, ("person", ""), old, &mut new, time);
            Object::with(new, managers)
        };
        let first = write(None, json!({"a": "1", "b": "2"}), "first");
        let less = write(Some(&first), json!({"a": "1"}), "second");
        let changed = write(Some(&less), json!({"a": "3"}), "third");
        for (object, time) in [(&first, "first"), (&less, "first"), (&changed, "third")] {
            let whole = object.whole();
            assert_eq!(object::text(&whole, "/metadata/managedFields/0/time"), time, "{whole}");
        }
        assert_eq!(
            less.whole()["metadata"]["managedFields"][0]["fieldsV1"],
            json!({"f:data": {".": {}, "f:a": {}}})
        );
    }

    #[test]
    fn who_made_an_object_owns_what_it_would_own_if_that_were_tracked_at_once() {
        let service = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "a", "labels": {"x": "y"}},
            "spec": {"clusterIP": "10.96.0.2", "ports": [{"port": 80}]}, "status": {"loadBalancer": {}},
        });
        let (mut first, mut second) = (service.clone(), service);
        let known = track_update(Resource::Service, ("person", ""), None, &mut first, "now");
        let made = track_creation(Resource::Service, "person", &mut second, "now");
        assert!(matches!(made, Tracked::Created(_)));
        assert_eq!(Object::with(second.clone(), made).managers(), &known);
        let whole = Object::with(first, known).whole();
        second = whole;
        let brought = track_creation(Resource::Service, "person", &mut second, "later");
        assert!(matches!(brought, Tracked::Known(_)), "it brings its managers along");
    }
}
