//! The objects in their places. A cluster has many namespaces and most questions are about one, so that each has a
//! room of its own, which is found at once however many there are.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Object;
use crate::object;
use crate::resource::Resource;

/// All objects. What has no namespace is in the room without a name.
#[derive(Clone, Debug, Default)]
pub(super) struct Objects {
    rooms: HashMap<String, Room>,
    /// The names of the rooms, for walks in order.
    names: BTreeSet<String>,
}

/// The objects of a namespace by kind and name.
type Room = BTreeMap<Resource, BTreeMap<String, Object>>;

impl Objects {
    pub(super) fn get(&self, resource: Resource, ns: &str, name: &str) -> Option<&Object> {
        self.rooms.get(ns)?.get(&resource)?.get(name)
    }

    /// The objects of a kind in one room, in name order.
    pub(super) fn within(&self, resource: Resource, ns: &str) -> impl Iterator<Item = &Object> + use<'_> {
        self.rooms.get(ns).and_then(|room| room.get(&resource)).into_iter().flat_map(BTreeMap::values)
    }

    /// The objects of a kind in all rooms that may have it, in the order of these and of their own names.
    pub(super) fn of(&self, resource: Resource) -> impl Iterator<Item = &Object> + use<'_> {
        let namespaced = resource.info().namespaced;
        let rooms = self.names.iter().take_while(move |ns| namespaced || ns.is_empty());
        rooms.flat_map(move |ns| self.within(resource, ns))
    }

    /// Every object, by kind first.
    pub(super) fn all(&self) -> impl Iterator<Item = (Resource, &Object)> {
        let kinds: BTreeSet<Resource> = self.rooms.values().flat_map(|room| room.keys().copied()).collect();
        kinds.into_iter().flat_map(|resource| self.of(resource).map(move |object| (resource, object)))
    }

    /// Puts an object in its place; returns what was there.
    pub(super) fn put(&mut self, resource: Resource, object: Object) -> Option<Object> {
        let (ns, name) = (object::namespace(&object), object::name(&object));
        let room = match self.rooms.get_mut(ns) {
            Some(room) => room,
            None => {
                self.names.insert(ns.to_owned());
                self.rooms.entry(ns.to_owned()).or_default()
            }
        };
        let of = room.entry(resource).or_default();
        if let Some(place) = of.get_mut(name) {
            return Some(std::mem::replace(place, object));
        }
        let name = name.to_owned();
        of.insert(name, object)
    }

    /// Takes an object out, and its room with the last one.
    pub(super) fn remove(&mut self, resource: Resource, ns: &str, name: &str) -> Option<Object> {
        let room = self.rooms.get_mut(ns)?;
        let of = room.get_mut(&resource)?;
        let object = of.remove(name)?;
        if of.is_empty() {
            room.remove(&resource);
        }
        if room.is_empty() {
            self.rooms.remove(ns);
            self.names.remove(ns);
        }
        Some(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;

    #[test]
    fn objects_are_found_by_their_place_and_walked_in_order() {
        let mut objects = Objects::default();
        let mut put = |resource, ns: &str, name: &str| {
            let mut object = json!({"metadata": {"name": name}});
            if !ns.is_empty() {
                object["metadata"]["namespace"] = json!(ns);
            }
            objects.put(resource, Object::new(object)).is_some()
        };
        for (resource, ns, name) in [
            (Resource::Pod, "b", "x"),
            (Resource::Pod, "a", "z"),
            (Resource::Pod, "a", "y"),
            (Resource::Service, "a", "x"),
            (Resource::Namespace, "", "a"),
        ] {
            assert!(!put(resource, ns, name));
        }
        assert!(put(Resource::Pod, "b", "x"));
        let names =
            |found: Vec<&Object>| found.into_iter().map(|o| object::name(o).to_owned()).collect::<String>();
        assert_eq!(names(objects.of(Resource::Pod).collect()), "yzx");
        assert_eq!(names(objects.within(Resource::Pod, "a").collect()), "yz");
        assert_eq!(names(objects.all().map(|(_, object)| object).collect()).len(), 5);
        assert!(
            objects.get(Resource::Namespace, "", "a").is_some()
                && objects.get(Resource::Pod, "c", "x").is_none()
        );
        assert!(
            objects.remove(Resource::Pod, "b", "x").is_some()
                && objects.remove(Resource::Pod, "b", "x").is_none()
        );
        assert_eq!(names(objects.of(Resource::Pod).collect()), "yz");
        assert_eq!((objects.rooms.len(), objects.names.len()), (2, 2), "an empty room is none");
    }
}
