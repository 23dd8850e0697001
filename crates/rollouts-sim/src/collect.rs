//! The garbage collector and the namespace controller: what goes when an owner or a namespace goes.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::json::Value;

use crate::object;
use crate::queue::{Queue, Work};
use crate::resource::Resource;
use crate::store::{Change, ChangeKind, Object, Place};
use crate::world::World;
use crate::write::CONTROLLER_MANAGER;

/// How long the collector takes to notice; it watches, so this is short.
const LATENCY: Duration = Duration::from_millis(20);
/// Held by an owner until its dependents are gone.
pub(crate) const FOREGROUND: &str = "foregroundDeletion";
/// Held by an owner until its dependents no longer name it.
pub(crate) const ORPHAN: &str = "orphan";

/// Schedules a collection when a change can have orphaned something.
pub(crate) fn on_change(queue: &mut Queue, change: &Change) {
    let marked = object::deleting(&change.object);
    let owned = object::items(&change.object, "/metadata/ownerReferences").next().is_some();
    if change.kind == ChangeKind::Deleted || marked || (owned && change.kind == ChangeKind::Added) {
        queue.after(LATENCY, Work::Collect);
    }
    if change.resource == Resource::Namespace && marked && change.kind != ChangeKind::Deleted {
        queue.after(LATENCY, Work::Namespace { name: object::name(&change.object).to_owned() });
    }
}

/// One pass: releases owners that wait, then deletes dependents whose owners are all gone.
pub(crate) fn owners(world: &mut World) {
    let marked: Vec<(Resource, Object)> = world.store.held().map(|(r, o)| (r, o.clone())).collect();
    let going = foreground(&marked);
    // Looked at as all was when the pass began.
    let mut candidates = world.store.bereft();
    candidates.extend(going.iter().flat_map(|uid| world.store.dependents_of(uid)));
    let lost: Vec<Place> = candidates.into_iter().filter(|place| is_lost(world, place, &going)).collect();
    for (resource, owner) in &marked {
        release(world, *resource, owner);
    }
    for (resource, ns, name) in lost {
        // It was there a moment ago; if a finalizer of another object took it along, it is gone as wanted.
        let _ = world.delete(resource, &ns, &name, None);
    }
}

/// Whether every owner of an object is gone or going, and it is not going itself.
fn is_lost(world: &World, (resource, ns, name): &Place, going: &BTreeSet<&str>) -> bool {
    let Some(dependent) = world.store.get(*resource, ns, name) else { return false };
    let mut owners = object::items(dependent, "/metadata/ownerReferences").map(|r| object::text(r, "/uid"));
    !object::deleting(dependent) && owners.all(|uid| !world.store.has_uid(uid) || going.contains(uid))
}

fn everything(world: &World) -> Vec<(Resource, Object)> {
    Resource::ALL.into_iter().flat_map(|r| world.store.list(r, "").map(move |o| (r, o.clone()))).collect()
}

fn has_finalizer(object: &Value, finalizer: &str) -> bool {
    object::items(object, "/metadata/finalizers").any(|f| f == finalizer)
}

fn foreground(marked: &[(Resource, Object)]) -> BTreeSet<&str> {
    marked.iter().filter(|(_, o)| has_finalizer(o, FOREGROUND)).map(|(_, o)| object::uid(o)).collect()
}

/// Takes the collector's own finalizers off `owner` once they have had their effect.
fn release(world: &mut World, resource: Resource, owner: &Object) {
    let uid = object::uid(owner);
    let dependents = world.store.dependents_of(uid);
    if has_finalizer(owner, ORPHAN) {
        for (kind, ns, name) in dependents {
            let _ = world.modify(CONTROLLER_MANAGER, kind, &ns, &name, |o| {
                retain(&mut o["metadata"]["ownerReferences"], |r| r["uid"] != uid);
            });
        }
        drop_finalizer(world, resource, owner, ORPHAN);
    } else if has_finalizer(owner, FOREGROUND) && dependents.is_empty() {
        drop_finalizer(world, resource, owner, FOREGROUND);
    }
}

fn retain(list: &mut Value, keep: impl Fn(&Value) -> bool) {
    if let Some(list) = list.as_array_mut() {
        list.retain(keep);
    }
}

fn drop_finalizer(world: &mut World, resource: Resource, owner: &Object, finalizer: &str) {
    let (ns, name) = (object::namespace(owner), object::name(owner));
    let _ = world.modify(CONTROLLER_MANAGER, resource, ns, name, |o| {
        retain(&mut o["metadata"]["finalizers"], |f| f != finalizer);
    });
}

/// Empties a namespace that is being deleted, and removes it once it is empty.
pub(crate) fn namespace(world: &mut World, name: &str) {
    let Some(namespace) = world.store.get(Resource::Namespace, "", name).cloned() else { return };
    if !object::deleting(&namespace) {
        return;
    }
    let inside: Vec<(Resource, Object)> =
        everything(world).into_iter().filter(|(_, o)| object::namespace(o) == name).collect();
    for (resource, object) in inside.iter().filter(|(_, o)| !object::deleting(o)) {
        let _ = world.delete(*resource, name, object::name(object), None);
    }
    let empty = !everything(world).iter().any(|(_, o)| object::namespace(o) == name);
    if empty {
        world.remove(Resource::Namespace, &namespace);
    } else {
        world.queue.after(Duration::from_secs(1), Work::Namespace { name: name.to_owned() });
    }
}
