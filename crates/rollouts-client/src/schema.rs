//! Which versions of a database's schema a version of the application works with, and whether two versions can stand
//! beside each other.
//!
//! Declared by annotations of the pod template ([`names::SCHEMA_VERSIONS`] and its two companions), so that each
//! revision keeps what its version needs. A number stands for what the application may rely on: it goes up when
//! something is taken away or changes its meaning, and stays when something is only added. Pure; what is not declared
//! is not judged. See `docs/decisions/0009-schema-versions.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::names;
use crate::types::PodTemplate;

/// What one version declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// The database; empty for the only one.
    pub database: String,
    /// The schema versions that it reads and writes. At least one.
    pub works_with: BTreeSet<u32>,
    /// The schema version that stands once this version is released, by its migration or as it was.
    pub in_place: Option<u32>,
}

/// An annotation that holds something else than numbers. It must not pass for "nothing declared".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("annotation {name}: {value:?} is not {expected}")]
pub struct Misread {
    /// The annotation.
    pub name: &'static str,
    /// What it holds.
    pub value: String,
    expected: &'static str,
}

/// Why two versions cannot stand beside each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// One of them does not say it in numbers.
    #[error(transparent)]
    Misread(#[from] Misread),
    /// No schema serves both.
    #[error("the new version works with schema {}, the serving one with {}: none serves both", Numbers(.next), Numbers(.serving))]
    NoneShared {
        /// Of the new version.
        next: BTreeSet<u32>,
        /// Of the serving version.
        serving: BTreeSet<u32>,
    },
    /// The schema that stands is none of those that one of them works with.
    #[error("schema {in_place} is in place, and {whose} version works with {} only", Numbers(.works_with))]
    OutOfPlace {
        /// `the new`, `the serving` or `the`.
        whose: &'static str,
        /// The schema.
        in_place: u32,
        /// What it works with.
        works_with: BTreeSet<u32>,
    },
    /// Users would be sent to two databases at once.
    #[error("a canary would serve users from two databases at once, {next:?} and {serving:?}")]
    TwoDatabases {
        /// Of the new version.
        next: String,
        /// Of the serving version.
        serving: String,
    },
}

impl Schema {
    /// What annotations declare; `None` when they do not say which versions it works with.
    ///
    /// # Errors
    /// The first that holds no numbers.
    pub fn declared<'a>(annotation: impl Fn(&str) -> Option<&'a str>) -> Result<Option<Self>, Misread> {
        let Some(text) = annotation(names::SCHEMA_VERSIONS) else { return Ok(None) };
        let numbers: Result<BTreeSet<u32>, _> = text.split(',').map(|number| number.trim().parse()).collect();
        let works_with = numbers.map_err(|_| Misread {
            name: names::SCHEMA_VERSIONS,
            value: text.to_owned(),
            expected: "a list of whole numbers such as \"1,2\"",
        })?;
        let database = annotation(names::DATABASE).unwrap_or_default().to_owned();
        Ok(Some(Schema { database, works_with, in_place: in_place(annotation)? }))
    }

    /// What a pod template declares.
    ///
    /// # Errors
    /// As [`Schema::declared`].
    pub fn of(template: &PodTemplate) -> Result<Option<Self>, Misread> {
        let none = BTreeMap::new();
        let annotations = template.metadata.as_ref().and_then(|meta| meta.annotations.as_ref());
        let annotations = annotations.unwrap_or(&none);
        Self::declared(|name| annotations.get(name).map(String::as_str))
    }

    /// Whether it works with the schema that it says is in place.
    ///
    /// # Errors
    /// [`Conflict::OutOfPlace`].
    pub fn consistent(&self) -> Result<(), Conflict> {
        self.in_place.map_or(Ok(()), |in_place| self.works_in(in_place, "the"))
    }

    fn works_in(&self, in_place: u32, whose: &'static str) -> Result<(), Conflict> {
        if self.works_with.contains(&in_place) {
            return Ok(());
        }
        Err(Conflict::OutOfPlace { whose, in_place, works_with: self.works_with.clone() })
    }
}

/// The schema version that annotations say is in place, also those of a migration.
///
/// # Errors
/// When it is no number.
pub fn in_place<'a>(annotation: impl Fn(&str) -> Option<&'a str>) -> Result<Option<u32>, Misread> {
    let Some(text) = annotation(names::SCHEMA_IN_PLACE) else { return Ok(None) };
    let misread = |_| Misread {
        name: names::SCHEMA_IN_PLACE,
        value: text.to_owned(),
        expected: "one whole number such as \"2\"",
    };
    text.trim().parse().map(Some).map_err(misread)
}

