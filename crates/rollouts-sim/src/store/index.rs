//! What is asked of all objects at once and would otherwise be a walk over all of them: whose dependents are left
//! without an owner, what waits for its finalizers, which Ingresses know a host, which addresses Services have, which
//! Event says something already.
//!
//! It follows from the objects, so it is in no snapshot.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::json::{Text, Value};

use crate::object::{self, items, text};
use crate::resource::Resource;

/// Where an object is: kind, namespace, name. Ordered as a walk over all objects.
pub(crate) type Place = (Resource, String, String);

/// See the module's documentation.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    uids: HashSet<Text>,
    /// By the uid of an owner, whether it is there or not.
    dependents: HashMap<Text, BTreeSet<Place>>,
    /// Uids of owners that have dependents and are not there.
    gone: BTreeSet<String>,
    /// What is to be deleted and has finalizers.
    held: BTreeSet<Place>,
    /// Ingresses by the hosts of their rules, in lower case; the empty one is any host.
    hosts: BTreeMap<String, BTreeSet<(String, String)>>,
    /// How many Services have an address.
    addresses: BTreeMap<String, usize>,
    /// Events, as namespace and name, by what they say.
    events: HashMap<Said, Vec<(Text, Text)>>,
}

impl Index {
    /// An object was added or is replaced by another state of itself.
    pub(super) fn put(&mut self, resource: Resource, before: Option<&Value>, object: &Value) {
        if let Some(before) = before {
            // Most writes are of a status, and nothing here follows from one.
            if alike(resource, before, object) {
                return;
            }
            self.take(resource, before);
        }
        let uid = object::uid(object);
        if !uid.is_empty() {
            self.uids.insert(shared(object, "/metadata/uid"));
            self.gone.remove(uid);
        }
        for owner in owners(object) {
            self.dependents.entry(owner.into()).or_default().insert(place(resource, object));
            if !self.uids.contains(owner) {
                self.gone.insert(owner.to_owned());
            }
        }
        if held(object) {
            self.held.insert(place(resource, object));
        }
        for host in hosts(resource, object) {
            let key = (object::namespace(object).to_owned(), object::name(object).to_owned());
            self.hosts.entry(host).or_default().insert(key);
        }
        if let Some(address) = address(resource, object) {
            *self.addresses.entry(address.to_owned()).or_default() += 1;
        }
        if resource == Resource::Event {
            self.events.entry(said(object)).or_default().push(known_as(object));
        }
    }

    /// An object is there no more.
    pub(super) fn remove(&mut self, resource: Resource, object: &Value) {
        self.take(resource, object);
        let uid = object::uid(object);
        self.uids.remove(uid);
        if self.dependents.contains_key(uid) {
            self.gone.insert(uid.to_owned());
        }
    }

    fn take(&mut self, resource: Resource, object: &Value) {
        for owner in owners(object) {
            if let Some(of) = self.dependents.get_mut(owner) {
                of.remove(&place(resource, object));
                if of.is_empty() {
                    self.dependents.remove(owner);
                    self.gone.remove(owner);
                }
            }
        }
        if held(object) {
            self.held.remove(&place(resource, object));
        }
        for host in hosts(resource, object) {
            if let Some(of) = self.hosts.get_mut(&host) {
                of.remove(&(object::namespace(object).to_owned(), object::name(object).to_owned()));
                if of.is_empty() {
                    self.hosts.remove(&host);
                }
            }
        }
        if let Some(count) = address(resource, object).and_then(|address| self.addresses.get_mut(address)) {
            *count = count.saturating_sub(1);
        }
        if resource == Resource::Event
            && let Entry::Occupied(mut of) = self.events.entry(said(object))
        {
            let gone = known_as(object);
            of.get_mut().retain(|one| *one != gone);
            if of.get().is_empty() {
                of.remove();
            }
        }
    }

    /// Whether an object with this uid is there.
    pub(super) fn has_uid(&self, uid: &str) -> bool {
        self.uids.contains(uid)
    }

    /// The objects that name one of their owners in vain.
    pub(super) fn bereft(&self) -> impl Iterator<Item = &Place> {
        self.gone.iter().flat_map(|uid| self.dependents_of(uid))
    }

    /// The objects that name an owner.
    pub(super) fn dependents_of(&self, uid: &str) -> impl Iterator<Item = &Place> + use<'_> {
        self.dependents.get(uid).into_iter().flatten()
    }

    /// The objects whose deletion waits for their finalizers.
    pub(super) fn held(&self) -> impl Iterator<Item = &Place> {
        self.held.iter()
    }

    /// The Ingresses, as namespace and name, with a rule that may fit a host in lower case.
    pub(super) fn ingresses_for(&self, host: &str) -> BTreeSet<&(String, String)> {
        let wildcard = host.split_once('.').map(|(_, domain)| format!("*.{domain}"));
        let keys = [Some(host.to_owned()), wildcard, Some(String::new())];
        keys.iter().flatten().filter_map(|key| self.hosts.get(key)).flatten().collect()
    }

    /// The name of the first Event of a namespace, by name, that says the same as another.
    pub(super) fn event_like(&self, ns: &str, event: &Value) -> Option<&Text> {
        let alike = self.events.get(&said(event))?;
        alike.iter().filter(|(of, _)| *of == *ns).map(|(_, name)| name).min()
    }

    /// Whether a Service has this address.
    pub(super) fn has_address(&self, address: &str) -> bool {
        self.addresses.get(address).is_some_and(|count| *count > 0)
    }
}

