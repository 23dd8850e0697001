//! Objects as JSON values by kind, namespace and name, under one resourceVersion, with a log of changes.
//!
//! The store knows no rules: it numbers and keeps what `write` has decided. It hands out shared values, so that
//! the log costs no copies.

mod index;
mod kept;
mod objects;

use crate::json::{Value, json};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap, VecDeque};

use crate::fields::Tracked;
use crate::object;
use crate::resource::Resource;

use self::index::Index;
pub(crate) use self::index::Place;
pub(crate) use self::kept::Object;
use self::objects::Objects;

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    Added,
    Modified,
    Deleted,
}

/// One entry of the change log.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) revision: u64,
    pub(crate) resource: Resource,
    pub(crate) kind: ChangeKind,
    /// The object before; absent for `Added`.
    pub(crate) before: Option<Object>,
    /// The object after; for `Deleted` its last state under the deletion's resourceVersion.
    pub(crate) object: Object,
}

/// How many changes are kept for watches. A watch from further back is answered 410 Gone.
const LOG: usize = 4096;

/// All objects, and the changes that led to them.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "Saved")]
pub(crate) struct Store {
    objects: Objects,
    index: Index,
    changed: Changed,
    revision: u64,
    log: VecDeque<Change>,
    /// Changes up to this revision are no longer in the log.
    compacted: u64,
}

/// When what is asked for again and again last changed.
#[derive(Clone, Debug, Default)]
struct Changed {
    ingresses: u64,
    /// Services, their endpoints and their pods, by namespace.
    backends: HashMap<String, u64>,
    /// What a Rollout may name, by namespace.
    named: HashMap<String, u64>,
}

/// Notes a revision under a namespace.
fn note(changed: &mut HashMap<String, u64>, ns: &str, revision: u64) {
    match changed.get_mut(ns) {
        Some(last) => *last = revision,
        None => {
            changed.insert(ns.to_owned(), revision);
        }
    }
}

/// The store as a snapshot holds it: without the log, since no watch outlives its process.
#[derive(Deserialize)]
struct Saved {
    revision: u64,
    objects: Vec<(Resource, Object)>,
}

/// The same, borrowed.
#[derive(Serialize)]
struct Saving<'a> {
    revision: u64,
    objects: Vec<(Resource, &'a Object)>,
}

impl Serialize for Store {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Saving { revision: self.revision, objects: self.objects.all().collect() }.serialize(serializer)
    }
}

impl From<Saved> for Store {
    fn from(saved: Saved) -> Store {
        let mut store = Store { revision: saved.revision, compacted: saved.revision, ..Store::new() };
        for (resource, object) in saved.objects {
            store.index.put(resource, None, &object);
            store.objects.put(resource, object);
        }
        store
    }
}

impl Store {
    /// An empty store at resourceVersion 1.
    pub(crate) fn new() -> Store {
        Store {
            objects: Objects::default(),
            index: Index::default(),
            changed: Changed::default(),
            revision: 1,
            log: VecDeque::new(),
            compacted: 1,
        }
    }

    /// The resourceVersion of the latest change.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// One object; `ns` is empty for cluster-scoped kinds.
    pub(crate) fn get(&self, resource: Resource, ns: &str, name: &str) -> Option<&Object> {
        self.objects.get(resource, ns, name)
    }