/// Whether a new version can stand beside the one that serves users.
///
/// With `at_once` both serve users at the same time, as in a canary. Otherwise the new one is tried and users change to
/// it in one switch: it may then have a database of its own, which is how a breaking change is released.
/// A migration is not taken back, so the higher of the two schemas in place is the one that stands.
///
/// # Errors
/// What is in the way.
pub fn fits(serving: &Schema, next: &Schema, at_once: bool) -> Result<(), Conflict> {
    if serving.database != next.database {
        if at_once {
            let (next, serving) = (next.database.clone(), serving.database.clone());
            return Err(Conflict::TwoDatabases { next, serving });
        }
        return next.consistent();
    }
    if serving.works_with.is_disjoint(&next.works_with) {
        let (next, serving) = (next.works_with.clone(), serving.works_with.clone());
        return Err(Conflict::NoneShared { next, serving });
    }
    let Some(in_place) = serving.in_place.max(next.in_place) else { return Ok(()) };
    next.works_in(in_place, "the new")?;
    serving.works_in(in_place, "the serving")
}

/// [`fits`] for two pod templates; what one of them does not declare is not judged.
///
/// # Errors
/// As [`fits`], and an annotation that holds no numbers.
pub fn templates_fit(serving: &PodTemplate, next: &PodTemplate, at_once: bool) -> Result<(), Conflict> {
    match (Schema::of(serving)?, Schema::of(next)?) {
        (Some(serving), Some(next)) => fits(&serving, &next, at_once),
        (None, Some(next)) => next.consistent(),
        _ => Ok(()),
    }
}

/// `1` or `1, 2`.
struct Numbers<'a>(&'a BTreeSet<u32>);

impl fmt::Display for Numbers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, number) in self.0.iter().enumerate() {
            write!(f, "{}{number}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `WORKS_WITH@IN_PLACE/DATABASE`, the last two of which may be left out.
    fn schema(text: &str) -> Schema {
        let (text, database) = text.split_once('/').unwrap_or((text, ""));
        let (versions, in_place) = text.split_once('@').unwrap_or((text, ""));
        let declared = Schema::declared(|name| match name {
            names::SCHEMA_VERSIONS => Some(versions),
            names::SCHEMA_IN_PLACE => Some(in_place).filter(|text| !text.is_empty()),
            names::DATABASE => Some(database),
            _ => None,
        });
        declared.unwrap().unwrap()
    }

    #[test]
    fn a_change_that_expands_first_fits_and_one_that_breaks_does_not() {
        const NONE: &str = "none serves both";
        const TWO: &str = "two databases at once";
        for (what, serving, next, canary, blue_green) in [
            ("expand", "1@1", "1,2@1", "", ""),
            ("contract", "1,2@1", "2@2", "", ""),
            (
                "contract while the old one is still there",
                "1@1",
                "1,2@2",
                "the serving version works with 1",
                "the serving version works with 1",
            ),
            ("both in one", "1@1", "2@2", NONE, NONE),
            ("both in one, by its own database", "1@1/shop", "2@2/shop-2", TWO, ""),
            (
                "its own database, with the wrong schema",
                "1@1/shop",
                "2@1/shop-2",
                TWO,
                "the version works with 2",
            ),
            ("back past what was taken away", "2@2", "1,2@1", "", ""),
            (
                "back too far",
                "2,3@3",
                "1,2@1",
                "the new version works with 1, 2",
                "the new version works with 1, 2",
            ),
            ("nothing is said of what is in place", "1", "1,2", "", ""),
            ("nor here, and none is shared", "1", "2,3", NONE, NONE),
        ] {
            for (at_once, expected) in [(true, canary), (false, blue_green)] {
                let said =
                    fits(&schema(serving), &schema(next), at_once).err().map(|error| error.to_string());
                match (said, expected) {
                    (None, "") => {}
                    (Some(said), expected) if !expected.is_empty() && said.contains(expected) => {}
                    (said, expected) => panic!("{what} (canary: {at_once}): {said:?}, not {expected:?}"),
                }
            }
        }
    }

    #[test]
    fn what_is_no_number_is_refused_by_name() {
        for (versions, in_place, expected) in [
            ("one", "", "schema-versions: \"one\""),
            ("", "", "schema-versions: \"\""),
            ("1,,2", "", "schema-versions"),
            ("-1", "", "schema-versions"),
            ("1", "1,2", "schema-in-place: \"1,2\""),
        ] {
            let read = Schema::declared(|name| match name {
                names::SCHEMA_VERSIONS => Some(versions),
                names::SCHEMA_IN_PLACE => Some(in_place).filter(|text| !text.is_empty()),
                _ => None,
            });
            let said = read.unwrap_err().to_string();
            assert!(said.contains(expected), "{said}");
        }
        assert_eq!(schema(" 2, 1 ").works_with, [1, 2].into());
        assert_eq!(Schema::declared(|_| None), Ok(None));
    }
}