/// Whether two states of an object have all in common that is read here.
fn alike(resource: Resource, before: &Value, object: &Value) -> bool {
    let same = |pointer: &str| object::at(before, pointer) == object::at(object, pointer);
    let spec = matches!(resource, Resource::Ingress | Resource::Service);
    same("/metadata/uid")
        && same("/metadata/ownerReferences")
        && held(before) == held(object)
        && (!spec || same("/spec"))
        && (resource != Resource::Event || SAID.iter().all(|pointer| same(pointer)))
}

fn held(object: &Value) -> bool {
    object::deleting(object) && items(object, "/metadata/finalizers").next().is_some()
}

fn place(resource: Resource, object: &Value) -> Place {
    (resource, object::namespace(object).to_owned(), object::name(object).to_owned())
}

fn owners(object: &Value) -> impl Iterator<Item = &str> {
    items(object, "/metadata/ownerReferences").map(|owner| text(owner, "/uid"))
}

fn hosts(resource: Resource, object: &Value) -> BTreeSet<String> {
    if resource != Resource::Ingress {
        return BTreeSet::new();
    }
    items(object, "/spec/rules").map(|rule| text(rule, "/host").to_ascii_lowercase()).collect()
}

fn address(resource: Resource, object: &Value) -> Option<&str> {
    Some(text(object, "/spec/clusterIP")).filter(|_| resource == Resource::Service)
}

/// What makes two Events the same to who records them.
const SAID: [&str; 4] = ["/involvedObject/uid", "/type", "/reason", "/message"];

type Said = [Text; SAID.len()];

fn said(event: &Value) -> Said {
    SAID.map(|pointer| shared(event, pointer))
}

/// Namespace and name.
fn known_as(object: &Value) -> (Text, Text) {
    (shared(object, "/metadata/namespace"), shared(object, "/metadata/name"))
}

/// The text at a JSON pointer, or empty: that of the object itself.
fn shared(object: &Value, pointer: &str) -> Text {
    match object::at(object, pointer) {
        Some(Value::String(text)) => text.clone(),
        _ => Text::default(),
    }
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    fn owned(name: &str, uid: &str, owner: &str) -> Value {
        let owners = if owner.is_empty() { json!([]) } else { json!([{"uid": owner}]) };
        json!({"metadata": {"namespace": "n", "name": name, "uid": uid, "ownerReferences": owners}})
    }

    #[test]
    fn dependents_are_bereft_while_their_owner_is_not_there() {
        let mut index = Index::default();
        let (owner, child) = (owned("a", "1", ""), owned("b", "2", "1"));
        let bereft = |index: &Index| index.bereft().map(|(_, _, name)| name.clone()).collect::<Vec<_>>();
        index.put(Resource::Pod, None, &child);
        assert_eq!(bereft(&index), ["b"]);
        index.put(Resource::ReplicaSet, None, &owner);
        assert_eq!(bereft(&index), [""; 0]);
        index.put(Resource::ReplicaSet, Some(&owner), &owner);
        index.remove(Resource::ReplicaSet, &owner);
        assert_eq!(bereft(&index), ["b"]);
        assert_eq!(index.dependents_of("1").count(), 1);
        index.remove(Resource::Pod, &child);
        assert!(bereft(&index).is_empty() && !index.has_uid("2"));
    }

    #[test]
    fn events_by_what_they_say() {
        let mut index = Index::default();
        let event = |name: &str, message: &str| {
            let metadata = json!({"namespace": "n", "name": name});
            json!({"metadata": metadata, "involvedObject": {"uid": "1"}, "reason": "R", "message": message})
        };
        let found = |index: &Index, message: &str| {
            index.event_like("n", &event("", message)).map(Text::to_string).unwrap_or_default()
        };
        index.put(Resource::Event, None, &event("y", "a"));
        index.put(Resource::Event, None, &event("x", "a"));
        index.put(Resource::ConfigMap, None, &event("z", "a"));
        assert_eq!(index.event_like("m", &event("", "a")), None);
        assert_eq!((found(&index, "a"), found(&index, "b")), ("x".to_owned(), String::new()));
        index.put(Resource::Event, Some(&event("y", "a")), &event("y", "b"));
        assert_eq!((found(&index, "a"), found(&index, "b")), ("x".to_owned(), "y".to_owned()));
        index.remove(Resource::Event, &event("x", "a"));
        assert_eq!(found(&index, "a"), "");
    }

    #[test]
    fn ingresses_by_host() {
        let mut index = Index::default();
        let ingress = |name: &str, host: &str| json!({"metadata": {"namespace": "n", "name": name}, "spec": {"rules": [{"host": host}, {"host": "B.local"}]}});
        for (name, host) in [("x", "a.local"), ("y", "*.local"), ("z", "")] {
            index.put(Resource::Ingress, None, &ingress(name, host));
        }
        let found = |index: &Index, host: &str| {
            index.ingresses_for(host).into_iter().map(|(_, name)| name.clone()).collect::<String>()
        };
        for (host, names) in [("a.local", "xyz"), ("b.local", "xyz"), ("c.local", "yz"), ("local", "z")] {
            assert_eq!(found(&index, host), names, "{host}");
        }
        index.put(Resource::Ingress, Some(&ingress("x", "a.local")), &ingress("x", "d.local"));
        assert_eq!(found(&index, "a.local"), "yz");
        index.remove(Resource::Ingress, &ingress("z", ""));
        assert_eq!(found(&index, "local"), "");
    }
}
