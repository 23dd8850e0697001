//! A stored object: one state of it, shared, with its managers beside it and what a controller has read from it.

use std::any::Any;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::json::Value;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::fields::{Creation, Managers, Tracked};

/// One state of an object, which is its JSON without `managedFields`: these are half of it, and hardly anybody reads
/// them. It never changes, so that clones share it, and what is read from it is read once.
#[derive(Clone, Debug)]
pub(crate) struct Object(Arc<State>);

/// What was read, as its type.
type Read = Arc<dyn Any + Send + Sync>;

#[derive(Debug)]
struct State {
    json: Value,
    /// The write that made it, if its managers follow from that.
    creation: Option<Creation>,
    managers: OnceLock<Managers>,
    readings: Mutex<Readings>,
}

/// What was read of a state. It goes on to the state that follows, which has most in common with it and is read next.
#[derive(Debug, Default)]
struct Readings {
    own: Option<Read>,
    /// The latest state before of which something was read, and what.
    earlier: Option<(Value, Read)>,
}

impl Object {
    /// An object from the whole of its JSON.
    pub(crate) fn new(mut json: Value) -> Object {
        let managers = Managers::take(&mut json);
        Object::with(json, managers)
    }

    /// An object whose JSON has no `managedFields`.
    pub(crate) fn with(json: Value, tracked: impl Into<Tracked>) -> Object {
        let (creation, managers) = match tracked.into() {
            Tracked::Known(managers) => (None, OnceLock::from(managers)),
            Tracked::Created(creation) => (Some(creation), OnceLock::new()),
        };
        Object(Arc::new(State { json, creation, managers, readings: Mutex::default() }))
    }

    /// The state that follows another one of the same object.
    pub(crate) fn after(mut self, before: &Object) -> Object {
        if let Some(state) = Arc::get_mut(&mut self.0) {
            let Readings { own, earlier } = std::mem::take(&mut *before.readings());
            let earlier = own.map(|read| (before.0.json.clone(), read)).or(earlier);
            state.readings = Mutex::new(Readings { own: None, earlier });
        }
        self
    }

    fn readings(&self) -> MutexGuard<'_, Readings> {
        self.0.readings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn managers(&self) -> &Managers {
        let State { json, creation, managers, .. } = &*self.0;
        managers.get_or_init(|| creation.as_ref().map(|made| made.managers(json)).unwrap_or_default())
    }

    /// Its JSON with `managedFields`, as clients see it.
    pub(crate) fn whole(&self) -> Value {
        let mut json = self.0.json.clone();
        self.managers().give(&mut json);
        json
    }

    /// What `read` makes of the object, kept for as long as this is the latest state of it. One kind of object is read
    /// as one type; another type is read anew each time.
    ///
    /// # Errors
    /// Those of `read`.
    pub(crate) fn read<T: Any + Send + Sync, E>(
        &self,
        read: impl FnOnce(&Value) -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        self.read_on(|json, _| read(json))
    }

    /// The same for who can use an earlier state and what was read of it, which is `read`'s alone if nobody holds it.
    ///
    /// # Errors
    /// Those of `read`.
    pub(crate) fn read_on<T: Any + Send + Sync, E>(
        &self,
        read: impl FnOnce(&Value, Option<(Value, Arc<T>)>) -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        let mut readings = self.readings();
        if let Some(known) = readings.own.as_ref().and_then(|known| Arc::clone(known).downcast().ok()) {
            return Ok(known);
        }
        let earlier = readings.earlier.take().and_then(|(json, read)| Some((json, read.downcast().ok()?)));
        let fresh = Arc::new(read(&self.0.json, earlier)?);
        // Where another type is kept already, that one stays.
        readings.own.get_or_insert_with(|| fresh.clone());
        Ok(fresh)
    }
}

impl Deref for Object {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.0.json
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.whole().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Object, D::Error> {
        Value::deserialize(deserializer).map(Object::new)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use crate::json::json;

    use super::*;

    #[test]
    fn an_object_is_read_once_as_one_type() {
        let object = Object::new(json!({"a": 1}));
        let number = |_: &Value| Ok::<_, Infallible>(1_u8);
        let Ok(first) = object.read(number);
        let Ok(again) = object.read(|_| Ok::<u8, Infallible>(2));
        assert!(Arc::ptr_eq(&first, &again));
        let Ok(other) = object.read(|json| Ok::<_, Infallible>(json.to_string()));
        assert_eq!((other.as_str(), *again), ("{\"a\":1}", 1));
        assert_eq!(Object::new(json!(null)).read(|_| Err::<u8, _>("no")).unwrap_err(), "no");
    }

    #[test]
    fn what_was_read_of_an_earlier_state_is_at_hand() {
        let read = |object: &Object| {
            let more = |_: &Value, earlier: Option<(Value, Arc<u8>)>| {
                Ok::<_, Infallible>(earlier.map_or(1, |(_, read)| *read + 1))
            };
            let Ok(found) = object.read_on(more);
            *found
        };
        let (first, unread) = (Object::new(json!({})), Object::new(json!({})));
        assert_eq!(read(&first), 1);
        let unread = unread.after(&first);
        assert_eq!(read(&Object::new(json!({})).after(&unread)), 2, "over a state that nobody read");
    }
}
