//! Which task of an edited document is which task of the one before.
//!
//! Status and history hang on ids, and an id made from titles changes when a title does. [`compare`] finds
//! the tasks again, in this order:
//!
//! 1. the same id: kept;
//! 2. the same title (and, where several have it, the same details, then the phase that shares most with
//!    the old one): moved, or renamed if only the id is new;
//! 3. a similar title in the same phase, with no rival on either side: a proposed rename, which the caller
//!    accepts or refuses;
//! 4. else added or removed.
//!
//! Guarantees: every task of either side is in exactly one list, and none is carried over twice. It does not
//! keep what was removed, and never gives its id away: a removed id may come back only by the same title in
//! the same phase.

mod carry;

use crate::model::{Item, Plan, Task};
use crate::slug::{fnv1a, slug};

/// What identifies a task or an item, and what it says; enough to find it again. Plain data, to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The id.
    pub id: String,
    /// Whether the author wrote the id.
    pub explicit: bool,
    /// The title.
    pub title: String,
    /// The id of the phase of a task, the section of an item.
    pub place: String,
    /// [`spec_hash`] of title and details: changes when what is to be done changes.
    pub spec: u64,
}

/// All tasks of a plan, in order.
pub fn known_tasks(plan: &Plan) -> Vec<Known> {
    let place = |task: &Task| plan.phases.get(task.phase).map_or_else(String::new, |phase| phase.id.clone());
    let known = |task: &Task| Known {
        id: task.id.clone(),
        explicit: task.explicit_id,
        title: task.title.clone(),
        place: place(task),
        spec: spec_hash(&task.title, &task.details),
    };
    plan.tasks.iter().map(known).collect()
}

/// All requirements and criteria of a plan, in order.
pub fn known_items(plan: &Plan) -> Vec<Known> {
    let known = |item: &Item| Known {
        id: item.id.clone(),
        explicit: item.explicit_id,
        title: item.title.clone(),
        place: slug(&item.section),
        spec: spec_hash(&item.title, &[]),
    };
    plan.requirements.iter().chain(&plan.criteria).map(known).collect()
}

/// A hash of what is to be done: title and details in slugs, so that case, emphasis, punctuation, order of
/// dates and the state of the box do not count. The same in every version of this crate.
pub fn spec_hash(title: &str, details: &[String]) -> u64 {
    let mut text = slug(title);
    for detail in details {
        text.push('\n');
        text.push_str(&slug(detail));
    }
    fnv1a(text.as_bytes())
}

/// Something that was found again under another id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// As it was.
    pub from: Known,
    /// As it is now.
    pub to: Known,
    /// Whether only a similar title speaks for it: the caller has to accept it before any state follows.
    pub proposed: bool,
}

/// What became of everything between two documents.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// Same id, in the new order.
    pub kept: Vec<Known>,
    /// The ids among `kept` whose title or details say something else than before.
    pub changed: Vec<String>,
    /// New.
    pub added: Vec<Known>,
    /// Another title or another id, in the same place.
    pub renamed: Vec<Carried>,
    /// The same title, in another place.
    pub moved: Vec<Carried>,
    /// Gone.
    pub removed: Vec<Known>,
}

impl Changes {
    /// Whether every id stayed and nothing came or went.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.renamed.is_empty() && self.moved.is_empty() && self.removed.is_empty()
    }

    /// Old and new id of everything that is certainly the same under another id.
    pub fn certain(&self) -> impl Iterator<Item = (&str, &str)> {
        let carried = self.renamed.iter().chain(&self.moved).filter(|carried| !carried.proposed);
        carried.map(|carried| (carried.from.id.as_str(), carried.to.id.as_str()))
    }
}

/// Finds everything of `before` again in `after`. Ids must be unique on either side, as those of a [`Plan`] are.
pub fn compare(before: &[Known], after: &[Known]) -> Changes {
    carry::compare(before, after)
}
