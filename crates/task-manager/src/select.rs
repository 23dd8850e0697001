//! From what a person typed to the one task or phase that is meant, or to what may have been meant.

use prd_parser::{Phase, Plan};

use crate::nearest::near_a_part;
use crate::state::State;

/// How many ids that are merely like what was typed are candidates.
const NEAREST: usize = 5;

/// How many candidates a message names.
const CANDIDATES: usize = 8;

/// What was typed names no task or phase, or more than one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoMatch {
    /// Nothing has that name.
    #[error("no {kind} is called \"{typed}\"{}", known(nearest))]
    Unknown {
        /// `task` or `phase`.
        kind: &'static str,
        /// What was typed.
        typed: String,
        /// The nearest ids, nearest first.
        nearest: Vec<String>,
    },
    /// Several begin or end so.
    #[error("\"{typed}\" is more than one {kind}{}", candidates("it may be", matching))]
    Ambiguous {
        /// `task` or `phase`.
        kind: &'static str,
        /// What was typed.
        typed: String,
        /// All ids that match, in document order.
        matching: Vec<String>,
    },
}

/// The nearest ids, or where to see all of them.
fn known(nearest: &[String]) -> String {
    if nearest.is_empty() {
        return "; all of them: task-manager list".to_owned();
    }
    candidates("did you mean", nearest)
}

fn candidates(lead: &str, ids: &[String]) -> String {
    if ids.is_empty() {
        return String::new();
    }
    let more = ids.len().saturating_sub(CANDIDATES);
    let more = if more == 0 { String::new() } else { format!("\n  and {more} more") };
    let named: Vec<_> = ids.iter().take(CANDIDATES).map(|id| format!("\n  {id}")).collect();
    format!("; {lead}{}{more}", named.concat())
}

/// The task that an id, a former id, or a unique beginning or end of an id names, as an index in the plan.
///
/// # Errors
/// [`NoMatch`], with candidates.
pub fn task(plan: &Plan, state: &State, typed: &str) -> Result<usize, NoMatch> {
    let current = state.current_id(typed);
    let exact = plan.tasks.iter().position(|task| task.id == typed);
    let exact = exact.or_else(|| plan.tasks.iter().position(|task| task.id == current));
    exact.map_or_else(|| unique("task", plan.tasks.iter().map(|task| task.id.as_str()), typed), Ok)
}

/// The phase that a number, `Phase 2`, a title, a slug, or a unique beginning or end of a slug names, as an index.
///
/// # Errors
/// [`NoMatch`], with candidates.
pub fn phase(plan: &Plan, typed: &str) -> Result<usize, NoMatch> {
    let slug = slug(typed);
    let number: Option<u32> = slug.strip_prefix("phase-").unwrap_or(&slug).parse().ok();
    let names_it = |phase: &Phase| {
        phase.id == slug
            || phase.title.to_lowercase() == typed.trim().to_lowercase()
            || (number.is_some() && phase.number == number)
    };
    let exact: Vec<usize> = (0..plan.phases.len()).filter(|place| names_it(&plan.phases[*place])).collect();
    match exact[..] {
        [one] => Ok(one),
        [] => unique("phase", plan.phases.iter().map(|phase| phase.id.as_str()), &slug).map_err(|error| {
            let every = || plan.phases.iter().map(label).collect();
            match error {
                NoMatch::Unknown { kind, .. } => {
                    NoMatch::Unknown { kind, typed: typed.to_owned(), nearest: every() }
                }
                other => other,
            }
        }),
        _ => Err(NoMatch::Ambiguous {
            kind: "phase",
            typed: typed.to_owned(),
            matching: exact.iter().map(|place| plan.phases[*place].id.clone()).collect(),
        }),
    }
}

/// `Phase 2: Blue-Green Implementation`, or the title alone where the document gives no number.
pub fn label(phase: &Phase) -> String {
    match phase.number {
        Some(number) => format!("Phase {number}: {}", phase.title),
        None => phase.title.clone(),
    }
}

fn slug(typed: &str) -> String {
    let words: Vec<_> = typed
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join("-")
}

fn unique<'a>(
    kind: &'static str,
    ids: impl Iterator<Item = &'a str> + Clone,
    typed: &str,
) -> Result<usize, NoMatch> {
    let fits = |id: &str| !typed.is_empty() && (id.starts_with(typed) || id.ends_with(typed));
    let matching: Vec<_> = ids.clone().enumerate().filter(|(_, id)| fits(id)).collect();
    match matching[..] {
        [(place, _)] => Ok(place),
        [] => Err(NoMatch::Unknown { kind, typed: typed.to_owned(), nearest: near(ids, typed) }),
        _ => Err(NoMatch::Ambiguous {
            kind,
            typed: typed.to_owned(),
            matching: matching.into_iter().map(|(_, id)| id.to_owned()).collect(),
        }),
    }
}

fn near<'a>(ids: impl Iterator<Item = &'a str>, typed: &str) -> Vec<String> {
    near_a_part(typed, ids).into_iter().take(NEAREST).map(str::to_owned).collect()
}
