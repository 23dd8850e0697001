//! How far each requirement and criterion is shown, derived from what was recorded as showing it.
//!
//! Nothing sets this by hand. A showing counts while the project is at the commit at which it was made; at another
//! one it is stale. Only live evidence meets a requirement or criterion; `static` and `stated` show nothing.

use prd_parser::Item;

use crate::state::{Showing, State};
use crate::status::Evidence;

/// How far something is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// On a real cluster or by a real tool.
    Live,
    /// On the simulated cluster only.
    Simulated,
    /// Not at all.
    Not,
}

impl Level {
    /// Every level, strongest first.
    pub const ALL: [Level; 3] = [Level::Live, Level::Simulated, Level::Not];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Level::Live => "live",
            Level::Simulated => "simulated",
            Level::Not => "not_shown",
        }
    }

    /// The name for a person.
    pub fn label(self) -> &'static str {
        match self {
            Level::Live => "shown live",
            Level::Simulated => "shown on the simulator only",
            Level::Not => "not shown",
        }
    }
}

/// A requirement or criterion with how far it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemView {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The heading under which it stands.
    pub section: String,
    /// How far it is shown.
    pub level: Level,
    /// What shows it so.
    pub by: Option<Showing>,
    /// The strongest showing of another commit, when that would be a higher level.
    pub stale: Option<Showing>,
}

/// How far an item is shown when the project is at `commit`; `None` is "unknown", and then a showing counts
/// whatever its commit, because nothing can be said against it.
pub fn view(item: &Item, state: &State, commit: Option<&str>) -> ItemView {
    let mut shown = (Level::Not, None);
    let mut stale = None;
    // Strongest ground first.
    for showing in state.showings(&item.id) {
        let level = match showing.evidence {
            Evidence::Live => Level::Live,
            Evidence::Simulated => Level::Simulated,
            Evidence::Static | Evidence::Stated => continue,
        };
        if commit.is_none() || showing.commit.as_deref() == commit {
            shown = (level, Some(showing.clone()));
            break;
        }
        stale.get_or_insert_with(|| showing.clone());
    }
    let (level, by) = shown;
    ItemView {
        id: item.id.clone(),
        title: item.title.clone(),
        section: item.section.clone(),
        level,
        by,
        stale,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, Recorded};
    use jiff::Timestamp;

    /// What is tried, the showings, the commit now, and the level and staleness that should come out.
    type Case<'a> = (&'a str, &'a [(Evidence, Option<&'a str>)], Option<&'a str>, Level, bool);

    fn item() -> Item {
        Item {
            id: "s/rollback".into(),
            explicit_id: false,
            title: "Rollback".into(),
            section: "S".into(),
            checked: true,
            span: prd_parser::Span { start: 0, end: 0 },
            box_at: 0,
            line: 1,
        }
    }

    fn state(showings: &[(Evidence, Option<&str>)]) -> State {
        let recorded = |(seq, (evidence, commit)): (u64, &(Evidence, Option<&str>))| Recorded {
            seq,
            at: Timestamp::UNIX_EPOCH,
            actor: "test".into(),
            event: Event::Shown {
                ids: vec!["s/rollback".into()],
                target: "any".into(),
                evidence: *evidence,
                by: "undo".into(),
                commit: commit.map(str::to_owned),
            },
        };
        State::fold(&(1..).zip(showings).map(recorded).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn the_strongest_showing_at_this_commit_counts_and_no_other() {
        use Evidence::{Live, Simulated, Stated, Static};
        let (now, old) = (Some("new"), Some("old"));
        let cases: [Case<'_>; 9] = [
            ("nothing, though its box is ticked", &[], now, Level::Not, false),
            ("live", &[(Live, now)], now, Level::Live, false),
            ("live beats simulated", &[(Live, now), (Simulated, now)], now, Level::Live, false),
            ("stale live under simulated", &[(Live, old), (Simulated, now)], now, Level::Simulated, true),
            ("all stale", &[(Live, old), (Simulated, old)], now, Level::Not, true),
            ("shown where there was no commit", &[(Live, None)], now, Level::Not, true),
            ("static and stated show nothing", &[(Static, now), (Stated, now)], now, Level::Not, false),
            ("no commit to judge by", &[(Live, old)], None, Level::Live, false),
            ("shown again", &[(Live, old), (Live, now)], now, Level::Live, false),
        ];
        for (what, showings, commit, level, stale) in cases {
            let found = view(&item(), &state(showings), commit);
            assert_eq!((found.level, found.stale.is_some()), (level, stale), "{what}");
        }
    }
}
