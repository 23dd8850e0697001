//! `value["key"]` and `value[0]`, as values of `serde_json` have them: what is not there reads as null, and a member
//! that is written comes to be.

use std::ops;

use super::{Map, NULL, Text, Value};

/// What names a part of a value.
pub(crate) trait Index {
    fn of<'a>(&self, value: &'a Value) -> Option<&'a Value>;
    fn of_mut<'a>(&self, value: &'a mut Value) -> Option<&'a mut Value>;

    /// A member that comes to be where it is not there; null becomes an object.
    ///
    /// # Panics
    /// On a value that has no such part, as `serde_json` does.
    fn place<'a>(&self, value: &'a mut Value) -> &'a mut Value;
}

impl Index for str {
    fn of<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        value.as_object()?.get(self)
    }

    fn of_mut<'a>(&self, value: &'a mut Value) -> Option<&'a mut Value> {
        value.as_object_mut()?.get_mut(self)
    }

    #[expect(clippy::panic, reason = "who writes to a place has made the object, or looked at it")]
    fn place<'a>(&self, value: &'a mut Value) -> &'a mut Value {
        if value.is_null() {
            *value = Value::Object(Map::new());
        }
        match value {
            Value::Object(map) => map.member(self),
            other => panic!("cannot access key {self:?} in {other}"),
        }
    }
}

impl Index for String {
    fn of<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        self.as_str().of(value)
    }

    fn of_mut<'a>(&self, value: &'a mut Value) -> Option<&'a mut Value> {
        self.as_str().of_mut(value)
    }

    fn place<'a>(&self, value: &'a mut Value) -> &'a mut Value {
        self.as_str().place(value)
    }
}

impl Index for Text {
    fn of<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        self.as_str().of(value)
    }

    fn of_mut<'a>(&self, value: &'a mut Value) -> Option<&'a mut Value> {
        self.as_str().of_mut(value)
    }

    fn place<'a>(&self, value: &'a mut Value) -> &'a mut Value {
        self.as_str().place(value)
    }
}

impl Index for usize {
    fn of<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        value.as_array()?.get(*self)
    }

    fn of_mut<'a>(&self, value: &'a mut Value) -> Option<&'a mut Value> {
        value.as_array_mut()?.get_mut(*self)
    }

    #[expect(clippy::panic, reason = "who writes to a place has made the array, or looked at it")]
    fn place<'a>(&self, value: &'a mut Value) -> &'a mut Value {
        self.of_mut(value).unwrap_or_else(|| panic!("cannot access index {self}"))
    }
}

impl<I: Index + ?Sized> Index for &I {
    fn of<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        (**self).of(value)
    }

    fn of_mut<'a>(&self, value: &'a mut Value) -> Option<&'a mut Value> {
        (**self).of_mut(value)
    }

    fn place<'a>(&self, value: &'a mut Value) -> &'a mut Value {
        (**self).place(value)
    }
}

impl Value {
    pub(crate) fn get(&self, part: impl Index) -> Option<&Value> {
        part.of(self)
    }

    pub(crate) fn get_mut(&mut self, part: impl Index) -> Option<&mut Value> {
        part.of_mut(self)
    }
}

impl<I: Index> ops::Index<I> for Value {
    type Output = Value;

    fn index(&self, part: I) -> &Value {
        part.of(self).unwrap_or(&NULL)
    }
}

impl<I: Index> ops::IndexMut<I> for Value {
    fn index_mut(&mut self, part: I) -> &mut Value {
        part.place(self)
    }
}
