//! From the outline to the plan: ids, titles, priorities, spans.

use crate::account::account;
use crate::depend::resolve;
use crate::diagnostic::{Diagnostic, Severity, codes};
use crate::heading::Region;
use crate::ids::{Ids, derived};
use crate::item::Clause;
use crate::lines::{Lines, narrow};
use crate::meta::metadata;
use crate::model::{Dependency, Item, Origin, Phase, Plan, Priority, Span, Task};
use crate::outline::{Draft, Outline};
use crate::reference::{Sections, check_references};
use crate::scan::Candidate;
use crate::slug::slug;
use crate::tally::{Tally, count};

/// Builds the plan, and finds what there is to say about it.
pub(crate) fn build(
    mut outline: Outline,
    lines: &Lines<'_>,
    candidates: &[Candidate],
) -> (Plan, Vec<Diagnostic>, Tally) {
    let mut found = account(&outline, lines, candidates);
    let phases = phases(&outline, lines, &mut found);
    let drafts = std::mem::take(&mut outline.drafts);
    let ids = name(&drafts, &outline, &phases, lines, &mut found);
    let sections = Sections::new(&outline);
    let mut plan = Plan { metadata: metadata(&outline), phases, ..Plan::default() };
    check_references(&plan, &sections, &drafts, lines, &mut found);
    let clauses = fill(&mut plan, &outline, drafts, ids, lines, &mut found);
    let edges = resolve(&plan, &outline, &sections, &clauses, lines, &mut found);
    edges.put_into(&mut plan);
    let ignored = found.iter().map(|d| d.checkboxes).sum();
    let tally = Tally {
        tasks: plan.tasks.len(),
        requirements: plan.requirements.len(),
        criteria: plan.criteria.len(),
        ignored,
        checkboxes: candidates.len(),
        headings: outline.heading_count,
    };
    if plan.tasks.is_empty() {
        found.push(no_tasks(&tally, lines));
    }
    found.sort_by_key(|d| d.line);
    (plan, found, tally)
}

/// An ordinary diagnostic about one line.
pub(crate) fn about(
    severity: Severity,
    code: &'static str,
    message: String,
    help: Option<String>,
    line: usize,
    lines: &Lines<'_>,
) -> Diagnostic {
    Diagnostic { severity, code, message, help, span: lines.span(line), line: narrow(line), checkboxes: 0 }
}

fn phases(outline: &Outline, lines: &Lines<'_>, found: &mut Vec<Diagnostic>) -> Vec<Phase> {
    let mut ids = Ids::default();
    let mut numbers = std::collections::HashMap::new();
    let mut phases: Vec<Phase> = Vec::with_capacity(outline.phases.len());
    for draft in &outline.phases {
        let heading = draft.heading.map(|heading| &outline.headings[heading]);
        let title = heading.map_or("Tasks", |heading| heading.title.text());
        let number = heading.and_then(|heading| heading.title.phase.flatten());
        if let Some(number) = number
            && let Some(first) = numbers.insert(number, draft.line)
        {
            let message = format!("phase {number} is also on line {first}");
            found.push(about(Severity::Warning, codes::DUPLICATE_PHASE, message, None, draft.line, lines));
        }
        if draft.tasks == 0 {
            let message = format!("phase \"{title}\" has no tasks");
            found.push(about(Severity::Warning, codes::EMPTY_PHASE, message, None, draft.line, lines));
        }
        let priority = heading.and_then(|heading| heading.title.priority.as_ref());
        let (number_of_id, _) = ids.unique(slug(title));
        let id = ids.get(number_of_id).to_owned();
        phases.push(Phase {
            id,
            number,
            title: title.to_owned(),
            priority: known_priority(priority, draft.line, lines, found),
            dependencies: Vec::new(),
            span: heading.map_or_else(|| lines.span(draft.line), |heading| heading.span),
            line: narrow(draft.line),
        });
    }
    phases
}

fn known_priority(
    priority: Option<&Result<Priority, String>>,
    line: usize,
    lines: &Lines<'_>,
    found: &mut Vec<Diagnostic>,
) -> Option<Priority> {
    match priority? {
        Ok(priority) => Some(*priority),
        Err(word) => {
            let message = format!("unknown priority \"{word}\"");
            let help = Some("write Critical, High, Medium or Low".to_owned());
            found.push(about(Severity::Warning, codes::UNKNOWN_PRIORITY, message, help, line, lines));
            None
        }
    }
}

