//! The members of an object, in the order in which they came, shared until they are changed.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Text, Value};

/// So many keys are sooner compared than one is hashed.
const FEW: usize = 16;

/// The members of an object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Map(Arc<Members>);

#[derive(Clone, Debug, Default)]
struct Members {
    list: Vec<(Text, Value)>,
    /// Where each key is, once there are more than [`FEW`]. Objects come from strangers, who choose their size. Hardly
    /// any have so many, so that it is elsewhere.
    #[expect(clippy::box_collection, reason = "an object without it is half as large")]
    places: Option<Box<HashMap<Text, usize>>>,
}

impl Members {
    fn of(list: Vec<(Text, Value)>) -> Members {
        let mut members = Members { list, places: None };
        members.find_places();
        members
    }

    fn find_places(&mut self) {
        self.places = (self.list.len() > FEW).then(|| {
            let places = self.list.iter().enumerate().map(|(place, (key, _))| (key.clone(), place));
            Box::new(places.collect())
        });
    }

    fn place(&self, key: &str) -> Option<usize> {
        match &self.places {
            Some(places) => places.get(key).copied(),
            None => self.list.iter().position(|(known, _)| same(known, key)),
        }
    }

    fn push(&mut self, key: Text, value: Value) {
        if let Some(places) = &mut self.places {
            places.insert(key.clone(), self.list.len());
        }
        if self.list.len() == self.list.capacity() {
            // Most are not added to again, and all are kept for long: a vector would take twice the room.
            self.list.reserve_exact(1 + self.list.len() / 8);
        }
        self.list.push((key, value));
        if self.places.is_none() {
            self.find_places();
        }
    }
}

/// Whether a key is this one. Most are not, and most of those show it by their length or an end.
fn same(known: &str, key: &str) -> bool {
    let (known, key) = (known.as_bytes(), key.as_bytes());
    known.len() == key.len() && known.last() == key.last() && (std::ptr::eq(known, key) || known == key)
}

impl Map {
    pub(crate) fn new() -> Map {
        Map::default()
    }

    /// An object of members whose keys all differ.
    pub(super) fn of_distinct(members: Vec<(Text, Value)>) -> Map {
        Map(Arc::new(Members::of(members)))
    }

    /// An object of members. Of those with the same key the last one counts, in the place of the first.
    pub(crate) fn of(members: Vec<(Text, Value)>) -> Map {
        let map = Map::of_distinct(members);
        let list = &map.0.list;
        let known =
            |(place, (key, _)): (usize, &(Text, Value))| list[..place].iter().any(|(one, _)| same(one, key));
        let repeated = match &map.0.places {
            Some(places) => places.len() < list.len(),
            None => list.iter().enumerate().any(known),
        };
        if !repeated {
            return map;
        }
        let mut distinct = Map::new();
        distinct.extend(map);
        distinct
    }

    pub(crate) fn len(&self) -> usize {
        self.0.list.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.list.is_empty()
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.0.place(key).and_then(|place| self.0.list.get(place)).map(|(_, value)| value)
    }

