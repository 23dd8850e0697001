//! Ticks in the PRD the boxes of what is done: one byte each, and not another one anywhere.
//!
//! Only live evidence ticks: a task that is completed on the target by it, a requirement or criterion that is shown
//! by it at the present commit. A box that is ticked stays so, whatever is known about it.

use prd_parser::Plan;

use crate::shown::{self, Level};
use crate::state::State;
use crate::status::{Evidence, Status};

/// The ticked text and what was ticked in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticked {
    /// The whole text.
    pub text: String,
    /// The ids whose boxes were ticked, in document order.
    pub ids: Vec<String>,
}

/// The box of an item is not where the parser said, or does not hold one space. Nothing is ticked then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} has no empty box of one space for {id}")]
pub struct NoBox {
    /// The item.
    pub id: String,
    /// Its line.
    pub line: u32,
}

/// Ticks the boxes of everything in the plan that live evidence says is done. `source` is the text that the plan
/// was read from.
///
/// # Errors
/// [`NoBox`] when a box is not exactly `[ ]` where it should be.
pub fn tick(
    source: &str,
    plan: &Plan,
    state: &State,
    target: &str,
    commit: Option<&str>,
) -> Result<Ticked, NoBox> {
    let tasks = plan.tasks.iter().filter(|task| {
        let state = state.task(target, &task.id);
        !task.checked && state.status() == Status::Completed && state.evidence == Some(Evidence::Live)
    });
    let tasks = tasks.map(|task| (task.box_at, task.line, &task.id));
    let items = plan
        .requirements
        .iter()
        .chain(&plan.criteria)
        .filter(|item| !item.checked && shown::view(item, state, commit).level == Level::Live);
    let mut boxes: Vec<_> = tasks.chain(items.map(|item| (item.box_at, item.line, &item.id))).collect();
    boxes.sort_unstable();
    let mut text = String::with_capacity(source.len());
    let mut from = 0;
    for (at, line, id) in &boxes {
        let around = at.checked_sub(1).and_then(|open| source.as_bytes().get(open..at + 2));
        if around != Some(b"[ ]") {
            return Err(NoBox { id: (*id).clone(), line: *line });
        }
        text.push_str(&source[from..*at]);
        text.push('x');
        from = at + 1;
    }
    text.push_str(&source[from..]);
    Ok(Ticked { text, ids: boxes.into_iter().map(|(_, _, id)| id.clone()).collect() })
}