/// The id of every draft. All explicit ones come first, because they win; then those that are made from titles,
/// tasks before the others, so that no requirement can change the id of a task.
fn name(
    drafts: &[Draft],
    outline: &Outline,
    phases: &[Phase],
    lines: &Lines<'_>,
    found: &mut Vec<Diagnostic>,
) -> Vec<String> {
    let mut ids = Ids::with_capacity(drafts.len());
    let mut numbers = vec![0; drafts.len()];
    let mut explicit_lines = Vec::new();
    for (draft, number) in drafts.iter().zip(&mut numbers) {
        let Some(written) = &draft.id else { continue };
        let (unique, taken_by) = ids.unique(written.clone());
        if let Some(first) = taken_by.map(|taken_by| explicit_lines[taken_by]) {
            let message = format!("id \"{written}\" on line {} is already on line {first}", draft.line);
            let help = Some("give each item an id of its own".to_owned());
            found.push(about(Severity::Error, codes::DUPLICATE_ID, message, help, draft.line, lines));
        }
        explicit_lines.push(draft.line);
        *number = unique;
    }
    // One slug a section, not one an item: a long heading would cost its length for each.
    let mut sections: (Option<usize>, String) = (None, slug(""));
    for tasks in [true, false] {
        for (at, draft) in drafts.iter().enumerate() {
            if draft.id.is_some() || (draft.region == Region::Tasks) != tasks {
                continue;
            }
            if !tasks && sections.0 != draft.heading {
                sections = (draft.heading, slug(section(outline, draft)));
            }
            let prefix = match (draft.parent, tasks) {
                (Some(parent), _) => ids.get(numbers[parent]),
                (None, true) => &phases[draft.phase].id,
                (None, false) => &sections.1,
            };
            (numbers[at], _) = ids.unique(derived(prefix, &draft.title));
        }
    }
    let mut ids = ids.into_vec();
    numbers.into_iter().map(|number| std::mem::take(&mut ids[number])).collect()
}

fn section<'o>(outline: &'o Outline, draft: &Draft) -> &'o str {
    draft.heading.map_or("", |heading| outline.headings[heading].title.text())
}

/// Puts the drafts into the plan; returns the clauses of each task.
fn fill(
    plan: &mut Plan,
    outline: &Outline,
    drafts: Vec<Draft>,
    ids: Vec<String>,
    lines: &Lines<'_>,
    found: &mut Vec<Diagnostic>,
) -> Vec<Vec<Clause>> {
    let tasks = outline.phases.iter().map(|phase| phase.tasks).sum();
    plan.tasks.reserve(tasks);
    let mut clauses = Vec::with_capacity(tasks);
    // Where each draft that is a task stands in the plan.
    let mut places = Vec::with_capacity(drafts.len());
    for (draft, id) in drafts.into_iter().zip(ids) {
        places.push(plan.tasks.len());
        let own = known_priority(draft.priority.as_ref(), draft.line, lines, found);
        if let Some(symbol) = draft.symbol {
            let message = format!("box holds '{}', taken as open", char::from(symbol));
            let help =
                Some("write [ ] or [x]; other symbols mean different things to different tools".to_owned());
            found.push(about(Severity::Warning, codes::UNKNOWN_SYMBOL, message, help, draft.line, lines));
        }
        let (explicit_id, span) = (draft.id.is_some(), draft.span);
        let (checked, box_at, line) = (draft.checked, draft.box_at, narrow(draft.line));
        if draft.region == Region::Tasks {
            clauses.push(draft.clauses);
            plan.tasks.push(Task {
                id,
                explicit_id,
                title: draft.title,
                phase: draft.phase,
                parent: draft.parent.map(|parent| places[parent]),
                priority: own.or(plan.phases[draft.phase].priority),
                checked,
                details: draft.details.into_iter().map(|(text, _)| text).collect(),
                dependencies: Vec::new(),
                span,
                box_at,
                line,
            });
            continue;
        }
        let section = section(outline, &draft).to_owned();
        let item = Item { id, explicit_id, title: draft.title, section, checked, span, box_at, line };
        match draft.region {
            Region::Requirements => plan.requirements.push(item),
            _ => plan.criteria.push(item),
        }
    }
    children(plan);
    clauses
}

/// A task with tasks nested under it comes after all of them.
fn children(plan: &mut Plan) {
    for child in 0..plan.tasks.len() {
        if let Some(parent) = plan.tasks[child].parent {
            let (on, line) = (plan.tasks[child].id.clone(), plan.tasks[child].line);
            plan.tasks[parent].dependencies.push(Dependency { on, origin: Origin::Parent, line });
        }
    }
}

fn no_tasks(tally: &Tally, lines: &Lines<'_>) -> Diagnostic {
    let message = format!(
        "no tasks: saw {}, {}, {} and {}",
        count(tally.headings, "heading", "headings"),
        count(tally.checkboxes, "checkbox line", "checkbox lines"),
        count(tally.requirements, "requirement", "requirements"),
        count(tally.criteria, "criterion", "criteria"),
    );
    let help = "a task is a list item with a box, such as - [ ] Title, below a heading about phases, milestones, \
                implementation or tasks; plain and numbered lists are not tasks";
    Diagnostic {
        span: Span { start: 0, end: lines.start(lines.count() + 1) },
        ..about(Severity::Error, codes::NO_TASKS, message, Some(help.to_owned()), 1, lines)
    }
}
