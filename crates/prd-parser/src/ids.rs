//! Ids: an explicit one wins; else slugs of the titles above and of the item's own. Never the position, the
//! number of a phase, the state of the box or a hash of the text.

use std::collections::{HashMap, HashSet};

use crate::slug::slug;

/// Hands out ids that are unique among those it has handed out.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    taken: HashSet<String>,
    /// The last ordinal given to each id that was asked for more than once.
    ordinals: HashMap<String, usize>,
}

impl Ids {
    /// Ready for as many ids.
    pub(crate) fn with_capacity(ids: usize) -> Self {
        Ids { taken: HashSet::with_capacity(ids), ordinals: HashMap::new() }
    }

    /// `prefix/title` in slugs, with `~2`, `~3` for equal titles under the same prefix.
    pub(crate) fn derive(&mut self, prefix: Option<&str>, title: &str) -> String {
        let slug = slug(title);
        self.unique(match prefix {
            Some(prefix) => [prefix, "/", &slug].concat(),
            None => slug,
        })
    }

    /// The id itself, and whether it was still free. A taken one gets an ordinal, so that ids stay unique.
    pub(crate) fn explicit(&mut self, id: &str) -> (String, bool) {
        let free = !self.taken.contains(id);
        (self.unique(id.to_owned()), free)
    }

    fn unique(&mut self, id: String) -> String {
        if self.taken.insert(id.clone()) {
            return id;
        }
        let ordinal = self.ordinals.entry(id.clone()).or_insert(1);
        loop {
            *ordinal += 1;
            let next = format!("{id}~{ordinal}");
            if self.taken.insert(next.clone()) {
                return next;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_titles_get_ordinals_under_the_same_prefix_only() {
        let mut ids = Ids::default();
        assert_eq!(ids.derive(Some("a"), "Go"), "a/go");
        assert_eq!(ids.derive(Some("b"), "Go"), "b/go");
        assert_eq!(ids.derive(Some("a"), "Go!"), "a/go~2");
        assert_eq!(ids.derive(Some("a"), "Go"), "a/go~3");
        assert_eq!(ids.explicit("T1"), ("T1".to_owned(), true));
        assert_eq!(ids.explicit("T1"), ("T1~2".to_owned(), false));
    }
}
