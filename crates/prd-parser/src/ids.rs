//! Ids: an explicit one wins; else slugs of the titles above and of the item's own. Never the position, the
//! number of a phase, the state of the box or a hash of the text.

use std::collections::HashMap;

use indexmap::IndexSet;

use crate::slug::slug;

/// Hands out ids that are unique among those it has handed out, and numbers them from zero.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    taken: IndexSet<String>,
    /// The last ordinal given to each id that was asked for more than once, by its number.
    ordinals: HashMap<usize, usize>,
}

impl Ids {
    /// Ready for as many ids.
    pub(crate) fn with_capacity(ids: usize) -> Self {
        Ids { taken: IndexSet::with_capacity(ids), ordinals: HashMap::new() }
    }

    /// The number of the id itself if it is still free; a taken one gets an ordinal, `~2`, `~3`. Then the
    /// number of the one that took it is there too.
    pub(crate) fn unique(&mut self, id: String) -> (usize, Option<usize>) {
        let (first, free) = self.taken.insert_full(id);
        if free {
            return (first, None);
        }
        let ordinal = self.ordinals.entry(first).or_insert(1);
        loop {
            *ordinal += 1;
            let (number, free) = self.taken.insert_full(format!("{}~{ordinal}", self.taken[first]));
            if free {
                return (number, Some(first));
            }
        }
    }

    /// The id of a number.
    pub(crate) fn get(&self, number: usize) -> &str {
        self.taken.get_index(number).map_or("", String::as_str)
    }

    /// All of them, by number.
    pub(crate) fn into_vec(self) -> Vec<String> {
        self.taken.into_iter().collect()
    }
}

/// `prefix/title` in slugs.
pub(crate) fn derived(prefix: &str, title: &str) -> String {
    [prefix, "/", &slug(title)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_titles_get_ordinals_under_the_same_prefix_only() {
        let mut ids = Ids::default();
        for (id, unique, first) in [
            (derived("a", "Go"), "a/go", None),
            (derived("b", "Go"), "b/go", None),
            (derived("a", "Go!"), "a/go~2", Some(0)),
            (derived("a", "Go"), "a/go~3", Some(0)),
            ("T1".to_owned(), "T1", None),
            ("T1".to_owned(), "T1~2", Some(4)),
        ] {
            let (number, taken_by) = ids.unique(id);
            assert_eq!((ids.get(number), taken_by), (unique, first));
        }
    }
}