    /// The member that the first step of a path leads to, and the rest of the path.
    pub(crate) fn step<'p>(&self, path: &'p str) -> Option<(&Value, Option<&'p str>)> {
        if self.0.places.is_some() {
            let (step, after) =
                path.split_once('/').map_or((path, None), |(step, after)| (step, Some(after)));
            return self.get(step).map(|value| (value, after));
        }
        let text = path.as_bytes();
        // Where the path goes on after so many bytes, few keys have to be compared.
        let leads = |key: &str| {
            matches!(text.get(key.len()), None | Some(b'/'))
                && text.get(..key.len()) == Some(key.as_bytes())
                && !key.contains('/')
        };
        let (key, value) = self.0.list.iter().find(|(key, _)| leads(key))?;
        Some((value, path.get(key.len() + 1..)))
    }

    pub(crate) fn contains_key(&self, key: &str) -> bool {
        self.0.place(key).is_some()
    }

    /// A member to be changed. What is not there is found out without a copy.
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        let place = self.0.place(key)?;
        Arc::make_mut(&mut self.0).list.get_mut(place).map(|(_, value)| value)
    }

    /// The member of a key, which is null where it was not there.
    pub(super) fn member(&mut self, key: &str) -> &mut Value {
        let place = self.0.place(key);
        let members = Arc::make_mut(&mut self.0);
        let place = place.unwrap_or_else(|| {
            members.push(Text::known(key), Value::Null);
            members.list.len() - 1
        });
        &mut members.list[place].1
    }

    /// Puts a value in its key's place, or at the end; returns what was there.
    pub(crate) fn insert(&mut self, key: impl Into<Text> + AsRef<str>, value: Value) -> Option<Value> {
        if let Some(known) = self.get_mut(key.as_ref()) {
            return Some(std::mem::replace(known, value));
        }
        Arc::make_mut(&mut self.0).push(key.into(), value);
        None
    }

    /// Takes a member out; the last one takes its place.
    pub(crate) fn remove(&mut self, key: &str) -> Option<Value> {
        let place = self.0.place(key)?;
        let members = Arc::make_mut(&mut self.0);
        let (_, value) = members.list.swap_remove(place);
        if let Some(places) = &mut members.places {
            places.remove(key);
            if let Some((moved, _)) = members.list.get(place) {
                places.insert(moved.clone(), place);
            }
        }
        Some(value)
    }

    /// Takes a member out; the others keep their order.
    pub(crate) fn shift_remove(&mut self, key: &str) -> Option<Value> {
        let place = self.0.place(key)?;
        let members = Arc::make_mut(&mut self.0);
        let (_, value) = members.list.remove(place);
        members.find_places();
        Some(value)
    }

    /// Keeps the members for which `keep` says so. It may not change them, so that nothing is copied where all stay.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&Text, &Value) -> bool) {
        let stays: Vec<bool> = self.0.list.iter().map(|(key, value)| keep(key, value)).collect();
        if stays.iter().all(|stays| *stays) {
            return;
        }
        let members = Arc::make_mut(&mut self.0);
        let mut stays = stays.into_iter();
        members.list.retain(|_| stays.next().unwrap_or(true));
        members.find_places();
    }

    pub(crate) fn iter(&self) -> Iter<'_> {
        self.0.list.iter().map(pair)
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &Text> + use<'_> {
        self.0.list.iter().map(|(key, _)| key)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &Value> + use<'_> {
        self.0.list.iter().map(|(_, value)| value)
    }

    /// All members to be changed, of an object that is copied if others share it.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&Text, &mut Value)> {
        Arc::make_mut(&mut self.0).list.iter_mut().map(|(key, value)| (&*key, value))
    }
}

/// The members of an object, each as key and value.
pub(crate) type Iter<'a> =
    std::iter::Map<std::slice::Iter<'a, (Text, Value)>, fn(&'a (Text, Value)) -> (&'a Text, &'a Value)>;

fn pair((key, value): &(Text, Value)) -> (&Text, &Value) {
    (key, value)
}

/// Whatever the order. Most of those that are compared are states of one object, whose keys come in the same order.
impl PartialEq for Map {
    fn eq(&self, other: &Map) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || (self.len() == other.len()
                && self.iter().zip(other).all(|((key, value), (beside, known))| {
                    if key == beside {
                        value == known
                    } else {
                        other.get(key).is_some_and(|known| value == known)
                    }
                }))
    }
}

impl Eq for Map {}

/// As [`Map::of`].
impl<K: Into<Text>> FromIterator<(K, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(members: I) -> Map {
        Map::of(members.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }
}

impl Extend<(Text, Value)> for Map {
    fn extend<I: IntoIterator<Item = (Text, Value)>>(&mut self, members: I) {
        members.into_iter().for_each(|(key, value)| drop(self.insert(key, value)));
    }
}

impl IntoIterator for Map {
    type Item = (Text, Value);
    type IntoIter = std::vec::IntoIter<(Text, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        Arc::unwrap_or_clone(self.0).list.into_iter()
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = (&'a Text, &'a Value);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}