    /// The objects of a kind in name order; an empty `ns` means every namespace.
    pub(crate) fn list<'a>(
        &'a self,
        resource: Resource,
        ns: &str,
    ) -> impl Iterator<Item = &'a Object> + use<'a> {
        let one = (!ns.is_empty()).then(|| self.objects.within(resource, ns));
        let every = ns.is_empty().then(|| self.objects.of(resource));
        one.into_iter().flatten().chain(every.into_iter().flatten())
    }

    /// Whether an object with this uid is there.
    pub(crate) fn has_uid(&self, uid: &str) -> bool {
        self.index.has_uid(uid)
    }

    /// The objects that name an owner that is not there, in the order of a walk over all objects.
    pub(crate) fn bereft(&self) -> BTreeSet<Place> {
        self.index.bereft().cloned().collect()
    }

    /// The objects that name an owner.
    pub(crate) fn dependents_of(&self, uid: &str) -> BTreeSet<Place> {
        self.index.dependents_of(uid).cloned().collect()
    }

    /// The objects whose deletion waits for their finalizers.
    pub(crate) fn held(&self) -> impl Iterator<Item = (Resource, &Object)> {
        self.index.held().filter_map(|(resource, ns, name)| Some((*resource, self.get(*resource, ns, name)?)))
    }

    /// The Ingresses with a rule that may fit a host in lower case, in name order.
    pub(crate) fn ingresses_for(&self, host: &str) -> impl Iterator<Item = &Object> {
        let found = self.index.ingresses_for(host);
        found.into_iter().filter_map(|(ns, name)| self.get(Resource::Ingress, ns, name))
    }

    /// The Event of a namespace that says the same as another: of the same object, type, reason and message.
    pub(crate) fn event_like(&self, ns: &str, event: &Value) -> Option<&Object> {
        let name = self.index.event_like(ns, event)?;
        self.get(Resource::Event, ns, name)
    }

    /// When any Ingress, and when anything behind those of a namespace, last changed. As long as both are the same, so
    /// is the way of a request.
    pub(crate) fn routes(&self, ns: &str) -> (u64, u64) {
        (self.changed.ingresses, self.changed.backends.get(ns).copied().unwrap_or(0))
    }

    /// When anything that Rollouts of a namespace may name last changed: Services, Ingresses and AnalysisTemplates of
    /// the namespace, and those of the cluster.
    pub(crate) fn named(&self, ns: &str) -> (u64, u64) {
        let changed = |ns| self.changed.named.get(ns).copied().unwrap_or(0);
        (changed(ns), changed(""))
    }

    /// Whether a Service has this address.
    pub(crate) fn has_address(&self, address: &str) -> bool {
        self.index.has_address(address)
    }

    /// Adds or replaces an object under the next resourceVersion.
    pub(crate) fn put(&mut self, resource: Resource, mut json: Value, tracked: impl Into<Tracked>) -> Change {
        self.number(&mut json);
        let mut object = Object::with(json, tracked);
        if let Some(before) = self.get(resource, object::namespace(&object), object::name(&object)) {
            object = object.after(before);
        }
        let before = self.objects.put(resource, object.clone());
        self.index.put(resource, before.as_deref(), &object);
        let kind = if before.is_some() { ChangeKind::Modified } else { ChangeKind::Added };
        self.record(Change { revision: self.revision, resource, kind, before, object })
    }

    /// Removes an object; nothing happens when it is absent.
    pub(crate) fn remove(&mut self, resource: Resource, ns: &str, name: &str) -> Option<Change> {
        let before = self.objects.remove(resource, ns, name)?;
        self.index.remove(resource, &before);
        let mut last = Value::clone(&before);
        self.number(&mut last);
        let change = Change {
            revision: self.revision,
            resource,
            kind: ChangeKind::Deleted,
            object: Object::with(last, before.managers().clone()),
            before: Some(before),
        };
        Some(self.record(change))
    }

    /// The changes after `revision`, oldest first; `None` when they are no longer all in the log.
    pub(crate) fn changes_after(&self, revision: u64) -> Option<impl Iterator<Item = &Change>> {
        let from = self.log.partition_point(|c| c.revision <= revision);
        (revision >= self.compacted).then(|| self.log.range(from..))
    }

    fn number(&mut self, object: &mut Value) {
        self.revision += 1;
        object["metadata"]["resourceVersion"] = json!(self.revision.to_string());
    }

    fn record(&mut self, change: Change) -> Change {
        if self.log.len() == LOG
            && let Some(oldest) = self.log.pop_front()
        {
            self.compacted = oldest.revision;
        }
        let (ns, revision) = (object::namespace(&change.object), change.revision);
        match change.resource {
            Resource::Ingress => self.changed.ingresses = revision,
            Resource::Service | Resource::EndpointSlice | Resource::Pod => {
                note(&mut self.changed.backends, ns, revision);
            }
            _ => {}
        }
        match change.resource {
            Resource::Service
            | Resource::Ingress
            | Resource::AnalysisTemplate
            | Resource::ClusterAnalysisTemplate => note(&mut self.changed.named, ns, revision),
            _ => {}
        }
        self.log.push_back(change.clone());
        change
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::Managers;

    fn pod(ns: &str, name: &str) -> Value {
        json!({"metadata": {"namespace": ns, "name": name}})
    }

    #[test]
    fn changes_are_numbered_listed_and_compacted() {
        let mut store = Store::new();
        let start = store.revision();
        for (ns, name) in [("b", "x"), ("a", "y"), ("a", "x"), ("ab", "z")] {
            store.put(Resource::Pod, pod(ns, name), Managers::default());
        }
        let names =
            |ns| store.list(Resource::Pod, ns).map(|o| object::name(o).to_owned()).collect::<Vec<_>>();
        assert_eq!(names("a"), ["x", "y"]);
        assert_eq!(names(""), ["x", "y", "z", "x"]);
        let gone = store.remove(Resource::Pod, "a", "x").unwrap();
        assert_eq!((gone.revision, gone.object["metadata"]["resourceVersion"].as_str()), (6, Some("6")));
        assert_eq!(store.changes_after(start).unwrap().count(), 5);
        for _ in 0..LOG {
            store.put(Resource::Pod, pod("a", "x"), Managers::default());
        }
        assert!(store.changes_after(start).is_none());
        let last = store.revision() - 1;
        assert_eq!(store.changes_after(last).unwrap().count(), 1);
        let saved = crate::json::to_value(&store).unwrap();
        let again: Store = crate::json::from_value(&saved).unwrap();
        assert_eq!(crate::json::to_value(&again).unwrap(), saved);
    }
}
