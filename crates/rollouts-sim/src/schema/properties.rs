//! The fields that a schema declares. Admission looks for one at each step of several walks through each object.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use super::Schema;

/// Fields by name, in its order.
#[derive(Debug, Default)]
pub(crate) struct Properties {
    list: Vec<(String, Schema)>,
    /// Which of them have a name of so many bytes: a few, of which most differ in their last one.
    by_length: Vec<Vec<usize>>,
}

impl Properties {
    pub(crate) fn get(&self, name: &str) -> Option<&Schema> {
        let alike = self.by_length.get(name.len())?;
        let fields = alike.iter().filter_map(|place| self.list.get(*place));
        let is = |known: &str| known.as_bytes().last() == name.as_bytes().last() && known == name;
        fields.into_iter().find(|(known, _)| is(known)).map(|(_, schema)| schema)
    }

    pub(crate) fn contains_key(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Schema)> {
        self.list.iter().map(|(name, schema)| (name.as_str(), schema))
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|(name, _)| name.as_str())
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &Schema> {
        self.list.iter().map(|(_, schema)| schema)
    }
}

impl From<BTreeMap<String, Schema>> for Properties {
    fn from(fields: BTreeMap<String, Schema>) -> Properties {
        let list: Vec<_> = fields.into_iter().collect();
        let longest = list.iter().map(|(name, _)| name.len()).max();
        let mut by_length = vec![Vec::new(); longest.map_or(0, |longest| longest + 1)];
        for (place, (name, _)) in list.iter().enumerate() {
            by_length[name.len()].push(place);
        }
        Properties { list, by_length }
    }
}

impl<'de> Deserialize<'de> for Properties {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Properties, D::Error> {
        BTreeMap::deserialize(deserializer).map(Properties::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_name_and_come_in_its_order() {
        let schema = |format: &str| Schema { format: Some(format.to_owned()), ..Schema::default() };
        let names = ["port", "host", "name", "", "a", "hostPort"];
        let fields: Properties =
            names.iter().map(|name| ((*name).to_owned(), schema(name))).collect::<BTreeMap<_, _>>().into();
        for name in names {
            assert_eq!(fields.get(name).and_then(|schema| schema.format.as_deref()), Some(name));
        }
        for name in ["Port", "b", "hostPorts", "hostport", "ports"] {
            assert!(!fields.contains_key(name), "{name}");
        }
        assert_eq!(fields.keys().collect::<Vec<_>>(), ["", "a", "host", "hostPort", "name", "port"]);
        assert!(Properties::default().get("").is_none());
    }
}
